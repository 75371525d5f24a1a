//! The words of the command line, each with its help.
//!
//! Promises: one definition for parsing and help; parsing touches neither files nor clusters; every
//! option may follow the command.
//! Does not know: what the words lead to (`session`, and one file per command).

mod bench;
mod diagnose;
mod projection;
mod save;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(super) use self::bench::{
    BenchCommand, BenchFoldArgs, BenchFramesArgs, BenchHistogramArgs, BenchIndexArgs,
    BenchLogOptions, BenchLookupArgs, BenchScanArgs, BenchTopicsArgs,
};
pub(super) use self::diagnose::DiagnoseArgs;
pub(super) use self::projection::{CompareArgs, ProjectArgs, ProjectionOptions};
pub(super) use self::save::{FileOptions, SaveArgs, SaveCommand};
use crate::model::{Clock, Isolation, TopicNameFault, check_topic_name};
use crate::sandbox::{Consumer, FaultEntry, FaultName, Invariant};

/// Inspects and replays event-sourced systems on Apache Kafka
///
/// Without a command the window opens. Nothing is ever written to a cluster: no group is joined, no
/// offset committed, no topic created. Only the demo writes, to its own cluster or to one that is
/// named for it.
#[derive(Debug, Parser)]
#[command(name = "foldback", version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What applies to every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where from and how")]
pub struct GlobalOptions {
    /// Bootstrap brokers, with commas between
    #[arg(long, global = true, value_name = "HOST:PORT,…", conflicts_with_all = ["connection", "config"])]
    pub brokers: Option<String>,
    /// A connection of foldback.toml by its name
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "config")]
    pub connection: Option<String>,
    /// A Java .properties file, or one of librdkafka or kcat; which of them is detected
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets a librdkafka property; may be repeated
    #[arg(short = 'X', global = true, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub properties: Vec<String>,
    /// Which records are read: those of committed transactions, or all [default: committed]
    #[arg(long, global = true, value_name = "LEVEL", value_enum)]
    pub isolation: Option<IsolationLevel>,
    /// The folder of foldback.toml [default: the current folder or the nearest one above it]
    #[arg(long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Lets foldback.toml use this environment variable, too; may be repeated [default: KAFKA_… and
    /// FOLDBACK_…]
    #[arg(long, global = true, value_name = "NAME", action = ArgAction::Append)]
    pub allow_env: Vec<String>,
    /// Prints one JSON object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// Neither reads nor writes a local index
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Where the local index is kept
    #[arg(long, global = true, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// How much the local index may keep over all topics, in MiB [default: 20480]
    #[arg(long, global = true, value_name = "MIB")]
    pub cache_size: Option<u64>,
    /// Ends with status 4 when the history is anything but complete
    #[arg(long, global = true)]
    pub require_complete: bool,
    /// Writes what happens into foldback.log in your data folder, without passwords, for a report
    #[arg(long, global = true)]
    pub log: bool,
}

/// Which records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum IsolationLevel {
    /// Records of committed transactions and plain records, up to the last stable offset.
    #[default]
    Committed,
    /// Everything, aborted and undecided records included, labelled.
    Uncommitted,
}

impl From<IsolationLevel> for Isolation {
    fn from(level: IsolationLevel) -> Self {
        match level {
            IsolationLevel::Committed => Self::Committed,
            IsolationLevel::Uncommitted => Self::Uncommitted,
        }
    }
}

/// What a time means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClockName {
    /// What the system knew: the running maximum of the timestamps of each partition.
    #[default]
    Log,
    /// What had happened: the event's own time.
    Event,
}

