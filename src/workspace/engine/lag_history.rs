//! How far consumer groups were behind, over the time somebody looked.
//!
//! Promises: pure; at most an hour of samples for each group; a group that is gone is forgotten.
//! Does not know: when samples are taken, or how lag is computed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::workspace::{GroupSummary, LagSample};

/// How many samples of a group are kept: an hour of one every three seconds.
const SAMPLES_MAX: usize = 1200;

/// The samples of each group, oldest first.
pub(crate) type LagHistory = BTreeMap<Arc<str>, Arc<[LagSample]>>;

/// The history with a sample of each of these groups, which are all there are.
pub(crate) fn with_sample(
    before: &LagHistory,
    groups: &[GroupSummary],
    time_ms: i64,
) -> LagHistory {
    let longer = |group: &GroupSummary| {
        let known = before.get(&group.group).map(|samples| &samples[..]).unwrap_or_default();
        let kept = known.len().saturating_sub(SAMPLES_MAX - 1);
        let sample = LagSample { time_ms, lag: group.total_lag(), lag_ms: group.oldest_lag_ms() };
        let samples = known[kept..].iter().copied().chain([sample]).collect();
        (Arc::clone(&group.group), samples)
    };
    groups.iter().map(longer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::GroupOffset;

    fn group(name: &str, lags: &[i64]) -> GroupSummary {
        let offset = |lag: &i64| GroupOffset {
            topic: "t".into(),
            partition: 0,
            committed: 0,
            end: Some(*lag),
            lag: Some(*lag),
            lag_ms: Some(*lag * 10),
            open_transaction: None,
            problem: None,
        };
        GroupSummary {
            group: name.into(),
            state: "Stable".into(),
            group_type: None,
            members: Arc::default(),
            offsets: lags.iter().map(offset).collect(),
            problem: None,
        }
    }

    #[test]
    fn samples_follow_each_other_until_the_group_is_gone() {
        let first = with_sample(&LagHistory::new(), &[group("a", &[3, 4]), group("b", &[0])], 100);
        let second = with_sample(&first, &[group("a", &[1])], 200);
        let expected = [(100, 7, Some(40)), (200, 1, Some(10))]
            .map(|(time_ms, lag, lag_ms)| LagSample { time_ms, lag, lag_ms });
        assert_eq!(second["a"][..], expected);
        assert!(!second.contains_key("b"), "a group that is gone is forgotten");
    }

    #[test]
    fn the_oldest_samples_make_room() {
        let groups = [group("a", &[1])];
        let longest = (0..2_000)
            .fold(LagHistory::new(), |history, time_ms| with_sample(&history, &groups, time_ms));
        let samples = &longest["a"];
        assert_eq!((samples.len(), samples[0].time_ms), (SAMPLES_MAX, 800));
    }
}
