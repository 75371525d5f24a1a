//! The filter of a topic's records: quick text, chips, an expression.
//!
//! Promises: every condition in force is a chip that can be taken away; what is wrong with an
//! expression is said below it.
//! Does not know: how records are matched.

use std::sync::Arc;

use egui::{Key, RichText, Ui};

use crate::gui::theme::{Tokens, data, format, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::{Chip, IconButton, Tone, entered, problem_box, progress_bar};
use crate::workspace::{Command, JobView, RecordFilter, TopicView};

/// Examples of expressions, with what they find.
const EXAMPLES: [(&str, &str); 4] = [
    ("type == 'OrderShipped'", "one type of event"),
    ("value.total > 100.0", "a field of the value"),
    ("key.startsWith('order-1')", "the beginning of the key"),
    ("'trace-id' in headers", "a header that is there"),
];

/// The filter, as typed.
#[derive(Debug, Default)]
pub(crate) struct FilterState {
    /// The quick text.
    text: String,
    /// The expression.
    cel: String,
    /// Whether the field for the expression is open.
    cel_open: bool,
    /// Whether the quick text wants the focus.
    focus_wanted: bool,
    /// Whether the expression wants the focus.
    cel_focus_wanted: bool,
}

impl FilterState {
    /// Puts the focus on the quick text in the next frame.
    pub(crate) fn focus(&mut self) {
        self.focus_wanted = true;
    }
}

/// Draws the filter.
pub(crate) fn show(
    ui: &mut Ui,
    topic: &TopicView,
    state: &mut FilterState,
    newest_first: &mut bool,
    view: &mut View<'_>,
) {
    let mut wanted = topic.filter.clone();
    ui.horizontal_wrapped(|ui| {
        quick_text(ui, state, &mut wanted);
        let open = state.cel_open || !wanted.cel.is_empty();
        let expression = IconButton::new(icons::CODE, "Filter by an expression").text("Expression");
        if ui.add(expression.selected(open)).clicked() {
            state.cel_open = !state.cel_open;
            state.cel_focus_wanted = state.cel_open;
        }
        partitions(ui, topic, &mut wanted);
        chips(ui, &mut wanted, state, view);
        match view.snapshot.running_job(topic.filter_job) {
            Some(job) => filtering(ui, topic, job, view),
            None => counts(ui, topic),
        }
        order(ui, newest_first);
    });
    if state.cel_open {
        expression(ui, state, &mut wanted);
    }
    if let Some(problem) = &topic.filter_problem {
        problem_box(ui, problem, None);
    }
    if wanted != topic.filter {
        view.out.send(Command::SetFilter(Arc::clone(&topic.topic), wanted));
    }
}

/// The field that looks through keys, values and headers.
fn quick_text(ui: &mut Ui, state: &mut FilterState, wanted: &mut RecordFilter) {
    let hint = format!("{}  Filter records   /", icons::MAGNIFYING_GLASS);
    let focus_wanted = std::mem::take(&mut state.focus_wanted);
    let field = Field::new(&mut state.text, "Filter records").hint(hint).width(220.0);
    let response = field.focus_if(focus_wanted).show(ui);
    if response.changed() {
        wanted.text = state.text.clone();
    }
    if response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        state.text.clear();
        wanted.text.clear();
    }
}

/// The menu of partitions.
fn partitions(ui: &mut Ui, topic: &TopicView, wanted: &mut RecordFilter) {
    let Some(partitions) = topic.partitions.latest() else { return };
    if partitions.len() < 2 {
        return;
    }
    let words = RichText::new(format!("Partitions {}", icons::CARET_DOWN));
    let button = egui::Button::new(words).frame_when_inactive(false);
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for facts in partitions.iter() {
                let mut on = wanted.partitions.contains(&facts.partition);
                if ui.checkbox(&mut on, format!("Partition {}", facts.partition)).changed() {
                    wanted.partitions.retain(|partition| *partition != facts.partition);
                    if on {
                        wanted.partitions.push(facts.partition);
                        wanted.partitions.sort_unstable();
                    }
                }
            }
        });
    });
}

