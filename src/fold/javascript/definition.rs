//! What a projection says of itself: which events it takes, how it partitions them, which handlers
//! it has.
//!
//! Promises: plain data, the same whenever the same script is read.
//! Does not know: JavaScript.

use std::sync::Arc;

use serde::Deserialize;

use super::{HiddenState, ProjectionInput};

/// The number of the handler that a script without handlers has: it keeps the last body.
pub(super) const KEEP_BODY: i32 = 0;

/// How the states of a projection are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioning {
    /// One state for everything.
    None,
    /// One for each stream (`foreachStream`).
    Stream,
    /// One for each key the script names (`partitionBy`).
    By,
}

/// Where `$any` stands among the handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnyPlace {
    /// Before some other handler.
    First,
    /// After all others.
    Last,
}

/// What a projection says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Definition {
    /// Whether it takes events of all streams.
    pub all: bool,
    /// The categories it takes.
    pub categories: Vec<Arc<str>>,
    /// The streams it takes.
    pub streams: Vec<Arc<str>>,
    /// How its states are kept apart.
    pub partition: Partitioning,
    /// The types with a handler of their own, in the order of the script.
    pub handlers: Vec<Arc<str>>,
    /// Whether there is a handler for any other type, and where it stands.
    pub any: Option<AnyPlace>,
    /// Whether it says how a state begins.
    pub init: bool,
    /// Whether it is told of new partitions.
    pub created: bool,
    /// Whether it is told of deleted streams.
    pub deleted: bool,
    /// Whether all partitions share a second state.
    pub bi_state: bool,
    /// Whether results are made of the states.
    pub transforms: bool,
    /// Options that were set.
    pub options: Options,
    /// Variables beside the state that handlers change.
    #[serde(skip)]
    pub hidden_state: Vec<HiddenState>,
}

/// Options of a script. They steer a server; here they are told, and mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The stream that results go to.
    pub result_stream_name: Option<String>,
    /// Whether several streams are put in order by time.
    pub reorder_events: Option<bool>,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It is of another source.
    Elsewhere,
    /// It belongs to no entity, and every stream has a state of its own.
    NoEntity,
    /// Its value could not be decoded.
    Undecodable,
    /// No handler takes its type.
    Unmatched,
    /// The handler with this number takes it.
    Handler(i32),
    /// It deletes its stream.
    Delete,
}

/// The type of a null value.
const TOMBSTONE: &str = "tombstone";

impl Definition {
    /// Whether its partitions can be worked out apart from each other.
    pub fn is_parallel(&self) -> bool {
        self.partition != Partitioning::None && !self.bi_state
    }

    /// Whether it takes events from where this one comes from.
    pub fn takes_source(&self, input: &ProjectionInput) -> bool {
        let is_of = |name: &str| *name == *input.category || *name == *input.topic;
        let is_stream = |name: &Arc<str>| match name.split_once('-') {
            Some(("$ce", category)) => is_of(category),
            Some(("$et", event_type)) => *event_type == *input.event_type,
            _ => input.is_stream(name),
        };
        self.all
            || self.categories.iter().any(|name| is_of(name))
            || self.streams.iter().any(is_stream)
    }

    /// The number of the handler for events of this type.
    pub(super) fn handler(&self, event_type: &str) -> Option<i32> {
        let number = |index: usize| i32::try_from(index + 1).ok();
        let named = self.handlers.iter().position(|handled| **handled == *event_type);
        match (named, self.any) {
            (Some(index), _) => number(index),
            (None, Some(_)) => number(self.handlers.len()),
            // Without any handler the state is the last body.
            (None, None) => self.handlers.is_empty().then_some(KEEP_BODY),
        }
    }

    /// What becomes of an event whose type has this handler.
    pub(super) fn route(&self, input: &ProjectionInput, handler: Option<i32>) -> Route {
        let by_stream = self.partition == Partitioning::Stream;
        let is_tombstone = input.raw.is_none();
        let has_own = || self.handlers.iter().any(|handled| **handled == *TOMBSTONE);
        if !self.takes_source(input) {
            Route::Elsewhere
        } else if by_stream && input.entity.is_none() {
            Route::NoEntity
        } else if input.is_undecodable {
            Route::Undecodable
        } else if is_tombstone && self.deleted {
            Route::Delete
        } else if is_tombstone && by_stream && !has_own() {
            Route::Unmatched
        } else {
            handler.map_or(Route::Unmatched, Route::Handler)
        }
    }
}
