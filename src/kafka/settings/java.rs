//! Java's `.properties` files, translated to librdkafka's names.
//!
//! Promises: security, SASL and SSL properties mean what they mean to Java, or are refused with the
//! line and the way out. Properties of consumers and producers are ignored, those nobody knows
//! likewise; all of them are listed.
//!
//! Does not know: config providers, login callbacks and SSL engines: those are Java code.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use java_properties::{LineContent, PropertiesIter};

use super::allow_list::{Treatment, treatment};
use super::error::{Place, SettingsError, Translated, Wrong};
use super::jaas::LoginModule;
use super::store::{self, StoreKind};
use super::{Ignored, Settings, librdkafka, spring};

/// Properties that mean the same to librdkafka, under the same name.
const SAME: [&str; 12] = [
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "security.protocol",
    "socket.connection.setup.timeout.ms",
    "ssl.key.password",
];

/// Properties that are read together with another one.
const READ_ELSEWHERE: [&str; 12] = [
    "bootstrap.servers",
    "sasl.jaas.config",
    "ssl.endpoint.identification.algorithm",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Properties that do not matter to a reader or that librdkafka settles by itself. A name that ends
/// in `.` means all that start so: other clients, frameworks, and what belongs to them.
const DROPPED: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.commit.interval.ms",
    "auto.include.jmx.reporter",
    "auto.offset.reset",
    "batch.size",
    "buffer.memory",
    "check.crcs",
    "compression.",
    "config.providers",
    "connections.max.idle.ms",
    "consumer.",
    "admin.",
    "default.api.timeout.ms",
    "default.deserialization.",
    "default.key.serde",
    "default.value.serde",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.idempotence",
    "enable.metrics.push",
    "exclude.internal.topics",
    "fetch.",
    "group.",
    "heartbeat.interval.ms",
    "interceptor.classes",
    "isolation.level",
    "key.",
    "value.",
    "linger.ms",
    "max.block.ms",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.",
    "max.request.size",
    "metadata.max.",
    "metadata.recovery.",
    "metric.reporters",
    "metrics.",
    "partition.assignment.strategy",
    "partitioner.",
    "producer.",
    "receive.buffer.bytes",
    "reconnect.backoff.",
    "request.timeout.ms",
    "retries",
    "retry.backoff.",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.ticket.",
    "sasl.login.class",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.refresh.",
    "sasl.login.retry.",
    "sasl.oauthbearer.clock.skew.seconds",
    "sasl.oauthbearer.expected.",
    "sasl.oauthbearer.header.urlencode",
    "sasl.oauthbearer.jwks.",
    "sasl.oauthbearer.jwt.",
    "sasl.oauthbearer.scope.claim.name",
    "sasl.oauthbearer.sub.claim.name",
    "schema.registry.",
    "basic.auth.",
    "bearer.auth.",
    "auto.register.schemas",
    "use.latest.version",
    "specific.avro.reader",
    "security.providers",
    "send.buffer.bytes",
    "session.timeout.ms",
    "share.",
    "ssl.enabled.protocols",
    "ssl.keymanager.algorithm",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "transaction.timeout.ms",
    "transactional.id",
];

/// Whether a file is for Java clients: by a property that only one kind of client knows, else by
/// its name.
pub(crate) fn is_java(path: &Path, bytes: &[u8]) -> bool {
    let named_so = path.extension().is_some_and(|extension| extension == "properties");
    let names: Vec<String> =
        entries(bytes).filter_map(Result::ok).map(|(_, name, _)| name).collect();
    let is_java_alone = |name: &String| {
        name == "sasl.jaas.config"
            || name.starts_with("ssl.truststore.")
            || name.starts_with(spring::PREFIX)
            || ["ssl.keystore.type", "ssl.keystore.certificate.chain", "ssl.keystore.key"]
                .contains(&name.as_str())
            || name.starts_with("key.")
            || name.starts_with("value.")
    };
    // kcat's `-X name=value` reads as the name `-X` to Java.
    let is_librdkafka =
        names.iter().any(|name| librdkafka::is_librdkafka_alone(name) || name.starts_with("-X"));
    names.iter().any(is_java_alone) || (named_so && !is_librdkafka)
}

