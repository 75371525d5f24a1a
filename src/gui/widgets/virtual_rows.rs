//! Rows of equal height of which only the visible ones are drawn, as one stop of the keyboard's
//! focus.
//!
//! Promises: a frame costs what is visible, whatever the number of rows; up, down and page keys
//! move a chosen row and keep it in view. Arrows to the sides, Home and End are left to the clock.
//! Does not know: what a row shows.

use egui::{EventFilter, Id, Key, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use super::icon_button::focus_ring;
use crate::gui::theme::{LINE_HEIGHT, Tokens};

/// What a list of rows is called and how it stands.
#[derive(Debug)]
pub(crate) struct VirtualRows<'a> {
    /// The list's id.
    pub id: Id,
    /// The list's name for screen readers.
    pub name: &'a str,
    /// How many rows there are.
    pub count: usize,
    /// The chosen row.
    pub chosen: Option<usize>,
}

/// What happened to a list of rows.
#[derive(Debug)]
pub(crate) struct RowsResponse {
    /// The list as a whole.
    pub response: Response,
    /// The row the keyboard moved to.
    pub moved_to: Option<usize>,
}

impl VirtualRows<'_> {
    /// Shows the rows in all the space that is left; `row_ui` draws one of them into its rectangle.
    pub(crate) fn show(
        self,
        ui: &mut Ui,
        mut row_ui: impl FnMut(&mut Ui, usize, Rect),
    ) -> RowsResponse {
        let Self { id, name, count, chosen } = self;
        let outer = ui.available_rect_before_wrap();
        let response = ui.interact(outer, id, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::List, enabled, name));
        let page = (outer.height() / LINE_HEIGHT).floor().max(2.0) as usize - 1;
        let moved_to = keyboard_move(ui, &response, chosen, count, page);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let area = ScrollArea::vertical().id_salt(id).auto_shrink(false);
            area.show_viewport(ui, |ui, viewport| {
                let (space, _) = ui.allocate_exact_size(
                    vec2(ui.available_width(), (LINE_HEIGHT * count as f32).max(viewport.height())),
                    Sense::empty(),
                );
                let first = (viewport.top() / LINE_HEIGHT).floor().max(0.0) as usize;
                let end = ((viewport.bottom() / LINE_HEIGHT).ceil().max(0.0) as usize).min(count);
                for row in first..end {
                    row_ui(ui, row, row_rect(space, row));
                }
                if let Some(row) = moved_to {
                    ui.scroll_to_rect(row_rect(space, row), None);
                }
            });
        });
        focus_ring(ui, &response, Tokens::of(ui));
        RowsResponse { response, moved_to }
    }
}

/// The rectangle of a row within the space of all rows.
fn row_rect(space: Rect, row: usize) -> Rect {
    let top = space.top() + row as f32 * LINE_HEIGHT;
    Rect::from_x_y_ranges(space.x_range(), top..=top + LINE_HEIGHT)
}

/// The row the keyboard moves to while the list has the focus.
pub(crate) fn keyboard_move(
    ui: &Ui,
    response: &Response,
    chosen: Option<usize>,
    count: usize,
    page: usize,
) -> Option<usize> {
    if !response.has_focus() || count == 0 {
        return None;
    }
    let filter =
        EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let last = count - 1;
    ui.input(|input| {
        let steps = |key| input.num_presses(key) * usize::from(input.modifiers.is_none());
        let down = steps(Key::ArrowDown) + steps(Key::PageDown) * page;
        let up = steps(Key::ArrowUp) + steps(Key::PageUp) * page;
        match chosen {
            _ if down == up => None,
            None => Some(if down > up { 0 } else { last }),
            Some(row) => Some(row.saturating_add(down).saturating_sub(up).min(last)),
        }
        .filter(|row| Some(*row) != chosen)
    })
}
