//! The list of topics.
//!
//! Promises: names show first, then sizes, then policies: a slow answer never holds back a quick
//! one.
//! Does not know: what is in a topic.

use super::State;
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
        self.spawn("topics", move |outbox| {
            let told = session.tell_topics(&mut |topics| {
                outbox.send(move |state| state.view.topics = Fetch::Ready(topics.into()));
            });
            if let Err(failure) = told {
                outbox.send(move |state| {
                    let before = std::mem::take(&mut state.view.topics);
                    state.view.topics = before.failed(failure.problem);
                });
            }
            outbox.send(move |state| state.jobs.end(job, None, now_ms()));
        });
    }
}
