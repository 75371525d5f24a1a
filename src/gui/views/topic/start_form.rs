//! What was typed into the fields that say where to start.
//!
//! Promises: gives a start only when the fields hold one.
//! Does not know: how the fields are drawn.

use crate::gui::theme::TimeFormat;
use crate::gui::time_entry;
use crate::workspace::{StartPosition, TimeCounts};

/// How many records newest and oldest take at first.
pub(crate) const FIRST_COUNT: u64 = 1000;

/// What was typed.
#[derive(Debug)]
pub(crate) struct StartForm {
    /// How many records.
    pub count: String,
    /// The partition.
    pub partition: String,
    /// The offset.
    pub offset: String,
    /// The first time.
    pub from: String,
    /// The last time.
    pub to: String,
    /// What was asked for last.
    pub asked: Option<StartPosition>,
}

impl Default for StartForm {
    fn default() -> Self {
        Self {
            count: FIRST_COUNT.to_string(),
            partition: "0".to_owned(),
            offset: "0".to_owned(),
            from: String::new(),
            to: String::new(),
            asked: None,
        }
    }
}

impl StartForm {
    /// Whether what was asked for last is what is being read.
    pub(crate) fn was_read(&mut self, start: Option<&StartPosition>) -> bool {
        if self.asked.is_some() && self.asked.as_ref() == start {
            self.asked = None;
            return true;
        }
        false
    }

    /// The number of records typed; spaces between figures are fine.
    pub(crate) fn count(&self) -> Option<u64> {
        let digits: String =
            self.count.chars().filter(|character| !character.is_whitespace()).collect();
        digits.parse().ok().filter(|count| *count > 0)
    }

    /// The partition and offset typed.
    pub(crate) fn offset_start(&self) -> Option<StartPosition> {
        let partition = self.partition.trim().parse().ok().filter(|partition| *partition >= 0)?;
        let offset = self.offset.trim().parse().ok().filter(|offset| *offset >= 0)?;
        Some(StartPosition::FromOffset { partition, offset })
    }

    /// The span typed: since a time when the second field is empty.
    pub(crate) fn times(
        &self,
        times: &TimeFormat,
        newest_ms: Option<i64>,
    ) -> Option<StartPosition> {
        let from_ms = time_entry::read(&self.from, times, newest_ms)?;
        if self.to.trim().is_empty() {
            return Some(StartPosition::SinceTime(from_ms));
        }
        let to_ms = time_entry::read(&self.to, times, newest_ms)?;
        (from_ms <= to_ms).then_some(StartPosition::TimeRange { from_ms, to_ms })
    }
}

/// The last millisecond of a histogram.
pub(crate) fn newest_ms(histogram: &TimeCounts) -> Option<i64> {
    let buckets = i64::try_from(histogram.counts.len()).ok().filter(|count| *count > 0)?;
    Some(histogram.from_ms + histogram.bucket_ms * buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_fields_give_a_start() {
        let mut form = StartForm { partition: "3".to_owned(), ..StartForm::default() };
        form.offset = "-1".to_owned();
        assert_eq!(form.offset_start(), None);
        form.offset = "81204".to_owned();
        let expected = StartPosition::FromOffset { partition: 3, offset: 81_204 };
        assert_eq!(form.offset_start(), Some(expected));
        form.count = "1 000".to_owned();
        assert_eq!(form.count(), Some(1000));
        form.count = "0".to_owned();
        assert_eq!(form.count(), None);
    }

    #[test]
    fn a_span_needs_its_beginning_and_runs_forward() {
        let utc = TimeFormat::utc();
        let mut form = StartForm { from: "2026-11-23".to_owned(), ..StartForm::default() };
        let from_ms = 1_795_392_000_000;
        assert_eq!(form.times(&utc, None), Some(StartPosition::SinceTime(from_ms)));
        form.to = "2026-11-22".to_owned();
        assert_eq!(form.times(&utc, None), None);
        form.to = "2026-11-24".to_owned();
        let to_ms = from_ms + 86_400_000;
        assert_eq!(form.times(&utc, None), Some(StartPosition::TimeRange { from_ms, to_ms }));
    }
}
