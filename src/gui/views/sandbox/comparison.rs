//! A against B: two projections over the same events, or one in two orders of them.
//!
//! Promises: lists what differs and since when; the states stand beside each other, then and in the
//! end.
//! Does not know: how projections are compared.

use std::path::PathBuf;

use egui::{CentralPanel, Frame, Id, Label, Margin, Panel, RichText, ScrollArea, Ui};

use crate::gui::theme::{Tokens, format, icons, medium, secondary};
use crate::gui::view::{Action, View};
use crate::gui::views::field::Field;
use crate::gui::views::list_row::ListRow;
use crate::gui::views::parts::{self, Part};
use crate::gui::widgets::{EmptyState, IconButton, TreeState, compare_tree, problem_box};
use crate::workspace::SandboxView;
use crate::workspace::projection::EventOrder;
use crate::workspace::sandbox::{
    ComparisonChoice, ComparisonView, DivergenceDetail, TrialCommand, TrialView,
};

/// How wide the field for a script is, in points.
const FIELD_WIDTH: f32 = 240.0;

/// What differs, and the states beside each other.
const PARTS: [Part<'_>; 2] = [
    Part::share("Differences", 220.0, 0.36).first_max(520.0).margin(MARGIN),
    Part::rest("States", 340.0).margin(MARGIN),
];
/// The space around both.
const MARGIN: Margin = Margin::symmetric(12, 8);

/// Below this width of the list, in points, since when a result differs is told on hover alone.
const SINCE_WIDTH: f32 = 340.0;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct ComparisonState {
    /// The other script as it is typed; the same one while it is empty.
    other: String,
    /// In which order the other is given the events; as here while there is none.
    order: Option<EventOrder>,
    /// Whether the states in the end are shown instead of those at the first difference.
    at_end: bool,
    /// The trees of the states.
    tree: TreeState,
    /// The number of the part in front where there is no room for both.
    part: usize,
}

impl ComparisonState {
    /// What is asked for.
    fn choice(&self, sandbox: &SandboxView) -> ComparisonChoice {
        let other = Some(self.other.trim()).filter(|other| !other.is_empty());
        ComparisonChoice {
            other: other.map(PathBuf::from),
            order: self.order.unwrap_or(sandbox.history.order),
        }
    }
}

/// Draws the view.
pub(crate) fn show(
    ui: &mut Ui,
    id: Id,
    sandbox: &SandboxView,
    state: &mut ComparisonState,
    view: &mut View<'_>,
    out: &mut Vec<TrialCommand>,
) {
    let trial = &sandbox.trial;
    let frame = Frame::new().inner_margin(Margin::symmetric(12, 8));
    Panel::top(id.with("sides")).frame(frame).resizable(false).show(ui, |ui| {
        controls(ui, sandbox, state, view, out);
        if let Some(problem) = trial.comparison.problem() {
            problem_box(ui, problem, None);
        }
        if let Some(found) = trial.comparison.latest() {
            summary(ui, found);
        }
    });
    let Some(found) = trial.comparison.latest() else {
        CentralPanel::default().frame(frame).show(ui, |ui| {
            let text = "Name another script for B, or another order of events, and compare: you see whose results differ, and since \
                        which event.";
            EmptyState::new(icons::SCALES, "A against B", text).show(ui);
        });
        return;
    };
    if trial.comparison.is_pending() {
        ui.multiply_opacity(0.5);
    }
    if found.divergences.is_empty() {
        CentralPanel::default().frame(frame).show(ui, |ui| {
            let words = format!("{} compared, value by value.", results(found.compared));
            EmptyState::new(icons::EQUALS, "No difference", &words).show(ui);
        });
        return;
    }
    let mut front = state.part;
    parts::show(ui, id, &PARTS, &mut front, &mut |ui, part| match (part, &trial.divergence) {
        (0, _) => list(ui, id, found, trial, out),
        (_, Some(detail)) => states(ui, id, found, detail, state, view),
        (_, None) => {}
    });
    state.part = front;
}

/// How many results.
fn results(count: u64) -> String {
    format::count(count, "result")
}

