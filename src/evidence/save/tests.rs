use std::borrow::Cow;
use std::path::Path;

use super::*;
use crate::evidence::row::Row;
use crate::model::{Cancel, Completeness, Isolation, OffsetRange, Value};

/// A row of these cells.
struct Cells<'a>(&'a [&'a str]);

impl Row for Cells<'_> {
    fn json(&self) -> String {
        Value::array(self.0.iter().map(|cell| Value::string(*cell))).to_json()
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        self.0.iter().map(|cell| (*cell).into()).collect()
    }
}

/// A head that says something.
fn head() -> Head {
    let mut head = Head::new("records", Isolation::Committed, 0);
    head.ask("where", Value::string("a | b"));
    head.read(
        vec![OffsetRange { topic: "t".into(), partition: 0, from: 0, to: 7 }],
        Completeness::default(),
    );
    head
}

/// Where this file of a folder is saved.
fn to(folder: &Path, name: &str, overwrite: bool) -> SaveTo {
    let path = folder.join(name);
    let format = SaveFormat::of(&path).unwrap();
    SaveTo { path, format, overwrite }
}

/// Saves a row, under the names `a` and `b`.
fn save(to: &SaveTo, cells: &[&str], cancel: &Cancel) -> Result<Saved, SaveError> {
    let mut file = RowFile::begin(to, vec!["a".to_owned(), "b".to_owned()])?;
    file.row(&Cells(cells))?;
    file.finish(head(), cancel)
}

/// The names in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let first = to(folder.path(), "a.csv", false);
    save(&first, &["1", "2"], &Cancel::new()).unwrap();
    let error = save(&first, &["3", "4"], &Cancel::new()).unwrap_err();
    assert!(matches!(error, SaveError::Exists { .. }), "{error}");
    let read = || fs_err::read_to_string(&first.path).unwrap();
    assert_eq!(read(), "a,b\r\n1,2\r\n");
    save(&to(folder.path(), "a.csv", true), &["3", "4"], &Cancel::new()).unwrap();
    assert_eq!(read(), "a,b\r\n3,4\r\n");
    assert_eq!(names_in(folder.path()), ["a.csv", "a.csv-metadata.json"]);
}

#[test]
fn what_is_not_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    for name in ["a.csv", "a.jsonl", "a.md"] {
        let to = to(folder.path(), name, false);
        let mut file = RowFile::begin(&to, vec!["a".to_owned()]).unwrap();
        file.row(&Cells(&["1"])).unwrap();
        assert_eq!(names_in(folder.path()), [""; 0], "rows are collected without a name");
        let error = file.finish(head(), &cancel).unwrap_err();
        assert!(matches!(error, SaveError::Cancelled), "{error}");
        assert_eq!(names_in(folder.path()), [""; 0]);
    }
}

#[test]
fn a_place_that_is_none_is_refused_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["none/a.csv", "."] {
        let to =
            SaveTo { path: folder.path().join(name), format: SaveFormat::Csv, overwrite: true };
        let error = RowFile::begin(&to, Vec::new()).unwrap_err();
        assert!(matches!(error, SaveError::NoPlace { .. }), "{error}");
        assert!(error.hint().is_some());
    }
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_what_was_saved() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    save(&to(folder.path(), "a.csv", false), &["1", "2"], &Cancel::new()).unwrap();
    for name in names_in(folder.path()) {
        let mode = fs_err::metadata(folder.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_head_of_a_table_stands_where_readers_of_csv_on_the_web_look_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let saved = save(&to(folder.path(), "a.csv", false), &["=1", "-2"], &Cancel::new()).unwrap();
    assert_eq!(fs_err::read_to_string(&saved.path).unwrap(), "a,b\r\n'=1,-2\r\n");
    let metadata = fs_err::read_to_string(saved.metadata.unwrap()).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["url"], "a.csv");
    assert_eq!(metadata["tableSchema"]["columns"][1]["titles"], "b");
    let head = &metadata["notes"][0]["head"];
    assert_eq!(head["question"]["where"], "a | b");
    assert_eq!((&head["isolation"], &head["rows"]), (&"committed".into(), &1.into()));
    assert_eq!(head["completeness"]["verdict"], "complete");
    assert_eq!(head["read"][0]["to"], 7);
}

#[test]
fn markdown_shows_what_a_cell_holds_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let cells = ["a|b\r\nc", "<b>*x*</b> [l](u)\u{202e}"];
    let saved = save(&to(folder.path(), "a.md", false), &cells, &Cancel::new()).unwrap();
    let text = fs_err::read_to_string(&saved.path).unwrap();
    assert!(
        text.starts_with("# Records\n\n- **Where**: a \\| b\n- **Isolation**: committed records\n"),
        "{text}"
    );
    assert!(
        text.contains("- **Offsets read**: t-0 0–6\n- **Rows**: 1\n- **Verdict**: complete\n"),
        "{text}"
    );
    let row =
        "| a | b |\n| --- | --- |\n| a\\|b<br>c | \\<b\\>\\*x\\*\\</b\\> \\[l\\](u)\\\\u{202e} |\n";
    assert!(text.ends_with(row), "{text}");
}
