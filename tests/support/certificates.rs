//! Certificates for brokers and clients of tests, made by openssl.
//!
//! Promises: every call makes a certificate authority of its own, so that two of them do not trust
//! each other.
//! Does not know: who uses them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools::output_of;

/// What a certificate is issued for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issued {
    /// The hosts it stands for, as openssl writes them.
    pub(crate) names: &'static str,
    /// How many days from now it expires; negative when it has.
    pub(crate) days: i32,
}

impl Default for Issued {
    fn default() -> Self {
        Self { names: "IP:127.0.0.1,DNS:localhost", days: 30 }
    }
}

/// A certificate authority with the files it made, in one folder.
#[derive(Debug)]
pub(crate) struct Authority {
    /// Where the files are.
    folder: PathBuf,
}

impl Authority {
    /// A new authority whose files are in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        fs_err::create_dir_all(folder).expect("the certificates' folder");
        let authority = Self { folder: folder.to_owned() };
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=foldback-test-ca",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ]);
        authority
    }

    /// The authority's own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A key and a certificate for a name, in one PEM file as Kafka reads it: key, certificate,
    /// authority. As a server it stands for the loopback address and `localhost`.
    pub(crate) fn issue(&self, name: &str) -> PathBuf {
        self.issue_as(name, Issued::default())
    }

    /// The same for other hosts or another time.
    pub(crate) fn issue_as(&self, name: &str, issued: Issued) -> PathBuf {
        let [key, request, certificate, names, store] =
            ["key", "csr", "pem", "cnf", "store.pem"].map(|suffix| format!("{name}.{suffix}"));
        fs_err::write(self.folder.join(&names), format!("subjectAltName={}\n", issued.names))
            .expect("the certificate's names");
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out",
            &request,
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            &issued.days.to_string(),
            "-extfile",
            &names,
            "-out",
            &certificate,
        ]);
        let parts = [key.as_str(), certificate.as_str(), "ca.pem"]
            .map(|file| fs_err::read_to_string(self.folder.join(file)).expect("a PEM file"));
        let path = self.folder.join(store);
        fs_err::write(&path, parts.concat()).expect("the store");
        path
    }

    /// The certificate and key of an issued name as a PKCS#12 store with this password.
    pub(crate) fn pkcs12(&self, name: &str, password: &str) -> PathBuf {
        let file = format!("{name}.p12");
        self.openssl(&[
            "pkcs12",
            "-export",
            "-in",
            &format!("{name}.pem"),
            "-inkey",
            &format!("{name}.key"),
            "-certfile",
            "ca.pem",
            "-out",
            &file,
            "-passout",
            &format!("pass:{password}"),
        ]);
        self.folder.join(file)
    }

    /// Runs openssl in the folder.
    fn openssl(&self, arguments: &[&str]) {
        output_of(Command::new("openssl").current_dir(&self.folder).args(arguments), b"");
    }
}
