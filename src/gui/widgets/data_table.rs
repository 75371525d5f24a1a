//! A table of many rows in our measures: `egui_table` with our row height, a chosen row, and keys
//! that move it.
//!
//! Promises: only visible cells are drawn; the last column without a width takes what is left; up,
//! down and page keys move the chosen row, Enter opens it. At most 200,000 rows scroll exactly.
//! Does not know: what is in a cell.

use std::ops::Range;

use egui::{
    Align, Align2, Event, Id, Key, Layout, Modifiers, Rangef, Response, Role, Sense, Ui, UiBuilder,
    WidgetInfo, pos2,
};
use egui_table::{
    CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate, TableState,
};

use super::icon_button::focus_ring;
use super::virtual_rows::keyboard_move;
use super::{Pick, copy_menu};
use crate::gui::theme::{GUTTER, ROW_HEIGHT, Tokens, secondary};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn {
    /// Its title.
    pub title: &'static str,
    /// Its width at first, in points; the column that takes what is left when `None`.
    pub width: Option<f32>,
    /// Whether its cells stand on the right, as figures do.
    pub figures: bool,
}

impl TableColumn {
    /// A column of texts, this wide at first, in points.
    pub const fn text(title: &'static str, width: f32) -> Self {
        Self { title, width: Some(width), figures: false }
    }

    /// A column of figures, this wide at first, in points.
    pub const fn figures(title: &'static str, width: f32) -> Self {
        Self { title, width: Some(width), figures: true }
    }

    /// The column that takes what is left.
    pub const fn rest(title: &'static str) -> Self {
        Self { title, width: None, figures: false }
    }
}

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
        Self { id, name, columns, row_count, chosen: None, scroll_to: None, follow: false }
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

    /// Shows it in all the space that is left.
    pub fn show(self, ui: &mut Ui, rows: &mut dyn TableRows) -> TableResponse {
        let Self { id, name, columns, row_count, chosen, scroll_to, follow } = self;
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
        let mut body = Body {
            rows,
            columns,
            chosen: moved.or(chosen),
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
        table = table.columns(column_widths(&child, table_id, columns, outer.width()));
        if let Some(row) = moved.or(scroll_to) {
            table = table.scroll_to_row(row.min(row_count.saturating_sub(1)), None);
        }
        table.show(&mut child, &mut body);
        let Body { touched, picked, clicked, opened, visible, .. } = body;
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

/// The columns as `egui_table` wants them. Gives it the widths of the first frame, so that it does
/// not measure every cell, and the rest of the width to the column that takes it.
fn column_widths(ui: &Ui, table_id: Id, columns: &[TableColumn], width: f32) -> Vec<Column> {
    let ids = (0..columns.len()).map(|index| table_id.with(index));
    let state = TableState::load(ui.ctx(), table_id).unwrap_or_else(|| {
        let widths = ids.clone().zip(columns).filter_map(|(id, column)| Some((id, column.width?)));
        let state = TableState { col_widths: widths.collect(), parent_width: None };
        state.clone().store(ui.ctx(), table_id);
        state
    });
    let width_of =
        |id: Id, column: &TableColumn| state.col_widths.get(&id).copied().or(column.width);
    let fixed: f32 = ids
        .clone()
        .zip(columns)
        .filter(|(_, column)| column.width.is_some())
        .filter_map(|(id, column)| width_of(id, column))
        .sum();
    let rest = (width - fixed - ui.spacing().scroll.allocated_width()).max(100.0);
    ids.zip(columns)
        .map(|(id, column)| match column.width {
            Some(width) => Column::new(width).id(id).range(Rangef::new(32.0, 1200.0)),
            None => Column::new(rest).id(id).range(Rangef::point(rest)).resizable(false),
        })
        .collect()
}

/// Draws header, rows and cells.
struct Body<'a> {
    /// What is in the rows.
    rows: &'a mut dyn TableRows,
    /// The columns.
    columns: &'a [TableColumn],
    /// The chosen row.
    chosen: Option<u64>,
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
        let Some(column) = self.columns.get(cell.group_index) else { return };
        let (x, align) = if column.figures {
            (rect.right() - GUTTER, Align2::RIGHT_CENTER)
        } else {
            (rect.left() + GUTTER, Align2::LEFT_CENTER)
        };
        let at = pos2(x, rect.center().y);
        ui.painter().text(at, align, column.title, secondary(), tokens.text_secondary);
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
        if selected {
            ui.painter().rect_filled(rect, 0.0, tokens.selection);
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
        let figures = self.columns.get(cell.col_nr).is_some_and(|column| column.figures);
        let rect = ui.max_rect().shrink2(egui::vec2(GUTTER, 0.0));
        let layout = if figures {
            Layout::right_to_left(Align::Center)
        } else {
            Layout::left_to_right(Align::Center)
        };
        let mut cell_ui = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
        self.rows.cell(&mut cell_ui, cell.row_nr, cell.col_nr);
    }

    fn default_row_height(&self) -> f32 {
        ROW_HEIGHT
    }
}
