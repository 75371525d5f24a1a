//! `doctor` before ports that speak TLS: what is wrong with a certificate or a key is told in its
//! own sentence.
//!
//! Promises: the ports are openssl's own server; a handshake that did not happen is never called
//! one.
//! Does not know: brokers.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::certificates::{Authority, Issued};
use support::cli::run_in;
use support::node::{Folder, free_port, wait_until};

/// A port that speaks TLS, until it is dropped.
struct TlsPort {
    /// The server.
    server: Child,
    /// Its port.
    port: u16,
}

impl TlsPort {
    /// Starts a server that shows the certificate of this store.
    fn start(store: &Path) -> Self {
        let port = free_port();
        let server = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &port.to_string(), "-cert"])
            .arg(store)
            .arg("-key")
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is there");
        let open = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        wait_until("the server listens", Duration::from_secs(20), open);
        Self { server, port }
    }
}

impl Drop for TlsPort {
    fn drop(&mut self) {
        self.server.kill().expect("the server can be ended");
        self.server.wait().expect("the server ends");
    }
}

/// The outcome and the words of the TLS step.
fn tls_step(folder: &Folder, port: u16, properties: &[String]) -> (String, String) {
    let broker = format!("127.0.0.1:{port}");
    let mut arguments = vec!["doctor", "--json", "--brokers", &broker];
    arguments.extend(["-X", "security.protocol=ssl"]);
    arguments.extend(properties.iter().flat_map(|property| ["-X", property.as_str()]));
    let ended = run_in(folder.path(), &arguments);
    assert_eq!(ended.status, 3, "{}{}", ended.stdout, ended.stderr);
    let step = ended.lines().into_iter().find(|line| line["step"] == "TLS").expect("a TLS step");
    let words = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
    (words("outcome"), format!("{} / {}", words("detail"), words("remedy")))
}

#[test]
fn what_is_wrong_with_a_certificate_or_a_key_is_told_in_its_own_sentence() {
    let folder = Folder::new();
    let authority = Authority::new(&folder.path().join("ours"));
    let other = Authority::new(&folder.path().join("theirs"));
    let good = TlsPort::start(&authority.issue("good"));
    let expired =
        TlsPort::start(&authority.issue_as("old", Issued { days: -1, ..Issued::default() }));
    let named = Issued { names: "DNS:elsewhere.example", ..Issued::default() };
    let misnamed = TlsPort::start(&authority.issue_as("else", named));
    let ca = format!("ssl.ca.location={}", authority.certificate().display());
    let foreign = format!("ssl.ca.location={}", other.certificate().display());
    let missing = "ssl.ca.location=no-such-ca.pem".to_owned();
    fs_err::write(folder.path().join("broken.pem"), "nothing").expect("a file");
    let broken = format!("ssl.ca.location={}", folder.path().join("broken.pem").display());
    authority.issue("one");
    authority.issue("two");
    let client = |what: &str, name: &str| {
        format!("ssl.{what}.location={}", folder.path().join("ours").join(name).display())
    };
    let mismatched = vec![ca.clone(), client("certificate", "one.pem"), client("key", "two.key")];
    for (port, properties, expected) in [
        (&expired, vec![ca.clone()], "the broker's certificate has expired"),
        (&misnamed, vec![ca.clone()], "for another"),
        (&good, vec![foreign], "ssl.ca.location=ca.pem"),
        (&good, vec![missing], "the file of trusted authorities cannot be read"),
        (&good, vec![broken], "there is no certificate of an authority"),
        (&good, mismatched, "the client's key does not belong to its certificate"),
    ] {
        let (outcome, words) = tls_step(&folder, port.port, &properties);
        assert!(
            outcome == "failed" && words.contains(expected),
            "{properties:?}: {outcome}: {words}"
        );
    }
    // A server that is no broker: the certificate is trusted all the same, and that alone is said.
    let (outcome, words) = tls_step(&folder, good.port, &[ca]);
    assert!(outcome == "passed" && words.contains("is trusted"), "{outcome}: {words}");
}

#[test]
fn a_handshake_that_did_not_happen_is_not_called_one() {
    let folder = Folder::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let (outcome, words) = tls_step(&folder, port, &[]);
    assert!(outcome == "failed" && words.contains("no TLS handshake"), "{outcome}: {words}");
}
