//! The lanes of a topic's timeline: what is asked for of it, worked out from what was read.
//!
//! Promises: far away a lane is counts from the time buckets of its segments, and no record is
//! looked at; near it is events, at most as many as a screen can show; what was deleted or not read
//! in a partition is unknown in its lane alone.
//! Does not know: pixels, when it is asked (`topic_table`).

use std::sync::Arc;

use super::State;
use super::pool::TaskKey;
use super::topic::OpenTopic;
use crate::decode::Decoder;
use crate::entity::Mapping;
use crate::model::{PartitionRead, RecordRef, TopicPartition, Transaction};
use crate::partition_log::{LogBounds, LogSnapshot};
use crate::workspace::{
    Lane, LaneMark, LanesWanted, MarkedRecord, NoticeLevel, TopicTimeline, UnknownReason,
    UnknownSpan, event_hue,
};

/// How many events all lanes asked for have as marks at most, about.
const MARKS_MAX: u64 = 6_000;
/// How many events a lane has as marks at most: with more, marks would cover each other.
const LANE_MARKS_MAX: u64 = 2_000;
/// How many events a lane may always have as marks.
const LANE_MARKS_MIN: u64 = 48;
/// Once this many bytes of values were decoded, the rest is drawn without its type.
const DECODED_BYTES_MAX: usize = 16 << 20;

/// How records become events, and how their values are decoded.
type WayToRead = (Arc<Mapping>, Decoder);

/// One lane to be worked out.
#[derive(Debug)]
struct LaneSource {
    /// What it is called.
    label: Arc<str>,
    /// What was read of its topic.
    log: LogSnapshot,
    /// The partition it shows; all when none.
    partition: Option<i32>,
    /// How the topic's records become events.
    way: WayToRead,
    /// What is not known of it.
    unknown: Vec<UnknownSpan>,
}

/// Which lanes are to be worked out, and from what.
#[derive(Debug)]
struct LanesQuestion {
    /// What is wanted.
    wanted: LanesWanted,
    /// The lanes in their order.
    lanes: Vec<LaneSource>,
    /// How many of them are partitions.
    partitions: usize,
}

impl LanesQuestion {
    /// Works out the lanes.
    fn answer(&self) -> TopicTimeline {
        let end = self.wanted.lanes().end.min(self.lanes.len());
        let asked = (end.saturating_sub(self.wanted.lanes().start) as u64).max(1);
        let marks_max = (MARKS_MAX / asked).clamp(LANE_MARKS_MIN, LANE_MARKS_MAX);
        let mut marks = Marks::default();
        let lanes = self.lanes.iter().zip(0..).map(|(source, number)| {
            let events = source.log.record_count(&source.bounds(None));
            let label = Arc::clone(&source.label);
            let lane = if !self.wanted.lanes().contains(&number) {
                Lane { events, ..Lane::new(label, Arc::default()) }
            } else if source.log.record_count(&self.bounds(source)) <= marks_max {
                Lane { events, ..Lane::new(label, marks.of(source, &self.bounds(source))) }
            } else {
                let counts = source.log.histogram(&self.bounds(source), self.wanted.buckets());
                Lane::of_counts(label, events, counts)
            };
            Lane { unknown: source.unknown.clone().into(), ..lane }
        });
        TopicTimeline {
            lanes: lanes.collect(),
            wanted: self.wanted.clone(),
            partitions: self.partitions,
            records: marks.records.into(),
        }
    }

    /// What is asked for of a lane.
    fn bounds(&self, source: &LaneSource) -> LogBounds {
        source.bounds(Some(self.wanted.span_ms()))
    }
}

impl LaneSource {
    /// The lane's records in this span of time; all without one.
    fn bounds(&self, time_ms: Option<(i64, i64)>) -> LogBounds {
        let partitions = self.partition.into_iter().collect();
        LogBounds { partitions, time_ms, ..LogBounds::default() }
    }
}

/// The marks of all lanes so far.
#[derive(Debug, Default)]
struct Marks {
    /// The records behind them.
    records: Vec<MarkedRecord>,
    /// How many bytes of values were decoded.
    decoded_bytes: usize,
}

