//! A projector at work: polls its group, applies, commits, and breaks on request.
//!
//! Promises: without a fault every record is applied before its position is committed. With
//! `CommitBeforeApply` it is the other way round, and the process dies at every shipping: what it
//! had committed and not applied is never delivered again, and nothing shows it, because the group
//! has no lag. `ApplyTwice` hands every record to the read model twice. `Paused` polls nothing.
//! Does not know: what the read model does with a record.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Delivered, ReadModel, Store, StoreError};
use crate::kafka::{GroupReader, GroupRecord, KafkaError, Settings};
use crate::model::{Position, TopicPartition};
use crate::workspace::DemoFault;

/// How many records are polled at a time.
const POLL_RECORDS_MAX: usize = 10_000;

/// How many records a live consumer of this shop is handed at a time: what a crash takes with it.
const LIVE_POLL_RECORDS: usize = 3;

/// How long a poll waits for records, and a paused projector for orders.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// How long a projector waits before it starts again after a trouble.
const RESTART_WAIT: Duration = Duration::from_secs(1);

/// The event whose handling kills a projector that commits before it applies.
const DEADLY_EVENT: &str = "OrderShipped";

/// A record that was committed and never applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where it stands.
    pub position: Position,
    /// The entity it is about.
    pub entity: Arc<str>,
    /// What happened.
    pub event_type: &'static str,
}

/// How far a projector is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Records applied; twice for those applied twice.
    pub applied: u64,
    /// The next offset to read by partition, as committed.
    pub committed: BTreeMap<TopicPartition, i64>,
    /// The faults that are on.
    pub faults: BTreeSet<DemoFault>,
    /// How often it died.
    pub crashes: u64,
    /// What it committed and never applied.
    pub missed: Vec<Missed>,
    /// The last thing that went wrong.
    pub trouble: Option<Arc<str>>,
}

/// Switches a fault.
#[derive(Clone, Copy, Debug)]
struct Switch {
    /// Which.
    fault: DemoFault,
    /// On or off.
    on: bool,
}

/// A projector that runs on its own thread until it is stopped.
#[derive(Debug)]
pub struct RunningProjector {
    /// Which.
    read_model: ReadModel,
    /// How far it is.
    progress: Arc<Mutex<Progress>>,
    /// Takes its faults; dropping it stops the projector.
    switches: Option<Sender<Switch>>,
    /// Its thread.
    thread: Option<JoinHandle<()>>,
}

