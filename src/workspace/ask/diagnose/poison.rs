//! The records that a group stands before and cannot take.
//!
//! Promises: a record is called so only while the group does not move and the log goes on behind
//! it: it cannot be decoded, or the projection fails on it.
//! Does not know: what consumers do on errors.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::ReadModel;
use super::histories::Histories;
use crate::fold::History;
use crate::model::{Event, OffsetRange, ReadPlan, RecordRef, TopicPartition};
use crate::partition_log::LogSource as _;
use crate::read_model::diagnose::{Cut, EventRef, Poison};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{EntityQuestion, Failure, Session};

/// In how many partitions the next record is looked at.
const PARTITIONS_MAX: usize = 64;

/// How many offsets from a commit on are looked at: the first ones may be markers.
const LOOK_AHEAD: i64 = 256;

impl Session {
    /// The records that a group stands before and cannot take, by partition.
    pub(super) fn poison(
        &self,
        model: &ReadModel,
        cut: &Cut,
        histories: &Histories,
        watch: Watch<'_>,
    ) -> Result<Vec<(TopicPartition, Poison)>, Failure> {
        let both = cut.before.committed.as_ref().zip(cut.after.committed.as_ref());
        let Some((before, after)) = both else { return Ok(Vec::new()) };
        let stands = |(partition, offset): (&TopicPartition, &i64)| {
            let end = *cut.after.ends.get(partition)?;
            let is_still = before.get(partition) == Some(offset) && *offset < end;
            let until = end.min(offset.saturating_add(LOOK_AHEAD));
            is_still.then(|| OffsetRange::new(partition, *offset, until))
        };
        let ranges: Vec<OffsetRange> =
            after.iter().filter_map(stands).take(PARTITIONS_MAX).collect();
        let mut poison = Vec::new();
        for range in ranges {
            let partition = range.topic_partition();
            let Some(event) = self.next_event(range)? else { continue };
            if let Some(failure) = self.failure_on(model, &event, histories, watch)? {
                poison.push((partition, Poison { event: EventRef::new(&event), failure }));
            }
        }
        Ok(poison)
    }

    /// The first record of a range as an event.
    fn next_event(&self, range: OffsetRange) -> Result<Option<Event>, Failure> {
        let mapping = self.topic_mapping(&range.topic)?;
        let plan =
            ReadPlan { isolation: self.isolation, ..ReadPlan::new(vec![range], self.started_ms) };
        let mut first = None;
        let mut take = |record: RecordRef<'_>| {
            first = Some(mapping.mapping.event(record, mapping.decoder, 1));
            ControlFlow::Break(())
        };
        self.log.read_in_log_order(&plan, &self.cancel, &mut take, &mut |_| {})?;
        self.check_cancelled()?;
        Ok(first)
    }

    /// Why a record cannot be taken.
    fn failure_on(
        &self,
        model: &ReadModel,
        event: &Event,
        histories: &Histories,
        watch: Watch<'_>,
    ) -> Result<Option<Arc<str>>, Failure> {
        if let Some(reason) = event.value.failure() {
            return Ok(Some(reason.into()));
        }
        let Some(entity) = &event.entity else { return Ok(None) };
        let events = if let Some(own) = histories.of(entity) {
            own.events.clone()
        } else {
            let (topics, partitions) = (model.topics.clone(), Vec::new());
            let question = EntityQuestion { entity: entity.clone(), topics, partitions };
            self.entity_history(&question, watch)?.events
        };
        let through = events.iter().position(|one| one.position == event.position);
        let Some(index) = through else { return Ok(None) };
        let history =
            History::new(Arc::clone(&model.fold), events.into_iter().take(index + 1).collect());
        Ok(history
            .failure()
            .filter(|(version, _)| *version == index as u64 + 1)
            .map(|(_, why)| why.into()))
    }
}
