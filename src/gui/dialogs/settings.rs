//! Settings: theme, size, zone, isolation, clock.
//!
//! Promises: what is changed shows at once.
//! Does not know: where settings are kept.

use egui::{Grid, RichText, ThemePreference, Ui};

use crate::gui::app::Choices;
use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, heading, icons, secondary};
use crate::gui::view::View;
use crate::gui::widgets::IconButton;
use crate::model::{Clock, Isolation};
use crate::workspace::{ClockCommand, Command};

/// Draws the settings. True when they shall close.
pub(crate) fn show(ui: &mut Ui, choices: &mut Choices, view: &mut View<'_>) -> bool {
    ui.set_width(440.0_f32.min(ui.ctx().content_rect().width() - 48.0));
    ui.label(RichText::new("Settings").font(heading()));
    ui.add_space(8.0);
    Grid::new("settings").num_columns(2).spacing([24.0, 10.0]).show(ui, |ui| {
        appearance(ui, choices, view);
        reading(ui, view);
    });
    false
}

/// A name with what it means below.
fn name(ui: &mut Ui, name: &str, about: &str) {
    ui.vertical(|ui| {
        ui.label(name);
        let color = Tokens::of(ui).text_secondary;
        ui.label(RichText::new(about).font(secondary()).color(color));
    });
}

/// How the window looks.
fn appearance(ui: &mut Ui, choices: &mut Choices, view: &mut View<'_>) {
    name(ui, "Theme", "Dark, light, or as the system says");
    ui.horizontal(|ui| {
        let themes = [
            (ThemePreference::Dark, "Dark"),
            (ThemePreference::Light, "Light"),
            (ThemePreference::System, "System"),
        ];
        for (theme, name) in themes {
            ui.selectable_value(&mut choices.theme, theme, name);
        }
    });
    ui.end_row();
    name(ui, "Size", "Of everything, from 60 to 300 %");
    ui.horizontal(|ui| {
        let smaller = IconButton::new(icons::MINUS, UiCommand::SmallerText.text());
        if ui.add(smaller).clicked() {
            view.out.run(UiCommand::SmallerText);
        }
        ui.label(format!("{} %", choices.zoom_percent));
        if ui.add(IconButton::new(icons::PLUS, UiCommand::LargerText.text())).clicked() {
            view.out.run(UiCommand::LargerText);
        }
    });
    ui.end_row();
    name(ui, "Times", "The zone in which all times are written");
    ui.horizontal(|ui| {
        ui.selectable_value(&mut choices.local_time, false, "UTC");
        ui.selectable_value(&mut choices.local_time, true, "Local");
    });
    ui.end_row();
}

/// Which records count, and when.
fn reading(ui: &mut Ui, view: &mut View<'_>) {
    name(ui, "Isolation", "Which records of transactions are read");
    ui.horizontal(|ui| {
        let current = view.snapshot.isolation;
        for (isolation, name) in
            [(Isolation::Committed, "Committed"), (Isolation::Uncommitted, "Uncommitted")]
        {
            if ui.selectable_label(current == isolation, name).clicked() {
                view.out.send(Command::SetIsolation(isolation));
            }
        }
    });
    ui.end_row();
    name(ui, "Clock", "Log time: what the system knew. Event time: what had happened");
    ui.horizontal(|ui| {
        let current = view.snapshot.clock.clock;
        for (clock, name) in [(Clock::Log, "Log time"), (Clock::Event, "Event time")] {
            if ui.selectable_label(current == clock, name).clicked() {
                view.out.clock(ClockCommand::UseClock(clock));
            }
        }
    });
    ui.end_row();
}
