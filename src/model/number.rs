//! A JSON number with the digits it was written with.
//!
//! Promises: the literal is never touched; two numbers are equal exactly when their decimal values
//! are, whatever their size, so `1.10 == 1.1`, `1e2 == 100` and `9007199254740993 !=
//! 9007199254740992`.
//! Does not know: binary floating point.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Why a text is no JSON number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a JSON number but got {literal:?}")]
pub struct NumberError {
    /// The text that was refused.
    literal: String,
}

/// A JSON number, kept as its literal. Invariant: the literal follows the grammar of RFC 8259,
/// section 6.
#[derive(Clone, Debug)]
pub struct Number(Arc<str>);

impl Number {
    /// Takes a literal as it stood in a JSON text.
    ///
    /// # Errors
    /// The literal, when it does not follow the grammar of RFC 8259.
    pub fn from_literal(literal: &str) -> Result<Self, NumberError> {
        if is_json_number(literal.as_bytes()) {
            Ok(Self(literal.into()))
        } else {
            Err(NumberError { literal: literal.to_owned() })
        }
    }

    /// The literal as it stood.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as a 64-bit integer, when it is one exactly; `1.0` and `1e3` are.
    pub fn as_i64(&self) -> Option<i64> {
        if let Ok(integer) = self.0.parse() {
            return Some(integer);
        }
        let decimal = Decimal::of(&self.0);
        let zeros = usize::try_from(decimal.exponent?).ok().filter(|zeros| *zeros < 20)?;
        let sign = if decimal.negative { "-" } else { "" };
        format!("{sign}{}{}", decimal.digits, "0".repeat(zeros)).parse().ok()
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self(integer.to_string().into())
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        Self(integer.to_string().into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || Decimal::of(&self.0) == Decimal::of(&other.0)
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        Decimal::of(&self.0).cmp(&Decimal::of(&other.0))
    }
}

impl Serialize for Number {
    /// Writes the literal itself. Only JSON can hold it, so this serves `serde_json` alone.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let literal: &RawValue =
            serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        literal.serialize(serializer)
    }
}

/// Whether these bytes are exactly one number by the grammar of RFC 8259.
fn is_json_number(literal: &[u8]) -> bool {
    let rest = literal.strip_prefix(b"-").unwrap_or(literal);
    let (integer, rest) = split_digits(rest);
    let integer_fits = matches!(integer, [b'0'] | [b'1'..=b'9', ..]);
    let (fraction_fits, rest) = match rest.strip_prefix(b".") {
        Some(rest) => {
            let (fraction, rest) = split_digits(rest);
            (!fraction.is_empty(), rest)
        }
        None => (true, rest),
    };
    let exponent_fits = match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let digits = exponent
                .strip_prefix(b"+")
                .or_else(|| exponent.strip_prefix(b"-"))
                .unwrap_or(exponent);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    integer_fits && fraction_fits && exponent_fits
}

/// The ASCII digits at the front, and what follows them.
fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len()))
}

/// The value of a literal in its one normal form: `digits × 10^exponent` with no zero at either end
/// of the digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    /// Whether the value is below zero. Zero itself is never negative.
    negative: bool,
    /// The significant digits; empty for zero.
    digits: String,
    /// The power of ten; `None` when it is too large for 128 bits, which makes the literal equal to
    /// no other text.
    exponent: Option<i128>,
}

impl Decimal {
    /// The normal form of a literal that follows the grammar.
    fn of(literal: &str) -> Self {
        let negative = literal.starts_with('-');
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let mantissa = mantissa.trim_start_matches('-');
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{integer}{fraction}");
        let digits = all.trim_start_matches('0');
        let trimmed = digits.trim_end_matches('0');
        if trimmed.is_empty() {
            return Self { negative: false, digits: String::new(), exponent: Some(0) };
        }
        // Both lengths are those of strings in memory, so they fit 128 bits.
        let shift = (digits.len() - trimmed.len()) as i128 - fraction.len() as i128;
        let exponent =
            exponent.parse::<i128>().ok().and_then(|exponent| exponent.checked_add(shift));
        Self { negative, digits: trimmed.to_owned(), exponent }
    }

    /// The power of ten of the first digit, which orders magnitudes.
    fn magnitude(&self) -> i128 {
        let digits = self.digits.len() as i128;
        self.exponent.map_or(i128::MAX, |exponent| exponent.saturating_add(digits))
    }

    /// Orders the absolute values.
    fn cmp_absolute(&self, other: &Self) -> Ordering {
        // Digits are aligned at their first one, so text order is value order; a shorter text is
        // padded by zeros.
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self
                .magnitude()
                .cmp(&other.magnitude())
                .then_with(|| self.digits.cmp(&other.digits)),
        }
    }

    /// Orders the values.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_absolute(other),
            (true, true) => other.cmp_absolute(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(literal: &str) -> Number {
        Number::from_literal(literal).unwrap()
    }

    #[test]
    fn literals_are_written_as_they_stood() {
        for literal in ["1.10", "-0.0", "6.02E+23", "18446744073709551616", "1e-7", "0"] {
            assert_eq!(serde_json::to_string(&number(literal)).unwrap(), literal);
        }
    }

    #[test]
    fn numbers_are_equal_by_exact_decimal_value() {
        let equal =
            [("1.10", "1.1"), ("1e2", "100"), ("-0.0", "0"), ("0.001", "1E-3"), ("120", "1.2e+2")];
        for (left, right) in equal {
            assert_eq!(number(left), number(right));
        }
        let different =
            [("9007199254740993", "9007199254740992"), ("0.1", "0.10000000000000001"), ("1", "-1")];
        for (left, right) in different {
            assert_ne!(number(left), number(right));
        }
    }

    #[test]
    fn numbers_order_by_value() {
        let ascending = ["-1e30", "-2", "-1.5", "0", "1e-9", "0.5", "2", "10", "1e30"];
        for pair in ascending.windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{} comes before {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn only_the_json_grammar_is_accepted() {
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "0x1", "NaN", " 1", "1 "] {
            assert!(Number::from_literal(text).is_err(), "{text:?} is not a JSON number");
        }
    }

    #[test]
    fn integers_are_recognised_in_every_spelling() {
        assert_eq!(number("1e3").as_i64(), Some(1000));
        assert_eq!(number("12.0").as_i64(), Some(12));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("0.5").as_i64(), None);
        assert_eq!(number("1e999999999999999999999999999999999999999999").as_i64(), None);
    }
}