/// The lines that assign something: line number, name, value.
fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, String, String), (usize, Wrong)>> {
    // Java reads these files as ISO 8859-1: each byte is the character of that number.
    let text: String = without_mark(bytes).iter().copied().map(char::from).collect();
    // The last line counts even when it ends in a backslash.
    let text = joined_surrogates(&text) + "\n";
    let lines = PropertiesIter::new_with_encoding(std::io::Cursor::new(text), encoding_rs::UTF_8);
    lines.filter_map(|line| match line {
        Ok(line) => {
            let number = line.line_number();
            match line.consume_content() {
                LineContent::KVPair(name, value) => Some(Ok((number, name, value))),
                LineContent::Comment(_) => None,
            }
        }
        Err(error) => {
            Some(Err((error.line_number().unwrap_or(0), Wrong::NotProperties(error.to_string()))))
        }
    })
}

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes without a byte order mark before a comment or a blank line, where Java makes a name of
/// it that nobody misses.
fn without_mark(bytes: &[u8]) -> &[u8] {
    let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK) else { return bytes };
    let first = rest.iter().find(|byte| !b" \t\x0c".contains(byte));
    if first.is_none_or(|byte| b"#!\r\n".contains(byte)) { rest } else { bytes }
}

/// The text with each `\uD83D\uDE00` replaced by the one character that the two stand for in Java.
fn joined_surrogates(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let pair = [escape, escape.get(6..).unwrap_or_default()].map(unit);
        if let [Some(first), Some(second)] = pair
            && let Some(Ok(character @ '\u{10000}'..)) = char::decode_utf16([first, second]).next()
        {
            joined.push(character);
            rest = escape.get(12..).unwrap_or_default();
            continue;
        }
        // A backslash and what it escapes stay together.
        let length = escape.chars().take(2).map(char::len_utf8).sum();
        let (kept, after) = escape.split_at(length);
        joined.push_str(kept);
        rest = after;
    }
    joined + rest
}

/// The UTF-16 unit that a text starts with as `\u` and four hexadecimal digits.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Reads a file.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Settings, SettingsError> {
    let refuse = |line, wrong| {
        let place = Some(Place { file: path.to_owned(), line });
        SettingsError::Wrong { place, wrong }
    };
    if without_mark(bytes).starts_with(BYTE_ORDER_MARK) {
        return Err(refuse(1, Wrong::ByteOrderMark));
    }
    let mut given = BTreeMap::new();
    for entry in entries(bytes) {
        let (line, name, value) = entry.map_err(|(line, wrong)| refuse(line, wrong))?;
        given.insert(name, (line, value));
    }
    spring::translate(&mut given).map_err(|(line, wrong)| refuse(line, wrong))?;
    let mut file = JavaFile { path, given, settings: Settings::default() };
    file.translate().map_err(|(line, wrong)| refuse(line, wrong))?;
    Ok(file.settings)
}

/// A file while it is translated.
struct JavaFile<'a> {
    /// The file.
    path: &'a Path,
    /// Line and value of each property; the last of several wins, as in Java.
    given: BTreeMap<String, (usize, String)>,
    /// What was translated so far.
    settings: Settings,
}

