//! What the trees share: folding, the lines that are visible, and how a line looks.
//!
//! Promises: folding is remembered by path, so it survives a new state; finding the visible lines
//! is done once per state and folding, not once per frame.
//! Does not know: what changed, who wrote a line.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{
    Align2, Color32, Id, Key, Modifiers, Rangef, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2,
};

use super::virtual_rows::VirtualRows;
use super::{copy, cut_galley};
use crate::gui::theme::{GUTTER, Tokens, body, icon, icons, mono};
use crate::model::JsonPointer;
use crate::workspace::{TreeRow, ValueKind};

/// How far a level is set in, in points.
const INDENT: f32 = 14.0;
/// The width of the gutter for signs on the left, in points.
pub(super) const SIGN_WIDTH: f32 = 18.0;
/// The greatest share of the width that the column of names takes.
const NAME_SHARE: f32 = 0.5;
/// The least width of the column of names, in points.
const NAME_WIDTH_MIN: f32 = 96.0;
/// How wide a character of a name is at most, taken over a whole name, in points.
const CHARACTER_WIDTH: f32 = 7.2;

/// What a tree remembers between frames: what is folded, and the lines that are visible.
#[derive(Debug, Default)]
pub struct TreeState {
    /// The paths that are folded.
    folded: BTreeSet<JsonPointer>,
    /// The numbers of the visible lines.
    visible: Vec<u32>,
    /// The lines that `visible` was made from, an `Arc<[L]>`; kept, so that no others take their
    /// address. None after folding changed.
    visible_of: Option<Box<dyn Any + Send + Sync>>,
    /// How wide the visible names are with what stands before them, in points.
    names_width: f32,
}

impl TreeState {
    /// Folds a path or unfolds it.
    pub fn toggle(&mut self, path: &JsonPointer) {
        if !self.folded.remove(path) {
            self.folded.insert(path.clone());
        }
        self.visible_of = None;
    }

    /// Finds the visible lines anew if the lines or the folding are not those of the last frame.
    pub(super) fn update<L: TreeLine>(&mut self, lines: &Arc<[L]>) {
        let before = self.visible_of.as_ref().and_then(|of| of.downcast_ref::<Arc<[L]>>());
        if before.is_some_and(|before| Arc::ptr_eq(before, lines)) {
            return;
        }
        self.visible_of = Some(Box::new(Arc::clone(lines)));
        self.visible.clear();
        self.names_width = 0.0;
        let mut index = 0;
        while let Some(line) = lines.get(index) {
            let row = line.tree();
            self.visible.push(u32::try_from(index).unwrap_or(u32::MAX));
            let name = CHARACTER_WIDTH * row.name.chars().count() as f32;
            let before = INDENT * (f32::from(row.depth) + 1.0);
            self.names_width = self.names_width.max(before + name + 2.0 * GUTTER);
            let folded = row.descendants > 0 && self.folded.contains(&row.path);
            index += 1 + if folded { row.descendants as usize } else { 0 };
        }
    }

    /// Where the column of values begins in a line of this rectangle with a gutter of this width.
    pub(super) fn values_left(&self, rect: Rect, gutter: f32) -> f32 {
        let most = (rect.width() * NAME_SHARE).max(NAME_WIDTH_MIN);
        rect.left() + gutter + self.names_width.clamp(NAME_WIDTH_MIN, most)
    }
}

/// A line of some tree.
pub trait TreeLine: Send + Sync + 'static {
    /// The line as in any tree.
    fn tree(&self) -> &TreeRow;

    /// What stands in the column of values.
    fn value(&self) -> &str {
        &self.tree().text
    }
}

impl TreeLine for TreeRow {
    fn tree(&self) -> &TreeRow {
        self
    }
}

/// What else a line shows.
#[derive(Debug, Default)]
pub(super) struct Decoration {
    /// A sign in the left gutter and its colour.
    pub sign: Option<(&'static str, Color32)>,
    /// The colour of the line's ground.
    pub ground: Option<Color32>,
    /// How much of the right side is taken, in points.
    pub taken_right: f32,
    /// Words after the name for screen readers.
    pub spoken: String,
}

/// What happened to a tree.
#[derive(Debug, Default)]
pub(super) struct TreeOutcome {
    /// The line that was chosen.
    pub chosen: Option<JsonPointer>,
}

/// A tree about to be shown.
pub(super) struct Tree<'a, L> {
    /// The tree's id.
    pub id: Id,
    /// The tree's name for screen readers.
    pub name: &'a str,
    /// The lines, in the order of an opened tree.
    pub lines: &'a Arc<[L]>,
    /// The chosen path.
    pub selected: Option<&'a JsonPointer>,
    /// The width of the gutter for signs on the left, in points: [`SIGN_WIDTH`], or nothing where
    /// there are none.
    pub gutter: f32,
}

