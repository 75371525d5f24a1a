//! How wide the columns of a table are: as wide as what is in them, while there is room.
//!
//! Promises: no column is cut while another has room to spare; what is left goes to the column that
//! takes it; a width that a user set stays; columns that have no room at all are left out, the least
//! needed first.
//! Does not know: what is in a cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn {
    /// Its title.
    pub title: &'static str,
    /// How narrow it may become where there is little room, in points; never narrower than what is
    /// in it when `None`.
    pub least: Option<f32>,
    /// Whether it takes the room that is left.
    pub rest: bool,
    /// Whether its cells stand on the right, as figures do.
    pub figures: bool,
    /// When it is left out for want of room: 0 never, else the greatest first.
    pub dispensable: u8,
}

impl TableColumn {
    /// A column of texts that are cut where there is little room, to no less than this, in points.
    pub const fn text(title: &'static str, least: f32) -> Self {
        Self { title, least: Some(least), rest: false, figures: false, dispensable: 0 }
    }

    /// A column of texts that are never cut.
    pub const fn whole(title: &'static str) -> Self {
        Self { title, least: None, rest: false, figures: false, dispensable: 0 }
    }

    /// A column of figures, which are never cut.
    pub const fn figures(title: &'static str) -> Self {
        Self { title, least: None, rest: false, figures: true, dispensable: 0 }
    }

    /// The column that takes what is left, and no less than this, in points.
    pub const fn rest(title: &'static str, least: f32) -> Self {
        Self { title, least: Some(least), rest: true, figures: false, dispensable: 0 }
    }

    /// Left out for want of room: the greatest number first.
    pub const fn dispensable(mut self, rank: u8) -> Self {
        self.dispensable = rank;
        self
    }
}

/// What is remembered of the columns of a table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ColumnMemory {
    /// The widths that a user set, by the number of the column.
    pub(super) by_hand: BTreeMap<usize, f32>,
    /// How wide each column must be for its title and the cells that were seen, in points.
    #[serde(skip)]
    pub(super) needed: Vec<f32>,
    /// How many rows there were.
    #[serde(skip)]
    rows: u64,
}

impl ColumnMemory {
    /// Forgets what was seen in rows that are gone.
    pub(super) fn take_rows(&mut self, rows: u64, columns: usize) {
        if rows < self.rows || self.needed.len() != columns {
            self.needed = vec![0.0; columns];
        }
        self.rows = rows;
    }

    /// Takes note of how wide a column must be, in points.
    pub(super) fn see(&mut self, column: usize, points: f32) {
        if let Some(needed) = self.needed.get_mut(column) {
            *needed = needed.max(points.ceil());
        }
    }

    /// How narrow a column may become, in points.
    pub(super) fn least(&self, columns: &[TableColumn], number: usize) -> f32 {
        let column = &columns[number];
        let needed = self.needed.get(number).copied().unwrap_or(0.0);
        match column.least {
            None => needed.max(LEAST),
            Some(least) => least.min(needed.max(LEAST)),
        }
    }

    /// Which columns are shown in this much room, from the left: all of them, unless even the least
    /// widths take more.
    pub(super) fn shown(&self, columns: &[TableColumn], room: f32) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..columns.len()).collect();
        loop {
            let taken: f32 = shown.iter().map(|number| self.fixed_or_least(columns, *number)).sum();
            let droppable = |number: &&usize| 0 < columns[**number].dispensable;
            let first = shown
                .iter()
                .filter(droppable)
                .max_by_key(|number| columns[**number].dispensable)
                .copied();
            match first {
                Some(first) if room < taken => shown.retain(|number| *number != first),
                _ => return shown,
            }
        }
    }

    /// The width that a user set, else the least.
    fn fixed_or_least(&self, columns: &[TableColumn], number: usize) -> f32 {
        self.by_hand.get(&number).copied().unwrap_or_else(|| self.least(columns, number))
    }

    /// The widths of the columns that are shown, in points.
    pub(super) fn widths(&self, columns: &[TableColumn], shown: &[usize], room: f32) -> Vec<f32> {
        let demands: Vec<Demand> = shown
            .iter()
            .map(|number| {
                let set = self.by_hand.get(number).copied();
                let least = self.fixed_or_least(columns, *number);
                let needed = self.needed.get(*number).copied().unwrap_or(0.0).max(least);
                Demand { least, needed: set.unwrap_or(needed) }
            })
            .collect();
        let rest = shown.iter().position(|number| columns[*number].rest);
        distribute(room, &demands, rest)
    }
}