impl JavaFile<'_> {
    /// Translates everything.
    fn translate(&mut self) -> Translated {
        self.refuse_dangerous()?;
        self.refuse_providers()?;
        if let Some((line, brokers)) = self.get("bootstrap.servers") {
            self.settings.set_brokers(&brokers).map_err(|wrong| (line, wrong))?;
        }
        for name in SAME {
            if let Some((line, value)) = self.get(name) {
                self.put(line, name, value)?;
            }
        }
        self.trust_store()?;
        self.key_store()?;
        if let Some((line, algorithm)) = self.get("ssl.endpoint.identification.algorithm") {
            let algorithm = if algorithm.is_empty() { "none".to_owned() } else { algorithm };
            self.put(line, "ssl.endpoint.identification.algorithm", algorithm.to_lowercase())?;
        }
        if let Some((line, config)) = self.get("sasl.jaas.config") {
            let mut login = LoginModule::parse(&config).and_then(|module| self.login(&module));
            if let Ok(properties) = &mut login {
                for (name, value) in properties.drain(..) {
                    self.put(line, name, value)?;
                }
            }
            login.map_err(|wrong| (line, wrong))?;
        } else if self.settings.properties.contains_key("sasl.oauthbearer.token.endpoint.url") {
            self.put(0, "sasl.oauthbearer.method", "oidc".to_owned())?;
        }
        self.list_ignored();
        Ok(())
    }

    /// A property with its line.
    fn get(&self, name: &str) -> Option<(usize, String)> {
        self.given.get(name).map(|(line, value)| (*line, value.trim().to_owned()))
    }

    /// Takes a property over under its librdkafka name.
    fn put(&mut self, line: usize, name: &str, value: String) -> Translated {
        if name == "sasl.mechanism" && value == "AWS_MSK_IAM" {
            return Err((line, Wrong::JavaMechanism(value)));
        }
        let value = if name == "security.protocol" { value.to_lowercase() } else { value };
        self.settings.insert(name, &value).map_err(|wrong| (line, wrong))
    }

    /// Refuses what would load code, run a command or write a file in librdkafka. Java's own
    /// classes are no danger.
    fn refuse_dangerous(&self) -> Translated {
        for (name, (line, _)) in &self.given {
            if let Treatment::Refused(does) = treatment(name) {
                return Err((*line, Wrong::Dangerous { property: name.clone(), does }));
            }
        }
        Ok(())
    }

    /// Refuses values such as `${file:/run/secrets:password}`, which Java looks up elsewhere.
    fn refuse_providers(&self) -> Translated {
        if !self.given.contains_key("config.providers") {
            return Ok(());
        }
        for (name, (line, value)) in &self.given {
            let is_taken = SAME.contains(&name.as_str()) || READ_ELSEWHERE.contains(&name.as_str());
            if is_taken && value.contains("${") {
                return Err((*line, Wrong::ConfigProvider(name.clone())));
            }
        }
        Ok(())
    }

    /// Translates the certificates that are trusted.
    fn trust_store(&mut self) -> Translated {
        if let Some((line, certificates)) = self.get("ssl.truststore.certificates") {
            self.put(line, "ssl.ca.pem", certificates)?;
        }
        let Some((line, location)) = self.get("ssl.truststore.location") else { return Ok(()) };
        let property = "ssl.truststore.location";
        let (path, kind) =
            store::find(property, &location, self.path).map_err(|wrong| (line, wrong))?;
        if kind != StoreKind::Pem {
            let found = kind.words();
            return Err((line, Wrong::StoreFormat { property, path, found, or_pkcs12: false }));
        }
        self.put(line, "ssl.ca.location", path.display().to_string())
    }

    /// Translates the certificate and key of the client.
    fn key_store(&mut self) -> Translated {
        if let Some((line, chain)) = self.get("ssl.keystore.certificate.chain") {
            self.put(line, "ssl.certificate.pem", chain)?;
        }
        if let Some((line, key)) = self.get("ssl.keystore.key") {
            self.put(line, "ssl.key.pem", key)?;
        }
        let Some((line, location)) = self.get("ssl.keystore.location") else { return Ok(()) };
        let path = store::key_store(&location, self.path).map_err(|wrong| (line, wrong))?;
        let (_, kind) =
            store::find(store::KEY_STORE, &path, self.path).map_err(|wrong| (line, wrong))?;
        if kind == StoreKind::Pem {
            self.put(line, "ssl.certificate.location", path.clone())?;
            return self.put(line, "ssl.key.location", path);
        }
        self.put(line, store::KEY_STORE, path)?;
        match self.get("ssl.keystore.password") {
            Some((line, password)) => self.put(line, "ssl.keystore.password", password),
            None => Ok(()),
        }
    }

    /// What a login module means in librdkafka's properties.
    fn login(&self, module: &LoginModule) -> Result<Vec<(&'static str, String)>, Wrong> {
        let owned = |name: &str| module.option(name).map(str::to_owned);
        let mut properties = Vec::new();
        let fits: fn(&str) -> bool = match module.short_name() {
            "PlainLoginModule" | "ScramLoginModule" => {
                properties.push(("sasl.username", module.need("username")?.to_owned()));
                properties.push(("sasl.password", module.need("password")?.to_owned()));
                match module.short_name() {
                    "PlainLoginModule" => |mechanism| mechanism == "PLAIN",
                    _ => |mechanism| mechanism.starts_with("SCRAM-"),
                }
            }
            "OAuthBearerLoginModule" => {
                self.bearer(module, &mut properties)?;
                |mechanism| mechanism == "OAUTHBEARER"
            }
            "Krb5LoginModule" => {
                properties.extend(owned("keyTab").map(|path| ("sasl.kerberos.keytab", path)));
                properties.extend(owned("principal").map(|name| ("sasl.kerberos.principal", name)));
                properties
                    .extend(owned("serviceName").map(|name| ("sasl.kerberos.service.name", name)));
                |mechanism| mechanism == "GSSAPI"
            }
            _ => return Err(Wrong::LoginModule(module.class.clone())),
        };
        // Java takes GSSAPI when no mechanism is named.
        let mechanism =
            self.get("sasl.mechanism").map_or_else(|| "GSSAPI".to_owned(), |(_, name)| name);
        if !fits(&mechanism) {
            return Err(Wrong::MechanismMismatch {
                module: module.short_name().to_owned(),
                mechanism,
            });
        }
        librdkafka::check("sasl.mechanism", &mechanism)?;
        Ok(properties)
    }

    /// What the options of `OAuthBearerLoginModule` mean: a token from an `OpenID` endpoint, or
    /// Java's unsecured token for development.
    fn bearer(
        &self,
        module: &LoginModule,
        to: &mut Vec<(&'static str, String)>,
    ) -> Result<(), Wrong> {
        let extensions: Vec<String> = module
            .options_after("extension_")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if let Some(subject) = module.option("unsecuredLoginStringClaim_sub") {
            let mut config = format!("principal={subject}");
            for extension in extensions {
                write!(config, " extension_{extension}").expect("writing to a string");
            }
            to.push(("enable.sasl.oauthbearer.unsecure.jwt", "true".to_owned()));
            to.push(("sasl.oauthbearer.config", config));
            return Ok(());
        }
        if self.get("sasl.oauthbearer.token.endpoint.url").is_none() {
            return Err(Wrong::Jaas(
                "OAuthBearerLoginModule needs `sasl.oauthbearer.token.endpoint.url` in the file"
                    .to_owned(),
            ));
        }
        to.push(("sasl.oauthbearer.method", "oidc".to_owned()));
        let names = [
            ("clientId", "sasl.oauthbearer.client.id"),
            ("clientSecret", "sasl.oauthbearer.client.secret"),
            ("scope", "sasl.oauthbearer.scope"),
        ];
        for (option, name) in names {
            to.extend(module.option(option).map(|value| (name, value.to_owned())));
        }
        if !extensions.is_empty() {
            to.push(("sasl.oauthbearer.extensions", extensions.join(",")));
        }
        Ok(())
    }

    /// Lists what was not translated: what other programs need, and what nobody knows.
    fn list_ignored(&mut self) {
        for (name, (line, _)) in &self.given {
            let is_in = |list: &[&str]| {
                list.iter().any(|known| {
                    *known == name || (known.ends_with('.') && name.starts_with(known))
                })
            };
            if is_in(&SAME) || is_in(&READ_ELSEWHERE) {
                continue;
            }
            let reason = if is_in(DROPPED) { Ignored::OF_OTHERS } else { Ignored::UNKNOWN };
            let place = Some(Place { file: self.path.to_owned(), line: *line });
            self.settings.ignored.push(Ignored { property: name.clone(), place, reason });
        }
        self.settings.ignored.sort_by_key(|ignored| ignored.place.as_ref().map(|place| place.line));
    }
}
