//! Settings: theme, size, zone, isolation, clock, and which workspace file is in force.
//!
//! Promises: what is changed shows at once.
//! Does not know: where settings are kept.

use egui::{Label, RichText, ThemePreference, Ui, vec2};

use crate::gui::app::Choices;
use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, heading, icons, secondary};
use crate::gui::view::View;
use crate::gui::widgets::IconButton;
use crate::model::{Clock, Isolation};
use crate::workspace::{ClockCommand, Command};

/// How wide the settings are, in points.
const WIDTH: f32 = 480.0;
/// How wide the names are, in points.
const NAME_WIDTH: f32 = 220.0;

/// Draws the settings. True when they shall close.
pub(crate) fn show(ui: &mut Ui, choices: &mut Choices, view: &mut View<'_>) -> bool {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 72.0));
    ui.label(RichText::new("Settings").font(heading()));
    ui.add_space(8.0);
    let themes = [
        (ThemePreference::Dark, "Dark"),
        (ThemePreference::Light, "Light"),
        (ThemePreference::System, "System"),
    ];
    line(ui, "Theme", "Dark, light, or as the system is set", |ui| {
        for (theme, name) in themes {
            ui.selectable_value(&mut choices.theme, theme, name);
        }
    });
    line(ui, "Size", "Of everything, from 60 to 300 %", |ui| {
        if ui.add(IconButton::new(icons::MINUS, UiCommand::SmallerText.text())).clicked() {
            view.out.run(UiCommand::SmallerText);
        }
        ui.label(format!("{} %", choices.zoom_percent));
        if ui.add(IconButton::new(icons::PLUS, UiCommand::LargerText.text())).clicked() {
            view.out.run(UiCommand::LargerText);
        }
    });
    line(ui, "Times", "The zone in which all times are written", |ui| {
        ui.selectable_value(&mut choices.local_time, false, "UTC");
        ui.selectable_value(&mut choices.local_time, true, "Local");
    });
    line(ui, "Isolation", "Which records of transactions are read", |ui| {
        let current = view.snapshot.isolation;
        let levels = [(Isolation::Committed, "Committed"), (Isolation::Uncommitted, "Uncommitted")];
        for (isolation, name) in levels {
            if ui.selectable_label(current == isolation, name).clicked() {
                view.out.send(Command::SetIsolation(isolation));
            }
        }
    });
    line(ui, "Clock", "What the system knew, or what had happened", |ui| {
        let current = view.snapshot.clock.clock;
        for (clock, name) in [(Clock::Log, "Log time"), (Clock::Event, "Event time")] {
            if ui.selectable_label(current == clock, name).clicked() {
                view.out.clock(ClockCommand::UseClock(clock));
            }
        }
    });
    line(ui, "Workspace", "The foldback.toml in force", |ui| {
        let file = view.snapshot.workspace_file.as_deref();
        let words = RichText::new(file.unwrap_or("none")).color(Tokens::of(ui).text_secondary);
        ui.add(Label::new(words).truncate());
    });
    false
}

/// A name with what it means below, and what can be chosen beside it.
fn line(ui: &mut Ui, name: &str, about: &str, choices: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.allocate_ui(vec2(NAME_WIDTH, 36.0), |ui| {
            ui.vertical(|ui| {
                ui.set_width(NAME_WIDTH);
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.label(name);
                let color = Tokens::of(ui).text_secondary;
                ui.label(RichText::new(about).font(secondary()).color(color));
            });
        });
        choices(ui);
    });
    ui.add_space(4.0);
}
