//! A table of many rows in our measures: `egui_table` with our row height, a chosen row, and keys
//! that move it.
//!
//! Promises: only visible cells are drawn; columns are as wide as what was seen in them, while there
//! is room (`column_widths`); up, down and page keys move the chosen row, Enter opens it. At most
//! 200,000 rows scroll exactly.
//! Does not know: what is in a cell.

use std::ops::Range;

use egui::epaint::{ClippedShape, Shape};
use egui::{
    Align, Align2, Event, Id, Key, Layout, Modifiers, Rangef, Rect, Response, Role, Sense, Ui,
    UiBuilder, WidgetInfo, pos2,
};
use egui_table::{
    CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate, TableState,
};

use super::column_widths::{ColumnMemory, TableColumn};
use super::icon_button::focus_ring;
use super::virtual_rows::keyboard_move;
use super::{Pick, copy_menu};
use crate::gui::laid_out::{ColumnWidth, TableWidths, note_table};
use crate::gui::theme::{GUTTER, ROW_HEIGHT, Tokens, secondary};

/// How wide the bar before the chosen row is, in points: rows that are only picked have none.
const CHOSEN_BAR: f32 = 3.0;
/// How strong the ground of a row that is only picked is beside that of the chosen one.
const PICKED_STRENGTH: f32 = 0.55;

/// What is in the rows of a table.
pub trait TableRows {
    /// These rows are about to be drawn.
    fn prepare(&mut self, rows: Range<u64>) {
        let _: Range<u64> = rows;
    }

    /// Draws a cell. The ui is as high as a row, its content vertically centred.
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize);

    /// A row in words, for screen readers.
    fn name(&self, row: u64) -> String;

    /// Whether a row is one of several that are picked.
    fn is_picked(&self, row: u64) -> bool {
        let _: u64 = row;
        false
    }

    /// The menu of a row, where rows have one of their own.
    fn menu(&mut self, ui: &mut Ui, row: u64) {
        let _: (&mut Ui, u64) = (ui, row);
    }

    /// Whether rows have a menu of their own; else theirs copies their name.
    fn has_menu(&self) -> bool {
        false
    }
}

/// A table of many rows.
#[derive(Debug)]
#[must_use = "a table is shown in a ui"]
pub struct DataTable<'a> {
    /// The table's id.
    id: Id,
    /// The table's name for screen readers.
    name: &'a str,
    /// The columns.
    columns: &'a [TableColumn],
    /// How many rows there are.
    row_count: u64,
    /// The chosen row.
    chosen: Option<u64>,
    /// The row to bring into view.
    scroll_to: Option<u64>,
    /// Whether it stays at the end as rows are added.
    follow: bool,
    /// Whether the chosen row is the one at the clock.
    at_the_clock: bool,
}

/// What happened to a table.
#[derive(Debug)]
pub struct TableResponse {
    /// The table as a whole; it has the keyboard's focus or not.
    pub response: Response,
    /// The row that was chosen, by click or by key.
    pub chosen: Option<u64>,
    /// The row that was chosen by a click of the main button.
    pub clicked: Option<u64>,
    /// The row that was opened: double click or Enter.
    pub opened: Option<u64>,
    /// How a row was picked among others, by click or by key.
    pub picked: Option<Pick>,
    /// The rows that are visible.
    pub visible: Range<u64>,
}

impl<'a> DataTable<'a> {
    /// A table with this id and name, these columns and this many rows.
    pub fn new(id: Id, name: &'a str, columns: &'a [TableColumn], row_count: u64) -> Self {
        Self {
            id,
            name,
            columns,
            row_count,
            chosen: None,
            scroll_to: None,
            follow: false,
            at_the_clock: false,
        }
    }

    /// With this row chosen.
    pub fn chosen(mut self, row: Option<u64>) -> Self {
        self.chosen = row;
        self
    }

    /// Brings this row into view in this frame.
    pub fn scroll_to(mut self, row: Option<u64>) -> Self {
        self.scroll_to = row;
        self
    }

    /// Stays at the end as rows are added, until the user scrolls up.
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// The chosen row is the one at the clock.
    pub fn at_the_clock(mut self) -> Self {
        self.at_the_clock = true;
        self
    }