/// The least width of a column with nothing in it, in points.
const LEAST: f32 = 32.0;

/// What a column asks for.
#[derive(Clone, Copy, Debug)]
struct Demand {
    /// How narrow it may become, in points.
    least: f32,
    /// How wide it must be for what is in it, in points.
    needed: f32,
}

/// Shares the room: each gets its least, then those that need little more get it before those that
/// need much; what nobody needs goes to the column that takes the rest.
fn distribute(room: f32, demands: &[Demand], rest: Option<usize>) -> Vec<f32> {
    let mut widths: Vec<f32> = demands.iter().map(|demand| demand.least).collect();
    let mut left = room - widths.iter().sum::<f32>();
    let mut order: Vec<usize> = (0..demands.len()).collect();
    let missing = |number: &usize| (demands[*number].needed - demands[*number].least).max(0.0);
    order.sort_by(|one, other| missing(one).total_cmp(&missing(other)));
    for (done, number) in order.iter().enumerate() {
        let share = (left / (order.len() - done) as f32).max(0.0);
        let more = missing(number).min(share);
        widths[*number] += more;
        left -= more;
    }
    if let Some(rest) = rest.filter(|_| 0.0 < left) {
        widths[rest] += left;
    }
    widths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_column_is_cut_while_another_has_room_to_spare(
            room in 0.0_f32..2000.0,
            columns in proptest::collection::vec((0.0_f32..200.0, 0.0_f32..800.0), 1..8),
            rest in 0_usize..8,
        ) {
            let demands: Vec<Demand> = columns
                .iter()
                .map(|(least, more)| Demand { least: *least, needed: least + more })
                .collect();
            let rest = Some(rest).filter(|rest| *rest < demands.len());
            let widths = distribute(room, &demands, rest);
            let is_cut = demands.iter().zip(&widths).any(|(demand, width)| *width < demand.needed - 0.1);
            let taken: f32 = widths.iter().sum();
            for (demand, width) in demands.iter().zip(&widths) {
                prop_assert!(*width > demand.least - 0.1, "{width} of at least {}", demand.least);
                prop_assert!(!is_cut || *width < demand.needed + 0.1, "{widths:?} for {demands:?}");
            }
            let least: f32 = demands.iter().map(|demand| demand.least).sum();
            prop_assert!(taken < room.max(least) + 0.1, "{taken} of {room}");
            prop_assert!(!is_cut || taken > room - 0.1, "{taken} of {room} for {demands:?}");
        }
    }

    #[test]
    fn columns_that_have_no_room_are_left_out_in_their_order() {
        const COLUMNS: [TableColumn; 4] = [
            TableColumn::text("Key", 100.0),
            TableColumn::figures("Offset").dispensable(1),
            TableColumn::rest("Value", 100.0),
            TableColumn::figures("Size").dispensable(2),
        ];
        let memory =
            ColumnMemory { needed: vec![300.0, 80.0, 900.0, 60.0], ..ColumnMemory::default() };
        assert_eq!(memory.shown(&COLUMNS, 400.0), [0, 1, 2, 3]);
        assert_eq!(memory.shown(&COLUMNS, 300.0), [0, 1, 2]);
        assert_eq!(memory.shown(&COLUMNS, 100.0), [0, 2], "what is needed scrolls sideways");
    }
}
