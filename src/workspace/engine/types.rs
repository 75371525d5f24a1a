//! Counts the events of each type of an open topic, off the engine's thread.
//!
//! Promises: what is counted is what the topic shows when it is asked for; what was counted so far
//! shows while it goes on, and stays when it is cancelled; asking again replaces the count before.
//! Does not know: where the records come from.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rows::{Predicate, RowsQuestion};
use super::{Outbox, State};
use crate::entity::TypeTally;
use crate::model::{OffsetRange, PartitionRead, RecordRef, TopicPartition};
use crate::workspace::clock::now_ms;
use crate::workspace::{JobId, Problem, TypesView};

/// How often what was counted so far is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// After so many records it is looked whether it is time to tell, or to end.
const LOOK_EVERY: u64 = 1024;

/// What was counted so far.
#[derive(Clone, Debug, Default)]
struct Counted {
    /// By type.
    tally: TypeTally,
    /// How many records were looked at.
    seen: u64,
    /// The first and the last offset looked at of each partition.
    spans: BTreeMap<TopicPartition, (i64, i64)>,
}

impl Counted {
    /// Looks at the next record, which has this type if it matches.
    fn see(&mut self, record: RecordRef<'_>, event_type: Option<&Arc<str>>) {
        self.seen += 1;
        if let Some((_, last)) = self.spans.get_mut(record.partition()) {
            *last = record.offset();
        } else {
            let span = (record.offset(), record.offset());
            self.spans.insert(record.partition().clone(), span);
        }
        if let Some(event_type) = event_type {
            self.tally.add(event_type, record);
        }
    }

    /// What the window shows of it.
    fn show(&self, view: &TypesView, complete: bool) -> TypesView {
        let range = |(partition, (first, last)): (&TopicPartition, &(i64, i64))| {
            OffsetRange::new(partition, *first, last + 1)
        };
        TypesView {
            counts: self.tally.counts(),
            covers: self.spans.iter().map(range).collect(),
            complete,
            ..view.clone()
        }
    }
}

impl RowsQuestion {
    /// Counts the events of each type. `tell` hears from time to time how far it is, of how many
    /// records, and may end it.
    fn count_types(
        &self,
        tell: &mut dyn FnMut(&Counted, u64) -> ControlFlow<()>,
    ) -> Result<(Counted, ControlFlow<()>), Problem> {
        let predicate = Predicate::new(&self.filter, &self.mapping, self.decoder)?;
        let bounds = self.bounds();
        let all = self.log.record_count(&bounds);
        let mut counted = Counted::default();
        for (_, record) in self.log.in_log_order(&bounds) {
            let record = record.get();
            let matches = predicate.matches(record);
            let event_type = matches.then(|| {
                let checked = self.decoder.check(record.value());
                self.mapping.event_type_of_checked(record, checked)
            });
            counted.see(record, event_type.as_ref());
            if counted.seen.is_multiple_of(LOOK_EVERY) && tell(&counted, all).is_break() {
                return Ok((counted, ControlFlow::Break(())));
            }
        }
        Ok((counted, ControlFlow::Continue(())))
    }
}

impl State {
    /// Counts the events of each type among the records that a topic shows.
    pub(crate) fn count_types(&mut self, topic: &Arc<str>) {
        let Some(open) = self.topic_mut(topic) else { return };
        let question = open.question();
        let rows_generation = open.view.rows_generation;
        if let Some(before) = open.view.types.take() {
            self.jobs.cancel(before.job);
        }
        let title = format!("Counting the event types of {topic}");
        let (job, cancel) = self.jobs.start(title, now_ms());
        let begun = TypesView::begun(job, rows_generation);
        self.show_types(topic, begun.clone());
        let topic = Arc::clone(topic);
        let (asked, log) = (Arc::clone(&topic), question.log.clone());
        let (before_all, after_all) = (begun.clone(), begun);
        let count = move |outbox: &Outbox| {
            let mut told = Instant::now();
            question.count_types(&mut |counted, all| {
                if cancel.is_cancelled() {
                    return ControlFlow::Break(());
                }
                if told.elapsed() < TELL_EVERY {
                    return ControlFlow::Continue(());
                }
                told = Instant::now();
                let topic = Arc::clone(&asked);
                let (shown, read) =
                    (counted.show(&before_all, false), so_far(&topic, counted.seen, all));
                let heard = outbox.send(move |state| {
                    state.jobs.progress(job, &[read], now_ms());
                    state.amend_types(&topic, shown);
                });
                if heard { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        };
        self.spawn("types", Some(job), count, move |state, counted| {
            let problem = match counted.flatten() {
                Ok((counted, flow)) => {
                    let read = so_far(&topic, counted.seen, counted.seen);
                    state.jobs.progress(job, &[read], now_ms());
                    state.amend_types(&topic, counted.show(&after_all, flow.is_continue()));
                    None
                }
                Err(problem) => Some(problem),
            };
            state.jobs.end(job, problem, now_ms());
            state.read_again_if_damaged(&topic, &log);
            state.touch_urgently();
        });
    }

    /// Shows a count of a topic.
    fn show_types(&mut self, topic: &Arc<str>, types: TypesView) {
        if let Some(open) = self.topic_mut(topic) {
            open.view.types = Some(Arc::new(types));
        }
    }

    /// Shows how far a count is, unless another one has replaced it.
    fn amend_types(&mut self, topic: &Arc<str>, types: TypesView) {
        let shown = |job: JobId| move |shown: &Arc<TypesView>| shown.job == job;
        let open = self.topic_mut(topic);
        if open.is_some_and(|open| open.view.types.as_ref().is_some_and(shown(types.job))) {
            self.show_types(topic, types);
        }
    }
}

/// How far something is that looks at records one after the other, as the account of a read.
pub(super) fn so_far(topic: &Arc<str>, seen: u64, all: u64) -> PartitionRead {
    let offset = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let range = OffsetRange::new(&TopicPartition::new(Arc::clone(topic), 0), 0, offset(all));
    let mut read = PartitionRead::starting(&range);
    (read.position, read.records) = (offset(seen), seen);
    read
}
