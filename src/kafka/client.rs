//! One librdkafka client that can only look: no group, no automatic creation, no commits, no
//! telemetry.
//!
//! Promises: whatever the settings say, a client made here cannot join a group, commit or create a
//! topic; the reason of the last failure of the connection can be asked for.
//!
//! Does not know: what is asked through it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError as LibraryError;
use rdkafka::types::{RDKafka, RDKafkaErrorCode as Code};

use super::address::BrokerAddress;
use super::error::{ConnectionFault, Detail, KafkaError, advertised_broker, is_denial};
use super::ffi::{CertificateVerdict, look_at_certificate};
use super::settings::{Settings, is_taken};

/// What no setting may change, and defaults that fit a tool that reads.
const FIXED: [(&str, &str); 6] = [
    ("allow.auto.create.topics", "false"),
    ("auto.offset.reset", "error"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.metrics.push", "false"),
    ("enable.partition.eof", "true"),
];

/// Defaults that a person's settings may change. Half of the first back-off is also how long the
/// library waits between a bootstrap connection, which it closes, and the connection that answers;
/// it doubles with each attempt up to the last.
const DEFAULTS: [(&str, &str); 6] = [
    ("client.id", "foldback"),
    ("fetch.queue.backoff.ms", "2"),
    ("log.connection.close", "false"),
    ("reconnect.backoff.max.ms", "1000"),
    ("reconnect.backoff.ms", "20"),
    ("socket.keepalive.enable", "true"),
];

/// A failure that the library told only by callback.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// When it was told.
    pub(crate) at: Instant,
    /// Its code.
    pub(crate) code: Code,
    /// Its text.
    pub(crate) text: String,
}

/// Collects what the library tells by callback.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The newest trouble of any kind.
    latest: Mutex<Option<Trouble>>,
    /// The newest one that names a cause: a refused login, a failed handshake, a name that does not
    /// resolve.
    cause: Mutex<Option<Trouble>>,
    /// Bootstrap addresses that failed and of which none has answered since. Each failure is told
    /// once in 30 seconds.
    failed_bootstraps: Mutex<BTreeSet<BrokerAddress>>,
    /// The numbers of brokers that could not be reached at the addresses they advertise, and of
    /// which none has answered since.
    failed_brokers: Mutex<BTreeSet<i32>>,
    /// How many brokers there are, as far as one of them has said.
    broker_count: AtomicUsize,
}

impl ClientContext for Notes {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "kafka", facility, message);
    }

    fn error(&self, error: LibraryError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
        tracing::debug!(target: "kafka", %code, reason);
        let trouble = Trouble { at: Instant::now(), code, text: plain_words(reason) };
        if let Some(number) = advertised_broker(&trouble.text) {
            self.failed_brokers.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        }
        let bootstrap = trouble.text.split_once("/bootstrap: ");
        if let Some(address) = bootstrap.and_then(|(name, _)| BrokerAddress::parse(name)) {
            self.failed_bootstraps.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        }
        if code != Code::AllBrokersDown {
            *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble.clone());
        }
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }
}

impl ConsumerContext for Notes {}

/// The reason without the library's own name of the broker thread and without the counts it adds.
fn plain_words(reason: &str) -> String {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    let reason = reason.strip_suffix(": ").unwrap_or(reason);
    let without_thread = reason.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    without_thread.map_or(reason, |(_, words)| words).to_owned()
}

/// One librdkafka client.
pub(crate) struct Client {
    /// The library's consumer, without a group.
    consumer: BaseConsumer<Notes>,
    /// The bootstrap brokers, for error messages.
    brokers: String,
    /// The same, one by one.
    bootstraps: Vec<BrokerAddress>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client with these settings and, where they agree with reading only, these overrides.
    /// Nothing is sent to wait for: connecting goes on in the library's own threads.
    ///
    /// # Errors
    /// When the library does not accept a setting.
    pub(crate) fn open(
        settings: &Settings,
        overrides: &[(&str, String)],
    ) -> Result<Arc<Self>, KafkaError> {
        let config = reading_config(settings, overrides);
        let consumer = config
            .create_with_context(Notes::default())
            .map_err(|error| KafkaError::Setting { reason: library_words(&error) })?;
        let brokers = settings.brokers.clone();
        Ok(Arc::new(Self { consumer, brokers, bootstraps: settings.addresses() }))
    }

    /// What OpenSSL says of the certificate at these addresses, within this time.
    pub(crate) fn certificate(settings: &Settings, limit: Duration) -> CertificateVerdict {
        look_at_certificate(&reading_config(settings, &[]), limit)
    }

    /// The library's consumer.
    pub(crate) fn consumer(&self) -> &BaseConsumer<Notes> {
        &self.consumer
    }

    /// The library's handle. Valid as long as the client lives.
    pub(crate) fn native(&self) -> *mut RDKafka {
        self.consumer.client().native_ptr()
    }

    /// Serves callbacks: errors, logs, token refreshes. To be called again and again.
    pub(crate) fn serve(&self, at_most: Duration) {
        if let Some(Err(error)) = self.consumer.poll(at_most) {
            tracing::debug!(target: "kafka", %error, "told by poll");
        }
    }

