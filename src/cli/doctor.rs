//! `doctor`: a connection checked step by step.
//!
//! Promises: every step is printed as soon as it is known, with what to try when it failed.
//! Does not know: how steps are checked.

use serde::Serialize;

use super::context::Context;
use super::output::Output;
use super::{CommandError, Outcome};
use crate::kafka::check_connection;
use crate::workspace::{CheckOutcome, CheckStep, Config};

/// A step.
#[derive(Debug, Serialize)]
struct StepLine<'a> {
    /// Its name.
    step: &'a str,
    /// `passed`, `failed` or `skipped`.
    outcome: &'static str,
    /// What was found.
    detail: &'a str,
    /// What to try.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
}

/// Checks the connection.
pub(super) fn run(context: &mut Context) -> Result<Outcome, CommandError> {
    let settings = context.settings()?;
    let workspace = context.config().map(workspace_step);
    let output = &mut context.output;
    output.send_at_once();
    let mut outcome = Outcome::Answered;
    let mut printed = match workspace {
        Some(step) => print(output, &step),
        None => Ok(()),
    };
    check_connection(&settings, &mut |step| {
        if step.outcome == CheckOutcome::Failed {
            outcome = Outcome::NoAccess;
        }
        if printed.is_ok() {
            printed = print(output, &step);
        }
    });
    printed.map(|()| outcome)
}

/// The step that names the `foldback.toml` in force.
fn workspace_step(config: &Config) -> CheckStep {
    CheckStep {
        name: "workspace".into(),
        outcome: CheckOutcome::Passed,
        detail: format!("{} is in force", config.path().display()),
        remedy: None,
    }
}

/// Prints a step.
fn print(output: &mut Output, step: &CheckStep) -> Result<(), CommandError> {
    if output.is_json() {
        output.json(&line(step))
    } else {
        text(step).iter().try_for_each(|line| output.text(line))
    }
}

/// The JSON line of a step.
fn line(step: &CheckStep) -> StepLine<'_> {
    StepLine {
        step: &step.name,
        outcome: match step.outcome {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Failed => "failed",
            CheckOutcome::Skipped => "skipped",
        },
        detail: &step.detail,
        remedy: step.remedy.as_deref(),
    }
}

/// A step in text.
fn text(step: &CheckStep) -> Vec<String> {
    let mark = match step.outcome {
        CheckOutcome::Passed => "✓",
        CheckOutcome::Failed => "✗",
        CheckOutcome::Skipped => "-",
    };
    let mut lines = vec![format!("{mark} {:<12} {}", step.name, step.detail)];
    lines.extend(step.remedy.as_ref().map(|remedy| format!("  {:<12} try: {remedy}", "")));
    lines
}
