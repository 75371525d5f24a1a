//! What is wrong with a certificate or a key, in a sentence each.
//!
//! Promises: every diagnosis has a remedy and names the one thing that is wrong.
//! Does not know: how it was found.

use super::remedy::Diagnosis;

/// A diagnosis of these words.
fn diagnosis(detail: impl Into<String>, remedy: &str) -> Diagnosis {
    Diagnosis { detail: detail.into(), remedy: remedy.to_owned() }
}

/// What to do about a certificate that names another host.
const OTHER_NAME: &str = "connect by a name that is in the broker's certificate; for a test cluster: ssl.endpoint.identification.algorithm=none";

/// What to do about a certificate of an authority that is not known.
const UNKNOWN_AUTHORITY: &str =
    "name the authority that signed the broker's certificate: ssl.ca.location=ca.pem";

/// What it means that OpenSSL refuses a certificate of the broker's chain with this number
/// (`X509_V_ERR_…` of `x509_vfy.h`). A depth above 0 is one of those who signed it.
pub(crate) fn of_certificate(code: i32, depth: i32) -> Diagnosis {
    let whose = if depth == 0 {
        "the broker's certificate"
    } else {
        "a certificate that signed the broker's"
    };
    match code {
        2 | 19 | 20 | 21 | 27 => diagnosis(
            "nobody whom these settings trust signed the broker's certificate",
            UNKNOWN_AUTHORITY,
        ),
        7 => diagnosis(
            format!(
                "the signature of {whose} is wrong: an authority of the same name, but with another key, signed it"
            ),
            UNKNOWN_AUTHORITY,
        ),
        9 => diagnosis(
            format!("{whose} is not valid yet"),
            "compare the clocks of this machine and of the one that issued the certificate",
        ),
        10 => diagnosis(
            format!("{whose} has expired"),
            "its owner must renew it (is this machine's clock right?)",
        ),
        12 => diagnosis("the list of revoked certificates has expired", "renew ssl.crl.location"),
        18 => diagnosis(
            "the broker's certificate is signed by itself, and these settings do not trust it",
            "if it is the right one, name it itself: ssl.ca.location=broker.pem",
        ),
        23 => diagnosis(format!("{whose} was revoked"), "its owner must replace it"),
        26 => diagnosis(
            format!("{whose} is not one for servers"),
            "its owner must issue one with the purpose serverAuth",
        ),
        62 => diagnosis("the broker's certificate is for another host name", OTHER_NAME),
        64 => diagnosis("the broker's certificate is for another IP address", OTHER_NAME),
        other => diagnosis(
            format!("{whose} is not accepted: OpenSSL says {other} (`openssl verify` explains it)"),
            UNKNOWN_AUTHORITY,
        ),
    }
}

/// What it means that the library refuses a setting about encryption with these words; `None` when
/// they are about something else.
pub(crate) fn of_setting(words: &str) -> Option<Diagnosis> {
    let lower = words.to_lowercase();
    let has = |piece: &str| lower.contains(piece);
    let is_missing = has("no such file") || has("system lib") || has("bio lib");
    if has("ssl.ca.location") || has("ssl.ca.pem") {
        let detail = if is_missing {
            format!("the file of trusted authorities cannot be read: {words}")
        } else {
            format!("there is no certificate of an authority in ssl.ca.location: {words}")
        };
        return Some(diagnosis(
            detail,
            "ssl.ca.location names a PEM file: -----BEGIN CERTIFICATE-----",
        ));
    }
    if has("private key check") || has("key values mismatch") {
        return Some(diagnosis(
            format!("the client's key does not belong to its certificate: {words}"),
            "ssl.key.location and ssl.certificate.location must be made for each other",
        ));
    }
    if has("ssl.key") || has("ssl_key") {
        return Some(diagnosis(
            format!("the client's key cannot be read: {words}"),
            "ssl.key.location names a PEM file, and ssl.key.password opens it",
        ));
    }
    if has("ssl.certificate") {
        return Some(diagnosis(
            format!("the client's certificate cannot be read: {words}"),
            "ssl.certificate.location names a PEM file: -----BEGIN CERTIFICATE-----",
        ));
    }
    has("ssl").then(|| diagnosis(words, "correct the setting; names are those of librdkafka"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_of_its_own() {
        for (code, depth, expected) in [
            (10, 0, "the broker's certificate has expired"),
            (10, 1, "a certificate that signed the broker's has expired"),
            (62, 0, "for another host name"),
            (64, 0, "for another IP address"),
            (20, 0, "nobody whom these settings trust signed"),
            (18, 0, "is signed by itself"),
            (7, 0, "but with another key"),
            (99, 0, "OpenSSL says 99"),
        ] {
            let found = of_certificate(code, depth);
            assert!(found.detail.contains(expected), "{code}: {found:?}");
        }
    }

    #[test]
    fn a_setting_that_names_no_certificate_or_key_is_told_by_what_is_missing() {
        for (words, expected) in [
            (
                "ssl.ca.location failed: error:05880020:x509 certificate routines::BIO lib",
                "the file of trusted authorities cannot be read",
            ),
            (
                "ssl.ca.location failed: error:05880009:x509 certificate routines::PEM lib",
                "there is no certificate",
            ),
            ("Private key check failed: key values mismatch", "does not belong to its certificate"),
            ("ssl.key.location failed: bad decrypt", "the client's key cannot be read"),
        ] {
            let found = of_setting(words).unwrap();
            assert!(found.detail.contains(expected), "{words}: {found:?}");
        }
        assert_eq!(of_setting("socket.timeout.ms"), None);
    }
}
