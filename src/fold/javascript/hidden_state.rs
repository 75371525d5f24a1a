//! Variables of a script that handlers change: state that is kept beside the state.
//!
//! Promises: pure; a name that is declared anew where it is changed is left alone. What it finds is
//! a hint: a script is read word by word, not understood.
//! Does not know: what a handler is.

use std::collections::BTreeSet;
use std::sync::Arc;

/// A variable outside of all functions that is changed inside of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenState {
    /// Its name.
    pub name: Arc<str>,
    /// The line of the first change, from 1.
    pub line: u32,
}

/// A word or a sign of a script.
#[derive(Clone, Copy, Debug)]
struct Token<'s> {
    /// The word, or a single sign.
    text: &'s str,
    /// How many brackets are open around it.
    depth: u32,
    /// Its line, from 1.
    line: u32,
}

/// Methods that change what they are called on.
const CHANGING: [&str; 12] = [
    "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "set", "add", "delete",
    "clear",
];

/// The variables outside of all functions that are changed inside of one, by name.
pub(super) fn hidden_state(source: &str) -> Vec<HiddenState> {
    let tokens = tokens(source);
    let outer = declared(&tokens, |depth| depth == 0);
    let inner = declared(&tokens, |depth| 0 < depth);
    let parameters = parameters(&tokens);
    let mut found: Vec<HiddenState> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = token.text;
        let is_member = at.checked_sub(1).is_some_and(|before| tokens[before].text == ".");
        if token.depth == 0
            || is_member
            || !outer.contains(name)
            || inner.contains(name)
            || parameters.contains(name)
            || found.iter().any(|known| *known.name == *name)
            || !is_changed(&tokens, at)
        {
            continue;
        }
        found.push(HiddenState { name: name.into(), line: token.line });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The words and signs of a script, without comments, texts and patterns.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let (mut at, mut line, mut depth) = (0, 1, 0_u32);
    while let Some(byte) = bytes.get(at).copied() {
        let from = at;
        let next = bytes.get(at + 1).copied();
        at = match byte {
            b'/' if next == Some(b'/') => end_of(bytes, at, b"\n"),
            b'/' if next == Some(b'*') => end_of(bytes, at + 2, b"*/"),
            b'"' | b'\'' | b'`' => end_of_text(bytes, at + 1, byte),
            b'/' if begins_pattern(tokens.last()) => end_of_text(bytes, at + 1, byte),
            _ if is_word(byte) => {
                let length = bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                at + length
            }
            _ => at + 1,
        };
        let is_text = matches!(byte, b'"' | b'\'' | b'`') || (byte == b'/' && at != from + 1);
        let text = source.get(from..at).unwrap_or_default();
        if !is_text && !byte.is_ascii_whitespace() {
            depth = depth.saturating_sub(u32::from(matches!(byte, b'}' | b')' | b']')));
            tokens.push(Token { text, depth, line });
            depth += u32::from(matches!(byte, b'{' | b'(' | b'['));
        } else if is_text && byte != b'/' {
            // A text is a value: what follows it is no pattern.
            tokens.push(Token { text: "0", depth, line });
        }
        let lines = memchr::memchr_iter(b'\n', &bytes[from..at.min(bytes.len())]).count();
        line += u32::try_from(lines).unwrap_or(u32::MAX);
    }
    tokens
}

/// Whether a byte belongs to a word. Letters beyond ASCII do.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

/// Where what begins here ends: behind these bytes, or with the script.
fn end_of(bytes: &[u8], from: usize, end: &[u8]) -> usize {
    let found = bytes[from.min(bytes.len())..].windows(end.len()).position(|part| part == end);
    found.map_or(bytes.len(), |found| from + found + end.len())
}

/// Where a text or a pattern ends that is closed by this byte.
fn end_of_text(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' => at += 1,
            _ if byte == quote => return at + 1,
            // Only a template goes over several lines.
            b'\n' if quote != b'`' => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Whether a slash behind this begins a pattern and is no division.
fn begins_pattern(before: Option<&Token<'_>>) -> bool {
    before.is_none_or(|before| {
        matches!(
            before.text,
            "return" | "=" | "(" | "," | ":" | "[" | "!" | "&" | "|" | "?" | "{" | "}" | ";"
        )
    })
}

/// The names that are declared at such depths.
fn declared<'s>(tokens: &[Token<'s>], wanted: impl Fn(u32) -> bool) -> BTreeSet<&'s str> {
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        if !matches!(token.text, "let" | "var" | "const") || !wanted(token.depth) {
            continue;
        }
        // `let a = 1, b`: the first name, and those behind a comma of the same depth.
        let mut is_name = true;
        for other in &tokens[at + 1..] {
            if other.depth < token.depth || (other.depth == token.depth && other.text == ";") {
                break;
            }
            if other.depth > token.depth && !is_name {
                continue;
            }
            match other.text {
                "," => is_name = true,
                "{" | "[" => {}
                "let" | "var" | "const" | "function" if !is_name => break,
                name if is_name => {
                    names.insert(name);
                    is_name = other.depth > token.depth;
                }
                _ => {}
            }
        }
    }
    names
}

