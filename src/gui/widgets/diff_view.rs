//! The changes from one state to another, a line each: sign, path, value before and after.
//!
//! Promises: only visible lines are drawn; long values are cut where the line ends and never
//! printed whole.
//! Does not know: how differences are found.

use egui::{Align2, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};

use super::state_tree::{TreeAction, change_look};
use super::virtual_rows::VirtualRows;
use super::{copy, copy_menu, cut_galley};
use crate::gui::theme::{GUTTER, Tokens, icon, icons, mono};
use crate::model::{Change, ChangeKind, JsonPointer, Value};
use crate::workspace::{CopyForm, changes_text, told_changes};

/// The width of the gutter for signs, in points.
const SIGN_WIDTH: f32 = 24.0;
/// How much of a value is printed, in bytes.
const PREVIEW_BYTES: usize = 240;

/// Shows changes in all the space that is left. `selected` is the marked path.
pub fn diff_view(
    ui: &mut Ui,
    id: Id,
    changes: &[Change],
    selected: Option<&JsonPointer>,
) -> Option<TreeAction> {
    let mut action = None;
    let all = changes;
    let changes = &*told_changes(changes);
    let chosen = selected.and_then(|path| changes.iter().position(|change| change.path == *path));
    let rows = VirtualRows { id, name: "Changes", count: changes.len(), chosen };
    let outcome = rows.show(ui, |ui, row, rect| {
        let change = &changes[row];
        let response = change_line(ui, id.with(row), change, rect, chosen == Some(row));
        if response.clicked() {
            action = Some(TreeAction::Select(change.path.clone()));
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        response.context_menu(|ui| {
            if ui
                .add(egui::Button::new("Previous change of this field").shortcut_text("Shift+←"))
                .clicked()
            {
                action = Some(TreeAction::PreviousChange(change.path.clone()));
            }
            if ui
                .add(egui::Button::new("Next change of this field").shortcut_text("Shift+→"))
                .clicked()
            {
                action = Some(TreeAction::NextChange(change.path.clone()));
            }
            ui.separator();
            copy_menu(ui, |menu| {
                let one = std::slice::from_ref(change);
                menu.text("Change", "Ctrl+C", || Some(changes_text(one, CopyForm::Text)));
                menu.text("Change as JSON", "", || Some(changes_text(one, CopyForm::Json)));
                menu.text("Path", "", || Some(change.path.to_string()));
                menu.text("Value before", "", || change.from.as_ref().map(Value::to_json));
                menu.text("Value after", "", || change.to.as_ref().map(Value::to_json));
                menu.separator();
                menu.text("All changes", "", || Some(changes_text(all, CopyForm::Text)));
                menu.text("All changes as JSON", "", || Some(changes_text(all, CopyForm::Json)));
                menu.text("All changes as CSV", "", || Some(changes_text(all, CopyForm::Csv)));
            });
        });
    });
    if outcome.response.has_focus()
        && let Some(change) = chosen.and_then(|row| changes.get(row))
    {
        copy::offer(ui.ctx(), copy::Offer::Change(change.clone()));
    }
    action.or_else(|| {
        let change = outcome.moved_to.and_then(|row| changes.get(row));
        change.map(|change| TreeAction::Select(change.path.clone()))
    })
}

/// Draws one change.
fn change_line(ui: &Ui, id: Id, change: &Change, rect: Rect, selected: bool) -> Response {
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, id, Sense::CLICK);
    let (sign, color, ground) = change_look(change.kind, tokens);
    let ground = if selected {
        tokens.selection
    } else if response.contains_pointer() {
        tokens.hover
    } else {
        ground
    };
    ui.painter().rect_filled(rect, 0.0, ground);
    let middle = rect.center().y;
    let at = pos2(rect.left() + SIGN_WIDTH / 2.0, middle);
    ui.painter().text(at, Align2::CENTER_CENTER, sign, mono(), color);

    let path = match (change.path.as_str(), change.kind) {
        ("", ChangeKind::Remove) => "everything",
        ("", _) => "whole value",
        (path, _) => path,
    };
    let mut left = rect.left() + SIGN_WIDTH;
    let mut elided = false;
    let mut put = |text: &str, color, width: f32, is_icon: bool| {
        let font = if is_icon { egui::FontId::new(12.0, icon().family) } else { mono() };
        let galley = cut_galley(ui, text, font, color, width);
        elided |= galley.elided;
        let width = galley.size().x;
        ui.painter().galley(pos2(left, middle - galley.size().y / 2.0), galley, color);
        left += width + GUTTER;
        rect.right() - left
    };
    let mut rest = put(path, tokens.text, rect.width() * 0.5, false);
    let values = (change.from.as_ref(), change.to.as_ref());
    if let (Some(from), _) = values {
        let share = if values.1.is_some() { 0.45 } else { 1.0 };
        rest = put(&preview(from), tokens.removed, rest * share, false);
    }
    if let (Some(_), Some(_)) = values {
        rest = put(icons::ARROW_RIGHT, tokens.text_secondary, rest, true);
    }
    if let (_, Some(to)) = values {
        put(&preview(to), tokens.added, rest - GUTTER, false);
    }
    let enabled = ui.is_enabled();
    response
        .widget_info(|| WidgetInfo::selected(Role::ListItem, enabled, selected, sentence(change)));
    if elided { response.on_hover_text(sentence(change)) } else { response }
}

