//! Starts and stops the reference system as a whole.
//!
//! Promises: starting returns as soon as there is a cluster to connect to; the past is written and
//! projected by named threads of its own while a window opens. On a cluster of somebody's own it
//! writes only to topics that it created itself. Dropping it ends everything it began; topics on a
//! real cluster stay.
//! Does not know: who sends commands and who looks at views.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use tempfile::TempDir;

use super::command_loop::{CommandLoop, Milestone};
use super::command_side::CommandSide;
use super::error::DemoError;
use super::projector::{Lookup, ReadModel, RunningProjector, StartError};
use super::seed::{self, Scale};
use super::topics::{TOPICS, partitions};
use super::traffic::Traffic;
use crate::kafka::{Connection, EmbeddedCluster, EmbeddedTopic, KafkaError, Settings, Writer};
use crate::model::{Cancel, Random};
use crate::workspace::DemoPort;

/// How many commands may wait.
const COMMANDS_MAX: usize = 64;

/// How long a real cluster may take to say whether it has a topic, or to create one.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the system is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cluster to write to; none starts an embedded one.
    pub cluster: Option<Settings>,
    /// How many past orders there are.
    pub orders: u32,
    /// Which past and which traffic.
    pub seed: u64,
    /// Whether live traffic runs from the start.
    pub traffic: bool,
    /// The moment the past ends, in milliseconds since the epoch.
    pub now_ms: i64,
}

impl Options {
    /// The embedded system as it opens in the window, its past ending at this moment.
    pub fn embedded(now_ms: i64) -> Self {
        Self { cluster: None, orders: seed::DEFAULT_ORDERS, seed: 1, traffic: true, now_ms }
    }
}

/// The system while it runs.
pub struct Running {
    /// How to connect to its cluster.
    settings: Settings,
    /// The way to it.
    port: DemoPort,
    /// What it reached so far.
    milestones: Receiver<Milestone>,
    /// Ends its thread.
    stop: Cancel,
    /// Its thread, which owns the projectors.
    command_loop: Option<JoinHandle<()>>,
    /// The read models' files.
    folder: TempDir,
    /// The embedded cluster; dropped last.
    cluster: Option<EmbeddedCluster>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("settings", &self.settings)
            .field("folder", &self.folder.path())
            .field("embedded", &self.cluster.is_some())
            .finish_non_exhaustive()
    }
}

impl Running {
    /// How to connect to its cluster.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The way to it.
    pub fn port(&self) -> DemoPort {
        self.port.clone()
    }

    /// What it reaches: when the past is written, when it is projected, or what went wrong.
    pub fn milestones(&self) -> &Receiver<Milestone> {
        &self.milestones
    }

    /// The file of a read model.
    pub fn read_model(&self, read_model: ReadModel) -> PathBuf {
        read_model.path(self.folder.path())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if self.command_loop.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the demo's thread panicked");
        }
    }
}

/// Starts the system: the cluster at once, the rest by and by.
///
/// # Errors
/// When there is no cluster to write to, or what the machine lacks.
pub fn start(options: &Options) -> Result<Running, DemoError> {
    let groups = ReadModel::ALL.map(ReadModel::group);
    let (cluster, settings) = match &options.cluster {
        None => {
            let topics = TOPICS.map(|(name, partitions)| EmbeddedTopic { name, partitions });
            let cluster = EmbeddedCluster::start(&topics).map_err(DemoError::Cluster)?;
            let settings = cluster.settings(&groups);
            (Some(cluster), settings)
        }
        Some(settings) => (None, settings.clone()),
    };
    let connection = Connection::open(&settings).map_err(DemoError::Cluster)?;
    let writer = Arc::new(Writer::open(&settings).map_err(DemoError::Cluster)?);
    if cluster.is_none() {
        create_topics(&connection, &writer)?;
    }
    let folder = tempfile::Builder::new().prefix("foldback-demo-").tempdir();
    let folder = folder.map_err(DemoError::Folder)?;
    let (commands, orders) = bounded(COMMANDS_MAX);
    let (views_out, views) = bounded(1);
    let (milestones_out, milestones) = bounded(8);
    let stop = Cancel::new();
    let scale = Scale { orders: options.orders, seed: options.seed, now_ms: options.now_ms };
    let command_loop = CommandLoop {
        place: place(&settings).into(),
        projectors: projectors(&settings, folder.path())?,
        lookup: Lookup::new(folder.path())?,
        command_side: CommandSide::new(
            connection.clone(),
            Arc::clone(&writer),
            &partitions(),
            // Live commands get other ids than past ones.
            Random::new(options.seed.wrapping_add(1)),
        ),
        traffic: Traffic::new(options.seed, scale.next_order(), i64::from(scale.accounts())),
        connection,
        writer,
        scale,
        commands: orders,
        views: (views_out, views.clone()),
        milestones: milestones_out,
        stop: stop.clone(),
    };
    let with_traffic = options.traffic;
    let thread = Builder::new().name("demo-commands".to_owned());
    let handle = thread.spawn(move || command_loop.run(with_traffic)).map_err(DemoError::Thread)?;
    let port = DemoPort { commands, views };
    Ok(Running { settings, port, milestones, stop, command_loop: Some(handle), folder, cluster })
}

/// Where the system runs, in words.
fn place(settings: &Settings) -> &str {
    if settings.embedded { "embedded cluster" } else { &settings.brokers }
}

/// Starts the projectors. The dashboard's has the fault of the incident until it has died of it.
fn projectors(settings: &Settings, folder: &Path) -> Result<Vec<RunningProjector>, StartError> {
    let start = |read_model| {
        let deadly = (read_model == ReadModel::Dashboard).then_some(seed::INCIDENT_ORDER);
        RunningProjector::start(read_model, settings, folder, deadly)
    };
    ReadModel::ALL.into_iter().map(start).collect()
}

/// Creates the topics on a cluster that must not have them yet.
fn create_topics(connection: &Connection, writer: &Writer) -> Result<(), DemoError> {
    for (topic, _) in TOPICS {
        match connection.topic(topic, PATIENCE) {
            Err(KafkaError::UnknownTopic { .. }) => {}
            Err(error) => return Err(DemoError::Cluster(error)),
            Ok(_) => {
                let brokers = connection.settings().brokers.clone();
                return Err(DemoError::TopicExists { topic, brokers });
            }
        }
    }
    writer.create_topics(&TOPICS, PATIENCE).map_err(DemoError::Cluster)
}