impl Marks {
    /// The marks of a lane's records within bounds.
    fn of(&mut self, source: &LaneSource, bounds: &LogBounds) -> Arc<[LaneMark]> {
        let found = source.log.in_log_order(bounds);
        found.map(|(_, record)| self.mark(record.get(), &source.way)).collect()
    }

    /// A record as a mark.
    fn mark(&mut self, record: RecordRef<'_>, (mapping, decoder): &WayToRead) -> LaneMark {
        let value = record.value().filter(|_| self.decoded_bytes < DECODED_BYTES_MAX);
        self.decoded_bytes += value.map_or(0, <[u8]>::len);
        let decoded = decoder.decode(value);
        let event_type = mapping.event_type(record, &decoded);
        let hue = event_hue(&event_type);
        self.records.push(MarkedRecord {
            position: record.partition().at(record.offset()),
            log_time_ms: record.log_time_ms(),
            event_type,
            entity: mapping.entity_of(record),
        });
        LaneMark {
            time_ms: record.log_time_ms(),
            version: self.records.len() as u64,
            hue,
            hollow: record.transaction() != Transaction::Committed,
            problem: decoded.failure().is_some(),
        }
    }
}

/// What is unknown of a partition whose log starts at this offset and of which this was read.
fn unknown(partition: &TopicPartition, low: i64, read: Option<&PartitionRead>) -> Vec<UnknownSpan> {
    let span = |from_ms, to_ms, reason, detail: String| UnknownSpan {
        from_ms,
        to_ms,
        reason,
        detail: detail.into(),
    };
    let Some(read) = read else {
        let detail = format!("{partition} was not read");
        return vec![span(i64::MIN, i64::MAX, UnknownReason::NotRead, detail)];
    };
    // A partition that holds nothing of what was asked for says nothing about any moment.
    let first_ms = read.first_timestamp_ms.unwrap_or(i64::MAX);
    let mut spans = Vec::new();
    if read.from > low {
        let detail = format!("{partition} was read from offset {} on", read.from);
        spans.push(span(i64::MIN, first_ms, UnknownReason::NotRead, detail));
    } else if low > 0 && (read.first_timestamp_ms.is_some() || read.is_done()) {
        let detail = format!("{partition} starts at offset {low}: older records were deleted");
        spans.push(span(i64::MIN, first_ms, UnknownReason::Deleted, detail));
    }
    if !read.is_done() {
        let from_ms = read.last_log_time_ms.unwrap_or(i64::MIN);
        let detail = format!("{partition} was read up to offset {} of {}", read.position, read.end);
        spans.push(span(from_ms, i64::MAX, UnknownReason::NotRead, detail));
    }
    spans
}

/// The lanes of a topic's own partitions.
fn of_partitions(open: &OpenTopic, log: &LogSnapshot, way: &WayToRead) -> Vec<LaneSource> {
    let (facts, reads) = (&open.reading.facts, &open.reading.reads);
    let lane = |(partition, marks): (&TopicPartition, &crate::kafka::Watermarks)| LaneSource {
        label: format!("Partition {}", partition.partition).into(),
        log: log.clone(),
        partition: Some(partition.partition),
        way: way.clone(),
        unknown: unknown(
            partition,
            marks.low,
            reads.iter().find(|read| read.partition == *partition),
        ),
    };
    facts.bounds.iter().map(lane).collect()
}

impl State {
    /// This part of a topic's timeline comes into view.
    pub(crate) fn need_lanes(&mut self, topic: &Arc<str>, wanted: LanesWanted) {
        if let Some(open) = self.topic_mut(topic) {
            open.wanted_lanes = Some(wanted);
            self.find_lanes(topic);
        }
    }

    /// Works out the lanes of all topics anew, because each shows the others, too.
    pub(crate) fn find_all_lanes(&mut self) {
        let shown = self.topics.iter().filter(|open| open.wanted_lanes.is_some());
        let shown: Vec<Arc<str>> = shown.map(|open| Arc::clone(&open.view.topic)).collect();
        for topic in shown {
            self.find_lanes(&topic);
        }
    }

