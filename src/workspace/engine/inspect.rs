//! Everything about one record.
//!
//! Promises: a record that is in memory is shown from there; any other is fetched by its offset. An
//! offset without a record, as a committed one often is, shows the last record before it and says
//! so.
//! Does not know: how it is drawn.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::pool::TaskKey;
use super::tree::tree_rows;
use super::{Outbox, State};
use crate::decode::Decoder;
use crate::kafka;
use crate::model::{
    Cancel, Decoded, OffsetRange, Position, ReadEvent, ReadPlan, RecordBatch, RecordRef,
};
use crate::partition_log::LogSnapshot;
use crate::workspace::{NoticeLevel, Problem, RecordDetail, Session, TopicMapping};

impl State {
    /// Shows everything about a record.
    pub(crate) fn inspect_record(&mut self, position: Position) {
        let mapping = self.mapping_for(&position.topic);
        let logs = self
            .topics
            .iter()
            .map(|open| open.log())
            .chain(self.entities.iter().map(|open| open.log()));
        let logs: Vec<LogSnapshot> = logs.collect();
        let Some(mapping) = mapping else { return self.fetch_record(position) };
        let sought = position.clone();
        let find = move || {
            let record = logs.iter().find_map(|log| log.record(log.find(&sought)?))?;
            Some(detail(record.get(), &mapping))
        };
        self.work_out(TaskKey::Inspect, find, move |state, found| match found {
            Ok(None) => state.fetch_record(position),
            found => state.show_record(found),
        });
    }

    /// Fetches a record that is not in memory.
    fn fetch_record(&mut self, position: Position) {
        let Some(session) = self.session(Cancel::new()) else { return };
        let chosen = self.mapping_for(&position.topic);
        let sought = position.clone();
        let find = move |_: &Outbox| -> Result<Option<RecordDetail>, Problem> {
            let batch = fetch(&session, &sought)?;
            let mapping = chosen.map_or_else(|| session.topic_mapping(&sought.topic), Ok)?;
            let record = batch.iter().filter(|record| record.offset() <= sought.offset).last();
            Ok(record.map(|record| detail(record, &mapping)))
        };
        self.spawn("record", None, find, move |state, found| {
            let found = found.flatten();
            if let Ok(Some(found)) = &found
                && found.position.offset < position.offset
            {
                let problem = no_record(&position, "the last one before it is shown");
                state.notify(NoticeLevel::Info, problem);
            }
            state.show_record(found);
        });
    }

    /// A record is known, or cannot be.
    fn show_record(&mut self, found: Result<Option<RecordDetail>, Problem>) {
        match found {
            Ok(Some(detail)) => self.view.inspected = Some(Arc::new(detail)),
            Ok(None) => {}
            Err(problem) => self.notify(NoticeLevel::Error, problem),
        }
        self.touch_urgently();
    }
}

/// How far before an offset without a record one is looked for.
const LOOK_BACK: i64 = 64;

/// Reads the record at this position, or the last ones shortly before it where there is none.
fn fetch(session: &Session, position: &Position) -> Result<RecordBatch, Problem> {
    let offset = position.offset;
    let partition = position.topic_partition();
    let last_of = |from, to| last_batch(session, OffsetRange::new(&partition, from, to));
    let found = match last_of(offset, offset + 1)? {
        None if offset > 0 => last_of((offset - LOOK_BACK).max(0), offset)?,
        found => found,
    };
    found.ok_or_else(|| no_record(position, "there is none shortly before it either"))
}

/// Reads a range; the last batch of it.
fn last_batch(session: &Session, range: OffsetRange) -> Result<Option<RecordBatch>, Problem> {
    let isolation = session.isolation();
    let plan = ReadPlan { isolation, ..ReadPlan::new(vec![range], session.started_ms()) };
    let mut found = None;
    let mut sink = |event| {
        if let ReadEvent::Batch(batch) = event {
            found = Some(batch);
        }
        ControlFlow::Continue(())
    };
    kafka::read(session.connection(), &plan, &Cancel::new(), &mut sink)
        .map_err(|error| Problem::from(&error))?;
    Ok(found)
}

/// Says that there is no record at an offset, and what is done about it.
fn no_record(position: &Position, hint: &str) -> Problem {
    let mut problem = Problem::new(format!("there is no record at {position}")).with_hint(hint);
    let why = "it was deleted by retention or compaction, or a transaction marker stands there";
    problem.cause = Some(why.to_owned());
    problem
}

/// Everything about a record.
pub(super) fn detail(record: RecordRef<'_>, topic: &TopicMapping) -> RecordDetail {
    let TopicMapping { mapping, decoder, .. } = topic;
    let decoded = decoder.decode(record.value());
    let text = record.value().and_then(|value| std::str::from_utf8(value).ok());
    let headers = record.headers().map(|header| (header.name.into(), header.value.map(Into::into)));
    RecordDetail {
        position: record.position(),
        timestamp_ms: record.timestamp_ms(),
        timestamp_type: record.timestamp_type(),
        log_time_ms: record.log_time_ms(),
        transaction: record.transaction(),
        entity: mapping.entity_of(record),
        event_type: mapping.event_type(record, &decoded),
        key: record.key().map(Into::into),
        value: record.value().map(Into::into),
        headers: headers.collect(),
        implausible_time: record.has_implausible_time(),
        decoded_as: decoded.kind(),
        failure: decoded.failure().map(Into::into),
        text: text.map(Into::into),
        tree: decoded.json().map(|value| tree_rows(value).into()).unwrap_or_default(),
        decode_report: decode_report(&decoded, *decoder).into(),
    }
}

/// What was tried to decode a value and what came of it.
fn decode_report(decoded: &Decoded, decoder: Decoder) -> Vec<String> {
    let tried = format!("decoder of the topic: {}", decoder.as_str());
    let found = match decoded {
        Decoded::Failed { reason, .. } => format!("failed: {reason}"),
        Decoded::Json { duplicate_members: true, .. } => {
            "JSON in which an object names a member twice; the last one counts".to_owned()
        }
        other => format!("decoded as {}", other.kind().as_str()),
    };
    vec![tried, found]
}
