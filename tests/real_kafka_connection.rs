//! Connecting to a real Apache Kafka: encryption, logins, permissions, connection files, and the
//! check step by step.
//!
//! Promises: every way in that people use works through the library as it works through their
//! files, and every way that does not work ends in words that say why.
//!
//! Does not know: records.

#![cfg(test)]

mod support;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use foldback::kafka::{
    CheckOutcome, CheckStep, Connection, KafkaError, KafkaErrorKind, Settings, check_connection,
};
use foldback::model::TopicPartition;

use support::certificates::Authority;
use support::kafka::{Kafka, Listener, Setup};
use support::tools::{kafka_tool, output_of};

/// How long an answer may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Whoever may do anything.
const ADMIN: &str = "User:ANONYMOUS;User:admin;User:CN=admin-client";

/// A cluster with every kind of listener. `alice` may read the topic `allowed` and nothing else.
struct Secured {
    /// The cluster.
    kafka: Kafka,
    /// Who signed the broker's certificate.
    authority: Authority,
    /// Somebody else.
    stranger: Authority,
}

/// The cluster that these tests share.
fn secured() -> &'static Secured {
    static SHARED: OnceLock<Secured> = OnceLock::new();
    SHARED.get_or_init(|| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let authority = Authority::new(&folder.join("ca"));
        let stranger = Authority::new(&folder.join("stranger"));
        let store = authority.issue("127.0.0.1");
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                     user_admin=\"admin-pw\" user_alice=\"alice-pw\";";
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let mut setup = Setup::default()
            .with("ssl.keystore.type", "PEM")
            .with("ssl.keystore.location", store.display().to_string())
            .with("ssl.truststore.type", "PEM")
            .with("ssl.truststore.location", authority.certificate().display().to_string())
            .with(
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            )
            .with("super.users", ADMIN)
            .with("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512")
            .with("listener.name.mutual.ssl.client.auth", "required")
            .with_listener(Listener { name: "MUTUAL", protocol: "SSL", advertised_host: None })
            .with_listener(Listener {
                name: "LOST",
                protocol: "PLAINTEXT",
                advertised_host: Some("no-such-host.invalid"),
            });
        for protocol in ["SSL", "SASL_SSL", "SASL_PLAINTEXT"] {
            setup = setup.with_listener(Listener::new(protocol));
        }
        for listener in ["sasl_ssl", "sasl_plaintext"] {
            let name = |mechanism| format!("listener.name.{listener}.{mechanism}.sasl.jaas.config");
            setup = setup.with(&name("plain"), plain).with(&name("scram-sha-512"), scram);
        }
        let kafka = Kafka::start_with(&setup);
        kafka.create_topic_named("allowed", 2, &[]);
        kafka.create_topic_named("forbidden", 1, &[]);
        let acl = "org.apache.kafka.tools.AclCommand";
        let alice = ["--add", "--allow-principal", "User:alice"];
        let read = ["--operation", "Read", "--topic", "allowed"];
        kafka.tool(acl, &[&alice[..], &read[..]].concat());
        let password = "SCRAM-SHA-512=[password=alice-scram]";
        let user = ["--alter", "--entity-type", "users", "--entity-name", "alice"];
        kafka.tool("kafka.admin.ConfigCommand", &[&user[..], &["--add-config", password]].concat());
        Secured { kafka, authority, stranger }
    })
}

impl Secured {
    /// Settings for a listener with these `property=value` texts.
    fn settings(&self, listener: &str, assignments: &[&str]) -> Settings {
        let mut settings = Settings::from_brokers(self.kafka.listener(listener)).unwrap();
        for assignment in assignments {
            settings.set(assignment).unwrap();
        }
        settings
    }

    /// `ssl.ca.location=…` of the authority that signed the broker's certificate.
    fn ca(&self) -> String {
        format!("ssl.ca.location={}", self.authority.certificate().display())
    }

    /// Settings of a login by PLAIN.
    fn plain(&self, user: &str, password: &str) -> Settings {
        let user = format!("sasl.username={user}");
        let password = format!("sasl.password={password}");
        let sasl = ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN"];
        self.settings("SASL_PLAINTEXT", &[&sasl[..], &[&user, &password]].concat())
    }

    /// Writes a connection file.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.kafka.folder().join(name);
        fs_err::write(&path, text).unwrap();
        path
    }
}

/// The names of the topics that these settings show.
fn topics(settings: &Settings) -> Result<Vec<String>, KafkaError> {
    let topics = Connection::open(settings)?.topics(LIMIT)?;
    Ok(topics.iter().map(|topic| topic.name.to_string()).collect())
}

