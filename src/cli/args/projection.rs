//! The words of the commands that run projections.
//!
//! Promises: those of all commands.
//! Does not know: what the words lead to (`project`, `compare`).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::{ClockName, WHEN_HELP};
use crate::workspace::projection::EventOrder;

/// Over which events projections are run, and how.
#[derive(Clone, Debug, Args)]
pub struct ProjectionOptions {
    /// Only this partition of the topics; may be repeated
    #[arg(long = "partition", value_name = "P", action = ArgAction::Append, value_parser = clap::value_parser!(i32).range(0..))]
    pub partitions: Vec<i32>,
    /// Only the events of this entity; may be repeated
    #[arg(long = "entity", value_name = "ENTITY", action = ArgAction::Append, allow_hyphen_values = true)]
    pub entities: Vec<String>,
    /// The last moment, inclusive
    #[arg(long, value_name = "WHEN", default_value = "end", allow_hyphen_values = true)]
    pub at: String,
    /// What a time in WHEN means
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t)]
    pub clock: ClockName,
    /// In which order the events of several partitions come: log, event (by their own time), or
    /// seed:N (by chance, the same for the same N, each partition in its order)
    #[arg(long, value_name = "ORDER", default_value = "log")]
    pub order: EventOrder,
    /// Hands over numbers that JavaScript would round as texts
    #[arg(long)]
    pub exact_numbers: bool,
    /// Over how many threads partitions are spread, where the projection allows it [default: one
    /// per processor]
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
}

/// `project`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct ProjectArgs {
    /// The projection
    #[arg(value_name = "FILE.js", required_unless_present = "types")]
    pub file: Option<PathBuf>,
    /// A topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required_unless_present = "types", action = ArgAction::Append)]
    pub topics: Vec<String>,
    /// Which events, and how.
    #[command(flatten)]
    pub options: ProjectionOptions,
    /// Only prints the TypeScript definitions of what a projection may use, for editors
    #[arg(long)]
    pub types: bool,
}

/// `compare`.
#[derive(Debug, Args)]
#[command(after_long_help = WHEN_HELP)]
pub struct CompareArgs {
    /// The one projection
    #[arg(value_name = "A.js")]
    pub a: PathBuf,
    /// The other; may be the same under another order
    #[arg(value_name = "B.js")]
    pub b: PathBuf,
    /// A topic; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required = true, action = ArgAction::Append)]
    pub topics: Vec<String>,
    /// Which events, and how.
    #[command(flatten)]
    pub options: ProjectionOptions,
    /// The order of events for the other projection [default: the same]
    #[arg(long, value_name = "ORDER")]
    pub order_b: Option<EventOrder>,
}
