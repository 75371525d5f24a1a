//! The panel of the reference system: send commands, look at its read models, switch faults.
//!
//! Promises: made from the forms that the system itself publishes; says what became of every
//! command.
//! Does not know: how the system works.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Button, Frame, Grid, Margin, RichText, ScrollArea, Ui, vec2};

use super::field::Field;
use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, data, format, heading, icon, icons, medium, secondary};
use crate::gui::view::{Pane, Spot, View};
use crate::gui::widgets::{Chip, CopyText, EmptyState, IconButton, Tone, entered};
use crate::model::EntityId;
use crate::workspace::{
    ACCOUNT_EVENTS, Command, DEMO_COMMANDS, DemoCommand, DemoCommandForm, DemoFault, DemoOutcome,
    DemoView, EntityKey, OrderRow, ProjectorView,
};

/// Below this width, in points, the parts stand below each other.
const NARROW: f32 = 720.0;
/// From this width on, in points, all three parts stand beside each other.
const WIDE: f32 = 1180.0;
/// How many of the last outcomes are shown.
const OUTCOMES_MAX: usize = 6;

/// The panel's state.
#[derive(Debug, Default)]
pub(crate) struct DemoState {
    /// The number of the chosen form.
    form: usize,
    /// What was typed, by form and argument.
    texts: BTreeMap<(&'static str, &'static str), String>,
    /// The entity to look up.
    look_up: String,
}

/// Draws the panel.
pub(crate) fn show(ui: &mut Ui, state: &mut DemoState, view: &mut View<'_>) {
    let Some(demo) = view.snapshot.demo.clone() else {
        EmptyState::new(icons::FLASK, "No demo runs", "Open it from the start page.").show(ui);
        return;
    };
    Frame::new().inner_margin(12).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            header(ui, &demo, view);
            ui.add_space(12.0);
            if ui.available_width() < NARROW {
                commands(ui, state, &demo, view);
                ui.add_space(16.0);
                read_models(ui, state, &demo, view);
                ui.add_space(12.0);
                projectors(ui, &demo, view);
                return;
            }
            if ui.available_width() < WIDE {
                ui.columns_const(|[left, right]| {
                    commands(left, state, &demo, view);
                    read_models(right, state, &demo, view);
                    right.add_space(12.0);
                    projectors(right, &demo, view);
                });
                return;
            }
            ui.columns_const(|[left, middle, right]| {
                commands(left, state, &demo, view);
                read_models(middle, state, &demo, view);
                projectors(right, &demo, view);
            });
        });
    });
}

/// What runs where, and whether customers come.
fn header(ui: &mut Ui, demo: &DemoView, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Reference system").font(heading()));
        Chip::new(&demo.place).icon(icons::HARD_DRIVES).show(ui);
        if demo.seeding {
            Chip::new("writing its history").icon(icons::HOURGLASS).show(ui);
        }
        let mut traffic = demo.traffic;
        if ui.checkbox(&mut traffic, "Live traffic").changed() {
            view.out.send(Command::Demo(DemoCommand::SetTraffic(traffic)));
        }
        let tour = IconButton::new(icons::SIGNPOST, UiCommand::StartTour.text())
            .text(UiCommand::StartTour.text());
        if ui.add(tour).clicked() {
            view.out.run(UiCommand::StartTour);
        }
        let words = UiCommand::StartSandboxChapter.text();
        if ui.add(IconButton::new(icons::FLASK, words).text(words)).clicked() {
            view.out.run(UiCommand::StartSandboxChapter);
        }
    });
}

/// The title of a part.
fn section(ui: &mut Ui, title: &str, about: &str) {
    ui.label(RichText::new(title).font(medium()).color(Tokens::of(ui).text_strong));
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(about).font(secondary()).color(color));
    ui.add_space(4.0);
}

