//! What many wrong rows have in common.
//!
//! Promises: a pattern holds for every wrong row and for no right one; where there is none, that is
//! said.
//! Does not know: how a single row was judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::class::{Class, EventRef};
use crate::model::{Event, TopicPartition};

/// What the population step knows of a row.
#[derive(Clone, Debug)]
pub struct Diagnosed {
    /// Its class.
    class: Class,
    /// The event to blame.
    event: Option<EventRef>,
    /// The types of its events.
    types: BTreeSet<Arc<str>>,
    /// The schemas of its events.
    schemas: BTreeSet<Arc<str>>,
    /// The last event in each partition.
    last: BTreeMap<TopicPartition, i64>,
    /// The log time of its last event, in milliseconds.
    last_ms: i64,
}

impl Diagnosed {
    /// A row whose entity has these events.
    pub fn new(class: Class, event: Option<EventRef>, events: &[Event]) -> Self {
        let mut last = BTreeMap::new();
        for event in events {
            last.insert(event.position.topic_partition(), event.position.offset);
        }
        Self {
            class,
            event,
            types: events.iter().map(|event| Arc::clone(&event.event_type)).collect(),
            schemas: events.iter().filter_map(|event| event.schema.clone()).collect(),
            last,
            last_ms: events.last().map_or(i64::MIN, |event| event.log_time_ms),
        }
    }
}

/// What all wrong rows have in common and no right one has, in a sentence; none where nothing is
/// wrong.
pub fn pattern(rows: &[Diagnosed]) -> Option<String> {
    let (fresh, wrong): (Vec<&Diagnosed>, Vec<&Diagnosed>) =
        rows.iter().partition(|row| row.class == Class::Fresh);
    let count = wrong.len();
    if count == 0 {
        return None;
    }
    let rows = if count == 1 {
        "the wrong row is".to_owned()
    } else {
        format!("all {count} wrong rows are")
    };
    let found = [
        of_partition(&wrong, &fresh, &rows),
        of_set(&wrong, &fresh, count, "events of type", |row| &row.types),
        of_set(&wrong, &fresh, count, "events with schema", |row| &row.schemas),
        of_time(&wrong, &fresh, &rows),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    Some(if found.is_empty() {
        format!(
            "{count} wrong and {} right rows have no partition, offset, event type, schema or time that tells them apart",
            fresh.len()
        )
    } else {
        found.join("; ")
    })
}

/// Where all wrong rows have their blamed event in one partition: from which offset on.
fn of_partition(wrong: &[&Diagnosed], fresh: &[&Diagnosed], rows: &str) -> Option<String> {
    let blamed: Vec<&EventRef> = wrong.iter().filter_map(|row| row.event.as_ref()).collect();
    let partitions: BTreeSet<TopicPartition> =
        blamed.iter().map(|event| event.position.topic_partition()).collect();
    let partition =
        partitions.first().filter(|_| partitions.len() == 1 && blamed.len() == wrong.len())?;
    let first = blamed.iter().map(|event| event.position.offset).min()?;
    let number = partition.partition;
    let of_topic = format!("on partition {number} of {}", partition.topic);
    let beside: Vec<i64> =
        fresh.iter().filter_map(|row| row.last.get(partition)).copied().collect();
    if beside.is_empty() {
        // One right row elsewhere shows that it is the partition.
        return (!fresh.is_empty())
            .then(|| format!("{rows} {of_topic}, from offset {first} on, and no right one is"));
    }
    let before = beside.iter().all(|last| *last < first);
    before.then(|| format!("{rows} {of_topic} after {}", first - 1))
}

/// What all wrong rows have in a set and no right one has.
fn of_set(
    wrong: &[&Diagnosed],
    fresh: &[&Diagnosed],
    count: usize,
    what: &str,
    set: impl Fn(&Diagnosed) -> &BTreeSet<Arc<str>>,
) -> Option<String> {
    if fresh.is_empty() {
        return None;
    }
    let mut shared = set(wrong.first()?).clone();
    for row in wrong {
        shared.retain(|one| set(row).contains(one));
    }
    for row in fresh {
        shared.retain(|one| !set(row).contains(one));
    }
    let name = shared.iter().find(|name| !name.is_empty())?;
    let rows = if count == 1 {
        "the wrong row has".to_owned()
    } else {
        format!("all {count} wrong rows have")
    };
    Some(format!("{rows} {what} {name}, and no right one has"))
}

/// The time since when rows are wrong.
fn of_time(wrong: &[&Diagnosed], fresh: &[&Diagnosed], rows: &str) -> Option<String> {
    let first = wrong.iter().map(|row| row.last_ms).min().filter(|first| *first > 0)?;
    let last_fresh = fresh.iter().map(|row| row.last_ms).max()?;
    let since = jiff::Timestamp::from_millisecond(first).ok()?;
    (last_fresh < first)
        .then(|| format!("{rows} those whose last event came at {since:.3} or later"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_model::diagnose::testing::{event, placed};

    /// A row of this class with events of these types and one place, blamed or not.
    fn row(class: Class, types: &[&str], partition: i32, offset: i64) -> Diagnosed {
        let number = u64::try_from(types.len()).unwrap();
        let events: Vec<Event> = (1..=number)
            .zip(types)
            .map(|(version, name)| placed(event(version, name, "{}"), partition, offset))
            .collect();
        let blamed = events.last().filter(|_| class != Class::Fresh).map(EventRef::new);
        Diagnosed::new(class, blamed, &events)
    }

    #[test]
    fn wrong_rows_of_one_partition_behind_an_offset_are_told_so() {
        let mut rows =
            vec![row(Class::Fresh, &["A"], 3, 81_204), row(Class::Fresh, &["A"], 1, 99_000)];
        rows.extend((0..214).map(|at| row(Class::NotApplied, &["A"], 3, 81_205 + at)));
        let found = pattern(&rows).unwrap();
        assert!(
            found.starts_with("all 214 wrong rows are on partition 3 of t after 81204"),
            "{found}"
        );
    }

    #[test]
    fn wrong_rows_that_share_a_type_of_event_are_told_so() {
        let rows = [
            row(Class::Fresh, &["A", "B"], 0, 50),
            row(Class::MissedEvent, &["A", "PriceCorrected"], 0, 10),
            row(Class::MissedEvent, &["PriceCorrected"], 1, 10),
        ];
        let found = pattern(&rows).unwrap();
        assert_eq!(
            found,
            "all 2 wrong rows have events of type PriceCorrected, and no right one has"
        );
    }

    #[test]
    fn where_nothing_tells_them_apart_that_is_said() {
        let rows = [row(Class::Fresh, &["A"], 0, 50), row(Class::Ahead, &["A"], 0, 10)];
        assert!(pattern(&rows).unwrap().contains("no partition"), "{:?}", pattern(&rows));
        assert_eq!(pattern(&rows[..1]), None);
    }
}
