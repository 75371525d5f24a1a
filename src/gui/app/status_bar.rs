//! The line at the bottom: what was read, how complete it is, what failed to decode, what memory it
//! takes.
//!
//! Promises: always says what the answers on screen rest on.
//! Does not know: how completeness is judged.

use std::sync::Arc;

use egui::{Align, Layout, RichText, Ui};

use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, format, icons, secondary};
use crate::gui::view::{Action, Pane, View};
use crate::gui::widgets::{progress_bar, verdict_chip};
use crate::model::Completeness;
use crate::workspace::{CoverageOf, JobState, JobView};

/// From this width on, in points, figures are told with what they measure; below, that is said on
/// hover.
const ROOMY: f32 = 560.0;

/// How much room the words about decode failures need, in points.
const FAILURES_WIDTH: f32 = 140.0;

/// Draws the line.
pub(crate) fn show(ui: &mut Ui, front: Option<&Pane>, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        ui.set_height(20.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            memory(ui, view);
            jobs(ui, view);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| facts(ui, front, view));
        });
    });
}

/// A quiet text.
fn quiet(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let color = Tokens::of(ui).text_secondary;
    ui.add(egui::Label::new(RichText::new(text).font(secondary()).color(color)).truncate())
}

/// What the answers of the view in front rest on.
fn facts(ui: &mut Ui, front: Option<&Pane>, view: &mut View<'_>) {
    let (text, completeness, failures) = match front {
        Some(Pane::Topic(topic)) => match view.snapshot.topic_view(topic) {
            Some(topic) if topic.start.is_some() => {
                let known = topic.partitions.latest().into_iter().flat_map(|all| all.iter());
                let partitions = known.filter(|facts| facts.bounds.is_some()).count();
                let read = format::count(topic.records_read, "record");
                let read = if ui.available_width() < ROOMY {
                    format!("{read} read")
                } else {
                    let partitions = format::count(partitions as u64, "partition");
                    format!("{read} read from {partitions}")
                };
                (read, topic.completeness.as_deref(), topic.decode_failures)
            }
            _ => ("Nothing read yet".to_owned(), None, 0),
        },
        Some(Pane::Entity(key)) => match view.snapshot.entity_view(key) {
            Some(entity) => {
                let events = entity.events.latest().map_or(0, |events| events.len());
                let read = format::count(events as u64, "event");
                (read, entity.completeness.as_deref(), 0)
            }
            None => (String::new(), None, 0),
        },
        Some(Pane::Sandbox(key)) => {
            let sandbox = view.snapshot.sandbox_view(key);
            match sandbox.and_then(|sandbox| sandbox.source.latest()) {
                Some(source) => {
                    let (events, entities) = (source.events, source.entities);
                    let entities = match entities {
                        1 => "1 entity".to_owned(),
                        many => format!("{} entities", format::number(many)),
                    };
                    let read = format!("{} of {entities}", format::count(events, "event"));
                    (read, Some(&*source.completeness), 0)
                }
                None => (String::new(), None, 0),
            }
        }
        _ => (String::new(), None, 0),
    };
    if !text.is_empty() {
        quiet(ui, text);
    }
    if completeness_and_failures(ui, completeness, failures) {
        let of = match front {
            Some(Pane::Topic(topic)) => Some(CoverageOf::Topic(Arc::clone(topic))),
            Some(Pane::Entity(key)) => Some(CoverageOf::Entity(key.clone())),
            Some(Pane::Sandbox(key)) => Some(CoverageOf::Sandbox(key.clone())),
            _ => None,
        };
        view.out.actions.extend(of.map(Action::ShowCoverage));
    }
}

/// How complete it is and what failed to decode. Says whether somebody wants to see what the
/// verdict rests on.
fn completeness_and_failures(
    ui: &mut Ui,
    completeness: Option<&Completeness>,
    failures: u64,
) -> bool {
    let clicked = completeness.is_some_and(|completeness| verdict_chip(ui, completeness).clicked());
    if failures > 0 {
        let words = format::count(failures, "decode failure");
        let few = ui.available_width() < FAILURES_WIDTH;
        let shown = if few { format::number(failures) } else { words.clone() };
        let text = RichText::new(format!("{} {shown}", icons::WARNING)).font(secondary());
        ui.label(text.color(Tokens::of(ui).warning)).on_hover_text(words);
    }
    clicked
}

/// What runs.
fn jobs(ui: &mut Ui, view: &mut View<'_>) {
    let mut running =
        view.snapshot.jobs.iter().filter(|job| matches!(job.state, JobState::Running));
    let Some(job) = running.next_back() else { return };
    let others = running.count();
    ui.add_space(8.0);
    if let Some(fraction) = job.progress.fraction() {
        progress_bar(ui, fraction, 80.0, &job.title);
    }
    if ui.available_width() < ROOMY {
        return; // What is done is said on hover, and in the list of jobs.
    }
    let response = quiet(ui, job_words(job, others)).interact(egui::Sense::click());
    if response.on_hover_text("Show jobs").clicked() {
        view.out.run(UiCommand::ShowJobs);
    }
}

/// A job in words, with how many more run.
fn job_words(job: &JobView, others: usize) -> String {
    let more = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!("{}{more}", job.title)
}

/// What the records take.
fn memory(ui: &mut Ui, view: &View<'_>) {
    let snapshot = view.snapshot;
    if snapshot.memory_bytes == 0 {
        return;
    }
    let used = format::bytes(snapshot.memory_bytes);
    let budget = format::bytes(snapshot.memory_budget_bytes);
    let words =
        if ui.available_width() < ROOMY { used.clone() } else { format!("{used} of records") };
    let about = format!("The records in memory take {used} of the {budget} they may take");
    quiet(ui, words).on_hover_text(about);
}
