//! Reads in log order what is kept and what is not, as one stream.
//!
//! Promises: no record is handed on twice and none is left out, whatever becomes of what is kept
//! meanwhile: when a part of it cannot be read, the stream breaks off before it, and goes on behind
//! the last record of each partition that was handed on. At most a few times what is kept is tried
//! again; then the log itself is read.
//! Does not know: how records are put in order (`log_order`, the source).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::following::Tail;
use super::looking_up::LookUps;
use super::{CachedLog, RecordSink, ServedRanges, nothing_read};
use crate::model::{
    Cancel, KeyFilter, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, RecordRef,
    SharedRecord, TopicPartition,
};
use crate::partition_log::snapshot::{LogBounds, LogSnapshot};
use crate::partition_log::source::SourceError;
use crate::partition_log::store::LogStore;

/// The rest of a range that is not kept is held in memory for an ordered read when it spans at most
/// this many offsets.
const HELD_REST_OFFSETS: u64 = 200_000;

/// What that rest may take in memory, in bytes.
const HELD_REST_BYTES: u64 = 256 << 20;

/// So often what is kept is tried, each time without what could not be read before. Somebody who
/// writes or removes it at the same time could go on for ever.
const TRIES: usize = 8;

impl CachedLog {
    /// Reads what a plan asks for in log order.
    ///
    /// # Errors
    /// When the log itself cannot be read, or nobody can tell what is kept.
    pub(super) fn read_ordered(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        let mut pass_on = |event: ReadEvent| {
            events(event);
            ControlFlow::Continue(())
        };
        let Some(filled) = self.keep(plan, cancel, &mut pass_on)? else {
            return Ok(nothing_read(plan));
        };
        let mut handed_on = HandedOn::default();
        if plan.follow {
            return self.order_log(plan, &handed_on, cancel, sink, events);
        }
        let (looked_up, flow) = self.look_up(plan, cancel, &mut pass_on)?;
        if flow.is_break() {
            return Ok(nothing_read(plan));
        }
        if !looked_up.is_empty() {
            let found = self.order_looked_up(plan, looked_up, cancel, sink, events)?;
            let Some(mut outcome) = found else {
                return self.order_log(plan, &handed_on, cancel, sink, events);
            };
            outcome.from_cache = outcome.from_cache.saturating_sub(filled);
            return Ok(outcome);
        }
        for _ in 0..TRIES {
            let ordered = self.order_kept(plan, &mut handed_on, cancel, sink, events)?;
            match ordered {
                Ordered::NotHere => break,
                Ordered::Broken => {}
                Ordered::Done(mut outcome) => {
                    let kept = outcome.from_cache.saturating_sub(filled);
                    outcome.from_cache = kept.min(outcome.records());
                    return Ok(outcome);
                }
            }
        }
        self.order_log(plan, &handed_on, cancel, sink, events)
    }

