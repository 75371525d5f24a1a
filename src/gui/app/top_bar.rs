//! The bar at the top: where one is connected, the way to anything, and what holds for the whole
//! window.
//!
//! Promises: a cluster marked as production can be told from any other at a glance, by a word and a
//! colour.
//! Does not know: how commands are carried out.

use egui::{Align, Button, Layout, RichText, Ui, vec2};

use super::Choices;
use crate::gui::command::UiCommand;
use crate::gui::command_ui::{icon_button, menu_item};
use crate::gui::theme::{ROW_HEIGHT, Tokens, icons, medium, secondary};
use crate::gui::view::View;
use crate::gui::widgets::{Chip, CopyText, IconButton, Tone, fitting_name};
use crate::model::Isolation;
use crate::workspace::{Command, ConnectionInfo, ConnectionState, JobSubject, JobView};

/// Below this width, in points, words give way to icons.
const NARROW: f32 = 860.0;
/// The widest the way to anything gets, in points.
const PALETTE_WIDTH: f32 = 320.0;

/// Below this width, in points, only what one must know or reach at all times is there; the rest is
/// in the menu of the connection.
const TIGHT: f32 = 660.0;
/// The greatest share of the bar that the name of a connection takes.
const NAME_SHARE: f32 = 0.3;
/// The same where there is little room.
const NARROW_NAME_SHARE: f32 = 0.22;

/// Draws the bar.
pub(crate) fn show(ui: &mut Ui, choices: &mut Choices, view: &mut View<'_>) {
    let (narrow, tight) = (ui.available_width() < NARROW, ui.available_width() < TIGHT);
    if let ConnectionState::Connected(info) = &view.snapshot.connection
        && info.production
    {
        let screen = ui.ctx().content_rect();
        let line = egui::Stroke::new(2.0, Tokens::of(ui).error);
        ui.painter().hline(screen.x_range(), screen.top() + 1.0, line);
    }
    ui.horizontal(|ui| {
        connection(ui, narrow, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !tight {
                icon_button(ui, icons::QUESTION, UiCommand::ShowKeys, view.out);
                icon_button(ui, icons::GEAR, UiCommand::ShowSettings, view.out);
            }
            bell(ui, view);
            let theme = if ui.visuals().dark_mode { icons::SUN } else { icons::MOON };
            icon_button(ui, theme, UiCommand::ToggleTheme, view.out);
            zone(ui, *choices, view);
            isolation(ui, narrow, view);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| palette(ui, narrow, view));
        });
    });
}

/// Where one is connected, with a menu.
fn connection(ui: &mut Ui, narrow: bool, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    let (icon, color, name) = match &view.snapshot.connection {
        ConnectionState::Disconnected => {
            (icons::PLUG, tokens.text_secondary, "Not connected".to_owned())
        }
        ConnectionState::Connecting(name) => {
            let job = view.snapshot.running(&JobSubject::Connection);
            let words = job.map_or_else(|| name.to_string(), JobView::waiting_words);
            (icons::HOURGLASS, tokens.text_secondary, words)
        }
        ConnectionState::Failed(_) => (icons::WARNING, tokens.error, "Not connected".to_owned()),
        ConnectionState::Connected(info) => {
            let color = if info.trouble.is_some() { tokens.warning } else { tokens.accent };
            let icon = if info.trouble.is_some() { icons::WARNING } else { icons::PLUGS_CONNECTED };
            (icon, color, info.name.to_string())
        }
    };
    let share = if narrow { NARROW_NAME_SHARE } else { NAME_SHARE };
    let shown = fitting_name(ui, &name, &medium(), ui.available_width() * share);
    let words = [RichText::new(icon).color(color), RichText::new(shown).font(medium())];
    let [icon, words] = words;
    let (response, _) = egui::containers::menu::MenuButton::from_button(
        Button::new((icon, words)).frame(false).min_size(vec2(0.0, ROW_HEIGHT)),
    )
    .ui(ui, |ui| connection_menu(ui, view));
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Connection {name}"))
    });
    if let ConnectionState::Connected(info) = &view.snapshot.connection {
        badges(ui, info, narrow);
    }
    if let Some(job) = view.snapshot.running(&JobSubject::Connection)
        && ui.add(IconButton::new(icons::X, "Stop connecting")).clicked()
    {
        view.out.send(Command::CancelJob(job.id));
    }
}

/// What one must know about the connection at all times.
fn badges(ui: &mut Ui, info: &ConnectionInfo, narrow: bool) {
    let word = |word: &'static str| if narrow { "" } else { word };
    if info.production {
        let tight = ui.ctx().content_rect().width() < TIGHT;
        let word = if tight { "PROD" } else { "PRODUCTION" };
        Chip::new(word).name("PRODUCTION").icon(icons::SHIELD_WARNING).tone(Tone::Error).show(ui);
    }
    if info.embedded {
        let chip = Chip::new(word("demo")).name("demo").icon(icons::FLASK).show(ui);
        chip.response.on_hover_text("The demo's own cluster, in memory: its commands write to it");
    } else {
        let chip = Chip::new(word("read-only")).name("read-only").icon(icons::LOCK_SIMPLE).show(ui);
        chip.response.on_hover_text(
            "Nothing is written: no group is joined, no offset committed, no topic created, nothing produced",
        );
    }
    if let Some(trouble) = &info.trouble {
        let chip = Chip::new(word("trouble"))
            .name("trouble")
            .icon(icons::WARNING)
            .tone(Tone::Warning)
            .show(ui);
        chip.response.on_hover_text(&**trouble);
    }
}

