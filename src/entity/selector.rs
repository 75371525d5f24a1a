//! Where in a record something is found: `key`, `value:/type`, `header:correlation-id`, …
//!
//! Promises: what is written in `foldback.toml` is read here and printed back the same way.
//! Does not know: what is looked for.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::decode::{json, text};
use crate::model::{JsonPointer, RecordRef, Value};

/// Where in a record something is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selector {
    /// The key's bytes.
    #[default]
    Key,
    /// What stands at this path of a key that is JSON.
    KeyAt(JsonPointer),
    /// What stands at this path of a value that is JSON.
    ValueAt(JsonPointer),
    /// The last value of the header with this name.
    Header(Arc<str>),
    /// The name or id of the value's schema.
    Schema,
    /// The topic's name.
    Topic,
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected key, key:/POINTER, value:/POINTER, header:NAME, schema or topic but got {text:?}"
)]
pub struct SelectorError {
    /// The text that was refused.
    pub text: String,
}

impl SelectorError {
    /// What to write instead, where it can be guessed.
    pub fn hint(&self) -> Option<String> {
        let (source, path) = self.text.split_once(':').unwrap_or(("value", &self.text));
        let known = matches!(source, "key" | "value") && !path.is_empty();
        known
            .then(|| format!("a pointer starts with a slash: {source}:/{}", path.replace('.', "/")))
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pointer =
            |path: &str| path.starts_with('/').then(|| JsonPointer::parse(path)).flatten();
        let selector = match text.split_once(':') {
            None if text == "key" => Some(Self::Key),
            None if text == "schema" => Some(Self::Schema),
            None if text == "topic" => Some(Self::Topic),
            Some(("key", path)) => pointer(path).map(Self::KeyAt),
            Some(("value", path)) => pointer(path).map(Self::ValueAt),
            Some(("header", name)) if !name.is_empty() => Some(Self::Header(name.into())),
            _ => None,
        };
        selector.ok_or_else(|| SelectorError { text: text.to_owned() })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("key"),
            Self::KeyAt(path) => write!(f, "key:{path}"),
            Self::ValueAt(path) => write!(f, "value:{path}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Schema => f.write_str("schema"),
            Self::Topic => f.write_str("topic"),
        }
    }
}

/// What a selector found: raw bytes, or a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Bytes of the record.
    Bytes(Cow<'a, [u8]>),
    /// A value of its JSON.
    Json(Value),
}

impl Selector {
    /// Reads a selector as `foldback.toml` writes it.
    ///
    /// # Errors
    /// What was expected, when the text is none.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        text.parse()
    }

    /// What this finds in the record. `json` is the record's value if it was parsed already; else
    /// just the path is read.
    pub(super) fn find<'a>(
        &self,
        record: RecordRef<'a>,
        json: Option<&Value>,
    ) -> Option<Found<'a>> {
        match self {
            Self::Key => record.key().map(|key| Found::Bytes(key.into())),
            Self::KeyAt(path) => json::extract(record.key()?, path).map(Found::Json),
            Self::ValueAt(path) => match json {
                Some(value) => path.resolve(value).cloned().map(Found::Json),
                None => json::extract(record.value()?, path).map(Found::Json),
            },
            Self::Header(name) => record.header(name).map(|value| Found::Bytes(value.into())),
            Self::Schema => schema(record, json)
                .map(|schema| Found::Bytes(Cow::Owned(schema.as_bytes().to_vec()))),
            Self::Topic => Some(Found::Bytes(record.partition().topic.as_bytes().into())),
        }
    }
}

impl Found<'_> {
    /// The bytes themselves, or a scalar's text; `None` for `null`, objects and arrays.
    pub(super) fn into_bytes(self) -> Option<Arc<[u8]>> {
        match self {
            Self::Bytes(bytes) => Some((*bytes).into()),
            Self::Json(_) => self.text().map(|text| text.as_bytes().into()),
        }
    }

    /// The text of the bytes (base64 where they are none) or of a scalar; `None` for `null`,
    /// objects and arrays.
    pub(super) fn text(&self) -> Option<Arc<str>> {
        match self {
            Self::Bytes(bytes) => Some(text::exact(bytes).into()),
            Self::Json(Value::String(text)) => Some(Arc::clone(text)),
            Self::Json(Value::Number(number)) => Some(number.as_str().into()),
            Self::Json(Value::Bool(value)) => Some(value.to_string().into()),
            Self::Json(Value::Null | Value::Array(_) | Value::Object(_)) => None,
        }
    }

    /// What this is in a text that says so to a person.
    pub(super) fn described(&self) -> Arc<str> {
        /// How much of it is said, in characters.
        const CHARS: usize = 80;
        let text = match self {
            Self::Bytes(bytes) => text::preview(bytes, CHARS),
            Self::Json(Value::String(text)) => text::preview(text.as_bytes(), CHARS),
            Self::Json(value) => text::preview(value.to_json().as_bytes(), CHARS),
        };
        text.into()
    }

    /// The integer this is: a JSON number, decimal text, or eight bytes with the highest first (as
    /// Axon's headers are).
    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Json(Value::Number(number)) = self {
            return number.as_i64();
        }
        let integer = self.text().and_then(|text| text.trim().parse().ok());
        integer.or_else(|| match self {
            // A word is no number, though it may have eight letters.
            Self::Bytes(bytes) if !bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) => {
                bytes.as_ref().try_into().ok().map(i64::from_be_bytes)
            }
            Self::Bytes(_) | Self::Json(_) => None,
        })
    }
}

