//! The timeline of an entity.
//!
//! Promises: as high as its lanes, up to a third of the view.
//! Does not know: how lanes are drawn.

use std::sync::Arc;

use egui::{Frame, Id, Panel, Ui};

use super::{EntityState, event_at, go_to};
use crate::gui::timeline::{MarkerAction, RULER_HEIGHT, Timeline, TimelineAction, lane_height};
use crate::gui::view::{Action, Spot, View};
use crate::workspace::{
    ClockCommand, ClockPoint, CompareWith, EntityView, EventRow, GroupMarker, LaneMark,
};

/// The greatest share of the view that the timeline takes at first.
const SHARE_MAX: f32 = 0.34;

/// Draws the timeline above everything else.
pub(crate) fn panel(
    ui: &mut Ui,
    entity: &EntityView,
    events: &Arc<[EventRow]>,
    state: &mut EntityState,
    view: &mut View<'_>,
) {
    let describe = |_: usize, mark: &LaneMark| {
        let event_type = event_at(events, mark.version).map_or("", |event| &*event.event_type);
        format!("v{} {event_type}", mark.version)
    };
    let timeline = Timeline {
        lanes: &entity.lanes,
        markers: &entity.group_markers,
        range_ms: range_ms(entity, events),
        cursor_ms: view.snapshot.clock.time_ms,
        pinned_ms: pinned_ms(entity),
        version: entity.at.as_ref().map(|at| at.version).filter(|version| *version > 0),
        times: view.times,
        describe: &describe,
    };
    let height = timeline.full_height(ui.ctx()).min(ui.available_height() * SHARE_MAX);
    let mut action = None;
    Panel::top(Id::unique("timeline"))
        .default_size(height)
        .min_size(48.0)
        .frame(Frame::new())
        .show(ui, |ui| {
            ui.set_min_height(height);
            let id = Id::unique(("entity timeline", &entity.key));
            let rect = ui.available_rect_before_wrap();
            action = timeline.show(ui, id, &mut state.timeline);
            let lanes = RULER_HEIGHT + lane_height(ui.ctx()) * entity.lanes.len() as f32;
            view.out.mark(Spot::GroupMarkers, rect.with_min_y(rect.top() + lanes));
        });
    match action {
        Some(TimelineAction::SetTime(time_ms)) => {
            view.out.clock(ClockCommand::Set(ClockPoint::Time(time_ms)));
        }
        Some(TimelineAction::Choose { lane, version }) => {
            state.lane = lane;
            go_to(entity, version, view);
        }
        Some(TimelineAction::Marker(number, asked)) => {
            if let Some(marker) = entity.group_markers.get(number) {
                follow_marker(entity, marker, asked, view);
            }
        }
        None => {}
    }
}

/// To where a group stands.
fn follow_marker(
    entity: &EntityView,
    marker: &GroupMarker,
    asked: MarkerAction,
    view: &mut View<'_>,
) {
    match asked {
        MarkerAction::GoTo => go_to(entity, marker.version, view),
        MarkerAction::ShowRecord => view.out.act(Action::ShowRecord(marker.record.clone())),
        MarkerAction::ShowGroup => view.out.act(Action::ShowGroup(Arc::clone(&marker.group))),
    }
}

/// The moment that others are compared with.
fn pinned_ms(entity: &EntityView) -> Option<i64> {
    match entity.compare_with {
        Some(CompareWith::Version(_)) => entity.compare.as_ref()?.from.time_ms,
        _ => None,
    }
}

/// The span of the entity's events, which are in order of log time, and of the groups' markers.
fn range_ms(entity: &EntityView, events: &[EventRow]) -> Option<(i64, i64)> {
    let ends = [events.first()?, events.last()?].map(|event| event.log_time_ms);
    let times = entity.group_markers.iter().map(|marker| marker.time_ms);
    let (from, to) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    Some(times.fold((from, to), |(from, to), time_ms| (from.min(time_ms), to.max(time_ms))))
}
