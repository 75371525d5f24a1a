//! What went wrong, in the words a user sees.
//!
//! Promises: says what failed and where; the cause and what to do about it are apart.
//! Does not know: whether it is shown in a window or on a terminal.

use std::error::Error;
use std::fmt;

/// Something that failed, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What failed and where: lower case, no full stop.
    pub what: String,
    /// Why, when that is not said yet.
    pub cause: Option<String>,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of which only this much is known.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), cause: None, hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A problem told by an error: its text is what failed, the chain of its sources the cause.
    pub fn from_error(error: &dyn Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let cause = (!causes.is_empty()).then(|| causes.join(": "));
        Self { what: error.to_string(), cause, hint: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(cause) = &self.cause {
            write!(f, "\ncause: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}
