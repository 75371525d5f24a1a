//! Why settings are refused, in words for the person who wrote them.
//!
//! Promises: names the file and the line where there are some; never shows a secret.
//! Does not know: how settings are read.

use std::fmt;
use std::path::PathBuf;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 means the file as a whole.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}", self.file.display()),
        }
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the connection file")]
    Unreadable(#[source] std::io::Error),
    /// A setting cannot be meant.
    #[error("{}{wrong}", place_prefix(place.as_ref()))]
    Wrong {
        /// Where it stands, when that is a file.
        place: Option<Place>,
        /// What is wrong.
        wrong: Wrong,
    },
}

/// The place and a colon, or nothing.
fn place_prefix(place: Option<&Place>) -> String {
    place.map(|place| format!("{place}: ")).unwrap_or_default()
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No broker is named.
    #[error("no brokers are named")]
    NoBrokers,
    /// An address of a broker is none.
    #[error("expected a broker as host:port, got `{0}`")]
    NotAnAddress(String),
    /// A line or an option has no `=`.
    #[error("expected key=value, got `{0}`")]
    NotAnAssignment(String),
    /// The file is not text as its kind of file must be.
    #[error("not a properties file: {0}")]
    NotProperties(String),
    /// The file begins with a byte order mark, which spoils the first name.
    #[error(
        "a byte order mark stands before the first name, and Java takes it as part of the name"
    )]
    ByteOrderMark,
    /// A value that Spring would put together from elsewhere.
    #[error("`{0}` is put together by Spring from elsewhere")]
    OfSpring(String),
    /// librdkafka knows no such property.
    #[error("there is no property `{0}`")]
    UnknownProperty(String),
    /// A property that would do what no setting may do.
    #[error("`{property}` is refused: it {does}")]
    Dangerous {
        /// The property.
        property: String,
        /// What it would do.
        does: &'static str,
    },
    /// librdkafka refuses the value.
    #[error("`{property}` cannot have this value: {reason}")]
    BadValue {
        /// The property.
        property: String,
        /// What librdkafka says.
        reason: String,
    },
    /// A `sasl.jaas.config` that is not one login module with its options.
    #[error("`sasl.jaas.config`: {0}")]
    Jaas(String),
    /// A login module of Java alone.
    #[error("`sasl.jaas.config`: the login module `{0}` exists in Java only")]
    LoginModule(String),
    /// A login module stands beside a mechanism that is not its own.
    #[error("`sasl.jaas.config` is for {module}, but `sasl.mechanism` is {mechanism}")]
    MechanismMismatch {
        /// The login module's short name.
        module: String,
        /// The mechanism named, or `GSSAPI`, which Java takes when none is.
        mechanism: String,
    },
    /// Kerberos is not built in.
    #[error("`sasl.mechanism` is GSSAPI, and this build has no Kerberos")]
    NoKerberos,
    /// A mechanism of Java alone.
    #[error("the mechanism `{0}` exists in Java only")]
    JavaMechanism(String),
    /// A value that a plug-in of Java would look up.
    #[error("`{0}` is looked up by a config provider, which exists in Java only")]
    ConfigProvider(String),
    /// A trust store or key store in a format of Java alone.
    #[error("`{property}`: {} is {found}, and a PEM file{} is needed", path.display(), if *or_pkcs12 { " or a PKCS#12 store" } else { "" })]
    StoreFormat {
        /// The property that names the store.
        property: &'static str,
        /// The store.
        path: PathBuf,
        /// What the file is.
        found: &'static str,
        /// Whether a PKCS#12 store would do.
        or_pkcs12: bool,
    },
    /// A trust store or key store that cannot be read.
    #[error("`{property}`: cannot read {}: {reason}", path.display())]
    StoreUnreadable {
        /// The property that names the store.
        property: &'static str,
        /// The store.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl SettingsError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable(_) => None,
            Self::Wrong { wrong, .. } => wrong.hint(),
        }
    }
}

impl Wrong {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoBrokers => "name at least one broker: bootstrap.servers=HOST:PORT".to_owned(),
            Self::NotAnAddress(address) => hint_for_address(address).to_owned(),
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark".to_owned(),
            Self::OfSpring(_) => "write the value itself, without ${…} and classpath:".to_owned(),
            Self::UnknownProperty(property) | Self::BadValue { property, .. } => {
                return hint_for_java_name(property);
            }
            Self::Dangerous { property, .. } => hint_for_dangerous(property).to_owned(),
            Self::Jaas(_) => {
                "write: org.apache.kafka.common.security.plain.PlainLoginModule required username=\"…\" password=\"…\";"
                    .to_owned()
            }
            Self::LoginModule(_) => {
                "PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule and Krb5LoginModule are understood".to_owned()
            }
            Self::MechanismMismatch { .. } => {
                "set sasl.mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI, as the broker wants it"
                    .to_owned()
            }
            Self::NoKerberos => "build with `cargo build --release --features gssapi`".to_owned(),
            Self::JavaMechanism(_) => "use a listener with PLAIN, SCRAM or OAUTHBEARER".to_owned(),
            Self::ConfigProvider(_) => {
                "write the value itself, or use foldback.toml with \"${ENV_NAME}\"".to_owned()
            }
            Self::StoreFormat { property, path, or_pkcs12, .. } => {
                hint_for_store(property, &path.display().to_string(), *or_pkcs12)
            }
            Self::NotAnAssignment(_)
            | Self::NotProperties(_)
            | Self::StoreUnreadable { .. } => return None,
        };
        Some(hint)
    }
}

/// Where a property belongs that only Java clients know.
fn hint_for_java_name(name: &str) -> Option<String> {
    let java_only = name.starts_with("ssl.truststore.")
        || name.starts_with("ssl.keystore.")
        || name == "sasl.jaas.config"
        || name.ends_with(".deserializer");
    java_only.then(|| {
        "this is a property of Java clients; put it into a .properties file and name that with --config".to_owned()
    })
}

/// How an address of a broker is written.
fn hint_for_address(address: &str) -> &'static str {
    if address.starts_with("http") && address.contains("://") {
        "a broker speaks Kafka's protocol and not HTTP: write HOST:PORT, by default port 9092"
    } else {
        "a broker is HOST:PORT, several are separated by commas"
    }
}

/// What to do instead of setting a property that is refused.
fn hint_for_dangerous(property: &str) -> &'static str {
    match property {
        "sasl.kerberos.kinit.cmd" => "remove it, and get a ticket with kinit before",
        _ => {
            "remove it; with keys in a file, ssl.key.location and ssl.certificate.location do without"
        }
    }
}

/// The command that converts a store into what can be read.
fn hint_for_store(property: &str, path: &str, or_pkcs12: bool) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    if or_pkcs12 {
        format!(
            "convert it: keytool -importkeystore -srckeystore {path} -destkeystore {stem}.p12 -deststoretype PKCS12; \
             then {property}={stem}.p12"
        )
    } else {
        format!(
            "export its certificates: keytool -list -rfc -keystore {path} > {stem}.pem; \
             then ssl.truststore.type=PEM and {property}={stem}.pem"
        )
    }
}

/// What a translation of one property ends with: nothing, or its line and what is wrong.
pub(super) type Translated = Result<(), (usize, Wrong)>;
