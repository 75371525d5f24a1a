//! How much happened when, at any zoom: counts in time buckets whose widths are powers of two.
//!
//! Promises: a count is exact for its bucket; memory is bounded whatever the span and the number of
//! times; a query costs what it returns.
//! Does not know: which clock the times come from.

/// Above this many buckets the finest level is given up: the next has half as many.
const FINEST_BUCKETS: usize = 4096;

/// Up to this many buckets a level is walked rather than summed up in a coarser one.
const COARSEST_BUCKETS: usize = 512;

/// Counts in consecutive buckets of equal width. Those made of [`TimeBuckets`] are a power of two
/// wide and begin at a multiple of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeCounts {
    /// The first millisecond of the first bucket.
    pub from_ms: i64,
    /// The width of a bucket, in milliseconds; above 0 whenever there are buckets.
    pub bucket_ms: i64,
    /// How many times lie in each bucket.
    pub counts: Vec<u64>,
}

impl TimeCounts {
    /// Zero in as many buckets as cover the span (both ends inclusive), at most this many (at least
    /// 4), none narrower than 2^`finest_log2` milliseconds.
    pub(super) fn zero(from_ms: i64, to_ms: i64, most_buckets: usize, finest_log2: u32) -> Self {
        /// Buckets this wide cover all times with 4 of them.
        const WIDEST_LOG2: u32 = 62;
        let most = u64::try_from(most_buckets.max(4)).expect("a number of buckets has 64 bits");
        let last_index = |log2: u32| (to_ms.max(from_ms) >> log2).abs_diff(from_ms >> log2);
        let log2 =
            (finest_log2..WIDEST_LOG2).find(|log2| last_index(*log2) < most).unwrap_or(WIDEST_LOG2);
        let buckets = usize::try_from(last_index(log2)).expect("no more than were asked for") + 1;
        Self { from_ms: from_ms >> log2 << log2, bucket_ms: 1 << log2, counts: vec![0; buckets] }
    }

    /// The binary logarithm of the width.
    fn width_log2(&self) -> u32 {
        self.bucket_ms.trailing_zeros()
    }

    /// Adds rows that are in the order of time, given how many there are and how many stand before
    /// a time.
    pub(super) fn add_by_rows(&mut self, rows: u32, rows_before_time: impl Fn(i64) -> u32) {
        let mut before = rows_before_time(self.from_ms);
        for index in 0..self.counts.len() {
            if before == rows {
                break;
            }
            let end = rows_before_time(self.bucket_from_ms(index + 1));
            self.counts[index] += u64::from(end.saturating_sub(before));
            before = end.max(before);
        }
    }

    /// The first millisecond of the bucket with this index.
    pub fn bucket_from_ms(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.from_ms.saturating_add(self.bucket_ms.saturating_mul(index))
    }
}

/// A bucket that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    /// Its first millisecond divided by the width of its level.
    number: i64,
    /// How many times lie in it.
    count: u64,
}

/// Counts of times at several zoom levels.
///
/// Invariant: there is at least one level; each level has the buckets of the one before it, of
/// twice the width, in ascending order without empty ones; only the last has at most
/// `COARSEST_BUCKETS`.
#[derive(Clone, Debug)]
pub struct TimeBuckets {
    /// The binary logarithm of the width of the first level's buckets, in milliseconds.
    finest_log2: u32,
    /// The levels, from fine to coarse.
    levels: Vec<Vec<Bucket>>,
}

impl Default for TimeBuckets {
    fn default() -> Self {
        Self { finest_log2: 0, levels: vec![Vec::new()] }
    }
}

impl TimeBuckets {
    /// The counts of these times, in milliseconds, in any order.
    pub fn from_times(times_ms: &[i64]) -> Self {
        let mut buckets = Self::default();
        buckets.extend(times_ms);
        buckets
    }

