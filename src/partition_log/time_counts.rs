//! Counts over time in buckets of any width, for what is shown of a span.
//!
//! Promises: a time outside the span counts nowhere; no count overflows.
//! Does not know: what is counted.

use super::time_buckets::TimeCounts;

impl TimeCounts {
    /// At most this many empty buckets over a span of time, both ends inclusive, in milliseconds.
    pub fn over(from_ms: i64, to_ms: i64, buckets_max: usize) -> Self {
        let span_ms = i128::from(to_ms.max(from_ms)) - i128::from(from_ms) + 1;
        let buckets_max = i128::try_from(buckets_max.max(1)).unwrap_or(i128::MAX);
        let bucket_ms = (span_ms + buckets_max - 1) / buckets_max;
        let count = usize::try_from((span_ms + bucket_ms - 1) / bucket_ms).unwrap_or(0);
        Self {
            from_ms,
            bucket_ms: i64::try_from(bucket_ms).unwrap_or(i64::MAX),
            counts: vec![0; count],
        }
    }

    /// Both together. Without any bucket in one, it is the other; else both have the same buckets.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        if self.counts.is_empty() {
            return other;
        }
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self
    }

    /// Counts this many records at this time, in milliseconds; nothing outside the span.
    pub fn count(&mut self, time_ms: i64, records: u64) {
        if let Some(count) = self.index(time_ms).and_then(|bucket| self.counts.get_mut(bucket)) {
            *count = count.saturating_add(records);
        }
    }

    /// The bucket around this time, in milliseconds: its first millisecond, its last, and its
    /// count.
    pub fn at(&self, time_ms: i64) -> Option<(i64, i64, u64)> {
        let index = self.index(time_ms)?;
        let count = *self.counts.get(index)?;
        let from_ms = self.from_ms + self.bucket_ms * i64::try_from(index).ok()?;
        Some((from_ms, from_ms + self.bucket_ms - 1, count))
    }

    /// The number of the bucket around this time, if there were enough buckets.
    fn index(&self, time_ms: i64) -> Option<usize> {
        let into_span = i128::from(time_ms) - i128::from(self.from_ms);
        usize::try_from(into_span.div_euclid(i128::from(self.bucket_ms.max(1)))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_both_ends_and_nothing_outside() {
        let mut histogram = TimeCounts::over(100, 199, 10);
        for time_ms in [99, 100, 109, 110, 199, 200, i64::MIN, i64::MAX] {
            histogram.count(time_ms, 1);
        }
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_bucket_is_found_by_any_moment_of_it() {
        let histogram = TimeCounts { from_ms: 100, bucket_ms: 10, counts: vec![4, 7] };
        assert_eq!(histogram.at(110), Some((110, 119, 7)));
        assert_eq!(histogram.at(119), Some((110, 119, 7)));
        assert_eq!((histogram.at(99), histogram.at(120)), (None, None));
    }

    #[test]
    fn a_histogram_of_one_moment_has_one_bucket() {
        let mut histogram = TimeCounts::over(7, 7, 400);
        histogram.count(7, 3);
        assert_eq!((histogram.bucket_ms, histogram.counts), (1, vec![3]));
    }
}