impl From<ClockName> for Clock {
    fn from(name: ClockName) -> Self {
        match name {
            ClockName::Log => Self::Log,
            ClockName::Event => Self::Event,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists topics with their partitions, offsets and settings
    Topics(TopicsArgs),
    /// Prints records of topics in log order, filtered
    Scan(ScanArgs),
    /// Reads topics into the local index, going on from where it stands
    Index(IndexArgs),
    /// Lists what the local index keeps, checks it or removes it
    Cache(CacheArgs),
    /// Lists the entities of topics with their number of events
    Entities(EntitiesArgs),
    /// Counts the events of each type
    Types(TypesArgs),
    /// Shows how the records of a topic are read as events, and why
    Mapping(MappingArgs),
    /// Prints every event of an entity with the changes it made
    History(HistoryArgs),
    /// Prints the state of an entity at a moment
    State(StateArgs),
    /// Prints what changed in an entity from one moment to another
    Diff(DiffArgs),
    /// Says for every field of an entity which event wrote it
    Blame(BlameArgs),
    /// Saves a history, states, a difference or records, whole, into a file
    Save(SaveArgs),
    /// Runs a projection in JavaScript over topics and prints its states
    Project(ProjectArgs),
    /// Runs two projections over the same history and prints where their results differ
    Compare(CompareArgs),
    /// Runs a projection in virtual consumers under faults, and says which invariants break
    Sandbox(SandboxArgs),
    /// Runs the fixtures of a workspace
    Test(TestArgs),
    /// Lists consumer groups with their committed offsets and their lag
    Groups(GroupsArgs),
    /// Says of rows of a read model whether they are what the log says, and if not, why
    Diagnose(DiagnoseArgs),
    /// Checks a connection step by step and says what to try
    Doctor,
    /// Measures this machine and this cluster
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Opens the reference system: a shop and a bank to look into
    Demo(DemoArgs),
    /// Opens the window on what a link leads to
    Open(OpenArgs),
}

/// `open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// A link that was copied in the window; it begins with foldback:
    ///
    /// It names a cluster by its id, its connection in foldback.toml and its addresses, and what of
    /// it is shown at which moment. A connection used before for the same cluster is used again
    /// with all its settings.
    #[arg(value_name = "LINK")]
    pub link: String,
}

/// What the reference system is started with.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Without options it runs on a cluster of its own inside this program. With --brokers, --connection or --config \
                        it runs on that cluster and says what it will write there before it writes."
)]
pub struct DemoArgs {
    /// Runs without a window and prints JSON lines about what it reached, until it is stopped
    #[arg(long)]
    pub headless: bool,
    /// With --headless: ends as soon as it is ready
    #[arg(long, requires = "headless")]
    pub once: bool,
    /// How many past orders there are [default: as many as make about 50,000 events]
    #[arg(long, value_name = "N")]
    pub orders: Option<u32>,
    /// Which past: the same number gives the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Which records of which topics.
#[derive(Clone, Debug, Args)]
pub struct TopicOptions {
    /// A topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required = true, action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
    /// Only this partition; may be repeated
    #[arg(long = "partition", value_name = "P", action = ArgAction::Append, value_parser = clap::value_parser!(i32).range(0..))]
    pub partitions: Vec<i32>,
}

/// Reads the name of a topic.
fn topic_name(text: &str) -> Result<String, TopicNameFault> {
    check_topic_name(text).map(|()| text.to_owned())
}

/// Which entity of which topics.
#[derive(Clone, Debug, Args)]
pub struct EntityOptions {
    /// The entity's id, by default the key of its records
    #[arg(
        value_name = "ENTITY",
        required_unless_present = "key_base64",
        conflicts_with = "key_base64"
    )]
    pub entity: Option<String>,
    /// The entity's id as base64, for ids that are no text
    #[arg(long, value_name = "BASE64")]
    pub key_base64: Option<String>,
    /// Where its events are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// What a time in WHEN means
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t)]
    pub clock: ClockName,
    /// How events become a state: merge, last, debezium, count or a script such as order.js
    /// [default: as foldback.toml says, else merge]
    #[arg(long, value_name = "FOLD")]
    pub fold: Option<String>,
}

/// `topics`.
#[derive(Debug, Args)]
pub struct TopicsArgs {
    /// Only this topic
    #[arg(value_parser = topic_name)]
    pub topic: Option<String>,
}

