//! What became of the transaction of each record, once that is found out.
//!
//! Promises: asked in ascending order of offsets, an answer costs nothing.
//! Does not know: how it is found out (`transactions`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{OffsetRange, TopicPartition, Transaction};

/// What became of the transactions in some ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    /// What committed readers are not given, by partition.
    pub(super) partitions: BTreeMap<TopicPartition, PartitionOutcomes>,
}

/// What became of the transactions of one partition. Asked in ascending order of offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionOutcomes {
    /// Offsets that readers of committed records are not given, from and to, ascending, below
    /// `last_stable`.
    pub(super) withheld: Arc<[(i64, i64)]>,
    /// The number of the first range that does not end before the offset asked last.
    pub(super) next: usize,
    /// From here on nothing is decided; `None` where there are no transactions.
    pub(super) last_stable: Option<i64>,
}

impl PartitionOutcomes {
    /// What became of the record with this offset.
    pub(super) fn of(&mut self, offset: i64) -> Transaction {
        if self.last_stable.is_some_and(|last_stable| offset >= last_stable) {
            return Transaction::Open;
        }
        while self.withheld.get(self.next).is_some_and(|(_, to)| *to <= offset) {
            self.next += 1;
        }
        let withheld = self.withheld.get(self.next).is_some_and(|(from, _)| *from <= offset);
        if withheld { Transaction::Aborted } else { Transaction::Committed }
    }
}

impl Outcomes {
    /// What became of the transactions of the partition of this range.
    pub(super) fn of(&self, range: &OffsetRange) -> PartitionOutcomes {
        self.partitions.get(&range.topic_partition()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_in_a_withheld_range_was_aborted_and_one_above_the_stable_offset_is_open() {
        let mut outcomes = PartitionOutcomes {
            withheld: Arc::from([(2, 4), (7, 8)]),
            next: 0,
            last_stable: Some(9),
        };
        let labels: Vec<_> = (0..10).map(|offset| outcomes.of(offset)).collect();
        use Transaction::{Aborted, Committed, Open};
        assert_eq!(
            labels,
            [
                Committed, Committed, Aborted, Aborted, Committed, Committed, Committed, Aborted,
                Committed, Open
            ]
        );
    }

    #[test]
    fn without_transactions_everything_counts_as_committed() {
        let mut outcomes = PartitionOutcomes::default();
        assert_eq!(outcomes.of(i64::MAX), Transaction::Committed);
    }
}
