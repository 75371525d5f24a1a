//! A script that was read and understood.
//!
//! Promises: a program that exists has no syntax error and says where its events come from.
//! Does not know: which events it is run over.

use std::sync::Arc;

use super::engine::{Body, Engine, Naming};
use super::hidden_state::hidden_state;
use super::number_check::exact_numbers;
use super::{Definition, Fault};

/// The number of the handler that a script without handlers has: it keeps the last body.
pub(super) const KEEP_BODY: i32 = 0;

/// What one event may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the engine (loops and calls) that one event may take. They are counted and not timed, because a count is
    /// the same on every machine; at least as many as a server does in its 250 ms.
    pub steps_per_event: u64,
    /// Steps that reading the script may take.
    pub steps_at_start: u64,
    /// What an engine may hold, all states in it included, in bytes.
    pub memory_bytes: usize,
    /// How much stack nested calls may take, in bytes.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_per_event: 10_000_000,
            steps_at_start: 20_000_000,
            memory_bytes: 256 << 20,
            stack_bytes: 1 << 20,
        }
    }
}

/// A script that was read and understood.
#[derive(Clone, Debug)]
pub struct Program {
    /// The script's name, as it stands in messages.
    name: Arc<str>,
    /// Its text.
    source: Arc<str>,
    /// What it says of itself.
    definition: Arc<Definition>,
    /// What its events may take.
    limits: Limits,
    /// Whether numbers that JavaScript would round are handed over as texts.
    exact_numbers: bool,
    /// Whether the script seems to look into bodies.
    mentions_bodies: bool,
}

/// A value as it is handed to the engine.
pub(super) enum GivenBody<'r> {
    /// The bytes as they are.
    Json(&'r [u8]),
    /// JSON with texts for numbers that would be rounded.
    Exact(Vec<u8>),
    /// When a handler asks for it.
    Later,
    /// It is no JSON.
    None,
}

impl GivenBody<'_> {
    /// The same for the engine.
    pub(super) fn as_engine(&self) -> Body<'_> {
        match self {
            Self::Json(text) => Body::Json(text),
            Self::Exact(text) => Body::Json(text),
            Self::Later => Body::Later,
            Self::None => Body::None,
        }
    }
}

impl Program {
    /// Reads a script.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(name: &str, source: &str) -> Result<Self, Fault> {
        Self::read_within(name, source, Limits::default())
    }

    /// Reads a script whose events may take this much.
    ///
    /// # Errors
    /// As of `read`.
    pub fn read_within(name: &str, source: &str, limits: Limits) -> Result<Self, Fault> {
        let name = Arc::from(name);
        let (_, definition) = Engine::new(&name, source, limits, Naming::Single)?;
        let definition = Arc::new(Definition { hidden_state: hidden_state(source), ..definition });
        let mentions_bodies = source.contains("body") || source.contains("data");
        let source = source.into();
        Ok(Self { name, source, definition, limits, exact_numbers: false, mentions_bodies })
    }

    /// The same with numbers that JavaScript would round handed over as texts, or not.
    #[must_use]
    pub fn with_exact_numbers(mut self, exact: bool) -> Self {
        self.exact_numbers = exact;
        self
    }

    /// The script's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The script's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it says of itself.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What its events may take.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether numbers that JavaScript would round are handed over as texts.
    pub fn has_exact_numbers(&self) -> bool {
        self.exact_numbers
    }

    /// How a value is handed to the engine for the handler with this number, if it is JSON.
    pub(super) fn body<'r>(&self, json: Option<&'r [u8]>, handler: i32) -> GivenBody<'r> {
        match json {
            None => GivenBody::None,
            Some(raw) if self.exact_numbers => match exact_numbers(raw) {
                Some(text) => GivenBody::Exact(text),
                None => GivenBody::Json(raw),
            },
            // What is read with its event costs less than what is read on demand.
            Some(raw) if handler == KEEP_BODY || self.mentions_bodies => GivenBody::Json(raw),
            Some(_) => GivenBody::Later,
        }
    }

    /// A new engine with this script in it.
    pub(super) fn engine(&self, naming: Naming) -> Result<Engine, Fault> {
        Engine::new(&self.name, &self.source, self.limits, naming).map(|(engine, _)| engine)
    }
}
