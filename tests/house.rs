//! The rules of the house that no lint can check: which floor may use which, what stands where,
//! words nobody leaves behind.
//!
//! Promises: every rule is a function that finds violations in one file; every rule has a test that
//! shows it can fail.
//! Does not know: whether the code is right.

#![cfg(test)]

#[path = "house/circles.rs"]
mod circles;
#[path = "house/comments.rs"]
mod comments;
#[path = "house/waiting.rs"]
mod waiting;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The floors in their order: a floor uses those before it. `cli` and `gui` are two faces of the
/// same `workspace` and do not know each other; `demo` uses everything and nothing uses `demo`.
const FLOORS: [&str; 15] = [
    "model",
    "kafka",
    "partition_log",
    "decode",
    "entity",
    "fold",
    "broker",
    "sandbox",
    "read_model",
    "evidence",
    "config",
    "workspace",
    "cli",
    "gui",
    "demo",
];

/// The crates that the lowest floor may use: those for plain data.
const CRATES_OF_MODEL: [&str; 5] = ["base64", "indexmap", "serde", "serde_json", "thiserror"];

/// The longest file.
const LINES_AT_MOST: usize = 600;

/// One file of the sources.
struct SourceFile {
    /// The path from the project's folder, with `/`.
    path: String,
    /// The text.
    text: String,
    /// The code without comments, in pieces.
    tokens: Vec<Token>,
}

/// A piece of code.
struct Token {
    /// What it reads.
    text: String,
    /// Its line, from 1.
    line: usize,
}

/// A violation: path, line and words.
type Violation = String;

impl SourceFile {
    /// A file of this text.
    fn new(path: &str, text: &str) -> Self {
        let stream: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{path} is no Rust code: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// The floor that the file belongs to; `None` for `lib.rs`, `main.rs` and files outside `src`.
    fn floor(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        inside.split_once('/').map(|(floor, _)| floor)
    }

    /// How many modules deep the file is: 1 for the head of a floor.
    fn depth(&self) -> usize {
        let parts = self.path.trim_start_matches("src/").trim_end_matches(".rs").split('/');
        parts.filter(|part| *part != "mod").count()
    }

    /// Whether the file holds tests alone.
    fn is_tests(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
    }

    /// A violation in this line.
    fn at(&self, line: usize, words: &str) -> Violation {
        format!("{}:{line}: {words}", self.path)
    }

    /// Where these pieces of code stand one after the other: the index of the first.
    fn find<'a>(&'a self, pieces: &'a [&'a str]) -> impl Iterator<Item = usize> + 'a {
        let starts = 0..(self.tokens.len() + 1).saturating_sub(pieces.len());
        starts.filter(move |start| {
            pieces.iter().zip(&self.tokens[*start..]).all(|(piece, token)| token.text == *piece)
        })
    }

    /// The reading of a piece of code; nothing beyond the end.
    fn token(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| &token.text)
    }

    /// The names that follow a path such as `crate::` which ends before this index: one, or all of
    /// a group.
    fn names_after(&self, index: usize) -> Vec<usize> {
        if self.token(index) != "{" {
            return vec![index];
        }
        let mut depth = 0_usize;
        let mut names = Vec::new();
        for at in index..self.tokens.len() {
            match self.token(at) {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                _ if depth == 1 && ["{", ","].contains(&self.token(at - 1)) => names.push(at),
                _ => {}
            }
        }
        names
    }
}

/// The pieces of code in their order, groups with their brackets.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String| tokens.push(Token { text, line });
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned());
                flatten(group.stream(), tokens);
                let line = group.span_close().start().line;
                tokens.push(Token { text: close.to_owned(), line });
            }
            TokenTree::Ident(name) => push(name.to_string()),
            TokenTree::Punct(mark) => push(mark.as_char().to_string()),
            // The text of a literal is data, not code.
            TokenTree::Literal(_) => push("…".to_owned()),
        }
    }
}

/// All files below `src`, `tests`, `benches` and `examples`.
fn sources() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let files = paths.iter().map(|path| {
        let inside = path.strip_prefix(root).expect("the file is in the project");
        let name = inside.to_str().expect("names of files are UTF-8").replace('\\', "/");
        SourceFile::new(&name, &fs_err::read_to_string(path).expect("a source file"))
    });
    files.collect()
}

