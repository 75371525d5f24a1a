//! An entity: its timeline, its events, its state at the clock, and why the state is what it is.
//!
//! Promises: everything shows the same moment; while the state of a new moment is on its way the
//! old one stays, greyed.
//! Does not know: how events are found or folded.

mod compare;
mod copying;
mod events;
mod header;
mod inspector;
mod state;
mod timeline;

use std::sync::Arc;

use egui::{Frame, Id, Margin, Panel, Ui};

use self::compare::CompareState;
pub(crate) use self::copying::copy_chosen;
use self::inspector::InspectorState;
use super::parts::{self, Part};
use super::record::RecordState;
use super::{unconnected, waiting};
use crate::gui::command::UiCommand;
use crate::gui::theme::icons;
use crate::gui::timeline::{TimelineState, neighbour, problem_beside};
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{EmptyState, Picks, TreeState, problem_box};
use crate::workspace::{ClockCommand, ClockPoint, Command, EntityKey, EntityView, EventRow, Fetch};

/// In how many other topics an entity without events can be looked for by a click.
const OTHER_TOPICS_MAX: usize = 4;

/// The parts beside each other. All columns of the list of events are in it with the beginning of
/// what changed; the names of the inspector's parts stand in a line.
const PARTS: [Part<'_>; 3] = [
    Part::share("Events", 384.0, 0.395),
    Part::rest("State", 260.0).margin(MIDDLE),
    Part::share("Inspector", 312.0, 0.30),
];
/// The same while states are compared.
const COMPARED: [Part<'_>; 2] =
    [Part::share("Events", 384.0, 0.395), Part::rest("Comparison", 300.0).margin(MIDDLE)];
/// The number of the part in the middle.
const STATE: usize = 1;
/// The space around the part in the middle.
const MIDDLE: Margin = Margin { left: 8, right: 8, top: 6, bottom: 0 };

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct EntityState {
    /// The timeline.
    timeline: TimelineState,
    /// The lane in front.
    lane: usize,
    /// The tree of the state.
    tree: TreeState,
    /// The inspector.
    inspector: InspectorState,
    /// The comparison.
    compare: CompareState,
    /// The record in the inspector.
    record: RecordState,
    /// The events that are picked, by their version.
    picks: Picks<u64>,
    /// The number of the part in front where there is no room for all.
    part: usize,
    /// The version shown last: its row comes into view when it changes.
    version: Option<u64>,
    /// Whether states were compared in the last frame: a comparison comes to the front when it
    /// begins.
    compared: bool,
}

/// The moment just after an event.
fn point_of(event: &EventRow) -> ClockPoint {
    ClockPoint::Record { time_ms: event.log_time_ms, position: event.position.clone() }
}

/// The event with this version.
fn event_at(events: &[EventRow], version: u64) -> Option<&EventRow> {
    let index = usize::try_from(version.checked_sub(1)?).ok()?;
    events
        .get(index)
        .filter(|event| event.version == version)
        .or_else(|| events.iter().find(|event| event.version == version))
}

/// Sets the clock to just after the event with this version.
fn go_to(entity: &EntityView, version: u64, view: &mut View<'_>) {
    if version == 0 {
        view.out.clock(ClockCommand::Set(ClockPoint::Start));
    } else if let Some(event) = entity.events.latest().and_then(|events| event_at(events, version))
    {
        view.out.clock(ClockCommand::Set(point_of(event)));
    }
}

/// Carries out a command on the timeline of the entity in front.
pub(crate) fn execute(
    command: UiCommand,
    state: &mut EntityState,
    entity: &EntityView,
    view: &mut View<'_>,
) {
    match command {
        UiCommand::PreviousInLane | UiCommand::NextInLane => {
            let forward = command == UiCommand::NextInLane;
            let version = entity.at.as_ref().map(|at| at.version).filter(|version| *version > 0);
            let mark = entity
                .lanes
                .get(state.lane)
                .and_then(|lane| neighbour(&lane.marks, version, forward));
            if let Some(mark) = mark {
                go_to(entity, mark.version, view);
            }
        }
        UiCommand::PreviousProblem | UiCommand::NextProblem => {
            let version = entity.at.as_ref().map_or(0, |at| at.version);
            let forward = command == UiCommand::NextProblem;
            let beside = |version| problem_beside(&entity.lanes, version, forward);
            // Behind the last problem comes the first again.
            let found = beside(version).or_else(|| beside(if forward { 0 } else { u64::MAX }));
            if let Some((lane, mark)) = found {
                state.lane = lane;
                go_to(entity, mark.version, view);
            }
        }
        _ => state.timeline.execute(command),
    }
}

/// Draws the view.
pub(crate) fn show(ui: &mut Ui, key: &EntityKey, state: &mut EntityState, view: &mut View<'_>) {
    let Some(entity) = view.snapshot.entity_view(key).cloned() else {
        if unconnected::not_open(ui, &key.entity.to_string()) {
            view.out.send(Command::OpenEntity(key.clone()));
        }
        return;
    };
    let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
    Panel::top("entity header")
        .frame(bar)
        .resizable(false)
        .show(ui, |ui| header::show(ui, &entity, view));
    if let Some(problem) = entity.events.problem() {
        Panel::top("problem").frame(bar).show(ui, |ui| {
            if problem_box(ui, problem, Some("Try again")) {
                view.out.send(Command::OpenEntity(key.clone()));
            }
        });
    }
    let Some(events) = entity.events.latest().cloned() else {
        no_history(ui, &entity, view);
        return;
    };
    if events.is_empty() {
        no_events(ui, &entity, view);
        return;
    }
    let compared = entity.compare_with.is_some();
    if compared && !state.compared {
        state.part = STATE;
    }
    state.compared = compared;
    timeline::panel(ui, &entity, &events, state, view);
    let parts = if compared { &COMPARED[..] } else { &PARTS[..] };
    let mut front = state.part;
    parts::show(ui, Id::unique("entity"), parts, &mut front, &mut |ui, part| match part {
        0 => events::show(ui, &entity, &events, state, view),
        STATE => match &entity.compare_with {
            Some(with) => compare::show(ui, &entity, with, state, view),
            None => state::show(ui, &entity, &events, state, view),
        },
        _ => inspector::show(ui, &entity, &events, state, view),
    });
    state.part = front;
    state.version = entity.at.as_ref().map(|at| at.version);
}

/// What stands there until the history is known.
fn no_history(ui: &mut Ui, entity: &EntityView, view: &mut View<'_>) {
    if matches!(entity.events, Fetch::Failed(..)) {
        return;
    }
    let job = view.snapshot.running_job(entity.job).cloned();
    let text = "Its whole history is looked for: keys are compared before anything is decoded.";
    waiting::show_job(ui, view, job.as_ref(), text);
    if job.is_none() {
        let text = "Reading was stopped before an event was found.";
        let shown = EmptyState::new(icons::PROHIBIT, "The history was not read", text);
        if shown.action(icons::PLAY, "Read it").show(ui).is_some() {
            view.out.send(Command::OpenEntity(entity.key.clone()));
        }
    }
}

/// What stands there when nothing was found.
fn no_events(ui: &mut Ui, entity: &EntityView, view: &mut View<'_>) {
    let text = format!(
        "No record of {} belongs to “{}”. Ids are compared byte by byte: look for spaces and for upper and lower case.",
        entity.key.topics.join(", "),
        entity.key.entity
    );
    let listed = view.snapshot.topics.latest().cloned().unwrap_or_default();
    let others: Vec<_> = listed
        .iter()
        .filter(|topic| !topic.internal && !entity.key.topics.contains(&topic.name))
        .take(OTHER_TOPICS_MAX)
        .map(|topic| (format!("Look in {}", topic.name), Arc::clone(&topic.name)))
        .collect();
    let mut empty = EmptyState::new(icons::CUBE, "No events", &text)
        .action(icons::MAGNIFYING_GLASS, UiCommand::OpenPalette.text());
    for (words, _) in &others {
        empty = empty.action(icons::ROWS, words);
    }
    match empty.show(ui) {
        Some(0) => view.out.run(UiCommand::OpenPalette),
        Some(other) => {
            if let Some((_, topic)) = others.get(other - 1) {
                let topics = Arc::new([Arc::clone(topic)]);
                let key = EntityKey { topics, ..entity.key.clone() };
                view.out.open(Pane::Entity(key));
            }
        }
        None => {}
    }
}
