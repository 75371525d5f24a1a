//! How long a frame takes: the real window code without a display, on a generated entity or topic.
//!
//! Promises: measures what the processor does for a frame (views and tessellation), never waiting
//! for a screen; the same options give the same picture.
//! Does not know: the graphics card, which draws the triangles afterwards.

mod topic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{
    Context, Event, Key, Modifiers, MouseWheelUnit, Pos2, RawInput, Rect, Vec2, pos2, vec2,
};

use super::app::{App, Layout};
use super::theme;
use super::view::Pane;
use crate::model::{EntityId, JsonPointer, Position, Transaction};
use crate::workspace::{
    ClockPoint, ClockView, ConnectionInfo, ConnectionState, EntityAt, EntityKey, EntityView,
    EventRow, Fetch, Lane, LaneMark, Snapshot, StateRow, TabsOf, TimeCounts, TreeRow, ValueKind,
    event_hue, port,
};

/// The event types of the generated entity.
const TYPES: [&str; 5] =
    ["OrderCreated", "ItemAdded", "PaymentReceived", "OrderShipped", "OrderCancelled"];
/// The time of the first event, in milliseconds since the epoch: 2026-11-01.
const FIRST_MS: i64 = 1_793_491_200_000;
/// How far the events of one entity are apart, in milliseconds.
const STEP_MS: i64 = 977;
/// Frames that are drawn before measuring, until caches are filled.
const WARM_UP_FRAMES: usize = 30;
/// How many fields the generated state has.
const FIELDS: u64 = 200;

/// Which view is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BenchView {
    /// An entity: its events are marks, its state is scrubbed.
    #[default]
    Entity,
    /// A topic: its lanes are partitions, drawn from time buckets.
    Topic,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameOptions {
    /// Which view.
    pub view: BenchView,
    /// How many events there are.
    pub events: u64,
    /// Over how many lanes.
    pub lanes: u64,
    /// How many frames are measured.
    pub frames: usize,
    /// The size of the window, in points.
    pub size: [u16; 2],
}

impl Default for FrameOptions {
    fn default() -> Self {
        let view = BenchView::Entity;
        Self { view, events: 1_000_000, lanes: 200, frames: 600, size: [1600, 1000] }
    }
}

/// How long frames took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameFigures {
    /// From the start to the end of the first frame, fonts included.
    pub first: Duration,
    /// The frames measured, in their order.
    pub times: Vec<Duration>,
}

/// Draws a window over a generated entity or topic while it is panned, zoomed, scrolled and
/// scrubbed, and measures the frames.
pub fn frames(options: FrameOptions) -> FrameFigures {
    match options.view {
        BenchView::Entity => entity_frames(options),
        BenchView::Topic => topic::frames(options),
    }
}

/// The frames of an entity.
fn entity_frames(options: FrameOptions) -> FrameFigures {
    let entity = generate(options);
    let key = entity.key.clone();
    let entity = Arc::new(entity);
    let (window, engine) = port();
    engine.publish(Arc::new(snapshot(&entity, options.events, 0)));
    let started = Instant::now();
    let ctx = Context::default();
    theme::apply(&ctx);
    let mut app = App::new(window, Layout::default());
    let mut bench = Bench { ctx, size: options.size.map(f32::from), frame: 0 };
    bench.draw(&mut app, Vec::new());
    let first = started.elapsed();
    app.open(&Pane::Entity(key));
    for _ in 0..WARM_UP_FRAMES {
        bench.draw(&mut app, Vec::new());
    }
    let times = (0..options.frames.max(1))
        .map(|frame| {
            let moment = frame as u64 * 7 % options.events.max(1);
            engine.publish(Arc::new(snapshot(&entity, options.events, moment)));
            let input = bench.gestures(frame);
            bench.draw(&mut app, input)
        })
        .collect();
    FrameFigures { first, times }
}

/// A window without a display.
struct Bench {
    /// What draws.
    ctx: Context,
    /// The size, in points.
    size: [f32; 2],
    /// How many frames were drawn.
    frame: u64,
}

impl Bench {
    /// Draws a frame with this input; how long it took.
    fn draw(&mut self, app: &mut App, events: Vec<Event>) -> Duration {
        self.frame += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, Vec2::from(self.size))),
            time: Some(self.frame as f64 / 60.0),
            events,
            focused: true,
            ..RawInput::default()
        };
        let started = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| {
            app.take_news(ui.ctx());
            app.draw(ui);
        });
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let elapsed = started.elapsed();
        drop(triangles);
        output.textures_delta.clear();
        elapsed
    }

    /// What the user does in this frame: pans and zooms the timeline, scrolls its lanes, moves the
    /// pointer over them.
    fn gestures(&self, frame: usize) -> Vec<Event> {
        let [width, height] = self.size;
        let share = (frame % 100) as f32 / 100.0;
        let pointer = pos2(width * (0.4 + 0.5 * share), height * 0.2);
        let key = match frame % 120 {
            0..40 => Key::D,
            40..60 => Key::W,
            60..100 => Key::A,
            _ => Key::S,
        };
        let press = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let lines = if frame % 200 < 100 { -1.0 } else { 1.0 };
        let wheel = Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, lines),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        };
        let mut events = vec![Event::PointerMoved(pointer), press(true), press(false)];
        if frame.is_multiple_of(3) {
            events.push(wheel);
        }
        events
    }
}

