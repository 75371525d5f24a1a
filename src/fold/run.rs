//! Applying many events one after the other with a fold that needs nothing for it.
//!
//! Promises: the same states as `Fold::apply` gives.
//! Does not know: folds that keep a state in a form of their own.

use std::sync::Arc;

use super::{Effect, Fold, FoldRun};
use crate::model::{Event, Value};

/// A run that keeps the state as it is and hands it to `Fold::apply`.
pub(super) struct Direct<'f, F: ?Sized> {
    /// The fold.
    pub(super) fold: &'f F,
    /// The state so far.
    pub(super) state: Value,
}

impl<F: Fold + ?Sized> FoldRun for Direct<'_, F> {
    fn apply(&mut self, event: &Event) -> Effect {
        self.fold.apply(&mut self.state, event)
    }

    fn state(&mut self) -> Result<Value, Arc<str>> {
        Ok(self.state.clone())
    }
}
