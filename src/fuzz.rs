//! What arbitrary bytes do to everything that reads what others wrote: a target for each.
//!
//! Promises: a target takes any bytes and comes back. A panic, an answer that contradicts another
//! one, or no end is a finding. Built for tests and for `cargo fuzz` alone.
//! Does not know: where the bytes come from. `fuzz/` makes them with an eye on what they reach; the
//! test below replays the kept ones, and changes them here and there.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use tempfile::TempDir;

use crate::decode::{Checked, Decoder, json, output_value, text};
use crate::kafka::{Settings, fuzz_answer};
use crate::model::{
    EntityId, Header, JsonPointer, RecordBatch, RecordBatchBuilder, RecordFacts, TimestampType,
    TopicPartition, Transaction, When,
};
use crate::partition_log::{fuzz_manifest, fuzz_segment};
use crate::workspace::{
    CONFIG_FILE, Config, Filter, FilterInput, Permissions, note_on_when, parse_when,
};

/// A target: its name, which is that of its seeds' folder, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 9] = [
    ("when", when),
    ("cel", cel),
    ("properties", properties),
    ("jaas", jaas),
    ("workspace_file", workspace_file),
    ("values", values),
    ("segments", |bytes| with_folder(|folder| fuzz_segment(bytes, folder))),
    ("manifests", |bytes| with_folder(|folder| fuzz_manifest(bytes, folder))),
    ("wire", fuzz_answer),
];

/// Runs the target of this name.
///
/// # Panics
/// When there is no such target, and on a finding.
pub fn run(name: &str, bytes: &[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = found.unwrap_or_else(|| panic!("no target is named {name}"));
    target(bytes);
}

/// Lends a folder of this thread, named as that of a topic is.
fn with_folder(look: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: TempDir = TempDir::new().expect("a folder can be made");
    }
    FOLDER.with(|folder| {
        let folder = folder.path().join("c").join("id-t");
        fs_err::create_dir_all(&folder).expect("a folder can be made");
        look(&folder);
    });
}

/// The bytes as a moment that somebody asks for, in zones with and without changes of the clock.
fn when(bytes: &[u8]) {
    /// 2026-11-29T00:00:00Z.
    const NOW_MS: i64 = 1_795_910_400_000;
    static ZONES: LazyLock<[TimeZone; 2]> = LazyLock::new(|| {
        [TimeZone::UTC, TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")]
    });
    let Ok(given) = std::str::from_utf8(bytes) else { return };
    for zone in ZONES.iter() {
        let parsed = parse_when(given, NOW_MS, zone);
        let padded = parse_when(&format!(" {given}\n"), NOW_MS, zone);
        assert_eq!(padded.is_ok(), parsed.is_ok(), "blanks around it mean nothing");
        let noted = note_on_when(given, zone).is_some();
        assert!(!noted || matches!(parsed, Ok(When::Time(_))), "what is noted is a time");
    }
}

/// The record that filters are run on.
static RECORD: LazyLock<RecordBatch> = LazyLock::new(|| {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("orders", 3));
    let facts = RecordFacts {
        offset: 7,
        timestamp_ms: 1_700_000_000_123,
        log_time_ms: 1_700_000_000_123,
        timestamp_type: TimestampType::CreateTime,
        transaction: Transaction::Committed,
        implausible_time: false,
    };
    let headers = [("user", Some(&b"ann"[..])), ("bin", Some(&[0xff][..])), ("none", None)];
    let headers = headers.map(|(name, value)| Header { name, value });
    builder.push(facts, Some(b"order-1"), Some(b"{}"), headers);
    builder.finish()
});

/// The first line as a filter, the others as the value that it is asked of.
fn cel(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let expression = std::str::from_utf8(parts.next().unwrap_or_default()).ok();
    let Some(filter) = expression.and_then(|text| Filter::parse(text).ok()) else { return };
    let decoded = Decoder::Auto.decode(parts.next());
    let entity = EntityId::new(b"order-1");
    let record = RECORD.get(0).expect("there is one");
    let input =
        FilterInput { record, decoded: &decoded, event_type: Some("Added"), entity: Some(&entity) };
    let mut tally = filter.tally();
    let matched = filter.matches(&input, &mut tally);
    assert!(!matched || tally.failures() == 0, "what fails does not match");
    assert_eq!(tally.first_failure().is_some(), tally.failures() > 0, "a failure has a reason");
    drop(tally.notes());
}