/// The address of the event with this version.
fn position(version: u64, topics: &[Arc<str>]) -> Position {
    let topic = &topics[usize::try_from(version).unwrap_or(0) % topics.len()];
    let offset = i64::try_from(version).unwrap_or(i64::MAX);
    Position { topic: Arc::clone(topic), partition: 0, offset }
}

/// The time of the event with this version, in milliseconds.
fn time_ms(version: u64) -> i64 {
    FIRST_MS + i64::try_from(version).unwrap_or(0) * STEP_MS
}

/// An entity of this many events over this many topics.
fn generate(options: FrameOptions) -> EntityView {
    let topics: Arc<[Arc<str>]> =
        (0..options.lanes.max(1)).map(|lane| Arc::from(format!("topic-{lane:03}"))).collect();
    let types = TYPES.map(Arc::<str>::from);
    let summary: Arc<str> = "status CREATED → SHIPPED, +2".into();
    let kind = |version: u64| &types[usize::try_from(version * 31 % 5).unwrap_or(0)];
    let events: Arc<[EventRow]> = (1..=options.events)
        .map(|version| EventRow {
            version,
            position: position(version, &topics),
            timestamp_ms: time_ms(version),
            log_time_ms: time_ms(version),
            event_type: Arc::clone(kind(version)),
            transaction: Transaction::Committed,
            summary: Arc::clone(&summary),
            change_count: 3,
            correlation: None,
            causation: None,
            actor: None,
            problems: Arc::default(),
        })
        .collect();
    let lanes = (0..topics.len() as u64).map(|lane| {
        let versions = (1..=options.events).filter(|version| version % topics.len() as u64 == lane);
        let marks = versions.map(|version| LaneMark {
            time_ms: time_ms(version),
            version,
            hue: event_hue(kind(version)),
            hollow: false,
            problem: false,
        });
        let label = Arc::clone(&topics[usize::try_from(lane).unwrap_or(0)]);
        Lane::new(label, marks.collect())
    });
    EntityView {
        key: EntityKey { entity: EntityId::new("order-1042"), topics: Arc::clone(&topics) },
        job: None,
        events: Fetch::Ready(events),
        lanes: lanes.collect(),
        group_markers: Arc::default(),
        fold: "merge".into(),
        fold_label: "heuristic: merged event bodies".into(),
        at: None,
        at_pending: false,
        at_problem: None,
        selected_path: None,
        path_writers: Arc::default(),
        compare_with: None,
        compare: None,
        completeness: None,
    }
}

/// The workspace with an entity and the clock after this many events.
fn snapshot(entity: &Arc<EntityView>, events: u64, version: u64) -> Snapshot {
    let at = ClockPoint::Time(time_ms(version.max(1)));
    let state = EntityAt {
        at,
        version: version.max(1),
        position: None,
        rows: state(version),
        json: Arc::default(),
        changes: Arc::default(),
        record: None,
    };
    Snapshot {
        entity_views: vec![Arc::new(EntityView {
            at: Some(Arc::new(state)),
            ..EntityView::clone(entity)
        })],
        ..connected(events, version)
    }
}

/// The workspace with nothing open and the clock after this many events.
fn connected(events: u64, version: u64) -> Snapshot {
    let range_ms = (time_ms(1), time_ms(events));
    let time_ms = time_ms(version.max(1));
    let counts = (0..400_u64).map(|bucket| 40 + bucket * bucket % 97).collect();
    let bucket_ms = ((range_ms.1 - range_ms.0) / 400).max(1);
    let density = Arc::new(TimeCounts { from_ms: range_ms.0, bucket_ms, counts });
    Snapshot {
        generation: version,
        connection: ConnectionState::Connected(Arc::new(ConnectionInfo {
            name: "bench".into(),
            brokers: "localhost:9092".into(),
            cluster_id: None,
            broker_count: 1,
            production: false,
            embedded: false,
            trouble: None,
        })),
        tabs_of: TabsOf { number: 1, ..TabsOf::default() },
        clock: ClockView {
            at: ClockPoint::Time(time_ms),
            time_ms: Some(time_ms),
            range_ms: Some(range_ms),
            density,
            ..ClockView::default()
        },
        ..Snapshot::default()
    }
}

/// A state that differs a little at every version.
fn state(version: u64) -> Arc<[StateRow]> {
    let root = JsonPointer::root();
    let row = |field: u64| {
        let name: Arc<str> = format!("field_{field}").into();
        let tree = TreeRow {
            depth: 0,
            path: root.member(&name),
            name,
            kind: ValueKind::Number,
            text: (version.saturating_sub(field)).to_string().into(),
            value: version.saturating_sub(field).into(),
            descendants: 0,
        };
        StateRow {
            tree,
            changed: None,
            written_by: Some(version.max(1)),
            written_by_type: TYPES[0].into(),
            previous: None,
        }
    };
    (0..FIELDS).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_measured_and_none_is_empty() {
        for view in [BenchView::Entity, BenchView::Topic] {
            let options =
                FrameOptions { view, events: 5_000, lanes: 7, frames: 12, size: [800, 600] };
            let figures = frames(options);
            assert_eq!(figures.times.len(), 12);
            assert!(figures.times.iter().all(|time| *time > Duration::ZERO), "something was drawn");
        }
    }
}
