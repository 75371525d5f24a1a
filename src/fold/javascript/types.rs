//! The types of events that an engine has met.
//!
//! Promises: a type is told to the engine once; after that its handler costs one look-up.
//! Does not know: how many events of a type there are.

use std::collections::HashMap;
use std::sync::Arc;

use super::engine::Engine;
use super::{Definition, Fault};

/// What is known of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// The handler for its events.
    pub(super) handler: Option<i32>,
    /// Its number in the engine.
    pub(super) number: i32,
}

/// The types that an engine has met.
#[derive(Debug, Default)]
pub(super) struct Types(HashMap<Arc<str>, Type>);

impl Types {
    /// What is known of a type.
    ///
    /// # Errors
    /// When the engine has no memory for it.
    pub(super) fn of(
        &mut self,
        engine: &mut Engine,
        definition: &Definition,
        event_type: &Arc<str>,
    ) -> Result<Type, Fault> {
        if let Some(known) = self.0.get(event_type) {
            return Ok(*known);
        }
        let number = engine.add_type(event_type)?;
        assert!(number >= 0, "types are numbered from 0");
        let new = Type { handler: definition.handler(event_type), number };
        self.0.insert(Arc::clone(event_type), new);
        Ok(new)
    }
}
