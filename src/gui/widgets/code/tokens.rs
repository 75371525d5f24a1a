//! The parts of a JavaScript text, as they are coloured.
//!
//! Promises: every byte belongs to exactly one part, whatever the text; one pass, no look-back but
//! for the sign of a division.
//! Does not know: grammar. A text that is no JavaScript has parts, too.

use std::ops::Range;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A word of the language.
    Keyword,
    /// A name that is called.
    Call,
    /// A text, a template or a regular expression.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// Everything else.
    Plain,
}

/// The words of the language.
const KEYWORDS: [&str; 41] = [
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "get",
];

/// The parts of a text in order, without gaps.
pub(super) fn parts(text: &str) -> Vec<(Part, Range<usize>)> {
    let mut parts: Vec<(Part, Range<usize>)> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    // Whether a slash would divide: it follows a value.
    let mut after_value = false;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (part, length) = match rest {
            [b'/', b'/', ..] => (Part::Comment, until(rest, |byte| byte == b'\n')),
            [b'/', b'*', ..] => (Part::Comment, block_comment(rest)),
            [quote @ (b'"' | b'\'' | b'`'), ..] => (Part::Text, quoted(rest, *quote)),
            [b'/', ..] if !after_value => (Part::Text, regular_expression(rest)),
            [b'0'..=b'9', ..] => (Part::Number, until(rest, |byte| !is_of_number(byte))),
            [first, ..] if is_of_name(*first) => {
                let length = until(rest, |byte| !is_of_name(byte) && !byte.is_ascii_digit());
                (name_part(text.get(at..at + length).unwrap_or_default(), &rest[length..]), length)
            }
            _ => (Part::Plain, 1),
        };
        let last = rest.get(length - 1).copied().unwrap_or(b' ');
        after_value = match part {
            Part::Comment => after_value,
            Part::Plain if last.is_ascii_whitespace() => after_value,
            Part::Plain => is_of_number(last) || is_of_name(last) || b")]}".contains(&last),
            Part::Keyword => false,
            _ => true,
        };
        let range = at..at + length;
        match parts.last_mut() {
            Some((before, known)) if *before == part && part == Part::Plain => {
                known.end = range.end;
            }
            _ => parts.push((part, range)),
        }
        at += length;
    }
    parts
}

/// How many bytes there are before one for which this holds.
fn until(bytes: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len())
}

/// Whether a byte may stand in a number.
fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_'
}

/// Whether a byte may begin a name.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || 0x80 <= byte
}

/// What a name is, by itself and by what follows.
fn name_part(name: &str, rest: &[u8]) -> Part {
    let next = rest.iter().find(|byte| **byte != b' ');
    if KEYWORDS.contains(&name) {
        Part::Keyword
    } else if next == Some(&b'(') {
        Part::Call
    } else {
        Part::Plain
    }
}

/// The length of a comment between marks.
fn block_comment(bytes: &[u8]) -> usize {
    let end = bytes.windows(2).skip(2).position(|pair| pair == b"*/");
    end.map_or(bytes.len(), |end| end + 4)
}

/// The length of a text in quotes; one that is not ended ends with its line, a template with the
/// text.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' if quote != b'`' => return at,
            byte if *byte == quote => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// The length of a regular expression; 1 where none can be meant.
fn regular_expression(bytes: &[u8]) -> usize {
    let (mut escaped, mut in_class) = (false, false);
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            b'\n' => return 1,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                return at + 1 + until(rest, |byte| !byte.is_ascii_alphabetic());
            }
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts of a text but the plain ones.
    fn told(text: &str) -> Vec<(Part, &str)> {
        let coloured = parts(text).into_iter().filter(|(part, _)| *part != Part::Plain);
        coloured.map(|(part, range)| (part, text.get(range).unwrap())).collect()
    }

    #[test]
    fn the_parts_of_a_handler_are_told_apart() {
        assert_eq!(
            told("const n = when({ 'a\\'b': 1.5e3 }); // end"),
            [
                (Part::Keyword, "const"),
                (Part::Call, "when"),
                (Part::Text, "'a\\'b'"),
                (Part::Number, "1.5e3"),
                (Part::Comment, "// end"),
            ]
        );
    }

    #[test]
    fn a_slash_after_a_value_divides_and_elsewhere_begins_an_expression() {
        assert_eq!(told("a / b / c"), []);
        assert_eq!(told("x = /a[/]b/g"), [(Part::Text, "/a[/]b/g")]);
        assert_eq!(told("return /x/"), [(Part::Keyword, "return"), (Part::Text, "/x/")]);
    }

    #[test]
    fn what_is_not_ended_ends_with_its_line_or_the_text() {
        assert_eq!(told("'open\nlet"), [(Part::Text, "'open"), (Part::Keyword, "let")]);
        assert_eq!(told("/* open"), [(Part::Comment, "/* open")]);
        assert_eq!(told("`a\nb"), [(Part::Text, "`a\nb")]);
        assert_eq!(told("/*/"), [(Part::Comment, "/*/")]);
    }

    proptest! {
        #[test]
        fn every_byte_belongs_to_one_part(text in "[a-z0-9/*'`\"\\\\\n ü${}()\\[\\]]{0,80}") {
            let mut end = 0;
            for (_, range) in parts(&text) {
                prop_assert_eq!(range.start, end);
                prop_assert!(text.is_char_boundary(range.end));
                end = range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
