//! A run of a schedule, ready to be drawn: a lane for each member, a mark for each step, and one
//! moment of it in words.
//!
//! Promises: marks stand in the order in which things happened; a moment costs about as much in a
//! long run as in a short one.
//! Does not know: how runs are made and judged, how marks look.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::step_words::{Names, StepKind, step_words};
use crate::model::{EntityId, Position, Value};
use crate::sandbox::{
    Consumer, Invariant, MemberLife, Moment, PartitionMoment, Recording, Schedule,
};

/// How many steps before and after a moment are told in words.
const STEPS_TOLD: usize = 60;

/// How many events are folded at most, about, to find where a row began to be wrong.
const LOOKED_AT_MAX: usize = 20_000;

/// How many rows are shown at a time.
const ROWS_SHOWN: usize = 8;

/// A step as a mark on the lane of its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepMark {
    /// The number of the member.
    pub member: u16,
    /// What happened.
    pub kind: StepKind,
    /// The number of the partition it happened in, where it did.
    pub partition: Option<u16>,
    /// Whether it shows that an invariant does not hold.
    pub breaks: bool,
}

/// A while in which a member does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The number of the member.
    pub member: u16,
    /// After how many steps it begins.
    pub from: usize,
    /// After how many steps it ends.
    pub to: usize,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub invariant: Invariant,
    /// What shows it.
    pub words: Arc<str>,
    /// After how many steps it can be seen; the end where no step shows it.
    pub steps: usize,
    /// The row concerned.
    pub row: Option<EntityId>,
}

/// An event that the run has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEvent {
    /// Its address in the history.
    pub position: Position,
    /// Its type.
    pub event_type: Arc<str>,
    /// Its row.
    pub row: Option<EntityId>,
}

/// A run of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Who consumed.
    pub consumer: Consumer,
    /// What went wrong meanwhile.
    pub schedule: Arc<Schedule>,
    /// The schedule's faults, each as a title: "F1 crash after apply, before commit".
    pub faults: Arc<[Arc<str>]>,
    /// The names of the members.
    pub members: Arc<[Arc<str>]>,
    /// The partitions by their numbers.
    pub partitions: Arc<[Arc<str>]>,
    /// The steps.
    pub marks: Arc<[StepMark]>,
    /// When members were down or stood still, in the order in which that ended.
    pub rests: Arc<[Rest]>,
    /// The schedule in JSON.
    pub text: Arc<str>,
    /// The invariants that do not hold.
    pub findings: Arc<[Finding]>,
    /// Where the consumer stands still in the end, in words.
    pub stops: Arc<[Arc<str>]>,
    /// The rows.
    pub rows: Arc<[EntityId]>,
    /// The events it was made over, the first of many.
    pub events: Arc<[RunEvent]>,
    /// How many events there are.
    pub event_count: u64,
}

/// A member at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// What it is doing.
    pub life: MemberLife,
    /// What it does, in a few words.
    pub words: Arc<str>,
}

/// A partition at a moment: offsets as texts, a dash where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// Its name.
    pub name: Arc<str>,
    /// The committed offset; of both groups where there are two.
    pub committed: Arc<str>,
    /// The position that the read model stores.
    pub stored: Arc<str>,
    /// The offset that was applied last.
    pub applied: Arc<str>,
    /// Why nothing more is read, where that is so.
    pub standstill: Option<&'static str>,
}

/// A row at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// Its number among all rows.
    pub number: usize,
    /// Its name.
    pub name: EntityId,
    /// Whether it is what it should be.
    pub right: bool,
}

/// One moment of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MomentView {
    /// How many steps were taken.
    pub steps: usize,
    /// What the last of them was, in words.
    pub words: Arc<str>,
    /// The steps around it in words, with their numbers from 1.
    pub around: Arc<[(usize, Arc<str>)]>,
    /// The members.
    pub members: Arc<[MemberView]>,
    /// The partitions.
    pub partitions: Arc<[PartitionView]>,
    /// The rows, by their numbers: of many, those that something is known of.
    pub rows: Arc<[RowView]>,
    /// The number of the row whose states are shown.
    pub row: Option<usize>,
}

/// A row's states: as it is shown, and as a correct consumer would show it.
pub type Shown = (Value, Value);

impl RunView {
    /// How many events are listed.
    const EVENTS_LISTED: usize = 200;

