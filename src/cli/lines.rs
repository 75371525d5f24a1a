//! What several commands say in the same way: moments, summaries, verdicts.
//!
//! Promises: names and meaning are those of the documented interface.
//! Does not know: where answers come from; records and events (`evidence`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Completeness, When};
use crate::workspace::time_text;

/// A moment as it is said back: absolute, whatever it was given as.
pub(super) fn moment(when: &When) -> String {
    match when {
        When::Time(time_ms) => time_text::utc(*time_ms),
        other => other.to_string(),
    }
}

/// How many events a fold did not take, or not wholly.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NotTakenLine {
    /// How many.
    not_taken: u64,
    /// How many for each reason.
    #[serde(rename = "not_taken_reasons", skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<&'static str, u64>,
}

impl NotTakenLine {
    /// What is said of these counts.
    pub(super) fn new(reasons: BTreeMap<&'static str, u64>) -> Self {
        Self { not_taken: reasons.values().sum(), reasons }
    }

    /// The same in lines for people; none where the fold took everything.
    pub(super) fn text(&self, fold: &str) -> Vec<String> {
        let line = |(reason, count): (&&str, &u64)| match count {
            1 => format!("1 event is not taken by the fold {fold}: {reason}"),
            _ => format!("{count} events are not taken by the fold {fold}: {reason}"),
        };
        self.reasons.iter().map(line).collect()
    }
}

/// The last line of an answer.
#[derive(Debug, Serialize)]
pub(super) struct SummaryLine<S> {
    /// The summary.
    pub(super) summary: S,
}

/// A history's completeness in a few lines for people: the verdict, then each reason.
pub(super) fn completeness_text(completeness: &Completeness) -> Vec<String> {
    let since = completeness.since.as_ref().map(|since| {
        let time = since.timestamp_ms.map(|time_ms| format!(", {}", time_text::utc(time_ms)));
        format!(" {}{}", since.position, time.unwrap_or_default())
    });
    let verdict = completeness.verdict.as_str().replace('_', " ");
    let mut lines = vec![format!("history: {verdict}{}", since.unwrap_or_default())];
    lines.extend(completeness.reasons.iter().map(|reason| format!("  {}", reason.detail)));
    lines
}
