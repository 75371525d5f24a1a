//! What JSON texts are read as, and what is said about those that are none.

use proptest::prelude::*;

use super::*;
use crate::decode::testing::any_value;

/// The value of a text that is JSON.
fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap().value
}

/// The error of a text that is none.
fn error(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn number_literals_stay_as_they_stood() {
    let text = "[1.10,-0.0,6.02E+23,18446744073709551616,1e-7,0]";
    assert_eq!(value(text).to_json(), text);
}

#[test]
fn the_last_of_two_members_of_the_same_name_wins_and_is_flagged() {
    let parsed = parse(br#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap();
    assert_eq!(parsed.value.to_json(), r#"{"a":3,"b":{"c":2}}"#);
    assert!(parsed.duplicate_members);
    assert!(!parse(br#"{"a":{"a":1}}"#).unwrap().duplicate_members, "each is alone in its object");
    assert!(parse(br#"[{"a":1,"\u0061":1}]"#).unwrap().duplicate_members, "escapes hide no name");
}

#[test]
fn only_rfc_8259_is_json() {
    let refused = [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "1.",
        ".5",
        "+1",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "tru",
        "\"\t\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "1 2",
        "{\"a\"}",
        "[",
        "\u{feff}1",
        "// 1",
        "--1",
        "1e",
        "nulL",
    ];
    for text in refused {
        assert!(parse(text.as_bytes()).is_err(), "{text:?} is not JSON");
    }
    assert!(parse(b"\"\xff\"").is_err(), "a string that is not UTF-8");
    assert!(parse(b"\xff").is_err(), "a byte that is no text");
}

#[test]
fn an_error_names_its_place() {
    assert_eq!(
        error("{\"ü\": 1,\n \"é\": x}"),
        "expected a JSON value at line 2 column 7 (byte 17)"
    );
    assert_eq!(error(""), "no JSON value in an empty text at line 1 column 1 (byte 0)");
    assert_eq!(error(" \n "), "no JSON value in a blank text at line 2 column 2 (byte 3)");
    assert_eq!(error("{\"a\":1"), "the text ends within an object at line 1 column 7 (byte 6)");
}

#[test]
fn a_text_nested_too_deep_is_refused_and_not_one_level_earlier() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(error(&nested(MAX_DEPTH + 1)).starts_with(TOO_DEEP));
    assert!(error(&"[".repeat(100_000)).starts_with(TOO_DEEP));
    assert!(error(&"{\"a\":".repeat(100_000)).starts_with(TOO_DEEP));
}

#[test]
fn extracting_reads_a_text_as_strictly_as_parsing_does() {
    let path = JsonPointer::parse("/a").unwrap();
    let at = |text: &[u8]| extract(text, &path).map(|value| value.to_json());
    assert_eq!(at(br#"{"a":1.10,"b":[{}]}"#).as_deref(), Some("1.10"));
    assert_eq!(at(br#"{"a":1,"a":{"x":2}}"#).as_deref(), Some(r#"{"x":2}"#));
    assert_eq!(at(br#"{"a":1,"b":}"#), None, "a fault behind the member");
    assert_eq!(at(b"{\"a\":1,\"b\":\"\xff\"}"), None, "a string behind it that is not UTF-8");
    assert_eq!(at(br#"{"a":1} x"#), None, "something after the value");
    let deep = format!("{{\"x\":{}{},\"a\":7}}", "[".repeat(230), "]".repeat(230));
    assert_eq!(at(deep.as_bytes()).as_deref(), Some("7"), "deeper than skipping goes");
    let too_deep = format!("{{\"x\":{}{},\"a\":7}}", "[".repeat(256), "]".repeat(256));
    assert_eq!(at(too_deep.as_bytes()), None);
}

proptest! {
    #[test]
    fn what_was_printed_is_read_as_the_same_value_with_the_same_digits(value in any_value()) {
        for text in [value.to_json(), pretty(&value)] {
            let parsed = parse(text.as_bytes()).unwrap();
            prop_assert_eq!(&parsed.value, &value);
            prop_assert_eq!(parsed.value.to_json(), value.to_json());
            prop_assert!(!parsed.duplicate_members);
        }
    }

    #[test]
    fn any_bytes_are_parsed_as_serde_json_would_or_refused(text in r#"[\[\]{}:,"\\a0-9eE.\-+ \n]{0,24}"#) {
        let expected: Result<serde_json::Value, _> = serde_json::from_str(&text);
        prop_assert_eq!(parse(text.as_bytes()).is_ok(), expected.is_ok());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let parsed = parse(&bytes).map(|parsed| parsed.value);
        prop_assert_eq!(extract(&bytes, &JsonPointer::root()), parsed.ok());
    }

    #[test]
    fn extracting_gives_what_parsing_and_resolving_gives(
        value in any_value(), path in "(/([ab0-2]|~[01]){0,2}){0,3}",
    ) {
        let path = JsonPointer::parse(&path).unwrap();
        let text = value.to_json();
        prop_assert_eq!(extract(text.as_bytes(), &path), path.resolve(&value).cloned());
    }
}
