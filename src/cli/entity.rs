//! `history`, `state`, `diff`, `blame`: the life of one entity.
//!
//! Promises: all four read the same history and cut it by the same rules.
//! Does not know: how events are found or folded.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::args::{BlameArgs, DiffArgs, EntityOptions, HistoryArgs, StateArgs};
use super::context::{Context, entity_question};
use super::lines::{NotTakenLine, SummaryLine, completeness_text, moment};
use super::output::{Align, Output, Table};
use super::progress::Progress;
use super::{CommandError, Outcome, report};
use crate::decode::json;
use crate::evidence::json_line::{EventLine, FailedLine, WriterLine, flag, record_time, said};
use crate::fold::{self, History, Selection};
use crate::model::{
    Change, ChangeKind, Completeness, EntityId, Event, JsonPointer, OffsetRange, Position, Value,
    When,
};
use crate::workspace::{EntityHistory, Failure, Session};

/// An entity's history, read and folded.
pub(super) struct Life {
    /// The entity.
    pub(super) entity: EntityId,
    /// The session it was read in.
    pub(super) session: Session,
    /// What was read.
    pub(super) read: EntityHistory,
    /// Its events and states.
    pub(super) folded: History,
    /// How long reading took, in seconds.
    seconds: f64,
}

impl Life {
    /// Reads and folds the history of the entity that these options name.
    pub(super) fn read(options: &EntityOptions, context: &Context) -> Result<Self, CommandError> {
        let question = entity_question(options)?;
        let fold = context.fold(options.fold.as_deref(), &question.topics)?;
        let session = context.session()?;
        let progress = Progress::new(false);
        let started = Instant::now();
        let read = session.entity_history(&question, &mut |event| progress.see(event));
        progress.finish();
        let read = read?;
        let folded = History::new(fold, read.events.clone());
        let seconds = started.elapsed().as_secs_f64();
        Ok(Self { entity: question.entity, session, read, folded, seconds })
    }

    /// The events that a moment takes in.
    pub(super) fn select(
        &mut self,
        when: &When,
        options: &EntityOptions,
    ) -> Result<Selection, Failure> {
        self.session.select(&mut self.read, when, options.clock.into())
    }

    /// How many of these events the fold does not take.
    fn not_taken(&self, selection: &Selection) -> NotTakenLine {
        NotTakenLine::new(self.folded.not_taken_in(selection))
    }

    /// The event of these that the fold fails on.
    fn failed(&self, selection: &Selection) -> Option<FailedLine<'_>> {
        let (version, why) = self.folded.failure_in(selection)?;
        Some(FailedLine::new(self.folded.event(version)?, why))
    }

    /// How a command ends that answered with these events. When the fold fails on one of them, that
    /// is told.
    pub(super) fn outcome(&self, selection: &Selection, context: &Context) -> Outcome {
        let failed = self.folded.failure_in(selection);
        let Some((event, why)) =
            failed.and_then(|(version, why)| Some((self.folded.event(version)?, why)))
        else {
            return context.outcome(&self.read.completeness);
        };
        let event_type = said(&event.event_type).unwrap_or("-");
        let what = format!("the fold fails on v{} {event_type} {}", event.version, event.position);
        report::error(&what, Some(&why), Some("the answer is that before this event"));
        Outcome::No
    }

    /// The last event that a selection takes in.
    fn last_event(&self, selection: &Selection) -> Option<&Event> {
        let version = match selection {
            Selection::Prefix(version) => *version,
            Selection::Subset(versions) => versions.last().copied()?,
        };
        self.folded.event(version)
    }
}

/// How many events a selection takes in.
fn version_of(selection: &Selection) -> u64 {
    match selection {
        Selection::Prefix(version) => *version,
        Selection::Subset(versions) => versions.len() as u64,
    }
}