/// The Rust files below a folder, if there is one.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Fails with all violations of a rule in all files.
fn assert_house_keeps(rule: fn(&SourceFile) -> Vec<Violation>) {
    let files = sources();
    assert!(files.len() > 20, "the sources are found: {}", files.len());
    let violations: Vec<Violation> = files.iter().flat_map(rule).collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// Fails unless the rule finds exactly one violation, in the last line, in each of these bad files.
fn assert_finds(rule: fn(&SourceFile) -> Vec<Violation>, bad: &[(&str, &str)]) {
    for (path, text) in bad {
        let violations = rule(&SourceFile::new(path, text));
        assert_eq!(violations.len(), 1, "{path}: {text}\n{violations:?}");
        let expected = format!("{path}:{}:", text.lines().count().max(1));
        assert!(violations[0].starts_with(&expected), "{violations:?} is not at {expected}");
    }
}

/// Fails when the rule finds something in one of these good files.
fn assert_passes(rule: fn(&SourceFile) -> Vec<Violation>, good: &[(&str, &str)]) {
    for (path, text) in good {
        let violations = rule(&SourceFile::new(path, text));
        assert!(violations.is_empty(), "{path}: {text}\n{violations:?}");
    }
}

/// A floor uses only those above it in the table.
fn floors_reach_up(file: &SourceFile) -> Vec<Violation> {
    let Some(own) = file.floor() else { return Vec::new() };
    let Some(own_index) = FLOORS.iter().position(|floor| *floor == own) else {
        return vec![file.at(1, &format!("`{own}` is no floor of the house"))];
    };
    let mut used: Vec<usize> =
        file.find(&["crate", ":", ":"]).flat_map(|start| file.names_after(start + 3)).collect();
    // As many `super::` as the file is deep lead to the root of the crate as well.
    let chain = ["super", ":", ":"].repeat(file.depth());
    used.extend(file.find(&chain).flat_map(|start| file.names_after(start + chain.len())));
    let mut violations = Vec::new();
    for index in used {
        let name = file.token(index);
        let Some(floor) = FLOORS.iter().position(|floor| *floor == name) else { continue };
        if floor > own_index || (own == "gui" && name == "cli") {
            let words = format!("`{own}` must not use `{name}`");
            violations.push(file.at(file.tokens[index].line, &words));
        }
    }
    violations
}

#[test]
fn a_floor_uses_only_the_floors_above_it() {
    assert_house_keeps(floors_reach_up);
    assert_finds(
        floors_reach_up,
        &[
            ("src/model/value.rs", "use crate::kafka::Settings;"),
            (
                "src/kafka/reader.rs",
                "use std::fmt;\nuse crate::{model::Value, workspace::Session};",
            ),
            ("src/fold/mod.rs", "fn f() -> crate::gui::App { x }"),
            ("src/kafka/ffi/raw.rs", "use super::super::super::workspace::Problem;"),
            ("src/gui/app.rs", "use crate::cli::Arguments;"),
            ("src/workspace/ask/session.rs", "use crate::demo::Shop;"),
            ("src/attic/mod.rs", ""),
        ],
    );
    assert_passes(
        floors_reach_up,
        &[
            (
                "src/kafka/reader.rs",
                "// use crate::workspace;\nuse crate::model::{Value, workspace};",
            ),
            ("src/demo/shop.rs", "use crate::{kafka::Writer, workspace::Problem};"),
            ("src/main.rs", "use foldback::demo;"),
            ("src/gui/views/start.rs", "use super::super::demo;"),
        ],
    );
}

/// Crates of the outside world stay behind the floors that are there for them.
fn crates_stay_on_their_floors(file: &SourceFile) -> Vec<Violation> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let is_gui = |name: &str| {
        name.starts_with("egui") || ["eframe", "epaint", "ecolor", "emath"].contains(&name)
    };
    let in_gui = file.floor() == Some("gui") || file.path == "src/main.rs";
    let foreign: BTreeSet<String> = dependencies();
    let in_model = file.floor() == Some("model");
    let mut violations = Vec::new();
    for (index, token) in file.tokens.iter().enumerate() {
        let name = token.text.as_str();
        let is_path = file.token(index + 1) == ":" && file.token(index + 2) == ":";
        let is_root = index == 0 || file.token(index - 1) != ":";
        let is_word = matches!((is_path, file.token(index + 1)), (true, _) | (_, ";" | "!"));
        if !is_root || !is_word {
            continue;
        }
        let misplaced = (name.starts_with("rdkafka") && file.floor() != Some("kafka"))
            || (is_gui(name) && !in_gui)
            || (in_model && foreign.contains(name) && !CRATES_OF_MODEL.contains(&name));
        if misplaced {
            violations
                .push(file.at(token.line, &format!("the crate `{name}` does not belong here")));
        }
    }
    violations
}