/// The two sides, and the button that compares them.
fn controls(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut ComparisonState,
    view: &View<'_>,
    out: &mut Vec<TrialCommand>,
) {
    let color = Tokens::of(ui).text_secondary;
    ui.horizontal_wrapped(|ui| {
        let label = |ui: &mut Ui, words: &str| {
            ui.label(RichText::new(words).font(secondary()).color(color));
        };
        label(ui, "A");
        ui.label(RichText::new(&*sandbox.name).font(medium()));
        label(ui, "against B");
        let hint = format!("{} (the same)", sandbox.name);
        Field::new(&mut state.other, "Script of B").hint(hint).mono().width(FIELD_WIDTH).show(ui);
        let scripts = view.snapshot.scripts.latest().cloned().unwrap_or_default();
        ui.menu_button(icons::CARET_DOWN, |ui| {
            if ui.button("the same script").clicked() {
                state.other.clear();
                ui.close();
            }
            for script in scripts.iter() {
                if ui.button(&*script.name).clicked() {
                    state.other = script.name.to_string();
                    ui.close();
                }
            }
        })
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Scripts"));
        label(ui, "in order");
        let order = state.order.unwrap_or(sandbox.history.order);
        ui.menu_button(format!("{order} {}", icons::CARET_DOWN), |ui| {
            let orders =
                [EventOrder::Log, EventOrder::Event, EventOrder::Seed(1), EventOrder::Seed(2)];
            for one in orders {
                if ui.selectable_label(one == order, one.to_string()).clicked() {
                    state.order = Some(one);
                    ui.close();
                }
            }
        })
        .response
        .widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Order of B: {order}"))
        });
        if sandbox.trial.comparison.is_pending() {
            let stop = IconButton::new(icons::STOP, "Stop comparing").text("Stop");
            if ui.add(stop).clicked() {
                out.push(TrialCommand::Stop);
            }
        } else {
            let choice = state.choice(sandbox);
            let differ = choice.other.is_some() || choice.order != sandbox.history.order;
            let compare = IconButton::new(icons::SCALES, "Compare A with B").text("Compare");
            let compare = compare.color(Tokens::of(ui).accent);
            if ui.add_enabled(differ, compare).clicked() {
                out.push(TrialCommand::Compare(choice));
            }
        }
    });
}

/// What came of it, in a line or a few.
fn summary(ui: &mut Ui, found: &ComparisonView) {
    let tokens = Tokens::of(ui);
    let (sign, color) = if found.differing == 0 {
        (icons::EQUALS, tokens.added)
    } else {
        (icons::NOT_EQUALS, tokens.changed)
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(sign).color(color));
        let differing = format::number(found.differing);
        ui.label(format!("{differing} of {} differ", results(found.compared)));
    });
    for (side, failure) in ["A", "B"].iter().zip(&found.failures) {
        if let Some(failure) = failure {
            let words = format!("{} {side} {failure}", icons::WARNING_CIRCLE);
            ui.label(RichText::new(words).color(tokens.error));
        }
    }
    for (side, hints) in ["A", "B"].iter().zip(&found.hints) {
        for hint in hints.iter() {
            let words = format!("{side}: {hint}");
            ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
        }
    }
}

/// The results that differ.
fn list(
    ui: &mut Ui,
    id: Id,
    found: &ComparisonView,
    trial: &TrialView,
    out: &mut Vec<TrialCommand>,
) {
    let chosen = trial.divergence.as_ref().map(|detail| detail.number);
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().id_salt(id.with("list")).auto_shrink(false);
    let height = crate::gui::theme::ROW_HEIGHT;
    area.show_rows(ui, height, found.divergences.len(), |ui, rows| {
        for number in rows {
            let Some(row) = found.divergences.get(number) else { continue };
            let name = if row.name.is_empty() { "the state" } else { &*row.name };
            let since = if ui.available_width() < SINCE_WIDTH { "" } else { &*row.since };
            let shown = ListRow::new(name).mono().right(since);
            let response = shown.selected(chosen == Some(number)).show(ui);
            if response.on_hover_text(format!("{name} differs {}", row.since)).clicked() {
                out.push(TrialCommand::ShowDivergence(number));
            }
        }
    });
}

/// The states of a result beside each other.
fn states(
    ui: &mut Ui,
    id: Id,
    found: &ComparisonView,
    detail: &DivergenceDetail,
    state: &mut ComparisonState,
    view: &mut View<'_>,
) {
    let Some(row) = found.divergences.get(detail.number) else { return };
    ui.horizontal_wrapped(|ui| {
        let name = if row.name.is_empty() { "the state" } else { &*row.name };
        ui.label(RichText::new(name).font(medium()).color(Tokens::of(ui).text_strong));
        if !detail.first.is_empty() {
            ui.selectable_value(&mut state.at_end, false, "At the first difference");
            ui.selectable_value(&mut state.at_end, true, "At the end");
        }
        let color = Tokens::of(ui).text_secondary;
        ui.add(Label::new(RichText::new(&*row.since).font(secondary()).color(color)));
        if let Some(position) = &row.position {
            let show = IconButton::new(icons::CROSSHAIR_SIMPLE, "Show the record");
            if ui.add(show).clicked() {
                view.out.act(Action::ShowRecord(position.clone()));
            }
        }
    });
    let rows = if state.at_end || detail.first.is_empty() { &detail.end } else { &detail.first };
    let [a, b] = &found.names;
    let names = [format!("A  {a}"), format!("B  {b}")];
    let names = [names[0].as_str(), names[1].as_str()];
    compare_tree(ui, id.with("states"), &mut state.tree, rows, names, None);
}