/// Shows a tree. `decorate` says what else a line shows; `finish` adds to a line that was drawn.
pub(super) fn show<L: TreeLine>(
    ui: &mut Ui,
    tree: &Tree<'_, L>,
    state: &mut TreeState,
    decorate: impl Fn(&L, Rect, &Ui) -> Decoration,
    mut finish: impl FnMut(&mut Ui, &L, Rect, &Response),
) -> TreeOutcome {
    let &Tree { id, name, lines, selected, gutter } = tree;
    state.update(lines);
    let mut outcome = TreeOutcome::default();
    let mut toggled = None;
    let line_at = |state: &TreeState, row: usize| {
        state.visible.get(row).and_then(|line| lines.get(*line as usize))
    };
    let chosen_row = selected.and_then(|path| {
        state.visible.iter().position(|line| lines[*line as usize].tree().path == *path)
    });
    let rows = VirtualRows { id, name, count: state.visible.len(), chosen: chosen_row };
    let rows_response = rows.show(ui, |ui, row, rect| {
        let Some(line) = line_at(state, row) else { return };
        let folded = state.folded.contains(&line.tree().path);
        let decoration = decorate(line, rect, ui);
        let selected = chosen_row == Some(row);
        let values_left = state.values_left(rect, gutter);
        let look = LineLook { folded, selected, gutter, values_left, decoration };
        let response = line_ui(ui, id, line, rect, look);
        if response.clicked() {
            outcome.chosen = Some(line.tree().path.clone());
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        if line.tree().descendants > 0
            && (response.double_clicked()
                || caret_clicked(ui, id, line.tree(), caret_rect(line.tree(), rect, gutter)))
        {
            toggled = Some(line.tree().path.clone());
        }
        finish(ui, line, rect, &response);
    });
    if let Some(line) = rows_response.moved_to.and_then(|row| line_at(state, row)) {
        outcome.chosen = Some(line.tree().path.clone());
    }
    if rows_response.response.has_focus()
        && let Some(line) = chosen_row.and_then(|row| line_at(state, row))
    {
        let row = line.tree();
        copy::offer(ui.ctx(), copy::Offer::Field(row.path.clone(), row.value.clone()));
    }
    let enter = rows_response.response.has_focus()
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    if enter && let Some(line) = chosen_row.and_then(|row| line_at(state, row)) {
        toggled = Some(line.tree().path.clone());
    }
    if let Some(path) = toggled {
        state.toggle(&path);
    }
    outcome
}

/// How a line looks at the moment.
struct LineLook {
    /// Whether what lies below it is folded away.
    folded: bool,
    /// Whether it is the chosen line.
    selected: bool,
    /// The width of the gutter for signs, in points.
    gutter: f32,
    /// Where the column of values begins.
    values_left: f32,
    /// What else it shows.
    decoration: Decoration,
}

/// Draws a value of a line between these places; whether it had to be cut.
pub(super) fn paint_value(ui: &Ui, row: &TreeRow, text: &str, x: Rangef, middle: f32) -> bool {
    let tokens = Tokens::of(ui);
    let color = match row.kind {
        ValueKind::Null | ValueKind::Object | ValueKind::Array => tokens.text_secondary,
        ValueKind::Bool | ValueKind::Number | ValueKind::String => tokens.text,
    };
    let font = if row.descendants > 0 { crate::gui::theme::secondary() } else { mono() };
    let galley = cut_galley(ui, text, font, color, (x.span() - GUTTER).max(0.0));
    let elided = galley.elided;
    ui.painter().galley(pos2(x.min, middle - galley.size().y / 2.0), galley, color);
    elided
}

/// The place of the little triangle that folds.
fn caret_rect(row: &TreeRow, rect: Rect, gutter: f32) -> Rect {
    let left = rect.left() + gutter + f32::from(row.depth) * INDENT;
    Rect::from_x_y_ranges(left..=left + INDENT, rect.y_range())
}

/// Whether the little triangle was clicked.
fn caret_clicked(ui: &Ui, id: Id, row: &TreeRow, caret: Rect) -> bool {
    let response = ui.interact(caret, id.with(("fold", row.path.as_str())), Sense::CLICK);
    let enabled = ui.is_enabled();
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, enabled, format!("Fold {}", row.path)));
    response.clicked()
}

