//! JSON text to values and back.
//!
//! Promises: number literals stay as they stood; of members with the same name the last one wins
//! and the value is flagged; strictly RFC 8259 (no `NaN`, no comments, no trailing comma, UTF-8
//! only); no input can overflow the stack.
//! Does not know: which values should be JSON (`decoder`).

use std::borrow::Cow;
use std::sync::Arc;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use crate::model::{JsonPointer, Number, Object, Value};

/// How many arrays and objects may lie within each other.
pub const MAX_DEPTH: usize = 256;

/// Up to how many tokens `extract` walks by itself: together with what skipping can take (200
/// levels) never deeper than `MAX_DEPTH`, so that it never accepts what `parse` refuses.
const MAX_WALKED_TOKENS: usize = 50;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line} column {column} (byte {offset})")]
pub struct JsonError {
    /// What is wrong.
    pub reason: &'static str,
    /// The byte it was noticed at, from 0.
    pub offset: usize,
    /// The line of that byte, from 1.
    pub line: usize,
    /// The column of that byte in characters, from 1.
    pub column: usize,
}

/// A parsed JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The value.
    pub value: Value,
    /// Whether an object in it names a member twice.
    pub duplicate_members: bool,
}

/// Reads a JSON text.
///
/// # Errors
/// The first fault of the text, with its place.
pub fn parse(bytes: &[u8]) -> Result<Parsed, JsonError> {
    let mut reader = Reader::new(bytes);
    let read = reader.document();
    read.map(|value| Parsed { value, duplicate_members: reader.duplicate_members })
        .map_err(|fault| fault.locate(bytes))
}

/// What stands at this path of a JSON text, without building the rest of it: the same as `parse`
/// and `JsonPointer::resolve` give, and `None` where the text is no JSON.
pub fn extract(bytes: &[u8], path: &JsonPointer) -> Option<Value> {
    let tokens: Vec<Cow<'_, str>> = path.tokens().collect();
    // Skipping does not look at the bytes of strings, so they are looked at here.
    if tokens.len() > MAX_WALKED_TOKENS || std::str::from_utf8(bytes).is_err() {
        return path.resolve(&parse(bytes).ok()?.value).cloned();
    }
    let mut reader = Reader::new(bytes);
    match reader.document_at(&tokens) {
        Ok(found) => found,
        // Skipping gives up at fewer levels than `parse`.
        Err(fault) if fault.reason == TOO_DEEP => path.resolve(&parse(bytes).ok()?.value).cloned(),
        Err(_) => None,
    }
}

/// Whether `parse` takes this text, told without building what it says.
pub fn is_json(bytes: &[u8]) -> bool {
    // Skipping does not look at the bytes of strings, and gives up at fewer levels than `parse`.
    let skipped = std::str::from_utf8(bytes).is_ok().then(|| Reader::new(bytes).skip_document());
    match skipped {
        Some(Err(fault)) if fault.reason == TOO_DEEP => parse(bytes).is_ok(),
        skipped => skipped.is_some_and(|skipped| skipped.is_ok()),
    }
}

/// The value as indented JSON text, numbers with their digits.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value has string keys and JSON numbers only")
}

/// What is wrong and where, before line and column are counted.
#[derive(Debug)]
struct Fault {
    /// What is wrong.
    reason: &'static str,
    /// The byte it was noticed at.
    offset: usize,
}

impl Fault {
    /// The error for a person.
    fn locate(self, bytes: &[u8]) -> JsonError {
        let before = bytes.get(..self.offset).unwrap_or(bytes);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        // Every byte counts that does not continue a character.
        let in_line = before.iter().skip(line_start).filter(|byte| (**byte & 0xc0) != 0x80).count();
        let blank = bytes.iter().all(|byte| b" \t\r\n".contains(byte));
        JsonError {
            reason: match (blank, bytes.is_empty()) {
                (_, true) => "no JSON value in an empty text",
                (true, false) => "no JSON value in a blank text",
                (false, _) => self.reason,
            },
            offset: self.offset,
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: in_line + 1,
        }
    }
}

impl From<JiterError> for Fault {
    fn from(error: JiterError) -> Self {
        let reason = match error.error_type {
            JiterErrorType::JsonError(kind) => reason(&kind),
            JiterErrorType::WrongType { .. } => "expected a JSON value",
        };
        Self { reason, offset: error.index }
    }
}

/// What is wrong, in words.
fn reason(kind: &JsonErrorType) -> &'static str {
    match kind {
        JsonErrorType::EofWhileParsingList => "the text ends within an array",
        JsonErrorType::EofWhileParsingObject => "the text ends within an object",
        JsonErrorType::EofWhileParsingString => "the text ends within a string",
        JsonErrorType::EofWhileParsingValue => "the text ends where a value should stand",
        JsonErrorType::ExpectedColon => "expected `:` after the name of a member",
        JsonErrorType::ExpectedListCommaOrEnd => "expected `,` or `]` after an element",
        JsonErrorType::ExpectedObjectCommaOrEnd => "expected `,` or `}` after a member",
        JsonErrorType::InvalidEscape => "a string escapes what cannot be escaped",
        JsonErrorType::InvalidNumber => "a number is not written as JSON writes it",
        JsonErrorType::NumberOutOfRange => "a number has more than 4300 digits",
        JsonErrorType::InvalidUnicodeCodePoint => "a string is not UTF-8",
        JsonErrorType::ControlCharacterWhileParsingString => {
            "a string holds a control character that is not escaped"
        }
        JsonErrorType::KeyMustBeAString => "expected the name of a member in double quotes",
        JsonErrorType::LoneLeadingSurrogateInHexEscape
        | JsonErrorType::UnexpectedEndOfHexEscape => "a string escapes half a surrogate pair",
        JsonErrorType::TrailingComma => "a comma stands before the end of an array or object",
        JsonErrorType::TrailingCharacters => "something stands after the value",
        JsonErrorType::RecursionLimitExceeded => TOO_DEEP,
        _ => "expected a JSON value",
    }
}

