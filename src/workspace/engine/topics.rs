//! The list of topics.
//!
//! Promises: names show first, then sizes, then policies: a slow answer never holds back a quick
//! one.
//! Does not know: what is in a topic.

use super::{Outbox, State};
use crate::model::Cancel;
use crate::workspace::clock::now_ms;
use crate::workspace::{Fetch, JobSubject, Session};

impl State {
    /// Reads the list of topics anew.
    pub(crate) fn refresh_topics(&mut self) {
        let Some(session) = self.session(Cancel::new()) else { return };
        self.view.topics = std::mem::take(&mut self.view.topics).asked_again();
        let title = "Reading the list of topics";
        let (job, cancel) = self.jobs.start_for(JobSubject::Topics, title, now_ms());
        let session = Session { cancel, ..session };
        let tell = move |outbox: &Outbox| {
            session.tell_topics(&mut |topics| {
                outbox.send(move |state| state.view.topics = Fetch::Ready(topics.into()));
            })
        };
        self.spawn("topics", Some(job), tell, |state, told| {
            if let Err(problem) = told.and_then(|told| Ok(told?)) {
                let before = std::mem::take(&mut state.view.topics);
                state.view.topics = before.failed(problem);
            }
        });
    }
}
