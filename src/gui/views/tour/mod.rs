//! The guided tour: five steps from "the dashboard is wrong" to the reason why, and a chapter that
//! makes it happen again.
//!
//! Promises: each step points at a real control and goes on by itself when the user has done it; a
//! button does it for them; it can be left at any time.
//! Does not know: the reference system beyond what the snapshot says of it.

mod card;
mod sandbox;

use std::sync::Arc;

use egui::{Context, Rect};

use self::card::{Answer, Card};
use crate::gui::view::{Outbox, Pane, Spot, View};
use crate::model::EntityId;
use crate::workspace::{
    ClockCommand, ClockPoint, DemoView, EntityKey, EntityView, EventRow, Snapshot,
};

/// The event that the dashboard missed.
pub(crate) const MISSED: &str = "OrderShipped";

/// A step of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TourStep {
    /// The dashboard's row says CREATED and its group has no lag.
    LookAtRow,
    /// Open the order.
    OpenEntity,
    /// Go to the event that the dashboard missed.
    GoToEvent,
    /// Look at where the dashboard's group stands.
    LookAtGroup,
    /// What happened.
    Conclusion,
}

impl TourStep {
    /// All steps in their order.
    const ALL: [Self; 5] =
        [Self::LookAtRow, Self::OpenEntity, Self::GoToEvent, Self::LookAtGroup, Self::Conclusion];

    /// The step's number, from 0.
    fn index(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }

    /// What the step speaks of.
    fn spot(self) -> Option<Spot> {
        match self {
            Self::LookAtRow => Some(Spot::DashboardRow),
            Self::OpenEntity => Some(Spot::OpenIncident),
            Self::GoToEvent => Some(Spot::MissedEvent),
            Self::LookAtGroup => Some(Spot::GroupMarkers),
            Self::Conclusion => None,
        }
    }

    /// The step after.
    fn next(self) -> Option<Self> {
        Self::ALL.get(self.index() + 1).copied()
    }
}

/// How far the rewinding is. An entity opens at its end, which may be the very event that is to be
/// found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rewinding {
    /// Not asked for yet.
    #[default]
    Wanted,
    /// Asked for.
    Asked,
    /// The clock stands before the missed event.
    Done,
}

/// The tour.
#[derive(Debug, Default)]
pub(crate) struct Tour {
    /// The step it is at; none while it does not run.
    step: Option<TourStep>,
    /// How far the rewinding is that lets the user find the missed event.
    rewinding: Rewinding,
    /// Whether it starts as soon as the reference system has something to tell.
    wanted: bool,
    /// The step of the chapter of the sandbox; none while that does not run.
    chapter: Option<sandbox::SandboxStep>,
}

impl Tour {
    /// Starts at the first step, once the reference system has its history.
    pub(crate) fn start(&mut self) {
        self.wanted = true;
        self.chapter = None;
    }

    /// Whether it tells something, or waits to begin.
    pub(crate) fn is_on(&self) -> bool {
        self.wanted || self.step.is_some() || self.chapter.is_some()
    }

    /// Starts the chapter of the sandbox.
    pub(crate) fn start_chapter(&mut self) {
        self.wanted = false;
        self.step = None;
        self.chapter = Some(sandbox::SandboxStep::Open);
    }

    /// Goes on when the user has done what the step asks for.
    pub(crate) fn follow(&mut self, snapshot: &Snapshot, front: Option<&Pane>, out: &mut Outbox) {
        let Some(demo) = &snapshot.demo else {
            (self.step, self.chapter) = (None, None);
            return;
        };
        self.chapter = self.chapter.map(|step| step.followed(snapshot, front));
        let Some(key) = incident(demo) else { return };
        if self.wanted && !demo.seeding && !demo.rows.is_empty() {
            self.wanted = false;
            self.step = Some(TourStep::LookAtRow);
        }
        match self.step {
            Some(TourStep::LookAtRow | TourStep::OpenEntity) if matches!(front, Some(Pane::Entity(front)) if *front == key) =>
            {
                self.step = Some(TourStep::GoToEvent);
                self.rewinding = Rewinding::Wanted;
            }
            Some(TourStep::GoToEvent) => {
                if let Some(entity) = snapshot.entity_view(&key) {
                    self.find_event(entity, out);
                }
            }
            _ => {}
        }
    }

