//! The timeline of a topic: a lane for each partition, and one for each other open topic.
//!
//! Promises: asks the workspace for what is on screen and a little around it, once; until the
//! answer is there the last one stays, in its place in time.
//! Does not know: what is in a lane, how it is drawn.

use std::sync::Arc;

use egui::{Frame, Id, Panel, Ui};

use crate::gui::command::UiCommand;
use crate::gui::theme::{format, icons};
use crate::gui::timeline::{
    RULER_HEIGHT, Timeline, TimelineAction, TimelineState, lane_height, neighbour,
};
use crate::gui::view::{Action, Outbox, View};
use crate::gui::widgets::IconButton;
use crate::workspace::{
    ClockCommand, ClockPoint, Command, LaneMark, LanesWanted, MarkedRecord, TopicView,
};

/// The greatest share of the view that the timeline takes at first.
const SHARE_MAX: f32 = 0.3;
/// Below this height of the view, in points, the timeline is closed at first.
const ROOM: f32 = 420.0;

/// What the timeline remembers.
#[derive(Debug, Default)]
pub(crate) struct LanesState {
    /// The view.
    timeline: TimelineState,
    /// Whether it is shown, once the user said so.
    open: Option<bool>,
    /// Whether there is room for it without being asked for.
    has_room: bool,
    /// What was asked for last.
    asked: Option<LanesWanted>,
    /// The lane in front.
    lane: usize,
}

impl LanesState {
    /// Whether it is shown.
    fn is_open(&self) -> bool {
        self.open.unwrap_or(self.has_room)
    }
}

/// The button that opens and closes the timeline, once there is one.
pub(super) fn toggle(ui: &mut Ui, topic: &TopicView, state: &mut LanesState) {
    if topic.span_ms.is_none() {
        return;
    }
    let button = IconButton::new(icons::CHART_BAR, "Timeline of the partitions");
    if ui.add(button.selected(state.is_open())).clicked() {
        state.open = Some(!state.is_open());
    }
}

/// Draws the timeline above the table.
pub(super) fn panel(ui: &mut Ui, topic: &TopicView, state: &mut LanesState, view: &mut View<'_>) {
    state.has_room = ui.available_height() >= ROOM;
    if topic.span_ms.is_none() || !state.is_open() {
        return;
    }
    let answer = &topic.timeline;
    let describe =
        |_: usize, mark: &LaneMark| answer.record(mark.version).map(words).unwrap_or_default();
    let inspected = view.snapshot.inspected.as_ref().map(|record| &record.position);
    let timeline = Timeline {
        lanes: &answer.lanes,
        markers: &[],
        range_ms: topic.span_ms,
        cursor_ms: view.snapshot.clock.time_ms,
        pinned_ms: None,
        version: inspected.and_then(|position| answer.version_of(position)),
        times: view.times,
        describe: &describe,
    };
    let partitions = topic.partitions.latest().map_or(0, |partitions| partitions.len());
    let lanes = answer.lanes.len().max(partitions);
    let lane_height = lane_height(ui.ctx());
    let most = ((ui.available_height() * SHARE_MAX - RULER_HEIGHT) / lane_height).round();
    let height = RULER_HEIGHT + lane_height * (lanes as f32).min(most);
    let mut action = None;
    Panel::top(Id::unique(("topic timeline", &topic.topic)))
        .default_size(height)
        .min_size(RULER_HEIGHT + lane_height)
        .frame(Frame::new())
        .show(ui, |ui| {
            ui.set_min_height(height);
            let id = Id::unique(("topic lanes", &topic.topic));
            action = timeline.show(ui, id, &mut state.timeline);
        });
    ask(topic, state, view.out);
    match action {
        Some(TimelineAction::SetTime(time_ms)) => {
            view.out.clock(ClockCommand::Set(ClockPoint::Time(time_ms)));
        }
        Some(TimelineAction::Choose { lane, version }) => {
            state.lane = lane;
            go_to(topic, version, view.out);
        }
        Some(TimelineAction::Marker(..)) | None => {}
    }
}

/// Asks for what is on screen, once.
fn ask(topic: &TopicView, state: &mut LanesState, out: &mut Outbox) {
    let Some(shown) = state.timeline.shown() else { return };
    let span_ms = (shown.view.from_ms(), shown.view.to_ms());
    let wanted = LanesWanted::covering(span_ms, f64::from(shown.points), &shown.lanes);
    if topic.timeline.wanted != wanted && state.asked.as_ref() != Some(&wanted) {
        out.send(Command::NeedLanes(Arc::clone(&topic.topic), wanted.clone()));
        state.asked = Some(wanted);
    }
}

/// Carries out a command on the timeline.
pub(super) fn execute(
    command: UiCommand,
    state: &mut LanesState,
    topic: &TopicView,
    view: &mut View<'_>,
) {
    if !matches!(command, UiCommand::PreviousInLane | UiCommand::NextInLane) {
        state.timeline.execute(command);
        return;
    }
    let forward = command == UiCommand::NextInLane;
    let inspected = view.snapshot.inspected.as_ref().map(|record| &record.position);
    let version = inspected.and_then(|position| topic.timeline.version_of(position));
    let lane = topic.timeline.lanes.get(state.lane);
    if let Some(mark) = lane.and_then(|lane| neighbour(&lane.marks, version, forward)) {
        go_to(topic, mark.version, view.out);
    }
}

/// Sets the clock to the record behind a mark and shows it.
fn go_to(topic: &TopicView, version: u64, out: &mut Outbox) {
    let Some(record) = topic.timeline.record(version) else { return };
    let MarkedRecord { position, log_time_ms, .. } = record.clone();
    let point = ClockPoint::Record { time_ms: log_time_ms, position: position.clone() };
    out.clock(ClockCommand::Set(point));
    out.act(Action::ShowRecord(position));
}

/// A record in words: `OrderShipped order-1042, order-events-2@81204`.
fn words(record: &MarkedRecord) -> String {
    let event_type = (!record.event_type.is_empty()).then(|| record.event_type.to_string());
    let entity = record.entity.as_ref().map(|entity| format::middle(&entity.to_string(), 40));
    let named: Vec<String> = event_type.into_iter().chain(entity).collect();
    let separator = if named.is_empty() { "" } else { ", " };
    format!("{}{separator}{}", named.join(" "), record.position)
}
