//! The mapping a topic seems to have, judged by a sample of its records.
//!
//! Promises: works without any configuration; the same sample gives the same answer; every choice
//! says why. A few foreign records do not decide: what most of the sample says counts. What would
//! change the meaning of history is only proposed: the entity stays the key's and time Kafka's
//! until a person decides.
//! Does not know: how the sample was drawn.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::candidates::{Candidates, Tally};
use super::{Mapping, Preset, Selector};
use crate::decode::{self, Decoder, Detection};
use crate::model::RecordRef;
use crate::partition_log::PartitionerEvidence;

/// Why a choice was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was chosen: `preset`, `id`, `type`, …
    pub what: Cow<'static, str>,
    /// The choice: `cloudevents`, `key`, `value:/type`, …
    pub choice: String,
    /// Why, in a sentence.
    pub why: String,
}

/// A mapping and why it was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetectedMapping {
    /// The mapping.
    pub mapping: Mapping,
    /// How values are decoded.
    pub decoder: Detection,
    /// Why, one entry for each choice.
    pub evidence: Vec<Evidence>,
}

/// Usual names of the member or header that holds the event's type.
const TYPE_NAMES: &[&str] =
    &["type", "eventtype", "cetype", "typeid", "eventname", "messagetype", "event"];
/// Usual names of the entity's version.
const VERSION_NAMES: &[&str] = &[
    "version",
    "aggregateversion",
    "entityversion",
    "streamversion",
    "sequence",
    "sequencenumber",
    "aggregatesequence",
    "seq",
    "revision",
];
/// Usual names of the time it happened.
const TIME_NAMES: &[&str] =
    &["occurredat", "occurredon", "eventtime", "timestamp", "time", "createdat", "created", "at"];
/// Usual names of the id shared by a whole chain.
const CORRELATION_NAMES: &[&str] = &["correlationid", "correlation", "conversationid", "traceid"];
/// Usual names of the id of the direct cause.
const CAUSATION_NAMES: &[&str] =
    &["causationid", "causation", "causedby", "parentid", "initiatorid"];
/// Usual names of who did it.
const ACTOR_NAMES: &[&str] =
    &["actor", "actorid", "user", "userid", "username", "principal", "createdby", "issuedby"];
/// Usual names of the id of an entity whose key is null.
const ID_NAMES: &[&str] =
    &["aggregateid", "entityid", "streamid", "subject", "cesubject", "orderid", "accountid", "id"];

/// Judges by sampled parts of the log of one topic, which has this many partitions; the records of
/// each part are in any order that keeps each key's.
pub fn detect<'a, Part: IntoIterator<Item = RecordRef<'a>>>(
    parts: impl IntoIterator<Item = Part>,
    partition_count: i32,
) -> DetectedMapping {
    let parts: Vec<Vec<RecordRef<'a>>> =
        parts.into_iter().map(|part| part.into_iter().collect()).collect();
    let samples = parts.concat();
    let decoder = decode::detect(samples.iter().map(|record| record.value()));
    let conventional =
        Preset::ALL.into_iter().flat_map(|preset| preset.mapping().places()).collect();
    let mut candidates = Candidates::default();
    for part in &parts {
        for record in part.iter().filter(|record| record.value().is_some()) {
            let value = Decoder::Auto.decode(record.value());
            candidates.add(*record, value.json(), &conventional);
        }
        candidates.end_part();
    }
    let mut choices = Choices { candidates: &candidates, evidence: Vec::new() };
    let preset = choices.preset();
    let mut mapping = preset.mapping();
    choices.id(&samples);
    let is_name = |tally: &Tally| 2 * tally.names > tally.found;
    choices.field("type", &mut mapping.event_type, TYPE_NAMES, false, is_name);
    choices.field("version", &mut mapping.version, VERSION_NAMES, false, counts_up);
    choices.time(&mut mapping);
    choices.field("correlation", &mut mapping.correlation, CORRELATION_NAMES, true, is_name);
    choices.field("causation", &mut mapping.causation, CAUSATION_NAMES, true, is_name);
    choices.field("actor", &mut mapping.actor, ACTOR_NAMES, true, is_name);
    choices.partitioner(&samples, partition_count);
    choices.note("values", decoder.decoder.as_str().to_owned(), decoder.evidence.join("; "));
    DetectedMapping { mapping, evidence: choices.evidence, decoder }
}

/// Whether these integers count the events of each key: at least one key has two, and nearly all
/// steps are by one.
fn counts_up(tally: &Tally) -> bool {
    let mostly_integers = 2 * tally.integers > tally.found;
    mostly_integers && tally.steps > 0 && 10 * tally.steps_by_one >= 9 * tally.steps
}

/// The choices so far.
struct Choices<'c> {
    /// What the sample holds.
    candidates: &'c Candidates,
    /// Why each was made.
    evidence: Vec<Evidence>,
}

