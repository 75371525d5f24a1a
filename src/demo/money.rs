//! An amount of money, exact to the cent.
//!
//! Promises: arithmetic never rounds and never wraps; the JSON form is a decimal text such as
//! `"129.90"`, which no reader can turn into a binary fraction by accident.
//! Does not know: currencies.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest amount, in cents, below which a shop's whole history can be added up in 64 bits
/// without overflow.
const LARGEST_CENTS: i64 = 100_000_000_000_000;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an amount such as 12.50 but got `{text}`")]
pub struct MoneyError {
    /// The text that was refused.
    text: String,
}

/// An amount in cents. Invariant: within ±`LARGEST_CENTS` when read from a text, so that sums of
/// thousands fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// This many cents.
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// The amount in cents.
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Whether it is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum; `None` when it is too large to be told exactly.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).filter(|cents| cents.abs() <= LARGEST_CENTS).map(Self)
    }

    /// What is left after taking `other` away; `None` when that is less than nothing.
    pub fn checked_take(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|cents| *cents >= 0).map(Self)
    }

    /// This many times the amount; `None` when it is too large to be told exactly.
    pub fn checked_times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(count)).filter(|cents| cents.abs() <= LARGEST_CENTS).map(Self)
    }
}

impl Sum for Money {
    /// The sum, held at the largest amount there is: callers that must not lose a cent use
    /// `checked_add`.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Takes `12`, `12.5` and `12.50`, with an optional sign; never more than two decimals.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_cents(text.trim()).map(Self).ok_or_else(|| MoneyError { text: text.to_owned() })
    }
}

/// The cents of a decimal text, if it is one.
fn parse_cents(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let tens = if decimals.len() == 1 { 10 } else { 1 };
    let cents = whole.parse::<i64>().ok()?.checked_mul(100)?;
    let cents = cents.checked_add(decimals.parse::<i64>().ok()? * tens)?;
    (cents <= LARGEST_CENTS).then_some(sign * cents)
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, cents) in [("12", 1200), ("12.5", 1250), (" 0.05 ", 5), ("-3.10", -310)] {
            assert_eq!(text.parse::<Money>().unwrap().cents(), cents);
        }
    }

    #[test]
    fn a_text_that_is_no_exact_amount_is_refused_by_name() {
        for text in ["", ".", "1.", ".5", "1.005", "1e3", "+1", "1,50", "99999999999999999999"] {
            let error = text.parse::<Money>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected an amount such as 12.50 but got `{text}`")
            );
        }
    }

    #[test]
    fn taking_more_than_there_is_gives_nothing() {
        let (ten, eleven) = (Money::from_cents(10), Money::from_cents(11));
        assert_eq!(ten.checked_take(eleven), None);
        assert_eq!(eleven.checked_take(ten), Some(Money::from_cents(1)));
    }

    proptest! {
        #[test]
        fn text_and_json_give_the_same_amount_back(cents in -LARGEST_CENTS..=LARGEST_CENTS) {
            let amount = Money::from_cents(cents);
            prop_assert_eq!(amount.to_string().parse::<Money>().unwrap(), amount);
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), amount);
        }
    }
}
