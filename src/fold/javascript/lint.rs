//! What looks wrong about a projection after it ran, though nothing failed.
//!
//! Promises: pure; a hint names what it is about and how often it was seen.
//! Does not know: where the events came from beyond their counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{AnyPlace, Definition, HiddenState, RunCounts};

/// The handlers that are no types of events.
const SPECIAL: [&str; 5] = ["$init", "$initShared", "$any", "$created", "$deleted"];

/// How many types a hint lists.
const LISTED: usize = 8;

/// What a hint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintKind {
    /// The source names nothing that was read.
    NoSource,
    /// No handler took any event.
    NothingMatched,
    /// A handler's type looks like one that was seen and has no handler.
    MisspeltType,
    /// No event had a handler's type.
    UnusedHandler,
    /// Events that no handler takes.
    UnmatchedType,
    /// A server would treat `$any` beside named handlers in another way.
    AnyTrap,
    /// An option that means nothing here.
    Option,
    /// A variable beside the state that handlers change.
    HiddenState,
    /// Numbers that JavaScript holds only rounded.
    InexactNumber,
    /// Numbers in states that were none.
    NotANumber,
}

/// A hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// What it is about.
    pub kind: LintKind,
    /// What looks wrong, in words.
    pub message: String,
}

/// What looks wrong about a run that counted this over events of these categories.
pub fn lints(definition: &Definition, counts: &RunCounts, categories: &[Arc<str>]) -> Vec<Lint> {
    let mut lints = Vec::new();
    let mut say = |kind, message: String| lints.push(Lint { kind, message });
    about_source(definition, counts, categories, &mut say);
    about_handlers(definition, counts, &mut say);
    about_unmatched(definition, counts, &mut say);
    about_server(definition, &mut say);
    for HiddenState { name, line } in &definition.hidden_state {
        let words =
            "a run that begins later or on another thread sees another value; keep it in the state";
        let message =
            format!("`{name}` is kept beside the state and changed in line {line}: {words}");
        say(LintKind::HiddenState, message);
    }
    if !counts.inexact.is_empty() {
        let fields = listed(&counts.inexact);
        let words = "numbers that JavaScript holds only rounded";
        say(LintKind::InexactNumber, format!("{words}: {fields}"));
    }
    if !counts.not_a_number.is_empty() {
        let fields = listed(&counts.not_a_number);
        say(LintKind::NotANumber, format!("NaN or Infinity became null in states: {fields}"));
    }
    lints
}

/// Takes a hint.
type Say<'s> = &'s mut dyn FnMut(LintKind, String);

/// Hints about where events come from.
fn about_source(
    definition: &Definition,
    counts: &RunCounts,
    categories: &[Arc<str>],
    say: Say<'_>,
) {
    let known = categories.join(", ");
    for category in definition.categories.iter().filter(|name| !categories.contains(name)) {
        let guess =
            nearest(category, categories.iter()).map(|near| format!("; did you mean `{near}`?"));
        let guess = guess.unwrap_or_default();
        say(
            LintKind::NoSource,
            format!("nothing read is of the category `{category}` (there is: {known}){guess}"),
        );
    }
    if counts.events == 0 && definition.categories.is_empty() {
        say(LintKind::NoSource, "no event is of the projection's source".to_owned());
    } else if counts.events > 0 && counts.matched.is_empty() {
        let seen = listed(&counts.unmatched);
        say(
            LintKind::NothingMatched,
            format!("0 of {} events matched; types seen: {seen}", counts.events),
        );
    }
}

/// Hints about handlers that took nothing.
fn about_handlers(definition: &Definition, counts: &RunCounts, say: Say<'_>) {
    for handler in &definition.handlers {
        if counts.matched.contains_key(handler) {
            continue;
        }
        if let Some(special) =
            handler.strip_prefix('$').and_then(|_| nearest(handler, SPECIAL.iter()))
        {
            say(
                LintKind::MisspeltType,
                format!("`{handler}` is no special handler; did you mean `{special}`?"),
            );
            continue;
        }
        let others = counts.unmatched.keys().chain(counts.matched.keys());
        let others = others.filter(|seen| !definition.handlers.contains(seen));
        match nearest(handler, others) {
            Some(near) => {
                let count = counts.unmatched.get(near).or_else(|| counts.matched.get(near));
                let count = count.copied().unwrap_or_default();
                let events = events(count);
                say(
                    LintKind::MisspeltType,
                    format!("no event has the type `{handler}`; did you mean `{near}` ({events})?"),
                );
            }
            None if counts.events > 0 => {
                say(LintKind::UnusedHandler, format!("no event has the type `{handler}`"));
            }
            None => {}
        }
    }
}

