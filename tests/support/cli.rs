//! The program itself, run as a user runs it.
//!
//! Promises: nothing of the developer's own environment gets in: no workspace file, a fixed time
//! zone, no colours.
//! Does not know: what the answers should be.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::kafka::Kafka;
use super::node::Folder;

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status.
    pub(crate) status: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

impl Ended {
    /// What the program left.
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("the program ends by itself"),
            stdout: String::from_utf8(output.stdout).expect("the program prints UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the program complains in UTF-8"),
        }
    }

    /// The JSON lines it printed. Numbers keep their digits.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let read = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
        };
        self.stdout.lines().map(read).collect()
    }

    /// The same, after checking that it ended with status 0.
    pub(crate) fn answers(&self) -> Vec<Value> {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.lines()
    }
}

/// The program with these arguments, in this folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foldback"));
    command.args(arguments).current_dir(folder).env("TZ", "UTC").env_remove("FOLDBACK_LOG");
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    command.env("XDG_DATA_HOME", folder.join("data"));
    command
}

/// Runs the program in this folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::of(command(folder, arguments).output().expect("the program can be started"))
}

/// Runs the program in an empty folder.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    let folder = Folder::new();
    run_in(folder.path(), arguments)
}

/// Asks a cluster, in JSON lines.
pub(crate) fn ask(kafka: &Kafka, arguments: &[&str]) -> Ended {
    run(&[arguments, &["--json", "--brokers", kafka.brokers()]].concat())
}

/// The lines of a scan apart: records, then the summary.
pub(crate) fn records_and_summary(mut lines: Vec<Value>) -> (Vec<Value>, Value) {
    let last = lines.pop().expect("a scan ends with its summary");
    let summary = last.get("summary").cloned().unwrap_or_else(|| panic!("no summary in {last}"));
    (lines, summary)
}

/// The values of these members of a line, as a JSON array.
pub(crate) fn pick(line: &Value, members: &[&str]) -> Value {
    members.iter().map(|member| line.get(member).cloned().unwrap_or(Value::Null)).collect()
}

/// The values of these members of every line.
pub(crate) fn pick_all(lines: &[Value], members: &[&str]) -> Vec<Value> {
    lines.iter().map(|line| pick(line, members)).collect()
}
