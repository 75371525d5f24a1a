//! A question that could not be answered.
//!
//! Promises: says whose turn it is (the one who asked, the connection, whoever grants permission)
//! apart from the words.
//! Does not know: exit statuses; colours.

use std::error::Error;
use std::fmt;

use crate::evidence::save::SaveError;
use crate::kafka::{KafkaError, KafkaErrorKind, SettingsError};
use crate::partition_log::SourceError;
use crate::workspace::{ConfigError, Problem};

/// Whose turn it is after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The one who asked: an option, a name, a moment, a file.
    Usage,
    /// The connection: no broker answers, or it broke for good.
    Connection,
    /// Whoever grants permission.
    NotPermitted,
    /// The machine: memory or another budget is spent.
    Budget,
    /// Nobody: it was cancelled.
    Cancelled,
}

/// A question that could not be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose turn it is.
    pub kind: FailureKind,
    /// What failed, why, and what to do.
    pub problem: Problem,
}

impl Failure {
    /// A question that cannot be answered as it was asked.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { kind: FailureKind::Usage, problem: Problem::new(what) }
    }

    /// The same, told by an error.
    pub fn usage_error(error: &dyn Error) -> Self {
        Self { kind: FailureKind::Usage, problem: Problem::from_error(error) }
    }

    /// A budget that is spent.
    pub fn budget(what: impl Into<String>) -> Self {
        Self { kind: FailureKind::Budget, problem: Problem::new(what) }
    }

    /// The question was taken back.
    pub fn cancelled() -> Self {
        Self { kind: FailureKind::Cancelled, problem: Problem::new("cancelled") }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.problem = self.problem.with_hint(hint);
        self
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        let kind = match (error.kind(), &error) {
            (_, KafkaError::NotPermitted { .. }) => FailureKind::NotPermitted,
            (KafkaErrorKind::NoAccess | KafkaErrorKind::Failure, _) => FailureKind::Connection,
            (KafkaErrorKind::Unknown | KafkaErrorKind::Setting, _) => FailureKind::Usage,
            (KafkaErrorKind::Cancelled, _) => FailureKind::Cancelled,
        };
        Self { kind, problem: Problem::from(&error) }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Kafka(error) => error.into(),
            other => {
                let mut failure = Self::usage_error(&other);
                failure.problem.hint = other.hint().map(str::to_owned);
                failure
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        failure.problem
    }
}

impl From<&KafkaError> for Problem {
    fn from(error: &KafkaError) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::from_error(error) }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let mut failure = Self::usage_error(&error);
        failure.problem.hint = error.hint();
        failure
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let mut failure = Self::usage_error(&error);
        failure.problem.hint = error.hint();
        failure
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        if matches!(error, SaveError::Cancelled) {
            return Self::cancelled();
        }
        let mut failure = Self::usage_error(&error);
        failure.problem.hint = error.hint().map(str::to_owned);
        failure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_named_wrongly_is_told_apart_from_what_a_cluster_refuses() {
        let unknown = KafkaError::UnknownTopic { topic: "orders".to_owned() };
        let denied = KafkaError::NotPermitted { asked: "read orders".to_owned() };
        assert_eq!(Failure::from(unknown).kind, FailureKind::Usage);
        let denied = Failure::from(denied);
        assert_eq!(denied.kind, FailureKind::NotPermitted);
        assert!(denied.problem.hint.is_some(), "it says what to ask for");
    }
}