/// The crates that the program uses, by the names they have in code.
fn dependencies() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml::Table =
        fs_err::read_to_string(path).expect("the manifest").parse().expect("the manifest is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("a table of dependencies");
    dependencies.keys().map(|name| name.replace('-', "_")).collect()
}

#[test]
fn crates_of_the_outside_world_stay_on_their_floors() {
    assert_house_keeps(crates_stay_on_their_floors);
    assert_finds(
        crates_stay_on_their_floors,
        &[
            ("src/workspace/ask/session.rs", "use rdkafka::ClientConfig;"),
            ("src/demo/shop.rs", "fn f() { rdkafka_sys::rd_kafka_version(); }"),
            ("src/workspace/engine.rs", "use egui::Context;"),
            ("src/cli/mod.rs", "use eframe;"),
            ("src/demo/panel.rs", "use egui_extras::TableBuilder;"),
            ("src/model/value.rs", "\nuse jiff::Timestamp;"),
        ],
    );
    assert_passes(
        crates_stay_on_their_floors,
        &[
            ("src/kafka/reader.rs", "use rdkafka::ClientConfig;"),
            ("src/gui/app.rs", "use egui::Context;"),
            ("src/main.rs", "use eframe::NativeOptions;"),
            ("src/model/value.rs", "use serde::Serialize; use crate::kafka; use super::toml::x;"),
            ("tests/window.rs", "use egui_kittest::Harness;"),
        ],
    );
}

/// Every file says what it is for; those of the product also what they promise and what they do not
/// know.
fn heads_are_written(file: &SourceFile) -> Vec<Violation> {
    if file.path.starts_with("src/") && file.is_tests() {
        // The file that it tests has said it.
        return Vec::new();
    }
    let head: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    if head.is_empty() {
        return vec![file.at(1, "a file opens with what it is for: `//! …`")];
    }
    let is_product = file.floor().is_some() && !file.path.ends_with("/testing.rs");
    if !is_product {
        return Vec::new();
    }
    let has = |word: &str| {
        head.iter().any(|line| line.trim_start_matches("//!").trim_start().starts_with(word))
    };
    let missing = |word: &&&str| !has(word);
    let missing: Vec<&&str> = ["Promises:", "Does not know:"].iter().filter(missing).collect();
    missing.iter().map(|word| file.at(1, &format!("the head does not say `{word}`"))).collect()
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    assert_house_keeps(heads_are_written);
    assert_finds(
        heads_are_written,
        &[
            ("src/fold/mod.rs", "use std::fmt;"),
            ("src/main.rs", "fn main() {}"),
            ("tests/cli.rs", "mod support;"),
        ],
    );
    let incomplete =
        SourceFile::new("src/fold/merge.rs", "//! Merges.\n//!\n//! Promises: to merge.\n");
    let violations = heads_are_written(&incomplete);
    assert_eq!(violations, ["src/fold/merge.rs:1: the head does not say `Does not know:`"]);
    assert_passes(heads_are_written, &[("src/fold/tests.rs", "use super::*;")]);
}

