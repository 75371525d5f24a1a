//! `test`: runs the fixtures of a workspace.
//!
//! Promises: closes with `N passed, N failed`; what differs is shown, in colours on a terminal; a
//! fixture that cannot be read ends the command with its file and line.
//! Does not know: how fixtures are run.

use std::path::Path;

use serde::Serialize;

use super::args::TestArgs;
use super::context::Context;
use super::output::Colour;
use super::{CommandError, Outcome, report};
use crate::partition_log::private_files;
use crate::workspace::sandbox::{FixtureReport, FixtureRun, find_fixtures, junit};
use crate::workspace::{Failure, Permissions};

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
    let permissions = Permissions::of_user().map_err(|error| Failure::usage_error(&error))?;
    let mut reports = Vec::new();
    for file in files {
        if context.cancel.is_cancelled() {
            return Err(Failure::cancelled().into());
        }
        let report =
            FixtureReport::of(&file, run, context.config(), &permissions).map_err(|error| {
                let mut failure = Failure::usage_error(&error);
                failure.problem.hint = error.hint;
                failure
            })?;
        print(context, &report)?;
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
fn write_report(file: &Path, xml: &str) -> Result<(), Failure> {
    private_files::write(file, xml).map_err(|error| Failure::usage_error(&error))
}

/// Prints what came of a fixture.
fn print(context: &mut Context, report: &FixtureReport) -> Result<(), CommandError> {
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
    let colour = if report.passed() { Colour::Green } else { Colour::Red };
    output.coloured(colour, word, &format!("  {} ({})", report.name, report.file.display()))?;
    differences.iter().try_for_each(|line| match colour_of(line) {
        Some(colour) => output.coloured(colour, &format!("    {line}"), ""),
        None => output.text(format!("    {line}")),
    })
}

/// The colour of a line of a difference, by its sign: added, removed, changed.
fn colour_of(line: &str) -> Option<Colour> {
    match line.trim_start().chars().next() {
        Some('+') => Some(Colour::Green),
        Some('-') => Some(Colour::Red),
        Some('~') => Some(Colour::Blue),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_colour_of_its_sign() {
        assert_eq!(colour_of("  + /a  1"), Some(Colour::Green));
        assert_eq!(colour_of("  - /a  1"), Some(Colour::Red));
        assert_eq!(colour_of("  ~ /a  1 → 2"), Some(Colour::Blue));
        assert_eq!(colour_of("state of a"), None);
    }
}
