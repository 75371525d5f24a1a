use super::*;

/// Writes a file of this name into a folder of its own and reads the settings from it.
fn read(name: &str, text: &str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, text).unwrap();
    Settings::from_file(&path)
}

/// The properties of a file that must be readable, as `name=value` lines.
fn properties(name: &str, text: &str) -> Vec<String> {
    let settings = read(name, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    settings.properties.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// What a file that must be refused is refused with, the file's name without its folder, and the
/// hint.
fn refusal(name: &str, text: &str) -> (String, Option<String>) {
    let error = match read(name, text) {
        Ok(settings) => panic!("{settings:?} is accepted\n{text}"),
        Err(error) => error,
    };
    let words = error.to_string();
    let start = words.find(name).unwrap_or(0);
    (words.get(start..).unwrap().to_owned(), error.hint())
}

#[test]
fn every_login_of_java_is_translated() {
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
    let cases = [
        (
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n\
             sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n\
             \x20 username=\"alice\" \\\n  password=\"a b\\\\\"c\";"
                .to_owned(),
            vec!["sasl.mechanism=PLAIN", "sasl.password=a b\"c", "sasl.username=alice", "security.protocol=sasl_ssl"],
        ),
        (
            format!("sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={scram} required username=u password=p;"),
            vec!["sasl.mechanism=SCRAM-SHA-512", "sasl.password=p", "sasl.username=u"],
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://id/token\n\
             sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler\n\
             sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
             clientId='id' clientSecret='s' scope='kafka' extension_logicalCluster='lkc-1' extension_pool='p';"
                .to_owned(),
            vec![
                "sasl.mechanism=OAUTHBEARER",
                "sasl.oauthbearer.client.id=id",
                "sasl.oauthbearer.client.secret=s",
                "sasl.oauthbearer.extensions=logicalCluster=lkc-1,pool=p",
                "sasl.oauthbearer.method=oidc",
                "sasl.oauthbearer.scope=kafka",
                "sasl.oauthbearer.token.endpoint.url=https://id/token",
            ],
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.jaas.config=a.OAuthBearerLoginModule required \
             unsecuredLoginStringClaim_sub=\"alice\";"
                .to_owned(),
            vec![
                "enable.sasl.oauthbearer.unsecure.jwt=true",
                "sasl.mechanism=OAUTHBEARER",
                "sasl.oauthbearer.config=principal=alice",
            ],
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://id/token\n\
             sasl.oauthbearer.client.credentials.client.id=id\n\
             sasl.oauthbearer.client.credentials.client.secret=s"
                .to_owned(),
            vec![
                "sasl.mechanism=OAUTHBEARER",
                "sasl.oauthbearer.client.credentials.client.id=id",
                "sasl.oauthbearer.client.credentials.client.secret=s",
                "sasl.oauthbearer.method=oidc",
                "sasl.oauthbearer.token.endpoint.url=https://id/token",
            ],
        ),
    ];
    for (text, expected) in cases {
        let text = format!("bootstrap.servers=kafka:9093\n{text}\n");
        assert_eq!(properties("client.properties", &text), expected, "{text}");
    }
}

#[test]
fn every_tls_property_of_java_is_translated() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs_err::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let pem = file("ca.pem", b"-----BEGIN CERTIFICATE-----\n");
    let both = file("client.pem", b"-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n");
    let p12 = file("client.jks", &[0x30, 0x82, 1, 2, 3]);
    let cases = [
        (format!("ssl.truststore.type=PEM\nssl.truststore.location={pem}"), vec![format!("ssl.ca.location={pem}")]),
        (
            format!("ssl.keystore.type=PEM\nssl.keystore.location={both}\nssl.key.password=pw"),
            vec![
                format!("ssl.certificate.location={both}"),
                format!("ssl.key.location={both}"),
                "ssl.key.password=pw".to_owned(),
            ],
        ),
        (
            format!("ssl.keystore.location={p12}\nssl.keystore.password=pw"),
            vec![format!("ssl.keystore.location={p12}"), "ssl.keystore.password=pw".to_owned()],
        ),
        (
            "ssl.truststore.type=PEM\nssl.truststore.certificates=-----BEGIN CERTIFICATE-----\\nabc".to_owned(),
            vec!["ssl.ca.pem=-----BEGIN CERTIFICATE-----\nabc".to_owned()],
        ),
        (
            "ssl.endpoint.identification.algorithm=".to_owned(),
            vec!["ssl.endpoint.identification.algorithm=none".to_owned()],
        ),
        (
            "ssl.endpoint.identification.algorithm=HTTPS".to_owned(),
            vec!["ssl.endpoint.identification.algorithm=https".to_owned()],
        ),
    ];
    for (text, expected) in cases {
        let text = format!("bootstrap.servers=kafka:9093\n{text}\n");
        assert_eq!(properties("client.properties", &text), expected, "{text}");
    }
}

#[test]
fn a_java_store_is_refused_with_the_command_that_converts_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.jks");
    fs_err::write(&path, [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).unwrap();
    let path = path.display();
    for (property, file, expected) in [
        (
            "ssl.truststore.location",
            "c.properties",
            "keytool -list -rfc -keystore PATH > STEM.pem; then ssl.truststore.type=PEM and",
        ),
        (
            "ssl.keystore.location",
            "c.properties",
            "keytool -importkeystore -srckeystore PATH -destkeystore STEM.p12 -deststoretype PKCS12;",
        ),
        ("ssl.keystore.location", "kcat.conf", "-deststoretype PKCS12;"),
    ] {
        let (words, hint) = refusal(file, &format!("bootstrap.servers=k\n\n{property}={path}\n"));
        assert!(words.starts_with(&format!("{file}:3: `{property}`: ")), "{words}");
        assert!(words.contains("is a Java key store (JKS)"), "{words}");
        let stem = path.to_string().replace(".jks", "");
        let expected = expected.replace("PATH", &path.to_string()).replace("STEM", &stem);
        assert!(hint.as_ref().unwrap().contains(&expected), "{hint:?}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    let cases = [
        ("c.properties", "security.protocol=SASL_SSL", "c.properties: no brokers are named"),
        (
            "c.properties",
            "bootstrap.servers=k:x",
            "c.properties:1: expected a broker as host:port, got `k:x`",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nsecurity.protocol=SSL2",
            "c.properties:2: `security.protocol` cannot have this value: \
             Invalid value \"ssl2\" for configuration property \"security.protocol\"",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nsasl.mechanism=PLAIN\nsasl.jaas.config=x.PlainLoginModule required password=p;",
            "c.properties:3: `sasl.jaas.config`: PlainLoginModule needs `username`",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nsasl.jaas.config=x.PlainLoginModule required username=u password=p;",
            "c.properties:2: `sasl.jaas.config` is for PlainLoginModule, but `sasl.mechanism` is GSSAPI",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nsasl.jaas.config=com.example.MyLoginModule required;",
            "c.properties:2: `sasl.jaas.config`: the login module `com.example.MyLoginModule` exists in Java only",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nsasl.mechanism=AWS_MSK_IAM",
            "c.properties:2: the mechanism `AWS_MSK_IAM` exists in Java only",
        ),
        (
            "c.properties",
            "bootstrap.servers=k\nconfig.providers=f\nssl.key.password=${f:/a:b}",
            "c.properties:3: `ssl.key.password` is looked up by a config provider, which exists in Java only",
        ),
        (
            "kcat.conf",
            "bootstrap.servers=k\n\nsecret words",
            "kcat.conf:3: expected key=value, got `secret`",
        ),
        (
            "kcat.conf",
            "bootstrap.servers=k\nsasl.passwort=x",
            "kcat.conf:2: there is no property `sasl.passwort`",
        ),
        (
            "kcat.conf",
            "bootstrap.servers=k\nsocket.timeout.ms=soon",
            "kcat.conf:2: `socket.timeout.ms` cannot have this value: \
             Invalid value for configuration property \"socket.timeout.ms\"",
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(refusal(name, text).0, expected, "{text}");
    }
}

#[test]
fn a_kcat_file_is_taken_as_it_stands() {
    let text = "# team cluster\n\nmetadata.broker.list=a:1, b:2\n  security.protocol = sasl_ssl\n\
                -X sasl.mechanisms=PLAIN\nsasl.username=u\nsasl.password=p=q#r\n";
    let settings = read("kcat.conf", text).unwrap();
    assert_eq!(settings.brokers, "a:1,b:2");
    assert_eq!(settings.name, "a:1,b:2");
    assert_eq!(settings.properties["sasl.password"], "p=q#r");
    assert!(settings.uses_tls() && settings.uses_sasl(), "sasl_ssl is both");
    assert_eq!(settings.ignored, []);
}

#[test]
fn which_kind_of_file_it_is_shows_in_its_properties() {
    let cases = [
        ("client.properties", "bootstrap.servers=k\nsasl.username=u", false),
        ("client.properties", "bootstrap.servers=k\nsecurity.protocol=SSL", true),
        ("client.conf", "bootstrap.servers=k\nsecurity.protocol=SSL", false),
        ("client.conf", "bootstrap.servers=k\nsasl.jaas.config=x", true),
        ("client.conf", "bootstrap.servers=k\nkey.deserializer=x", true),
        ("client.properties", "-X bootstrap.servers=k", false),
    ];
    for (name, text, is_java) in cases {
        assert_eq!(java::is_java(Path::new(name), text.as_bytes()), is_java, "{name}: {text}");
    }
}

#[test]
fn properties_for_other_programs_are_told_in_one_line_each_file() {
    let java = "bootstrap.servers=k\ngroup.id=shop\nkey.deserializer=x\nauto.offset.reset=latest\n\
                acks=all\nssl.protocol=TLSv1.3\n";
    let kcat = "bootstrap.servers=k\ngroup.id=shop\nauto.offset.reset=latest\nlinger.ms=5\n\
                statistics.interval.ms=5\n";
    let cases = [
        (
            "client.properties",
            java,
            "`group.id` (line 2), `key.deserializer` (line 3), `auto.offset.reset` (line 4), `acks` (line 5), \
             `ssl.protocol` (line 6)",
        ),
        (
            "kcat.conf",
            kcat,
            "`group.id` (line 2), `auto.offset.reset` (line 3), `linger.ms` (line 4), \
             `statistics.interval.ms` (line 5)",
        ),
    ];
    for (name, text, listed) in cases {
        let settings = read(name, text).unwrap();
        assert_eq!(settings.properties, BTreeMap::new(), "{name}");
        let words = settings.ignored_in_words();
        assert_eq!(words.len(), 1, "{words:?}");
        assert!(
            words[0].ends_with(&format!("{name}: ignored, no use to a reader: {listed}")),
            "{words:?}"
        );
    }
}

#[test]
fn a_name_that_nobody_knows_is_told_or_refused_where_it_would_change_the_login() {
    for (name, text) in [
        ("client.properties", "bootstrap.servers=k\nmy.own.key=1\n"),
        ("kcat.conf", "bootstrap.servers=k\nmy.own.key=1\n"),
    ] {
        let words = read(name, text).unwrap().ignored_in_words();
        assert!(
            words[0].ends_with("ignored, not known to Foldback: `my.own.key` (line 2)"),
            "{words:?}"
        );
    }
    let (words, _) = refusal("kcat.conf", "bootstrap.servers=k\nsasl.passwort=x");
    assert_eq!(words, "kcat.conf:2: there is no property `sasl.passwort`");
}

#[test]
fn what_loads_code_runs_a_command_or_writes_a_file_is_refused_in_every_source() {
    for (property, does) in [
        ("ssl.providers", "would load code into Foldback"),
        ("ssl.engine.location", "would load code into Foldback"),
        ("plugin.library.paths", "would load code into Foldback"),
        ("sasl.kerberos.kinit.cmd", "would run a command"),
        ("offset.store.path", "would write files"),
    ] {
        let expected = format!("`{property}` is refused: it {does}");
        for name in ["client.properties", "kcat.conf"] {
            let (words, hint) = refusal(name, &format!("bootstrap.servers=k\n{property}=x\n"));
            assert_eq!(words, format!("{name}:2: {expected}"));
            assert!(hint.is_some(), "{property}");
        }
        let mut settings = Settings::from_brokers("k").unwrap();
        let words = settings.set(&format!("{property}=x")).unwrap_err().to_string();
        assert_eq!(words, expected);
        assert!(settings.properties.is_empty(), "{settings:?}");
    }
    let mut settings = Settings::from_brokers("k").unwrap();
    for assignment in [
        "sasl.kerberos.principal=x; touch /tmp/mark",
        "sasl.kerberos.keytab=/k\" || touch /tmp/mark \"",
        "sasl.kerberos.service.name=$(id)",
        "sasl.oauthbearer.token.endpoint.url=file:///etc/passwd",
        "client.id=a\0b",
    ] {
        let words = settings.set(assignment).unwrap_err().to_string();
        assert!(words.contains("cannot have this value"), "{words}");
    }
}

#[test]
fn one_property_is_set_from_key_and_value() {
    let mut settings = Settings::from_brokers(" a:1 ,b ").unwrap();
    assert_eq!(settings.brokers, "a:1,b");
    settings.set("sasl.password=a=b ").unwrap();
    assert_eq!(settings.properties["sasl.password"], "a=b ");
    settings.set("bootstrap.servers=c:3").unwrap();
    assert_eq!(settings.brokers, "c:3");
    for name in ["group.id", "enable.auto.commit", "topic.auto.offset.reset", "isolation.level"] {
        settings.set(&format!("{name}=x")).unwrap();
        assert!(!settings.properties.contains_key(name), "{name} is not taken");
        assert_eq!(settings.ignored.last().unwrap().property, name);
    }
    for (assignment, expected) in [
        ("nothing", "expected key=value, got `nothing`"),
        ("=x", "expected key=value, got `=x`"),
        ("foo.bar=x", "there is no property `foo.bar`"),
        ("bootstrap.servers=", "no brokers are named"),
    ] {
        assert_eq!(settings.set(assignment).unwrap_err().to_string(), expected);
    }
    let error = settings.set("ssl.truststore.location=x").unwrap_err();
    assert!(error.hint().unwrap().contains("--config"), "{:?}", error.hint());
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let mut settings = Settings::from_brokers("k").unwrap();
    let secrets = [
        "sasl.password",
        "ssl.key.password",
        "ssl.keystore.password",
        "sasl.oauthbearer.client.secret",
        "ssl.key.pem",
        "sasl.oauthbearer.config",
    ];
    for name in secrets {
        settings.properties.insert(name.to_owned(), "hunter2".to_owned());
    }
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("sasl.password"), "{shown}");
}

#[test]
fn a_properties_file_is_read_as_java_reads_it() {
    let head = "bootstrap.servers=k\n";
    for (text, expected) in [
        // The last line counts even when it goes on into nothing.
        (format!("{head}client.id=a\\"), "client.id=a"),
        (format!("{head}client.id : a \\\n   # b"), "client.id=a # b"),
        (format!("{head}client.id=\\101\\z"), "client.id=101z"),
        (format!("{head}client.id=x\\ud83d\\ude00y"), "client.id=x😀y"),
        (format!("{head}client.id=x\\\\ud83d\\ude"), ""),
        (format!("\u{feff}# team\n{head}client.id=a"), "client.id=a"),
        ("spring.kafka.bootstrap-servers=k\nspring.kafka.client-id=a".to_owned(), "client.id=a"),
    ] {
        if expected.is_empty() {
            assert!(refusal("c.properties", &text).0.contains("not a properties file"), "{text}");
        } else {
            assert_eq!(properties("c.properties", &text), [expected], "{text}");
        }
    }
    let (words, hint) = refusal("c.properties", &format!("\u{feff}{head}"));
    assert!(words.starts_with("c.properties:1: a byte order mark"), "{words}");
    assert!(hint.unwrap().contains("without a byte order mark"));
    let (words, _) = refusal("c.properties", "spring.kafka.bootstrap-servers=${HOST}");
    assert!(words.contains("is put together by Spring"), "{words}");
    let error = Settings::from_brokers("http://kafka:9092").unwrap_err();
    assert!(error.hint().unwrap().contains("not HTTP"), "{error}");
}

#[test]
fn a_password_beyond_ascii_is_read_as_java_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.properties");
    let mut bytes = b"bootstrap.servers=k\nssl.key.password=".to_vec();
    bytes.extend([0xe4, 0x80, b'\\', b'u', b'0', b'0', b'f', b'6']);
    fs_err::write(&path, bytes).unwrap();
    let settings = Settings::from_file(&path).unwrap();
    assert_eq!(settings.properties["ssl.key.password"], "ä\u{80}ö");
}
