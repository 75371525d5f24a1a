//! A folder with scripts and a workspace file, and a life of two orders for scripts to run over.
//!
//! Promises: nothing of one test is seen by another.
//! Does not know: what the scripts should make of it.

use serde_json::Value;

use super::cli::{Ended, run_in};
use super::kafka::Kafka;
use super::node::Folder;
use super::records::{TestRecord, produce};

/// A moment in the past, in milliseconds since 1970: 2026-01-01T00:00:00Z.
pub(crate) const BASE_MS: i64 = 1_767_225_600_000;

/// A folder with a script in it and a workspace file that maps a topic to orders.
pub(crate) struct Workspace {
    /// The folder.
    pub(crate) folder: Folder,
    /// The arguments that name cluster and topic.
    common: Vec<String>,
}

impl Workspace {
    /// A workspace whose entity `order` has its events in this topic.
    pub(crate) fn new(kafka: &Kafka, topic: &str, fold: &str) -> Self {
        let folder = Folder::new();
        let config =
            format!("[entity.order]\ntopics = [\"{topic}\"]\ntype = \"value:/type\"\n{fold}");
        fs_err::write(folder.path().join("foldback.toml"), config).expect("the workspace file");
        let common = ["--brokers", kafka.brokers(), "--topic", topic, "--json"];
        Self { folder, common: common.map(str::to_owned).to_vec() }
    }

    /// Writes a script.
    pub(crate) fn script(&self, name: &str, text: &str) {
        fs_err::write(self.folder.path().join(name), text).expect("a script");
    }

    /// Runs a command about the topic in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let common: Vec<&str> = self.common.iter().map(String::as_str).collect();
        run_in(self.folder.path(), &[arguments, &common].concat())
    }

    /// The lines that a command answers with.
    pub(crate) fn answers(&self, arguments: &[&str]) -> Vec<Value> {
        self.run(arguments).answers()
    }
}

/// The life of two orders, one of which is deleted.
pub(crate) fn orders(kafka: &Kafka) -> String {
    let topic = kafka.create_topic("projected", 2, &[]);
    let record = |key: &str, value: &str, at: i64| {
        TestRecord::new(key, value).in_partition(0).at(BASE_MS + at)
    };
    produce(
        kafka,
        &topic,
        &[
            record("o-1", r#"{"type":"OrderPlaced","total":10.50}"#, 0),
            record("o-2", r#"{"type":"OrderPlaced","total":7}"#, 1000),
            record("o-1", r#"{"type":"OrderNoted","note":"x"}"#, 2000),
            record("o-1", r#"{"type":"OrderPaid","amount":10.5}"#, 3000),
            TestRecord::tombstone("o-2").in_partition(0).at(BASE_MS + 4000),
        ],
    );
    topic
}