/// A change in words: `changed /status from "CREATED" to "SHIPPED"`.
fn sentence(change: &Change) -> String {
    let word = match change.kind {
        ChangeKind::Add => "added",
        ChangeKind::Remove => "removed",
        ChangeKind::Replace => "changed",
    };
    let mut text = format!("{word} {}", change.path);
    if let Some(from) = &change.from {
        text.push_str(" from ");
        text.push_str(&preview(from));
    }
    if let Some(to) = &change.to {
        text.push_str(" to ");
        text.push_str(&preview(to));
    }
    text
}

/// The beginning of a value as JSON: reads no more of it than is shown.
pub(crate) fn preview(value: &Value) -> String {
    let mut text = String::new();
    write_preview(value, &mut text);
    if text.len() > PREVIEW_BYTES {
        let end = text.floor_char_boundary(PREVIEW_BYTES);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Appends a value as JSON until the preview is full.
fn write_preview(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number.as_str()),
        Value::String(string) => {
            let end = string.floor_char_boundary(PREVIEW_BYTES + 8);
            let shown = string.get(..end).unwrap_or_default();
            text.push_str(&Value::from(shown).to_json());
        }
        Value::Array(elements) => {
            text.push('[');
            write_list(elements.iter(), text, write_preview);
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            write_list(members.iter(), text, |(name, value), text| {
                text.push_str(name);
                text.push_str(": ");
                write_preview(value, text);
            });
            text.push('}');
        }
    }
}

/// Appends things with commas between until the preview is full.
fn write_list<T>(
    things: impl Iterator<Item = T>,
    text: &mut String,
    write: impl Fn(T, &mut String),
) {
    for (index, thing) in things.enumerate() {
        if text.len() > PREVIEW_BYTES {
            return;
        }
        if index > 0 {
            text.push_str(", ");
        }
        write(thing, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_both_values() {
        let path = JsonPointer::parse("/status").unwrap();
        let change = Change::replace(path, Value::from("CREATED"), Value::from("SHIPPED"));
        assert_eq!(sentence(&change), r#"changed /status from "CREATED" to "SHIPPED""#);
    }

    #[test]
    fn a_huge_value_is_previewed_by_its_beginning() {
        let value = Value::array((0..1_000_000_i64).map(Value::from));
        let text = preview(&value);
        assert!(text.starts_with("[0, 1, 2, ") && text.ends_with('…'), "{text}");
        assert!(text.len() < PREVIEW_BYTES + 8, "{} bytes", text.len());
        let long = preview(&Value::from("ä".repeat(1_000_000).as_str()));
        assert!(long.len() < PREVIEW_BYTES + 8, "{} bytes", long.len());
    }
}
