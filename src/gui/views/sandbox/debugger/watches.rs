//! Watches: expressions with their value at the step, and where the chosen one changes.
//!
//! Promises: only the visible changes are laid out.
//! Does not know: how an expression is evaluated.

use std::sync::Arc;

use egui::{Align, Frame, Id, Layout, Panel, RichText, ScrollArea, Sense, Ui, vec2};

use super::super::SandboxState;
use super::{ask, go};
use crate::fold::{WatchChange, Watched};
use crate::gui::theme::{LINE_HEIGHT, Tokens, data, format, icons, medium, mono, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::{IconButton, cut_galley, entered, fitting_name};
use crate::workspace::{DebugCommand, DebugTarget, SandboxView, WatchView};

/// What is typed.
#[derive(Debug, Default)]
pub(super) struct WatchState {
    /// The expression to add.
    expression: String,
    /// The condition to break on.
    pub(super) condition: String,
    /// The changes that are listed, with what they were found for.
    listed: Option<(Arc<Watched>, u64, Vec<u32>)>,
    /// The condition that was asked for last.
    pub(super) asked: String,
}

/// Draws the watches.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let selected = debugger.selected_watch.and_then(|number| debugger.watches.get(number));
    if let Some(watch) = selected {
        Panel::right(Id::unique("watch changes"))
            .default_size((ui.available_width() * 0.4).clamp(180.0, 420.0))
            .size_range(160.0..=800.0)
            .frame(Frame::new().inner_margin(egui::Margin { left: 8, right: 0, top: 0, bottom: 0 }))
            .show(ui, |ui| changes(ui, sandbox, watch, &mut state.debugger.watches, view));
    }
    egui::CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
        let tokens = Tokens::of(ui);
        ui.horizontal(|ui| {
            ui.label(RichText::new("Watches").font(medium()).color(tokens.text_strong));
            let typed = &mut state.debugger.watches.expression;
            let hint = "state.total, or click a field of the state";
            let field = Field::new(typed, "Watch expression").hint(hint).mono().show(ui);
            let entered = entered(&field);
            if entered && !typed.trim().is_empty() {
                let expression = std::mem::take(typed).trim().into();
                ask(&sandbox.key, DebugCommand::AddWatch(expression), view);
            }
        });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (number, watch) in debugger.watches.iter().enumerate() {
                line(ui, sandbox, number, watch, view);
            }
        });
    });
}

/// A watch with its value at the step.
fn line(ui: &mut Ui, sandbox: &SandboxView, number: usize, watch: &WatchView, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    let debugger = &sandbox.debugger;
    let selected = debugger.selected_watch == Some(number);
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), LINE_HEIGHT + 2.0),
        Layout::right_to_left(Align::Center),
        |ui| {
            let name = format!("Remove watch {}", watch.expression);
            if ui.add(IconButton::new(icons::X, &name)).clicked() {
                ask(&sandbox.key, DebugCommand::RemoveWatch(number), view);
            }
            let count = watch.watched.as_ref().map(|watched| watched.changes().len() as u64);
            if let Some(count) = count {
                let words = format::count(count, "change");
                ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                // The value needs as much room as the expression.
                let room = ui.available_width() * 0.5;
                let text = data(fitting_name(ui, &watch.expression, &mono(), room));
                let shown = ui.selectable_label(selected, text);
                if shown.on_hover_text("Step along the changes of this").clicked() {
                    let wanted = (!selected).then_some(number);
                    ask(&sandbox.key, DebugCommand::SelectWatch(wanted), view);
                }
                let (words, color) = value(sandbox, watch, tokens);
                let text = data(words).color(color);
                ui.add(egui::Label::new(text).truncate());
            });
        },
    );
}

/// The value of a watch at the step, or what is wrong with it.
fn value(sandbox: &SandboxView, watch: &WatchView, tokens: &Tokens) -> (String, egui::Color32) {
    let debugger = &sandbox.debugger;
    if let Some(problem) = &watch.problem {
        return (problem.to_string(), tokens.error);
    }
    let (Some(watched), Some(run)) = (&watch.watched, &debugger.run) else {
        return ("not evaluated yet".to_owned(), tokens.text_secondary);
    };
    let at = debugger.at.checked_sub(1).and_then(|index| watched.at(&run.trace, index));
    match at {
        Some(change) if change.threw => (change.text.to_string(), tokens.warning),
        Some(change) => (change.text.to_string(), tokens.text_strong),
        None => ("not at this step".to_owned(), tokens.text_secondary),
    }
}

/// Where a watch changes in the partition of the step.
fn changes(
    ui: &mut Ui,
    sandbox: &SandboxView,
    watch: &WatchView,
    state: &mut WatchState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let (Some(watched), Some(run)) = (&watch.watched, &debugger.run) else { return };
    let is_known = state
        .listed
        .as_ref()
        .is_some_and(|(known, at, _)| Arc::ptr_eq(known, watched) && *at == debugger.at);
    if !is_known {
        let own = watched.changes_beside(&run.trace, debugger.at.checked_sub(1));
        state.listed = Some((Arc::clone(watched), debugger.at, own));
    }
    let Some((_, _, own)) = &state.listed else { return };
    let all = watched.changes();
    let change_at = |row: usize| own.get(row).and_then(|number| all.get(*number as usize));
    let color = Tokens::of(ui).text_secondary;
    let words = format!("{} here", format::count(own.len() as u64, "change"));
    ui.label(RichText::new(words).font(secondary()).color(color));
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().auto_shrink(false);
    if !is_known {
        // The change at the step, or the last one before it, comes into view.
        let index = |number: &u32| all.get(*number as usize).map_or(0, |change| change.index);
        let at = own.partition_point(|number| index(number) < debugger.at);
        let middle = ui.available_height() / 2.0;
        area = area.vertical_scroll_offset((LINE_HEIGHT * at as f32 - middle).max(0.0));
    }
    area.show_rows(ui, LINE_HEIGHT, own.len(), |ui, rows| {
        for change in rows.filter_map(change_at) {
            if change_line(ui, change, debugger.at == change.index + 1) {
                go(&sandbox.key, DebugTarget::To(change.index + 1), view);
            }
        }
    });
}

/// A change of a watch. Says whether it was clicked.
fn change_line(ui: &mut Ui, change: &WatchChange, here: bool) -> bool {
    let tokens = Tokens::of(ui);
    let size = vec2(ui.available_width(), LINE_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::CLICK);
    if here || response.hovered() {
        let ground = if here { tokens.selection } else { tokens.hover };
        ui.painter().rect_filled(rect, 0.0, ground);
    }
    let words = format!("{}  {}", format::number(change.index + 1), change.text);
    let color = if change.threw { tokens.warning } else { tokens.text };
    let galley = cut_galley(ui, &words, mono(), color, rect.width() - 8.0);
    let at = egui::pos2(rect.left() + 4.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListItem, true, here, &words));
    response.clicked()
}
