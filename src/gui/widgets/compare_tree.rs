//! Two states beside each other, line by line.
//!
//! Promises: only visible lines are drawn; a difference carries a sign beside its colour, and both
//! values.
//! Does not know: how states are compared.

use std::sync::Arc;

use egui::{Id, Label, Rangef, Rect, RichText, Sense, Ui, vec2};

use super::copy::field_texts;
use super::copy_menu;
use super::state_tree::change_look;
use super::tree_rows::{self, Decoration, SIGN_WIDTH, Tree, TreeLine, TreeState, paint_value};
use crate::gui::theme::{LINE_HEIGHT, Tokens, secondary};
use crate::model::{ChangeKind, JsonPointer};
use crate::workspace::{CompareRow, CopyForm, TreeRow, value_text};

impl TreeLine for CompareRow {
    fn tree(&self) -> &TreeRow {
        &self.tree
    }

    fn value(&self) -> &str {
        self.from.as_deref().unwrap_or_default()
    }
}

/// Where the right side's column of values lies in a line of this rectangle, where values begin
/// here.
fn right_column(rect: Rect, values_left: f32) -> Rangef {
    Rangef::new(f32::midpoint(values_left, rect.right()), rect.right())
}

/// Shows both sides under their names in all the space that is left; the path that was chosen.
/// `selected` is the chosen one so far.
pub fn compare_tree(
    ui: &mut Ui,
    id: Id,
    state: &mut TreeState,
    rows: &Arc<[CompareRow]>,
    names: [&str; 2],
    selected: Option<&JsonPointer>,
) -> Option<JsonPointer> {
    state.update(rows);
    // The lines make room for a scroll bar.
    let width = ui.available_width() - ui.spacing().scroll.allocated_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, LINE_HEIGHT), Sense::empty());
    let values_left = state.values_left(rect, SIGN_WIDTH);
    head(ui, rect, values_left, names);
    let decorate = |row: &CompareRow, rect: Rect, ui: &Ui| {
        let look = row.change.map(|kind| change_look(kind, Tokens::of(ui)));
        Decoration {
            sign: look.map(|(sign, color, _)| (sign, color)),
            ground: look.map(|(_, _, ground)| ground),
            taken_right: right_column(rect, values_left).span(),
            spoken: spoken(row),
        }
    };
    let tree = Tree { id, name: "Comparison", lines: rows, selected, gutter: SIGN_WIDTH };
    let outcome = tree_rows::show(ui, &tree, state, decorate, |ui, row, rect, response| {
        if let Some(text) = &row.to
            && paint_value(ui, &row.tree, text, right_column(rect, values_left), rect.center().y)
        {
            response.clone().on_hover_text(&**text);
        }
        response.context_menu(|ui| {
            copy_menu(ui, |menu| {
                field_texts(menu, &row.tree);
                if let Some(left) = &row.left {
                    let path = &row.tree.path;
                    menu.text("Value on the left", "", || {
                        Some(value_text(left, path, CopyForm::Text))
                    });
                }
            });
        });
    });
    outcome.chosen
}

/// The names of the sides above their columns.
fn head(ui: &mut Ui, rect: Rect, values_left: f32, names: [&str; 2]) {
    let tokens = Tokens::of(ui);
    let right = right_column(rect, values_left);
    let end = right.max + ui.spacing().scroll.allocated_width();
    let columns = [Rangef::new(values_left, right.min - 2.0), Rangef::new(right.min, end)];
    for (name, column) in names.into_iter().zip(columns) {
        let text = RichText::new(name).font(secondary()).color(tokens.text_secondary);
        let place = Rect::from_x_y_ranges(column, rect.y_range());
        let mut cell = ui.new_child(egui::UiBuilder::new().max_rect(place));
        cell.add(Label::new(text).truncate()).on_hover_text(name);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, (1.0, tokens.separator));
}

/// The right side in words, for screen readers.
fn spoken(row: &CompareRow) -> String {
    let to = row.to.as_deref().unwrap_or_default();
    match row.change {
        None => String::new(),
        Some(ChangeKind::Add) => format!(", only right: {to}"),
        Some(ChangeKind::Remove) => ", only left".to_owned(),
        Some(ChangeKind::Replace) => format!(", right: {to}"),
    }
}
