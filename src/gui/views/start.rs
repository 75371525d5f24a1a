//! Where to begin: go on with a connection used before, connect to a cluster, or open the demo.
//!
//! Promises: every way in on one page, the likeliest first; a check names the step that fails and
//! what to try; nothing is sent to a cluster before the user asks.
//! Does not know: how a connection is made.

use std::path::Path;

use egui::{Align, Button, Frame, Layout, Margin, RichText, ScrollArea, Ui, vec2};

use super::field::{Field, no_dialog};
use super::list_row::ListRow;
use super::{recent, waiting};
use crate::gui::theme::{
    GUTTER, Tokens, body, heading, icon, icons, medium, secondary, semibold_family,
};
use crate::gui::view::{Action, FileUse, View};
use crate::gui::widgets::{IconButton, Tone, entered, problem_box};
use crate::workspace::{
    CheckOutcome, CheckStep, Command, ConnectionChoice, ConnectionState, JobSubject,
};

/// How wide the page is in one column, in points.
const WIDTH: f32 = 620.0;
/// How wide each of two columns is, in points.
const COLUMN_WIDTH: f32 = 560.0;
/// The gap between them, in points.
const COLUMN_GAP: f32 = 48.0;

/// How far the remedy of a failed step is set in: to where the name of the step begins, in points.
const REMEDY_INDENT: f32 = 24.0;

/// The page's state.
#[derive(Debug, Default)]
pub(crate) struct StartState {
    /// Bootstrap addresses as typed.
    brokers: String,
    /// The path of a connection file as typed.
    path: String,
    /// Whether the file dialog could not be shown.
    no_dialog: bool,
    /// Whether the field of addresses was given the focus at the first start.
    was_focused: bool,
}

impl StartState {
    /// Takes a connection file that was chosen in a dialog or dropped on the window.
    pub(crate) fn choose_file(&mut self, path: &Path) {
        self.path = path.display().to_string();
        self.no_dialog = false;
    }

    /// The file dialog could not be shown.
    pub(crate) fn miss_dialog(&mut self) {
        self.no_dialog = true;
    }
}

/// Draws the page.
pub(crate) fn show(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_width();
        let wide = 2.0 * COLUMN_WIDTH + COLUMN_GAP + 64.0 <= room;
        let whole = if wide { 2.0 * COLUMN_WIDTH + COLUMN_GAP } else { WIDTH };
        let width = whole.min(room - 32.0);
        let margin = ((room - width) / 2.0).max(0.0);
        let checked = !view.snapshot.checks.is_empty();
        let recents = view.snapshot.recent_connections.len() as f32 * recent::ROW_HEIGHT;
        let height = if checked { 800.0 } else { 560.0 } + if wide { 0.0 } else { recents };
        let top = ((ui.available_height() - height) * 0.4).clamp(16.0, 320.0);
        ui.add_space(top);
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_width(width);
                title(ui);
                if wide {
                    in_two_columns(ui, state, view);
                } else {
                    in_one_column(ui, state, view);
                }
            });
        });
    });
}

/// What this program is.
fn title(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    let title = RichText::new("Foldback").font(egui::FontId::new(26.0, semibold_family()));
    ui.label(title.color(tokens.text_strong));
    let line = "Follow any entity through its Kafka topics and fold its state back to any moment.";
    ui.label(RichText::new(line).color(tokens.text_secondary));
    ui.add_space(20.0);
}

/// Whether a connection was used before.
fn is_known(view: &View<'_>) -> bool {
    !view.snapshot.recent_connections.is_empty()
}

/// The likeliest way in at the left, the others at the right.
fn in_two_columns(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = COLUMN_GAP;
        ui.vertical(|ui| {
            ui.set_width(COLUMN_WIDTH);
            ui.spacing_mut().item_spacing.x = GUTTER;
            if is_known(view) {
                section(ui, "Recent connections");
                recent::show(ui, view);
                ui.add_space(16.0);
            }
            demo(ui, view);
        });
        ui.vertical(|ui| {
            ui.set_width(COLUMN_WIDTH);
            ui.spacing_mut().item_spacing.x = GUTTER;
            connect(ui, state, view);
        });
    });
}

