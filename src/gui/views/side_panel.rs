//! Panels at the side of a view, whose width is a share of the room there is.
//!
//! Promises: a width that a user chose stays while the room stays about the same; in much more or
//! less room a panel gets its share of that.
//! Does not know: what is in a panel.

use egui::Id;

/// How much more or less room is another room, in points.
const ROOM_STEP: f32 = 480.0;

/// The id of a side panel in this much room, in points: egui keeps the width of a panel by its id.
pub(super) fn side_panel_id(id: Id, room: f32) -> Id {
    id.with((room / ROOM_STEP).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_another_where_the_room_is_another() {
        let of = |room| side_panel_id(Id::unique("panel"), room);
        assert_eq!(of(1_000.0), of(1_040.0), "a scroll bar more or less");
        assert_ne!(of(1_000.0), of(2_300.0), "the window was made as large as the screen");
    }
}
