//! The check of a connection, step by step: names, ports, encryption, login, metadata, brokers,
//! permissions.
//!
//! Promises: every step ends within [`STEP_LIMIT`]; a step that failed says what to try; steps that
//! could not work any more are not tried. It leaves no trace on the cluster.
//!
//! Does not know: how steps are shown.

mod certificate;
mod probe;
mod remedy;

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;

use self::probe::PortSpeaks;
use self::remedy::Diagnosis;
use super::address::BrokerAddress;
use super::client::Client;
use super::connection::Connection;
use super::error::{KafkaError, advertised_broker};
use super::ffi::CertificateVerdict;
use super::metadata::TopicFacts;
use super::settings::Settings;

/// How long a step may take.
pub const STEP_LIMIT: Duration = Duration::from_secs(10);

/// How many addresses are tried: more tell nothing new.
const ADDRESSES_TRIED: usize = 16;

/// How a step of a connection check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// It works.
    Passed,
    /// It does not.
    Failed,
    /// It was not tried: it does not apply, or an earlier step failed.
    Skipped,
}

/// One step of a connection check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    /// The step's name.
    pub name: Arc<str>,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What was found.
    pub detail: String,
    /// What to try when it failed.
    pub remedy: Option<String>,
}

/// The steps, in their order.
pub const CHECK_STEPS: [&str; 9] = [
    "DNS",
    "TCP",
    "TLS",
    "SASL",
    "metadata",
    "brokers",
    "permission: topics",
    "permission: settings",
    "permission: groups",
];

/// Checks whether these settings connect, and reports every step as it ends, in the order of
/// [`CHECK_STEPS`].
pub fn check_connection(settings: &Settings, report: &mut dyn FnMut(CheckStep)) {
    let mut check = Check { settings, report, next: 0 };
    if check.run().is_none() {
        while check.next < CHECK_STEPS.len() {
            check.skip("an earlier step failed");
        }
    }
}

/// A check while it runs. Its functions return `None` when the following steps cannot work.
struct Check<'a> {
    /// What is checked.
    settings: &'a Settings,
    /// Hears each step.
    report: &'a mut dyn FnMut(CheckStep),
    /// The index of the next step.
    next: usize,
}

