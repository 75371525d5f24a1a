//! The words of `save`.
//!
//! Promises: those of all commands.
//! Does not know: how files are written (`evidence::save`).

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DiffArgs, HistoryArgs, RecordOptions, StateArgs, WHEN_HELP};
use crate::evidence::save::SaveFormat;

/// `save`.
#[derive(Debug, Args)]
pub struct SaveArgs {
    /// What is saved.
    #[command(subcommand)]
    pub what: SaveCommand,
}

/// What is saved.
#[derive(Debug, Subcommand)]
pub enum SaveCommand {
    /// Saves every event of an entity with the changes it made
    #[command(after_long_help = FILE_HELP)]
    History(SaveHistoryArgs),
    /// Saves the state of an entity after every event
    #[command(after_long_help = FILE_HELP)]
    States(SaveHistoryArgs),
    /// Saves the state of an entity at a moment
    #[command(after_long_help = file_and_when_help())]
    State(SaveStateArgs),
    /// Saves what changed in an entity from one moment to another
    #[command(after_long_help = file_and_when_help())]
    Diff(SaveDiffArgs),
    /// Saves records of topics in log order, all that match
    #[command(after_long_help = file_and_when_help())]
    Records(SaveRecordsArgs),
}

/// `save history` and `save states`.
#[derive(Debug, Args)]
pub struct SaveHistoryArgs {
    /// Of what.
    #[command(flatten)]
    pub of: HistoryArgs,
    /// Into what.
    #[command(flatten)]
    pub file: FileOptions,
}

/// `save state`.
#[derive(Debug, Args)]
pub struct SaveStateArgs {
    /// Of what.
    #[command(flatten)]
    pub of: StateArgs,
    /// Into what.
    #[command(flatten)]
    pub file: FileOptions,
}

/// `save diff`.
#[derive(Debug, Args)]
pub struct SaveDiffArgs {
    /// Of what.
    #[command(flatten)]
    pub of: DiffArgs,
    /// Into what.
    #[command(flatten)]
    pub file: FileOptions,
}

/// `save records`.
#[derive(Debug, Args)]
pub struct SaveRecordsArgs {
    /// Which.
    #[command(flatten)]
    pub of: RecordOptions,
    /// Into what.
    #[command(flatten)]
    pub file: FileOptions,
}

/// Into which file something is saved.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Into which file")]
pub struct FileOptions {
    /// The file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Its form [default: what the ending of FILE says: .jsonl, .csv or .md; else jsonl]
    #[arg(long, value_name = "FORM", value_enum)]
    pub format: Option<FormatName>,
    /// Replaces a file that is there
    #[arg(long)]
    pub force: bool,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// A JSON object a line, the first of which is the head.
    Jsonl,
    /// A table for a spreadsheet, its head in a file beside it.
    Csv,
    /// A head and a table for people.
    Md,
}

impl From<FormatName> for SaveFormat {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Jsonl => Self::JsonLines,
            FormatName::Csv => Self::Csv,
            FormatName::Md => Self::Markdown,
        }
    }
}

/// What becomes of a file.
const FILE_HELP: &str = "\
The file has what was asked, what was read, the isolation and how complete it is in its head:\n  \
    jsonl   the first line is {\"head\":{…}}, each other one a row\n  \
    csv     a table as RFC 4180 has it, which every program opens; its head stands beside it in\n          \
            FILE-metadata.json (W3C CSV on the Web). A text that a spreadsheet would run begins\n          \
            with an apostrophe; numbers keep every digit\n  \
    md      a list, then a table\n\
It is written aside and renamed when it is whole: nothing is left of one that was cancelled. Only\n\
you may read it.";

/// The same, and what WHEN may be.
fn file_and_when_help() -> String {
    format!("{FILE_HELP}\n\n{WHEN_HELP}")
}