/// The command side: forms, and what became of what was sent.
fn commands(ui: &mut Ui, state: &mut DemoState, demo: &DemoView, view: &mut View<'_>) {
    section(ui, "Commands", "Checked by an aggregate, published as events");
    ui.horizontal_wrapped(|ui| {
        for (index, form) in DEMO_COMMANDS.iter().enumerate() {
            let chosen = ui.selectable_label(state.form == index, form.name);
            if chosen.on_hover_text(form.purpose).clicked() {
                state.form = index;
            }
        }
    });
    ui.add_space(4.0);
    if let Some(form) = DEMO_COMMANDS.get(state.form) {
        self::form(ui, state, form, demo, view);
    }
    ui.add_space(12.0);
    for outcome in demo.outcomes.iter().rev().take(OUTCOMES_MAX) {
        self::outcome(ui, outcome);
    }
}

/// The fields of one command.
fn form(
    ui: &mut Ui,
    state: &mut DemoState,
    form: &DemoCommandForm,
    demo: &DemoView,
    view: &mut View<'_>,
) {
    Grid::new(form.name).num_columns(2).spacing([12.0, 6.0]).show(ui, |ui| {
        for argument in form.arguments {
            let words = if argument.optional {
                format!("{} (optional)", argument.label)
            } else {
                argument.label.to_owned()
            };
            let color = Tokens::of(ui).text_secondary;
            let label = ui.label(RichText::new(words).color(color));
            let text = state
                .texts
                .entry((form.name, argument.name))
                .or_insert_with(|| argument.example.to_owned());
            Field::new(text, argument.label).mono().width(220.0).show(ui).labelled_by(label.id);
            ui.end_row();
        }
    });
    ui.horizontal(|ui| {
        let tokens = Tokens::of(ui);
        let words =
            RichText::new(format!("Send {}", form.name)).font(medium()).color(tokens.accent);
        let button = Button::new(words).fill(tokens.selection).min_size(vec2(0.0, 26.0));
        let arguments: Vec<(String, String)> = form
            .arguments
            .iter()
            .map(|argument| {
                let text = state.texts.get(&(form.name, argument.name)).cloned();
                (argument.name.to_owned(), text.unwrap_or_default().trim().to_owned())
            })
            .collect();
        let filled = form
            .arguments
            .iter()
            .zip(&arguments)
            .all(|(argument, (_, text))| argument.optional || !text.is_empty());
        if ui.add_enabled(filled && !demo.seeding, button).clicked() {
            let name = form.name.to_owned();
            view.out.send(Command::Demo(DemoCommand::Send { name, arguments: arguments.clone() }));
        }
        let entity = arguments.first().map(|(_, text)| text.clone()).unwrap_or_default();
        let follow = IconButton::new(icons::CUBE, "Open this entity").text("Open entity");
        if ui.add_enabled(!entity.is_empty(), follow).clicked() {
            open_entity(&entity, form.topic, view);
        }
    });
}

/// Opens an entity in its own tab.
fn open_entity(entity: &str, topic: &str, view: &mut View<'_>) {
    let topics = Arc::new([Arc::from(topic)]);
    view.out.open(Pane::Entity(EntityKey { entity: EntityId::new(entity), topics }));
}

/// What became of a command.
fn outcome(ui: &mut Ui, outcome: &DemoOutcome) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        let (icon_text, color) = match outcome.result {
            Ok(_) => (icons::CHECK_CIRCLE, tokens.added),
            Err(_) => (icons::PROHIBIT, tokens.warning),
        };
        ui.label(RichText::new(icon_text).font(icon()).color(color));
        ui.label(data(&*outcome.command));
        match &outcome.result {
            Ok(event) => ui.label(RichText::new(&**event).color(tokens.text_secondary)),
            Err(refusal) => {
                let words = format!("refused: {}", refusal.what);
                ui.label(words).on_hover_text(refusal.to_string())
            }
        };
    });
}

/// The read side: the rows of one entity.
fn read_models(ui: &mut Ui, state: &mut DemoState, demo: &DemoView, view: &mut View<'_>) {
    section(ui, "Read models", "Written by projectors, each a consumer group of its own");
    look_up(ui, state, demo, view);
    for row in demo.rows.iter() {
        self::row(ui, row, demo, view);
    }
}

/// The projectors that write the rows.
fn projectors(ui: &mut Ui, demo: &DemoView, view: &mut View<'_>) {
    section(ui, "Projectors", "Switch a fault on and watch its read model go wrong");
    for projector in demo.projectors.iter() {
        self::projector(ui, projector, view);
    }
}