impl Check<'_> {
    /// Goes through the steps.
    fn run(&mut self) -> Option<()> {
        let resolved = self.names()?;
        let open_port = self.ports(&resolved)?;
        let (connection, brokers) = self.connect(open_port)?;
        self.brokers(&brokers)?;
        self.permissions(&connection)
    }

    /// Reports the next step.
    fn end(&mut self, outcome: CheckOutcome, detail: impl Into<String>, remedy: Option<String>) {
        let name = CHECK_STEPS[self.next].into();
        self.next += 1;
        (self.report)(CheckStep { name, outcome, detail: detail.into(), remedy });
    }

    /// The next step works.
    fn pass(&mut self, detail: impl Into<String>) {
        self.end(CheckOutcome::Passed, detail, None);
    }

    /// The next step does not work.
    fn fail(&mut self, diagnosis: Diagnosis) {
        self.end(CheckOutcome::Failed, diagnosis.detail, Some(diagnosis.remedy));
    }

    /// The next step is not tried.
    fn skip(&mut self, detail: &str) {
        self.end(CheckOutcome::Skipped, detail, None);
    }

    /// Whether the bootstrap names resolve; one of them is enough to go on.
    fn names(&mut self) -> Option<Vec<(BrokerAddress, SocketAddr)>> {
        let addresses = self.settings.addresses();
        let (found, failed) = resolve(&addresses);
        if found.is_empty() {
            self.fail(Diagnosis {
                detail: list(failed),
                remedy: "check the spelling of the host and whether this machine can look it up (VPN, /etc/hosts)"
                    .to_owned(),
            });
            return None;
        }
        let ips = found.iter().map(|(address, ip)| match address.host.parse::<IpAddr>() {
            Ok(host) if ip.ip() == host => address.host.clone(),
            _ => format!("{} is {}", address.host, ip.ip()),
        });
        self.pass(list(ips.chain(failed)));
        Some(found)
    }

    /// Whether the bootstrap ports take a connection; one of them is enough to go on.
    fn ports(&mut self, resolved: &[(BrokerAddress, SocketAddr)]) -> Option<SocketAddr> {
        let (open, failed) = connect_all(resolved);
        let Some((_, first)) = open.first() else {
            self.fail(Diagnosis {
                detail: list(failed),
                remedy: "check the port, that the broker runs, and that no firewall is between"
                    .to_owned(),
            });
            return None;
        };
        let first = *first;
        self.pass(list(open.iter().map(|(address, _)| format!("{address} is open")).chain(failed)));
        Some(first)
    }

    /// Encryption, login and metadata: the client library does all three at once; its error, and
    /// the port itself, say how far it came. Returns the brokers as they advertise themselves.
    fn connect(&mut self, open_port: SocketAddr) -> Option<(Connection, Vec<BrokerAddress>)> {
        // A plain port can be asked without a trace in the broker's log. It is quick, where waiting
        // for the library is not.
        if !self.settings.uses_tls() && !self.settings.embedded {
            self.protocol(PortSpeaks::ask(open_port, STEP_LIMIT / 4))?;
        }
        let asked = Connection::open(self.settings).and_then(|connection| {
            let metadata = connection.metadata(None, STEP_LIMIT)?;
            Ok((connection, metadata))
        });
        let (connection, metadata) = match asked {
            Ok(answer) => answer,
            Err(error) => {
                self.connection_failed(&error, open_port);
                return None;
            }
        };
        self.encryption_works();
        self.login_works();
        let brokers = metadata.brokers().iter().filter_map(|broker| {
            let port = u16::try_from(broker.port()).ok()?;
            Some(BrokerAddress { host: broker.host().to_owned(), port })
        });
        let brokers: Vec<BrokerAddress> = brokers.collect();
        let id = connection.client().consumer().client().fetch_cluster_id(Duration::ZERO);
        let id = id.map_or_else(String::new, |id| format!("cluster {id}, "));
        self.pass(format!("{id}brokers: {}", brokers.len()));
        Some((connection, brokers))
    }

    /// Ends the check where the port speaks another language than the settings, or treats logins
    /// another way.
    fn protocol(&mut self, port: PortSpeaks) -> Option<()> {
        if let Some(diagnosis) = remedy::of_protocol(port, self.settings) {
            self.fail(diagnosis);
            return None;
        }
        if let Some(diagnosis) = remedy::of_login_at(port, self.settings) {
            self.encryption_works();
            self.fail(diagnosis);
            return None;
        }
        Some(())
    }

    /// Says how far a connection came that failed.
    fn connection_failed(&mut self, error: &KafkaError, open_port: SocketAddr) {
        let words = error.to_string();
        if let KafkaError::Setting { .. } = error {
            return self.setting_refused(words);
        }
        let is_silent =
            matches!(error, KafkaError::Unreachable { .. } | KafkaError::TimedOut { .. });
        let verdict = if self.settings.uses_tls() {
            Client::certificate(self.settings, STEP_LIMIT / 2)
        } else {
            CertificateVerdict::Unseen
        };
        if let CertificateVerdict::Refused { code, depth } = verdict {
            return self.fail(certificate::of_certificate(code, depth));
        }
        // In TLS 1.3 a server refuses a client's certificate after the handshake.
        if matches!(error, KafkaError::Encryption { .. })
            || (is_silent && remedy::is_of_encryption(&words))
        {
            return self.fail(remedy::of_encryption(&words));
        }
        if is_silent {
            let port = PortSpeaks::ask(open_port, STEP_LIMIT / 4);
            // Where nobody looks at certificates, the greeting of the port has to do.
            let greeted = self.is_off("enable.ssl.certificate.verification", "false")
                && port == PortSpeaks::Tls;
            if self.settings.uses_tls() && verdict == CertificateVerdict::Unseen && !greeted {
                let no_handshake = || remedy::of_no_handshake(&words);
                let found = remedy::of_protocol(port, self.settings);
                return self.fail(found.unwrap_or_else(no_handshake));
            }
            if self.protocol(port).is_none() {
                return;
            }
        }
        self.encryption_works();
        if error.detail().and_then(advertised_broker).is_some() {
            self.login_works();
            self.pass("a bootstrap broker answered");
            return self.fail(remedy::of_advertised(&words));
        }
        if let KafkaError::Authentication { .. } = error {
            self.fail(remedy::of_login(&words));
        } else {
            self.skip("the connection ended before a login was refused or taken");
            self.fail(remedy::of_metadata(&words));
        }
    }

    /// The library refuses a setting before anything was sent.
    fn setting_refused(&mut self, words: String) {
        if self.settings.uses_tls()
            && let Some(diagnosis) = certificate::of_setting(&words)
        {
            return self.fail(diagnosis);
        }
        self.skip("a setting is not accepted, so nothing was sent");
        self.fail(Diagnosis {
            detail: words,
            remedy: "correct the setting; names are those of librdkafka".to_owned(),
        });
    }

    /// The TLS step of a connection that stands.
    fn encryption_works(&mut self) {
        if !self.settings.uses_tls() {
            self.skip("the settings ask for none: security.protocol is plaintext");
        } else if self.is_off("enable.ssl.certificate.verification", "false") {
            self.pass("the connection is encrypted, and nobody looks at the broker's certificate");
        } else if self.is_off("ssl.endpoint.identification.algorithm", "none") {
            self.pass("the connection is encrypted and the broker's certificate is trusted, for whatever host it is");
        } else {
            self.pass("the connection is encrypted and the broker's certificate is trusted");
        }
    }

    /// Whether a property has the value that switches something off.
    fn is_off(&self, property: &str, off: &str) -> bool {
        let value = self.settings.properties.get(property);
        value.is_some_and(|value| value.eq_ignore_ascii_case(off))
    }

    /// The SASL step of a connection that stands.
    fn login_works(&mut self) {
        if self.settings.uses_sasl() {
            let property = |name: &str| self.settings.properties.get(name).map(String::as_str);
            let mechanism = property("sasl.mechanism").or_else(|| property("sasl.mechanisms"));
            let mechanism = mechanism.unwrap_or("GSSAPI");
            let user = property("sasl.username").map(|user| format!(" as {user}"));
            self.pass(format!("logged in by {mechanism}{}", user.unwrap_or_default()));
        } else {
            self.skip("the settings ask for no login");
        }
    }

    /// Whether every broker can be reached under the address that it advertises: records are read
    /// from there. One of them is enough to go on.
    fn brokers(&mut self, brokers: &[BrokerAddress]) -> Option<()> {
        if self.settings.embedded || brokers.is_empty() {
            self.skip("there are none to reach");
            return Some(());
        }
        let (resolved, unresolved) = resolve(brokers);
        let (open, closed) = connect_all(&resolved);
        let failed: Vec<String> = unresolved.into_iter().chain(closed).collect();
        if failed.is_empty() {
            self.pass(list(open.iter().map(|(address, _)| format!("{address} is open"))));
        } else {
            self.fail(remedy::of_advertised(&list(failed)));
        }
        (!open.is_empty()).then_some(())
    }

    /// What this user may see.
    fn permissions(&mut self, connection: &Connection) -> Option<()> {
        let topics = match connection.topics(STEP_LIMIT) {
            Ok(topics) => topics,
            Err(error) => {
                self.fail(remedy::of_question(&error));
                return None;
            }
        };
        let own: Vec<&TopicFacts> = topics.iter().filter(|topic| !topic.internal).collect();
        if own.is_empty() {
            self.pass("no topic is visible: there are none, or DESCRIBE on them is missing");
            self.skip("no topic is visible");
        } else {
            self.pass(format!("topics visible: {}", own.len()));
            self.settings_of(connection, &own[0].name);
        }
        match connection.groups(STEP_LIMIT) {
            Ok(groups) if groups.is_empty() => {
                self.pass("no group is visible: there are none, or DESCRIBE on them is missing");
            }
            Ok(groups) => self.pass(format!("groups visible: {}", groups.len())),
            Err(error) => self.fail(remedy::of_question(&error)),
        }
        Some(())
    }

    /// Whether a topic's settings may be seen: without them, nobody knows of its retention and
    /// compaction.
    fn settings_of(&mut self, connection: &Connection, topic: &str) {
        match connection.topic_configs(&[topic], STEP_LIMIT) {
            Ok(configs) if configs.values().any(Option::is_some) => {
                self.pass(format!("settings of `{topic}` are visible"));
            }
            Ok(_) => self.fail(Diagnosis {
                detail: format!("settings of `{topic}` are not visible"),
                remedy: "ask for DESCRIBE_CONFIGS on the topics: without it nobody knows of retention and compaction"
                    .to_owned(),
            }),
            Err(error) => self.fail(remedy::of_question(&error)),
        }
    }
}

