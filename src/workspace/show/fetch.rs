//! An answer that may not be there yet.
//!
//! Promises: what was known before stays visible until the new answer or its failure is there.
//! Does not know: who fetches.

use crate::workspace::Problem;

/// An answer on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fetch<T> {
    /// Nobody asked yet.
    #[default]
    NotAsked,
    /// Asked; what was known before, if anything.
    Pending(Option<T>),
    /// Here.
    Ready(T),
    /// It failed; what was known before, if anything.
    Failed(Problem, Option<T>),
}

impl<T> Fetch<T> {
    /// The newest answer there is, though it may be about to be replaced.
    pub fn latest(&self) -> Option<&T> {
        match self {
            Self::Ready(answer) => Some(answer),
            Self::Pending(previous) | Self::Failed(_, previous) => previous.as_ref(),
            Self::NotAsked => None,
        }
    }

    /// Whether an answer is on its way.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    /// Why the last attempt failed.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Failed(problem, _) => Some(problem),
            _ => None,
        }
    }

    /// The same, asked anew: the newest answer stays visible meanwhile.
    #[must_use]
    pub fn asked_again(self) -> Self {
        match self {
            Self::Ready(answer) => Self::Pending(Some(answer)),
            Self::Pending(previous) | Self::Failed(_, previous) => Self::Pending(previous),
            Self::NotAsked => Self::Pending(None),
        }
    }

    /// The same, failed: the newest answer stays visible.
    #[must_use]
    pub fn failed(self, problem: Problem) -> Self {
        match self {
            Self::Ready(answer) => Self::Failed(problem, Some(answer)),
            Self::Pending(previous) | Self::Failed(_, previous) => Self::Failed(problem, previous),
            Self::NotAsked => Self::Failed(problem, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_answer_stays_until_the_new_one_is_there() {
        let again = Fetch::Ready(1).asked_again();
        assert!(again.is_pending());
        assert_eq!(again.latest(), Some(&1));
        let failed = again.failed(Problem::new("cannot list topics"));
        assert_eq!(failed.latest(), Some(&1));
        assert_eq!(failed.problem().unwrap().what, "cannot list topics");
    }
}