    /// Shows it in all the space that is left.
    pub fn show(self, ui: &mut Ui, rows: &mut dyn TableRows) -> TableResponse {
        let Self { id, name, columns, row_count, chosen, scroll_to, follow, at_the_clock } = self;
        let outer = ui.available_rect_before_wrap();
        let response = ui.interact(outer, id, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Table, enabled, name));
        let page = (outer.height() / ROW_HEIGHT).floor().max(3.0) as usize - 2;
        let chosen_index = chosen.and_then(|row| usize::try_from(row).ok());
        let count = usize::try_from(row_count).unwrap_or(usize::MAX);
        let moved = keyboard_move(ui, &response, chosen_index, count, page).map(|row| row as u64);
        let extended = extending_move(ui, &response, chosen, row_count);
        let moved = moved.or(extended);
        let enter = response.has_focus()
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let memory_id = id.with("columns");
        let mut memory = ui.data_mut(|data| data.get_persisted(memory_id)).unwrap_or_default();
        let room = outer.width() - ui.spacing().scroll.allocated_width();
        let layout = ColumnLayout::new(&mut memory, columns, row_count, room);
        let mut body = Body {
            rows,
            columns,
            shown: &layout.shown,
            seen: Vec::new(),
            chosen: moved.or(chosen),
            at_the_clock,
            table_id: id,
            touched: None,
            picked: moved
                .map(Pick::One)
                .filter(|_| extended.is_none())
                .or(extended.map(Pick::UpTo)),
            clicked: None,
            opened: chosen.filter(|_| enter),
            visible: 0..0,
        };
        let mut child = ui.new_child(UiBuilder::new().max_rect(outer).scope_id(id.with("table")));
        // Columns are told apart by space; their edges show under the pointer alone.
        child.visuals_mut().widgets.noninteractive.bg_stroke = egui::Stroke::NONE;
        let mut table = Table::new()
            .id_salt(id)
            .num_rows(row_count)
            .headers([HeaderRow::new(ROW_HEIGHT)])
            .stick_to_bottom(follow);
        let table_id = table.get_id(&child);
        table = table.columns(layout.give(&child, table_id, columns));
        if let Some(row) = moved.or(scroll_to) {
            table = table.scroll_to_row(row.min(row_count.saturating_sub(1)), None);
        }
        table.show(&mut child, &mut body);
        let Body { touched, picked, clicked, opened, visible, seen, .. } = body;
        layout.learn(&child, table_id, &mut memory, &seen);
        layout.note(&child, name, outer, columns, &memory);
        let next = ColumnLayout::new(&mut memory, columns, row_count, room);
        if !next.is_like(&layout) {
            // What is seen for the first time is drawn at its width at once.
            ui.ctx().request_discard("columns fit what is in them");
            ui.ctx().request_repaint();
        }
        ui.data_mut(|data| data.insert_persisted(memory_id, memory));
        ui.advance_cursor_after_rect(outer);
        if touched.is_some() || picked.is_some() {
            response.request_focus();
        }
        focus_ring(ui, &response, Tokens::of(ui));
        TableResponse { response, chosen: touched.or(moved), clicked, opened, picked, visible }
    }
}

/// What was held down when the button of the mouse was let go in this frame: by its end, that may
/// be over.
fn click_modifiers(ui: &Ui) -> Modifiers {
    ui.input(|input| {
        let released = input.events.iter().rev().find_map(|event| match event {
            Event::PointerButton { pressed: false, modifiers, .. } => Some(*modifiers),
            _ => None,
        });
        released.unwrap_or(input.modifiers)
    })
}

/// The row that Shift with an arrow key moves to while the table has the focus: it picks all rows
/// on the way.
fn extending_move(ui: &Ui, response: &Response, chosen: Option<u64>, count: u64) -> Option<u64> {
    let chosen = chosen.filter(|_| response.has_focus())?;
    ui.input(|input| {
        let steps = |key| input.num_presses(key) as u64 * u64::from(input.modifiers.shift_only());
        let (down, up) = (steps(Key::ArrowDown), steps(Key::ArrowUp));
        let row = (chosen + down).saturating_sub(up).min(count.saturating_sub(1));
        (row != chosen).then_some(row)
    })
}

/// Which columns are shown, and how wide they are.
#[derive(Debug)]
struct ColumnLayout {
    /// The numbers of the columns, from the left.
    shown: Vec<usize>,
    /// Their widths, in points.
    widths: Vec<f32>,
}