/// Texts in a row.
fn list(texts: impl IntoIterator<Item = impl Display>) -> String {
    texts.into_iter().map(|text| text.to_string()).collect::<Vec<_>>().join(", ")
}

/// Looks up hosts, each by a thread of its own that is left behind when it is late. Returns those
/// found with one address each, IPv4 first, and the others in words.
fn resolve(addresses: &[BrokerAddress]) -> (Vec<(BrokerAddress, SocketAddr)>, Vec<String>) {
    let look_up = |address: &BrokerAddress| {
        let found = (address.host.as_str(), address.port).to_socket_addrs();
        let found: Vec<SocketAddr> = found.map_err(|error| error.to_string())?.collect();
        let first = found.iter().find(|ip| ip.is_ipv4()).or_else(|| found.first());
        first.copied().ok_or_else(|| "no address".to_owned())
    };
    let answers = all_at_once(addresses, look_up);
    let mut found = Vec::new();
    let mut failed = Vec::new();
    for (address, answer) in answers {
        match answer {
            Ok(ip) => found.push((address, ip)),
            Err(reason) => failed.push(format!("{} does not resolve ({reason})", address.host)),
        }
    }
    (found, failed)
}

/// An address that was resolved.
type Resolved = (BrokerAddress, SocketAddr);