    /// The run that was recorded.
    pub fn new(recording: &Recording) -> Self {
        let count = recording.len();
        let outcome = recording.outcome();
        let finding = |found: &crate::sandbox::Counterexample| {
            let shown = found.step.map_or(count, |step| step as usize + 1);
            let since = Some(found).filter(|found| found.invariant == Invariant::I1);
            let since = since.and_then(|found| wrong_since(recording, found.row.as_ref()?));
            Finding {
                invariant: found.invariant,
                words: found.words().into(),
                steps: since.unwrap_or(shown),
                row: found.row.clone(),
            }
        };
        let findings: Arc<[Finding]> = outcome.counterexamples.iter().map(finding).collect();
        let mark = |number: usize| {
            let step = recording.step(number)?;
            let partition = step.place.as_ref().and_then(|place| {
                let partition = place.topic_partition();
                let found = recording.partitions().iter().position(|other| *other == partition);
                found.and_then(|found| u16::try_from(found).ok())
            });
            let breaks = findings.iter().any(|finding| finding.steps == number + 1);
            Some(StepMark { member: step.member, kind: StepKind::of(step.what), partition, breaks })
        };
        let marks: Arc<[StepMark]> = (0..count).filter_map(mark).collect();
        let fault = |fault: &crate::sandbox::Fault| {
            let name = fault.name();
            Arc::from(format!("{name} {}", name.entry().title))
        };
        let event = |given: &crate::sandbox::GivenEvent| RunEvent {
            position: given.event.position.clone(),
            event_type: Arc::clone(&given.event.event_type),
            row: given.row.clone(),
        };
        let events = recording.source().events();
        let stop = |stop: &crate::sandbox::Stop| {
            Arc::from(format!("stands still at {}: {}", stop.position, stop.why.words()))
        };
        let names = Names::of(recording);
        Self {
            consumer: recording.consumer(),
            schedule: Arc::new(recording.schedule().clone()),
            faults: recording.schedule().faults.iter().map(fault).collect(),
            members: (0..recording.member_count()).map(|number| names.member(number)).collect(),
            partitions: recording.partitions().iter().map(|one| one.to_string().into()).collect(),
            rests: rests(&marks),
            text: recording.schedule().to_json().into(),
            marks,
            findings,
            stops: outcome.stops.iter().map(stop).collect(),
            rows: recording.rows().into(),
            events: events.iter().take(Self::EVENTS_LISTED).map(event).collect(),
            event_count: events.len() as u64,
        }
    }

    /// The number of the row that is worth looking at first: that of the first finding, else the
    /// first.
    pub fn first_row(&self) -> Option<usize> {
        let found = self.findings.iter().find_map(|finding| finding.row.as_ref());
        let found = found.and_then(|row| self.rows.iter().position(|other| other == row));
        found.or(if self.rows.is_empty() { None } else { Some(0) })
    }

    /// After how many steps the next finding behind this moment can be seen; the first one where
    /// none is behind it.
    pub fn next_finding(&self, steps: usize) -> Option<usize> {
        let later = self.findings.iter().map(|finding| finding.steps).filter(|at| steps < *at);
        later.min().or_else(|| self.findings.iter().map(|finding| finding.steps).min())
    }
}

impl MomentView {
    /// The moment after this many steps, with the states of the row with this number.
    pub fn new(recording: &Recording, steps: usize, row: Option<usize>) -> (Self, Shown) {
        let steps = steps.min(recording.len());
        let names = Names::of(recording);
        let moment = recording.moment(steps);
        let told = |number: usize| {
            let step = recording.step(number - 1)?;
            Some((number, Arc::from(step_words(&step, &names))))
        };
        let last = (steps + STEPS_TOLD).min(recording.len());
        let around = (steps.saturating_sub(STEPS_TOLD).max(1)..=last).filter_map(told).collect();
        let words = steps.checked_sub(1).and_then(|number| recording.step(number));
        let words = words
            .map_or_else(|| "Before the first step".to_owned(), |step| step_words(&step, &names));
        let row = row.filter(|row| *row < recording.rows().len());
        let states = |row: usize| (recording.row_at(row, steps), recording.correct_at(row, steps));
        let rows = rows_to_show(recording, steps, row).into_iter().map(|number| {
            let (shown, correct) = states(number);
            RowView { number, name: recording.rows()[number].clone(), right: shown == correct }
        });
        let partitions = recording.partitions().iter().zip(&moment.partitions);
        let view = Self {
            steps,
            words: words.into(),
            around,
            members: members(&moment, recording, &names),
            partitions: partitions
                .map(|(partition, at)| partition_view(&partition.to_string(), at))
                .collect(),
            rows: rows.collect(),
            row,
        };
        (view, row.map(states).unwrap_or_default())
    }
}

