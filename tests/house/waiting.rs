//! The rule that nothing touches files where nobody may wait.
//!
//! Promises: a file of the sources that touches files says so; that it does in time is for debug
//! assertions to find out.
//! Does not know: which threads may wait.

use super::{SourceFile, Violation, assert_finds, assert_house_keeps, assert_passes};

/// Whoever touches files below the faces says so first, so that a thread that must never wait stops
/// there.
fn files_are_announced(file: &SourceFile) -> Vec<Violation> {
    let is_below = file.floor().is_some_and(|floor| !["cli", "gui", "demo"].contains(&floor));
    if !is_below || file.is_tests() || file.path.ends_with("_tests.rs") {
        return Vec::new();
    }
    let tests = file.find(&["cfg", "(", "test", ")"]).next().unwrap_or(usize::MAX);
    let touches = file.find(&["fs_err"]).find(|index| *index < tests);
    let says_so = file.find(&["may_take_long", "("]).next().is_some();
    let silent = touches.filter(|_| !says_so);
    let words = "touches files without `may_take_long`";
    silent.map(|index| file.at(file.tokens[index].line, words)).into_iter().collect()
}

#[test]
fn no_file_is_touched_where_nobody_may_wait() {
    assert_house_keeps(files_are_announced);
    assert_finds(
        files_are_announced,
        &[
            ("src/workspace/a.rs", "fn a() {\n fs_err::read(p) }"),
            ("src/partition_log/a.rs", "use fs_err::File;"),
        ],
    );
    assert_passes(
        files_are_announced,
        &[
            ("src/workspace/a.rs", "fn a() { may_take_long(\"reading\"); fs_err::read(p) }"),
            ("src/workspace/a.rs", "#[cfg(test)] mod tests { fn a() { fs_err::read(p) } }"),
            ("src/cli/a.rs", "fn a() { fs_err::read(p) }"),
        ],
    );
}
