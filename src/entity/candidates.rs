//! What the records of a sample hold: every place with a scalar in it, and how often.
//!
//! Promises: remembers a bounded number of texts for each place.
//! Does not know: what the places mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Selector;
use super::selector::Found;
use super::time::time_ms;
use crate::model::{JsonPointer, RecordRef, Value};

/// How many different texts of a place are remembered.
const REMEMBERED_TEXTS: usize = 64;

/// The operations of Debezium's change events.
const OPERATIONS: [&str; 6] = ["c", "u", "d", "r", "t", "m"];

/// Longer texts are prose, not the name of a type or an id.
const NAME_BYTES: usize = 200;

/// What a place held over the sample.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// In how many records it held a scalar.
    pub(super) found: usize,
    /// In how many it held an integer.
    pub(super) integers: usize,
    /// In how many it held a time.
    pub(super) times: usize,
    /// In how many it held a text that may be a name.
    pub(super) names: usize,
    /// In how many it held the letter of an operation of Debezium.
    pub(super) operations: usize,
    /// The different texts, up to a bound.
    pub(super) texts: BTreeSet<Arc<str>>,
    /// How many steps there were from the integer of a key to its next one in the same part of the
    /// log.
    pub(super) steps: usize,
    /// How many of them were by one.
    pub(super) steps_by_one: usize,
    /// By key: its latest integer in this part of the log.
    latest: BTreeMap<Arc<[u8]>, i64>,
}

/// What the places of a sample held.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// How many records are no tombstones.
    pub(super) records: usize,
    /// Each place with what it held.
    places: BTreeMap<Selector, Tally>,
}

impl Candidates {
    /// Looks at a record that is no tombstone, whose value is this if it is JSON: at its headers,
    /// at the members of its value, and at these places besides.
    pub(super) fn add(
        &mut self,
        record: RecordRef<'_>,
        json: Option<&Value>,
        besides: &BTreeSet<Selector>,
    ) {
        self.records += 1;
        let mut places = besides.clone();
        places.extend(record.headers().map(|header| Selector::Header(header.name.into())));
        for (name, value) in json.and_then(Value::as_object).into_iter().flatten() {
            let path = JsonPointer::root().member(name);
            let holds_metadata = matches!(&**name, "metadata" | "metaData" | "meta" | "headers");
            let inner = value.as_object().filter(|_| holds_metadata).into_iter().flatten();
            places.extend(inner.map(|(name, _)| Selector::ValueAt(path.member(name))));
            places.insert(Selector::ValueAt(path));
        }
        for place in places {
            self.look_at(place, record, json);
        }
    }

    /// What comes next is another part of the log: between the parts are events that nobody looked
    /// at.
    pub(super) fn end_part(&mut self) {
        self.places.values_mut().for_each(|tally| tally.latest.clear());
    }

    /// Counts what this place holds in this record.
    fn look_at(&mut self, place: Selector, record: RecordRef<'_>, json: Option<&Value>) {
        // Without JSON the value was parsed already and is none.
        let Some(found) = place.find(record, Some(json.unwrap_or(&Value::Null))) else { return };
        let Some(text) = found.text() else { return };
        let tally = self.places.entry(place).or_default();
        tally.found += 1;
        let is_number = matches!(found, Found::Json(Value::Number(_) | Value::Bool(_)));
        tally.names += usize::from(!is_number && !text.is_empty() && text.len() <= NAME_BYTES);
        tally.operations += usize::from(OPERATIONS.contains(&&*text));
        tally.times += usize::from(time_ms(&found).is_some());
        if let Some(integer) = found.integer() {
            tally.integers += 1;
            if let Some(key) = record.key()
                && let Some(before) = tally.latest.insert(key.into(), integer)
            {
                tally.steps += 1;
                tally.steps_by_one += usize::from(before.checked_add(1) == Some(integer));
            }
        }
        if tally.texts.len() < REMEMBERED_TEXTS {
            tally.texts.insert(text);
        }
    }

    /// What this place held.
    pub(super) fn tally(&self, place: &str) -> Option<&Tally> {
        self.places.get(&Selector::parse(place).ok()?)
    }

    /// In how many records this place held a scalar.
    pub(super) fn found(&self, place: &str) -> usize {
        self.tally(place).map_or(0, |tally| tally.found)
    }

    /// Whether a header's name begins like this in at least half of the records.
    pub(super) fn has_headers(&self, prefix: &str) -> bool {
        self.places.iter().any(|(place, tally)| {
            let matches = matches!(place, Selector::Header(name) if name.starts_with(prefix));
            matches && 2 * tally.found >= self.records
        })
    }

    /// The best place for a field: one with a usual name (earlier names are better) that most
    /// records have, and at least half of them, and that `accept` takes. Where all else is equal,
    /// headers come first if `headers_first`.
    pub(super) fn best(
        &self,
        names: &[&str],
        headers_first: bool,
        accept: impl Fn(&Tally) -> bool,
    ) -> Option<(&Selector, &Tally)> {
        let ranked = self.places.iter().filter_map(|(place, tally)| {
            let name = plain_name(place)?;
            let rank = names.iter().position(|usual| *usual == name)?;
            let is_header = matches!(place, Selector::Header(_));
            let fits = 2 * tally.found >= self.records && accept(tally);
            fits.then_some((
                std::cmp::Reverse(tally.found),
                rank,
                is_header != headers_first,
                place,
                tally,
            ))
        });
        let best = ranked.min_by(|a, b| (a.0, a.1, a.2, a.3).cmp(&(b.0, b.1, b.2, b.3)))?;
        Some((best.3, best.4))
    }
}

/// The name at the end of a place in lower case, without the marks that conventions differ in:
/// `X-Correlation-ID`, `correlation_id` and `correlationId` are one name.
fn plain_name(place: &Selector) -> Option<String> {
    let name = match place {
        Selector::Header(name) => name.to_string(),
        Selector::ValueAt(path) => path.last_token()?,
        _ => return None,
    };
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(
        plain
            .strip_prefix('x')
            .filter(|rest| rest.ends_with("id"))
            .map_or(plain.clone(), str::to_owned),
    )
}
