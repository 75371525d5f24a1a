//! The engine's state without its thread: a test hears the news itself.
//!
//! Promises: news is heard in its order until what is waited for is there; a test that waits in vain
//! fails.
//! Does not know: what is tested.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::pool::{News, Pool};
use super::{EngineOptions, NEWS_MAX, State};
use crate::model::{Cancel, ReadEvent, ReadPlan};
use crate::partition_log::{GeneratedLog, GeneratedTopic, LogSource as _};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A state and what comes to it.
pub(super) struct Heard {
    /// The state.
    pub(super) state: State,
    /// What comes.
    news: Receiver<News>,
}

impl Heard {
    /// A state that knows nothing.
    pub(super) fn new() -> Self {
        let (news_in, news) = bounded(NEWS_MAX);
        let pool = Pool::start(&news_in).unwrap();
        Self { state: State::new(EngineOptions::default(), news_in, pool).unwrap(), news }
    }

    /// Hears news until this finds what it looks for.
    pub(super) fn until<T>(&mut self, what: &str, find: impl Fn(&State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(&self.state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let news = self.news.recv_timeout(left).unwrap_or_else(|_| panic!("no news of {what}"));
            news(&mut self.state);
        }
    }

    /// Opens a topic with so many records in memory.
    pub(super) fn open(&mut self, topic: &Arc<str>, records: u64) {
        const HOUR_MS: u32 = 3_600_000;
        let log = GeneratedLog::new(GeneratedTopic {
            topic: Arc::clone(topic),
            partitions: 2,
            entities: 100,
            events: records,
            start_ms: 1_767_225_600_000,
            span_ms: HOUR_MS,
            seed: 42,
        });
        self.state.put_topic(topic);
        let open = self.state.topic_mut(topic).unwrap();
        let plan = ReadPlan::new(log.ranges(), 1_767_225_600_000 + 2 * i64::from(HOUR_MS));
        let read = log.read(&plan, &Cancel::new(), &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                open.append(batch).unwrap();
            }
            ControlFlow::Continue(())
        });
        read.unwrap();
    }
}