/// Which records.
#[derive(Clone, Debug, Args)]
pub struct RecordOptions {
    /// Where the records are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// The first moment, inclusive
    #[arg(long, value_name = "WHEN", default_value = "start", allow_hyphen_values = true)]
    pub from: String,
    /// The last moment, inclusive
    #[arg(long, value_name = "WHEN", default_value = "end", allow_hyphen_values = true)]
    pub to: String,
    /// What a time in WHEN means
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t)]
    pub clock: ClockName,
    /// Only records with this key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, conflicts_with_all = ["key_base64", "key_contains"])]
    pub key: Option<String>,
    /// Only records with this key, given as base64
    #[arg(long, value_name = "BASE64", conflicts_with = "key_contains")]
    pub key_base64: Option<String>,
    /// Only records whose key contains this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub key_contains: Option<String>,
    /// Only records for which this CEL expression is true, such as `value.total > 100 && type ==
    /// "OrderPlaced"`
    ///
    /// A record has topic, partition, offset, timestamp (milliseconds), key, value, headers (the
    /// last value of each name), type, entity and txn. An expression that fails on a record does
    /// not match it.
    #[arg(long = "where", value_name = "CEL")]
    pub filter: Option<String>,
    /// Ends after this many matching records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// `scan`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct ScanArgs {
    /// Which records.
    #[command(flatten)]
    pub records: RecordOptions,
    /// Only counts
    #[arg(long)]
    pub count: bool,
    /// Goes on with what arrives, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// Gives up the order over partitions for speed
    #[arg(long)]
    pub unordered: bool,
}

/// `index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// Where the records are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// Leaves values and headers out: they are read from the cluster when they are needed
    #[arg(long)]
    pub without_values: bool,
    /// Reads the newest records first, so that recent questions are answered early
    #[arg(long)]
    pub newest_first: bool,
    /// Reads at most this many records in a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub most_per_second: Option<u64>,
}

/// `cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Only this topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
    /// Reads everything, to see that it is what was written
    #[arg(long, conflicts_with = "clear")]
    pub verify: bool,
    /// The same, and removes what is not: it is read from the cluster again
    #[arg(long, conflicts_with = "clear")]
    pub repair: bool,
    /// Removes it
    #[arg(long)]
    pub clear: bool,
}

/// `entities`.
#[derive(Debug, Args)]
pub struct EntitiesArgs {
    /// Where their events are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// Only entities whose id contains this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub contains: Option<String>,
    /// Only this many, those with the most events
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// `types`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct TypesArgs {
    /// Where the events are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// The first moment, inclusive
    #[arg(long, value_name = "WHEN", default_value = "start", allow_hyphen_values = true)]
    pub from: String,
    /// The last moment, inclusive
    #[arg(long, value_name = "WHEN", default_value = "end", allow_hyphen_values = true)]
    pub to: String,
    /// What a time in WHEN means
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t)]
    pub clock: ClockName,
    /// Only events for which this CEL expression is true, as for `foldback scan`
    #[arg(long = "where", value_name = "CEL")]
    pub filter: Option<String>,
    /// Only this many types, those with the most events
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// `mapping`.
#[derive(Debug, Args)]
pub struct MappingArgs {
    /// A topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required = true, action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
    /// Decides anew by the records there are now, for all later questions too
    #[arg(long)]
    pub decide_anew: bool,
}

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Which entity.
    #[command(flatten)]
    pub entity: EntityOptions,
}

/// `state`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct StateArgs {
    /// Which entity.
    #[command(flatten)]
    pub entity: EntityOptions,
    /// The moment
    #[arg(long, value_name = "WHEN", default_value = "end", allow_hyphen_values = true)]
    pub at: String,
}

/// `diff`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct DiffArgs {
    /// Which entity.
    #[command(flatten)]
    pub entity: EntityOptions,
    /// The first moment
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub from: String,
    /// The other moment
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub to: String,
}

