//! The one place that asks what time it is.
//!
//! Promises: everything else takes the moment as an input, so that the same input gives the same
//! answer.
//! Does not know: time zones.

/// The moment, in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks")]
    let now = jiff::Timestamp::now();
    now.as_millisecond()
}