/// Why a projector could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its read model could not be created.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("cannot start the thread of {projector}")]
    Thread {
        /// The projector.
        projector: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl RunningProjector {
    /// Creates the read model in this folder and projects everything its group has not committed
    /// yet. `deadly_entity` makes it start with `CommitBeforeApply` and die once, at the shipping
    /// of that entity; from then on it is as it should be.
    ///
    /// # Errors
    /// When the file or the thread cannot be had.
    pub fn start(
        read_model: ReadModel,
        settings: &Settings,
        folder: &Path,
        deadly_entity: Option<&'static str>,
    ) -> Result<Self, StartError> {
        let progress = Arc::new(Mutex::new(Progress::default()));
        if deadly_entity.is_some() {
            lock(&progress).faults.insert(DemoFault::CommitBeforeApply);
        }
        let (switches, orders) = bounded(16);
        let projector = Projector {
            read_model,
            settings: settings.clone(),
            store: Store::create(read_model, folder)?,
            deadly_entity,
            progress: Arc::clone(&progress),
            orders,
        };
        let name = read_model.name();
        let of_thread = Arc::clone(&progress);
        let work = move || {
            if catch_unwind(AssertUnwindSafe(|| projector.run())).is_err() {
                lock(&of_thread).trouble = Some("a mistake in its own code ended it".into());
            }
        };
        let thread = Builder::new().name(format!("demo-{name}")).spawn(work);
        let thread = thread.map_err(|source| StartError::Thread { projector: name, source })?;
        Ok(Self { read_model, progress, switches: Some(switches), thread: Some(thread) })
    }

    /// Which projector it is.
    pub fn read_model(&self) -> ReadModel {
        self.read_model
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        lock(&self.progress).clone()
    }

    /// Switches a fault on or off. Whether the projector could take the order: it cannot when it
    /// has ended.
    pub fn set_fault(&self, fault: DemoFault, on: bool) -> bool {
        let switch = Switch { fault, on };
        self.switches.as_ref().is_some_and(|switches| switches.try_send(switch).is_ok())
    }
}

impl Drop for RunningProjector {
    fn drop(&mut self) {
        drop(self.switches.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(projector = self.read_model.name(), "the projector's thread panicked");
        }
    }
}

/// The progress, even if a thread panicked while it held the lock: plain data is never half
/// written.
fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the life of a projector's process ended.
enum Ending {
    /// It was told to.
    Stopped,
    /// It died.
    Crashed,
}

/// What goes wrong while projecting.
#[derive(Debug, thiserror::Error)]
enum ProjectError {
    /// The broker's side.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The read model's side.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A projector on its own thread.
struct Projector {
    /// Which.
    read_model: ReadModel,
    /// Where its topics are.
    settings: Settings,
    /// Its read model.
    store: Store,
    /// The entity whose shipping kills it, while it is the one of the incident; any entity's
    /// otherwise.
    deadly_entity: Option<&'static str>,
    /// What others see of it.
    progress: Arc<Mutex<Progress>>,
    /// Orders to break.
    orders: Receiver<Switch>,
}

impl Projector {
    /// Lives and dies and lives again until it is stopped.
    fn run(mut self) {
        loop {
            match self.live() {
                Ok(Ending::Stopped) => return,
                Ok(Ending::Crashed) => {}
                Err(error) => {
                    lock(&self.progress).trouble = Some(words(&error));
                    if self.wait(RESTART_WAIT).is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// One life of the process: from joining the group to the end.
    fn live(&mut self) -> Result<Ending, ProjectError> {
        let group = self.read_model.group();
        let reader = GroupReader::open(&self.settings, group, self.read_model.topics())?;
        loop {
            if lock(&self.progress).faults.contains(&DemoFault::Paused) {
                match self.wait(POLL_WAIT) {
                    Some(()) => continue,
                    None => return Ok(Ending::Stopped),
                }
            }
            if self.wait(Duration::ZERO).is_none() {
                return Ok(Ending::Stopped);
            }
            let mut records = Vec::new();
            let mut take = |record: GroupRecord<'_>| records.push(self.readable(&record));
            reader.poll(POLL_RECORDS_MAX, POLL_WAIT, &mut take)?;
            for portion in self.portions(&records) {
                if let Some(ending) = self.handle(&reader, portion)? {
                    return Ok(ending);
                }
            }
        }
    }

    /// Takes orders for as long as this, at least those that are there. `None` when it is to stop.
    fn wait(&self, at_most: Duration) -> Option<()> {
        loop {
            match self.orders.recv_timeout(at_most) {
                Ok(Switch { fault, on }) => {
                    let mut progress = lock(&self.progress);
                    if on {
                        progress.faults.insert(fault)
                    } else {
                        progress.faults.remove(&fault)
                    };
                }
                Err(RecvTimeoutError::Timeout) => return Some(()),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// A record as this system reads it.
    fn readable(&self, record: &GroupRecord<'_>) -> Delivered {
        Delivered::from_record(record).unwrap_or_else(|error| {
            lock(&self.progress).trouble = Some(words(&error));
            Delivered::foreign(record)
        })
    }

    /// Whether handling this record kills a projector that commits first.
    fn is_deadly(&self, record: &Delivered) -> bool {
        record.event_type() == DEADLY_EVENT
            && self.deadly_entity.is_none_or(|entity| entity == &*record.entity)
    }

    /// What is committed together. All that was polled; around a crash as little as a live consumer
    /// is handed, whatever the size of the backlog, so that the crash takes with it what it would
    /// have taken on the day.
    fn portions<'d>(&self, records: &'d [Delivered]) -> Vec<&'d [Delivered]> {
        let fault = lock(&self.progress).faults.contains(&DemoFault::CommitBeforeApply);
        let crash = if fault { records.iter().position(|one| self.is_deadly(one)) } else { None };
        let Some(crash) = crash else { return vec![records] };
        let (before, rest) = records.split_at(crash);
        let (with_crash, after) = rest.split_at(rest.len().min(LIVE_POLL_RECORDS));
        vec![before, with_crash, after]
    }

    /// Applies and commits a portion in the order that the faults demand. `Some` when it died of
    /// it.
    fn handle(
        &mut self,
        reader: &GroupReader,
        portion: &[Delivered],
    ) -> Result<Option<Ending>, ProjectError> {
        if portion.is_empty() {
            return Ok(None);
        }
        let faults = lock(&self.progress).faults.clone();
        if !faults.contains(&DemoFault::CommitBeforeApply) {
            self.apply(portion, &faults)?;
            self.commit(reader, portion)?;
            return Ok(None);
        }
        self.commit(reader, portion)?;
        if portion.iter().any(|record| self.is_deadly(record)) {
            self.die(portion);
            return Ok(Some(Ending::Crashed));
        }
        self.apply(portion, &faults)?;
        Ok(None)
    }

    /// Applies a portion to the read model.
    fn apply(
        &mut self,
        portion: &[Delivered],
        faults: &BTreeSet<DemoFault>,
    ) -> Result<(), StoreError> {
        let applied = if faults.contains(&DemoFault::ApplyTwice) {
            let twice: Vec<Delivered> =
                portion.iter().flat_map(|record| [record.clone(), record.clone()]).collect();
            self.store.apply(&twice)?;
            twice.len()
        } else {
            self.store.apply(portion)?;
            portion.len()
        };
        lock(&self.progress).applied += applied as u64;
        Ok(())
    }

    /// Commits the position after a portion.
    fn commit(&self, reader: &GroupReader, portion: &[Delivered]) -> Result<(), KafkaError> {
        let mut next = BTreeMap::new();
        for record in portion {
            let Position { topic, partition, offset } = record.position.clone();
            next.insert(TopicPartition { topic, partition }, offset + 1);
        }
        reader.commit(&next)?;
        lock(&self.progress).committed.extend(next);
        Ok(())
    }

    /// Dies with a portion that was committed and not applied. The incident happens once.
    fn die(&mut self, portion: &[Delivered]) {
        let mut progress = lock(&self.progress);
        progress.crashes += 1;
        progress.missed.extend(portion.iter().map(|record| Missed {
            position: record.position.clone(),
            entity: Arc::clone(&record.entity),
            event_type: record.event_type(),
        }));
        if self.deadly_entity.take().is_some() {
            progress.faults.remove(&DemoFault::CommitBeforeApply);
        }
    }
}

/// An error with its causes in one line.
fn words(error: &dyn std::error::Error) -> Arc<str> {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        words = format!("{words}: {source}");
        cause = source.source();
    }
    words.into()
}
