//! Watches the topics of a running read: a deleted topic falls silent, and one created anew under
//! the same name goes on at the old offsets with other records. Neither is told to a reader, so the
//! topics' ids are asked for.
//!
//! Promises: a change is told within a few seconds; watching ends at once when the read does.
//! Does not know: what has been read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::connection::Connection;
use super::error::{KafkaError, is_unknown_topic};
use super::fetch::Halt;
use super::ffi::Asked;

/// How often the topics are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// How often in a row a topic must be unknown before it counts as deleted: a broker that has just
/// started may not know it yet.
const UNKNOWN_IN_A_ROW: u32 = 2;

/// What one look found.
#[derive(Debug)]
pub(super) enum Look {
    /// The cluster answered a question asked at this moment, and the topics are what they were.
    Unchanged(Instant),
    /// A topic is gone or another one.
    Changed(KafkaError),
}

/// What is known of the topics of a read.
#[derive(Debug, Default)]
struct Known {
    /// Their ids, where brokers have ids.
    ids: BTreeMap<Arc<str>, Arc<str>>,
    /// How often in a row each was unknown.
    unknown: BTreeMap<Arc<str>, u32>,
}

impl Known {
    /// Compares what a topic is now with what it was: its id, or that it is not known.
    fn compare(
        &mut self,
        topic: &Arc<str>,
        now: Result<Option<Arc<str>>, ()>,
    ) -> Option<KafkaError> {
        let name = || topic.to_string();
        let Ok(id) = now else {
            let times = self.unknown.entry(Arc::clone(topic)).or_default();
            *times += 1;
            let gone = *times >= UNKNOWN_IN_A_ROW;
            return gone.then(|| KafkaError::TopicDeleted { topic: name() });
        };
        self.unknown.remove(topic);
        let id = id?;
        let before = self.ids.entry(Arc::clone(topic)).or_insert_with(|| Arc::clone(&id));
        (*before != id).then(|| KafkaError::TopicRecreated { topic: name() })
    }
}

/// Looks at the topics again and again and tells each result, until the read is halted or `ended`
/// is closed.
pub(super) fn watch(
    connection: &Connection,
    topics: &[&str],
    halt: &Halt,
    ended: &Receiver<()>,
    mut tell: impl FnMut(Look),
) {
    if connection.settings().embedded {
        // It does not answer this question, and its topics are never deleted.
        return;
    }
    let mut known = Known::default();
    loop {
        let asked_at = Instant::now();
        let question = Asked::topics(connection.client(), topics, EVERY);
        let answer = connection.answer_unless(question, "look at the topics", &|| halt.is_thrown());
        // Without an answer nothing is known to have changed; the reader tells of the trouble.
        if let Ok(answer) = answer {
            let found = answer.topics();
            let changed = found.iter().find_map(|topic| match topic.error {
                None => known.compare(&topic.name, Ok(topic.topic_id.clone())),
                Some(code) if is_unknown_topic(code) => known.compare(&topic.name, Err(())),
                Some(_) => None,
            });
            tell(changed.map_or(Look::Unchanged(asked_at), Look::Changed));
        }
        if halt.is_thrown() || ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_with_another_id_was_created_anew() {
        let (mut known, topic) = (Known::default(), Arc::from("t"));
        assert_eq!(known.compare(&topic, Ok(Some("a".into()))), None);
        assert_eq!(known.compare(&topic, Ok(Some("a".into()))), None);
        let changed = known.compare(&topic, Ok(Some("b".into())));
        assert_eq!(changed, Some(KafkaError::TopicRecreated { topic: "t".to_owned() }));
    }

    #[test]
    fn a_topic_must_be_unknown_twice_in_a_row_to_count_as_deleted() {
        let (mut known, topic) = (Known::default(), Arc::from("t"));
        assert_eq!(known.compare(&topic, Err(())), None);
        assert_eq!(known.compare(&topic, Ok(None)), None);
        assert_eq!(known.compare(&topic, Err(())), None);
        let changed = known.compare(&topic, Err(()));
        assert_eq!(changed, Some(KafkaError::TopicDeleted { topic: "t".to_owned() }));
    }
}
