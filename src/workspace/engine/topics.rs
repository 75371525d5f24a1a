//! The list of topics.
//!
//! Promises: names show first, then sizes, then policies: a slow answer never holds back a quick one.
//! Does not know: what is in a topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::{Outbox, State};
use crate::kafka::{Connection, TopicFacts};
use crate::model::TopicPartition;
use crate::workspace::{Fetch, Problem, REQUEST_TIMEOUT, TopicSummary};

impl State {
    /// Reads the list of topics anew.
    pub(crate) fn refresh_topics(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        self.view.topics = std::mem::take(&mut self.view.topics).asked_again();
        self.spawn("topics", move |outbox| list(&connection, outbox));
    }

    /// Changes the entries of the list.
    fn amend_topics(&mut self, amend: impl Fn(&mut TopicSummary)) {
        let Some(topics) = self.view.topics.latest() else { return };
        let mut amended: Vec<TopicSummary> = topics.to_vec();
        amended.iter_mut().for_each(amend);
        self.view.topics = Fetch::Ready(amended.into());
    }
}

/// Asks for names, sizes and policies, and tells each as it comes.
fn list(connection: &Connection, outbox: &Outbox) {
    let facts = match connection.topics(REQUEST_TIMEOUT) {
        Ok(facts) => facts,
        Err(error) => {
            let problem = Problem::from(&error);
            outbox.send(move |state| {
                let failed = std::mem::take(&mut state.view.topics).failed(problem);
                state.view.topics = failed;
            });
            return;
        }
    };
    let mut summaries: Vec<TopicSummary> = facts.iter().map(summary).collect();
    summaries.sort_by(|one, other| one.name.cmp(&other.name));
    let shown = summaries.clone();
    outbox.send(move |state| state.view.topics = Fetch::Ready(shown.into()));
    tell_sizes(connection, &facts, outbox);
    tell_policies(connection, &facts, outbox);
}

/// What the metadata alone says.
fn summary(facts: &TopicFacts) -> TopicSummary {
    TopicSummary {
        name: Arc::clone(&facts.name),
        internal: facts.internal,
        partition_count: facts.partitions.len(),
        records_at_most: None,
        cleanup_policy: None,
        problem: facts.error.as_ref().map(|error| error.to_string().into()),
    }
}

/// How large each topic is, at most.
fn tell_sizes(connection: &Connection, facts: &[TopicFacts], outbox: &Outbox) {
    let partitions: Vec<TopicPartition> = facts
        .iter()
        .filter(|topic| topic.error.is_none())
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|partition| TopicPartition::new(Arc::clone(&topic.name), partition.partition))
        })
        .collect();
    let Ok(watermarks) = connection.watermarks(&partitions, REQUEST_TIMEOUT) else { return };
    // Of a topic with a partition without a leader it is not known.
    let mut sizes: BTreeMap<Arc<str>, Option<u64>> = BTreeMap::new();
    for partition in partitions {
        let marks = watermarks.get(&partition);
        let records = marks.and_then(|marks| u64::try_from(marks.high - marks.low).ok());
        let size = sizes.entry(partition.topic).or_insert(Some(0));
        *size = size.zip(records).map(|(size, records)| size + records);
    }
    outbox.send(move |state| {
        state.amend_topics(|topic| {
            topic.records_at_most = sizes.get(&topic.name).copied().flatten();
        });
    });
}

/// Which cleanup policy each topic has, where it may be seen.
fn tell_policies(connection: &Connection, facts: &[TopicFacts], outbox: &Outbox) {
    let names: Vec<&str> = facts.iter().map(|topic| &*topic.name).collect();
    let Ok(configs) = connection.topic_configs(&names, REQUEST_TIMEOUT) else { return };
    outbox.send(move |state| {
        state.amend_topics(|topic| {
            let config = configs.get(&topic.name).and_then(Option::as_ref);
            topic.cleanup_policy = config.map(|config| Arc::clone(&config.cleanup_policy));
        });
    });
}
