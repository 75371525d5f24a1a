//! Bytes as text for people: exact where they are UTF-8, base64 or hex where they are not.
//!
//! Promises: nothing is replaced by a placeholder; what is cut ends in `…` and never inside a
//! character; what has no shape of its own, such as a control character, is written as what it is.
//! Does not know: what the text means.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::model::Value;

/// How many bytes a line of a hex dump shows.
pub const HEX_LINE_BYTES: usize = 16;

/// The text the bytes are, or base64 of bytes that are none.
pub fn exact(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| BASE64.encode(bytes).into(), Cow::from)
}

/// The bytes as they are printed in JSON output: the text, or `{"base64": "…"}` for bytes that are
/// none.
pub fn to_value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::string(text),
        Err(_) => Value::object([("base64", Value::string(BASE64.encode(bytes)))]),
    }
}

/// Whether a character has no shape, and steers what shows it.
///
/// Those are control characters (C0, DEL, C1), those that turn the direction of writing (UAX #9,
/// 2), line separators, and those of no width. Joiners are kept: some scripts and emoji need them.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// The text with its hidden characters escaped: `\n`, `\t`, `\r`, else `\u{1b}` and the like.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// The same with line breaks and tabs kept, where a text is shown in lines of its own.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_hidden(character) && character != '\n' && character != '\t')
}

/// The text with these characters escaped.
fn escaped(text: &str, is_escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_escaped(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.into()
}

/// The beginning of the bytes in one line of at most this many characters: text with its hidden
/// characters escaped, or base64. What was cut ends in `…`.
pub fn preview(bytes: &[u8], max_chars: usize) -> String {
    // No character is longer than four bytes, so what lies beyond can only be cut off.
    let window = bytes.get(..max_chars.saturating_mul(4).saturating_add(4)).unwrap_or(bytes);
    let text = match std::str::from_utf8(window) {
        Ok(text) => Cow::from(text),
        // Cut inside a character: the text before it is long enough.
        Err(error) if window.len() < bytes.len() && error.error_len().is_none() => {
            exact(window.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => BASE64.encode(window).into(),
    };
    one_line(&text, max_chars)
}

/// The text in one line of at most this many characters, hidden characters escaped; what was cut
/// ends in `…`.
pub fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut last_fit = 0;
    for character in text.chars() {
        let start = line.len();
        if is_hidden(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        length += line.get(start..).map_or(0, |added| added.chars().count());
        if length > max_chars {
            line.truncate(last_fit);
            line.push('…');
            return line;
        }
        if length < max_chars {
            last_fit = line.len();
        }
    }
    line
}

/// The line with this number of a hex dump, from 0: the offset, 16 bytes in hex in two groups of
/// eight, and what of them is printable ASCII. `None` beyond the last line.
pub fn hex_line(bytes: &[u8], line: usize) -> Option<String> {
    let chunk = bytes.chunks(HEX_LINE_BYTES).nth(line)?;
    let mut text = format!("{:08x}", line * HEX_LINE_BYTES);
    for index in 0..HEX_LINE_BYTES {
        text.push_str(if index % 8 == 0 { "  " } else { " " });
        match chunk.get(index) {
            Some(byte) => write!(text, "{byte:02x}").expect("writing to a string never fails"),
            None => text.push_str("  "),
        }
    }
    let printable = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { *byte } else { b'.' };
    text.push_str("  |");
    text.extend(chunk.iter().map(printable).map(char::from));
    text.push('|');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_preview_escapes_what_would_break_the_line() {
        assert_eq!(preview(b"a\nb\t\x1b[0m", 40), r"a\nb\t\u{1b}[0m");
        assert_eq!(preview("grün".as_bytes(), 4), "grün");
        assert_eq!(preview("grüne".as_bytes(), 4), "grü…");
        assert_eq!(preview(b"\xff\x00", 40), "/wA=");
    }

    #[test]
    fn what_steers_a_terminal_or_turns_the_writing_is_written_out() {
        for (text, expected) in [
            ("grün, שלום, 👩‍🚀", "grün, שלום, 👩‍🚀"),
            ("a\x1b]0;x\x07b", r"a\u{1b}]0;x\u{7}b"),
            ("ok\r\0\x7f\u{9b}2J", r"ok\r\u{0}\u{7f}\u{9b}2J"),
            ("user\u{202e}nimda\u{2066}", r"user\u{202e}nimda\u{2066}"),
            ("a\u{200b}b\u{feff}\u{2028}", r"a\u{200b}b\u{feff}\u{2028}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn a_hex_line_shows_offset_bytes_and_ascii() {
        let bytes: Vec<u8> = (b'A'..=b'Q').collect();
        assert_eq!(
            hex_line(&bytes, 0).unwrap(),
            "00000000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|"
        );
        let last = hex_line(&bytes, 1).unwrap();
        assert_eq!(last, format!("00000010  51{}  |Q|", " ".repeat(46)));
        assert_eq!(hex_line(&bytes, 2), None);
    }

    proptest! {
        #[test]
        fn a_preview_is_never_longer_than_asked_and_never_breaks_the_line(
            bytes in proptest::collection::vec(any::<u8>(), 0..64), max in 1_usize..20,
        ) {
            let line = preview(&bytes, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.contains(is_hidden));
        }

        #[test]
        fn nothing_hidden_is_left_in_a_visible_text(text in any::<String>()) {
            let shown = visible(&text);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert!(text.contains(is_hidden) || shown == text);
        }

        #[test]
        fn a_preview_of_text_is_its_beginning(text in "[a-zü€😀]{0,40}", max in 1_usize..30) {
            let line = preview(text.as_bytes(), max);
            if let Some(beginning) = line.strip_suffix('…') {
                prop_assert!(text.starts_with(beginning) && text.chars().count() > max);
            } else {
                prop_assert_eq!(line, text);
            }
        }
    }
}