/// The bytes as a file of settings, for Java's clients and for librdkafka's.
fn properties(bytes: &[u8]) {
    with_folder(|folder| {
        for name in ["client.properties", "client.conf"] {
            let path = folder.join(name);
            fs_err::write(&path, bytes).expect("the folder can be written");
            match Settings::from_file(&path) {
                Ok(settings) => {
                    assert!(!settings.addresses().is_empty(), "brokers are named");
                    drop((format!("{settings:?}"), settings.ignored_in_words()));
                }
                Err(error) => assert!(!error.to_string().is_empty(), "a fault has words"),
            }
        }
    });
}

/// The bytes as the login line of a Java client, whatever characters it has.
fn jaas(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let escaped = line.encode_utf16().fold(String::new(), |mut escaped, unit| {
        write!(escaped, "\\u{unit:04x}").expect("writing to a string never fails");
        escaped
    });
    let mechanism = ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"][line.len() % 3];
    let file = format!(
        "bootstrap.servers=a:1\nsasl.mechanism={mechanism}\nsecurity.protocol=SASL_SSL\nsasl.jaas.config={escaped}\n"
    );
    properties(file.as_bytes());
}

/// The bytes as a workspace file.
fn workspace_file(bytes: &[u8]) {
    with_folder(|folder| {
        let path = folder.join(CONFIG_FILE);
        fs_err::write(&path, bytes).expect("the folder can be written");
        match Config::load(&path, Permissions::default()) {
            Ok(config) => {
                for connection in config.connections() {
                    match config.connection(&connection.name) {
                        Ok(settings) => assert!(!settings.addresses().is_empty()),
                        Err(error) => assert!(error.line > 0, "a fault has its line"),
                    }
                }
                for entity in config.entities() {
                    for topic in &entity.topics {
                        let found = config.entity_of_topic(topic).map(|it| &it.name);
                        assert_eq!(found, Some(&entity.name), "a topic has one entity");
                    }
                }
            }
            Err(error) => assert!(!error.message.is_empty(), "a fault has words"),
        }
    });
}

/// The bytes as the value of a record.
fn values(bytes: &[u8]) {
    for decoder in [Decoder::Auto, Decoder::Json, Decoder::Text, Decoder::Bytes] {
        let decoded = decoder.decode(Some(bytes));
        assert_eq!(decoder.check(Some(bytes)), Checked::of(&decoded), "looking tells the same");
        let printed = output_value(&decoded).to_json();
        let again = json::parse(printed.as_bytes()).expect("what is printed is JSON");
        assert_eq!(again.value.to_json(), printed, "what is printed is read as it was");
    }
    let parsed = json::parse(bytes);
    assert_eq!(json::is_json(bytes), parsed.is_ok(), "skipping tells the same as reading");
    for path in ["", "/a", "/a/0", "/a~1b/1/c"] {
        let path = JsonPointer::parse(path).expect("a path");
        let found = parsed.as_ref().ok().and_then(|it| path.resolve(&it.value).cloned());
        assert_eq!(json::extract(bytes, &path), found, "{path:?}");
    }
    if let Ok(parsed) = &parsed {
        let pretty = json::pretty(&parsed.value);
        let again = json::parse(pretty.as_bytes()).expect("what is laid out is JSON");
        assert_eq!(again.value.to_json(), parsed.value.to_json(), "layout changes nothing");
    }
    let preview = text::preview(bytes, 40);
    assert!(!preview.chars().any(|character| character.is_control()), "{preview:?}");
    assert!(!text::visible(&text::exact(bytes)).chars().any(text::is_hidden), "all is visible");
}

#[cfg(test)]
mod tests;