/// Where Kafka Connect puts the name of a value's schema.
static CONNECT_NAME: LazyLock<JsonPointer> =
    LazyLock::new(|| JsonPointer::root().member("schema").member("name"));

/// The name or id of the value's schema, from what the usual serializers leave: the header
/// `__value_schema_id`, the name in a Kafka Connect envelope, or the id behind the zero byte of the
/// Confluent wire format.
pub(super) fn schema(record: RecordRef<'_>, json: Option<&Value>) -> Option<Arc<str>> {
    if let Some(id) = record.header("__value_schema_id") {
        return Some(text::exact(id).into());
    }
    let name = match json {
        Some(value) => CONNECT_NAME.resolve(value).cloned(),
        None => json::extract(record.value()?, &CONNECT_NAME),
    };
    if let Some(Value::String(name)) = name {
        return Some(name);
    }
    match record.value()? {
        [0, a, b, c, d, _, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d]).to_string().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::testing::Log;
    use crate::model::RecordBatch;

    #[test]
    fn selectors_are_printed_as_they_are_read() {
        let texts = [
            "key",
            "key:/id",
            "value:/a~1b/0",
            "header:correlation-id",
            "header:a:b",
            "schema",
            "topic",
        ];
        for text in texts {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_text_that_is_no_selector_is_refused_with_what_was_expected() {
        for text in ["", "Key", "value", "value:", "value:type", "header:", "type", "key/id"] {
            assert!(Selector::parse(text).is_err(), "{text:?} is no selector");
        }
        let error = Selector::parse("value:order.type").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected key, key:/POINTER, value:/POINTER, header:NAME, schema or topic but got \"value:order.type\""
        );
        assert_eq!(error.hint().unwrap(), "a pointer starts with a slash: value:/order/type");
    }

    /// What a selector finds in a record, as text and as integer.
    fn found(log: &RecordBatch, selector: &str) -> Option<(Option<String>, Option<i64>)> {
        let found = Selector::parse(selector).unwrap().find(log.get(0).unwrap(), None)?;
        Some((found.text().map(|text| text.to_string()), found.integer()))
    }

    #[test]
    fn a_selector_finds_scalars_as_they_stood() {
        let log = Log::new("orders")
            .header("seq", &7_i64.to_be_bytes())
            .header("v", b" 12 ")
            .push(Some(r#"{"id":"o-1"}"#), Some(r#"{"n":1.10,"ok":true,"none":null,"o":{}}"#))
            .done();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found(&log, "key:/id"), Some((text("o-1"), None)));
        assert_eq!(found(&log, "value:/n"), Some((text("1.10"), None)));
        assert_eq!(found(&log, "value:/ok"), Some((text("true"), None)));
        assert_eq!(found(&log, "value:/none"), Some((None, None)));
        assert_eq!(found(&log, "value:/o"), Some((None, None)));
        assert_eq!(found(&log, "value:/missing"), None);
        assert_eq!(found(&log, "topic"), Some((text("orders"), None)));
        assert_eq!(found(&log, "header:v").unwrap().1, Some(12));
        assert_eq!(found(&log, "header:seq").unwrap().1, Some(7));
        assert_eq!(found(&log, "schema"), None);
    }

    #[test]
    fn the_schema_is_what_serializers_leave() {
        let log = Log::new("t")
            .push(Some("k"), Some("\0\0\0\u{1}\u{2}{}"))
            .push(Some("k"), Some(r#"{"schema":{"name":"shop.Order"},"payload":{}}"#))
            .header("__value_schema_id", b"9")
            .push(Some("k"), Some("{}"))
            .done();
        let schemas: Vec<_> = log
            .iter()
            .map(|record| {
                let decoded = crate::decode::Decoder::Json.decode(record.value());
                schema(record, decoded.json()).unwrap().to_string()
            })
            .collect();
        assert_eq!(schemas, ["258", "shop.Order", "9"]);
    }
}
