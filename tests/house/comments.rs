//! The rule that comments are as wide as code.
//!
//! Promises: a line with an address may be longer.
//! Does not know: what comments say.

use super::{SourceFile, Violation, assert_finds, assert_house_keeps, assert_passes};

/// The longest line of a comment. An address may be longer.
const COLUMNS_AT_MOST: usize = 100;

/// Comments are as wide as code.
fn comments_are_narrow(file: &SourceFile) -> Vec<Violation> {
    let is_wide = |line: &str| {
        let text = line.trim_start();
        text.starts_with("//") && !text.contains("://") && line.chars().count() > COLUMNS_AT_MOST
    };
    let wide = file.text.lines().zip(1..).filter(|(line, _)| is_wide(line));
    let words = format!("a comment of more than {COLUMNS_AT_MOST} columns");
    wide.map(|(_, number)| file.at(number, &words)).collect()
}

#[test]
fn comments_are_no_wider_than_code() {
    assert_house_keeps(comments_are_narrow);
    let wide = |mark: &str| format!("{mark} {}", "ä".repeat(COLUMNS_AT_MOST));
    assert_finds(
        comments_are_narrow,
        &[("src/fold/a.rs", &wide("//!")), ("tests/a.rs", &wide("fn a() {}\n    //"))],
    );
    let widest = format!("// {}", "ä".repeat(COLUMNS_AT_MOST - 3));
    assert_passes(
        comments_are_narrow,
        &[("src/fold/a.rs", &widest), ("src/fold/a.rs", &wide("//! <https://example.org>"))],
    );
}
