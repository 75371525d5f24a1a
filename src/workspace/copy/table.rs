//! CSV as RFC 4180 has it, which no spreadsheet takes for formulas.
//!
//! Promises: cells are quoted where they must be; a text that a spreadsheet would run begins with an apostrophe; numbers
//! stay numbers.
//! Does not know: what is in the cells.

use std::borrow::Cow;

use crate::decode::json;
use crate::model::Value;

/// A table under construction.
#[derive(Debug)]
pub(super) struct Table {
    /// Writes into memory.
    writer: csv::Writer<Vec<u8>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: &[&str]) -> Self {
        let mut table = Self { writer: csv::Writer::from_writer(Vec::new()) };
        table.row(columns);
        table
    }

    /// Adds a row, which has as many cells as there are columns.
    pub(super) fn row(&mut self, cells: &[&str]) {
        let cells = cells.iter().map(|cell| harmless(cell).into_owned());
        self.writer.write_record(cells).expect("rows have the same length, and memory takes all");
    }

    /// The table as text.
    pub(super) fn finish(self) -> String {
        let bytes = self.writer.into_inner().expect("memory takes all");
        String::from_utf8(bytes).expect("cells are text")
    }
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn whatever_is_in_a_cell_comes_back_from_a_reader(
            cells in prop::collection::vec(("[^=+\\-@\t\r\n]?", ".{0,12}"), 2),
        ) {
            let cells: Vec<String> = cells.into_iter().map(|(a, b)| format!("x{a}{b}")).collect();
            let mut table = Table::new(&["one", "two"]);
            table.row(&[&cells[0], &cells[1]]);
            let text = table.finish();
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
            prop_assert_eq!(rows.len(), 1);
            prop_assert_eq!(rows[0].iter().collect::<Vec<_>>(), cells);
        }
    }
}