    /// Counts more times, in milliseconds, in any order.
    pub fn extend(&mut self, times_ms: &[i64]) {
        if times_ms.is_sorted() {
            self.extend_sorted(times_ms);
        } else {
            let mut sorted = times_ms.to_vec();
            sorted.sort_unstable();
            self.extend_sorted(&sorted);
        }
    }

    /// Counts more times that ascend. Each bucket of the finest level is counted up once.
    fn extend_sorted(&mut self, mut times_ms: &[i64]) {
        while let Some(first) = times_ms.first() {
            let number = first >> self.finest_log2;
            let same = times_ms.partition_point(|time| time >> self.finest_log2 == number);
            assert!(same > 0, "every pass counts a time, so that it ends");
            self.add(number, u64::try_from(same).expect("a length has 64 bits"));
            times_ms = &times_ms[same..];
        }
    }

    /// Counts up the bucket with this number on the finest level, and those around it on the
    /// others.
    fn add(&mut self, number: i64, count: u64) {
        for (level, shift) in self.levels.iter_mut().zip(0_u32..) {
            add_to_level(level, number >> shift, count);
        }
        if let Some(coarsest) = self.levels.last().filter(|level| level.len() > COARSEST_BUCKETS) {
            let coarser = coarser(coarsest);
            self.levels.push(coarser);
        }
        if self.levels[0].len() > FINEST_BUCKETS {
            self.levels.remove(0);
            self.finest_log2 += 1;
            assert!(!self.levels.is_empty(), "there is always a level");
        }
    }

    /// The width of the narrowest buckets that are known, in milliseconds: 1 until there are too
    /// many.
    pub fn finest_ms(&self) -> i64 {
        1 << self.finest_log2
    }

    /// The counts between two times (both inclusive) in at most this many buckets (at least 4).
    /// Buckets are no narrower than [`Self::finest_ms`]; the first and the last may reach beyond
    /// the span asked for.
    pub fn histogram(&self, from_ms: i64, to_ms: i64, most_buckets: usize) -> TimeCounts {
        let mut counts = TimeCounts::zero(from_ms, to_ms, most_buckets, self.finest_log2);
        self.add_to(&mut counts);
        counts
    }

    /// Adds the counts to buckets no narrower than the finest of these.
    pub(super) fn add_to(&self, counts: &mut TimeCounts) {
        assert!(
            self.finest_log2 <= counts.width_log2(),
            "no bucket is narrower than what is known"
        );
        let coarser = counts.width_log2() - self.finest_log2;
        let deepest = u32::try_from(self.levels.len() - 1).expect("there are at most 64 levels");
        let level = coarser.min(deepest);
        let (level, shift) = (&self.levels[level as usize], coarser - level);
        let first = counts.from_ms >> counts.width_log2();
        let start = level.partition_point(|bucket| bucket.number >> shift < first);
        for bucket in &level[start..] {
            let index = usize::try_from((bucket.number >> shift).abs_diff(first));
            let Some(count) = index.ok().and_then(|index| counts.counts.get_mut(index)) else {
                break;
            };
            *count += bucket.count;
        }
    }

    /// The finest level as numbers to be stored: the logarithm of its width, then number and count
    /// of each bucket.
    pub(super) fn to_words(&self) -> Vec<u64> {
        let buckets = self.levels[0].iter();
        let words = buckets.flat_map(|bucket| [bucket.number.cast_unsigned(), bucket.count]);
        std::iter::once(u64::from(self.finest_log2)).chain(words).collect()
    }

    /// The buckets that were stored as these numbers; `None` when they are no buckets.
    pub(super) fn from_words(words: &[u64]) -> Option<Self> {
        let Some((finest_log2, buckets)) = words.split_first() else {
            return Some(Self::default());
        };
        let finest_log2 = u32::try_from(*finest_log2).ok().filter(|log2| *log2 < u64::BITS - 1)?;
        let bucket =
            |[number, count]: &[u64; 2]| Bucket { number: number.cast_signed(), count: *count };
        let finest: Vec<Bucket> = buckets.as_chunks().0.iter().map(bucket).collect();
        finest.iter().try_fold(0_u64, |sum, bucket| sum.checked_add(bucket.count))?;
        if !finest.is_sorted_by(|one, other| one.number < other.number) {
            return None;
        }
        let mut levels = vec![finest];
        while let Some(coarsest) = levels.last().filter(|level| level.len() > COARSEST_BUCKETS) {
            let coarser = coarser(coarsest);
            levels.push(coarser);
        }
        Some(Self { finest_log2, levels })
    }

