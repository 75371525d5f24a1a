//! Work that a mistake of this program breaks off.
//!
//! Promises: a panic becomes a problem like any other, for whoever waits for the answer; the thread
//! it happened on goes on.
//! Does not know: what the work is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::workspace::Problem;

/// Does this. What it changed before it panicked stays as it was left then.
pub(super) fn unbroken<T>(work: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| mistake(panic.as_ref()))
}

/// The problem of a panic.
fn mistake(panic: &(dyn Any + Send)) -> Problem {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(text, "a mistake in foldback");
    let problem = Problem::new("a mistake in foldback itself broke this off");
    let hint = "everything else goes on; please report it with what you did before";
    Problem { cause: text.map(str::to_owned), ..problem.with_hint(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_problem_with_its_words_and_anything_else_is_handed_on() {
        assert_eq!(unbroken(|| 7), Ok(7));
        let number = 3;
        for problem in [
            unbroken(|| assert!(number == 4, "{number} is not 4")).unwrap_err(),
            unbroken(|| assert!(number == 4, "3 is not 4")).unwrap_err(),
        ] {
            assert_eq!(problem.cause.as_deref(), Some("3 is not 4"));
            assert!(problem.hint.is_some_and(|hint| hint.contains("report")));
        }
    }
}
