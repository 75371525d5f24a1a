//! A JSON value as a tree.
//!
//! Promises: only visible lines are drawn, so a value of 100,000 lines scrolls as smoothly as one
//! of ten.
//! Does not know: how the value was decoded.

use std::sync::Arc;

use egui::{Id, Rect, Ui};

use super::copy::field_entries;
use super::tree_rows::{self, Decoration, Tree, TreeState};
use crate::model::JsonPointer;
use crate::workspace::TreeRow;

/// Shows a value in all the space that is left; the path that was chosen. `selected` is the chosen
/// one so far.
pub fn json_tree(
    ui: &mut Ui,
    id: Id,
    state: &mut TreeState,
    rows: &Arc<[TreeRow]>,
    selected: Option<&JsonPointer>,
) -> Option<JsonPointer> {
    let decorate = |_: &TreeRow, _: Rect, _: &Ui| Decoration::default();
    let tree = Tree { id, name: "Value", lines: rows, selected, gutter: 0.0 };
    let outcome = tree_rows::show(ui, &tree, state, decorate, |_, row, _, response| {
        response.context_menu(|ui| field_entries(ui, row));
    });
    outcome.chosen
}