/// The reason of a text nested deeper than `MAX_DEPTH`.
const TOO_DEEP: &str = "arrays and objects are nested deeper than 256 levels";

/// Reads one JSON text.
struct Reader<'j> {
    /// The tokens of the text.
    jiter: Jiter<'j>,
    /// Whether an object named a member twice.
    duplicate_members: bool,
}

impl<'j> Reader<'j> {
    /// A reader at the start of the text.
    fn new(bytes: &'j [u8]) -> Self {
        Self { jiter: Jiter::new(bytes), duplicate_members: false }
    }

    /// The whole text as one value.
    fn document(&mut self) -> Result<Value, Fault> {
        let peek = self.jiter.peek()?;
        let value = self.value(peek, 0)?;
        self.jiter.finish()?;
        Ok(value)
    }

    /// Reads the whole text without building anything of it.
    fn skip_document(&mut self) -> Result<(), Fault> {
        let peek = self.jiter.peek()?;
        self.jiter.known_skip(peek)?;
        Ok(self.jiter.finish()?)
    }

    /// What stands at the path of these tokens in the whole text.
    fn document_at(&mut self, tokens: &[Cow<'_, str>]) -> Result<Option<Value>, Fault> {
        let peek = self.jiter.peek()?;
        let found = self.value_at(peek, tokens)?;
        self.jiter.finish()?;
        Ok(found)
    }

    /// The value that begins here, within this many arrays and objects.
    fn value(&mut self, peek: Peek, depth: usize) -> Result<Value, Fault> {
        match peek {
            Peek::Null => {
                self.jiter.known_null()?;
                Ok(Value::Null)
            }
            Peek::True | Peek::False => Ok(Value::Bool(self.jiter.known_bool(peek)?)),
            Peek::String => Ok(Value::string(self.jiter.known_str()?)),
            Peek::Array | Peek::Object if depth >= MAX_DEPTH => {
                Err(Fault { reason: TOO_DEEP, offset: self.jiter.current_index() })
            }
            Peek::Array => self.array(depth + 1),
            Peek::Object => self.object(depth + 1),
            _ => self.number(peek),
        }
    }

    /// The number that begins here.
    fn number(&mut self, peek: Peek) -> Result<Value, Fault> {
        let offset = self.jiter.current_index();
        let invalid = Fault { reason: reason(&JsonErrorType::InvalidNumber), offset };
        let literal = self.jiter.known_number_bytes(peek)?;
        let number =
            std::str::from_utf8(literal).ok().and_then(|text| Number::from_literal(text).ok());
        number.map(Value::Number).ok_or(invalid)
    }

    /// The array that begins here.
    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut elements = Vec::new();
        let mut next = self.jiter.known_array()?;
        while let Some(peek) = next {
            elements.push(self.value(peek, depth)?);
            next = self.jiter.array_step()?;
        }
        Ok(Value::Array(elements.into()))
    }

    /// The object that begins here.
    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut members = Object::default();
        let mut next: Option<Arc<str>> = self.jiter.known_object()?.map(Arc::from);
        while let Some(name) = next {
            let peek = self.jiter.peek()?;
            let value = self.value(peek, depth)?;
            self.duplicate_members |= members.insert(name, value).is_some();
            next = self.jiter.next_key()?.map(Arc::from);
        }
        Ok(Value::Object(Arc::new(members)))
    }

    /// What stands at the path of these tokens in the value that begins here. The value is read to
    /// its end, because a later member of the same name wins and a later fault makes the text no
    /// JSON.
    fn value_at(&mut self, peek: Peek, tokens: &[Cow<'_, str>]) -> Result<Option<Value>, Fault> {
        let Some((token, rest)) = tokens.split_first() else {
            return self.value(peek, 0).map(Some);
        };
        let mut found = None;
        match peek {
            Peek::Object => {
                let mut next = self.jiter.known_object()?.map(|name| name == token);
                while let Some(wanted) = next {
                    let peek = self.jiter.peek()?;
                    if wanted {
                        found = self.value_at(peek, rest)?;
                    } else {
                        self.jiter.known_skip(peek)?;
                    }
                    next = self.jiter.next_key()?.map(|name| name == token);
                }
            }
            Peek::Array => {
                let mut index = 0_usize;
                let mut next = self.jiter.known_array()?;
                while let Some(peek) = next {
                    if index.to_string() == *token {
                        found = self.value_at(peek, rest)?;
                    } else {
                        self.jiter.known_skip(peek)?;
                    }
                    index += 1;
                    next = self.jiter.array_step()?;
                }
            }
            _ => self.jiter.known_skip(peek)?,
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
