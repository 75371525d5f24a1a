//! What a row would hold after each event of the history: the states the row is compared with.
//!
//! Promises: of every state only the compared columns are kept; a state itself is a short fold
//! away.
//! Does not know: what it means that a state fits.

use std::sync::Arc;

use crate::fold::{Effect, Fold, History};
use crate::model::{Event, Value};
use crate::read_model::agreement::agrees;
use crate::read_model::mapping::MappedRow;
use crate::read_model::row::{Cell, Held};

/// A compared column after each event.
#[derive(Debug)]
pub(super) struct Column {
    /// What the row holds.
    pub(super) cell: Cell,
    /// What the state says after 0, 1, 2, … events.
    pub(super) values: Vec<Value>,
    /// Whether the row agrees with that.
    pub(super) fits: Vec<bool>,
    /// The number of events after which the value last changed.
    pub(super) changed: Vec<usize>,
    /// The values as numbers, arrays by their length, for a first guess; not a number for others.
    pub(super) sizes: Vec<f64>,
    /// The row's value as such a number.
    pub(super) size: f64,
}

/// A value as a number, for a first guess alone.
pub(super) fn size_of(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_str().parse().unwrap_or(f64::NAN),
        Value::String(text) if text.len() < 40 => text.parse().unwrap_or(f64::NAN),
        #[expect(clippy::cast_precision_loss, reason = "a first guess, which is proven by folding")]
        Value::Array(elements) => elements.len() as f64,
        _ => f64::NAN,
    }
}

impl Column {
    /// A column without states.
    fn new(cell: Cell) -> Self {
        let held = match (&cell.value, cell.held) {
            (Value::String(text), Held::Text) if text.starts_with('[') => {
                crate::decode::json::parse(text.as_bytes()).map(|parsed| parsed.value).ok()
            }
            _ => None,
        };
        let size = size_of(held.as_ref().unwrap_or(&cell.value));
        let (values, fits, changed, sizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { cell, values, fits, changed, sizes, size }
    }

    /// Adds what the next state says.
    fn push(&mut self, value: Value) {
        let at = self.values.len();
        let same = self.values.last() == Some(&value);
        let before = at.checked_sub(1).map_or(0, |before| self.changed[before]);
        self.changed.push(if same { before } else { at });
        let known = same.then(|| (self.fits[at - 1], self.sizes[at - 1]));
        let (fits, size) =
            known.unwrap_or_else(|| (agrees(Some(&value), &self.cell), size_of(&value)));
        self.fits.push(fits);
        self.sizes.push(size);
        self.values.push(value);
    }
}

/// The states after each event of a history, measured by a row.
#[derive(Debug)]
pub(super) struct Prefixes<'a> {
    /// The row.
    pub(super) row: &'a MappedRow,
    /// How events are applied.
    pub(super) fold: Arc<dyn Fold>,
    /// The events and their states.
    history: History,
    /// How many events are applied: all, or those before the one the fold fails on.
    applied: usize,
    /// Whether the row is there, then its columns.
    pub(super) columns: Vec<Column>,
    /// Whether the row agrees with the state after 0, 1, 2, … events.
    fits: Vec<bool>,
}

impl<'a> Prefixes<'a> {
    /// Folds these events.
    pub(super) fn new(row: &'a MappedRow, fold: &Arc<dyn Fold>, events: Vec<Event>) -> Self {
        let history = History::new(Arc::clone(fold), events);
        let all = usize::try_from(history.len()).expect("events are in memory");
        let failed = history.failure().and_then(|(version, _)| usize::try_from(version).ok());
        let applied = failed.map_or(all, |version| version - 1);
        let presence = Cell::new(Value::Bool(row.row.is_some()), Held::Exact);
        let cells = row.compared.iter().map(|compared| compared.cell.clone());
        let columns = std::iter::once(presence).chain(cells).map(Column::new).collect();
        let fold = Arc::clone(fold);
        let mut prefixes = Self { row, fold, history, applied, columns, fits: Vec::new() };
        for after in 0..=applied {
            let state = prefixes.state(after);
            let image = prefixes.image(&state);
            for (column, value) in prefixes.columns.iter_mut().zip(image) {
                column.push(value);
            }
            let fits = prefixes.columns.iter().all(|column| column.fits[after]);
            prefixes.fits.push(fits);
        }
        prefixes
    }

    /// How many events are applied.
    pub(super) fn len(&self) -> usize {
        self.applied
    }

    /// The event that the fold fails on, with why.
    pub(super) fn failure(&self) -> Option<(&Event, &str)> {
        let (version, why) = self.history.failure()?;
        Some((self.history.event(version)?, why))
    }

    /// The event with this number, from 1.
    pub(super) fn event(&self, number: usize) -> Option<&Event> {
        self.history.event(number as u64)
    }

    /// All events.
    pub(super) fn events(&self) -> &[Event] {
        self.history.events()
    }

    /// The state after this many events.
    pub(super) fn state(&mut self, after: usize) -> Value {
        self.history.state_after(after as u64)
    }

    /// Whether the row agrees with the state after this many events.
    pub(super) fn fits(&self, after: usize) -> bool {
        self.fits.get(after).copied().unwrap_or(false)
    }

    /// What a row of this state is: itself, or what the fold makes of it. A fold that fails on it
    /// has no row.
    pub(super) fn row_state(&self, state: &Value) -> Value {
        self.fold.result(state).unwrap_or_default()
    }

    /// Whether the row agrees with a state.
    pub(super) fn fits_state(&self, state: &Value) -> bool {
        self.row.agrees(&self.row_state(state))
    }

    /// Whether a row of this state is there, then what is in its columns.
    pub(super) fn image(&self, state: &Value) -> Vec<Value> {
        let state = self.row_state(state);
        let of = |compared: &crate::read_model::mapping::Compared| {
            compared.of_state(&state).cloned().unwrap_or_default()
        };
        let columns = self.row.compared.iter().map(of);
        // Where no row is, nothing is in its columns, and only that counts.
        std::iter::once(Value::Bool(!state.is_null())).chain(columns).collect()
    }

    /// Applies an event to a state. Says whether that went well.
    pub(super) fn apply(&self, state: &mut Value, event: &Event) -> bool {
        !matches!(self.fold.apply(state, event), Effect::Failed(_))
    }
}