/// The last line of a history.
#[derive(Debug, Serialize)]
struct HistorySummary<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// How many events it has.
    events: u64,
    /// The fold that the changes are those of.
    fold: &'a str,
    /// Records the log delivered while it was looked for.
    scanned: u64,
    /// Bytes of their keys and values.
    bytes: u64,
    /// How long it took.
    seconds: f64,
    /// Records that came from the local index.
    from_cache: u64,
    /// What was read.
    ranges: &'a [OffsetRange],
    /// Events that could not be decoded.
    decode_failures: u64,
    /// Events without an event time: the mapping names one, and it is missing or no time.
    without_event_time: u64,
    /// Events that the fold does not take.
    #[serde(flatten)]
    not_taken: NotTakenLine,
    /// Which records were read.
    isolation: &'static str,
    /// The event that the fold fails on; no later one is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<FailedLine<'a>>,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// Prints every event of an entity.
pub(super) fn history(args: &HistoryArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let mut life = Life::read(&args.entity, context)?;
    let output = &mut context.output;
    for version in 1..=life.folded.len() {
        let changes = life.folded.changes_of(version);
        let not_taken = life.folded.not_taken(version);
        let Some(event) = life.folded.event(version) else { continue };
        if output.is_json() {
            output.json(&EventLine::new(&life.entity, event, &changes, not_taken))?;
        } else {
            print_event(output, event, &changes, not_taken)?;
        }
    }
    let summary = history_summary(&life);
    if output.is_json() {
        output.json(&SummaryLine { summary })?;
    } else {
        let events = life.folded.len();
        let counted = if events == 1 { "1 event".to_owned() } else { format!("{events} events") };
        let isolation = life.session.isolation().as_str();
        output.text("")?;
        output.text(format!(
            "{} has {counted}, {isolation} records ({:.2} s)",
            life.entity, life.seconds
        ))?;
        summary.not_taken.text(summary.fold).iter().try_for_each(|line| output.text(line))?;
        print_completeness(output, &life.read.completeness)?;
    }
    Ok(life.outcome(&Selection::Prefix(life.folded.len()), context))
}

/// What is said at the end of a history.
fn history_summary(life: &Life) -> HistorySummary<'_> {
    let all = Selection::Prefix(life.folded.len());
    HistorySummary {
        entity: &life.entity,
        events: life.folded.len(),
        fold: life.folded.fold().name(),
        scanned: life.read.scanned,
        bytes: life.read.bytes,
        seconds: life.seconds,
        from_cache: life.read.from_cache,
        ranges: &life.read.ranges,
        decode_failures: life.read.decode_failures,
        without_event_time: life.read.without_event_time.values().map(|all| all.len() as u64).sum(),
        not_taken: life.not_taken(&all),
        isolation: life.session.isolation().as_str(),
        failed: life.failed(&all),
        completeness: &life.read.completeness,
    }
}

/// An event in a few lines of text: what it is, then each change.
fn print_event(
    output: &mut Output,
    event: &Event,
    changes: &[Change],
    not_taken: Option<&'static str>,
) -> Result<(), CommandError> {
    let facts = [
        ("by", event.actor.as_deref()),
        ("correlation", event.correlation.as_deref()),
        ("causation", event.causation.as_deref()),
    ];
    let facts: String = facts
        .into_iter()
        .filter_map(|(label, text)| Some(format!("  {label} {}", text?)))
        .collect();
    output.text(format!(
        "v{}  {}  {}  {}{facts}",
        event.version,
        record_time(event.timestamp_ms).unwrap_or_else(|| "no time".to_owned()),
        said(&event.event_type).unwrap_or("-"),
        event.position,
    ))?;
    if let Some(reason) = event.value.failure() {
        output.text(format!("    ! could not be decoded: {reason}"))?;
    }
    if let Some(reason) = not_taken {
        output.text(format!("    ! not taken: {reason}"))?;
    }
    event
        .problems
        .iter()
        .filter_map(flag)
        .try_for_each(|flag| output.text(format!("    ! {flag}")))?;
    changes.iter().try_for_each(|change| output.text(format!("    {}", change_text(change))))
}

