//! What is open on a connection, gathered to be kept and opened again.
//!
//! Promises: what was gathered and opened again is the same, as far as the cluster still has it;
//! nothing is opened on another cluster than the one it was open on.
//! Does not know: files, the window's tabs.

use std::sync::Arc;

use super::{State, Target};
use crate::workspace::{
    ClockMode, ConnectionInfo, EntityTab, KeptClock, KeptSession, NoticeLevel, Problem,
    RecentConnection, RecentKey, SandboxTab, TabsOf, TopicTab,
};

impl State {
    /// What is open now.
    pub(crate) fn session_to_keep(&self) -> KeptSession {
        let topics = self.topics.iter().map(|open| TopicTab {
            topic: Arc::clone(&open.view.topic),
            start: open.view.start.clone(),
            filter: open.view.filter.clone(),
            decoder: open.view.decoder,
        });
        let shown = self.entities.iter().filter(|open| open.shown);
        let entities = shown.map(|open| EntityTab {
            key: open.view.key.clone(),
            fold: Arc::clone(&open.view.fold),
            selected_path: open.view.selected_path.clone(),
            compare_with: open.view.compare_with.clone(),
        });
        let sandboxes = self.sandboxes.iter().map(|open| SandboxTab {
            key: open.view.key.clone(),
            history: open.view.history.clone(),
        });
        KeptSession {
            isolation: self.view.isolation,
            clock: KeptClock {
                at: self.clock.at.clone(),
                following: self.clock.mode == ClockMode::Following,
                clock: self.clock.clock,
            },
            topics: topics.collect(),
            entities: entities.collect(),
            sandboxes: sandboxes.collect(),
            bookmarks: self.view.bookmarks.to_vec(),
            arrangement: self.view.tabs_of.arrangement.clone(),
        }
    }

    /// A connection is about to be made: says which of those used before it is, and what waits to
    /// be opened on it.
    pub(crate) fn prepare_session(&mut self, target: &Target, name: &Arc<str>) {
        let workspace = self.options.config.as_ref().map(|config| config.folder().to_owned());
        let (current, unkept) = match target {
            Target::Choice(choice) => {
                (Some(RecentKey::new(choice.clone(), workspace.as_deref())), Vec::new())
            }
            Target::Given { choice, properties, .. } => {
                (Some(RecentKey::new(choice.clone(), workspace.as_deref())), properties.clone())
            }
            Target::Recent(key) => {
                let known = self.kept.recents.find(key);
                (Some(key.clone()), known.map(|known| known.unkept.clone()).unwrap_or_default())
            }
            Target::Settings(_) | Target::Demo => (None, Vec::new()),
        };
        let again = current.is_some() && current == self.kept.current;
        let known = current.as_ref().and_then(|key| self.kept.recents.find(key));
        let session = known.map(|known| known.session.clone());
        let arrangement = session.as_ref().and_then(|session| session.arrangement.clone());
        // A session that could not be opened yet has lost the tabs that were closed meanwhile.
        self.kept.waiting = self.kept.waiting.take().filter(|_| again).or(session);
        self.kept.current = current;
        self.kept.unkept = unkept;
        self.kept.target = Some(target.clone());
        if !again {
            let number = self.view.tabs_of.number + 1;
            self.view.tabs_of = TabsOf { number, name: Arc::clone(name), arrangement };
            self.view.bookmarks = Arc::default();
        }
    }

    /// The cluster answered: opens what was open on it, unless it is another cluster than then.
    pub(crate) fn resume_session(&mut self, info: &ConnectionInfo) {
        let known = self.kept.current.as_ref().and_then(|key| self.kept.recents.find(key));
        let session = self.kept.waiting.take();
        let is_same =
            |known: &RecentConnection| known.cluster_id.as_deref() == info.cluster_id.as_deref();
        if known.is_some_and(|known| !is_same(known)) {
            let number = self.view.tabs_of.number + 1;
            let name = Arc::clone(&info.name);
            self.view.tabs_of = TabsOf { number, name, arrangement: None };
            if session.is_some_and(|session| session.tab_count() > 0) {
                let what = format!(
                    "{} is another cluster than last time: its tabs were not opened",
                    info.name
                );
                let problem =
                    Problem::new(what).with_hint("open what you need from the list of topics");
                self.notify(NoticeLevel::Info, problem);
            }
        } else if let Some(session) = session {
            self.open_again(session);
        }
        self.keep_soon();
    }

    /// Opens everything of a session.
    fn open_again(&mut self, session: KeptSession) {
        let KeptSession {
            isolation,
            clock,
            topics,
            entities,
            sandboxes,
            bookmarks,
            arrangement: _,
        } = session;
        self.view.isolation = self.options.isolation.unwrap_or(isolation);
        self.view.bookmarks = bookmarks.into();
        self.clock.at = clock.at;
        self.clock.clock = clock.clock;
        if clock.following {
            self.clock.follow();
        }
        for TopicTab { topic, start, filter, decoder } in topics {
            self.open_topic(&topic);
            if let Some(open) = self.topic_mut(&topic) {
                open.view.decoder = decoder;
            }
            if let Some(start) = start {
                self.read_topic(&topic, start);
            }
            self.set_filter(&topic, filter);
        }
        for EntityTab { key, fold, selected_path, compare_with } in entities {
            self.open_entity(&key);
            let differs = self.entity_mut(&key).is_some_and(|open| open.view.fold != fold);
            if differs && crate::fold::builtin(&fold).is_some() {
                self.set_fold(&key, &fold);
            }
            self.select_path(&key, selected_path);
            self.compare(&key, compare_with);
        }
        for SandboxTab { key, history } in sandboxes {
            self.open_sandbox(&key, history);
        }
    }

    /// The window's tabs are arranged like this now. Those of another connection are no longer of
    /// interest.
    pub(crate) fn arrange(&mut self, number: u64, arrangement: Arc<str>) {
        if number == self.view.tabs_of.number {
            self.view.tabs_of.arrangement = Some(arrangement);
        }
    }
}
