//! The event types of a topic, with how many events each has.
//!
//! Promises: nothing is counted before the user asks; a count says which records it covers, and
//! when they have changed since; a click shows the events of a type alone.
//! Does not know: how types are found and counted.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::gui::theme::{Tokens, format, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::list_row::ListRow;
use crate::gui::widgets::{EventMark, IconButton, progress_bar};
use crate::model::OffsetRange;
use crate::workspace::{Command, JobState, TopicView, TypesView};

/// How many types are listed.
const LISTED: usize = 100;

/// Draws them.
pub(super) fn show(ui: &mut Ui, topic: &TopicView, view: &mut View<'_>) {
    let Some(types) = &topic.types else {
        quiet(ui, "How many events of each type there are among those shown");
        if ui.button("Count event types").clicked() {
            view.out.send(Command::CountTypes(Arc::clone(&topic.topic)));
        }
        return;
    };
    let job = view.snapshot.jobs.iter().find(|job| job.id == types.job);
    let running = job.filter(|job| job.state == JobState::Running);
    if let Some(job) = running {
        ui.horizontal(|ui| {
            progress_bar(ui, job.progress.fraction().unwrap_or(0.0), 160.0, &job.title);
            if ui.add(IconButton::new(icons::STOP, "Stop counting").text("Stop")).clicked() {
                view.out.send(Command::CancelJob(job.id));
            }
        });
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        rows(ui, topic, types, view);
    });
    covers(ui, types, running.is_some());
    if running.is_none() {
        if types.rows_generation != topic.rows_generation {
            let color = Tokens::of(ui).warning;
            let words = "The records shown have changed since";
            ui.label(RichText::new(words).font(secondary()).color(color));
        }
        if ui.button("Count again").clicked() {
            view.out.send(Command::CountTypes(Arc::clone(&topic.topic)));
        }
    }
}

/// A row for each type. A click filters.
fn rows(ui: &mut Ui, topic: &TopicView, types: &TypesView, view: &mut View<'_>) {
    let events = types.counts.events();
    for count in types.counts.types.iter().take(LISTED) {
        let name = if count.event_type.is_empty() { "no type" } else { &*count.event_type };
        let right =
            format!("{} {:>7}", format::number(count.events), format::share(count.events, events));
        let label = format!("{name}, {}", format::count(count.events, "event"));
        let mark = EventMark::of_type(&count.event_type);
        let row = ListRow::new(name).label(&label).mark(mark).right(&right);
        if row.show(ui).on_hover_text("Show these events alone").clicked() {
            let filter = topic.filter.of_type(&count.event_type);
            view.out.send(Command::SetFilter(Arc::clone(&topic.topic), filter));
        }
    }
    let more = types.counts.types.len().saturating_sub(LISTED);
    if more > 0 || types.counts.others > 0 {
        let listed: u64 = types.counts.types.iter().take(LISTED).map(|count| count.events).sum();
        let rest = events.saturating_sub(listed);
        quiet(ui, &format!("{} of further types", format::count(rest, "event")));
    }
}

/// Which records were counted.
fn covers(ui: &mut Ui, types: &TypesView, running: bool) {
    let partitions = types.covers.len() as u64;
    if partitions == 0 {
        if !running {
            quiet(ui, "No records to count");
        }
        return;
    }
    let so_far = if types.complete || running { "" } else { ", stopped early" };
    let words = format!(
        "{} in {}{so_far}",
        format::count(types.counts.events(), "event"),
        format::count(partitions, "partition")
    );
    let ranges: Vec<String> = types.covers.iter().map(positions).collect();
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(words).font(secondary()).color(color)).on_hover_text(ranges.join("\n"));
}

/// The first and the last position of a range.
fn positions(range: &OffsetRange) -> String {
    let OffsetRange { partition, from, to, .. } = range;
    format!("{partition}:{} to {partition}:{}", format::number(*from), format::number(to - 1))
}

/// A quiet text.
fn quiet(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(secondary()).color(Tokens::of(ui).text_secondary));
}