    /// Rewinds to before the missed event, then waits until the user has found it.
    fn find_event(&mut self, entity: &EntityView, out: &mut Outbox) {
        let Some(events) = entity.events.latest() else { return };
        let Some(missed) = events.iter().position(|event| &*event.event_type == MISSED) else {
            return;
        };
        let found = shows_missed_event(entity);
        match self.rewinding {
            Rewinding::Wanted => {
                let before = missed.checked_sub(1).and_then(|before| events.get(before));
                out.clock(ClockCommand::Set(before.map_or(ClockPoint::Start, point_of)));
                self.rewinding = Rewinding::Asked;
            }
            Rewinding::Asked if !found && !entity.at_pending => self.rewinding = Rewinding::Done,
            Rewinding::Done if found => self.step = Some(TourStep::LookAtGroup),
            Rewinding::Asked | Rewinding::Done => {}
        }
    }

    /// Draws the card of the step within the middle of the window, and an outline around what it
    /// speaks of.
    pub(crate) fn show(&mut self, ctx: &Context, middle: Rect, view: &mut View<'_>) {
        let spots = std::mem::take(&mut view.out.spots);
        let Some(demo) = view.snapshot.demo.clone() else { return };
        if let Some(step) = self.chapter {
            match step.card(&demo, view.snapshot).show(ctx, middle, None) {
                Some(Answer::Next) => self.chapter = step.act(&demo, view.snapshot, view.out),
                Some(Answer::Other) => {
                    self.chapter = None;
                    view.out.open(Pane::Demo);
                }
                Some(Answer::Leave) => self.chapter = None,
                None => {}
            }
            return;
        }
        let Some(step) = self.step else { return };
        let spot = spots.iter().find(|(spot, _)| Some(*spot) == step.spot()).map(|(_, rect)| *rect);
        let (title, text, button) = texts(step, &demo, view.snapshot);
        let other = (step == TourStep::Conclusion).then_some("Reproduce it in the sandbox");
        let (number, count) = (step.index() + 1, TourStep::ALL.len());
        let card = Card { number, count, title, text, button, other, at_right: false };
        match card.show(ctx, middle, spot) {
            Some(Answer::Next) => {
                act(step, &demo, view.snapshot, view.out);
                self.step = step.next();
            }
            Some(Answer::Other) => self.start_chapter(),
            Some(Answer::Leave) => self.step = None,
            None => {}
        }
    }
}

/// The entity of the incident.
fn incident(demo: &DemoView) -> Option<EntityKey> {
    (!demo.incident_entity.is_empty()).then(|| EntityKey {
        entity: EntityId::new(demo.incident_entity.as_bytes()),
        topics: Arc::new([Arc::clone(&demo.incident_topic)]),
    })
}

/// Whether the clock stands at the event that the dashboard missed, or after it.
fn shows_missed_event(entity: &EntityView) -> bool {
    let missed = missed_event_version(entity);
    let at = entity.at.as_ref().map(|at| at.version);
    missed.is_some() && at == missed && !entity.at_pending
}

/// The moment just after an event.
fn point_of(event: &EventRow) -> ClockPoint {
    ClockPoint::Record { time_ms: event.log_time_ms, position: event.position.clone() }
}

/// The version of the event that the dashboard missed.
fn missed_event_version(entity: &EntityView) -> Option<u64> {
    let events = entity.events.latest()?;
    events.iter().find(|event| &*event.event_type == MISSED).map(|event| event.version)
}

/// The dashboard's row, in words: what its status says.
fn row_status(demo: &DemoView) -> String {
    let row = demo.rows.iter().find(|row| row.read_model.contains("dashboard"));
    let status = row.and_then(|row| {
        row.columns.iter().find(|(name, _)| &**name == "status").map(|(_, text)| text.to_string())
    });
    status.unwrap_or_else(|| "CREATED".to_owned())
}

