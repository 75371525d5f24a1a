//! The frames of a topic whose lanes are drawn from time buckets.
//!
//! Promises: lanes are worked out between frames, as they are beside the window; only drawing is
//! measured.
//! Does not know: records. A lane's events come at regular times, so that any part of it can be
//! computed.

use std::sync::Arc;
use std::time::Instant;

use egui::Context;

use super::super::app::{App, Layout};
use super::super::theme;
use super::super::view::Pane;
use super::{Bench, FIRST_MS, FrameFigures, FrameOptions, STEP_MS, WARM_UP_FRAMES, connected};
use crate::kafka::Watermarks;
use crate::model::TopicPartition;
use crate::partition_log::TimeBuckets;
use crate::workspace::{
    Command, EnginePort, Fetch, Lane, LaneMark, LanesWanted, MarkedRecord, PartitionFacts,
    Snapshot, StartPosition, TopicTimeline, TopicView, event_hue, port,
};

/// How many events a lane has as marks at most.
const MARKS_MAX: i64 = 500;

/// A generated topic.
struct Topic {
    /// What the window sees of it.
    view: TopicView,
    /// How much happened when, for each partition.
    buckets: Vec<TimeBuckets>,
    /// How many events a partition has.
    events: i64,
}

/// The frames of a topic.
pub(super) fn frames(options: FrameOptions) -> FrameFigures {
    let mut topic = Topic::new(options);
    let (window, engine) = port();
    let started = Instant::now();
    let ctx = Context::default();
    theme::apply(&ctx);
    let mut app = App::new(window, Layout::default());
    let mut bench = Bench { ctx, size: options.size.map(f32::from), frame: 0 };
    topic.publish(&engine, options.events, 0);
    bench.draw(&mut app, Vec::new());
    let first = started.elapsed();
    app.open(&Pane::Topic(Arc::clone(&topic.view.topic)));
    for _ in 0..WARM_UP_FRAMES {
        bench.draw(&mut app, Vec::new());
        topic.publish(&engine, options.events, 0);
    }
    let times = (0..options.frames.max(1))
        .map(|frame| {
            topic.publish(&engine, options.events, frame as u64 * 7 % options.events.max(1));
            let input = bench.gestures(frame);
            bench.draw(&mut app, input)
        })
        .collect();
    FrameFigures { first, times }
}

impl Topic {
    /// A topic of so many events and lanes.
    fn new(options: FrameOptions) -> Self {
        let lanes = i64::try_from(options.lanes.max(1)).unwrap_or(i64::MAX);
        let events = (i64::try_from(options.events).unwrap_or(i64::MAX) / lanes).max(1);
        let times =
            |lane| (0..events).map(move |number| time_ms(lane, lanes, number)).collect::<Vec<_>>();
        let facts = |partition| PartitionFacts {
            partition,
            leader: Some(1),
            bounds: Some(Watermarks { low: 0, high: events, last_stable: events }),
        };
        let view = TopicView {
            topic: "order-events".into(),
            partitions: Fetch::Ready((0..i32::try_from(lanes).unwrap_or(0)).map(facts).collect()),
            start: Some(StartPosition::Oldest(None)),
            span_ms: Some((time_ms(0, lanes, 0), time_ms(lanes - 1, lanes, events - 1))),
            ..TopicView::default()
        };
        let buckets = (0..lanes).map(|lane| TimeBuckets::from_times(&times(lane))).collect();
        Self { view, buckets, events }
    }

    /// Answers what the window asks and publishes the workspace with the clock after this many
    /// events.
    fn publish(&mut self, engine: &EnginePort, events: u64, version: u64) {
        for command in engine.commands().try_iter() {
            if let Command::NeedLanes(_, wanted) = command {
                self.view.timeline = Arc::new(self.answer(&wanted));
            }
        }
        let topic_views = vec![Arc::new(self.view.clone())];
        engine.publish(Arc::new(Snapshot { topic_views, ..connected(events, version) }));
    }

    /// The lanes that are wanted.
    fn answer(&self, wanted: &LanesWanted) -> TopicTimeline {
        let (from_ms, to_ms) = wanted.span_ms();
        let mut records = Vec::new();
        let lanes = self.buckets.iter().zip(0..).map(|(buckets, lane)| {
            let label: Arc<str> = format!("Partition {lane}").into();
            let events = self.events.unsigned_abs();
            if !usize::try_from(lane).is_ok_and(|lane| wanted.lanes().contains(&lane)) {
                return Lane { events, ..Lane::new(label, Arc::default()) };
            }
            let [first, end] = [from_ms, to_ms].map(|time_ms| self.events_before(lane, time_ms));
            if end - first > MARKS_MAX {
                let counts = buckets.histogram(from_ms, to_ms, wanted.buckets());
                return Lane::of_counts(label, events, counts);
            }
            let marks = (first..end).map(|number| self.mark(lane, number, &mut records));
            Lane { events, ..Lane::new(label, marks.collect()) }
        });
        TopicTimeline {
            lanes: lanes.collect(),
            wanted: wanted.clone(),
            partitions: self.buckets.len(),
            records: records.into(),
        }
    }

    /// How many lanes there are.
    fn lanes(&self) -> i64 {
        i64::try_from(self.buckets.len()).unwrap_or(i64::MAX)
    }

    /// How many events of a lane come before a time, in milliseconds.
    fn events_before(&self, lane: i64, time_ms: i64) -> i64 {
        let into_lane_ms = time_ms - FIRST_MS - lane * STEP_MS;
        into_lane_ms.div_euclid(STEP_MS * self.lanes()).saturating_add(1).clamp(0, self.events)
    }

    /// The event with this number in a lane.
    fn mark(&self, lane: i64, number: i64, records: &mut Vec<MarkedRecord>) -> LaneMark {
        let time_ms = time_ms(lane, self.lanes(), number);
        let event_type = super::TYPES[usize::try_from(number % 5).unwrap_or(0)];
        let partition = i32::try_from(lane).unwrap_or(0);
        records.push(MarkedRecord {
            position: TopicPartition::new(Arc::clone(&self.view.topic), partition).at(number),
            log_time_ms: time_ms,
            event_type: event_type.into(),
            entity: None,
        });
        let (version, hue) = (records.len() as u64, event_hue(event_type));
        LaneMark { time_ms, version, hue, hollow: false, problem: false }
    }
}

/// The time of the event with this number in one of so many lanes, which take turns; in
/// milliseconds.
fn time_ms(lane: i64, lanes: i64, number: i64) -> i64 {
    FIRST_MS + (number * lanes + lane) * STEP_MS
}
