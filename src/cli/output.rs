//! What is printed: JSON lines and readable text to stdout, progress and warnings to stderr.
//!
//! Promises: a line is whole or not there; a reader that goes away ends the program quietly; text
//! for people never gets into JSON output. Data never steers a terminal: hidden characters leave
//! escaped, `\u{1b}` in text, `\u001b` in JSON.
//! Does not know: what the lines say.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::{CommandError, closed_output};
use crate::decode::text::{is_hidden, visible};

/// Standard output.
#[derive(Debug)]
pub(super) struct Output {
    /// Where lines go.
    lines: BufWriter<StdoutLock<'static>>,
    /// Whether lines are JSON.
    json: bool,
    /// Whether every line is sent at once: for a person who waits, and for a follower.
    at_once: bool,
    /// Whether colours are shown.
    colours: bool,
}

impl Output {
    /// Standard output, with JSON lines or text.
    pub(super) fn new(json: bool) -> Self {
        let stdout = io::stdout().lock();
        let at_once = stdout.is_terminal();
        let colours = at_once && std::env::var_os("NO_COLOR").is_none();
        Self { lines: BufWriter::with_capacity(1 << 16, stdout), json, at_once, colours }
    }

    /// Whether lines are JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Sends every line at once from now on.
    pub(super) fn send_at_once(&mut self) {
        self.at_once = true;
    }

    /// Prints a JSON line.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn json(&mut self, line: &impl Serialize) -> Result<(), CommandError> {
        let mut serializer = Serializer::with_formatter(&mut self.lines, VisibleJson);
        line.serialize(&mut serializer).map_err(io::Error::from)?;
        self.end_line()
    }

    /// Prints a line of text.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn text(&mut self, line: impl AsRef<str>) -> Result<(), CommandError> {
        self.lines.write_all(visible(line.as_ref()).as_bytes())?;
        self.end_line()
    }

    /// Prints a text of several lines, whose breaks are the program's own.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn block(&mut self, text: &str) -> Result<(), CommandError> {
        text.split('\n').try_for_each(|line| self.text(line))
    }

    /// Prints a line that begins with a coloured text, on a terminal that shows colours.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn coloured(
        &mut self,
        colour: Colour,
        text: &str,
        rest: &str,
    ) -> Result<(), CommandError> {
        if !self.colours {
            return self.text(format!("{text}{rest}"));
        }
        let (text, rest) = (visible(text), visible(rest));
        write!(self.lines, "{}{text}{PLAIN}{rest}", colour.switch())?;
        self.end_line()
    }

    /// Prints a table: a heading and rows, columns aligned.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn table(&mut self, table: &Table) -> Result<(), CommandError> {
        table.lines().iter().try_for_each(|line| self.text(line))
    }

    /// Ends a line.
    fn end_line(&mut self) -> Result<(), CommandError> {
        closed_output::check()?;
        self.lines.write_all(b"\n")?;
        if self.at_once {
            self.lines.flush()?;
        }
        Ok(())
    }

    /// Sends what was printed.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn flush(&mut self) -> Result<(), CommandError> {
        Ok(self.lines.flush()?)
    }
}

/// What a text is coloured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// For what is well, or was added.
    Green,
    /// For what is not, or was removed.
    Red,
    /// For what changed.
    Blue,
}

impl Colour {
    /// What switches a terminal to the colour (ECMA-48, SGR).
    fn switch(self) -> &'static str {
        match self {
            Self::Green => "\x1b[32m",
            Self::Red => "\x1b[31m",
            Self::Blue => "\x1b[34m",
        }
    }
}

/// Switches a terminal back.
const PLAIN: &str = "\x1b[0m";

/// Compact JSON in which hidden characters of texts are escaped, also those that JSON itself would
/// let pass.
#[derive(Debug)]
struct VisibleJson;

impl Formatter for VisibleJson {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            let mut units = [0; 2];
            let hidden = characters.next().into_iter();
            for unit in hidden.flat_map(|hidden| hidden.encode_utf16(&mut units).to_vec()) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows under a heading.
#[derive(Debug)]
pub(super) struct Table {
    /// The columns' names and alignment.
    columns: Vec<(&'static str, Align)>,
    /// The rows, each with a cell for every column.
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. What is hidden in a cell is escaped here, so that the columns stay aligned.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| visible(&cell).into_owned());
        let cells: Vec<String> = cells.collect();
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for every column");
        self.rows.push(cells);
    }

    /// The lines, without blanks at their ends.
    pub(super) fn lines(&self) -> Vec<String> {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.columns[column].0.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let heading: Vec<String> =
            self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().zip(&widths).zip(&self.columns);
            let padded = cells.map(|((cell, width), (_, align))| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        std::iter::once(&heading).chain(&self.rows).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_is_hidden_and_stays_the_same_json() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}b\"\\grün\u{feff}";
        let mut written = Vec::new();
        text.serialize(&mut Serializer::with_formatter(&mut written, VisibleJson)).unwrap();
        let written = String::from_utf8(written).unwrap();
        let expected = r#""a\u001b[2J\u009b\u007f\u202eb\"\\grün\ufeff""#;
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_blanks() {
        let mut table = Table::new(&[
            ("TOPIC", Align::Left),
            ("RECORDS", Align::Right),
            ("POLICY", Align::Left),
        ]);
        table.push(["ümlaut".to_owned(), "7".to_owned(), String::new()]);
        table.push(["t\n".to_owned(), "12345678".to_owned(), "compact".to_owned()]);
        let lines = ["TOPIC    RECORDS  POLICY", "ümlaut         7", "t\\n     12345678  compact"];
        assert_eq!(table.lines(), lines);
    }
}