impl ColumnLayout {
    /// In this much room, as is remembered.
    fn new(memory: &mut ColumnMemory, columns: &[TableColumn], rows: u64, room: f32) -> Self {
        memory.take_rows(rows, columns.len());
        let shown = memory.shown(columns, room);
        let widths = memory.widths(columns, &shown, room);
        Self { shown, widths }
    }

    /// Whether another is the same to the eye.
    fn is_like(&self, other: &Self) -> bool {
        let near = |(one, other): (&f32, &f32)| (one - other).abs() < 0.5;
        self.shown == other.shown && self.widths.iter().zip(&other.widths).all(near)
    }

    /// Gives the columns to `egui_table`, with their widths.
    fn give(&self, ui: &Ui, table_id: Id, columns: &[TableColumn]) -> Vec<Column> {
        let ids = self.shown.iter().map(|number| table_id.with(number));
        let col_widths = ids.zip(&self.widths).map(|(id, width)| (id, *width)).collect();
        TableState { col_widths, parent_width: None }.store(ui.ctx(), table_id);
        let column = |(number, width): (&usize, &f32)| {
            let id = table_id.with(number);
            if columns[*number].rest {
                Column::new(*width).id(id).range(Rangef::point(*width)).resizable(false)
            } else {
                Column::new(*width).id(id).range(Rangef::new(32.0, 1200.0))
            }
        };
        self.shown.iter().zip(&self.widths).map(column).collect()
    }

    /// Learns which widths a user has set, and how wide what was drawn must be.
    fn learn(&self, ui: &Ui, table_id: Id, memory: &mut ColumnMemory, seen: &[(usize, f32)]) {
        for (column, points) in seen {
            memory.see(*column, *points);
        }
        let Some(state) = TableState::load(ui.ctx(), table_id) else { return };
        for (number, given) in self.shown.iter().zip(&self.widths) {
            let id = table_id.with(number);
            // A double click on its edge gives a column the width of what is in it.
            let edge = ui.ctx().read_response(table_id.with(id).with("resize"));
            if edge.is_some_and(|edge| edge.double_clicked()) {
                memory.by_hand.remove(number);
                continue;
            }
            let now = state.col_widths.get(&id).copied().unwrap_or(*given);
            if 0.5 < (now - given).abs() {
                memory.by_hand.insert(*number, now);
            }
        }
    }

    /// Says how wide the columns are.
    fn note(
        &self,
        ui: &Ui,
        name: &str,
        rect: Rect,
        columns: &[TableColumn],
        memory: &ColumnMemory,
    ) {
        let column = |(number, width): (&usize, &f32)| ColumnWidth {
            title: columns[*number].title,
            width: *width,
            needed: memory.needed.get(*number).copied().unwrap_or(0.0),
            least: memory.least(columns, *number),
        };
        let columns = self.shown.iter().zip(&self.widths).map(column).collect();
        let set_by_hand = !memory.by_hand.is_empty();
        note_table(ui, TableWidths { name: name.to_owned(), rect, columns, set_by_hand });
    }
}

/// How wide a cell must be for the texts that were drawn in it, in points.
fn width_of_texts<'a>(
    shapes: impl Iterator<Item = &'a ClippedShape>,
    cell: Rect,
    figures: bool,
) -> f32 {
    let mut width = 0.0_f32;
    for shape in shapes {
        let Shape::Text(text) = &shape.shape else { continue };
        let drawn = text.galley.rect.translate(text.pos.to_vec2());
        let whole = text.galley.intrinsic_size().x.max(drawn.width());
        let taken =
            if figures { cell.right() - drawn.left() } else { drawn.left() + whole - cell.left() };
        width = width.max(taken);
    }
    if width == 0.0 { 0.0 } else { width + GUTTER }
}

/// Draws header, rows and cells.
struct Body<'a> {
    /// What is in the rows.
    rows: &'a mut dyn TableRows,
    /// The columns.
    columns: &'a [TableColumn],
    /// The numbers of those that are shown, from the left.
    shown: &'a [usize],
    /// How wide columns must be for what was drawn, by their number, in points.
    seen: Vec<(usize, f32)>,
    /// The chosen row.
    chosen: Option<u64>,
    /// Whether it is the one at the clock.
    at_the_clock: bool,
    /// The table's id.
    table_id: Id,
    /// The row that was clicked, with whichever button.
    touched: Option<u64>,
    /// How a row was picked.
    picked: Option<Pick>,
    /// The row that was clicked with the main button.
    clicked: Option<u64>,
    /// The row that was opened.
    opened: Option<u64>,
    /// The rows that are visible.
    visible: Range<u64>,
}