/// No file is longer than a person reads in one go, and none is named after nothing.
fn files_are_small_and_named(file: &SourceFile) -> Vec<Violation> {
    let lines = file.text.lines().count();
    let mut violations = Vec::new();
    if lines > LINES_AT_MOST {
        let words = format!("{lines} lines, and {LINES_AT_MOST} are the most");
        violations.push(file.at(lines, &words));
    }
    let nameless = ["utils", "util", "helpers", "helper", "common", "misc", "manager"];
    let parts = file.path.trim_end_matches(".rs").split('/');
    if let Some(part) = parts.into_iter().find(|part| nameless.contains(part)) {
        violations.push(file.at(lines.max(1), &format!("`{part}` does not say what is in it")));
    }
    violations
}

#[test]
fn files_are_short_and_named_after_what_they_hold() {
    assert_house_keeps(files_are_small_and_named);
    let long = "//! Long.\n".repeat(LINES_AT_MOST + 1);
    assert_finds(
        files_are_small_and_named,
        &[
            ("src/fold/long.rs", &long),
            ("src/fold/utils.rs", "//! Things."),
            ("src/common/mod.rs", ""),
        ],
    );
    let longest = "//! Long.\n".repeat(LINES_AT_MOST);
    assert_passes(files_are_small_and_named, &[("src/fold/long.rs", &longest)]);
}

/// A file that takes the place of another one was on disk before.
fn files_are_synced_before_they_count(file: &SourceFile) -> Vec<Violation> {
    if !file.path.starts_with("src/") || file.find(&["sync_data"]).next().is_some() {
        return Vec::new();
    }
    let found = file.find(&["persist"]);
    found.map(|index| file.at(file.tokens[index].line, "sync the file before it counts")).collect()
}

#[test]
fn a_file_that_takes_the_place_of_another_one_was_synced_before() {
    assert_house_keeps(files_are_synced_before_they_count);
    let unsynced = ("src/a.rs", "fn f() {\n aside.persist(path) }");
    assert_finds(files_are_synced_before_they_count, &[unsynced]);
    let synced = ("src/a.rs", "fn f() { file.sync_data(); aside.persist(path) }");
    assert_passes(files_are_synced_before_they_count, &[synced]);
}

/// `unsafe` stands in the one place that binds librdkafka, and where something runs before `main`.
fn unsafe_stays_in_ffi(file: &SourceFile) -> Vec<Violation> {
    if file.path.starts_with("src/kafka/ffi") || file.path == "src/cli/closed_output.rs" {
        return Vec::new();
    }
    let found = file.find(&["unsafe"]);
    found
        .map(|index| file.at(file.tokens[index].line, "`unsafe` belongs into src/kafka/ffi"))
        .collect()
}

#[test]
fn unsafe_code_is_in_one_place() {
    assert_house_keeps(unsafe_stays_in_ffi);
    assert_finds(
        unsafe_stays_in_ffi,
        &[
            ("src/fold/fast.rs", "fn f() {\n unsafe { x() } }"),
            ("tests/x.rs", "unsafe impl Send for X {}"),
        ],
    );
    assert_passes(
        unsafe_stays_in_ffi,
        &[
            ("src/kafka/ffi/queue.rs", "unsafe { x() }"),
            ("src/fold/a.rs", "// unsafe\nlet a = \"unsafe\";"),
        ],
    );
}

/// What librdkafka offers to write, to join, to commit and to alter is named in the demo's writer
/// alone.
fn writing_stays_in_the_writer(file: &SourceFile) -> Vec<Violation> {
    let is_writer = file.path.starts_with("src/kafka/writer");
    let is_embedded = file.path.starts_with("src/kafka/embedded");
    if is_writer || is_embedded || !file.path.starts_with("src/") {
        return Vec::new();
    }
    let writes = [
        "commit",
        "subscribe",
        "offset_store",
        "offsets_store",
        "produce",
        "Create",
        "Delete",
        "Alter",
        "Elect",
    ];
    let mut violations = Vec::new();
    for token in &file.tokens {
        let Some(name) = token.text.strip_prefix("rd_kafka_") else { continue };
        // What only frees, reads or describes is named after what it frees or reads.
        let is_reading = name.contains("destroy") || name.starts_with("topic_result");
        if !is_reading && writes.iter().any(|piece| name.contains(piece)) {
            violations.push(file.at(token.line, &format!("`{}` leaves a trace", token.text)));
        }
    }
    violations
}

