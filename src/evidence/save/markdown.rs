//! Markdown tables as GitHub and `CommonMark` readers show them.
//!
//! Promises: a cell shows what it holds and nothing else: no mark-up, no link, no line break ends
//! the row.
//! Does not know: what is in the cells.

use crate::decode::text::is_hidden;

/// A row of a table.
pub(super) fn row<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let mut row = String::from("|");
    for cell in cells {
        row.push(' ');
        row.push_str(&escaped(cell.as_ref()));
        row.push_str(" |");
    }
    row.push('\n');
    row
}

/// The line below the heading of a table.
pub(super) fn rule(columns: usize) -> String {
    format!("|{}\n", " --- |".repeat(columns))
}

/// A text that shows as it stands. Every punctuation that can begin mark-up is escaped
/// (`CommonMark` 0.31, section 2.4); a line break is one of HTML; what is hidden is written out.
pub(super) fn escaped(text: &str) -> String {
    const MARKUP: &str = "\\`*_{}[]<>#+!|~&$";
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("<br>"),
            hidden if is_hidden(hidden) => {
                escaped.extend(["\\", &hidden.escape_unicode().to_string()]);
            }
            mark if MARKUP.contains(mark) => escaped.extend(['\\', mark]),
            plain => escaped.push(plain),
        }
    }
    escaped
}
