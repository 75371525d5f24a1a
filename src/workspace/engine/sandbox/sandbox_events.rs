//! The events a sandbox is given: read once, then shared by everything that is worked out of them.
//!
//! Promises: exactly the events that virtual consumers and projections on the command line are
//! given; a history that does not fit into memory is refused in words; reading can be stopped.
//! Does not know: scripts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fold::{EventOrder, ordered};
use crate::model::{Cancel, Completeness, Event, ReadEvent};
use crate::workspace::ask::coverage::{offsets, without_event_time};
use crate::workspace::clock::now_ms;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::TrialQuestion;
use crate::workspace::{
    Failure, Fetch, HistoryChoice, HistorySummary, JobId, Problem, SandboxKey, Session,
};

/// The events a sandbox is given.
#[derive(Debug)]
pub(crate) struct SandboxEvents {
    /// What was asked for.
    pub(crate) choice: HistoryChoice,
    /// The events, in the order that was asked for.
    pub(crate) events: Arc<[Event]>,
    /// How much of the history they are.
    pub(crate) completeness: Arc<Completeness>,
}

impl SandboxEvents {
    /// What is told of them.
    fn summary(&self) -> HistorySummary {
        let entities: BTreeSet<_> =
            self.events.iter().filter_map(|event| event.entity.as_ref()).collect();
        HistorySummary {
            choice: self.choice.clone(),
            events: self.events.len() as u64,
            entities: entities.len() as u64,
            completeness: Arc::clone(&self.completeness),
        }
    }
}

/// Reads the events of a choice.
fn read(
    session: &Session,
    choice: HistoryChoice,
    outbox: &Outbox,
    job: JobId,
) -> Result<SandboxEvents, Failure> {
    let question = TrialQuestion {
        topics: choice.topics.clone(),
        partitions: Vec::new(),
        entities: choice.entities.clone(),
    };
    let mut watch = |event: &ReadEvent| {
        if let ReadEvent::Progress(partitions) = event {
            let partitions = partitions.clone();
            outbox.send(move |state| state.jobs.progress(job, &partitions, now_ms()));
        }
    };
    let mut history = session.trial_history(&question, &mut watch)?;
    if choice.order == EventOrder::Event {
        let is_timed = |event: &Event| event.event_time_ms.is_some();
        without_event_time(
            &mut history.completeness,
            &offsets(&history.events, |event| !is_timed(event)),
        );
        history.events.retain(is_timed);
    }
    let time_ms = |event: &Event| event.event_time_ms.unwrap_or(i64::MIN);
    let timed = history.events.into_iter().map(|event| (time_ms(&event), event)).collect();
    let events = ordered(timed, choice.order, |event: &Event| event.position.topic_partition());
    Ok(SandboxEvents {
        choice,
        events: events.into(),
        completeness: Arc::new(history.completeness),
    })
}

impl State {
    /// Reads the events that are chosen.
    pub(super) fn read_sandbox_history(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let choice = open.view.history.clone();
        let title = format!("Reading {} for {}", choice.topics.join(", "), open.view.name);
        let Some(session) = self.session(Cancel::new()) else { return };
        let (job, cancel) = self.jobs.start(title, now_ms());
        let session = Session { cancel: cancel.clone(), ..session };
        let Some(open) = self.sandbox_mut(key) else { return };
        open.view.source = std::mem::take(&mut open.view.source).asked_again();
        open.started(job, cancel);
        let key = key.clone();
        let read = move |outbox: &Outbox| -> Result<_, Problem> {
            let events = read(&session, choice, outbox, job)?;
            let summary = events.summary();
            Ok((events, summary))
        };
        self.spawn("sandbox-history", Some(job), read, move |state, read| {
            state.touch_urgently();
            state.sandbox_history_read(&key, job, read.flatten());
        });
    }

    /// The events were read, or could not be.
    fn sandbox_history_read(
        &mut self,
        key: &SandboxKey,
        job: JobId,
        read: Result<(SandboxEvents, HistorySummary), Problem>,
    ) {
        self.jobs.end(job, read.as_ref().err().cloned(), now_ms());
        let Some(open) = self.sandbox_mut(key) else { return };
        if !open.ended(job) {
            return;
        }
        match read {
            Ok((events, summary)) => {
                open.events = Some(Arc::new(events));
                open.view.source = Fetch::Ready(Arc::new(summary));
                self.run_sandbox(key);
            }
            Err(problem) => {
                open.run_wanted = false;
                let source = std::mem::take(&mut open.view.source);
                open.view.source = source.failed(problem.clone());
                self.give_up(key, &problem);
            }
        }
    }
}
