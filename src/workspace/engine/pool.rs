//! A few threads that fold, decode and filter, so that the engine itself never does anything long.
//!
//! Promises: at most one task of a key runs at a time; of those that wait, only the newest is kept;
//! results come back to the engine's own thread, and so does the problem of a task that panics: its
//! thread goes on with the next one.
//! Does not know: what the tasks do.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::State;
use super::broken::unbroken;
use crate::workspace::{EntityKey, Problem, SandboxKey};

/// What a task works out. Two tasks with the same key answer the same question, so the newer one
/// replaces the older.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskKey {
    /// How much happened when, over everything that is open.
    Strip,
    /// The rows of a topic.
    Rows(String),
    /// Texts of rows of a topic.
    Pages(String),
    /// A part of the timeline of a topic.
    Lanes(String),
    /// The entities of a topic.
    Entities(String),
    /// How complete a topic is.
    Verdict(String),
    /// A record being inspected.
    Inspect,
    /// What is copied.
    Copy,
    /// How an entity is folded.
    Fold(EntityKey),
    /// The history of an entity.
    History(EntityKey),
    /// The state of an entity at the clock.
    EntityAt(EntityKey),
    /// The versions that changed the marked path of an entity.
    Writers(EntityKey),
    /// The version that a step along a path of an entity leads to.
    StepAlong(EntityKey),
    /// The state at a step of a sandbox's debugger.
    DebugStep(SandboxKey),
    /// What is wrong with the script of a sandbox.
    Script(SandboxKey),
    /// The file of a sandbox's branches.
    Branches(SandboxKey),
    /// A moment of a run of virtual consumers.
    Moment(SandboxKey),
}

/// What is done to the engine's state with a result.
pub(crate) type News = Box<dyn FnOnce(&mut State) + Send>;

/// Something to work out: it returns what to do with its result. It does not panic.
type Task = Box<dyn FnOnce() -> News + Send>;

/// How many threads work.
const WORKERS: usize = 2;

/// The threads and what waits for them.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Takes tasks to the threads.
    tasks: Sender<(TaskKey, Task)>,
    /// Where the threads take them from, for one that comes later.
    queue: Receiver<(TaskKey, Task)>,
    /// Where the threads put what they work out.
    news: Sender<News>,
    /// Keys whose task runs or is on its way to a thread.
    busy: BTreeSet<TaskKey>,
    /// The newest task of each key that could not go yet.
    waiting: BTreeMap<TaskKey, BoxedTask>,
}

/// A task, named only so that the pool can be printed.
struct BoxedTask(Task);

impl std::fmt::Debug for BoxedTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

impl Pool {
    /// Starts the threads. What they work out goes into `news`.
    ///
    /// # Errors
    /// The system's, when it cannot start a thread.
    pub(crate) fn start(news: &Sender<News>) -> std::io::Result<Self> {
        let (tasks, queue) = bounded::<(TaskKey, Task)>(WORKERS);
        let (busy, waiting) = (BTreeSet::new(), BTreeMap::new());
        let pool = Self { tasks, queue, news: news.clone(), busy, waiting };
        (0..WORKERS).try_for_each(|number| pool.start_thread(&number.to_string()))?;
        Ok(pool)
    }

    /// Starts a thread.
    fn start_thread(&self, name: &str) -> std::io::Result<()> {
        let (queue, news) = (self.queue.clone(), self.news.clone());
        let thread = thread::Builder::new().name(format!("fold-{name}"));
        thread.spawn(move || work(&queue, &news)).map(drop)
    }

    /// Writes off a task that does not come back, and its thread with it. Nobody knows which one it
    /// was, so none is waited for any more; one that comes back after all is taken as before.
    ///
    /// # Errors
    /// The system's, when it cannot start a thread.
    pub(crate) fn write_off(&mut self) -> std::io::Result<()> {
        self.start_thread("again")?;
        self.busy.clear();
        self.dispatch();
        Ok(())
    }