/// A change in a line of text.
fn change_text(change: &Change) -> String {
    let json = |value: &Option<Value>| value.as_ref().map(Value::to_json).unwrap_or_default();
    let path = if change.path.as_str().is_empty() { "(whole)" } else { change.path.as_str() };
    match change.kind {
        ChangeKind::Add => format!("+ {path}  {}", json(&change.to)),
        ChangeKind::Remove => format!("- {path}  {}", json(&change.from)),
        ChangeKind::Replace => format!("~ {path}  {} → {}", json(&change.from), json(&change.to)),
    }
}

/// How complete an answer is, in text.
fn print_completeness(
    output: &mut Output,
    completeness: &Completeness,
) -> Result<(), CommandError> {
    completeness_text(completeness).iter().try_for_each(|line| output.text(line))
}

/// A state.
#[derive(Debug, Serialize)]
struct StateLine<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The moment.
    at: String,
    /// Which time a time means.
    clock: &'static str,
    /// How many events are in it.
    version: u64,
    /// The last of them.
    position: Option<&'a Position>,
    /// The state.
    state: Value,
    /// What the fold makes of the state, if it makes something else of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// The fold.
    fold: &'a str,
    /// What to say beside it.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'static str,
    /// Events in it that the fold does not take.
    #[serde(flatten)]
    not_taken: NotTakenLine,
    /// Which records were read.
    isolation: &'static str,
    /// The event that the fold fails on; the state is that before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<FailedLine<'a>>,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// Prints the state of an entity at a moment.
pub(super) fn state(args: &StateArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let at = context.when("--at", &args.at)?;
    let mut life = Life::read(&args.entity, context)?;
    let selection = life.select(&at, &args.entity)?;
    let state = life.folded.state_of(&selection);
    let fold = Arc::clone(life.folded.fold());
    let position = life.last_event(&selection).map(|event| event.position.clone());
    let result = fold.result(&state).map_err(|why| Failure::usage(&*why))?;
    let line = StateLine {
        entity: &life.entity,
        at: moment(&at),
        clock: crate::model::Clock::from(args.entity.clock).as_str(),
        version: version_of(&selection),
        position: position.as_ref(),
        result: (result != state).then_some(result),
        state,
        fold: fold.name(),
        note: fold.label(),
        not_taken: life.not_taken(&selection),
        isolation: life.session.isolation().as_str(),
        failed: life.failed(&selection),
        completeness: &life.read.completeness,
    };
    let output = &mut context.output;
    if output.is_json() {
        output.json(&line)?;
    } else {
        let place = position.as_ref().map(|position| format!(", {position}")).unwrap_or_default();
        output.text(format!("{}  v{}{place}  at {}", line.entity, line.version, line.at))?;
        let note = said(fold.label()).map(|note| format!(" ({note})")).unwrap_or_default();
        output.text(format!("fold {}{note}, {} records", fold.name(), line.isolation))?;
        output.text("")?;
        output.block(&json::pretty(&line.state))?;
        if let Some(result) = &line.result {
            output.text("")?;
            output.block(&format!("result {}", json::pretty(result)))?;
        }
        output.text("")?;
        line.not_taken.text(fold.name()).iter().try_for_each(|line| output.text(line))?;
        print_completeness(output, line.completeness)?;
    }
    Ok(life.outcome(&selection, context))
}

/// What changed.
#[derive(Debug, Serialize)]
struct DiffLine<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The first moment.
    from: String,
    /// The other moment.
    to: String,
    /// How many events are in the first state.
    from_version: u64,
    /// How many events are in the other.
    to_version: u64,
    /// The changes, by path.
    changes: Vec<Change>,
    /// The fold.
    fold: &'a str,
    /// Events in the later state that the fold does not take.
    #[serde(flatten)]
    not_taken: NotTakenLine,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// Prints what changed from one moment to another.