impl Choices<'_> {
    /// Remembers why a choice was made.
    fn note(&mut self, what: &'static str, choice: String, why: String) {
        self.evidence.push(Evidence { what: what.into(), choice, why });
    }

    /// How many of the records that are no tombstones have something, in words.
    fn of_all(&self, found: usize) -> String {
        format!("{found} of {} sampled records", self.candidates.records)
    }

    /// Chooses the convention, by what marks it.
    fn preset(&mut self) -> Preset {
        let all = self.candidates;
        let mostly = |places: &[&str]| {
            all.records > 0 && places.iter().all(|place| 2 * all.found(place) >= all.records)
        };
        let binary = ["header:ce_id", "header:ce_source", "header:ce_type"];
        let structured = ["value:/specversion", "value:/id", "value:/source", "value:/type"];
        let axon_5 = ["header:axon-metadata-causationId"];
        let marks = [
            (
                mostly(&binary),
                Preset::CloudEvents,
                "the headers ce_id, ce_source and ce_type are there",
            ),
            (
                mostly(&structured),
                Preset::CloudEvents,
                "values have specversion, id, source and type",
            ),
            (
                all.has_headers("axon-message-") && mostly(&axon_5),
                Preset::Axon5,
                "axon-message-* headers, with a causationId",
            ),
            (
                all.has_headers("axon-message-"),
                Preset::Axon4,
                "axon-message-* headers, without a causationId",
            ),
            (
                all.has_headers("NServiceBus."),
                Preset::NServiceBus,
                "NServiceBus.* headers are there",
            ),
            (
                mostly(&["value:/conversationId", "value:/messageId"]),
                Preset::MassTransit,
                "values have conversationId and messageId",
            ),
            (
                self.is_debezium(),
                Preset::Debezium,
                "values have an op that is one letter, as change events do",
            ),
            (all.has_headers("__TypeId__"), Preset::Spring, "the header __TypeId__ is there"),
            (
                all.has_headers("$correlationId"),
                Preset::KurrentDb,
                "the header $correlationId is there",
            ),
        ];
        let found = marks.into_iter().find(|(holds, ..)| *holds);
        let (_, preset, why) =
            found.unwrap_or((true, Preset::None, "no marks of a known convention"));
        self.note("preset", preset.to_string(), why.to_owned());
        preset
    }

    /// Whether at least half of the values are change events of Debezium: their `op` is one of its
    /// letters.
    fn is_debezium(&self) -> bool {
        let ops = ["value:/op", "value:/payload/op"].map(|place| self.candidates.tally(place));
        ops.into_iter().flatten().any(|tally| 2 * tally.operations >= self.candidates.records)
    }

    /// Says what the entity is. It is the key's; where most keys are null, another place is
    /// proposed.
    fn id(&mut self, samples: &[RecordRef<'_>]) {
        let keyed = samples.iter().filter(|record| record.key().is_some()).count();
        let keys = format!("{keyed} of {} sampled records have a key", samples.len());
        let other = self.candidates.best(ID_NAMES, false, |tally| tally.texts.len() > 1);
        let why = match other {
            Some((place, _)) if 2 * keyed < samples.len() => {
                format!("{keys}; `id = \"{place}\"` in foldback.toml would name the entities")
            }
            _ => keys,
        };
        self.note("id", Selector::Key.to_string(), why);
    }

    /// Chooses the place of a field, unless the convention has one that holds something.
    fn field(
        &mut self,
        what: &'static str,
        places: &mut Vec<Selector>,
        names: &[&str],
        headers_first: bool,
        accept: impl Fn(&Tally) -> bool,
    ) {
        let by_preset =
            places.iter().map(|place| (place, self.candidates.found(&place.to_string())));
        if let Some((place, found)) =
            by_preset.filter(|(_, found)| *found > 0).max_by_key(|(_, found)| *found)
        {
            let why = format!("in {}, as the preset says", self.of_all(found));
            return self.note(what, place.to_string(), why);
        }
        let Some((place, tally)) = self.candidates.best(names, headers_first, accept) else {
            let nothing = "no place with a usual name fits".to_owned();
            return self.note(what, "none".to_owned(), nothing);
        };
        let examples: Vec<&str> = tally.texts.iter().take(3).map(|text| &**text).collect();
        let why = format!("in {}, such as {}", self.of_all(tally.found), examples.join(", "));
        self.note(what, place.to_string(), why);
        *places = vec![place.clone()];
    }

    /// Says which client's partitioner explains where the keys are.
    fn partitioner(&mut self, samples: &[RecordRef<'_>], partition_count: i32) {
        let keyed =
            samples.iter().filter_map(|record| Some((record.key()?, record.partition().partition)));
        let found = PartitionerEvidence::of_samples(keyed, partition_count);
        let (best, explained) = found.best();
        let rivals = found.explained.iter().filter(|(_, count)| *count == explained).count();
        let mut why = format!(
            "explains {explained} of {} distinct keys in {partition_count} partitions",
            found.sampled
        );
        if found.proven().is_none() {
            why.push_str(", which may be a coincidence");
        }
        let mostly = explained > 0 && 10 * explained >= 9 * found.sampled;
        let choice = if mostly && rivals == 1 { best.as_str() } else { "unknown" };
        self.note("partitioner", choice.to_owned(), why);
    }

    /// Leaves time to the record's timestamp; another place, the convention's first, is only
    /// proposed.
    fn time(&mut self, mapping: &mut Mapping) {
        let by_preset = std::mem::take(&mut mapping.time).into_iter().find_map(|place| {
            let found = self.candidates.found(&place.to_string());
            (found > 0).then_some((place, found))
        });
        let by_name =
            self.candidates.best(TIME_NAMES, false, |tally| 2 * tally.times > tally.found);
        let other =
            by_preset.or_else(|| by_name.map(|(place, tally)| (place.clone(), tally.found)));
        let why = match other {
            Some((place, found)) => format!(
                "{} have a time at {place}; `time = \"{place}\"` in foldback.toml would use it",
                self.of_all(found)
            ),
            None => "the record's own; no other place with a usual name holds times".to_owned(),
        };
        self.note("time", "timestamp".to_owned(), why);
    }
}

#[cfg(test)]
mod tests;