    /// The newest trouble, whenever it was.
    pub(crate) fn latest_trouble(&self) -> Option<Trouble> {
        let notes = self.consumer.context();
        notes.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest trouble that names a cause.
    pub(crate) fn latest_cause(&self) -> Option<Trouble> {
        let notes = self.consumer.context();
        notes.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is known by now that a question asked at this moment will not be answered: the
    /// login is refused, or no broker could be reached for three seconds.
    pub(crate) fn is_hopeless(&self, asked_at: Instant) -> bool {
        let since = |trouble: Option<Trouble>| trouble.filter(|trouble| trouble.at >= asked_at);
        let refused = since(self.latest_cause()).is_some_and(|cause| {
            let fault = ConnectionFault::from_code(cause.code);
            matches!(fault, Some(ConnectionFault::Login | ConnectionFault::Encryption))
        });
        let failed = self.consumer.context().failed_bootstraps.lock();
        let failed = failed.unwrap_or_else(PoisonError::into_inner);
        let all_down = self.bootstraps.iter().all(|address| failed.contains(address));
        // Brokers may answer at the bootstrap address and be nowhere else.
        let notes = self.consumer.context();
        let lost = notes.failed_brokers.lock().unwrap_or_else(PoisonError::into_inner).len();
        let all_lost = lost > 0 && lost >= notes.broker_count.load(Ordering::Relaxed);
        refused || ((all_down || all_lost) && asked_at.elapsed() > Duration::from_secs(3))
    }

    /// Notes that a broker answered.
    pub(crate) fn note_answer(&self) {
        let notes = self.consumer.context();
        notes.failed_brokers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        notes.failed_bootstraps.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes that a broker, perhaps at a bootstrap address, said how many brokers there are.
    pub(crate) fn note_brokers(&self, count: usize) {
        let notes = self.consumer.context();
        notes.broker_count.store(count, Ordering::Relaxed);
        notes.failed_bootstraps.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The error for a question that failed with this code and text. Where both only say that
    /// nothing came, the newest trouble since `asked_at` says why.
    pub(crate) fn failure(
        &self,
        asked: &str,
        asked_at: Instant,
        code: Code,
        text: &str,
    ) -> KafkaError {
        if is_denial(code) {
            return KafkaError::NotPermitted { asked: asked.to_owned() };
        }
        // A cause that was told shortly before the question is still the cause: the library backs
        // off in between.
        let recent = asked_at.checked_sub(Duration::from_secs(15)).unwrap_or(asked_at);
        let cause = self.latest_cause().filter(|trouble| trouble.at >= recent);
        let fault = ConnectionFault::from_code(code);
        match (fault, cause) {
            (Some(ConnectionFault::Unreachable), Some(cause)) => {
                let told = ConnectionFault::from_code(cause.code);
                let fault = told.unwrap_or(ConnectionFault::Unreachable);
                fault.into_error(&self.brokers, Some(cause.text))
            }
            (Some(ConnectionFault::Unreachable), None) if is_time_out(code) => {
                KafkaError::TimedOut { asked: asked.to_owned(), detail: Detail(None) }
            }
            (Some(fault), _) => fault.into_error(&self.brokers, Some(text.to_owned())),
            (None, _) => KafkaError::Other { asked: asked.to_owned(), reason: text.to_owned() },
        }
    }

    /// The error that says this fault of the connection, in these words.
    pub(crate) fn fault_error(&self, fault: ConnectionFault, words: String) -> KafkaError {
        fault.into_error(&self.brokers, Some(words))
    }

    /// The error for a library call that failed.
    pub(crate) fn library_failure(
        &self,
        asked: &str,
        asked_at: Instant,
        error: &LibraryError,
    ) -> KafkaError {
        let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
        self.failure(asked, asked_at, code, &code.to_string())
    }
}

/// Whether this code only says that time ran out.
fn is_time_out(code: Code) -> bool {
    matches!(code, Code::OperationTimedOut | Code::RequestTimedOut)
}

/// The library's words for an error, without the names of its own types.
fn library_words(error: &LibraryError) -> String {
    match error {
        // The value may be a secret.
        LibraryError::ClientConfig(_, reason, key, _) => format!("{reason} ({key})"),
        LibraryError::ClientCreation(reason) => reason.clone(),
        other => other.to_string(),
    }
}

/// The configuration of a client that reads: defaults, then the person's settings, then what must
/// be.
fn reading_config(settings: &Settings, overrides: &[(&str, String)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in DEFAULTS {
        config.set(key, value);
    }
    for (key, value) in &settings.properties {
        if is_taken(key) {
            config.set(key, value);
        }
    }
    for (key, value) in overrides {
        config.set(*key, value);
    }
    for (key, value) in FIXED {
        config.set(key, value);
    }
    config.set("bootstrap.servers", &settings.brokers);
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_makes_the_client_join_commit_create_or_load_code() {
        let mut settings = Settings::from_brokers("127.0.0.1:1").unwrap();
        let hostile = [
            ("group.id", "theirs"),
            ("enable.auto.commit", "true"),
            ("allow.auto.create.topics", "true"),
            ("plugin.library.paths", "/tmp/theirs.so"),
            ("ssl.engine.location", "/tmp/theirs.so"),
        ];
        settings.properties.extend(hostile.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let config = reading_config(&settings, &[]);
        for key in ["group.id", "plugin.library.paths", "ssl.engine.location"] {
            assert_eq!(config.get(key), None);
        }
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
        assert_eq!(config.get("allow.auto.create.topics"), Some("false"));
    }

    #[test]
    fn a_setting_that_the_library_refuses_is_told_by_its_name_without_its_value() {
        let mut settings = Settings::from_brokers("127.0.0.1:1").unwrap();
        settings.properties.insert("socket.timeout.ms".to_owned(), "secret".to_owned());
        let error = Client::open(&settings, &[]).unwrap_err().to_string();
        assert!(error.contains("socket.timeout.ms") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn the_librarys_decorations_are_left_out_of_a_reason() {
        let told = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)";
        assert_eq!(
            plain_words(told),
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
        );
    }
}
