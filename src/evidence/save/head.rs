//! The head of a saved file: what was asked, what was read, how complete it is.
//!
//! Promises: the same facts in every form; names that `foldback` prints elsewhere mean the same
//! here.
//! Does not know: the rows.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;

use crate::decode::{text, time_text};
use crate::fold::{History, Selection};
use crate::model::{Completeness, EntityId, Isolation, OffsetRange, Value};

/// The head of a saved file.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    /// What is saved: `history`, `state`, `states`, `diff`, `records`.
    what: &'static str,
    /// What was asked, by the names of the command line's options.
    question: IndexMap<&'static str, Value>,
    /// Which records were read.
    isolation: &'static str,
    /// What was read.
    read: Vec<OffsetRange>,
    /// What else is known of the answer.
    #[serde(flatten)]
    facts: IndexMap<&'static str, Value>,
    /// How many rows follow.
    rows: u64,
    /// How much of the history it rests on.
    completeness: Completeness,
    /// When it was saved.
    saved_at: String,
    /// By what.
    saved_by: &'static str,
}

/// The program with its version.
const SAVED_BY: &str = concat!("foldback ", env!("CARGO_PKG_VERSION"));

impl Head {
    /// The head of something that was asked at this isolation and is saved now, in milliseconds
    /// since the epoch.
    pub fn new(what: &'static str, isolation: Isolation, now_ms: i64) -> Self {
        Self {
            what,
            question: IndexMap::new(),
            isolation: isolation.as_str(),
            read: Vec::new(),
            facts: IndexMap::new(),
            rows: 0,
            completeness: Completeness::default(),
            saved_at: time_text::utc(now_ms),
            saved_by: SAVED_BY,
        }
    }

    /// Adds a part of the question.
    pub fn ask(&mut self, name: &'static str, value: impl Into<Value>) {
        self.question.insert(name, value.into());
    }

    /// Adds the entity that was asked about.
    pub fn ask_entity(&mut self, entity: &EntityId) {
        self.ask("entity", text::to_value(entity.as_bytes()));
    }

    /// Adds a part of the question that has several values; one without any was not asked.
    pub fn ask_each<V: Into<Value>>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = V>,
    ) {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.ask(name, Value::array(values));
        }
    }

    /// Adds something that is known of the answer.
    pub fn tell(&mut self, name: &'static str, value: impl Into<Value>) {
        self.facts.insert(name, value.into());
    }

    /// Adds something with several values that is known of the answer, if there are any.
    pub fn tell_each(&mut self, name: &'static str, texts: Vec<String>) {
        if !texts.is_empty() {
            self.tell(name, Value::array(texts.into_iter().map(Value::string)));
        }
    }

    /// Adds how a history was folded, and which of these events the fold did not take.
    pub fn tell_of_fold(&mut self, history: &History, selection: &Selection) {
        self.tell("events", history.len());
        self.tell("fold", Value::string(history.fold().name()));
        if !history.fold().label().is_empty() {
            self.tell("note", Value::string(history.fold().label()));
        }
        let not_taken = history.not_taken_in(selection);
        if !not_taken.is_empty() {
            let counts = not_taken.into_iter().map(|(reason, count)| (reason, count.into()));
            self.tell("not_taken", Value::object(counts));
        }
        if let Some((version, why)) = history.failure_in(selection) {
            let failed = [("version", version.into()), ("error", Value::string(why))];
            self.tell("failed", Value::object(failed));
        }
    }

    /// Adds what was read and how complete that is.
    pub fn read(&mut self, read: Vec<OffsetRange>, completeness: Completeness) {
        (self.read, self.completeness) = (read, completeness);
    }

    /// Adds how many rows follow.
    pub(super) fn count(&mut self, rows: u64) {
        self.rows = rows;
    }

    /// As the first line of a file of JSON lines.
    pub(super) fn json_line(&self) -> String {
        json!({ "head": self }).to_string()
    }

    /// As the description of a table of this name with these columns: W3C, "Metadata Vocabulary for
    /// Tabular Data", 2015, sections 5.3 and 5.4.
    pub(super) fn table_metadata(&self, name: &str, columns: &[String]) -> String {
        let columns: Vec<_> =
            columns.iter().map(|title| json!({ "titles": title, "datatype": "string" })).collect();
        let metadata = json!({
            "@context": "http://www.w3.org/ns/csvw",
            "url": name,
            "tableSchema": { "columns": columns },
            "notes": [
                { "head": self },
                { "cells": "a text that a spreadsheet would run begins with an apostrophe" },
            ],
        });
        format!("{metadata:#}\n")
    }

    /// What it says, for people: a title, then names with their texts.
    pub(super) fn words(&self) -> (String, Vec<(String, String)>) {
        let title = match self.question.get("entity") {
            Some(entity) => format!("{} of {}", capital(self.what), plain(entity)),
            None => capital(self.what),
        };
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut line = |name: &str, text: String| lines.push((capital(name), text));
        for (name, value) in self.question.iter().filter(|(name, _)| **name != "entity") {
            line(name, plain(value));
        }
        line("isolation", format!("{} records", self.isolation));
        for (name, value) in &self.facts {
            line(&name.replace('_', " "), plain(value));
        }
        let range = |read: &OffsetRange| match read.to - read.from {
            0 => format!("{}-{} nothing", read.topic, read.partition),
            _ => format!("{}-{} {}–{}", read.topic, read.partition, read.from, read.to - 1),
        };
        let ranges: Vec<String> = self.read.iter().map(range).collect();
        line("offsets read", ranges.join(", "));
        line("rows", self.rows.to_string());
        line("verdict", self.completeness.verdict.as_str().replace('_', " "));
        for reason in &self.completeness.reasons {
            line("reason", reason.detail.clone());
        }
        line("saved", format!("{} by {}", self.saved_at, self.saved_by));
        (title, lines)
    }
}

/// A value in words: a text without quotes, several with commas between.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Array(elements) => elements.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_json(),
    }
}

/// A word with a capital.
fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
