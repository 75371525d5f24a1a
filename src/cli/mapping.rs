//! `mapping`: how the records of a topic are read as events, and why.
//!
//! Promises: every choice comes with its evidence; works without `foldback.toml`.
//! Does not know: how choices are made.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::MappingArgs;
use super::context::{Context, names};
use super::output::{Align, Table};
use super::{CommandError, Outcome, report};
use crate::entity::{Mapping, Selector};
use crate::workspace::{Disagreement, MappingReport, SampledPartition, time_text};

/// Of so many partitions the offsets are shown.
const SHOWN_PARTITIONS: usize = 8;

/// The mapping of a topic.
#[derive(Debug, Serialize)]
struct MappingLine<'a> {
    /// The topic.
    topic: &'a str,
    /// The entity of `foldback.toml` it belongs to.
    entity: Option<&'a str>,
    /// The places in force: several are tried in their order.
    mapping: BTreeMap<&'static str, Vec<String>>,
    /// How values are decoded.
    decoder: &'static str,
    /// How many records were sampled.
    sampled: u64,
    /// When that was, and of what.
    decided: DecidedLine<'a>,
    /// That the records since then clearly disagree.
    #[serde(skip_serializing_if = "Option::is_none")]
    disagreement: Option<DisagreementLine<'a>>,
    /// Partitions that have no leader, of which nothing was sampled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offline: Vec<i32>,
    /// Why, for each choice that sampling made or proposes.
    evidence: Vec<EvidenceLine<'a>>,
    /// Which client family placed the keys.
    partitioner: PartitionerLine,
}

/// When a mapping was decided, and of what.
#[derive(Debug, Serialize)]
struct DecidedLine<'a> {
    /// When.
    at: String,
    /// Whether it is kept with the index, so that later questions rest on it.
    kept: bool,
    /// The offsets that there were: the sample is from all over them.
    offsets: &'a [SampledPartition],
}

/// That records since a decision clearly disagree with it.
#[derive(Debug, Serialize)]
struct DisagreementLine<'a> {
    /// The log time of the first of them.
    since: String,
    /// How many were sampled.
    sampled: u64,
    /// How they would be read.
    found: &'a str,
}

/// Why a choice was made.
#[derive(Debug, Serialize)]
struct EvidenceLine<'a> {
    /// What was chosen.
    what: &'a str,
    /// The choice.
    choice: &'a str,
    /// Why.
    why: &'a str,
}

/// Which client family placed the keys.
#[derive(Debug, Serialize)]
struct PartitionerLine {
    /// The one that explains the most, when there is anything to explain.
    best: Option<&'static str>,
    /// Whether it explains every sample beyond coincidence.
    proven: bool,
    /// How many distinct keys were looked at.
    keys: u64,
    /// How many partitions the topic has.
    partitions: i32,
    /// How many of the keys each explains.
    explained: BTreeMap<&'static str, u64>,
}

/// Shows mappings.
pub(super) fn run(args: &MappingArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let session = context.session()?;
    for topic in names(&args.topics) {
        let report = session.mapping_report(&topic, args.decide_anew)?;
        if context.output.is_json() {
            context.output.json(&line(&report))?;
        } else {
            print(&report, context)?;
        }
    }
    Ok(Outcome::Answered)
}

/// The JSON line of a mapping.
fn line(report: &MappingReport) -> MappingLine<'_> {
    let mapping = &report.topic_mapping;
    let evidence = mapping.decision.evidence.iter();
    MappingLine {
        topic: &mapping.topic,
        entity: mapping.entity_name.as_deref(),
        mapping: places(&mapping.mapping),
        decoder: mapping.decoder.as_str(),
        sampled: mapping.decision.sampled,
        decided: decided(report),
        disagreement: mapping.disagreement.as_ref().map(disagreement),
        offline: report.offline.iter().map(|partition| partition.partition).collect(),
        evidence: evidence
            .map(|evidence| EvidenceLine {
                what: &evidence.what,
                choice: &evidence.choice,
                why: &evidence.why,
            })
            .collect(),
        partitioner: partitioner(report),
    }
}