/// The names in parameter lists: in brackets before an arrow or a body, or a single name before an
/// arrow.
fn parameters<'s>(tokens: &[Token<'s>]) -> BTreeSet<&'s str> {
    let mut names = BTreeSet::new();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let is_arrow = |at: usize| text(at) == "=" && text(at + 1) == ">";
    for (at, token) in tokens.iter().enumerate() {
        if is_arrow(at + 1) && token.text != ")" {
            names.insert(token.text);
        }
        if token.text != ")" || !(is_arrow(at + 1) || text(at + 1) == "{") {
            continue;
        }
        let inside = tokens[..at].iter().rev();
        let inside = inside.take_while(|other| !(other.text == "(" && other.depth == token.depth));
        names.extend(inside.map(|other| other.text));
        // What stands in the condition of an `if` or a loop is no parameter.
        let open =
            tokens[..at].iter().rposition(|other| other.text == "(" && other.depth == token.depth);
        let before = open.and_then(|open| open.checked_sub(1)).map_or("", text);
        if matches!(before, "if" | "while" | "for" | "switch") {
            for other in &tokens[open.unwrap_or(at)..at] {
                names.remove(other.text);
            }
        }
    }
    names
}

/// Whether the variable that stands here is changed: by an assignment, a step, or a method that
/// changes it.
fn is_changed(tokens: &[Token<'_>], at: usize) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let is_step = |at: usize| matches!(text(at), "+" | "-") && text(at) == text(at + 1);
    if at >= 2 && is_step(at - 2) {
        return true;
    }
    let mut next = at + 1;
    // `name.a[b].c`: what is changed may lie inside.
    loop {
        match text(next) {
            "." if text(next + 2) == "(" => return CHANGING.contains(&text(next + 1)),
            "." => next += 2,
            "[" => {
                let depth = tokens[next].depth;
                let close = tokens[next + 1..].iter().position(|other| other.depth == depth);
                let Some(close) = close else { return false };
                next += close + 2;
            }
            _ => break,
        }
    }
    if is_step(next) {
        return true;
    }
    // `=`, `+=`, `**=`, `??=` and the like, but neither `==`, `=>` nor `<=`.
    let signs = (next..next + 3)
        .take_while(|at| matches!(text(*at), "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "?"));
    let equals = next + signs.count();
    text(equals) == "=" && !matches!(text(equals + 1), "=" | ">")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a script, as `name:line`.
    fn found(source: &str) -> Vec<String> {
        let told = |state: HiddenState| format!("{}:{}", state.name, state.line);
        hidden_state(source).into_iter().map(told).collect()
    }

    #[test]
    fn a_variable_outside_that_a_handler_changes_is_found_with_its_line() {
        let script = "let count = 0, sum = 0;\nconst seen = new Set();\nvar last;\nfromAll().when({\n  A(s, e) {\n    count++;\n    sum += e.body.n;\n    seen.add(e.eventId);\n    last = e;\n  } });";
        assert_eq!(found(script), ["count:6", "last:9", "seen:8", "sum:7"]);
        assert_eq!(
            found("const by = {};\nfromAll().when({ A: (s, e) => { by[e.body.k].n = 1 } })"),
            ["by:2"]
        );
        assert_eq!(found("let n = 0\nfromAll().when({ A: s => { --n } })"), ["n:2"]);
    }

    #[test]
    fn what_is_read_or_declared_anew_is_left_alone() {
        let scripts = [
            "const LIMIT = 10;\nfromAll().when({ A: s => { if (s.n == LIMIT) s.full = true } })",
            "let n = 0;\nfromAll().when({ A(s) { let n = 1; n++; s.n = n } })",
            "let n = 0;\nfromAll().when({ A: (n, e) => { n += 1 } })",
            "const add = (s, n) => { s.n += n };\nfromAll().when({ A(s) { add(s, 1) } })",
            "const names = ['a'];\nfromAll().when({ A(s) { s.names = names.map(n => n + 1); s.has = names.includes('b') } })",
            "let n = 0; // n++ in a handler\nfromAll().when({ A(s) { s.text = 'n = 1'; s.t = `n += 1`; s.p = /n = 1/.test('x') } })",
            "let total = 0;\nfromAll().when({ A: s => ({ total: s.total + 1 }), B(s) { s.total = 2; s.total++ } })",
            "let n = 1;\nfromAll().when({ A(s) { s.ok = n <= 2 && n >= 0 && n === 1 && n != 3 } })",
        ];
        for script in scripts {
            assert_eq!(found(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn anything_can_be_read_without_harm() {
        for text in [
            "",
            "let",
            "let a = [",
            "/* never",
            "'never",
            "let a\n{ a[",
            "} ) ] a = 1",
            "let ü = 1; { ü = 2",
        ] {
            let _found = hidden_state(text);
        }
        assert_eq!(found("let ü = 1; { ü = 2 }"), ["ü:1"]);
    }
}
