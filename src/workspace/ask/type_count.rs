//! How many events of each type there are in some topics, between two moments.
//!
//! Promises: the type is what the mapping finds, and every record of the span counts for one; what
//! was read and what is missing is told like that of a scan; memory grows with the number of types,
//! up to a bound.
//! Does not know: how counts are printed.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::scan::Watch;
use crate::entity::{TypeCounts, TypeTally};
use crate::model::{Clock, KeyFilter, When};
use crate::workspace::{Failure, Filter, ScanQuestion, ScanSummary, Session};

/// Which events are counted.
#[derive(Debug)]
pub struct TypeCountQuestion {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
    /// The first moment.
    pub from: When,
    /// The last moment, inclusive.
    pub to: When,
    /// Which time a time means.
    pub clock: Clock,
    /// Which events count, beside.
    pub filter: Option<Filter>,
}

impl Session {
    /// Counts the events of each type, and says what was read for it.
    ///
    /// # Errors
    /// `Usage` when a topic, a partition or a moment does not exist; else when records cannot be
    /// read.
    pub fn types(
        &self,
        question: TypeCountQuestion,
        watch: Watch<'_>,
    ) -> Result<(TypeCounts, ScanSummary), Failure> {
        let TypeCountQuestion { topics, partitions, from, to, clock, filter } = question;
        let scan = ScanQuestion {
            topics,
            partitions,
            from,
            to,
            clock,
            only_timed: false,
            keys: KeyFilter::All,
            filter,
            limit: None,
            count_only: false,
            values: false,
            follow: false,
            // A count is the same in any order.
            unordered: true,
        };
        let mut tally = TypeTally::default();
        let read = self.scan(
            &scan,
            &mut |scanned| {
                tally.add(&scanned.event_type, scanned.record);
                ControlFlow::Continue(())
            },
            watch,
        )?;
        Ok((tally.counts(), read))
    }
}