impl TableDelegate for Body<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        self.visible = info.visible_rows.clone();
        self.rows.prepare(info.visible_rows.clone());
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let tokens = Tokens::of(ui);
        let rect = ui.max_rect();
        let Some(number) = self.shown.get(cell.group_index).copied() else { return };
        let Some(column) = self.columns.get(number) else { return };
        let (x, align) = if column.figures {
            (rect.right() - GUTTER, Align2::RIGHT_CENTER)
        } else {
            (rect.left() + GUTTER, Align2::LEFT_CENTER)
        };
        let at = pos2(x, rect.center().y);
        let title = ui.painter().text(at, align, column.title, secondary(), tokens.text_secondary);
        self.seen.push((number, title.width() + 2.0 * GUTTER));
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, (1.0, tokens.separator));
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        // A row is drawn once for the columns that stay and once for those that scroll; here none
        // stay.
        if ui.clip_rect().width() <= 0.0 {
            return;
        }
        let tokens = Tokens::of(ui);
        let rect = ui.max_rect();
        let response = ui.interact(rect, self.table_id.with(("row", row)), Sense::CLICK);
        let picked = self.rows.is_picked(row);
        let selected = self.chosen == Some(row) || picked;
        if self.chosen == Some(row) {
            ui.painter().rect_filled(rect, 0.0, tokens.selection);
            let bar = if self.at_the_clock { tokens.cursor } else { tokens.accent };
            let edge = rect.with_max_x(rect.left() + CHOSEN_BAR);
            ui.painter().rect_filled(edge, 0.0, bar);
        } else if picked {
            ui.painter().rect_filled(rect, 0.0, tokens.selection.gamma_multiply(PICKED_STRENGTH));
        } else if response.contains_pointer() {
            ui.painter().rect_filled(rect, 0.0, tokens.hover);
        }
        let (enabled, name) = (ui.is_enabled(), self.rows.name(row));
        response.widget_info(|| WidgetInfo::selected(Role::Row, enabled, selected, &name));
        let modifiers = click_modifiers(ui);
        if response.clicked() && modifiers.command {
            self.picked = Some(Pick::Toggle(row));
        } else if response.clicked() && modifiers.shift {
            self.picked = Some(Pick::UpTo(row));
        } else if response.clicked() {
            self.clicked = Some(row);
        }
        // The menu of several rows is theirs: it leaves them as they are.
        if self.clicked == Some(row) || response.secondary_clicked() && !picked {
            self.touched = Some(row);
            self.picked = Some(Pick::One(row));
        }
        if response.double_clicked() {
            self.opened = Some(row);
        }
        let has_menu = self.rows.has_menu();
        response.context_menu(|ui| {
            if has_menu {
                self.rows.menu(ui, row);
            } else {
                copy_menu(ui, |menu| menu.text("Name", "", || Some(name)));
            }
        });
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(number) = self.shown.get(cell.col_nr).copied() else { return };
        let figures = self.columns.get(number).is_some_and(|column| column.figures);
        let whole = ui.max_rect();
        let rect = whole.shrink2(egui::vec2(GUTTER, 0.0));
        let layout = if figures {
            Layout::right_to_left(Align::Center)
        } else {
            Layout::left_to_right(Align::Center)
        };
        let mut cell_ui = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
        let layer = ui.layer_id();
        let drawn = |ctx: &egui::Context| {
            ctx.graphics(|graphics| graphics.get(layer).map_or(0, |list| list.next_idx().0))
        };
        let before = drawn(ui.ctx());
        self.rows.cell(&mut cell_ui, cell.row_nr, number);
        let width = ui.ctx().graphics(|graphics| {
            let list = graphics.get(layer);
            list.map_or(0.0, |list| width_of_texts(list.all_entries().skip(before), whole, figures))
        });
        self.seen.push((number, width));
    }

    fn default_row_height(&self) -> f32 {
        ROW_HEIGHT
    }
}
