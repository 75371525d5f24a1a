//! What the stores of SQL have in common: waiting with an end, and one row for each entity.
//!
//! Promises: no more than two rows of an entity are ever fetched.
//! Does not know: dialects.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::error::StoreError;
use crate::model::EntityId;
use crate::read_model::row::Row;

/// What runs the requests of one store.
pub(super) fn runtime(store: &str) -> Result<Runtime, StoreError> {
    Builder::new_current_thread().enable_all().build().map_err(|error| StoreError::Unreachable {
        store: store.to_owned(),
        reason: error.to_string(),
    })
}

/// Waits for a request, not for ever.
pub(super) async fn within<T>(
    store: &str,
    limit: Duration,
    request: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let slow = || StoreError::Slow { store: store.to_owned(), seconds: limit.as_secs() };
    tokio::time::timeout(limit, request).await.unwrap_or_else(|_elapsed| Err(slow()))
}

/// A query that gives two rows at most: enough to see that one is not all.
pub(super) fn limited(query: &str) -> String {
    let query = query.trim().trim_end_matches(';').trim_end();
    format!("select * from (\n{query}\n) as foldback_row limit 2")
}

/// A query with `?` for every `$1` outside of texts, names and comments, and how many there are.
pub(super) fn with_question_marks(query: &str) -> (String, usize) {
    let (mut text, mut count) = (String::with_capacity(query.len()), 0);
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' | '`' => quoted(rest, first),
            '-' if rest.starts_with("-- ") => line(rest),
            '#' => line(rest),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '$' if is_first_parameter(rest) => {
                text.push('?');
                count += 1;
                rest = rest.strip_prefix("$1").unwrap_or_default();
                continue;
            }
            other => other.len_utf8(),
        };
        let (taken, left) = rest.split_at(length);
        text.push_str(taken);
        rest = left;
    }
    (text, count)
}

/// Whether `$1` stands here, and not `$10`.
fn is_first_parameter(text: &str) -> bool {
    let behind = text.strip_prefix("$1");
    behind.is_some_and(|behind| !behind.starts_with(|next: char| next.is_ascii_digit()))
}

/// How long a text in these quotes is that begins here.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        if next == quote && !escaped {
            return at + 1;
        }
        escaped = next == '\\' && !escaped;
    }
    text.len()
}

/// How long the rest of the line is.
fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The row of an entity, read from what was found of it.
///
/// # Errors
/// When more than one was found.
pub(super) fn only_row<R>(
    store: &str,
    entity: &EntityId,
    found: &[R],
    read: impl FnOnce(&str, &EntityId, &R) -> Result<Row, StoreError>,
) -> Result<Option<Row>, StoreError> {
    match found {
        [] => Ok(None),
        [row] => read(store, entity, row).map(Some),
        _ => {
            let (store, entity) = (store.to_owned(), entity.to_string());
            Err(StoreError::SeveralRows { store, entity })
        }
    }
}

/// The error of a column whose name another one has.
pub(super) fn same_name(store: &str, column: &str) -> StoreError {
    StoreError::SameName { store: store.to_owned(), column: column.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_limited_whatever_it_ends_with() {
        let expected = "select * from (\nselect 1 -- one\n) as foldback_row limit 2";
        assert_eq!(limited(" select 1 -- one\n"), expected);
        assert_eq!(limited("select 1;"), "select * from (\nselect 1\n) as foldback_row limit 2");
    }

    #[test]
    fn only_parameters_become_question_marks() {
        let query = "select '$1', `$1` -- $1\nfrom t /* $1 */ where a = $1 or b = $1 and c = $10";
        let expected = "select '$1', `$1` -- $1\nfrom t /* $1 */ where a = ? or b = ? and c = $10";
        assert_eq!(with_question_marks(query), (expected.to_owned(), 2));
        assert_eq!(with_question_marks("select 'it''s \\' $1', $1").1, 1);
    }

    #[test]
    fn a_request_that_never_ends_is_given_up() {
        let limit = Duration::from_millis(5);
        let request = std::future::pending::<Result<(), StoreError>>();
        let waited = runtime("s").unwrap().block_on(within("s", limit, request));
        assert_eq!(waited, Err(StoreError::Slow { store: "s".to_owned(), seconds: 0 }));
    }
}