/// Hints about events that nothing took.
fn about_unmatched(definition: &Definition, counts: &RunCounts, say: Say<'_>) {
    for (event_type, count) in counts.unmatched.iter().filter(|_| !counts.matched.is_empty()) {
        let events = events(*count);
        let message = match &**event_type {
            "tombstone" if definition.any.is_some() => {
                format!("deletes are told to nobody without a handler $deleted ({events})")
            }
            "" => format!("no handler takes events without a type ({events})"),
            event_type => format!("no handler takes `{event_type}` ({events})"),
        };
        say(LintKind::UnmatchedType, message);
    }
}

/// Hints about what a server would do in another way.
fn about_server(definition: &Definition, say: Say<'_>) {
    let named = !definition.handlers.is_empty();
    match definition.any.filter(|_| named) {
        Some(AnyPlace::First) => say(
            LintKind::AnyTrap,
            "`$any` stands before named handlers: KurrentDB drops the types without a handler of their own, here `$any` takes them"
                .to_owned(),
        ),
        Some(AnyPlace::Last) => say(
            LintKind::AnyTrap,
            "`$any` stands after named handlers: KurrentDB refuses to run that, here `$any` takes the types without a handler of their own"
                .to_owned(),
        ),
        None => {}
    }
    if definition.options.reorder_events == Some(true) {
        say(
            LintKind::Option,
            "reorderEvents means nothing here; the order of events is chosen for a run".to_owned(),
        );
    }
}

/// How many events, in words.
fn events(count: u64) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{count} events") }
}

