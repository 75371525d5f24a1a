//! What the layout says of itself: which panes there are and how much room each must have, how wide
//! the columns of tables are and would have to be, what scrolls sideways.
//!
//! Promises: tells of the last pass alone; costs a few numbers for each pane.
//! Does not know: how anything is laid out, or who asks.

use egui::{Context, Id, Rect, Ui, Vec2};

/// A pane with the room it got.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub rect: Rect,
    /// The least width and height it must have, in points.
    pub least: Vec2,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnWidth {
    /// Its title.
    pub title: &'static str,
    /// How wide it is, in points.
    pub width: f32,
    /// How wide it must be for its title and the cells that were seen, in points.
    pub needed: f32,
    /// How narrow it may become, in points.
    pub least: f32,
}

/// The columns of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableWidths {
    /// The name of the table.
    pub name: String,
    /// Where it is.
    pub rect: Rect,
    /// Its columns, from the left.
    pub columns: Vec<ColumnWidth>,
    /// Whether a user has set the width of one.
    pub set_by_hand: bool,
}

/// What the layout of one pass says of itself.
#[derive(Clone, Debug, Default)]
pub struct LaidOut {
    /// The number of the pass.
    pass: u64,
    /// The panes.
    pub panes: Vec<Pane>,
    /// The tables.
    pub tables: Vec<TableWidths>,
    /// Where content is wider than its place and can be scrolled sideways.
    pub sideways: Vec<Rect>,
    /// Whether a view is higher than the window has room for, and scrolls.
    pub scrolls: bool,
}

/// Under which id it is kept.
fn id() -> Id {
    Id::unique("laid out")
}

impl LaidOut {
    /// Of the last pass.
    pub fn of(ctx: &Context) -> Self {
        let said: Self = ctx.data(|data| data.get_temp(id())).unwrap_or_default();
        // A pass in which nothing was said leaves what was said before.
        if said.pass + 1 < ctx.cumulative_pass_nr() { Self::default() } else { said }
    }

    /// Adds something to what this pass says.
    fn note(ctx: &Context, note: impl FnOnce(&mut Self)) {
        let pass = ctx.cumulative_pass_nr();
        ctx.data_mut(|data| {
            let said: &mut Self = data.get_temp_mut_or_default(id());
            if said.pass != pass {
                *said = Self { pass, ..Self::default() };
            }
            note(said);
        });
    }
}

/// Says where a pane is and how much room it must have at least.
pub(crate) fn note_pane(ui: &Ui, name: &str, rect: Rect, least: Vec2) {
    LaidOut::note(ui.ctx(), |said| {
        said.panes.push(Pane { name: name.to_owned(), rect, least });
    });
}

/// Says how wide the columns of a table are.
pub(crate) fn note_table(ui: &Ui, table: TableWidths) {
    LaidOut::note(ui.ctx(), |said| said.tables.push(table));
}

/// Says that a view is higher than the window has room for, and scrolls.
pub(crate) fn note_scrolls(ui: &Ui) {
    LaidOut::note(ui.ctx(), |said| said.scrolls = true);
}

/// Says that what lies here can be scrolled sideways.
pub(crate) fn note_sideways(ui: &Ui, rect: Rect) {
    LaidOut::note(ui.ctx(), |said| said.sideways.push(rect));
}
