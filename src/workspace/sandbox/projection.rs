//! Which projection virtual consumers run, and which rows it writes.
//!
//! Promises: a projection is found by the same words on the command line and in fixtures.
//! Does not know: histories.

use std::path::Path;
use std::sync::Arc;

use crate::fold::{BUILTIN_NAMES, Fold, builtin};
use crate::model::Event;
use crate::sandbox::{GivenEvent, Source};
use crate::workspace::Failure;

/// A projection for virtual consumers.
#[derive(Clone, Debug)]
pub struct Projection {
    /// What it makes of events.
    pub fold: Arc<dyn Fold>,
}

impl Projection {
    /// The projection of this name: a built-in fold, or a script whose path is relative to this folder.
    ///
    /// # Errors
    /// `Usage` when there is none.
    pub fn named(name: &str, _folder: &Path) -> Result<Self, Failure> {
        let fold = builtin(name).ok_or_else(|| {
            Failure::usage(format!("unknown projection `{name}`"))
                .with_hint(format!("there is: {}", BUILTIN_NAMES.join(", ")))
        })?;
        Ok(Self { fold })
    }

    /// The history of these events with the rows of this projection.
    pub fn source(&self, events: Vec<Event>) -> Source {
        self.source_with_ids(events.into_iter().map(|event| (event, None)).collect())
    }

    /// The same of events whose ids are known better than their headers tell.
    pub fn source_with_ids(&self, events: Vec<(Event, Option<Arc<str>>)>) -> Source {
        let given = |(event, id): (Event, Option<Arc<str>>)| GivenEvent {
            row: event.entity.clone(),
            id,
            event,
        };
        Source::new(events.into_iter().map(given).collect())
    }
}
