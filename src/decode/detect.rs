//! Which decoder fits a topic, judged by a sample of its values.
//!
//! Promises: the same sample gives the same answer; every answer comes with the counts that led to
//! it.
//! Does not know: how the sample was drawn.

use super::{Decoder, json};

/// A decoder and why it was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// The decoder.
    pub decoder: Decoder,
    /// What was found, a sentence each.
    pub evidence: Vec<String>,
}

/// How many values of each kind a sample holds.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Values that are not null.
    values: usize,
    /// JSON objects and arrays.
    structures: usize,
    /// JSON strings, numbers, booleans and nulls.
    scalars: usize,
    /// UTF-8 text that is no JSON, empty values included.
    texts: usize,
    /// Bytes that are no UTF-8.
    binaries: usize,
}

/// Judges by sampled values; `None` is a null value and says nothing.
///
/// A topic is read as JSON when at least half of its values are JSON objects or arrays; what is not
/// is then a failure worth showing. A scalar says little: `42` is JSON and text alike. Else every
/// value is taken for what it is.
pub fn detect<'a>(values: impl IntoIterator<Item = Option<&'a [u8]>>) -> Detection {
    let mut counts = Counts::default();
    for bytes in values.into_iter().flatten() {
        counts.values += 1;
        match json::parse(bytes) {
            Ok(parsed) if parsed.value.as_object().is_some() => counts.structures += 1,
            Ok(parsed) if matches!(parsed.value, crate::model::Value::Array(_)) => {
                counts.structures += 1;
            }
            Ok(_) => counts.scalars += 1,
            Err(_) if std::str::from_utf8(bytes).is_ok() => counts.texts += 1,
            Err(_) => counts.binaries += 1,
        }
    }
    let reads_json = counts.structures > 0 && 2 * counts.structures >= counts.values;
    let decoder = if reads_json { Decoder::Json } else { Decoder::Auto };
    Detection { decoder, evidence: evidence(counts) }
}

/// The counts in sentences.
fn evidence(counts: Counts) -> Vec<String> {
    if counts.values == 0 {
        return vec!["no value to judge by".to_owned()];
    }
    let kinds = [
        (counts.structures, "are JSON objects or arrays"),
        (counts.scalars, "are JSON scalars"),
        (counts.texts, "are text but not JSON"),
        (counts.binaries, "are not UTF-8"),
    ];
    kinds
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} of {} sampled values {what}", counts.values))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(values: &[&str]) -> Decoder {
        detect(values.iter().map(|value| Some(value.as_bytes()))).decoder
    }

    #[test]
    fn a_topic_of_json_objects_is_json_even_with_poison_in_it() {
        assert_eq!(decoder(&["{}", "[1]", "oops", ""]), Decoder::Json);
    }

    #[test]
    fn scalars_and_texts_alone_make_no_json_topic() {
        assert_eq!(decoder(&["12", "13", "hello"]), Decoder::Auto);
        assert_eq!(decoder(&["{}", "hello", "hello"]), Decoder::Auto);
    }

    #[test]
    fn tombstones_say_nothing() {
        let found = detect([None, None, Some(&b"{}"[..])]);
        assert_eq!(found.decoder, Decoder::Json);
        assert_eq!(found.evidence, ["1 of 1 sampled values are JSON objects or arrays"]);
        assert_eq!(detect([None]).evidence, ["no value to judge by"]);
    }
}