/// The likeliest way in first.
fn in_one_column(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) {
    let known = is_known(view);
    if known {
        section(ui, "Recent connections");
        recent::show(ui, view);
    } else {
        demo(ui, view);
    }
    ui.add_space(16.0);
    connect(ui, state, view);
    if known {
        ui.add_space(20.0);
        demo(ui, view);
    }
}

/// The connections of the workspace, the form for another, and what became of it: below, so that
/// the form stays where it is.
fn connect(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) {
    let known = is_known(view);
    section(ui, if known { "Another cluster" } else { "Connect to your cluster" });
    saved(ui, view);
    let choice = fields(ui, state, view);
    if let Some(choice) = choice {
        view.out.send(Command::CheckConnection(choice));
    }
    ui.add_space(12.0);
    promise(ui);
    connecting(ui, view);
    checks(ui, view);
}

/// How the connection that was asked for comes on, or why there is none. What a check has found says
/// more than the attempt that failed.
fn connecting(ui: &mut Ui, view: &mut View<'_>) {
    let told = view.snapshot.checks.iter().any(|step| step.outcome == CheckOutcome::Failed);
    if let ConnectionState::Failed(failure) = &view.snapshot.connection
        && !told
    {
        ui.add_space(12.0);
        if problem_box(ui, failure, Some("Try again")) {
            view.out.send(Command::Reconnect);
        }
    }
    if view.snapshot.running(&JobSubject::Connection).is_some() {
        ui.add_space(12.0);
        waiting::line(ui, view, &JobSubject::Connection);
    }
}

/// The title of a part of the page.
fn section(ui: &mut Ui, title: &str) {
    ui.label(RichText::new(title).font(heading()));
    ui.add_space(4.0);
}

/// A button that leads.
fn primary(ui: &mut Ui, words: &str, name: &str, enabled: bool) -> bool {
    let tokens = Tokens::of(ui);
    let text = RichText::new(words).font(medium()).color(tokens.accent);
    let button = Button::new(text).fill(tokens.selection).min_size(vec2(96.0, 26.0));
    let response = ui.add_enabled(enabled, button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, name));
    response.clicked()
}

/// The demo, for which nothing is needed.
fn demo(ui: &mut Ui, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    Frame::new().fill(tokens.raised).corner_radius(8).inner_margin(Margin::same(16)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::FLASK).font(icon()).color(tokens.accent));
            ui.label(RichText::new("New here? Open the demo").font(heading()));
        });
        ui.label(
            RichText::new(
                "A living shop with orders and bank accounts, in memory, on its own embedded cluster: no Kafka, no \
                 Docker. A short tour shows how a missed event is found.",
            )
            .color(tokens.text_secondary),
        );
        ui.add_space(4.0);
        if primary(ui, "Open the demo", "Open the demo", !is_connecting(view)) {
            view.out.send(Command::OpenDemo);
        }
    });
}

/// Whether a connection is being made.
fn is_connecting(view: &View<'_>) -> bool {
    matches!(view.snapshot.connection, ConnectionState::Connecting(_))
}

/// The connections of `foldback.toml`.
fn saved(ui: &mut Ui, view: &mut View<'_>) {
    for saved in view.snapshot.saved_connections.iter() {
        let icon = if saved.production { icons::SHIELD_WARNING } else { icons::PLUGS };
        let right = if saved.production {
            format!("production · {}", saved.brokers)
        } else {
            saved.brokers.to_string()
        };
        let row = ListRow::new(&saved.name).icon(icon).right(&right).show(ui);
        if row.on_hover_text("Connect").clicked() {
            view.out.send(Command::Connect(ConnectionChoice::Saved(saved.name.to_string())));
        }
    }
    ui.add_space(4.0);
}

/// A quiet name of a field.
fn label(ui: &mut Ui, text: &str) {
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(text).font(secondary()).color(color));
}