    /// The memory the levels hold, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.levels.iter().map(|level| level.capacity() * size_of::<Bucket>()).sum()
    }
}

/// Counts up one bucket of a level.
fn add_to_level(level: &mut Vec<Bucket>, number: i64, count: u64) {
    match level.last_mut() {
        Some(last) if last.number == number => last.count += count,
        Some(last) if last.number > number => {
            match level.binary_search_by_key(&number, |bucket| bucket.number) {
                Ok(index) => level[index].count += count,
                Err(index) => level.insert(index, Bucket { number, count }),
            }
        }
        _ => level.push(Bucket { number, count }),
    }
}

/// The level with buckets twice as wide.
fn coarser(level: &[Bucket]) -> Vec<Bucket> {
    let mut coarser = Vec::new();
    for bucket in level {
        add_to_level(&mut coarser, bucket.number >> 1, bucket.count);
    }
    coarser
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same counts by looking at every time.
    fn naive(times_ms: &[i64], like: &TimeCounts) -> Vec<u64> {
        let mut counts = vec![0; like.counts.len()];
        for time_ms in times_ms {
            let index = i128::from(*time_ms)
                .wrapping_sub(i128::from(like.from_ms))
                .div_euclid(i128::from(like.bucket_ms));
            if let Some(count) = usize::try_from(index).ok().and_then(|i| counts.get_mut(i)) {
                *count += 1;
            }
        }
        counts
    }

    /// Times that cluster, with a few far away.
    fn times() -> impl Strategy<Value = Vec<i64>> {
        let time = prop_oneof![8 => 0_i64..100_000, 1 => any::<i64>(), 1 => -50_i64..50];
        prop::collection::vec(time, 0..9000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn counts_are_those_of_looking_at_every_time(
            times in times(), split in 0_usize..9000, from in -100_i64..100_000, length in 0_i64..200_000, most in 0_usize..300,
        ) {
            let (before, after) = times.split_at(split.min(times.len()));
            let mut buckets = TimeBuckets::from_times(before);
            buckets.extend(after);
            let histogram = buckets.histogram(from, from + length, most);
            prop_assert!(histogram.counts.len() <= most.max(4));
            prop_assert!(histogram.bucket_ms >= buckets.finest_ms());
            prop_assert!(histogram.from_ms <= from);
            let after = histogram.bucket_from_ms(histogram.counts.len());
            prop_assert!(from + length < after && after - histogram.bucket_ms <= from + length);
            prop_assert_eq!(naive(&times, &histogram), histogram.counts);
            let everything = buckets.histogram(i64::MIN, i64::MAX, most);
            prop_assert_eq!(everything.counts.iter().sum::<u64>(), times.len() as u64);
        }
    }

    #[test]
    fn few_times_are_known_to_the_millisecond() {
        let histogram = TimeBuckets::from_times(&[1005, 1000, 1005]).histogram(1000, 1005, 100);
        let expected = TimeCounts { from_ms: 1000, bucket_ms: 1, counts: vec![1, 0, 0, 0, 0, 2] };
        assert_eq!(histogram, expected);
    }

    #[test]
    fn memory_is_bounded_however_many_times_there_are() {
        let times: Vec<i64> = (0..1_000_000).map(|time| time * 977).collect();
        let buckets = TimeBuckets::from_times(&times);
        assert!(buckets.memory_bytes() < 512 * 1024, "{} bytes", buckets.memory_bytes());
        let histogram = buckets.histogram(0, 977_000_000, 50);
        assert_eq!(naive(&times, &histogram), histogram.counts);
    }
}
