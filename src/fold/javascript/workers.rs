//! Threads that run projections over the same events.
//!
//! Promises: every thread is given every event, in the same order; memory is bounded, a slow thread
//! slows the reader; where one fails, the others still see everything before that event.
//! Does not know: where events come from.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::fault::Fault;
use super::input::ProjectionInput;
use super::program::Program;
use super::run::{ProjectionOutcome, ProjectionRun, RunFailure, Share};

/// How many events are handed on at once.
const EVENTS_PER_BATCH: usize = 1024;

/// How many bytes of values are handed on at once, about.
const BYTES_PER_BATCH: usize = 1 << 20;

/// How many batches wait for a thread at most.
const WAITING_BATCHES: usize = 4;

/// How much stack a thread has, in bytes: more than scripts may take.
const STACK_BYTES: usize = 8 << 20;

/// Takes events in their order.
pub type ProjectionSink<'s> = &'s mut dyn FnMut(ProjectionInput) -> ControlFlow<()>;

/// Hands all events to a sink, in their order.
pub type Feed<'f, T> = &'f mut dyn FnMut(ProjectionSink<'_>) -> T;

/// What a thread does.
#[derive(Debug)]
pub struct ProjectionTask<'p> {
    /// The number of the projection it is part of.
    owner: usize,
    /// The script.
    program: &'p Program,
    /// Which partitions.
    share: Share,
}

impl<'p> ProjectionTask<'p> {
    /// The number of the projection it is part of.
    pub fn owner(&self) -> usize {
        self.owner
    }

    /// The tasks of the projection with this number over so many threads, if it allows that.
    pub fn of_program(
        owner: usize,
        program: &'p Program,
        workers: usize,
    ) -> impl Iterator<Item = Self> {
        shares(program, workers).map(move |share| Self { owner, program, share })
    }
}

/// How a task ended.
#[derive(Debug)]
pub enum TaskEnd {
    /// With this.
    Done(ProjectionOutcome),
    /// At an event.
    Failed(Box<RunFailure>),
    /// At no event: something does not fit into memory.
    Broken(Fault),
}

/// Events that follow each other.
#[derive(Clone, Debug)]
struct Batch {
    /// The number of the first of them.
    first: u64,
    /// The events.
    events: Arc<[ProjectionInput]>,
}

/// Runs the tasks over the events that come before this number.
///
/// # Errors
/// The system's, when it cannot start a thread.
pub fn run_tasks<T>(
    tasks: &[ProjectionTask<'_>],
    stop_before: u64,
    feed: Feed<'_, T>,
) -> io::Result<(Vec<TaskEnd>, T)> {
    let has_failed = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for (number, task) in tasks.iter().enumerate() {
            let (sender, batches) = bounded(WAITING_BATCHES);
            let has_failed = &has_failed;
            let work = move || {
                let end = run_task(task, stop_before, &batches);
                if !matches!(end, TaskEnd::Done(_)) {
                    has_failed.store(true, Ordering::Relaxed);
                }
                end
            };
            let named = thread::Builder::new().name(format!("project-{number}"));
            let started = named.stack_size(STACK_BYTES).spawn_scoped(scope, work);
            threads.push(started?);
            senders.push(sender);
        }
        let mut batches =
            Batches { senders, has_failed: &has_failed, first: 0, events: Vec::new(), bytes: 0 };
        let fed = feed(&mut |input| {
            if batches.count() >= stop_before {
                return ControlFlow::Break(());
            }
            batches.take(input)
        });
        batches.hand_on();
        drop(batches);
        let ends = threads.into_iter().map(|thread| match thread.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let ends = ends.collect();
        Ok((ends, fed))
    })
}

/// Does a task.
fn run_task(task: &ProjectionTask<'_>, stop_before: u64, batches: &Receiver<Batch>) -> TaskEnd {
    let mut run = match ProjectionRun::new(task.program, task.share) {
        Ok(run) => run,
        Err(fault) => return TaskEnd::Broken(fault),
    };
    for Batch { first, events } in batches {
        for (index, at) in (first..stop_before).zip(0..events.len()) {
            if let Err(failure) = run.apply(index, &events, at) {
                return TaskEnd::Failed(failure);
            }
        }
    }
    match run.finish() {
        Ok(outcome) => TaskEnd::Done(outcome),
        Err(fault) => TaskEnd::Broken(fault),
    }
}

/// Collects events and hands them on.
struct Batches<'a> {
    /// Where they go.
    senders: Vec<Sender<Batch>>,
    /// Whether a task failed.
    has_failed: &'a AtomicBool,
    /// The number of the first event collected.
    first: u64,
    /// The events collected.
    events: Vec<ProjectionInput>,
    /// The bytes of their values.
    bytes: usize,
}

impl Batches<'_> {
    /// How many events were taken.
    fn count(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// Takes an event.
    fn take(&mut self, input: ProjectionInput) -> ControlFlow<()> {
        self.bytes += input.raw.as_ref().map_or(0, |raw| raw.len());
        self.events.push(input);
        if self.events.len() < EVENTS_PER_BATCH && self.bytes < BYTES_PER_BATCH {
            return ControlFlow::Continue(());
        }
        self.hand_on();
        if self.has_failed.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Hands on what was collected.
    fn hand_on(&mut self) {
        let events: Arc<[ProjectionInput]> = std::mem::take(&mut self.events).into();
        let batch = Batch { first: self.first, events };
        self.first += batch.events.len() as u64;
        self.bytes = 0;
        // A task that has ended takes nothing any more.
        self.senders.retain(|sender| sender.send(batch.clone()).is_ok());
    }
}

/// Spreads the partitions of a projection over so many runs, if it allows that.
fn shares(program: &Program, workers: usize) -> impl Iterator<Item = Share> {
    let runs = if program.definition().is_parallel() { workers.max(1) as u64 } else { 1 };
    (0..runs).map(move |run| Share { run, runs })
}