/// After how many steps a row that is wrong in the end was wrong for good; none where looking would
/// take long.
fn wrong_since(recording: &Recording, row: &EntityId) -> Option<usize> {
    let count = recording.len();
    let row = recording.rows().iter().position(|other| other == row)?;
    let is_wrong = |steps: usize| recording.row_at(row, steps) != recording.correct_at(row, steps);
    if LOOKED_AT_MAX < count.saturating_mul(recording.source().len()) || !is_wrong(count) {
        return None;
    }
    let right = (0..count).rev().find(|steps| !is_wrong(*steps));
    Some(right.map_or(0, |steps| steps + 1))
}

/// When members were down or stood still.
fn rests(marks: &[StepMark]) -> Arc<[Rest]> {
    let mut since = std::collections::BTreeMap::new();
    let mut rests = Vec::new();
    for (number, mark) in marks.iter().enumerate() {
        match mark.kind {
            StepKind::Crashed | StepKind::Stopped => {
                since.entry(mark.member).or_insert(number + 1);
            }
            StepKind::Started | StepKind::Assigned => {
                if let Some(from) = since.remove(&mark.member) {
                    rests.push(Rest { member: mark.member, from, to: number });
                }
            }
            _ => {}
        }
    }
    let open = since.into_iter();
    rests.extend(open.map(|(member, from)| Rest { member, from, to: marks.len() }));
    rests.into()
}

/// The rows that are shown after this many steps: the chosen one, the one that was just touched,
/// those that something was found of, then the first ones.
fn rows_to_show(recording: &Recording, steps: usize, chosen: Option<usize>) -> BTreeSet<usize> {
    let number = |row: &EntityId| recording.rows().iter().position(|other| other == row);
    let touched = steps.checked_sub(1).and_then(|step| recording.step(step)?.row);
    let found = recording.outcome().counterexamples.iter().filter_map(|found| found.row.as_ref());
    let known = chosen.into_iter().chain(touched.as_ref().and_then(number));
    let mut shown = BTreeSet::new();
    for row in known.chain(found.filter_map(number)).chain(0..recording.rows().len()) {
        if ROWS_SHOWN <= shown.len() {
            break;
        }
        shown.insert(row);
    }
    shown
}

/// What the members do at a moment. Those that are not there yet are working for all anybody knows.
fn members(moment: &Moment, recording: &Recording, names: &Names) -> Arc<[MemberView]> {
    let of_member = |number: usize| {
        let Some(member) = moment.members.get(number) else {
            return MemberView { life: MemberLife::Down, words: "has not begun".into() };
        };
        let reads: Vec<String> = member
            .reads
            .iter()
            .map(|(place, offset)| format!("{} from {offset}", names.partition(*place)))
            .collect();
        let in_flight = member.in_flight.len();
        let words = match member.life {
            MemberLife::Down => "is down".to_owned(),
            MemberLife::Paused => "stands still".to_owned(),
            MemberLife::Working if reads.is_empty() => "owns no partition".to_owned(),
            MemberLife::Working if in_flight == 0 => format!("reads {}", reads.join(", ")),
            MemberLife::Working => format!("reads {}, {in_flight} in hand", reads.join(", ")),
        };
        MemberView { life: member.life, words: words.into() }
    };
    (0..recording.member_count()).map(of_member).collect()
}