/// The steps of a check.
fn check(settings: &Settings) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    check_connection(settings, &mut |step| steps.push(step));
    steps
}

/// A step by its name.
fn step<'a>(steps: &'a [CheckStep], name: &str) -> &'a CheckStep {
    steps.iter().find(|step| &*step.name == name).unwrap()
}

/// The name, detail and remedy of the only step that failed.
fn only_failure(steps: &[CheckStep]) -> (&str, &str, &str) {
    let failed: Vec<_> = steps.iter().filter(|s| s.outcome == CheckOutcome::Failed).collect();
    assert_eq!(failed.len(), 1, "{steps:#?}");
    (&failed[0].name, &failed[0].detail, failed[0].remedy.as_deref().unwrap())
}

#[test]
fn a_trusted_certificate_connects() {
    let secured = secured();
    let settings = secured.settings("SSL", &["security.protocol=ssl", &secured.ca()]);
    let cluster = Connection::open(&settings).unwrap().cluster(LIMIT).unwrap();
    assert!(cluster.cluster_id.is_some(), "{cluster:?}");
    let steps = check(&settings);
    assert!(steps.iter().all(|step| step.outcome != CheckOutcome::Failed), "{steps:#?}");
    assert_eq!(step(&steps, "TLS").outcome, CheckOutcome::Passed);
    assert_eq!(step(&steps, "SASL").outcome, CheckOutcome::Skipped);
    assert_eq!(step(&steps, "permission: topics").detail, "topics visible: 2");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_said() {
    let secured = secured();
    let ca = format!("ssl.ca.location={}", secured.stranger.certificate().display());
    let settings = secured.settings("SSL", &["security.protocol=ssl", &ca]);
    let started = Instant::now();
    let error = topics(&settings).unwrap_err();
    assert!(matches!(error, KafkaError::Encryption { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate verify failed"), "{error}");
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    let steps = check(&settings);
    let (name, _, remedy) = only_failure(&steps);
    assert_eq!(name, "TLS");
    assert!(remedy.contains("ssl.ca.location"), "{remedy}");
}

#[test]
fn a_listener_that_wants_a_client_certificate_takes_it_and_asks_for_it() {
    let secured = secured();
    let store = secured.authority.issue("admin-client");
    let certificate = format!("ssl.certificate.location={}", store.display());
    let key = format!("ssl.key.location={}", store.display());
    let with = ["security.protocol=ssl", &secured.ca(), &certificate, &key];
    assert!(topics(&secured.settings("MUTUAL", &with)).is_ok(), "the certificate logs in");
    let without = secured.settings("MUTUAL", &["security.protocol=ssl", &secured.ca()]);
    let steps = check(&without);
    let (name, detail, remedy) = only_failure(&steps);
    assert_eq!(name, "TLS", "{detail}");
    assert!(remedy.contains("ssl.certificate.location"), "{detail}: {remedy}");
}

#[test]
fn plain_and_scram_log_in_over_both_transports() {
    let secured = secured();
    let ca = secured.ca();
    assert_eq!(topics(&secured.plain("alice", "alice-pw")).unwrap(), ["allowed"]);
    let scram =
        ["sasl.mechanism=SCRAM-SHA-512", "sasl.username=alice", "sasl.password=alice-scram"];
    let over_tls = ["security.protocol=sasl_ssl", &ca];
    let settings = secured.settings("SASL_SSL", &[&over_tls[..], &scram[..]].concat());
    assert_eq!(topics(&settings).unwrap(), ["allowed"]);
    let steps = check(&settings);
    assert_eq!(step(&steps, "SASL").detail, "logged in by SCRAM-SHA-512 as alice");
    assert_eq!(step(&steps, "TLS").outcome, CheckOutcome::Passed);
}

#[test]
fn a_wrong_password_is_said_at_once() {
    let secured = secured();
    let settings = secured.plain("alice", "wrong");
    let started = Instant::now();
    let error = topics(&settings).unwrap_err();
    assert!(matches!(error, KafkaError::Authentication { .. }), "{error:?}");
    assert!(error.to_string().contains("Invalid username or password"), "{error}");
    assert!(!error.to_string().contains("wrong"), "no secret is shown: {error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let steps = check(&settings);
    let (name, _, remedy) = only_failure(&steps);
    assert_eq!((name, remedy), ("SASL", "check sasl.username and sasl.password"));
}

#[test]
fn a_wrong_scram_password_and_an_unknown_mechanism_are_told_apart() {
    let secured = secured();
    let base = ["security.protocol=sasl_plaintext", "sasl.username=alice", "sasl.password=wrong"];
    let of =
        |mechanism| check(&secured.settings("SASL_PLAINTEXT", &[&base[..], &[mechanism]].concat()));
    let wrong = of("sasl.mechanism=SCRAM-SHA-512");
    assert!(only_failure(&wrong).2.contains("sasl.password"), "{wrong:#?}");
    let unknown = of("sasl.mechanism=SCRAM-SHA-256");
    let (name, detail, remedy) = only_failure(&unknown);
    assert_eq!(name, "SASL", "{detail}");
    assert!(detail.contains("SCRAM-SHA-512"), "the mechanisms there are: {detail}");
    assert!(remedy.contains("one that the broker supports"), "{detail}: {remedy}");
}

#[test]
fn a_port_of_another_protocol_is_told_in_both_directions() {
    let secured = secured();
    let plain_to_tls = secured.settings("SSL", &[]);
    let steps = check(&plain_to_tls);
    let (name, detail, remedy) = only_failure(&steps);
    assert_eq!((name, detail), ("TLS", "the port expects TLS, but the settings say plain text"));
    assert!(remedy.contains("security.protocol=ssl"), "{remedy}");
    let connection = Connection::open(&plain_to_tls).unwrap();
    let error = connection.topics(Duration::from_secs(4)).unwrap_err();
    assert_eq!(error.kind(), KafkaErrorKind::NoAccess, "{error:?}");

    let mut tls_to_plain = Settings::from_brokers(secured.kafka.brokers()).unwrap();
    tls_to_plain.set("security.protocol=ssl").unwrap();
    let steps = check(&tls_to_plain);
    let (name, detail, remedy) = only_failure(&steps);
    assert_eq!(name, "TLS", "{detail}");
    assert!(remedy.contains("security.protocol=plaintext"), "{detail}: {remedy}");
}

#[test]
fn a_listener_that_treats_logins_another_way_is_told() {
    let secured = secured();
    let plain = secured.settings("SASL_PLAINTEXT", &[]);
    let encrypted = secured.settings("SASL_SSL", &["security.protocol=ssl", &secured.ca()]);
    for (settings, expected) in [(plain, "sasl_plaintext"), (encrypted, "sasl_ssl")] {
        let steps = check(&settings);
        let (name, detail, remedy) = only_failure(&steps);
        assert_eq!(name, "SASL", "{detail}");
        assert!(remedy.contains(&format!("security.protocol={expected}")), "{detail}: {remedy}");
    }
    let mut needless = Settings::from_brokers(secured.kafka.brokers()).unwrap();
    for assignment in [
        "security.protocol=sasl_plaintext",
        "sasl.mechanism=PLAIN",
        "sasl.username=a",
        "sasl.password=b",
    ] {
        needless.set(assignment).unwrap();
    }
    let steps = check(&needless);
    assert_eq!(only_failure(&steps).1, "the port takes no login, but the settings have one");
}

#[test]
fn a_broker_that_is_not_where_it_says_is_told() {
    let steps = check(&secured().settings("LOST", &[]));
    assert_eq!(step(&steps, "metadata").outcome, CheckOutcome::Passed, "{steps:#?}");
    let brokers = step(&steps, "brokers");
    assert_eq!(brokers.outcome, CheckOutcome::Failed, "{steps:#?}");
    assert!(brokers.detail.contains("no-such-host.invalid"), "{}", brokers.detail);
    assert!(brokers.remedy.as_ref().unwrap().contains("advertised.listeners"), "{brokers:?}");
}

#[test]
fn a_user_without_a_right_is_told_so_and_not_that_the_topic_is_missing() {
    let secured = secured();
    let connection = Connection::open(&secured.plain("alice", "alice-pw")).unwrap();
    let error = connection.topic("forbidden", LIMIT).unwrap_err();
    assert!(matches!(error, KafkaError::NotPermitted { .. }), "{error:?}");
    assert!(error.to_string().contains("forbidden"), "{error}");
    let partition = TopicPartition::new("forbidden", 0);
    let error = connection.watermarks(&[partition], LIMIT).unwrap_err();
    assert!(matches!(error, KafkaError::NotPermitted { .. }), "{error:?}");
    assert_eq!(connection.topic("allowed", LIMIT).unwrap().partitions.len(), 2);
    let configs = connection.topic_configs(&["allowed"], LIMIT).unwrap();
    assert_eq!(configs["allowed"], None, "Read does not show settings");
    let steps = check(&secured.plain("alice", "alice-pw"));
    let (name, _, remedy) = only_failure(&steps);
    assert_eq!(name, "permission: settings");
    assert!(remedy.contains("DESCRIBE_CONFIGS"), "{remedy}");
    assert!(
        step(&steps, "permission: groups").detail.starts_with("no group is visible"),
        "{steps:#?}"
    );
}

#[test]
fn asking_for_a_topic_that_is_missing_does_not_create_it() {
    let secured = secured();
    let settings = Settings::from_brokers(secured.kafka.brokers()).unwrap();
    let before = secured.kafka.topic_names();
    let connection = Connection::open(&settings).unwrap();
    for name in ["ghost", "ghost-2"] {
        let error = connection.topic(name, LIMIT).unwrap_err();
        assert!(matches!(error, KafkaError::UnknownTopic { .. }), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
        let error = connection.watermarks(&[TopicPartition::new(name, 0)], LIMIT).unwrap_err();
        assert!(matches!(error, KafkaError::UnknownTopic { .. }), "{error:?}");
    }
    check(&settings);
    assert_eq!(secured.kafka.topic_names(), before);
    // The same question by a client that allows it does create the topic: the broker would have
    // done so.
    let careless = secured.kafka.consumer(&[("allow.auto.create.topics", "true")]);
    support::node::wait_until("the careless client creates the topic", LIMIT, || {
        rdkafka::consumer::Consumer::fetch_metadata(&careless, Some("careless"), LIMIT).unwrap();
        secured.kafka.topic_names().contains(&"careless".to_owned())
    });
    secured.kafka.delete_topic("careless");
}

#[test]
fn an_unreachable_broker_is_told_with_its_address() {
    let port = support::node::free_port();
    let settings = Settings::from_brokers(&format!("127.0.0.1:{port}")).unwrap();
    let started = Instant::now();
    let error = topics(&settings).unwrap_err();
    assert!(matches!(error, KafkaError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

#[test]
fn the_files_of_other_clients_connect() {
    let secured = secured();
    let ca = secured.authority.certificate();
    let (ca, sasl_ssl) = (ca.display(), secured.kafka.listener("SASL_SSL"));
    let java = format!(
        "bootstrap.servers={sasl_ssl}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n\
         sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n\
         \x20 username=\"alice\" password=\"alice-scram\";\n\
         ssl.truststore.type=PEM\nssl.truststore.location={ca}\n\
         group.id=shop\nkey.deserializer=org.apache.kafka.common.serialization.StringDeserializer\n"
    );
    let kcat = format!(
        "bootstrap.servers={sasl_ssl}\nsecurity.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\n\
         sasl.username=alice\nsasl.password=alice-pw\nssl.ca.location={ca}\n"
    );
    // What only an application has a use for is told, and nothing else is left out.
    for (name, text, of_applications) in [
        ("client.properties", &java, &["group.id", "key.deserializer"][..]),
        ("kcat.conf", &kcat, &[]),
    ] {
        let path = secured.file(name, text);
        let settings = Settings::from_file(&path).unwrap();
        let ignored: Vec<&str> = settings.ignored.iter().map(|one| &*one.property).collect();
        assert_eq!(ignored, of_applications, "{name}");
        assert_eq!(topics(&settings).unwrap(), ["allowed"], "{name}");
    }
    // The same files work for those they were written for.
    let path = secured.file("client.properties", &java).display().to_string();
    let listed = kafka_tool(
        sasl_ssl,
        "org.apache.kafka.tools.TopicCommand",
        &["--list", "--command-config", &path],
    );
    assert_eq!(listed.trim(), "allowed");
    let path = secured.file("kcat.conf", &kcat).display().to_string();
    let mut kcat = std::process::Command::new("kcat");
    let listed = output_of(kcat.args(["-F", &path, "-L", "-t", "allowed"]), b"");
    assert!(listed.contains("topic \"allowed\" with 2 partitions"), "{listed}");
}

#[test]
fn a_pkcs12_key_store_logs_in() {
    let secured = secured();
    secured.authority.issue("store-client");
    let store = secured.authority.pkcs12("store-client", "store-pw");
    let ca = secured.authority.certificate();
    let text = format!(
        "bootstrap.servers={}\nsecurity.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location={}\n\
         ssl.keystore.type=PKCS12\nssl.keystore.location={}\nssl.keystore.password=store-pw\n",
        secured.kafka.listener("MUTUAL"),
        ca.display(),
        store.display()
    );
    let settings = Settings::from_file(&secured.file("mutual.properties", &text)).unwrap();
    // The certificate is taken; its name has no rights, so no topic shows.
    assert_eq!(topics(&settings).unwrap(), Vec::<String>::new());
}