/// `blame`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct BlameArgs {
    /// Which entity.
    #[command(flatten)]
    pub entity: EntityOptions,
    /// Only the field at this path and what lies below it, such as /status
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// The moment
    #[arg(long, value_name = "WHEN", default_value = "end", allow_hyphen_values = true)]
    pub at: String,
}

/// `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "--help says what each fault and each consumer does", after_long_help = sandbox_help())]
pub struct SandboxArgs {
    /// The projection: a script, or one of the built-in folds merge, last, debezium, count
    #[arg(value_name = "PROJECTION")]
    pub projection: String,
    /// Where the records are.
    #[command(flatten)]
    pub topics: TopicOptions,
    /// Only events of this entity; may be repeated
    #[arg(long = "entity", value_name = "ENTITY", action = ArgAction::Append, allow_hyphen_values = true)]
    pub entities: Vec<String>,
    /// The faults, with commas between, or all
    #[arg(long, value_name = "F1,F2,…", default_value = "all", conflicts_with = "schedule")]
    pub fault: String,
    /// The consumers, with commas between, or all
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub consumer: String,
    /// Decides where faults happen: the same number gives the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many schedules each fault is tried with
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: u32,
    /// On how many threads; the answer is the same [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Runs this schedule, as an answer shows it, instead of making schedules up
    #[arg(long, value_name = "FILE")]
    pub schedule: Option<PathBuf>,
    /// Writes a fixture for every consumer that broke an invariant into this folder, with the
    /// smallest schedule and its events, expecting what a correct consumer shows
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
}

/// `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// A folder of fixtures (*.fixture.json, also in folders below it), or one fixture [default:
    /// that of foldback.toml, else the current one]
    #[arg(value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Writes a report in JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Writes what comes into the fixtures that differ, as what is expected from now on
    #[arg(long)]
    pub update: bool,
}

/// What the faults, the consumers and the invariants are.
fn sandbox_help() -> String {
    let mut help = String::from("Faults, and what exactly is simulated:\n");
    for fault in FaultName::all() {
        let FaultEntry { title, simulated, correct } = fault.entry();
        help.extend([
            format!("  {fault:<4} {title}\n"),
            wrapped(simulated, "       "),
            wrapped(&format!("A correct consumer: {correct}."), "       "),
        ]);
    }
    help.push_str("None needs a broker: a virtual consumer meets the log, the positions and the rebalances that one would give it.\n\nConsumers:\n");
    for consumer in Consumer::ALL {
        help.extend([format!("  {consumer}\n"), wrapped(consumer.purpose(), "       ")]);
    }
    help.push_str("\nInvariants:\n");
    for invariant in Invariant::ALL {
        help.extend([format!("  {invariant}   {}\n", invariant.demand())]);
    }
    help.push_str(
        "Where a consumer itself says that it stopped, I1 and I2 are judged up to there; `stops` tells where.\n\n\
         Status 1 says that an invariant broke.",
    );
    help
}

/// A text in lines of at most a hundred characters, each after this indent.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            lines.extend([line.trim_end(), "\n"]);
            line = indent.to_owned();
        }
        line.extend([word, " "]);
    }
    lines.extend([line.trim_end(), "\n"]);
    lines
}

/// `groups`.
#[derive(Debug, Args)]
pub struct GroupsArgs {
    /// Only this group
    pub group: Option<String>,
    /// Only groups that have committed on this topic, and only its offsets; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
}

/// What WHEN may be.
const WHEN_HELP: &str = "WHEN is one of\n  \
    2026-11-23T10:15:00Z   a time (RFC 3339), or without a zone a local one, or a date alone\n  \
    1795428900             a time as seconds, milliseconds, microseconds or nanoseconds since 1970\n  \
    -90s -15m -2h -3d      a time before now\n  \
    v12                    after the entity's 12th event\n  \
    3:81204                partition 3 through offset 81204; with several topics TOPIC:3:81204\n  \
    start, end";
