//! `test`: runs the fixtures of a workspace.
//!
//! Promises: closes with `N passed, N failed`; what differs is shown, in colours on a terminal; a fixture that cannot be read
//! ends the command with its file and line.
//! Does not know: how fixtures are run.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::TestArgs;
use super::context::Context;
use super::{CommandError, Outcome, report};
use crate::workspace::Failure;
use crate::workspace::sandbox::{FixtureReport, FixtureRun, find_fixtures, junit};

/// A fixture.
#[derive(Debug, Serialize)]
struct FixtureLine<'a> {
    /// Its file.
    fixture: &'a Path,
    /// What it shows.
    name: &'a str,
    /// Whether it passed.
    passed: bool,
    /// Whether its expectation was written anew.
    updated: bool,
    /// What differs, in lines.
    differences: Vec<String>,
    /// How long it took.
    seconds: f64,
}

/// The last line.
#[derive(Debug, Serialize)]
struct Summary {
    /// How many passed.
    passed: usize,
    /// How many failed.
    failed: usize,
}

/// Runs fixtures.
pub(super) fn run(args: &TestArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let path = args.path.clone().unwrap_or_else(|| context.workspace_folder());
    let run = if args.update { FixtureRun::Update } else { FixtureRun::Check };
    let files = find_fixtures(&path)?;
    if files.is_empty() {
        report::warning(&format!("there are no fixtures (*.fixture.json) in {}", path.display()));
    }
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut reports = Vec::new();
    for file in files {
        if context.cancel.is_cancelled() {
            return Err(Failure::cancelled().into());
        }
        let report = FixtureReport::of(&file, run, context.config()).map_err(|error| {
            let mut failure = Failure::usage_error(&error);
            failure.problem.hint = error.hint;
            failure
        })?;
        print(context, &report, colours)?;
        reports.push(report);
    }
    if let Some(file) = &args.junit {
        write_report(file, &junit(&path, &reports))?;
    }
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let passed = reports.len() - failed;
    let output = &mut context.output;
    if output.is_json() {
        output.json(&super::lines::SummaryLine { summary: Summary { passed, failed } })?;
    } else {
        output.text(format!("{passed} passed, {failed} failed"))?;
    }
    Ok(if failed == 0 { Outcome::Answered } else { Outcome::No })
}

/// Writes a report.
fn write_report(file: &PathBuf, xml: &str) -> Result<(), Failure> {
    fs_err::write(file, xml).map_err(|error| Failure::usage_error(&error))
}

/// Prints what came of a fixture.
fn print(context: &mut Context, report: &FixtureReport, colours: bool) -> Result<(), CommandError> {
    let differences: Vec<String> =
        report.differences.iter().flat_map(|difference| difference.lines()).collect();
    let output = &mut context.output;
    if output.is_json() {
        return output.json(&FixtureLine {
            fixture: &report.file,
            name: &report.name,
            passed: report.passed(),
            updated: report.updated,
            differences,
            seconds: report.took.as_secs_f64(),
        });
    }
    let word = match (report.passed(), report.updated) {
        (true, true) => "updated",
        (true, false) => "ok",
        (false, _) => "FAILED",
    };
    let word = if colours { coloured(word, report.passed()) } else { word.to_owned() };
    output.text(format!("{word}  {} ({})", report.name, report.file.display()))?;
    differences.iter().try_for_each(|line| {
        let line = if colours { coloured_line(line) } else { line.clone() };
        output.text(format!("    {line}"))
    })
}

/// A word in green or red.
fn coloured(word: &str, good: bool) -> String {
    let colour = if good { GREEN } else { RED };
    format!("{colour}{word}{PLAIN}")
}

/// A line of a difference: added in green, removed in red, changed in blue.
fn coloured_line(line: &str) -> String {
    let colour = match line.trim_start().chars().next() {
        Some('+') => GREEN,
        Some('-') => RED,
        Some('~') => BLUE,
        _ => return line.to_owned(),
    };
    format!("{colour}{line}{PLAIN}")
}

/// Switches a terminal to green (ECMA-48, SGR).
const GREEN: &str = "\x1b[32m";
/// Switches a terminal to red.
const RED: &str = "\x1b[31m";
/// Switches a terminal to blue.
const BLUE: &str = "\x1b[34m";
/// Switches a terminal back.
const PLAIN: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_colour_of_its_sign_and_keeps_it() {
        assert_eq!(coloured_line("  + /a  1"), "\x1b[32m  + /a  1\x1b[0m");
        assert_eq!(coloured_line("  - /a  1"), "\x1b[31m  - /a  1\x1b[0m");
        assert_eq!(coloured_line("  ~ /a  1 → 2"), "\x1b[34m  ~ /a  1 → 2\x1b[0m");
        assert_eq!(coloured_line("state of a"), "state of a");
    }
}
