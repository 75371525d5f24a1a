//! Where to start reading, in words users know.
//!
//! Promises: says how much there is before anything is read.
//! Does not know: how a start becomes offsets.

use std::sync::Arc;

use egui::{Button, Grid, RichText, ScrollArea, Ui, vec2};

use super::start_form::{StartForm, newest_ms};
use crate::gui::theme::{TimeFormat, Tokens, format, heading, icon, icons, medium, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::views::waiting;
use crate::workspace::{JobSubject, StartPosition, TopicView};

/// How wide the choice is, in points.
const WIDTH: f32 = 540.0;

/// A start in a few words.
pub(crate) fn words(start: &StartPosition, times: &TimeFormat) -> String {
    match start {
        StartPosition::Newest(count) => format!("Newest {}", format::number(*count)),
        StartPosition::Oldest(Some(count)) => format!("Oldest {}", format::number(*count)),
        StartPosition::Oldest(None) => "Everything".to_owned(),
        StartPosition::FromOffset { partition, offset } => {
            format!("From {partition}@{}", format::number(*offset))
        }
        StartPosition::SinceTime(from_ms) => format!("Since {}", times.date_time(*from_ms)),
        StartPosition::TimeRange { from_ms, to_ms } => {
            format!("{} – {}", times.date_time(*from_ms), times.date_time(*to_ms))
        }
        StartPosition::Live => "Live".to_owned(),
    }
}

/// Draws the choice.
pub(crate) fn show(ui: &mut Ui, topic: &TopicView, form: &mut StartForm, view: &mut View<'_>) {
    ScrollArea::vertical().id_salt("start").auto_shrink(false).show(ui, |ui| {
        let width = WIDTH.min(ui.available_width() - 24.0);
        ui.add_space(((ui.available_height() - 380.0) * 0.3).clamp(12.0, 80.0));
        ui.horizontal_top(|ui| {
            ui.add_space(((ui.available_width() - width) / 2.0).max(0.0));
            ui.vertical(|ui| {
                ui.set_width(width);
                choice(ui, topic, form, view);
            });
        });
    });
}

/// A start that a line of the choice offers: none while its fields hold none.
type Offer = Option<StartPosition>;

/// The lines of the choice.
fn choice(ui: &mut Ui, topic: &TopicView, form: &mut StartForm, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    ui.label(
        RichText::new("Where should reading start?").font(heading()).color(tokens.text_strong),
    );
    if let Some(words) = how_much(topic) {
        ui.label(RichText::new(words).color(tokens.text_secondary));
    } else {
        let subject = JobSubject::TopicFacts(Arc::clone(&topic.topic));
        waiting::line(ui, view, &subject);
    }
    ui.add_space(12.0);
    let newest =
        newest_ms(&topic.histogram).or_else(|| view.snapshot.clock.range_ms.map(|(_, to)| to));
    let mut asked: Offer = None;
    if ui.available_width() < WIDTH {
        ui.spacing_mut().item_spacing.y = 8.0;
        lines(ui, false, form, view, newest, &mut asked);
    } else {
        Grid::new("start").num_columns(3).spacing([16.0, 8.0]).min_col_width(0.0).show(ui, |ui| {
            lines(ui, true, form, view, newest, &mut asked);
        });
    }
    if let Some(start) = asked {
        form.asked = Some(start.clone());
        super::read(topic, start, view.out);
    }
}

/// The starts that are offered, a line each, in a grid where there is room for one.
fn lines(
    ui: &mut Ui,
    grid: bool,
    form: &mut StartForm,
    view: &View<'_>,
    newest: Option<i64>,
    asked: &mut Offer,
) {
    line(ui, grid, "Newest", asked, |ui| {
        field(ui, &mut form.count, 80.0, "", "How many records");
        about(ui, "records over all partitions");
        form.count().map(StartPosition::Newest)
    });
    line(ui, grid, "Oldest", asked, |ui| {
        field(ui, &mut form.count, 80.0, "", "How many of the oldest records");
        about(ui, "records from the beginning");
        form.count().map(|count| StartPosition::Oldest(Some(count)))
    });
    line(ui, grid, "Everything", asked, |ui| {
        about(ui, "From the first record to the last");
        Some(StartPosition::Oldest(None))
    });
    line(ui, grid, "From offset", asked, |ui| {
        about(ui, "partition");
        field(ui, &mut form.partition, 44.0, "", "Partition");
        about(ui, "offset");
        field(ui, &mut form.offset, 110.0, "", "Offset");
        form.offset_start()
    });
    line(ui, grid, "Time", asked, |ui| {
        about(ui, "since");
        field(ui, &mut form.from, 148.0, "2026-11-23 14:00", "Since time");
        about(ui, "to");
        field(ui, &mut form.to, 148.0, "the end", "To time");
        form.times(view.times, newest)
    });
    line(ui, grid, "Live", asked, |ui| {
        about(ui, "Records that arrive from now on");
        Some(StartPosition::Live)
    });
}

/// How much there is to read.
fn how_much(topic: &TopicView) -> Option<String> {
    let partitions = topic.partitions.latest()?;
    let known = || partitions.iter().filter_map(|facts| facts.bounds);
    let records: i64 = known().map(|bounds| (bounds.high - bounds.low).max(0)).sum();
    let offline = match partitions.len() - known().count() {
        0 => String::new(),
        offline => {
            format!(
                " {} without a leader cannot be read.",
                format::count(offline as u64, "partition")
            )
        }
    };
    Some(format!(
        "At most {} in {}.{offline} Nothing has been read yet.",
        format::count(u64::try_from(records).unwrap_or(0), "record"),
        format::count(known().count() as u64, "partition"),
    ))
}

/// A line: a name, its fields, the button that reads. In a grid its cells; where there is no room
/// for one, a line that wraps.
fn line(
    ui: &mut Ui,
    grid: bool,
    name: &str,
    asked: &mut Offer,
    fields: impl FnOnce(&mut Ui) -> Offer,
) {
    let color = Tokens::of(ui).text_strong;
    let name_words = RichText::new(name).font(medium()).color(color);
    if !grid {
        ui.horizontal_wrapped(|ui| {
            ui.label(name_words);
            let offer = fields(ui);
            read_button(ui, name, offer, asked);
        });
        return;
    }
    ui.label(name_words);
    let offer = ui.horizontal(|ui| fields(ui)).inner;
    read_button(ui, name, offer, asked);
    ui.end_row();
}

/// The button that reads from where the fields say.
fn read_button(ui: &mut Ui, name: &str, offer: Offer, asked: &mut Offer) {
    let tokens = Tokens::of(ui);
    let button = Button::new((
        RichText::new(icons::PLAY).font(icon()).color(tokens.accent),
        RichText::new("Read").color(tokens.text),
    ))
    .min_size(vec2(72.0, 24.0));
    let enabled = offer.is_some();
    let response = ui.add_enabled(enabled, button);
    let label = format!("Read {}", name.to_lowercase());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, &label));
    if response.clicked() {
        *asked = offer;
    }
}

/// A quiet text.
fn about(ui: &mut Ui, text: &str) {
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(text).font(secondary()).color(color));
}

/// A field for data.
fn field(ui: &mut Ui, text: &mut String, width: f32, hint: &str, name: &str) {
    Field::new(text, name).hint(hint).width(width).mono().show(ui);
}