/// What is in force, each with a cross.
fn chips(ui: &mut Ui, wanted: &mut RecordFilter, state: &mut FilterState, view: &View<'_>) {
    let chip = |ui: &mut Ui, text: &str, icon: &str| {
        Chip::new(text).icon(icon).tone(Tone::Accent).removable().show(ui).removed
    };
    if !wanted.text.is_empty() {
        let words = format!("contains “{}”", wanted.text);
        if chip(ui, &words, icons::MAGNIFYING_GLASS) {
            wanted.text.clear();
            state.text.clear();
        }
    }
    if !wanted.partitions.is_empty() {
        let list: Vec<_> = wanted.partitions.iter().map(i32::to_string).collect();
        let words = format!("partition {}", list.join(", "));
        if chip(ui, &words, icons::STACK) {
            wanted.partitions.clear();
        }
    }
    if let Some((from_ms, to_ms)) = wanted.time_ms {
        let words = format!("{} – {}", view.times.date_time(from_ms), view.times.date_time(to_ms));
        if chip(ui, &words, icons::CLOCK) {
            wanted.time_ms = None;
        }
    }
    if !wanted.cel.is_empty() && chip(ui, &wanted.cel.clone(), icons::CODE) {
        wanted.cel.clear();
        state.cel.clear();
    }
}

/// How many records pass.
fn counts(ui: &mut Ui, topic: &TopicView) {
    let matching = format::number(topic.records_matching);
    let words = if topic.records_matching == topic.records_read {
        format::count(topic.records_read, "record")
    } else {
        format!("{matching} of {}", format::count(topic.records_read, "record"))
    };
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(words).font(secondary()).color(color));
    let shown = topic.rows.len() as u64;
    if shown < topic.records_matching {
        let words = format!("only the last {} are listed", format::number(shown));
        ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).warning))
            .on_hover_text("Narrow the filter or the time span to list others");
    }
}

/// How far a filter is that takes long, and a way to call it off.
fn filtering(ui: &mut Ui, topic: &TopicView, job: &JobView, view: &mut View<'_>) {
    progress_bar(ui, job.progress.fraction().unwrap_or(0.0), 80.0, &job.title);
    let words = format!("{} found so far", format::number(topic.records_matching));
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(words).font(secondary()).color(color));
    if ui.add(IconButton::new(icons::STOP, "Stop filtering").text("Stop")).clicked() {
        view.out.send(Command::CancelJob(job.id));
    }
}

/// Which end of the records stands on top.
fn order(ui: &mut Ui, newest_first: &mut bool) {
    let (icon, name) = if *newest_first {
        (icons::ARROW_DOWN, "Newest first")
    } else {
        (icons::ARROW_UP, "Oldest first")
    };
    if ui.add(IconButton::new(icon, name).text(name)).clicked() {
        *newest_first = !*newest_first;
    }
}

/// The field for an expression, with examples.
fn expression(ui: &mut Ui, state: &mut FilterState, wanted: &mut RecordFilter) {
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 200.0).max(160.0);
        let response = Field::new(&mut state.cel, "Expression (CEL)")
            .hint("type == 'OrderShipped' && value.total > 100.0")
            .mono()
            .width(width)
            .focus_if(std::mem::take(&mut state.cel_focus_wanted))
            .show(ui);
        let enter = entered(&response);
        if ui.button("Apply").clicked() || enter {
            wanted.cel = state.cel.trim().to_owned();
        }
        ui.menu_button("Examples", |ui| {
            for (example, about) in EXAMPLES {
                let text = data(example);
                if ui.button(text).on_hover_text(about).clicked() {
                    state.cel = example.to_owned();
                    ui.close();
                }
            }
            let names = "topic partition offset timestamp key value headers type entity txn";
            let color = Tokens::of(ui).text_secondary;
            ui.label(RichText::new(names).font(secondary()).color(color));
        });
    });
}
