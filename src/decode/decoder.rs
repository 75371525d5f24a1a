//! How the values of a topic are decoded.
//!
//! Promises: every value decodes to something; null, empty and blank values stay apart from each
//! other.
//! Does not know: which decoder a topic should have (`detect`).

use serde::{Deserialize, Serialize};

use super::{json, text};
use crate::model::{Decoded, DecodedKind, Value, may_take_long};

/// How the values of a topic are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decoder {
    /// JSON where it is JSON, else text, else bytes: nothing can fail.
    #[default]
    Auto,
    /// JSON; anything else that is not null is a failure, also an empty or blank value.
    Json,
    /// Text, else bytes.
    Text,
    /// Bytes.
    Bytes,
}

impl Decoder {
    /// The decoder's name, for evidence and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }

    /// Decodes a value; `None` is a null value, a tombstone whatever the decoder.
    pub fn decode(self, value: Option<&[u8]>) -> Decoded {
        may_take_long("decoding a value");
        let Some(bytes) = value else { return Decoded::Tombstone };
        match self {
            Self::Json => match json::parse(bytes) {
                Ok(parsed) => from_json(parsed),
                Err(error) => {
                    Decoded::Failed { reason: error.to_string().into(), raw: bytes.into() }
                }
            },
            _ if bytes.is_empty() => Decoded::Empty,
            Self::Auto => json::parse(bytes).map_or_else(|_| as_text(bytes), from_json),
            Self::Text => as_text(bytes),
            Self::Bytes => Decoded::Bytes(bytes.into()),
        }
    }

    /// What `decode` would make of a value, found out without building it.
    pub fn check(self, value: Option<&[u8]>) -> Checked {
        may_take_long("decoding a value");
        let Some(bytes) = value else {
            return Checked { kind: DecodedKind::Tombstone, failed: false };
        };
        let reads_json = match self {
            Self::Json => true,
            Self::Auto => !bytes.is_empty(),
            Self::Text | Self::Bytes => false,
        };
        if reads_json && json::is_json(bytes) {
            return Checked { kind: DecodedKind::Json, failed: false };
        }
        let kind = if bytes.is_empty() {
            DecodedKind::Empty
        } else if self != Self::Bytes && std::str::from_utf8(bytes).is_ok() {
            DecodedKind::Text
        } else {
            DecodedKind::Bytes
        };
        Checked { kind, failed: self == Self::Json }
    }
}

/// What a value decodes to, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it decodes to. A failure is named by what its bytes are.
    pub kind: DecodedKind,
    /// Whether the topic's values are JSON and this one is not.
    pub failed: bool,
}

impl Checked {
    /// What this value was decoded to.
    pub fn of(decoded: &Decoded) -> Self {
        Self { kind: decoded.kind(), failed: decoded.failure().is_some() }
    }
}

/// A parsed value as a decoded one.
fn from_json(parsed: json::Parsed) -> Decoded {
    Decoded::Json { value: parsed.value, duplicate_members: parsed.duplicate_members }
}

/// Text where the bytes are UTF-8, else the bytes.
fn as_text(bytes: &[u8]) -> Decoded {
    std::str::from_utf8(bytes)
        .map_or_else(|_| Decoded::Bytes(bytes.into()), |text| Decoded::Text(text.into()))
}

/// A decoded value as it is printed in JSON output: the JSON value, else the text, else `{"base64":
/// "…"}`; a tombstone is `null` and an empty value `""`. A failure is printed as its raw text.
pub fn output_value(decoded: &Decoded) -> Value {
    match decoded {
        Decoded::Tombstone => Value::Null,
        Decoded::Empty => Value::string(""),
        Decoded::Json { value, .. } => value.clone(),
        Decoded::Text(text) => Value::String(text.clone()),
        Decoded::Bytes(bytes) => text::to_value(bytes),
        Decoded::Failed { raw, .. } => text::to_value(raw),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::testing::any_value;

    /// What a value is decoded as, and how it is printed.
    fn seen(decoder: Decoder, value: Option<&[u8]>) -> (DecodedKind, bool, String) {
        let decoded = decoder.decode(value);
        (decoded.kind(), decoded.failure().is_some(), output_value(&decoded).to_json())
    }

    /// The bytes of values of every kind, sound and broken.
    fn any_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
        let text = prop_oneof![
            any_value().prop_map(|value| value.to_json()),
            any_value().prop_map(|value| value.to_json() + "]"),
            r#"[\[\]{}:,"\\a0-9eE.\-+ \n]{0,24}"#,
            any::<String>(),
            (190_usize..260).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
            (4295_usize..4305).prop_map(|digits| "1".repeat(digits)),
        ];
        let bytes = prop_oneof![text.prop_map(String::into_bytes), any::<Vec<u8>>()];
        proptest::option::of(bytes)
    }

    proptest! {
        #[test]
        fn checking_tells_what_decoding_makes(value in any_bytes()) {
            for decoder in [Decoder::Auto, Decoder::Json, Decoder::Text, Decoder::Bytes] {
                let decoded = decoder.decode(value.as_deref());
                prop_assert_eq!(decoder.check(value.as_deref()), Checked::of(&decoded));
            }
        }
    }

    #[test]
    fn a_tombstone_and_a_json_null_print_alike_but_are_told_apart() {
        let null = "null".to_owned();
        assert_eq!(seen(Decoder::Json, None), (DecodedKind::Tombstone, false, null.clone()));
        assert_eq!(seen(Decoder::Json, Some(b"null")), (DecodedKind::Json, false, null));
    }

    #[test]
    fn where_json_is_expected_everything_else_is_a_failure() {
        let broken: [(&[u8], _, _); 4] = [
            (b"", DecodedKind::Empty, r#""""#),
            (b" \n", DecodedKind::Text, r#"" \n""#),
            (b"hello", DecodedKind::Text, r#""hello""#),
            (b"\xff\x00", DecodedKind::Bytes, r#"{"base64":"/wA="}"#),
        ];
        for (bytes, kind, printed) in broken {
            assert_eq!(seen(Decoder::Json, Some(bytes)), (kind, true, printed.to_owned()));
        }
    }

    #[test]
    fn where_anything_goes_nothing_fails() {
        let values: [(&[u8], _, _); 4] = [
            (b"", DecodedKind::Empty, r#""""#),
            (b"1.10", DecodedKind::Json, "1.10"),
            (b"hello", DecodedKind::Text, r#""hello""#),
            (b"\xff", DecodedKind::Bytes, r#"{"base64":"/w=="}"#),
        ];
        for (bytes, kind, printed) in values {
            assert_eq!(seen(Decoder::Auto, Some(bytes)), (kind, false, printed.to_owned()));
        }
    }

    #[test]
    fn a_chosen_decoder_is_obeyed() {
        assert_eq!(seen(Decoder::Text, Some(b"{}")).0, DecodedKind::Text);
        assert_eq!(seen(Decoder::Text, Some(b"\xff")).0, DecodedKind::Bytes);
        assert_eq!(seen(Decoder::Bytes, Some(b"{}")).0, DecodedKind::Bytes);
    }
}
