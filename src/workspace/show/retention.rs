//! What becomes of the records of a topic in time, in words.
//!
//! Promises: `cleanup.policy` and its limits as people say them: `kept 7 d`, `compacted`; a setting
//! that is not known is not guessed.
//! Does not know: where settings come from.

/// Milliseconds of a day, an hour, a minute and a second, with their signs.
const UNITS_MS: [(i64, &str); 4] =
    [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];

/// What becomes of records: `compacted`, `kept 7 d`, `kept for good`, or both. -1 is no limit, as
/// in Kafka; none is a limit that is not known.
pub fn retention_words(policy: &str, retention_ms: Option<i64>) -> String {
    let has = |wanted: &str| policy.split(',').any(|one| one.trim() == wanted);
    let kept = has("delete").then(|| match retention_ms {
        None => "kept for a while".to_owned(),
        Some(..0) => "kept for good".to_owned(),
        Some(limited) => format!("kept {}", span(limited)),
    });
    let compacted = has("compact").then(|| "compacted".to_owned());
    let words: Vec<String> = compacted.into_iter().chain(kept).collect();
    if words.is_empty() { policy.to_owned() } else { words.join(", ") }
}

/// A span of time in the largest unit that it is a whole number of.
fn span(milliseconds: i64) -> String {
    let whole = UNITS_MS
        .iter()
        .find(|(unit, _)| 0 < milliseconds && milliseconds % unit == 0)
        .map(|(unit, sign)| format!("{} {sign}", milliseconds / unit));
    whole.unwrap_or_else(|| format!("{milliseconds} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_told_as_people_say_it() {
        let week_ms = 7 * 86_400_000;
        let told = [
            ("delete", Some(week_ms), "kept 7 d"),
            ("delete", Some(-1), "kept for good"),
            ("delete", Some(5_400_000), "kept 90 m"),
            ("delete", Some(0), "kept 0 ms"),
            ("delete", None, "kept for a while"),
            ("compact", Some(week_ms), "compacted"),
            ("compact,delete", Some(week_ms), "compacted, kept 7 d"),
            ("delete, compact", Some(-1), "compacted, kept for good"),
            ("future", None, "future"),
        ];
        for (policy, retention_ms, words) in told {
            assert_eq!(retention_words(policy, retention_ms), words, "{policy} {retention_ms:?}");
        }
    }
}
