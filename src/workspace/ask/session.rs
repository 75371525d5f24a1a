//! A session: one connection and how its records are read, with the answers to a user's questions.
//!
//! Promises: every question starts from the ends of the log at the time of asking and ends by
//! itself, unless it follows; a cancelled question says so; questions leave no trace in the
//! cluster.
//! Does not know: how answers are printed or drawn.
//!
//! The questions are in files of their own: `topics`, `indexing`, `scan`, `entity_question`,
//! `entity_count`, `type_count`, `mapping`, `groups`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mapping::Mappings;
use crate::config::{Config, ConnectionChoice};
pub use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::{Connection, KafkaError, Settings, Watermarks};
use crate::model::{Cancel, Isolation, TopicPartition};
use crate::partition_log::{CachedLog, KafkaLog, Keeping};
use crate::workspace::{Failure, Problem, clock};

/// One connection and how its records are read.
#[derive(Clone, Debug)]
pub struct Session {
    /// The connection.
    pub(in crate::workspace) connection: Connection,
    /// Its log, as far as it was read before.
    pub(in crate::workspace) log: Arc<CachedLog>,
    /// The `foldback.toml` in force.
    pub(in crate::workspace) config: Option<Arc<Config>>,
    /// Which records are read.
    pub(in crate::workspace) isolation: Isolation,
    /// Stops every question.
    pub(in crate::workspace) cancel: Cancel,
    /// When the session began, in milliseconds since the epoch: what `now` means in all its
    /// questions.
    pub(in crate::workspace) started_ms: i64,
    /// How the records of topics are read, where that was decided before.
    pub(in crate::workspace) decided: Mappings,
    /// Who is told what is worth an eye and did not keep the answer from coming.
    pub(in crate::workspace) tell: fn(&Problem),
}

/// Those of these partitions that have no leader, so that it is not known where they begin and end.
pub(super) fn offline(
    partitions: &[TopicPartition],
    bounds: &BTreeMap<TopicPartition, Watermarks>,
) -> Vec<TopicPartition> {
    partitions.iter().filter(|partition| !bounds.contains_key(partition)).cloned().collect()
}

/// The settings of what a user chose to connect to.
///
/// # Errors
/// When the choice names nothing, or a file or a setting is wrong.
pub fn settings_of(
    choice: &ConnectionChoice,
    config: Option<&Config>,
) -> Result<Settings, Failure> {
    match choice {
        ConnectionChoice::Brokers(brokers) => Ok(Settings::from_brokers(brokers)?),
        ConnectionChoice::ConfigFile(path) => Ok(Settings::from_file(path)?),
        ConnectionChoice::Saved(name) => {
            let config = config.ok_or_else(|| {
                Failure::usage(format!("unknown connection `{name}`: there is no foldback.toml"))
                    .with_hint(
                        "name the folder it is in with --workspace, or the brokers with --brokers",
                    )
            })?;
            Ok(config.connection(name)?)
        }
    }
}

impl Session {
    /// A session with these settings. Nothing is sent before the first question.
    ///
    /// # Errors
    /// When a setting is not accepted.
    pub fn open(
        settings: &Settings,
        config: Option<Arc<Config>>,
        isolation: Isolation,
        cancel: Cancel,
        keeping: Keeping,
    ) -> Result<Self, Failure> {
        let connection = Connection::open(settings)?;
        let log = CachedLog::new(Box::new(KafkaLog::new(connection.clone())), keeping);
        let log = Arc::new(log);
        let (started_ms, decided) = (clock::now_ms(), Mappings::new());
        let tell = |_problem: &Problem| ();
        Ok(Self { connection, log, config, isolation, cancel, started_ms, decided, tell })
    }

    /// The same session; whoever is told what is worth an eye.
    #[must_use]
    pub fn telling(self, tell: fn(&Problem)) -> Self {
        Self { tell, ..self }
    }

    /// The log, of which what was read whole is kept.
    pub fn log(&self) -> &Arc<CachedLog> {
        &self.log
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Which records are read.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// When the session began, in milliseconds since the epoch.
    pub fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// That the question was taken back, if it was.
    pub(super) fn check_cancelled(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() { Err(Failure::cancelled()) } else { Ok(()) }
    }

    /// The partitions of these topics, sorted; only those with these numbers unless there are none.
    ///
    /// # Errors
    /// `Usage` when a topic does not exist or lacks one of the partitions; else when the cluster
    /// cannot be asked.
    pub(super) fn partitions(
        &self,
        topics: &[Arc<str>],
        only: &[i32],
    ) -> Result<Vec<TopicPartition>, Failure> {
        let mut partitions = Vec::new();
        for topic in topics {
            let facts = self.connection.topic(topic, REQUEST_TIMEOUT)?;
            if facts.partitions.is_empty() {
                let reason = "its partitions are not known yet".to_owned();
                let asked = format!("look up topic `{topic}`");
                return Err(KafkaError::Other { asked, reason }.into());
            }
            let exists = |number| facts.partitions.iter().any(|known| known.partition == number);
            if let Some(missing) = only.iter().find(|number| !exists(**number)) {
                let partition = TopicPartition::new(Arc::clone(topic), *missing);
                return Err(KafkaError::UnknownPartition { partition }.into());
            }
            let wanted = facts
                .partitions
                .iter()
                .filter(|known| only.is_empty() || only.contains(&known.partition));
            partitions.extend(
                wanted.map(|known| TopicPartition::new(Arc::clone(topic), known.partition)),
            );
        }
        partitions.sort();
        partitions.dedup();
        Ok(partitions)
    }

    /// Where these partitions begin and end now. Those without a leader are missing from the
    /// answer, which whoever asks has to tell.
    ///
    /// # Errors
    /// When none of them has a leader; else when the cluster cannot be asked.
    pub(super) fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, Failure> {
        self.check_cancelled()?;
        let bounds = self.connection.watermarks(partitions, REQUEST_TIMEOUT)?;
        if bounds.is_empty() && !partitions.is_empty() {
            return Err(KafkaError::NoLeader { partitions: partitions.to_vec() }.into());
        }
        Ok(bounds)
    }
}