/// When the mapping was decided, and of what.
fn decided(report: &MappingReport) -> DecidedLine<'_> {
    let decision = &report.topic_mapping.decision;
    let at = time_text::utc(decision.decided_ms);
    DecidedLine { at, kept: report.kept, offsets: &decision.partitions }
}

/// The same in words.
fn decided_in_words(report: &MappingReport) -> String {
    let decision = &report.topic_mapping.decision;
    let known: Vec<&SampledPartition> =
        decision.partitions.iter().filter(|known| known.from < known.to).collect();
    let offsets = known.iter().take(SHOWN_PARTITIONS).map(|known| {
        format!("{} to {} of partition {}", known.from, known.to - 1, known.partition)
    });
    let more = known.len().saturating_sub(SHOWN_PARTITIONS);
    let more = (more > 0).then(|| format!("{more} more partitions"));
    let offsets: Vec<String> = offsets.chain(more).collect();
    if offsets.is_empty() {
        return "nothing is decided: there are no records".to_owned();
    }
    let stays = if report.kept { "kept with the index" } else { "for this question alone" };
    let at = time_text::utc(decision.decided_ms);
    format!("decided {at}, {stays}, by records from all over offsets {}", offsets.join(", "))
}

/// That records since then clearly disagree.
fn disagreement(found: &Disagreement) -> DisagreementLine<'_> {
    let since = time_text::utc(found.since_ms);
    DisagreementLine { since, sampled: found.sampled, found: &found.found }
}

/// What the sampled keys say.
fn partitioner(report: &MappingReport) -> PartitionerLine {
    let found = &report.partitioners;
    let (best, explained) = found.best();
    PartitionerLine {
        best: (explained > 0).then(|| best.as_str()),
        proven: found.proven().is_some(),
        keys: found.sampled,
        partitions: found.partition_count,
        explained: found.explained.iter().map(|(one, count)| (one.as_str(), *count)).collect(),
    }
}

/// The places of a mapping by what is found there.
fn places(mapping: &Mapping) -> BTreeMap<&'static str, Vec<String>> {
    let texts = |places: &[Selector]| places.iter().map(ToString::to_string).collect();
    BTreeMap::from([
        ("preset", vec![mapping.preset.to_string()]),
        ("id", vec![mapping.id.to_string()]),
        ("type", texts(&mapping.event_type)),
        ("version", texts(&mapping.version)),
        ("time", texts(&mapping.time)),
        ("correlation", texts(&mapping.correlation)),
        ("causation", texts(&mapping.causation)),
        ("actor", texts(&mapping.actor)),
    ])
}

/// A mapping in text.
fn print(report: &MappingReport, context: &mut Context) -> Result<(), CommandError> {
    let mapping = &report.topic_mapping;
    let output = &mut context.output;
    let owner =
        mapping.entity_name.as_ref().map(|name| format!(", entity {name} of foldback.toml"));
    output.text(format!(
        "{}{}  ({} records sampled)",
        mapping.topic,
        owner.unwrap_or_default(),
        mapping.decision.sampled
    ))?;
    output.text(decided_in_words(report))?;
    if let Some(disagreement) = &mapping.disagreement {
        report::warning(&disagreement.problem(&mapping.topic).to_string());
    }
    for partition in &report.offline {
        output.text(format!("{partition} has no leader: nothing of it was sampled"))?;
    }
    let mut table = Table::new(&[
        ("", Align::Left),
        ("IN FORCE", Align::Left),
        ("SAMPLE SAYS", Align::Left),
        ("WHY", Align::Left),
    ]);
    let in_force = places(&mapping.mapping);
    for evidence in &mapping.decision.evidence {
        let places = in_force.get(&*evidence.what).map(|places| places.join(", "));
        let places = match &*evidence.what {
            "values" => mapping.decoder.as_str().to_owned(),
            _ => places.unwrap_or_default(),
        };
        table.push([
            evidence.what.to_string(),
            places,
            evidence.choice.clone(),
            evidence.why.clone(),
        ]);
    }
    output.table(&table)
}