/// Title, text and button of a step.
fn texts(step: TourStep, demo: &DemoView, snapshot: &Snapshot) -> (String, String, &'static str) {
    let order = &demo.incident_entity;
    let status = row_status(demo);
    let projector = demo.projectors.iter().find(|projector| projector.name.contains("dashboard"));
    let lag = match projector.map_or(0, |projector| projector.lag) {
        0 => "a lag of 0",
        _ => "next to no lag",
    };
    match step {
        TourStep::LookAtRow => (
            format!("The dashboard says {status}"),
            format!(
                "A customer has received {order}, yet the dashboard's row says {status}. Its consumer group reports \
                 {lag}: by every usual measure it is up to date."
            ),
            "What does the log say?",
        ),
        TourStep::OpenEntity => (
            format!("Open {order}"),
            format!(
                "Press the {order} button on the dashboard's row, or type its id after Ctrl+K. Its whole history is \
                 read from Kafka."
            ),
            "Open it for me",
        ),
        TourStep::GoToEvent => (
            "The log knows more".to_owned(),
            format!(
                "The clock stands where the dashboard stopped: {status}. Now choose the event {MISSED} in the list, or \
                 drag the amber cursor to it, and watch the state turn to SHIPPED."
            ),
            "Go to the event",
        ),
        TourStep::LookAtGroup => {
            let key = incident(demo);
            let marker = key.and_then(|key| snapshot.entity_view(&key)).and_then(|entity| {
                entity
                    .group_markers
                    .iter()
                    .find(|marker| marker.group.contains("dashboard"))
                    .cloned()
            });
            let place = marker
                .map_or_else(String::new, |marker| format!(" It reads {} next.", marker.next));
            (
                "Where the consumer stands".to_owned(),
                format!(
                    "On the timeline, the marker of the dashboard's group lies beyond {MISSED}: it has committed past \
                     an event that never reached its row.{place}"
                ),
                "So what happened?",
            )
        }
        TourStep::Conclusion => (
            "Committed, then crashed".to_owned(),
            format!(
                "The dashboard commits before it applies. It crashed between the two, and {MISSED} was never read \
                 again: a missed event that no lag shows. Now send commands yourself, and switch its faults on and off."
            ),
            "Back to the demo panel",
        ),
    }
}

/// Does a step for the user.
fn act(step: TourStep, demo: &DemoView, snapshot: &Snapshot, out: &mut Outbox) {
    let Some(key) = incident(demo) else { return };
    match step {
        TourStep::LookAtRow => out.open(Pane::Demo),
        TourStep::OpenEntity => out.open(Pane::Entity(key)),
        TourStep::GoToEvent => {
            out.open(Pane::Entity(key.clone()));
            let entity = snapshot.entity_view(&key);
            let event = entity.and_then(|entity| {
                let version = missed_event_version(entity)?;
                entity.events.latest()?.iter().find(|event| event.version == version)
            });
            if let Some(event) = event {
                out.clock(ClockCommand::Set(point_of(event)));
            }
        }
        TourStep::LookAtGroup => out.open(Pane::Entity(key)),
        TourStep::Conclusion => out.open(Pane::Demo),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::OrderRow;

    /// The reference system with its incident.
    fn demo() -> DemoView {
        let row = OrderRow {
            read_model: "dashboard".into(),
            entity: "order-1042".into(),
            columns: Arc::new([("status".into(), "CREATED".into())]),
        };
        DemoView {
            incident_entity: "order-1042".into(),
            incident_topic: "order-events".into(),
            rows: Arc::new([row]),
            ..DemoView::default()
        }
    }

    /// A workspace with this reference system.
    fn snapshot(demo: DemoView) -> Snapshot {
        Snapshot { demo: Some(Arc::new(demo)), ..Snapshot::default() }
    }

    #[test]
    fn opening_the_order_by_any_way_takes_the_tour_to_the_events() {
        let key = incident(&demo()).unwrap();
        let mut tour = Tour::default();
        tour.start();
        tour.follow(&snapshot(demo()), Some(&Pane::Demo), &mut Outbox::default());
        assert_eq!(tour.step, Some(TourStep::LookAtRow));
        tour.follow(&snapshot(demo()), Some(&Pane::Entity(key)), &mut Outbox::default());
        assert_eq!(tour.step, Some(TourStep::GoToEvent));
    }

    #[test]
    fn a_tour_that_is_wanted_early_waits_until_there_is_something_to_see() {
        let mut tour = Tour::default();
        tour.start();
        tour.follow(&Snapshot::default(), None, &mut Outbox::default());
        tour.follow(&snapshot(DemoView { seeding: true, ..demo() }), None, &mut Outbox::default());
        assert_eq!(tour.step, None);
        tour.follow(&snapshot(demo()), None, &mut Outbox::default());
        assert_eq!(tour.step, Some(TourStep::LookAtRow));
    }

    #[test]
    fn the_tour_ends_with_the_demo() {
        let mut tour = Tour::default();
        tour.start();
        tour.follow(&snapshot(demo()), None, &mut Outbox::default());
        tour.follow(&Snapshot::default(), None, &mut Outbox::default());
        assert_eq!(tour.step, None);
    }
}