/// Connects to ports and closes at once. Returns those that are open, and the others in words.
fn connect_all(addresses: &[Resolved]) -> (Vec<Resolved>, Vec<String>) {
    let connect = |(_, ip): &Resolved| {
        let stream = TcpStream::connect_timeout(ip, STEP_LIMIT / 2);
        stream.map(drop).map_err(|error| error.kind().to_string())
    };
    let mut open = Vec::new();
    let mut failed = Vec::new();
    for (address, answer) in all_at_once(addresses, connect) {
        match answer {
            Ok(()) => open.push(address),
            Err(reason) => failed.push(format!("{}: {reason}", address.0)),
        }
    }
    (open, failed)
}

/// Asks one question of each of the first items, each on a thread of its own, and waits for the
/// answers no longer than a step may take. Late threads end by themselves.
fn all_at_once<T, A>(
    items: &[T],
    ask: impl Fn(&T) -> Result<A, String> + Copy + Send + 'static,
) -> Vec<(T, Result<A, String>)>
where
    T: Clone + Send + 'static,
    A: Send + 'static,
{
    let deadline = Instant::now() + STEP_LIMIT;
    let asked: Vec<_> = items
        .iter()
        .take(ADDRESSES_TRIED)
        .map(|item| {
            let (sender, receiver) = sync_channel(1);
            let own = item.clone();
            let answer = move || {
                // Nobody listens any more when the answer is late.
                drop(sender.send(ask(&own)));
            };
            let thread = thread::Builder::new().name("connection-check".to_owned()).spawn(answer);
            (item.clone(), thread.map(drop), receiver)
        })
        .collect();
    asked
        .into_iter()
        .map(|(item, thread, receiver)| {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = match thread {
                Ok(()) => receiver.recv_timeout(left).unwrap_or_else(|_| {
                    Err(format!("no answer within {} s", STEP_LIMIT.as_secs()))
                }),
                Err(error) => Err(error.to_string()),
            };
            (item, answer)
        })
        .collect()
}

#[cfg(test)]
mod tests;
