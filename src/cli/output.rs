//! What is printed: JSON lines and readable text to stdout, progress and warnings to stderr.
//!
//! Promises: a line is whole or not there; a reader that goes away ends the program quietly; text for people never gets
//! into JSON output.
//! Does not know: what the lines say.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use serde::Serialize;

use super::CommandError;

/// Standard output.
#[derive(Debug)]
pub(super) struct Output {
    /// Where lines go.
    lines: BufWriter<StdoutLock<'static>>,
    /// Whether lines are JSON.
    json: bool,
    /// Whether every line is sent at once: for a person who waits, and for a follower.
    at_once: bool,
}

impl Output {
    /// Standard output, with JSON lines or text.
    pub(super) fn new(json: bool) -> Self {
        let stdout = io::stdout().lock();
        let at_once = stdout.is_terminal();
        Self { lines: BufWriter::with_capacity(1 << 16, stdout), json, at_once }
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
        serde_json::to_writer(&mut self.lines, line).map_err(io::Error::from)?;
        self.end_line()
    }

    /// Prints a line of text.
    ///
    /// # Errors
    /// When the reader has gone, or nothing can be written.
    pub(super) fn text(&mut self, line: impl AsRef<str>) -> Result<(), CommandError> {
        self.lines.write_all(line.as_ref().as_bytes())?;
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

    /// Adds a row.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
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
    fn columns_are_aligned_and_no_line_ends_in_blanks() {
        let mut table = Table::new(&[
            ("TOPIC", Align::Left),
            ("RECORDS", Align::Right),
            ("POLICY", Align::Left),
        ]);
        table.push(["ümlaut".to_owned(), "7".to_owned(), String::new()]);
        table.push(["t".to_owned(), "12345678".to_owned(), "compact".to_owned()]);
        let lines = ["TOPIC    RECORDS  POLICY", "ümlaut         7", "t       12345678  compact"];
        assert_eq!(table.lines(), lines);
    }
}
