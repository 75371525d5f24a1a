//! What a script may take before it is stopped.
//!
//! Promises: steps are counted and not timed, so that a script ends at the same event on every
//! machine.
//! Does not know: how steps and bytes are counted.

/// What one event may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the engine (loops and calls) that one event may take. They are counted and not
    /// timed, because a count is the same on every machine; at least as many as a server does in
    /// its 250 ms.
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
