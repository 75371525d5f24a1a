//! How the records of topics are read, as it was decided once for a connection.
//!
//! Promises: whatever shows records of a topic reads them the same way; what was decided from
//! records stays until the user decides otherwise, so that answers about the past do not change
//! with what arrives.
//! Does not know: how it is decided (`ask::topic_mapping`).

use std::sync::Arc;

use super::{Outbox, State};
use crate::decode::Decoder;
use crate::model::Cancel;
use crate::workspace::ask::mapping::Mappings;
use crate::workspace::{MappingView, NoticeLevel, TopicMapping};

impl State {
    /// How the records of these topics are read was decided.
    pub(super) fn decide(&mut self, mappings: Mappings) {
        for (topic, mapping) in mappings {
            let before = self.decided.get(&topic);
            let is_open = |before: &Arc<TopicMapping>| before.decision.sampled == 0;
            if before.is_none() || before.is_some_and(is_open) && mapping.decision.sampled > 0 {
                if let Some(disagreement) = &mapping.disagreement {
                    self.notify(NoticeLevel::Warning, disagreement.problem(&topic));
                }
                self.decided.insert(Arc::clone(&topic), mapping);
                self.show_decided(&topic);
            }
        }
    }

    /// Decides how the records of a topic are read, which had none before.
    pub(super) fn decide_anew(&mut self, topic: &Arc<str>) {
        let is_open = self.decided.get(topic).is_some_and(|decided| decided.decision.sampled == 0);
        let session = is_open.then(|| self.session(Cancel::new())).flatten();
        let Some(session) = session else { return };
        if !self.deciding.insert(Arc::clone(topic)) {
            return;
        }
        let (topic, asked) = (Arc::clone(topic), Arc::clone(topic));
        let decide = move |_: &Outbox| session.topic_mapping(&asked);
        self.spawn("mapping", None, decide, move |state, mapping| {
            state.deciding.remove(&topic);
            match mapping.and_then(|mapping| Ok(mapping?)) {
                Ok(mapping) => state.decide(Mappings::from([(topic, mapping)])),
                Err(problem) => state.notify(NoticeLevel::Warning, problem),
            }
        });
    }

    /// How the records of a topic are read, once it is decided: with the decoder that the user
    /// chose.
    pub(crate) fn mapping_for(&self, topic: &Arc<str>) -> Option<Arc<TopicMapping>> {
        let decided = self.decided.get(topic)?;
        let open = self.topics.iter().find(|open| open.view.topic == *topic);
        let chosen = open.and_then(|open| open.view.decoder);
        Some(match chosen {
            Some(decoder) => Arc::new(TopicMapping { decoder, ..TopicMapping::clone(decided) }),
            None => Arc::clone(decided),
        })
    }

    /// How the records of these topics are read, as far as it is decided.
    pub(crate) fn mappings_of(&self, topics: &[Arc<str>]) -> Mappings {
        let mapping = |topic: &Arc<str>| Some((Arc::clone(topic), self.mapping_for(topic)?));
        topics.iter().filter_map(mapping).collect()
    }

    /// An open topic, and what is shown of its entities, is read as it was decided.
    pub(super) fn show_decided(&mut self, topic: &Arc<str>) {
        let Some(decided) = self.decided.get(topic).cloned() else { return };
        let keys = self.entities.iter().map(|open| &open.view.key);
        let keys: Vec<_> = keys.filter(|key| key.topics.contains(topic)).cloned().collect();
        for key in keys {
            self.work_out_history(&key);
        }
        let Some(open) = self.topic_mut(topic) else { return };
        let choices = decided.decision.evidence.iter().map(|found| {
            (found.what.as_ref().into(), found.choice.as_str().into(), found.why.as_str().into())
        });
        open.view.mapping = Arc::new(MappingView { choices: choices.collect() });
        let of_values = decided.decision.evidence.iter().find(|found| found.what == "values");
        open.view.decoder_found =
            of_values.map(|found| found.why.as_str().into()).unwrap_or_default();
        open.mapping = Arc::clone(&decided.mapping);
        open.directory = None;
        let choice = open.view.decoder;
        self.set_decoder(topic, choice);
    }

    /// Decodes a topic's values in this way; as was found where there is none.
    pub(crate) fn set_decoder(&mut self, topic: &Arc<str>, choice: Option<Decoder>) {
        let found = self.decided.get(topic).map_or(Decoder::Auto, |decided| decided.decoder);
        let Some(open) = self.topic_mut(topic) else { return };
        open.view.decoder = choice;
        open.decoder = choice.unwrap_or(found);
        let is_judged = open.view.completeness.is_some();
        self.topic_changed(topic);
        if is_judged {
            self.topic_read(topic);
        }
    }
}
