//! The connections used before: which of them the present one is, what is open on it, and keeping
//! both on disk.
//!
//! Promises: only connections that a user chose and that answered are kept, never the reference
//! system; what is kept is written by one thread, in order, and what was begun is written to its
//! end before the engine has ended.
//! Does not know: how the file is written (`recent::RecentFile`); how a session is opened again
//! (`resume`).

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::broken::unbroken;
use super::pool::News;
use super::{Recent, State, Target};
use crate::workspace::clock::now_ms;
use crate::workspace::{
    ConnectionState, KeptSession, NoticeLevel, Problem, RecentConnection, RecentFile, RecentKey,
    Recents,
};

/// How long after a user did something the session is kept.
const KEPT_AFTER: Duration = Duration::from_secs(1);

/// How many changes may wait for the disk.
const WAITING_CHANGES: usize = 64;

/// A change of what is kept.
type Change = Box<dyn FnOnce(&mut Recents) + Send>;

/// The connections used before, and the present one among them.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// All.
    pub(crate) recents: Recents,
    /// What was connected to last, or tried.
    pub(crate) target: Option<Target>,
    /// Which of them that is; none for what is not kept.
    pub(crate) current: Option<RecentKey>,
    /// The names of properties that were given for it and are not kept.
    pub(crate) unkept: Vec<String>,
    /// What is opened as soon as it is connected.
    pub(crate) waiting: Option<KeptSession>,
    /// When the session is kept.
    pub(crate) due: Option<Instant>,
    /// Writes.
    writer: Option<Writer>,
}

/// The thread that writes.
#[derive(Debug)]
struct Writer {
    /// Takes changes to it; none once it is to end.
    changes: Option<Sender<Change>>,
    /// The thread.
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    /// Waits until everything is written.
    fn drop(&mut self) {
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            // A panic of it was reported when it happened.
            drop(thread.join());
        }
    }
}

impl Kept {
    /// The connections that were read at the start, kept from now on.
    ///
    /// # Errors
    /// The system's, when it cannot start a thread.
    pub(crate) fn start(recent: Recent, news: &Sender<News>) -> std::io::Result<Self> {
        let Recent { file, recents, problem: _ } = recent;
        let writer = file.map(|file| Writer::start(file, news.clone())).transpose()?;
        Ok(Self { recents, writer, ..Self::default() })
    }

    /// Changes what is kept, here and on disk.
    fn change(&mut self, change: impl Fn(&mut Recents) + Send + 'static) {
        change(&mut self.recents);
        if let Some(changes) = self.writer.as_ref().and_then(|writer| writer.changes.as_ref()) {
            // So many changes wait only where the disk does not answer; what is open is told again
            // with the next one.
            drop(changes.try_send(Box::new(change)));
        }
    }
}

impl Writer {
    /// Starts the thread. What goes wrong is told once.
    fn start(file: RecentFile, news: Sender<News>) -> std::io::Result<Self> {
        let (changes, waiting) = bounded::<Change>(WAITING_CHANGES);
        let thread = thread::Builder::new().name("recent".to_owned()).spawn(move || {
            let mut told = false;
            for change in waiting {
                let changed = unbroken(|| file.change(change).map_err(|error| error.to_string()));
                let Err(cause) = changed.map_err(|problem| problem.to_string()).flatten() else {
                    continue;
                };
                if !std::mem::replace(&mut told, true) {
                    let problem =
                        Problem::new("the connection and its tabs are not kept for the next start");
                    let problem = Problem { cause: Some(cause), ..problem };
                    let tell: News =
                        Box::new(move |state| state.notify(NoticeLevel::Warning, problem));
                    // At the end of the program nobody listens.
                    drop(news.try_send(tell));
                }
            }
        })?;
        Ok(Self { changes: Some(changes), thread: Some(thread) })
    }
}

impl State {
    /// A user did something: what is open is kept soon.
    pub(crate) fn keep_soon(&mut self) {
        self.kept.due.get_or_insert_with(|| Instant::now() + KEPT_AFTER);
    }

    /// Keeps the session when it is time.
    pub(crate) fn keep_if_due(&mut self, now: Instant) {
        if self.kept.due.is_some_and(|due| due <= now) {
            self.keep_session();
        }
    }

    /// Keeps what is open on the connection that stands, if it is one that is kept.
    pub(crate) fn keep_session(&mut self) {
        self.kept.due = None;
        let ConnectionState::Connected(info) = &self.view.connection else { return };
        let Some(key) = self.kept.current.clone() else { return };
        let recent = RecentConnection {
            brokers: info.brokers.to_string(),
            cluster_id: info.cluster_id.as_deref().map(str::to_owned),
            used_ms: now_ms(),
            unkept: self.kept.unkept.clone(),
            session: self.session_to_keep(),
            key,
        };
        let same = |known: &RecentConnection| {
            RecentConnection { used_ms: known.used_ms, ..recent.clone() } == *known
        };
        let newest = self.kept.recents.connections.first().is_some_and(same);
        if !newest || !self.kept.recents.go_on {
            self.kept.change(move |recents| recents.put(recent.clone()));
            self.show_recents();
        }
    }

    /// The connection is closed: what is open on it is kept, and waits to be opened on it again.
    pub(crate) fn put_session_away(&mut self) {
        let stands = matches!(self.view.connection, ConnectionState::Connected(_));
        if stands && self.kept.current.is_some() {
            self.keep_session();
            self.kept.waiting = Some(self.session_to_keep());
        }
    }

    /// The user disconnects: the next start does not connect by itself.
    pub(crate) fn stop_going_on(&mut self) {
        if self.kept.recents.go_on {
            self.kept.change(|recents| recents.go_on = false);
        }
    }

    /// Takes a connection off the list.
    pub(crate) fn forget_recent(&mut self, key: &RecentKey) {
        let key = key.clone();
        self.kept.change(move |recents| recents.remove(&key));
        self.show_recents();
    }

    /// Puts the list into the next snapshot.
    pub(crate) fn show_recents(&mut self) {
        self.view.recent_connections = self.kept.recents.connections.clone().into();
        self.touch();
    }

    /// Changes what is opened once a connection stands: its tabs can be closed before.
    pub(crate) fn change_waiting(&mut self, change: impl FnOnce(&mut KeptSession)) {
        if let Some(waiting) = &mut self.kept.waiting {
            change(waiting);
        }
    }
}
