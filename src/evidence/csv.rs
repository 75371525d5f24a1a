//! CSV as RFC 4180 has it, which no spreadsheet takes for formulas.
//!
//! Promises: cells are quoted where they must be; a text that a spreadsheet would run begins with
//! an apostrophe; numbers stay numbers.
//! Does not know: what is in the cells.

use std::borrow::Cow;

use crate::decode::json;
use crate::model::Value;

/// A table under construction.
#[derive(Debug)]
pub(super) struct Table(String);

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: &[&str]) -> Self {
        let mut table = Self(String::new());
        table.row(columns);
        table
    }

    /// Adds a row, which has as many cells as there are columns.
    pub(super) fn row(&mut self, cells: &[impl AsRef<str>]) {
        self.0.push_str(&row(cells));
    }

    /// The table as text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A row of which a spreadsheet runs nothing, with its end.
pub(super) fn row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(&harmless(cell.as_ref()))).collect();
    // An empty line would be no row.
    if let [only] = cells.as_slice()
        && only.is_empty()
    {
        return "\"\"\r\n".to_owned();
    }
    cells.join(",") + "\r\n"
}

/// A cell in quotes where it must be.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

/// A cell that no spreadsheet runs as a formula: see OWASP, "CSV injection".
fn harmless(cell: &str) -> Cow<'_, str> {
    let begins_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if begins_formula && !is_number(cell) {
        return format!("'{cell}").into();
    }
    cell.into()
}

/// Whether a text is a number as JSON writes them.
fn is_number(text: &str) -> bool {
    json::parse(text.as_bytes()).is_ok_and(|parsed| matches!(parsed.value, Value::Number(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_negative_number_stays_one() {
        for formula in ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "- 5"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for number in ["-129.90", "-1e-7", "0", "9007199254740993"] {
            assert_eq!(harmless(number), number);
        }
        assert_eq!(harmless("a=b"), "a=b");
    }

    #[test]
    fn a_cell_with_a_comma_a_quote_or_a_line_break_is_quoted() {
        let mut table = Table::new(&["one", "two"]);
        table.row(&["a,b", "say \"no\""]);
        table.row(&["two\nlines", ""]);
        let expected = "one,two\r\n\"a,b\",\"say \"\"no\"\"\"\r\n\"two\nlines\",\r\n";
        assert_eq!(table.finish(), expected);
    }
}
