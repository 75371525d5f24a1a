//! Words on stderr: errors, warnings.
//!
//! Promises: what failed, why and what to do stand on lines of their own; nothing here can fail the
//! program, and no data in these words steers the terminal or passes for a line of the program's
//! own.
//! Does not know: exit statuses.

use std::borrow::Cow;
use std::error::Error as _;
use std::io::{self, IsTerminal as _, Write as _};

use clap::error::{ContextKind, ContextValue};

use super::closed_output;
use crate::decode::text::{is_hidden, visible};
use crate::workspace::Failure;

/// Reports what failed, why and what to do.
pub(super) fn error(what: &str, cause: Option<&str>, hint: Option<&str>) {
    let lines = [("error", Some(what)), ("cause", cause), ("hint", hint)];
    let lines = lines.into_iter().filter_map(|(label, words)| Some(labelled(label, words?)));
    write(&lines.collect::<String>());
}

/// Words after their label. Further lines are set in, so that none of them looks like a line with a
/// label.
fn labelled(label: &str, words: &str) -> String {
    let cut = one_piece(words.trim_end());
    let lines: Vec<_> = cut.split('\n').map(visible).collect();
    format!("{label}: {}\n", lines.join("\n  "))
}

/// How many characters of words are shown: what a script throws may be of any length.
const SHOWN_CHARS: usize = 8_000;

/// The words, cut where they are too long for anybody to read.
fn one_piece(words: &str) -> Cow<'_, str> {
    match words.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => {
            let (shown, rest) = words.split_at(end);
            format!("{shown}… ({} more characters)", rest.chars().count()).into()
        }
        None => words.into(),
    }
}

/// Reports a question that could not be answered.
pub(super) fn failure(failure: &Failure) {
    let problem = &failure.problem;
    error(&problem.what, problem.cause.as_deref(), problem.hint.as_deref());
}

/// Reports something worth an eye that did not keep the answer from coming.
pub(super) fn warning(text: &str) {
    write(&labelled("warning", text));
}

/// Says something that a person may want to know. Nobody else needs it.
pub(super) fn note(text: &str) {
    if io::stderr().is_terminal() {
        write(&labelled("note", text));
    }
}

/// Reports arguments that clap refuses. Help and version come this way, too, and are what was asked
/// for.
///
/// # Errors
/// When they cannot be written.
pub(super) fn refused_arguments(mut refused: clap::Error) -> io::Result<()> {
    if refused.use_stderr() {
        let shown: Vec<(ContextKind, ContextValue)> = refused
            .context()
            .filter_map(|(kind, value)| Some((kind, shown_argument(value)?)))
            .collect();
        let quoted = refused.source().map(ToString::to_string).unwrap_or_default();
        if shown.is_empty() && !quoted.contains(is_hidden) {
            drop(refused.print());
            return Ok(());
        }
        // Without colours, which could not be told from those of an argument.
        for (kind, value) in shown {
            refused.insert(kind, value);
        }
        let text = refused.render().to_string();
        let text = if quoted.is_empty() { text } else { text.replace(&quoted, &visible(&quoted)) };
        write(&text.split('\n').map(visible).collect::<Vec<_>>().join("\n"));
        return Ok(());
    }
    closed_output::check()?;
    refused.print()?;
    io::stdout().flush()
}

/// An argument as it is shown, where something in it is hidden.
fn shown_argument(value: &ContextValue) -> Option<ContextValue> {
    let has_hidden = |text: &String| text.contains(is_hidden);
    match value {
        ContextValue::String(text) if has_hidden(text) => {
            Some(ContextValue::String(visible(text).into_owned()))
        }
        ContextValue::Strings(texts) if texts.iter().any(has_hidden) => {
            let shown = texts.iter().map(|text| visible(text).into_owned());
            Some(ContextValue::Strings(shown.collect()))
        }
        ContextValue::StyledStrs(tips) => {
            let tips: Vec<String> = tips.iter().map(ToString::to_string).collect();
            let shown = tips.iter().map(|tip| visible(tip).into_owned().into());
            tips.iter().any(has_hidden).then(|| ContextValue::StyledStrs(shown.collect()))
        }
        _ => None,
    }
}

/// Writes to stderr in one piece. Where stderr is closed there is nobody to tell.
fn write(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_length_are_cut_and_say_so() {
        let words = labelled("error", &"ä".repeat(SHOWN_CHARS + 2));
        assert!(words.ends_with("ä… (2 more characters)\n"), "{}", words.len());
        assert_eq!(one_piece("short"), "short");
    }

    #[test]
    fn data_in_an_error_neither_steers_the_terminal_nor_looks_like_another_line() {
        let words = labelled("error", "unknown topic `a\x1b[2K\r\nhint: trust me\u{202e}`");
        assert_eq!(words, "error: unknown topic `a\\u{1b}[2K\\r\n  hint: trust me\\u{202e}`\n");
    }
}
