//! Puts together what a verdict rests on, when somebody asks.
//!
//! Promises: it is what was known at that moment.
//! Does not know: how it is drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::State;
use super::reading::Reading;
use crate::model::{Completeness, TopicPartition};
use crate::workspace::clock::now_ms;
use crate::workspace::{
    ConnectionState, CoverageOf, CoverageView, PartitionCoverage, StartPosition,
};

/// The configurations of a topic that decide what it keeps.
const KEEPING: [&str; 4] =
    ["cleanup.policy", "retention.ms", "retention.bytes", "min.compaction.lag.ms"];

impl State {
    /// Shows what a verdict rests on.
    pub(crate) fn show_coverage(&mut self, of: &CoverageOf) {
        self.view.coverage = self.coverage(of).map(Arc::new);
        self.touch_urgently();
    }

    /// What a verdict rests on, if what it is about is open.
    fn coverage(&self, of: &CoverageOf) -> Option<CoverageView> {
        match of {
            CoverageOf::Topic(topic) => {
                let open = self.topics.iter().find(|open| open.view.topic == *topic)?;
                let mut settings = self.settings(&open.reading);
                let decoder = open.view.decoder.map_or("found", |_chosen| "chosen");
                let words = format!("{} ({decoder})", open.decoder.as_str());
                settings.push(("Decoder".into(), words.into()));
                let (completeness, start) = (&open.view.completeness, &open.view.start);
                Some(view_of(&open.reading, completeness.as_ref(), start.clone(), settings, of))
            }
            CoverageOf::Entity(key) => {
                let open = self.entities.iter().find(|open| open.view.key == *key)?;
                let settings = self.settings(&open.reading);
                let start = Some(StartPosition::Oldest(None));
                let completeness = open.view.completeness.as_ref();
                Some(view_of(&open.reading, completeness, start, settings, of))
            }
            CoverageOf::Sandbox(key) => {
                let open = self.sandboxes.iter().find(|open| open.view.key == *key)?;
                let completeness = Arc::clone(&open.view.source.latest()?.completeness);
                let nothing = Reading::default();
                let settings = self.settings(&nothing);
                Some(view_of(&nothing, Some(&completeness), None, settings, of))
            }
        }
    }

    /// By which settings something was read.
    fn settings(&self, reading: &Reading) -> Vec<(Arc<str>, Arc<str>)> {
        let mut settings: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        if let ConnectionState::Connected(info) = &self.view.connection {
            settings.push(("Connection".into(), Arc::clone(&info.name)));
            if let Some(id) = &info.cluster_id {
                settings.push(("Cluster".into(), Arc::clone(id)));
            }
        }
        let isolation = format!("{} records", self.view.isolation.as_str());
        settings.push(("Isolation".into(), isolation.into()));
        let index = if self.options.cache.is_some() { "used" } else { "not used" };
        settings.push(("Local index".into(), index.into()));
        for (topic, config) in &reading.facts.configs {
            let entries = config.iter().flat_map(|config| &config.entries);
            for (name, value) in
                entries.filter(|(name, _)| KEEPING.iter().any(|known| **known == ***name))
            {
                let value = value.clone().unwrap_or_else(|| "unknown".into());
                settings.push((format!("{topic} {name}").into(), value));
            }
        }
        settings
    }
}

/// What was read like this.
fn view_of(
    reading: &Reading,
    completeness: Option<&Arc<Completeness>>,
    start: Option<StartPosition>,
    settings: Vec<(Arc<str>, Arc<str>)>,
    of: &CoverageOf,
) -> CoverageView {
    let reads: BTreeMap<_, _> =
        reading.reads.iter().map(|read| (read.partition.clone(), read)).collect();
    let mut partitions: BTreeSet<TopicPartition> = reading.facts.leaders.keys().cloned().collect();
    partitions.extend(reads.keys().cloned());
    let judged = completeness.map(|completeness| &**completeness);
    for range in judged.into_iter().flat_map(|judged| &judged.reasons).flat_map(|why| &why.ranges) {
        partitions.insert(range.topic_partition());
    }
    let partition = |partition: TopicPartition| {
        let bounds = reading.facts.bounds.get(&partition).copied();
        let read = reads.get(&partition).copied();
        PartitionCoverage::new(partition, bounds, read, judged)
    };
    CoverageView {
        of: of.clone(),
        completeness: completeness.cloned(),
        partitions: partitions.into_iter().map(partition).collect(),
        begun_ms: reading.begun_ms,
        seen_ms: now_ms(),
        start,
        settings: settings.into(),
    }
}
