//! Which properties a connection takes: an allow-list, the same for every source.
//!
//! A property is taken when it is harmless and understood. Those that load code, run commands or
//! write files are refused wherever they stand: a configuration is data that somebody else may have
//! written. Those of groups, producers and callbacks mean nothing to a reader and are ignored.
//!
//! Promises: what is not named here is never handed to librdkafka.
//! Does not know: values (`librdkafka::check`), where a property stood.

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It is taken.
    Taken,
    /// It is not taken, for this reason; the answer does not change by it.
    Ignored(&'static str),
    /// It would do something that no setting may do; in words that follow its name.
    Refused(&'static str),
    /// Nobody knows it.
    Unknown,
}

/// Properties that are taken.
const TAKEN: [&str; 80] = [
    "api.version.fallback.ms",
    "api.version.request",
    "api.version.request.timeout.ms",
    "broker.address.family",
    "broker.address.ttl",
    "broker.version.fallback",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "connections.max.idle.ms",
    "debug",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "https.ca.location",
    "https.ca.pem",
    "log.connection.close",
    "max.partition.fetch.bytes",
    "message.copy.max.bytes",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.jitter.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.metadata.authentication.type",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "socket.blocking.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "topic.metadata.propagation.max.ms",
    "topic.metadata.refresh.fast.cnt",
    "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.interval.ms",
];

/// Properties that are taken, too: what an encrypted connection needs. `ssl_ca` and the like stand
/// for pointers.
const TAKEN_FOR_TLS: [&str; 16] = [
    "ssl.ca.certificate.stores",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.sigalgs.list",
    "topic.metadata.refresh.sparse",
];

/// Properties that name a file to read.
const PATHS: [&str; 10] = [
    "https.ca.location",
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
];

/// What a login is made of: where `foldback.toml` may write `${NAME}`. The names a login goes by
/// are among them, as they go to whom the password goes.
const CREDENTIALS: [&str; 11] = [
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.password",
    "sasl.username",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Properties that are refused, with what they would do.
const REFUSED: [(&str, &str); 9] = [
    ("interceptors", LOADS_CODE),
    ("offset.store.path", "would write files"),
    ("plugin.library.paths", LOADS_CODE),
    ("sasl.kerberos.kinit.cmd", "would run a command"),
    ("ssl.engine.id", LOADS_CODE),
    ("ssl.engine.location", LOADS_CODE),
    ("ssl.provider.path", LOADS_CODE),
    ("ssl.providers", LOADS_CODE),
    ("ssl_engine_callback_data", LOADS_CODE),
];

/// What most of the refused properties would do.
const LOADS_CODE: &str = "would load code into Foldback";

/// Properties that are ignored, with the reason; a name that ends in `.` means all that start so.
const IGNORED: [(&str, &str); 29] = [
    ("group.", "Foldback joins no group"),
    ("session.timeout.ms", "Foldback joins no group"),
    ("heartbeat.interval.ms", "Foldback joins no group"),
    ("max.poll.interval.ms", "Foldback joins no group"),
    ("coordinator.query.interval.ms", "Foldback joins no group"),
    ("partition.assignment.strategy", "Foldback joins no group"),
    ("enable.auto.commit", "Foldback commits no offsets"),
    ("auto.commit.", "Foldback commits no offsets"),
    ("enable.auto.offset.store", "Foldback commits no offsets"),
    ("offset.store.", "Foldback commits no offsets"),
    ("auto.offset.reset", "a reader says itself where it starts"),
    ("enable.partition.eof", "a reader must see the end of a partition"),
    ("isolation.level", "use --isolation committed or --isolation uncommitted"),
    ("allow.auto.create.topics", "Foldback creates no topics"),
    ("transactional.id", "Foldback writes nothing"),
    ("topic.blacklist", "Foldback shows every topic there is"),
    ("statistics.interval.ms", "Foldback has no use for statistics"),
    ("consume.callback.max.messages", OF_THE_LIBRARY),
    ("default_topic_conf", OF_THE_LIBRARY),
    ("enable.random.seed", OF_THE_LIBRARY),
    ("enabled_events", OF_THE_LIBRARY),
    ("internal.termination.signal", OF_THE_LIBRARY),
    ("log.queue", OF_THE_LIBRARY),
    ("log.thread.name", OF_THE_LIBRARY),
    ("log_level", OF_THE_LIBRARY),
    ("opaque", OF_THE_LIBRARY),
    ("ssl_ca", OF_THE_LIBRARY),
    ("ssl_certificate", OF_THE_LIBRARY),
    ("ssl_key", OF_THE_LIBRARY),
];

/// Why a property is ignored that is between a program and the library.
const OF_THE_LIBRARY: &str = "it is between a program and its Kafka library";

/// Properties of producers.
const OF_PRODUCERS: [&str; 33] = [
    "acks",
    "batch.num.messages",
    "batch.size",
    "builtin.features",
    "compression.codec",
    "compression.level",
    "compression.type",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.metrics.push",
    "linger.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "msg_order_cmp",
    "partitioner",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queuing.strategy",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "socket.max.in.flight",
    "sticky.partitioning.linger.ms",
    "transaction.timeout.ms",
    "transaction.two.phase.commit.enable",
];

/// What becomes of a property of this librdkafka name.
pub(crate) fn treatment(property: &str) -> Treatment {
    let plain = property.strip_prefix("topic.").unwrap_or(property);
    let find = |list: &[(&str, &'static str)]| {
        let found = list.iter().find(|(name, _)| {
            [property, plain]
                .iter()
                .any(|own| own == name || (name.ends_with('.') && own.starts_with(name)))
        });
        found.map(|(_, words)| *words)
    };
    if let Some(words) = find(&REFUSED) {
        return Treatment::Refused(words);
    }
    if TAKEN.contains(&property) || TAKEN_FOR_TLS.contains(&property) {
        return Treatment::Taken;
    }
    if let Some(reason) = find(&IGNORED) {
        return Treatment::Ignored(reason);
    }
    if OF_PRODUCERS.contains(&plain) {
        return Treatment::Ignored("Foldback writes nothing");
    }
    if plain.ends_with("_cb") {
        return Treatment::Ignored(OF_THE_LIBRARY);
    }
    Treatment::Unknown
}

/// Whether the property is taken.
pub(crate) fn is_taken(property: &str) -> bool {
    treatment(property) == Treatment::Taken
}

/// Whether the property names a file to read.
pub(crate) fn names_file(property: &str) -> bool {
    PATHS.contains(&property)
}

/// Whether the property is part of a login, so that its value may come from the environment.
pub(crate) fn is_credential(property: &str) -> bool {
    CREDENTIALS.contains(&property)
}

/// Whether a foreign folder may set the property: a token of this machine's own identity is given
/// to nobody unasked.
pub(crate) fn is_for_the_user_alone(property: &str) -> bool {
    property == "sasl.oauthbearer.metadata.authentication.type"
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn what_is_taken_is_known_to_the_library_and_neither_loads_nor_runs_nor_writes() {
        let native = ClientConfig::new().create_native_config().unwrap();
        for property in TAKEN.iter().chain(&TAKEN_FOR_TLS) {
            assert_eq!(treatment(property), Treatment::Taken, "{property}");
            // A property without a default has no value to ask for: setting it must be known at
            // least.
            let known =
                native.get(property).is_ok() || super::super::librdkafka::is_known(property);
            assert!(known, "the library does not know {property}");
            let word = |word: &str| property.contains(word);
            assert!(!["engine", "provider", "plugin", "cmd", "_cb"].into_iter().any(word));
            let last = property.rsplit('.').next().unwrap();
            let is_file = ["location", "file", "keytab"].contains(&last);
            assert_eq!(names_file(property), is_file, "{property}");
        }
        for property in CREDENTIALS.iter().chain(&PATHS) {
            assert_eq!(treatment(property), Treatment::Taken, "{property}");
        }
    }

    #[test]
    fn what_loads_code_runs_commands_or_writes_files_is_refused_by_every_name() {
        for (property, words) in REFUSED {
            assert_eq!(treatment(property), Treatment::Refused(words), "{property}");
            let of_topics = format!("topic.{property}");
            assert_eq!(treatment(&of_topics), Treatment::Refused(words), "{property}");
        }
        assert_eq!(treatment("no.such.property"), Treatment::Unknown);
        assert_eq!(treatment("topic.no.such.property"), Treatment::Unknown);
    }
}
