//! Trust stores and key stores: what a file is, by its first bytes.
//!
//! Promises: the content decides, not the name: since Java 9, `keytool` writes PKCS#12 into files
//! named `.jks`.
//! Does not know: passwords.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::Wrong;

use crate::model::may_take_long;

/// What a store's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// Text with `-----BEGIN`.
    Pem,
    /// DER of a PKCS#12 store (RFC 7292).
    Pkcs12,
    /// Java's own format: magic `FEEDFEED`, or `CECECECE` for JCEKS.
    Jks,
    /// Something else.
    Unknown,
}

impl StoreKind {
    /// The kind, in words that follow "is".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Pem => "a PEM file",
            Self::Pkcs12 => "a PKCS#12 store",
            Self::Jks => "a Java key store (JKS)",
            Self::Unknown => "neither PEM nor PKCS#12",
        }
    }

    /// The kind of a file that starts with these bytes.
    fn of(start: &[u8]) -> Self {
        match start {
            [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => Self::Jks,
            // A DER sequence: of a definite length in two or more bytes, or of an indefinite one.
            [0x30, 0x80..=0x84, ..] => Self::Pkcs12,
            _ if memchr::memmem::find(start, b"-----BEGIN ").is_some() => Self::Pem,
            _ => Self::Unknown,
        }
    }
}

/// Where a store is and what it is. A relative path is taken from the current directory, as Java
/// takes it, or else from the folder of the file that names it.
pub(crate) fn find(
    property: &'static str,
    value: &str,
    named_in: &Path,
) -> Result<(PathBuf, StoreKind), Wrong> {
    may_take_long("reading a file");
    let beside = named_in.parent().map(|folder| folder.join(value));
    let path = match beside {
        Some(beside) if !Path::new(value).exists() && beside.exists() => beside,
        _ => PathBuf::from(value),
    };
    // Text may stand before the first certificate, but not pages of it.
    let mut start = Vec::new();
    let read =
        fs_err::File::open(&path).and_then(|file| file.take(64 * 1024).read_to_end(&mut start));
    match read {
        Ok(_) => Ok((path, StoreKind::of(&start))),
        Err(error) => {
            Err(Wrong::StoreUnreadable { property, reason: error.kind().to_string(), path })
        }
    }
}

/// The property that names a key store, for Java and for librdkafka.
pub(crate) const KEY_STORE: &str = "ssl.keystore.location";

/// The path of a key store, when it is one that OpenSSL reads.
pub(crate) fn key_store(location: &str, named_in: &Path) -> Result<String, Wrong> {
    let (path, kind) = find(KEY_STORE, location, named_in)?;
    match kind {
        StoreKind::Pem | StoreKind::Pkcs12 => Ok(path.display().to_string()),
        StoreKind::Jks | StoreKind::Unknown => Err(Wrong::StoreFormat {
            property: KEY_STORE,
            path,
            found: kind.words(),
            or_pkcs12: true,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_a_store_is() {
        let cases: [(&[u8], StoreKind); 7] = [
            (b"Bag Attributes\n-----BEGIN CERTIFICATE-----\n", StoreKind::Pem),
            (b"-----BEGIN PRIVATE KEY-----\n", StoreKind::Pem),
            (&[0x30, 0x82, 0x0a, 0x2b, 0x02], StoreKind::Pkcs12),
            (&[0x30, 0x80, 0x02], StoreKind::Pkcs12),
            (&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], StoreKind::Jks),
            (&[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2], StoreKind::Jks),
            (b"", StoreKind::Unknown),
        ];
        for (start, expected) in cases {
            assert_eq!(StoreKind::of(start), expected, "{start:?}");
        }
    }

    #[test]
    fn a_store_beside_the_file_that_names_it_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("ca.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
        let file = folder.path().join("client.properties");
        let (path, kind) = find("ssl.truststore.location", "ca.pem", &file).unwrap();
        assert_eq!((path, kind), (folder.path().join("ca.pem"), StoreKind::Pem));
        let error = find("ssl.truststore.location", "none.pem", &file).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`ssl.truststore.location`: cannot read none.pem: entity not found"
        );
    }
}
