//! What stands behind a topic's records: event types, decoder, mapping with its evidence,
//! completeness, partitions, configuration.
//!
//! Promises: every choice that was made by sampling says what it rests on and can be overridden.
//! Does not know: how detection works.

use std::sync::Arc;

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::gui::theme::{Tokens, data, format, heading, secondary};
use crate::gui::view::View;
use crate::gui::widgets::verdict_words;
use crate::kafka::Watermarks;
use crate::model::Completeness;
use crate::workspace::{Command, Decoder, TopicView};

/// The decoders with their names.
const DECODERS: [(Option<Decoder>, &str); 4] = [
    (None, "Detected"),
    (Some(Decoder::Json), "JSON"),
    (Some(Decoder::Text), "Text"),
    (Some(Decoder::Bytes), "Hex"),
];

/// Draws it.
pub(crate) fn show(ui: &mut Ui, topic: &TopicView, view: &mut View<'_>) {
    ScrollArea::vertical().id_salt("details").auto_shrink(false).show(ui, |ui| {
        if topic.start.is_some() {
            section(ui, "Event types");
            super::types::show(ui, topic, view);
        }
        section(ui, "Decoder");
        ui.horizontal_wrapped(|ui| {
            for (decoder, name) in DECODERS {
                if ui.selectable_label(topic.decoder == decoder, name).clicked() {
                    view.out.send(Command::SetDecoder(Arc::clone(&topic.topic), decoder));
                }
            }
        });
        quiet(ui, &topic.decoder_found);
        if topic.decode_failures > 0 {
            let words = format::count(topic.decode_failures, "value");
            let text = format!("{words} could not be decoded");
            ui.label(RichText::new(text).color(Tokens::of(ui).warning));
        }
        mapping(ui, topic);
        if let Some(completeness) = &topic.completeness {
            self::completeness(ui, completeness);
        }
        partitions(ui, topic);
        configs(ui, topic);
    });
}

/// The title of a part.
fn section(ui: &mut Ui, title: &str) {
    ui.add_space(8.0);
    ui.label(RichText::new(title).font(heading()));
}

/// A quiet text.
fn quiet(ui: &mut Ui, text: &str) {
    if !text.is_empty() {
        ui.label(RichText::new(text).font(secondary()).color(Tokens::of(ui).text_secondary));
    }
}

/// How records become events.
fn mapping(ui: &mut Ui, topic: &TopicView) {
    section(ui, "Mapping");
    if topic.mapping.choices.is_empty() {
        quiet(ui, "Detected once records have been read");
        return;
    }
    ui.spacing_mut().interact_size.y = 0.0;
    for (what, source, why) in &topic.mapping.choices {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&**what).color(Tokens::of(ui).text_secondary));
            ui.label(data(&**source));
        });
        quiet(ui, why);
    }
}

/// How complete what was read is, in words.
fn completeness(ui: &mut Ui, completeness: &Completeness) {
    section(ui, "Completeness");
    ui.label(verdict_words(completeness.verdict));
    for reason in &completeness.reasons {
        quiet(ui, &reason.detail);
    }
}

/// The partitions.
fn partitions(ui: &mut Ui, topic: &TopicView) {
    let Some(partitions) = topic.partitions.latest() else { return };
    section(ui, "Partitions");
    let color = Tokens::of(ui).text_secondary;
    ui.spacing_mut().interact_size.y = 0.0;
    Grid::new("partitions").num_columns(5).spacing([14.0, 4.0]).striped(false).show(ui, |ui| {
        for title in ["", "Start", "End", "Stable", "Leader"] {
            ui.label(RichText::new(title).font(secondary()).color(color));
        }
        ui.end_row();
        for facts in partitions.iter() {
            let leader =
                facts.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string());
            let bound = |of: fn(Watermarks) -> i64| {
                facts.bounds.map_or_else(|| "?".to_owned(), |bounds| format::number(of(bounds)))
            };
            let texts = [
                facts.partition.to_string(),
                bound(|bounds| bounds.low),
                bound(|bounds| bounds.high),
                bound(|bounds| bounds.last_stable),
                leader,
            ];
            for text in texts {
                ui.label(data(text));
            }
            ui.end_row();
        }
    });
}

/// The configuration worth knowing.
fn configs(ui: &mut Ui, topic: &TopicView) {
    if topic.configs.is_empty() {
        return;
    }
    section(ui, "Configuration");
    for (name, value) in topic.configs.iter() {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&**name).font(secondary()).color(Tokens::of(ui).text_secondary));
            ui.label(data(&**value));
        });
    }
}
