//! Words on stderr: errors, warnings.
//!
//! Promises: what failed, why and what to do stand on lines of their own; nothing here can fail the program.
//! Does not know: exit statuses.

use std::io::{self, Write as _};

use crate::workspace::Failure;

/// Reports what failed, why and what to do.
pub(super) fn error(what: &str, cause: Option<&str>, hint: Option<&str>) {
    let mut text = format!("error: {what}\n");
    let lines = [("cause", cause), ("hint", hint)];
    for (label, line) in lines.into_iter().filter_map(|(label, line)| Some((label, line?))) {
        text.extend([label, ": ", line, "\n"]);
    }
    write(&text);
}

/// Reports a question that could not be answered.
pub(super) fn failure(failure: &Failure) {
    let problem = &failure.problem;
    error(&problem.what, problem.cause.as_deref(), problem.hint.as_deref());
}

/// Reports something worth an eye that did not keep the answer from coming.
pub(super) fn warning(text: &str) {
    write(&format!("warning: {text}\n"));
}

/// Writes to stderr in one piece. Where stderr is closed there is nobody to tell.
fn write(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}