/// The fields for an address and a file; the connection that shall be checked.
fn fields(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) -> Option<ConnectionChoice> {
    let mut check = None;
    label(ui, "Bootstrap address");
    let brokers = state.brokers.trim().to_owned();
    let choice = (!brokers.is_empty()).then_some(ConnectionChoice::Brokers(brokers));
    // Who has connected to nothing yet can type or paste an address at once.
    let first = view.snapshot.recent_connections.is_empty() && !state.was_focused;
    state.was_focused = true;
    let hint = "localhost:9092";
    let typed = field_row(ui, &mut state.brokers, hint, "Bootstrap address", first, |ui| {
        buttons(ui, choice, "address", view, &mut check);
    });
    if typed && !state.brokers.trim().is_empty() {
        let brokers = state.brokers.trim().to_owned();
        view.out.send(Command::Connect(ConnectionChoice::Brokers(brokers)));
    }
    ui.add_space(4.0);
    label(
        ui,
        "Or a configuration file: Java .properties, librdkafka or kcat; drop it anywhere on the window",
    );
    let path = state.path.trim().to_owned();
    let choice = (!path.is_empty()).then(|| ConnectionChoice::ConfigFile(path.into()));
    let mut browse = false;
    let hint = "/path/to/client.properties";
    let typed = field_row(ui, &mut state.path, hint, "Configuration file", false, |ui| {
        buttons(ui, choice.clone(), "file", view, &mut check);
        browse = ui.add(IconButton::new(icons::FOLDER_OPEN, "Browse").text("Browse")).clicked();
    });
    if state.no_dialog {
        no_dialog(ui, "type the path, or drop the file");
    }
    if let (true, Some(choice)) = (typed, choice) {
        view.out.send(Command::Connect(choice));
    }
    if browse {
        view.out.act(Action::Browse(FileUse::Connect));
    }
    check
}

/// A field with buttons at its right, with the focus if that is wanted; true when Enter was pressed
/// in it.
fn field_row(
    ui: &mut Ui,
    text: &mut String,
    hint: &str,
    name: &str,
    focus: bool,
    buttons: impl FnOnce(&mut Ui),
) -> bool {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            buttons(ui);
            let response = Field::new(text, name).hint(hint).mono().show(ui);
            if focus {
                response.request_focus();
            }
            entered(&response)
        })
        .inner
    })
    .inner
}

/// Check and connect, from the right.
fn buttons(
    ui: &mut Ui,
    choice: Option<ConnectionChoice>,
    what: &str,
    view: &mut View<'_>,
    check: &mut Option<ConnectionChoice>,
) {
    let enabled = choice.is_some() && !is_connecting(view);
    if primary(ui, "Connect", &format!("Connect to {what}"), enabled)
        && let Some(choice) = choice.clone()
    {
        view.out.send(Command::Connect(choice));
    }
    let button = ui.add_enabled(enabled, Button::new("Check"));
    let name = format!("Check {what}");
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, &name));
    if button.on_hover_text("Try the connection step by step").clicked() {
        *check = choice;
    }
}

/// What can be relied on.
fn promise(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(icons::LOCK_SIMPLE).font(icon()).color(tokens.text_secondary));
        let text = "Read-only: no group is joined, no offset committed, no topic created, nothing produced.";
        ui.label(RichText::new(text).font(secondary()).color(tokens.text_secondary));
    });
}

/// The steps of a connection check.
fn checks(ui: &mut Ui, view: &mut View<'_>) {
    let runs = view.snapshot.running(&JobSubject::Check).is_some();
    if view.snapshot.checks.is_empty() && !runs {
        return;
    }
    ui.add_space(12.0);
    section(ui, "Connection check");
    for step in view.snapshot.checks.iter() {
        check_step(ui, step);
    }
    waiting::line(ui, view, &JobSubject::Check);
}

/// A step: how it ended, what was found, what to try.
fn check_step(ui: &mut Ui, step: &CheckStep) {
    let tokens = Tokens::of(ui);
    let (icon_text, tone, word) = match step.outcome {
        CheckOutcome::Passed => (icons::CHECK_CIRCLE, Tone::Good, "passed"),
        CheckOutcome::Failed => (icons::X_CIRCLE, Tone::Error, "failed"),
        CheckOutcome::Skipped => (icons::MINUS, Tone::Neutral, "skipped"),
    };
    ui.horizontal_wrapped(|ui| {
        let mark = RichText::new(icon_text).font(icon()).color(tone.color(tokens));
        ui.label(mark).on_hover_text(word);
        ui.label(RichText::new(&*step.name).font(medium()).color(tokens.text_strong));
        ui.label(RichText::new(&step.detail).font(body()).color(tokens.text_secondary));
    });
    if let Some(remedy) = &step.remedy {
        ui.horizontal_wrapped(|ui| {
            ui.add_space(REMEDY_INDENT);
            ui.label(format!("{} {remedy}", icons::ARROW_RIGHT));
        });
    }
}