    /// Hands on in log order what is kept, together with a short rest that is not. What cannot be
    /// read of it is forgotten.
    fn order_kept(
        &self,
        plan: &ReadPlan,
        handed_on: &mut HandedOn,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Ordered, SourceError> {
        let mut store = LogStore::new(HELD_REST_BYTES);
        let mut served = ServedRanges::new();
        for range in &plan.ranges {
            served.insert(range.topic_partition(), self.adopt(range, plan, &mut store)?);
        }
        let rest: u64 = Self::rests(plan, &served).iter().map(OffsetRange::span).sum();
        let kept: u64 = served.values().map(|served| served.read.records).sum();
        if kept == 0 || rest > HELD_REST_OFFSETS {
            return Ok(Ordered::NotHere);
        }
        let mut fits = true;
        let mut outcome = self.read_rest(plan, cancel, &served, &mut |event| {
            match event {
                ReadEvent::Batch(batch) => fits = store.append(batch).is_ok(),
                other => events(other),
            }
            if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if !fits {
            return Ok(Ordered::NotHere);
        }
        let snapshot = store.snapshot();
        let ended = handed_on.go_on(&snapshot, plan, cancel, sink);
        if ended == Ended::Broken {
            for segment in snapshot.damaged() {
                let range = OffsetRange::new(segment.partition(), i64::MIN, i64::MAX);
                self.forget_segment(&range, segment.entry(), &segment.file().damage_error())?;
            }
            return Ok(Ordered::Broken);
        }
        if ended == Ended::Stopped {
            outcome.stopped = true;
            outcome.partitions.iter_mut().for_each(|read| handed_on.cut_back(read));
        }
        outcome.from_cache = kept;
        Ok(Ordered::Done(outcome))
    }

    /// Reads the log itself in log order, without the records that were handed on.
    fn order_log(
        &self,
        plan: &ReadPlan,
        handed_on: &HandedOn,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        let mut tail = Tail::new(self, plan, cancel)?;
        let mut kept = Ok(());
        let mut take = |record: RecordRef<'_>| {
            kept = tail.take(record);
            if kept.is_err() {
                return ControlFlow::Break(());
            }
            if handed_on.has(record) { ControlFlow::Continue(()) } else { sink(record) }
        };
        let plan = self.judged_before(plan);
        let outcome = self.source.read_in_log_order(&plan, cancel, &mut take, events)?;
        kept?;
        tail.end(&outcome)?;
        Ok(outcome)
    }

    /// The same as `read_looked_up` with the records in log order. `None` when they do not fit into
    /// memory; none was handed on then.
    fn order_looked_up(
        &self,
        plan: &ReadPlan,
        looked_up: LookUps,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Option<ReadOutcome>, SourceError> {
        let mut store = LogStore::new(HELD_REST_BYTES);
        let mut fits = true;
        let mut outcome = self.read_looked_up(plan, looked_up, cancel, &mut |event| {
            match event {
                ReadEvent::Batch(batch) => fits = store.append(batch).is_ok(),
                other => events(other),
            }
            if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if !fits {
            return Ok(None);
        }
        let mut handed_on = HandedOn::default();
        let ended = handed_on.go_on(&store.snapshot(), plan, cancel, sink);
        assert!(ended != Ended::Broken, "records in memory can be read");
        if ended == Ended::Stopped {
            outcome.stopped = true;
            outcome.partitions.iter_mut().for_each(|read| handed_on.cut_back(read));
            outcome.from_cache = outcome.from_cache.min(outcome.records());
        }
        Ok(Some(outcome))
    }
}

/// How an ordered read of what is kept went.
enum Ordered {
    /// Everything was handed on, or the sink had enough.
    Done(ReadOutcome),
    /// A part could not be read. It is forgotten now, and what was handed on until then is a
    /// beginning of the order.
    Broken,
    /// Too much of it is not kept.
    NotHere,
}

/// How handing on the records of a store ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// With the last record.
    Over,
    /// The sink had enough, or it was called off.
    Stopped,
    /// The next record cannot be read.
    Broken,
}

/// What was handed on of a partition.
#[derive(Clone, Copy, Debug, Default)]
struct HandedOnPart {
    /// How many records were looked at.
    records: u64,
    /// Bytes of their keys and values.
    bytes: u64,
    /// The offset after the last record that was looked at: all before it had their turn.
    to: i64,
}

/// What was handed on of each partition.
#[derive(Debug, Default)]
struct HandedOn(BTreeMap<TopicPartition, HandedOnPart>);

impl HandedOn {
    /// Whether a record had its turn.
    fn has(&self, record: RecordRef<'_>) -> bool {
        self.0.get(record.partition()).is_some_and(|part| record.offset() < part.to)
    }

    /// Notes that a record is looked at. Says whether it is for the first time.
    fn see(&mut self, record: RecordRef<'_>) -> bool {
        if !self.0.contains_key(record.partition()) {
            let to = i64::MIN;
            self.0.insert(record.partition().clone(), HandedOnPart { records: 0, bytes: 0, to });
        }
        let part = self.0.get_mut(record.partition()).expect("it was added if need be");
        if record.offset() < part.to {
            return false;
        }
        assert!(part.to <= record.offset(), "a partition is handed on in offset order");
        part.records += 1;
        part.bytes += record.payload_bytes() as u64;
        part.to = record.offset() + 1;
        true
    }

    /// Hands on the records of a store in log order, behind what was handed on before.
    fn go_on(
        &mut self,
        store: &LogSnapshot,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
    ) -> Ended {
        let mut take = |record: &SharedRecord| {
            let record = record.get();
            if cancel.is_cancelled() {
                return ControlFlow::Break(());
            }
            if self.see(record) && plan.keys.takes(record.key()) {
                sink(record)
            } else {
                ControlFlow::Continue(())
            }
        };
        if let KeyFilter::Equals(key) = &plan.keys {
            let locations = store.records_of_key(&[], key);
            if !store.damage().is_empty() {
                // Some of them may be missing: their order cannot be told.
                return Ended::Broken;
            }
            for location in locations {
                let Some(record) = store.record(location) else { return Ended::Broken };
                if take(&record).is_break() {
                    return Ended::Stopped;
                }
            }
            return Ended::Over;
        }
        let mut records = store.in_log_order(&LogBounds::default());
        if records.try_for_each(|(_, record)| take(&record)).is_break() {
            Ended::Stopped
        } else if records.is_broken() {
            Ended::Broken
        } else {
            Ended::Over
        }
    }

    /// Cuts the account of a read that was stopped back to what was looked at.
    fn cut_back(&self, read: &mut PartitionRead) {
        let part = self.0.get(&read.partition).copied();
        let part = part.unwrap_or(HandedOnPart { to: read.from, ..HandedOnPart::default() });
        (read.records, read.bytes, read.position) = (part.records, part.bytes, part.to);
        read.gaps.retain(|gap| gap.to <= part.to);
        read.lost.retain(|lost| lost.to <= part.to);
    }
}