pub(super) fn diff(args: &DiffArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let (from, to) = (context.when("--from", &args.from)?, context.when("--to", &args.to)?);
    let mut life = Life::read(&args.entity, context)?;
    let before = life.select(&from, &args.entity)?;
    let after = life.select(&to, &args.entity)?;
    let (old, new) = (life.folded.state_of(&before), life.folded.state_of(&after));
    let fold = Arc::clone(life.folded.fold());
    let later = if version_of(&before) > version_of(&after) { &before } else { &after };
    let line = DiffLine {
        entity: &life.entity,
        from: moment(&from),
        to: moment(&to),
        from_version: version_of(&before),
        to_version: version_of(&after),
        changes: fold::diff(&old, &new),
        fold: fold.name(),
        not_taken: life.not_taken(later),
        completeness: &life.read.completeness,
    };
    let output = &mut context.output;
    if output.is_json() {
        output.json(&line)?;
    } else {
        output.text(format!("{}  v{} → v{}", line.entity, line.from_version, line.to_version))?;
        line.changes.iter().try_for_each(|change| output.text(change_text(change)))?;
        if line.changes.is_empty() {
            output.text("nothing changed")?;
        }
        output.text("")?;
        line.not_taken.text(line.fold).iter().try_for_each(|line| output.text(line))?;
        print_completeness(output, line.completeness)?;
    }
    Ok(life.outcome(later, context))
}

/// Who wrote a field.
#[derive(Debug, Serialize)]
struct BlameLine<'a> {
    /// The field.
    path: &'a JsonPointer,
    /// What it holds.
    value: &'a Value,
    /// The event that last changed it.
    written_by: WriterLine<'a>,
    /// What it held before; absent when nothing stood there.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a Value>,
    /// Events in the state that the fold does not take.
    #[serde(flatten)]
    not_taken: NotTakenLine,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// Prints which event wrote each field.
pub(super) fn blame(args: &BlameArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let path = args.path.as_deref().unwrap_or_default();
    let path = JsonPointer::parse(path).ok_or_else(|| {
        Failure::usage(format!("`{path}` is no path into a state"))
            .with_hint(format!("a path starts with a slash: /{path}"))
    })?;
    let at = context.when("--at", &args.at)?;
    let mut life = Life::read(&args.entity, context)?;
    let selection = life.select(&at, &args.entity)?;
    let mut blamed = life.folded.blame(&selection);
    blamed.retain(|blame| path.encloses(&blame.path));
    let not_taken = life.not_taken(&selection);
    let output = &mut context.output;
    let mut table = Table::new(&[
        ("PATH", Align::Left),
        ("VALUE", Align::Left),
        ("WRITTEN BY", Align::Left),
        ("", Align::Left),
        ("PREVIOUS", Align::Left),
    ]);
    for blame in &blamed {
        let Some(event) = life.folded.event(blame.written_by) else { continue };
        if output.is_json() {
            output.json(&BlameLine {
                path: &blame.path,
                value: &blame.value,
                written_by: WriterLine::new(event),
                previous: blame.previous.as_ref(),
                not_taken: not_taken.clone(),
                completeness: &life.read.completeness,
            })?;
        } else {
            table.push([
                blame.path.to_string(),
                blame.value.to_json(),
                format!("v{} {}", event.version, said(&event.event_type).unwrap_or("-")),
                event.position.to_string(),
                blame.previous.as_ref().map(Value::to_json).unwrap_or_default(),
            ]);
        }
    }
    if !output.is_json() {
        output.table(&table)?;
        output.text("")?;
        let lines = not_taken.text(life.folded.fold().name());
        lines.iter().try_for_each(|line| output.text(line))?;
        print_completeness(output, &life.read.completeness)?;
    } else if blamed.is_empty() {
        report::warning("the state has no field there");
    }
    Ok(life.outcome(&selection, context))
}