/// Draws one line: sign, guides, triangle, name, value.
fn line_ui<L: TreeLine>(ui: &Ui, id: Id, line: &L, rect: Rect, look: LineLook) -> Response {
    let row = line.tree();
    let LineLook { folded, selected, gutter, values_left, decoration } = look;
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, id.with(row.path.as_str()), Sense::CLICK);
    let ground = if selected {
        Some(tokens.selection)
    } else if response.contains_pointer() {
        Some(tokens.hover)
    } else {
        decoration.ground
    };
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 0.0, ground);
    }
    let middle = rect.center().y;
    if let Some((sign, color)) = decoration.sign {
        let at = pos2(rect.left() + gutter / 2.0, middle);
        ui.painter().text(at, Align2::CENTER_CENTER, sign, mono(), color);
    }
    for level in 1..=row.depth {
        let x = rect.left() + gutter + (f32::from(level) - 0.5) * INDENT;
        ui.painter().vline(x, rect.y_range(), (1.0, tokens.separator));
    }
    let caret = caret_rect(row, rect, gutter);
    if row.descendants > 0 {
        let sign = if folded { icons::CARET_RIGHT } else { icons::CARET_DOWN };
        let font = egui::FontId::new(11.0, icon().family);
        ui.painter().text(caret.center(), Align2::CENTER_CENTER, sign, font, tokens.text_secondary);
    }
    let name = match &*row.name {
        "" if row.path.as_str().is_empty() => "value",
        "" => "\"\"",
        name => name,
    };
    let value_left = values_left.max(caret.right() + 48.0);
    let name_font = if row.descendants > 0 { crate::gui::theme::medium() } else { body() };
    let name_color = if selected { tokens.text_strong } else { tokens.text_secondary };
    let name_galley =
        cut_galley(ui, name, name_font, name_color, value_left - caret.right() - GUTTER);
    let at = pos2(caret.right() + 2.0, middle - name_galley.size().y / 2.0);
    ui.painter().galley(at, name_galley, name_color);
    let place = Rangef::new(value_left, rect.right() - decoration.taken_right);
    let elided = paint_value(ui, row, line.value(), place, middle);
    let (enabled, spoken) = (ui.is_enabled(), decoration.spoken);
    response.widget_info(|| {
        WidgetInfo::selected(
            Role::ListItem,
            enabled,
            selected,
            format!("{name} {}{spoken}", line.value()),
        )
    });
    if elided { response.on_hover_text(line.value()) } else { response }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// A line with this path and this many lines below it.
    fn line(path: &str, descendants: u32) -> TreeRow {
        let path = JsonPointer::parse(path).unwrap();
        let depth = u16::try_from(path.tokens().count()).unwrap();
        TreeRow {
            depth,
            name: "x".into(),
            path,
            kind: ValueKind::Object,
            text: "x".into(),
            value: Value::Null,
            descendants,
        }
    }

    /// The numbers of the visible lines.
    fn visible(state: &mut TreeState, lines: &Arc<[TreeRow]>) -> Vec<u32> {
        state.update(lines);
        state.visible.clone()
    }

    #[test]
    fn folding_hides_what_lies_below_and_is_kept_for_the_next_state() {
        let lines: Arc<[TreeRow]> =
            [line("", 4), line("/a", 2), line("/a/b", 1), line("/a/b/c", 0), line("/d", 0)].into();
        let mut state = TreeState::default();
        assert_eq!(visible(&mut state, &lines), [0, 1, 2, 3, 4]);
        state.toggle(&lines[1].path);
        assert_eq!(visible(&mut state, &lines), [0, 1, 4]);
        let next: Arc<[TreeRow]> = [line("", 2), line("/a", 1), line("/a/b", 0)].into();
        assert_eq!(visible(&mut state, &next), [0, 1]);
        state.toggle(&next[1].path);
        assert_eq!(visible(&mut state, &next), [0, 1, 2]);
    }
}