/// The field that looks up an entity's rows.
fn look_up(ui: &mut Ui, state: &mut DemoState, demo: &DemoView, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        let response = Field::new(&mut state.look_up, "Entity to look up")
            .hint(&*demo.incident_entity)
            .mono()
            .width(180.0)
            .show(ui);
        let enter = entered(&response);
        let pressed = ui.add(IconButton::new(icons::MAGNIFYING_GLASS, "Look up").text("Look up"));
        if pressed.clicked() || enter {
            let typed = state.look_up.trim();
            let entity = if typed.is_empty() { &*demo.incident_entity } else { typed };
            view.out.send(Command::Demo(DemoCommand::LookUp(entity.to_owned())));
        }
    });
    ui.add_space(4.0);
}

/// A row of a read model as the service would show it.
fn row(ui: &mut Ui, row: &OrderRow, demo: &DemoView, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    let told = row.entity == demo.incident_entity && row.read_model.contains("dashboard");
    let frame = Frame::new().fill(tokens.canvas).corner_radius(6);
    let shown = frame.inner_margin(Margin::symmetric(10, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::TABLE).font(icon()).color(tokens.text_secondary));
            ui.label(RichText::new(&*row.read_model).font(medium()));
            let topic = if row.entity.starts_with("account") {
                ACCOUNT_EVENTS
            } else {
                &*demo.incident_topic
            };
            let name = format!("Open {} of {}", row.entity, row.read_model);
            let open = ui.add(IconButton::new(icons::CUBE, &name).text(&row.entity));
            if told {
                view.out.mark(Spot::OpenIncident, open.rect);
            }
            if open.clicked() {
                open_entity(&row.entity, topic, view);
            }
        });
        columns(ui, row);
    });
    if told {
        view.out.mark(Spot::DashboardRow, shown.response.rect);
    }
    ui.add_space(4.0);
}

/// The columns of a row.
fn columns(ui: &mut Ui, row: &OrderRow) {
    let color = Tokens::of(ui).text_secondary;
    if row.columns.is_empty() {
        ui.label(RichText::new("no row").color(color));
        return;
    }
    Grid::new(&*row.read_model).num_columns(2).spacing([16.0, 0.0]).show(ui, |ui| {
        for (column, text) in row.columns.iter() {
            ui.label(RichText::new(&**column).font(secondary()).color(color));
            ui.add(CopyText::new(text).name(column));
            ui.end_row();
        }
    });
}

/// The faults with their names and what they do.
const FAULTS: [(DemoFault, &str, &str); 3] = [
    (
        DemoFault::CommitBeforeApply,
        "Commits first",
        "Commits before applying: what it was given when it crashed is lost",
    ),
    (DemoFault::Paused, "Paused", "Reads nothing until it is resumed"),
    (DemoFault::ApplyTwice, "Applies twice", "Applies every record twice"),
];

/// A projector and the faults it can have.
fn projector(ui: &mut Ui, projector: &ProjectorView, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&*projector.name).font(medium()));
        let lag = format!("lag {}", format::number(projector.lag));
        let tone = if projector.lag > 0 { Tone::Warning } else { Tone::Good };
        Chip::new(&lag).tone(tone).show(ui);
        let applied = format!("{} applied", format::number(projector.applied));
        Chip::new(&applied).show(ui).response.on_hover_text(format!("Group {}", projector.group));
    });
    ui.horizontal_wrapped(|ui| {
        for (fault, name, about) in FAULTS {
            let mut on = projector.faults.contains(&fault);
            let response = ui.checkbox(&mut on, name).on_hover_text(about);
            let label = format!("{name}: {}", projector.name);
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, &label));
            if response.changed() {
                let projector = projector.name.to_string();
                view.out.send(Command::Demo(DemoCommand::SetFault { projector, fault, on }));
            }
        }
    });
    if let Some(trouble) = &projector.trouble {
        let words = trouble;
        let text = format!("{} {words}", icons::WARNING);
        ui.label(RichText::new(text).font(secondary()).color(Tokens::of(ui).warning));
    }
    ui.add_space(8.0);
}