    /// Works out a topic's lanes.
    fn find_lanes(&mut self, topic: &Arc<str>) {
        let Some(question) = self.lanes_question(topic) else { return };
        let key = TaskKey::Lanes(topic.to_string());
        let topic = Arc::clone(topic);
        let log = question.lanes.first().map(|lane| lane.log.clone());
        self.work_out(
            key,
            move || Arc::new(question.answer()),
            move |state, timeline| {
                state.touch_urgently();
                let Some(open) = state.topic_mut(&topic) else { return };
                match timeline {
                    Ok(timeline) => open.view.timeline = timeline,
                    Err(problem) => state.notify(NoticeLevel::Error, problem),
                }
                if let Some(log) = log {
                    state.read_again_if_damaged(&topic, &log);
                }
            },
        );
    }

    /// What a topic's lanes are worked out from.
    fn lanes_question(&self, topic: &Arc<str>) -> Option<LanesQuestion> {
        let open = self.topics.iter().find(|open| open.view.topic == *topic)?;
        let wanted = open.wanted_lanes.clone()?;
        let way = |open: &OpenTopic| (Arc::clone(&open.mapping), open.decoder);
        let mut lanes = of_partitions(open, &open.log(), &way(open));
        let partitions = lanes.len();
        let others = self.topics.iter().filter(|other| other.view.topic != *topic);
        lanes.extend(others.filter(|other| other.view.start.is_some()).map(|other| LaneSource {
            label: Arc::clone(&other.view.topic),
            log: other.log(),
            partition: None,
            way: way(other),
            unknown: Vec::new(),
        }));
        Some(LanesQuestion { wanted, lanes, partitions })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::{ControlFlow, Range};

    use super::*;
    use crate::model::{Cancel, OffsetRange, ReadEvent, ReadPlan};
    use crate::partition_log::{GeneratedLog, GeneratedTopic, LogSource as _, LogStore};

    /// The time of the first event, in milliseconds.
    const START_MS: i64 = 1_767_225_600_000;
    /// How long the log is, in milliseconds.
    const SPAN_MS: u32 = 3_600_000;

    /// A question about these lanes of a log of 20,000 events in 4 partitions, over this span of
    /// time in milliseconds.
    fn question(span_ms: (i64, i64), lanes: Range<usize>) -> LanesQuestion {
        let log = GeneratedLog::new(GeneratedTopic {
            topic: "order-events".into(),
            partitions: 4,
            entities: 500,
            events: 20_000,
            start_ms: START_MS,
            span_ms: SPAN_MS,
            seed: 42,
        });
        let plan = ReadPlan::new(log.ranges(), START_MS + 2 * i64::from(SPAN_MS));
        let mut store = LogStore::new(u64::MAX);
        let read = log.read(&plan, &Cancel::new(), &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                store.append(batch).expect("the budget is unlimited");
            }
            ControlFlow::Continue(())
        });
        read.expect("the partitions exist");
        let snapshot = store.snapshot();
        let way = (Arc::new(Mapping::default()), Decoder::Json);
        let source = |partition: i32| LaneSource {
            label: format!("Partition {partition}").into(),
            log: snapshot.clone(),
            partition: Some(partition),
            way: way.clone(),
            unknown: Vec::new(),
        };
        #[expect(clippy::cast_precision_loss, reason = "times of a test")]
        let span_ms = (span_ms.0 as f64, span_ms.1 as f64);
        LanesQuestion {
            wanted: LanesWanted::covering(span_ms, 1_000.0, &lanes),
            lanes: (0..4).map(source).collect(),
            partitions: 4,
        }
    }

    #[test]
    fn from_far_away_lanes_are_counts_that_miss_nothing() {
        let question = question((START_MS, START_MS + i64::from(SPAN_MS)), 0..4);
        let timeline = question.answer();
        assert!(
            timeline.records.is_empty() && timeline.lanes.iter().all(|lane| lane.marks.is_empty())
        );
        let counted: u64 = timeline.lanes.iter().flat_map(|lane| lane.counts.counts.iter()).sum();
        assert_eq!(counted, 20_000);
        assert_eq!(timeline.lanes.iter().map(|lane| lane.events).sum::<u64>(), 20_000);
        assert_eq!(&*timeline.lanes[2].label, "Partition 2");
    }

    #[test]
    fn near_every_event_is_a_mark_that_leads_to_its_record() {
        let middle = START_MS + i64::from(SPAN_MS) / 2;
        let question = question((middle, middle + 20_000), 0..4);
        let timeline = question.answer();
        let (from_ms, to_ms) = question.wanted.span_ms();
        let expected = question.lanes[0]
            .log
            .record_count(&LogBounds { time_ms: Some((from_ms, to_ms)), ..LogBounds::default() });
        assert!(expected > 50, "{expected} events to look at");
        assert_eq!(timeline.records.len() as u64, expected);
        for (lane, number) in timeline.lanes.iter().zip(0..) {
            assert!(lane.counts.counts.is_empty());
            for mark in lane.marks.iter() {
                let record = timeline.record(mark.version).expect("a record behind every mark");
                assert_eq!((record.position.partition, record.log_time_ms), (number, mark.time_ms));
                assert!(record.entity.is_some(), "the key is the entity");
                assert_eq!(timeline.version_of(&record.position), Some(mark.version));
            }
        }
    }

    #[test]
    fn lanes_that_are_not_in_view_are_only_named() {
        let mut question = question((START_MS, START_MS + i64::from(SPAN_MS)), 0..4);
        let template = question.lanes.len();
        for number in template..100 {
            let LaneSource { log, way, .. } = &question.lanes[number % template];
            let (log, way) = (log.clone(), way.clone());
            let label = format!("Partition {number}").into();
            question.lanes.push(LaneSource {
                label,
                log,
                partition: None,
                way,
                unknown: Vec::new(),
            });
        }
        let timeline = question.answer();
        let shown = |lane: &Lane| !lane.counts.counts.is_empty();
        assert_eq!(timeline.lanes.len(), 100);
        assert!(timeline.lanes[..32].iter().all(shown) && !timeline.lanes[32..].iter().any(shown));
        assert_eq!(timeline.lanes[99].events, 20_000, "how many it has is said all the same");
    }

    /// The spans of a partition that was read like this: from, position, end; first and last time.
    fn told(
        low: i64,
        offsets: [i64; 3],
        times: Option<(i64, i64)>,
    ) -> Vec<(i64, i64, UnknownReason)> {
        let partition = TopicPartition::new("t", 0);
        let range = OffsetRange::new(&partition, offsets[0], offsets[2]);
        let read = PartitionRead {
            position: offsets[1],
            first_timestamp_ms: times.map(|(first, _)| first),
            last_log_time_ms: times.map(|(_, last)| last),
            ..PartitionRead::starting(&range)
        };
        let spans = unknown(&partition, low, Some(&read));
        spans.iter().map(|span| (span.from_ms, span.to_ms, span.reason)).collect()
    }

    #[test]
    fn what_a_user_did_not_read_is_told_from_what_was_deleted() {
        use UnknownReason::{Deleted, NotRead};
        assert_eq!(told(0, [0, 9, 9], Some((10, 90))), []);
        assert_eq!(told(5, [5, 9, 9], Some((10, 90))), [(i64::MIN, 10, Deleted)]);
        assert_eq!(told(5, [7, 9, 9], Some((30, 90))), [(i64::MIN, 30, NotRead)]);
        assert_eq!(told(0, [0, 4, 9], Some((10, 40))), [(40, i64::MAX, NotRead)]);
        assert_eq!(told(7, [7, 7, 7], None), [(i64::MIN, i64::MAX, Deleted)]);
        assert_eq!(told(7, [7, 7, 9], None), [(i64::MIN, i64::MAX, NotRead)]);
    }
}
