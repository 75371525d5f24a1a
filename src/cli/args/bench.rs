//! The words of `bench`.
//!
//! Promises: those of all its measurements.
//! Does not know: what is measured how (`bench`).

use clap::{ArgAction, Args, Subcommand};

use super::topic_name;

/// `bench`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Reads topics to their end, and beside it a loop that only counts
    Scan(BenchScanArgs),
    /// Reads topics, or a generated one, into an index of its own, and beside it a loop that only
    /// counts
    Index(BenchIndexArgs),
    /// Looks entities up in the index of a topic, or of a generated one, as a new process does
    Lookup(BenchLookupArgs),
    /// Opens the index of a topic, or of a generated one, and counts when its records came
    Histogram(BenchHistogramArgs),
    /// Lists the topics of a cluster, or of a generated one, as a new process does
    Topics(BenchTopicsArgs),
    /// Folds a generated entity and asks for its state at random moments
    Fold(BenchFoldArgs),
    /// Draws the window, without a display, over a generated entity that is panned, zoomed and
    /// scrubbed
    Frames(BenchFramesArgs),
}

/// `bench scan`.
#[derive(Debug, Args)]
pub struct BenchScanArgs {
    /// A topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required = true, action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
    /// Only records with this key: keys are compared before anything is copied
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

/// Which log is indexed.
#[derive(Clone, Debug, Args)]
pub struct BenchLogOptions {
    /// A topic of the cluster
    #[arg(long, value_name = "TOPIC", required_unless_present = "generated", value_parser = topic_name)]
    pub topic: Option<String>,
    /// In the place of a topic: a generated one with this many events, 50 of each order, in 12
    /// partitions
    #[arg(long, value_name = "N", conflicts_with = "topic")]
    pub generated: Option<u64>,
}

/// `bench index`.
#[derive(Debug, Args)]
pub struct BenchIndexArgs {
    /// Which log.
    #[command(flatten)]
    pub log: BenchLogOptions,
    /// Leaves values and headers out
    #[arg(long)]
    pub without_values: bool,
}

/// `bench lookup`.
#[derive(Debug, Args)]
pub struct BenchLookupArgs {
    /// Which log; it is indexed first.
    #[command(flatten)]
    pub log: BenchLogOptions,
    /// How many entities are looked up
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub lookups: u64,
    /// Looks up in a log that stays open, as the window does, instead of in one that is opened each
    /// time
    #[arg(long)]
    pub stay_open: bool,
    /// Which entities: the same number chooses the same
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
}

/// `bench histogram`.
#[derive(Debug, Args)]
pub struct BenchHistogramArgs {
    /// Which log; it is indexed first.
    #[command(flatten)]
    pub log: BenchLogOptions,
    /// How often it is opened
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub times: u64,
}

/// `bench topics`.
#[derive(Debug, Args)]
pub struct BenchTopicsArgs {
    /// In the place of the cluster: one inside this process with this many topics of 6 partitions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub generated: Option<u32>,
    /// How often they are listed
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub times: u64,
}

/// `bench fold`.
#[derive(Debug, Args)]
pub struct BenchFoldArgs {
    /// How many events the entity has
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub events: u64,
    /// How events become a state: merge, last, debezium, count or a script such as order.js
    /// [default: merge]
    #[arg(long, value_name = "FOLD")]
    pub fold: Option<String>,
    /// How many moments are asked for
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub cuts: u64,
    /// The seed of events and moments
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
}

/// `bench frames`.
#[derive(Debug, Args)]
pub struct BenchFramesArgs {
    /// Shows the lanes of a topic, drawn from time buckets, instead of an entity
    #[arg(long)]
    pub topic: bool,
    /// How many events the entity or topic has
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub events: u64,
    /// Over how many lanes
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub lanes: u64,
    /// How many frames are measured
    #[arg(long, value_name = "N", default_value_t = 600)]
    pub frames: usize,
}