/// Names with their counts, those with the highest first.
fn listed<K: AsRef<str>>(counts: &BTreeMap<K, u64>) -> String {
    let mut sorted: Vec<(&str, u64)> =
        counts.iter().map(|(name, count)| (name.as_ref(), *count)).collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = sorted.len().saturating_sub(LISTED);
    let shown = sorted.iter().take(LISTED).map(|(name, count)| format!("{name} ({count})"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The name that is most likely meant by one that is none of these, if any is near.
pub(crate) fn nearest<'n, N: AsRef<str>>(
    name: &str,
    names: impl Iterator<Item = &'n N>,
) -> Option<&'n N> {
    let near = names.filter_map(|other| {
        let distance = distance(&name.to_lowercase(), &other.as_ref().to_lowercase());
        let may_differ = (other.as_ref().chars().count() / 4).clamp(1, 3);
        (distance <= may_differ).then_some((distance, other))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// How many characters must be added, removed, changed or exchanged with their neighbour to make
/// one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (above, character) in one.iter().enumerate() {
        let mut row = vec![above + 1];
        for (before, wanted) in other.iter().enumerate() {
            let changed = rows[above][before] + usize::from(character != wanted);
            let mut least = changed.min(rows[above][before + 1] + 1).min(row[before] + 1);
            if above > 0
                && before > 0
                && one[above - 1] == *wanted
                && *character == other[before - 1]
            {
                least = least.min(rows[above - 1][before - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::javascript::Program;
    use crate::fold::javascript::tests::{Events, run};

    /// The hints about a script that ran over these types of events.
    fn hints(script: &str, types: &[&str]) -> Vec<(LintKind, String)> {
        let program = Program::read("test.js", script).unwrap();
        let events = types.iter().fold(Events::new(), |events, event_type| match *event_type {
            "tombstone" => events.and_tombstone("1"),
            event_type => events.and("1", event_type, "{}"),
        });
        let outcome = run(script, events);
        let found = lints(program.definition(), &outcome.counts, &["order".into()]);
        found.into_iter().map(|lint| (lint.kind, lint.message)).collect()
    }

    /// The only hint about a script that ran over these types of events.
    fn hint(script: &str, types: &[&str]) -> (LintKind, String) {
        let mut found = hints(script, types);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_misspelt_type_is_told_with_the_one_that_is_meant() {
        for misspelt in ["OrderPlcaed", "orderPlaced", "OrderPlace", "OrdrPlaced"] {
            let found = hints(
                &format!("fromAll().when({{ {misspelt}: s => s, B: s => s }})"),
                &["OrderPlaced", "OrderPlaced", "B"],
            );
            let expected = format!(
                "no event has the type `{misspelt}`; did you mean `OrderPlaced` (2 events)?"
            );
            assert_eq!(found[0], (LintKind::MisspeltType, expected));
        }
        assert_eq!(
            hint("fromAll().when({ $inti: () => ({}), A: s => s })", &["A"]),
            (
                LintKind::MisspeltType,
                "`$inti` is no special handler; did you mean `$init`?".to_owned()
            )
        );
        assert_eq!(
            hint("fromAll().when({ Cancelled: s => s, A: s => s })", &["A"]),
            (LintKind::UnusedHandler, "no event has the type `Cancelled`".to_owned())
        );
    }

    #[test]
    fn types_that_no_handler_takes_are_told() {
        assert_eq!(
            hint("fromAll().when({ A: s => s })", &["A", "Shipped", "Shipped"]),
            (LintKind::UnmatchedType, "no handler takes `Shipped` (2 events)".to_owned())
        );
        assert_eq!(
            hint("fromAll().foreachStream().when({ $any: s => s })", &["A", "tombstone"]),
            (
                LintKind::UnmatchedType,
                "deletes are told to nobody without a handler $deleted (1 event)".to_owned()
            )
        );
        let found = hints("fromAll().when({ Cancelled: s => s })", &["Placed", "Paid", "Paid"]);
        assert_eq!(
            found[0],
            (
                LintKind::NothingMatched,
                "0 of 3 events matched; types seen: Paid (2), Placed (1)".to_owned()
            )
        );
    }

    #[test]
    fn a_source_that_names_nothing_read_is_told() {
        assert_eq!(
            hint("fromCategory('ordr').when({ $any: s => s })", &["A"]),
            (
                LintKind::NoSource,
                "nothing read is of the category `ordr` (there is: order); did you mean `order`?"
                    .to_owned()
            )
        );
        assert_eq!(
            hint("fromStream('order-7').when({ $any: s => s })", &["A"]),
            (LintKind::NoSource, "no event is of the projection's source".to_owned())
        );
    }

    #[test]
    fn any_beside_named_handlers_is_a_trap_wherever_it_stands() {
        let (kind, words) = hint("fromAll().when({ $any: s => s, A: s => s })", &["A"]);
        assert!(kind == LintKind::AnyTrap && words.contains("drops the types"), "{words}");
        let (kind, words) = hint("fromAll().when({ A: s => s, $any: s => s })", &["A"]);
        assert!(kind == LintKind::AnyTrap && words.contains("refuses"), "{words}");
        assert_eq!(hints("fromAll().when({ $init: () => ({}), $any: s => s })", &["A"]), []);
    }

    #[test]
    fn a_variable_beside_the_state_is_told_with_its_line() {
        let (kind, words) =
            hint("let n = 0;\nfromAll().when({ A(s) {\n  n++; s.n = n;\n} })", &["A"]);
        assert!(kind == LintKind::HiddenState && words.contains("`n`"), "{words}");
        assert!(words.contains("in line 3"), "{words}");
    }

    #[test]
    fn numbers_that_are_rounded_or_none_are_told_by_field() {
        let program = Program::read(
            "test.js",
            "fromAll().when({ A: (s, e) => ({ n: e.body.x + 1, big: e.body.id }) })",
        )
        .unwrap();
        let outcome =
            run(program.source(), Events::of_bodies("A", &[r#"{"id":9007199254740993}"#]));
        let found = lints(program.definition(), &outcome.counts, &["order".into()]);
        let words: Vec<&str> = found.iter().map(|lint| &*lint.message).collect();
        assert_eq!(
            words,
            [
                "numbers that JavaScript holds only rounded: /id (1)",
                "NaN or Infinity became null in states: /n (1)"
            ]
        );
    }
}
