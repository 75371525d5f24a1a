//! What a script did wrong, in words, and where in it.
//!
//! Promises: the place is one in the user's own file, never in the engine's.
//! Does not know: which event it happened at.

use std::fmt;
use std::sync::Arc;

/// What a script did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The script's name.
    pub script: Arc<str>,
    /// What is wrong.
    pub message: String,
    /// Line and column in the script, from 1, where they are known.
    pub place: Option<(u32, u32)>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => {
                write!(f, "{}:{line}:{column}: {}", self.script, self.message)
            }
            None => write!(f, "{}: {}", self.script, self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// The innermost place of a stack that is in this script.
pub(super) fn place_in(script: &str, stack: &str) -> Option<(u32, u32)> {
    stack.lines().find_map(|frame| {
        let (_, place) = frame.rsplit_once(script)?;
        let mut numbers = place.strip_prefix(':')?.trim_end_matches(')').split(':');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_innermost_in_the_users_file() {
        let stack = "    at parse (native)\n    at settle (engine:20:3)\n    at Paid (my (1).js:12:7)\n    at my (1).js:3:1\n";
        assert_eq!(place_in("my (1).js", stack), Some((12, 7)));
        assert_eq!(place_in("other.js", stack), None);
        assert_eq!(place_in("a.js", "    at a.js:3"), None);
    }
}
