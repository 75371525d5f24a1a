//! Certificates and keys as PEM text within a property.
//!
//! A value of a `.properties` file is one line, so Kafka takes PEM whose lines were joined, with
//! blanks between them or without. OpenSSL wants the lines.
//!
//! Promises: what is in lines already, or is no PEM, stays as it is.
//! Does not know: certificates.

/// How long a line of base64 is (RFC 7468, 2).
const LINE_CHARS: usize = 64;

/// The same text in lines.
pub(crate) fn in_lines(text: &str) -> String {
    unfolded(text).unwrap_or_else(|| text.to_owned())
}

/// The text in lines; `None` when it is not PEM from its beginning to its end.
fn unfolded(text: &str) -> Option<String> {
    let mut lines = String::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (label, after) = rest.strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, after) = after.split_once(&format!("-----END {label}-----"))?;
        let base64: String = body.split_whitespace().collect();
        // An old encrypted key has lines with names in it, which cannot be told apart once they are
        // joined.
        if base64.contains(':') {
            return None;
        }
        lines.extend(["-----BEGIN ", label, "-----\n"]);
        let mut characters = base64.chars().peekable();
        while characters.peek().is_some() {
            lines.extend(characters.by_ref().take(LINE_CHARS));
            lines.push('\n');
        }
        lines.extend(["-----END ", label, "-----\n"]);
        rest = after.trim_start();
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_lines_become_lines_again() {
        let body = "A".repeat(70);
        let whole = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n",
            "A".repeat(64),
            "A".repeat(6)
        );
        for joined in [
            format!("-----BEGIN CERTIFICATE----- {body} -----END CERTIFICATE-----"),
            format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----"),
            whole.clone(),
        ] {
            assert_eq!(in_lines(&joined), whole);
            assert_eq!(in_lines(&format!("{joined} {joined}")), format!("{whole}{whole}"));
        }
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        for same in [old, "no PEM", "-----BEGIN X-----", ""] {
            assert_eq!(in_lines(same), same);
        }
    }
}
