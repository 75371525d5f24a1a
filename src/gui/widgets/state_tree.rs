//! An entity's state as a tree: what the event at the clock changed, and which event wrote each
//! field.
//!
//! Promises: only visible lines are drawn; a change carries a sign beside its colour; every field
//! leads to the event that wrote it and to its previous and next change.
//! Does not know: how a state is folded.

use std::sync::Arc;

use egui::{Align2, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::copy::{field_entries, menu_entry};
use super::tree_rows::{self, Decoration, SIGN_WIDTH, Tree, TreeLine, TreeState};
use crate::gui::theme::{GUTTER, Tokens, mono_small};
use crate::model::{ChangeKind, JsonPointer};
use crate::workspace::{StateRow, TreeRow};

/// What the user asks of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeAction {
    /// Marks this path.
    Select(JsonPointer),
    /// Moves the clock to the last change of this path before it.
    PreviousChange(JsonPointer),
    /// Moves the clock to the next change of this path.
    NextChange(JsonPointer),
    /// Moves the clock to this version.
    GoToVersion(u64),
}

impl TreeLine for StateRow {
    fn tree(&self) -> &TreeRow {
        &self.tree
    }
}

/// The sign and the colours of a kind of change: sign, colour, ground.
pub(super) fn change_look(
    kind: ChangeKind,
    tokens: &Tokens,
) -> (&'static str, egui::Color32, egui::Color32) {
    match kind {
        ChangeKind::Add => ("+", tokens.added, tokens.added_ground),
        ChangeKind::Remove => ("−", tokens.removed, tokens.removed_ground),
        ChangeKind::Replace => ("~", tokens.changed, tokens.changed_ground),
    }
}

/// Shows a state in all the space that is left. `selected` is the marked path.
pub fn state_tree(
    ui: &mut Ui,
    id: Id,
    state: &mut TreeState,
    rows: &Arc<[StateRow]>,
    selected: Option<&JsonPointer>,
) -> Option<TreeAction> {
    let mut action = None;
    let decorate = |row: &StateRow, _: Rect, ui: &Ui| {
        let look = row.changed.map(|kind| change_look(kind, Tokens::of(ui)));
        Decoration {
            sign: look.map(|(sign, color, _)| (sign, color)),
            ground: look.map(|(_, _, ground)| ground),
            taken_right: row.written_by.map_or(0.0, |version| provenance_width(ui, version)),
            spoken: row.changed.map_or("", |kind| spoken(kind)).to_owned(),
        }
    };
    let tree = Tree { id, name: "State", lines: rows, selected, gutter: SIGN_WIDTH };
    let outcome = tree_rows::show(ui, &tree, state, decorate, |ui, row, rect, response| {
        if let Some(version) = row.written_by
            && provenance(ui, id, row, version, rect).clicked()
        {
            action = Some(TreeAction::GoToVersion(version));
        }
        response.context_menu(|ui| {
            if let Some(chosen) = field_menu(ui, row) {
                action = Some(chosen);
            }
        });
    });
    action.or_else(|| outcome.chosen.map(TreeAction::Select))
}

/// A change in a word, for screen readers.
fn spoken(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Add => ", added",
        ChangeKind::Remove => ", removed",
        ChangeKind::Replace => ", changed",
    }
}

/// What the tag says that names the event which wrote a field.
fn provenance_words(version: u64) -> String {
    format!("← v{version}")
}

/// The width of the tag, with the gap at its right, in points.
fn provenance_width(ui: &Ui, version: u64) -> f32 {
    let color = Tokens::of(ui).text_secondary;
    let words = ui.painter().layout_no_wrap(provenance_words(version), mono_small(), color);
    words.size().x + GUTTER
}

/// The tag that says which event wrote the field; a click goes there.
fn provenance(ui: &Ui, id: Id, row: &StateRow, version: u64, rect: Rect) -> Response {
    let tokens = Tokens::of(ui);
    let tag = rect.with_min_x(rect.right() - provenance_width(ui, version)).shrink2(vec2(0.0, 3.0));
    let salt = ("written by", row.tree.path.as_str());
    let response = ui.interact(tag, id.with(salt), Sense::CLICK);
    let color = if response.hovered() { tokens.accent } else { tokens.text_secondary };
    let at = pos2(tag.right() - GUTTER, tag.center().y);
    ui.painter().text(at, Align2::RIGHT_CENTER, provenance_words(version), mono_small(), color);
    let enabled = ui.is_enabled();
    response.widget_info(|| {
        WidgetInfo::labeled(
            Role::Button,
            enabled,
            format!("{} written by v{version}", row.tree.name),
        )
    });
    response.on_hover_ui(|ui| {
        ui.label(format!("written by v{version} {}", row.written_by_type));
        match &row.previous {
            Some(previous) => ui.monospace(format!("before: {previous}")),
            None => ui.small("not there before"),
        };
        ui.small("click to go there");
    })
}

/// The menu of a field.
fn field_menu(ui: &mut Ui, row: &StateRow) -> Option<TreeAction> {
    let path = &row.tree.path;
    let mut action = None;
    let mut entry = |ui: &mut Ui, text: &str, keys: &str, chosen: TreeAction| {
        if ui.add(menu_entry(text, keys)).clicked() {
            action = Some(chosen);
        }
    };
    entry(ui, "Previous change of this field", "Shift+←", TreeAction::PreviousChange(path.clone()));
    entry(ui, "Next change of this field", "Shift+→", TreeAction::NextChange(path.clone()));
    if let Some(version) = row.written_by {
        let text = format!("Go to v{version} {}", row.written_by_type);
        entry(ui, &text, "", TreeAction::GoToVersion(version));
    }
    ui.separator();
    field_entries(ui, &row.tree);
    action
}