    /// Wants this worked out. A waiting task with the same key is forgotten.
    fn submit(&mut self, key: TaskKey, task: Task) {
        self.waiting.insert(key, BoxedTask(task));
        self.dispatch();
    }

    /// The task with this key has ended, and its result was taken.
    fn ended(&mut self, key: &TaskKey) {
        self.busy.remove(key);
        self.dispatch();
    }

    /// Hands on what can go.
    fn dispatch(&mut self) {
        while let Some(key) = self.waiting.keys().find(|key| !self.busy.contains(*key)).cloned() {
            if self.tasks.is_full() {
                return;
            }
            let Some(BoxedTask(task)) = self.waiting.remove(&key) else { return };
            self.busy.insert(key.clone());
            if self.tasks.send((key, task)).is_err() {
                return; // The threads are gone: the program ends.
            }
        }
    }
}

impl State {
    /// Works this out on one of the pool's threads. `then` takes what came of it, or why nothing
    /// did.
    pub(crate) fn work_out<T: Send + 'static>(
        &mut self,
        key: TaskKey,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut Self, Result<T, Problem>) + Send + 'static,
    ) {
        let task = move || -> News {
            let worked_out = unbroken(work);
            Box::new(move |state| then(state, worked_out))
        };
        self.pool.submit(key, Box::new(task));
    }
}

/// Works until nobody can want anything any more.
fn work(queue: &Receiver<(TaskKey, Task)>, news: &Sender<News>) {
    for (key, task) in queue {
        let result = task();
        let done: News = Box::new(move |state| {
            state.pool.ended(&key);
            result(state);
        });
        if news.send(done).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Heard;
    use super::*;
    use crate::workspace::{ClockPoint, JobState, JobSubject};

    /// Something that panics, which the compiler must not know.
    fn broken() -> u64 {
        let digits = std::hint::black_box("no number");
        digits.parse().expect("it is a number")
    }

    /// Where a task of a test says what it came to.
    fn note(state: &mut State, worked_out: Result<u64, Problem>) {
        state.clock.at = match worked_out {
            Ok(_) => ClockPoint::Start,
            Err(problem) => {
                assert!(problem.cause.is_some_and(|cause| cause.contains("it is a number")));
                ClockPoint::Time(7)
            }
        };
    }

    #[test]
    fn a_task_that_panics_tells_its_problem_and_the_threads_go_on() {
        let mut heard = Heard::new();
        for _ in 0..2 * WORKERS {
            heard.state.work_out(TaskKey::Inspect, broken, note);
            heard.until("a problem", |state| (state.clock.at == ClockPoint::Time(7)).then_some(()));
            heard.state.clock.at = ClockPoint::End;
        }
        heard.state.work_out(TaskKey::Inspect, || 7, note);
        heard.until("an answer", |state| (state.clock.at == ClockPoint::Start).then_some(()));
        assert!(heard.state.pool.busy.is_empty(), "nothing is waited for any more");
    }

    #[test]
    fn a_thread_that_panics_and_a_handler_that_does_end_their_jobs() {
        let mut heard = Heard::new();
        let (job, _) = heard.state.jobs.start("Breaking", 0);
        heard.state.spawn("broken", Some(job), |_| broken(), note);
        heard.until("a problem", |state| (state.clock.at == ClockPoint::Time(7)).then_some(()));
        let (of_handler, _) = heard.state.jobs.start_for(JobSubject::Topics, "Breaking", 0);
        heard.state.spawn("handler", Some(of_handler), |_| 7, |_, _| assert_eq!(broken(), 7));
        heard.until("a notice", |state| state.view.notices.last().cloned());
        for job in heard.state.jobs.views().iter() {
            assert!(matches!(job.state, JobState::Stopped(_)), "{job:?}");
        }
        assert_eq!(heard.state.jobs.views().len(), 2);
    }
}
