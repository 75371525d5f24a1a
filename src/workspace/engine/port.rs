//! Where window and engine meet: commands one way, snapshots the other.
//!
//! Promises: neither side ever waits for the other; the window always finds the newest snapshot,
//! and is woken when one looks different from the one before.
//! Does not know: egui; what a command does.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::workspace::{Command, Sight, Snapshot};

/// How many commands may wait for the engine. A user sends a few each second; scrubbing sends one
/// each frame.
const WAITING_COMMANDS: usize = 1024;

/// What wakes the window.
type Waker = Arc<dyn Fn() + Send + Sync>;

/// What both sides share. The lock is held only to copy a pointer in or out.
#[derive(Default)]
struct Shared {
    /// The newest snapshot.
    snapshot: Arc<Snapshot>,
    /// Wakes the window; none before there is one.
    waker: Option<Waker>,
    /// What the window shows; everything before it said so.
    sight: Option<Sight>,
}

/// Takes the lock. A panic elsewhere cannot leave a pointer half copied, so poison is no reason to
/// stop.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a command was not taken.
#[derive(Debug)]
pub enum Refused {
    /// The engine has much to do: try again later with this command.
    Busy(Box<Command>),
    /// The engine has ended.
    Ended,
}

/// The window's side.
#[derive(Clone)]
pub struct WorkspacePort {
    /// Commands to the engine.
    commands: Sender<Command>,
    /// The newest snapshot and the waker.
    shared: Arc<Mutex<Shared>>,
    /// Ends with the engine.
    end: EngineEnd,
}

/// Waits for the engine to put away what it keeps, once all its windows are gone.
#[derive(Clone, Debug)]
pub struct EngineEnd(Receiver<Infallible>);

impl EngineEnd {
    /// Waits until the engine has ended, at most this long. Says whether it has.
    pub fn wait(&self, limit: Duration) -> bool {
        matches!(self.0.recv_timeout(limit), Err(RecvTimeoutError::Disconnected))
    }
}

impl WorkspacePort {
    /// What tells that the engine has ended, which it does when its last port is gone.
    pub fn end(&self) -> EngineEnd {
        self.end.clone()
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// The command, when the engine has too many waiting; or that the engine has ended.
    pub fn send(&self, command: Command) -> Result<(), Refused> {
        self.commands.try_send(command).map_err(|refused| match refused {
            TrySendError::Full(command) => Refused::Busy(Box::new(command)),
            TrySendError::Disconnected(_) => Refused::Ended,
        })
    }

    /// The newest snapshot.
    pub fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&lock(&self.shared).snapshot)
    }

    /// Says what the window shows from now on: where nothing of that changes it is not woken.
    /// `None` is everything. Gives whether it showed something else before.
    pub fn look_at(&self, sight: Option<Sight>) -> bool {
        let before = std::mem::replace(&mut lock(&self.shared).sight, sight.clone());
        before != sight
    }

    /// Calls this from now on whenever a newer snapshot looks different, on the engine's thread: it
    /// must not wait.
    pub fn set_waker(&self, waker: impl Fn() + Send + Sync + 'static) {
        lock(&self.shared).waker = Some(Arc::new(waker));
    }
}

impl fmt::Debug for WorkspacePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspacePort").finish_non_exhaustive()
    }
}

/// The engine's side.
pub struct EnginePort {
    /// Commands from the window.
    commands: Receiver<Command>,
    /// The newest snapshot and the waker.
    shared: Arc<Mutex<Shared>>,
    /// Ends with this side.
    _end: Sender<Infallible>,
}

impl EnginePort {
    /// The commands in the order they were sent; the channel ends when the window is gone.
    pub fn commands(&self) -> &Receiver<Command> {
        &self.commands
    }

    /// Makes this the newest snapshot and wakes the window, where it shows something that changed.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        let (before, waker, sight) = {
            let mut shared = lock(&self.shared);
            let before = std::mem::replace(&mut shared.snapshot, Arc::clone(&snapshot));
            (before, shared.waker.clone(), shared.sight.clone())
        };
        let looks_the_same =
            sight.is_some_and(|sight| sight.sees_no_difference(&before, &snapshot));
        // The last owner of a snapshot frees it: outside the lock.
        drop(before);
        if let Some(waker) = waker.filter(|_| !looks_the_same) {
            waker();
        }
    }
}

impl fmt::Debug for EnginePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnginePort").finish_non_exhaustive()
    }
}

/// Both sides of a new port; its first snapshot is the empty one.
pub fn port() -> (WorkspacePort, EnginePort) {
    let (sender, receiver) = bounded(WAITING_COMMANDS);
    let shared = Arc::new(Mutex::new(Shared::default()));
    let (running, ended) = bounded(0);
    let end = EngineEnd(ended);
    let window = WorkspacePort { commands: sender, shared: Arc::clone(&shared), end };
    (window, EnginePort { commands: receiver, shared, _end: running })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn publishing_replaces_the_snapshot_and_wakes_the_window_once() {
        let (window, engine) = port();
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        window.set_waker(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        engine.publish(Arc::new(Snapshot { generation: 7, ..Snapshot::default() }));
        assert_eq!(window.latest().generation, 7);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_window_is_not_woken_for_what_it_does_not_show() {
        let (window, engine) = port();
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        window.set_waker(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert!(window.look_at(Some(Sight::default())), "everything was in sight before");
        assert!(!window.look_at(Some(Sight::default())));
        engine.publish(Arc::new(Snapshot { generation: 1, ..Snapshot::default() }));
        assert_eq!((window.latest().generation, woken.load(Ordering::Relaxed)), (1, 0));
        engine.publish(Arc::new(Snapshot { memory_bytes: 7, ..Snapshot::default() }));
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_full_port_gives_the_command_back_instead_of_waiting() {
        let (window, engine) = port();
        for _ in 0..WAITING_COMMANDS {
            window.send(Command::RefreshTopics).unwrap();
        }
        let refused = window.send(Command::RefreshGroups).unwrap_err();
        assert!(
            matches!(refused, Refused::Busy(command) if matches!(*command, Command::RefreshGroups)),
            "the same command comes back"
        );
        assert!(matches!(engine.commands().try_recv(), Ok(Command::RefreshTopics)), "in order");
        window.send(Command::RefreshGroups).unwrap();
    }

    #[test]
    fn a_window_learns_that_the_engine_has_ended() {
        let (window, engine) = port();
        let end = window.end();
        assert!(!end.wait(Duration::ZERO), "it runs");
        drop(engine);
        assert!(end.wait(Duration::ZERO), "it has ended");
        assert!(matches!(window.send(Command::Disconnect), Err(Refused::Ended)), "nobody listens");
    }
}