/// The menu of the connection.
fn connection_menu(ui: &mut Ui, view: &mut View<'_>) {
    ui.set_min_width(220.0);
    if let ConnectionState::Connected(info) = &view.snapshot.connection {
        let brokers = format!(
            "{} broker{}",
            info.broker_count,
            if info.broker_count == 1 { "" } else { "s" }
        );
        let facts = [("Cluster", info.cluster_id.as_deref()), ("Bootstrap", Some(&*info.brokers))];
        for (name, text) in facts {
            let Some(text) = text else { continue };
            ui.horizontal(|ui| {
                ui.label(
                    RichText::new(name).font(secondary()).color(Tokens::of(ui).text_secondary),
                );
                ui.add(CopyText::new(text).name(name));
            });
        }
        ui.label(RichText::new(brokers).font(secondary()).color(Tokens::of(ui).text_secondary));
        ui.separator();
    }
    menu_item(ui, UiCommand::ShowStart, view.out);
    if view.snapshot.demo.is_some() {
        menu_item(ui, UiCommand::ShowDemo, view.out);
        menu_item(ui, UiCommand::StartTour, view.out);
    }
    menu_item(ui, UiCommand::Refresh, view.out);
    if ui.ctx().content_rect().width() < TIGHT {
        menu_item(ui, UiCommand::ShowSettings, view.out);
        menu_item(ui, UiCommand::ShowKeys, view.out);
    }
    menu_item(ui, UiCommand::Disconnect, view.out);
}

/// The way to anything, drawn as the field it opens.
fn palette(ui: &mut Ui, narrow: bool, view: &mut View<'_>) {
    let command = UiCommand::OpenPalette;
    if narrow {
        icon_button(ui, icons::MAGNIFYING_GLASS, command, view.out);
        return;
    }
    let room = ui.available_width();
    let width = PALETTE_WIDTH.min(room - 16.0);
    // In the middle of the window as far as there is room, so that it stays where it is while its
    // neighbours grow.
    let middle = ui.ctx().content_rect().center().x - width / 2.0;
    ui.add_space((middle - ui.cursor().left()).clamp(0.0, (room - width).max(0.0)));
    let tokens = Tokens::of(ui);
    let keys = command.shortcut_text(ui.ctx()).unwrap_or_default();
    let icon = RichText::new(icons::MAGNIFYING_GLASS).color(tokens.text_secondary);
    let words = RichText::new(command.text()).color(tokens.text_secondary);
    let button = Button::new((icon, words))
        .shortcut_text(RichText::new(keys).font(secondary()).color(tokens.text_secondary))
        .fill(tokens.canvas)
        .min_size(vec2(width, ROW_HEIGHT));
    let response = ui.add(button).on_hover_text(command.tooltip());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, command.text()));
    if response.clicked() {
        view.out.run(command);
    }
}

/// Which records are read.
fn isolation(ui: &mut Ui, narrow: bool, view: &mut View<'_>) {
    let current = view.snapshot.isolation;
    let (icon, words) = match current {
        Isolation::Committed => (icons::CHECK_CIRCLE, "committed"),
        Isolation::Uncommitted => (icons::CIRCLE, "uncommitted"),
    };
    let label = if narrow { String::new() } else { words.to_owned() };
    let response = ui
        .menu_button((RichText::new(icon), RichText::new(label)), |ui| {
            let choices = [
                (Isolation::Committed, "Committed", "As consumers with read_committed see the log"),
                (
                    Isolation::Uncommitted,
                    "Uncommitted",
                    "Aborted and undecided records too, labelled as such",
                ),
            ];
            for (isolation, name, about) in choices {
                let chosen = isolation == current;
                if ui.selectable_label(chosen, name).on_hover_text(about).clicked() {
                    view.out.send(Command::SetIsolation(isolation));
                    ui.close();
                }
            }
        })
        .response;
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Isolation {words}"))
    });
    response.on_hover_text(UiCommand::ToggleIsolation.tooltip());
}

/// In which zone times are written.
fn zone(ui: &mut Ui, choices: Choices, view: &mut View<'_>) {
    let name = if choices.local_time { "local" } else { "UTC" };
    let button = Button::new(name).frame(false).min_size(vec2(40.0, ROW_HEIGHT));
    let response = ui.add(button);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Time zone {name}"))
    });
    if response.on_hover_text(UiCommand::ToggleTimeZone.tooltip()).clicked() {
        view.out.run(UiCommand::ToggleTimeZone);
    }
}

/// The notices, with how many are unread.
fn bell(ui: &mut Ui, view: &mut View<'_>) {
    let unread = view.snapshot.notices.iter().filter(|notice| !notice.read).count();
    let icon = if unread > 0 { icons::BELL_RINGING } else { icons::BELL };
    let response = icon_button(ui, icon, UiCommand::ShowNotices, view.out);
    if unread > 0 {
        let tokens = Tokens::of(ui);
        let center = response.rect.right_top() + vec2(-5.0, 6.0);
        ui.painter().circle_filled(center, 3.5, tokens.warning);
        response.on_hover_text(format!("{unread} unread"));
    }
}