#[test]
fn no_code_but_the_demos_writer_can_leave_a_trace_on_a_cluster() {
    assert_house_keeps(writing_stays_in_the_writer);
    assert_finds(
        writing_stays_in_the_writer,
        &[
            ("src/kafka/ffi/mod.rs", "fn f() {\n rd_kafka_commit(a, b); }"),
            ("src/kafka/reader.rs", "use rdkafka_sys::rd_kafka_subscribe;"),
            ("src/kafka/groups.rs", "rd_kafka_AlterConsumerGroupOffsets()"),
            ("src/kafka/offsets.rs", "rd_kafka_offsets_store()"),
        ],
    );
    assert_passes(
        writing_stays_in_the_writer,
        &[
            ("src/kafka/writer.rs", "rd_kafka_commit_transaction()"),
            ("src/kafka/ffi/mod.rs", "rd_kafka_consume_start_queue(); rd_kafka_ListOffsets()"),
        ],
    );
}

/// Tests fail when what they test is broken, and all of them run.
fn tests_can_fail(file: &SourceFile) -> Vec<Violation> {
    let mut violations = Vec::new();
    for word in ["should_panic", "ignore"] {
        for index in file.find(&["#", "[", word]) {
            let words = format!("a test must run and must say what it expects: `#[{word}]`");
            violations.push(file.at(file.tokens[index].line, &words));
        }
    }
    for index in file.find(&["matches", "!", "("]) {
        let starts = index == 0 || [";", "{", "}"].contains(&file.token(index - 1));
        let end = closing(file, index + 2);
        if starts && file.token(end + 1) == ";" {
            violations.push(file.at(file.tokens[end].line, "nobody asserts this `matches!`"));
        }
    }
    violations
}

/// The index of the bracket that closes the one at this index.
fn closing(file: &SourceFile, open: usize) -> usize {
    let mut depth = 0_usize;
    for index in open..file.tokens.len() {
        match file.token(index) {
            "(" => depth += 1,
            ")" if depth == 1 => return index,
            ")" => depth -= 1,
            _ => {}
        }
    }
    open
}

#[test]
fn every_test_runs_and_can_fail() {
    assert_house_keeps(tests_can_fail);
    assert_finds(
        tests_can_fail,
        &[
            ("src/fold/tests.rs", "#[test]\n#[should_panic] fn a() {}"),
            ("src/fold/tests.rs", "#[test]\n#[should_panic(expected = \"x\")] fn a() {}"),
            ("tests/a.rs", "#[test]\n#[ignore = \"slow\"] fn a() {}"),
            ("tests/a.rs", "fn a() { f();\nmatches!(g(1), Some(_)); }"),
        ],
    );
    assert_passes(
        tests_can_fail,
        &[
            ("tests/a.rs", "fn a() -> bool { assert!(matches!(a, Some((_, 1)))); matches!(a, b) }"),
            ("tests/a.rs", "fn a() { let b = matches!(a, b); }"),
        ],
    );
}

/// Nothing is left for later, and the sources speak of the product alone.
fn nothing_is_left_behind(file: &SourceFile) -> Vec<Violation> {
    let mut violations = Vec::new();
    for word in ["todo", "unimplemented", "dbg"] {
        for index in file.find(&[word, "!", "("]) {
            violations
                .push(file.at(file.tokens[index].line, &format!("`{word}!` was left behind")));
        }
    }
    // This file has to name them.
    if file.path != "tests/house.rs" {
        for (line, number) in file.text.lines().zip(1..) {
            for word in ["TODO", "FIXME", "XXX", "HACK"] {
                if line.contains(word) {
                    violations.push(file.at(number, &format!("`{word}` was left behind")));
                }
            }
        }
    }
    violations
}

#[test]
fn nothing_is_left_for_later() {
    assert_house_keeps(nothing_is_left_behind);
    assert_finds(
        nothing_is_left_behind,
        &[
            ("src/fold/a.rs", "fn a() {\n todo!() }"),
            ("src/fold/a.rs", "fn a() { unimplemented!(\"b\") }"),
            ("src/fold/a.rs", "fn a() {}\n// TODO: b"),
        ],
    );
    assert_passes(nothing_is_left_behind, &[("src/fold/a.rs", "fn todo() {} // to do")]);
}