/// A partition at a moment.
fn partition_view(name: &str, at: &PartitionMoment) -> PartitionView {
    let text =
        |offset: Option<i64>| offset.map_or_else(|| "–".to_owned(), |offset| offset.to_string());
    let [one, other] = at.committed;
    let committed = match other {
        None => text(one),
        other => format!("{} · {}", text(one), text(other)),
    };
    PartitionView {
        name: name.into(),
        committed: committed.into(),
        stored: text(at.stored).into(),
        applied: text(at.applied).into(),
        standstill: at.standstill.map(|why| why.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::event_json;
    use crate::sandbox::Trial;
    use crate::workspace::sandbox::Projection;

    /// Three events of one order that a naive consumer counts while this goes wrong.
    fn recorded(fault: &str) -> Recording {
        recorded_of(&["a", "a", "a"], fault)
    }

    /// An event of each of these orders that a naive consumer counts while this goes wrong.
    fn recorded_of(orders: &[&str], fault: &str) -> Recording {
        let event = |(offset, order): (usize, &&str)| {
            let text = format!(
                r#"{{"topic":"t","offset":{offset},"timestamp":{offset},"key":"{order}","type":"Added","value":{{}}}}"#
            );
            event_json::read(&text).unwrap().0
        };
        let folder = tempfile::tempdir().unwrap();
        let projection = Projection::named("count", folder.path(), None).unwrap();
        let source = projection.source(orders.iter().enumerate().map(event).collect()).unwrap();
        let trial = Trial::new(Arc::new(source), Arc::clone(projection.fold()));
        let json = format!(r#"{{"version":1,"seed":1,"poll_records":2,"faults":[{fault}]}}"#);
        trial.record(Consumer::Naive, &Schedule::from_json(&json).unwrap()).unwrap()
    }

    #[test]
    fn a_run_has_a_mark_for_every_step_and_names_where_an_invariant_breaks() {
        let recording = recorded(r#"{"fault":"F1","at":"t-0@1"}"#);
        let view = RunView::new(&recording);
        assert_eq!(view.marks.len(), recording.len());
        assert_eq!(&*view.faults[0], "F1 crash after apply, before commit");
        assert_eq!(view.first_row(), Some(0));
        let found = view.findings.iter().find(|found| found.invariant == Invariant::I2).unwrap();
        assert_eq!(view.marks[found.steps - 1].kind, StepKind::Applied);
        assert!(view.marks[found.steps - 1].breaks, "{:?}", view.marks);
        let crash = view.marks.iter().position(|mark| mark.kind == StepKind::Crashed).unwrap();
        assert_eq!(*view.rests, [Rest { member: 0, from: crash + 1, to: crash + 1 }]);
        let wrong = view.findings.iter().find(|found| found.invariant == Invariant::I1).unwrap();
        assert_eq!(view.marks[wrong.steps - 1].kind, StepKind::Applied, "{wrong:?}");
        let right = |steps| MomentView::new(&recording, steps, None).0.rows[0].right;
        assert_eq!((right(wrong.steps - 1), right(wrong.steps)), (true, false));
        let first = view.next_finding(0).unwrap();
        assert!(0 < first && view.next_finding(view.marks.len()) == Some(first), "round and round");
    }

    #[test]
    fn of_many_rows_those_are_shown_that_something_is_known_of() {
        let names: Vec<String> = (0..30).map(|number| format!("order-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let recording = recorded_of(&names, r#"{"fault":"F3","at":"t-0@20"}"#);
        let lost = RunView::new(&recording).findings[0].row.clone().unwrap();
        let (moment, _) = MomentView::new(&recording, recording.len(), Some(29));
        let shown: Vec<usize> = moment.rows.iter().map(|row| row.number).collect();
        assert_eq!(shown.len(), ROWS_SHOWN);
        assert!(shown.contains(&29) && shown.contains(&0), "the chosen one, and the first ones");
        let wrong: Vec<&RowView> = moment.rows.iter().filter(|row| !row.right).collect();
        assert_eq!(wrong[0].name, lost);
    }

    #[test]
    fn a_moment_tells_what_happened_and_who_has_what() {
        let recording = recorded(r#"{"fault":"F1","at":"t-0@1"}"#);
        let view = RunView::new(&recording);
        let crash = view.marks.iter().position(|mark| mark.kind == StepKind::Crashed).unwrap() + 1;
        let (moment, _) = MomentView::new(&recording, crash, Some(0));
        assert_eq!(&*moment.words, "Member 1 dies after it applied, before it commits");
        assert_eq!(moment.members[0].life, MemberLife::Down);
        assert_eq!((&*moment.partitions[0].committed, &*moment.partitions[0].applied), ("–", "1"));
        assert!(moment.rows[0].right, "nothing is wrong yet");
        let (end, (shown, correct)) = MomentView::new(&recording, usize::MAX, Some(0));
        assert_eq!(end.steps, recording.len());
        assert!(!end.rows[0].right);
        assert_eq!(shown.get("events"), Some(&Value::from(5_u64)));
        assert_eq!(correct.get("events"), Some(&Value::from(3_u64)));
        assert_eq!(&*end.partitions[0].committed, "3");
        let (start, _) = MomentView::new(&recording, 0, Some(9));
        assert_eq!((&*start.words, start.row), ("Before the first step", None));
    }
}
