//! A connection to one cluster: the client that every question but reading goes through.
//!
//! Promises: opening does not wait for the network; asking leaves no trace on the cluster; a
//! question that cannot be answered because nobody can log in or be reached ends as soon as that is
//! known.
//!
//! Does not know: what is asked (`metadata`, `offsets`, `groups`), how records are read (`reader`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::metadata::Metadata;

use super::client::Client;
use super::error::KafkaError;
use super::ffi::{AdminAnswer, Asked};
use super::settings::Settings;
use crate::model::{check_topic_name, may_take_long};

/// How long one request to a cluster may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How long one wait for callbacks lasts, and so how long the thread may outlive the connection.
const SERVE_SLICE: Duration = Duration::from_millis(100);

/// How long the first try of a metadata request lasts; each further one lasts twice as long.
const FIRST_TRY: Duration = Duration::from_millis(500);

/// What the id of librdkafka's mock cluster begins with.
const EMBEDDED_ID: &str = "mockCluster";

/// A connection to one cluster. Clones share it; the last one closes it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What clones share.
    shared: Arc<Shared>,
}

/// What the clones of a connection share.
#[derive(Debug)]
struct Shared {
    /// What it was opened with.
    settings: Settings,
    /// The client for all questions.
    client: Arc<Client>,
    /// Ends the thread that serves callbacks.
    closed: Arc<AtomicBool>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Connection {
    /// Opens a connection. Whether anybody answers shows with the first question.
    ///
    /// # Errors
    /// When a setting is not accepted.
    pub fn open(settings: &Settings) -> Result<Self, KafkaError> {
        tracing::info!(target: "kafka", ?settings, "opens a connection");
        let client = Client::open(settings, &[])?;
        let closed = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            settings: settings.clone(),
            client: Arc::clone(&client),
            closed: Arc::clone(&closed),
        };
        let serve = move || {
            while !closed.load(Ordering::Relaxed) {
                // A callback that panics costs what it had to tell, and nothing of what follows.
                if catch_unwind(AssertUnwindSafe(|| client.serve(SERVE_SLICE))).is_err() {
                    tracing::error!(target: "kafka", "a callback panicked");
                }
            }
        };
        thread::Builder::new().name("kafka-poll".to_owned()).spawn(serve).map_err(|error| {
            KafkaError::Other {
                asked: "start the thread of a connection".to_owned(),
                reason: error.to_string(),
            }
        })?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What the connection was opened with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The newest trouble the client library told of, in its words. It may be over by now.
    pub fn latest_trouble(&self) -> Option<String> {
        let client = self.client();
        client.latest_cause().or_else(|| client.latest_trouble()).map(|trouble| trouble.text)
    }

    /// Whether this is the embedded cluster, of this process or of another: it does not answer some
    /// questions, and others it leaves without an answer.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub(super) fn is_embedded(&self, timeout: Duration) -> Result<bool, KafkaError> {
        if self.settings().embedded {
            return Ok(true);
        }
        let known_id = || self.client().consumer().client().fetch_cluster_id(Duration::ZERO);
        if known_id().is_none() {
            self.metadata(None, timeout)?;
        }
        Ok(known_id().is_some_and(|id| id.starts_with(EMBEDDED_ID)))
    }

    /// The id of the cluster, which it keeps for good; `None` where it has none, or lives no longer
    /// than its process.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn lasting_cluster_id(&self, timeout: Duration) -> Result<Option<String>, KafkaError> {
        if self.is_embedded(timeout)? {
            return Ok(None);
        }
        Ok(self.client().consumer().client().fetch_cluster_id(Duration::ZERO))
    }

    /// The client for questions.
    pub(super) fn client(&self) -> &Arc<Client> {
        may_take_long("asking a cluster");
        &self.shared.client
    }

    /// Waits for the answer to a question, which `asked` names in errors.
    pub(super) fn answer(&self, question: Asked, asked: &str) -> Result<AdminAnswer, KafkaError> {
        self.answer_unless(question, asked, &|| false)
    }

    /// The same, until `give_up` says that the answer is not wanted any more.
    pub(super) fn answer_unless(
        &self,
        question: Asked,
        asked: &str,
        give_up: &dyn Fn() -> bool,
    ) -> Result<AdminAnswer, KafkaError> {
        let client = self.client();
        let asked_at = Instant::now();
        question
            .wait(|| give_up() || client.is_hopeless(asked_at))
            .inspect(|_| client.note_answer())
            .map_err(|failure| client.failure(asked, asked_at, failure.code, &failure.text))
    }

    /// What the brokers say of one topic or of all. Never creates a topic.
    pub(super) fn metadata(
        &self,
        topic: Option<&str>,
        timeout: Duration,
    ) -> Result<Metadata, KafkaError> {
        // The library's wrapper panics on a name that the library refuses.
        topic.map_or(Ok(()), check_topic_name)?;
        let client = self.client();
        let asked_at = Instant::now();
        let mut patience = FIRST_TRY;
        loop {
            let left = timeout.saturating_sub(asked_at.elapsed());
            let last_try = left <= patience;
            let error = match client.consumer().fetch_metadata(topic, patience.min(left)) {
                Ok(metadata) => {
                    client.note_brokers(metadata.brokers().len());
                    return Ok(metadata);
                }
                Err(error) => error,
            };
            if last_try || client.is_hopeless(asked_at) {
                let asked = topic.map_or_else(
                    || "list the topics".to_owned(),
                    |topic| format!("look up topic `{topic}`"),
                );
                return Err(client.library_failure(&asked, asked_at, &error));
            }
            patience *= 2;
        }
    }
}
