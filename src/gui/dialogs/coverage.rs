//! What a verdict rests on: partitions, offsets, what is missing and why, when, by which settings.
//!
//! Promises: what is a loss and what is not are told apart by words, not by colour alone.
//! Does not know: how the verdict is reached.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::gui::theme::{Tokens, data, format, heading, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::topic::start_words;
use crate::gui::widgets::verdict_words;
use crate::workspace::{CoverageOf, CoverageView, PartitionCoverage};

/// How wide it is, in points.
const WIDTH: f32 = 760.0;
/// How high its list gets at most, as a share of the window.
const HEIGHT_SHARE: f32 = 0.62;

/// Draws it. True when it shall close.
pub(crate) fn show(ui: &mut Ui, of: &CoverageOf, view: &View<'_>) -> bool {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 72.0));
    let subject = match of {
        CoverageOf::Topic(topic) => topic.to_string(),
        CoverageOf::Entity(key) => key.entity.to_string(),
        CoverageOf::Sandbox(_) => "the sandbox".to_owned(),
    };
    ui.label(RichText::new(format!("What was read for {subject}")).font(heading()));
    ui.add_space(4.0);
    let Some(coverage) = view.snapshot.coverage.as_deref().filter(|shown| shown.of == *of) else {
        quiet(ui, "It is not open any more");
        return ui.button("Close").clicked();
    };
    verdict(ui, coverage);
    let height = ui.ctx().content_rect().height() * HEIGHT_SHARE;
    ScrollArea::both().max_height(height).min_scrolled_height(height).show(ui, |ui| {
        partitions(ui, &coverage.partitions);
        ui.add_space(12.0);
        settings(ui, coverage, view);
    });
    ui.add_space(8.0);
    ui.button("Close").clicked()
}

/// A quiet text.
fn quiet(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(secondary()).color(Tokens::of(ui).text_secondary));
}

/// The verdict with its reasons.
fn verdict(ui: &mut Ui, coverage: &CoverageView) {
    let Some(completeness) = &coverage.completeness else {
        quiet(ui, "It is still being read: nothing is judged yet");
        return;
    };
    ui.label(verdict_words(completeness.verdict));
    for reason in &completeness.reasons {
        quiet(ui, &reason.detail);
    }
    ui.add_space(8.0);
}

/// The partitions, a line each, and what is missing of each below it.
fn partitions(ui: &mut Ui, partitions: &[PartitionCoverage]) {
    let color = Tokens::of(ui).text_secondary;
    ui.spacing_mut().interact_size.y = 0.0;
    Grid::new("coverage").num_columns(6).spacing([18.0, 4.0]).show(ui, |ui| {
        for title in
            ["Partition", "Log starts at", "Read from", "through", "Log ends at", "Records"]
        {
            ui.label(RichText::new(title).font(secondary()).color(color));
        }
        ui.end_row();
        for partition in partitions {
            line(ui, partition);
        }
    });
    for partition in partitions.iter().filter(|partition| !partition.missing.is_empty()) {
        ui.add_space(8.0);
        ui.label(RichText::new(format!("Not in the history of {}", partition.partition)).strong());
        for span in &partition.missing {
            let offsets = match span.to - span.from {
                1 => format!("offset {}", format::number(span.from)),
                _ => format!(
                    "offsets {} – {}",
                    format::number(span.from),
                    format::number(span.to - 1)
                ),
            };
            let loss = if span.is_loss { "" } else { ", which is no loss" };
            let icon = if span.is_loss { icons::WARNING } else { icons::INFO };
            ui.label(RichText::new(format!("{icon} {offsets}: {}{loss}", span.why)));
        }
        if partition.missing_more > 0 {
            let more = format::count(partition.missing_more as u64, "more span");
            quiet(ui, &format!("and {more}"));
        }
    }
}

/// A partition.
fn line(ui: &mut Ui, partition: &PartitionCoverage) {
    let known = |offset: Option<i64>| offset.map_or_else(|| "?".to_owned(), format::number);
    let bounds = partition.bounds;
    let (from, through) = match partition.read {
        Some((from, to)) if from < to => (format::number(from), format::number(to - 1)),
        Some((from, _)) => (format::number(from), "nothing".to_owned()),
        None => ("not read".to_owned(), String::new()),
    };
    let texts = [
        partition.partition.to_string(),
        known(bounds.map(|bounds| bounds.low)),
        from,
        through,
        known(bounds.map(|bounds| bounds.high)),
        format::number(partition.records),
    ];
    for text in texts {
        ui.label(data(text));
    }
    ui.end_row();
}

/// When it was read, and by which settings.
fn settings(ui: &mut Ui, coverage: &CoverageView, view: &View<'_>) {
    ui.label(RichText::new("When and how").strong());
    let mut lines: Vec<(String, String)> = Vec::new();
    if let Some(begun_ms) = coverage.begun_ms {
        lines.push(("Reading began".to_owned(), view.times.date_time(begun_ms)));
    }
    lines.push(("As it stood".to_owned(), view.times.date_time(coverage.seen_ms)));
    if let Some(start) = &coverage.start {
        lines.push(("Start".to_owned(), start_words(start, view.times)));
    }
    let named = coverage.settings.iter();
    lines.extend(named.map(|(name, value)| (name.to_string(), value.to_string())));
    let color = Tokens::of(ui).text_secondary;
    Grid::new("settings").num_columns(2).spacing([18.0, 4.0]).show(ui, |ui| {
        for (name, value) in lines {
            ui.label(RichText::new(name).font(secondary()).color(color));
            ui.label(data(value));
            ui.end_row();
        }
    });
}
