//! The rows of a topic's table: which records match, in log order, and the texts of those in view.
//!
//! Promises: pure functions of a log snapshot; the window of rows is bounded and says where it
//! stands; only texts that were asked for are decoded.
//! Does not know: the table.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use memchr::memmem;

use crate::decode::{Decoder, text};
use crate::entity::Mapping;
use crate::fold::{Filter, FilterInput, FilterTally};
use crate::model::{Decoded, RecordRef};
use crate::partition_log::{Location, LogBounds, LogSnapshot};
use crate::workspace::{Problem, ROWS_PER_PAGE, RecordFilter, RowMeta, RowText, TimeCounts};

/// How many rows the table holds at most: beyond that, scrolling by pixels is no longer exact.
pub(crate) const ROWS_MAX: usize = 200_000;

/// How many buckets the histogram has.
const BUCKETS: usize = 400;

/// After so many records it is told what was found.
const LOOK_EVERY: u64 = 1024;

/// How much of a value a row shows, in characters.
const PREVIEW_CHARS_MAX: usize = 240;

/// What is needed to find rows and their texts.
#[derive(Clone, Debug)]
pub(crate) struct RowsQuestion {
    /// What was read.
    pub(crate) log: LogSnapshot,
    /// Which records are wanted.
    pub(crate) filter: RecordFilter,
    /// How records become events.
    pub(crate) mapping: Arc<Mapping>,
    /// How values are decoded.
    pub(crate) decoder: Decoder,
}

/// The rows found.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Where each row's record lies.
    pub(crate) locations: Arc<[Location]>,
    /// The rows' fixed-size facts.
    pub(crate) metas: Arc<[RowMeta]>,
    /// How many records match.
    pub(crate) matching: u64,
    /// The number of the first row among all that match.
    pub(crate) first_row: u64,
    /// When the records were written, the time filter not applied.
    pub(crate) histogram: TimeCounts,
    /// The span of log time of all records, in milliseconds.
    pub(crate) span_ms: Option<(i64, i64)>,
    /// What may be wrong with the filter, although these rows match it.
    pub(crate) doubts: Option<Problem>,
}

/// Rows being found.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Where the record of each row lies, and what is known of it.
    rows: VecDeque<(Location, RowMeta)>,
    /// How many records match, as far as they were looked at.
    pub(crate) matching: u64,
    /// How many records were looked at.
    pub(crate) looked_at: u64,
    /// Of how many.
    pub(crate) of: u64,
    /// When the records were written, the time filter not applied.
    histogram: TimeCounts,
    /// The span of log time of all records, in milliseconds.
    span_ms: Option<(i64, i64)>,
    /// What may be wrong with the filter, once all records were looked at.
    doubts: Option<Problem>,
}

impl Finding {
    /// The rows found so far.
    pub(crate) fn rows(&self) -> Rows {
        Rows {
            locations: self.rows.iter().map(|(location, _)| *location).collect(),
            metas: self.rows.iter().map(|(_, meta)| *meta).collect(),
            matching: self.matching,
            first_row: self.matching - self.rows.len() as u64,
            histogram: self.histogram.clone(),
            span_ms: self.span_ms,
            doubts: self.doubts.clone(),
        }
    }

    /// Whether it ended before all records were looked at.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.looked_at < self.of
    }
}

impl RowsQuestion {
    /// Finds the rows. With more matches than rows, the newest are kept. A record that the filter
    /// fails on does not match. `tell` hears from time to time what was found so far, and may end
    /// it.
    ///
    /// # Errors
    /// When the filter is none.
    pub(crate) fn find(
        &self,
        tell: &mut dyn FnMut(&Finding) -> ControlFlow<()>,
    ) -> Result<Finding, Problem> {
        let predicate = Predicate::new(&self.filter, &self.mapping, self.decoder)?;
        let bounds = self.bounds();
        let mut finding = self.nothing_found(&bounds);
        if self.takes_all() {
            let newest = self.log.in_log_order(&bounds).rev().take(ROWS_MAX);
            finding.rows.extend(newest.map(|(location, record)| (location, meta(record.get()))));
            finding.rows.make_contiguous().reverse();
            (finding.matching, finding.looked_at) = (finding.of, finding.of);
            return Ok(finding);
        }
        for (location, record) in self.log.in_log_order(&bounds) {
            let record = record.get();
            finding.looked_at += 1;
            if predicate.matches(record) {
                finding.matching += 1;
                if finding.rows.len() == ROWS_MAX {
                    finding.rows.pop_front();
                }
                finding.rows.push_back((location, meta(record)));
            }
            if finding.looked_at.is_multiple_of(LOOK_EVERY) && tell(&finding).is_break() {
                return Ok(finding);
            }
        }
        finding.looked_at = finding.of;
        finding.doubts = predicate.doubts(finding.matching);
        Ok(finding)
    }

    /// What is known before any record was looked at.
    fn nothing_found(&self, bounds: &LogBounds) -> Finding {
        let all = LogBounds::default();
        let span_ms = self.log.time_span(&all);
        let whole = LogBounds { time_ms: span_ms, ..all };
        let histogram = self.log.histogram(&whole, BUCKETS);
        let of = self.log.record_count(bounds);
        let (looked_at, matching, doubts) = (0, 0, None);
        Finding { rows: VecDeque::new(), matching, looked_at, of, histogram, span_ms, doubts }
    }

    /// Whether every record within its bounds is wanted.
    pub(crate) fn takes_all(&self) -> bool {
        self.filter.text.trim().is_empty() && self.filter.cel.trim().is_empty()
    }

    /// Whether the other asks the same of the same log, of which more may have been read since.
    pub(crate) fn is_same_question(&self, other: &Self) -> bool {
        self.filter == other.filter && self.reads_the_same(other)
    }

    /// Whether the other reads the same log in the same way.
    pub(crate) fn reads_the_same(&self, other: &Self) -> bool {
        self.decoder == other.decoder
            && Arc::ptr_eq(&self.mapping, &other.mapping)
            && self.log.is_of_store_of(&other.log)
    }

    /// The part of the log that the filter leaves without looking at records.
    pub(super) fn bounds(&self) -> LogBounds {
        LogBounds {
            partitions: self.filter.partitions.clone(),
            time_ms: self.filter.time_ms,
            ..LogBounds::default()
        }
    }

    /// The texts of these pages of rows.
    pub(crate) fn pages(
        &self,
        locations: &[Location],
        pages: &[u64],
    ) -> BTreeMap<u64, Arc<[RowText]>> {
        pages
            .iter()
            .filter_map(|page| {
                let rows = locations.get(rows_of(*page, locations.len()))?;
                let texts = rows
                    .iter()
                    .filter_map(|location| self.log.record(*location))
                    .map(|record| self.text(record.get()));
                Some((*page, texts.collect()))
            })
            .collect()
    }

    /// The texts of a row.
    fn text(&self, record: RecordRef<'_>) -> RowText {
        let decoded = self.decoder.decode(record.value());
        RowText {
            key: record.key().map(|key| text::preview(key, PREVIEW_CHARS_MAX).into()),
            event_type: self.mapping.event_type(record, &decoded),
            value: value_preview(record, &decoded).into(),
            entity: self.mapping.entity_of(record),
            failure: decoded.failure().map(Into::into),
        }
    }
}

/// The rows of a page.
fn rows_of(page: u64, rows: usize) -> Range<usize> {
    let first = usize::try_from(page.saturating_mul(ROWS_PER_PAGE)).unwrap_or(usize::MAX).min(rows);
    let end = first.saturating_add(usize::try_from(ROWS_PER_PAGE).unwrap_or(usize::MAX)).min(rows);
    first..end
}

/// The beginning of a value.
fn value_preview(record: RecordRef<'_>, decoded: &Decoded) -> String {
    match decoded {
        Decoded::Tombstone => "tombstone".to_owned(),
        Decoded::Empty => "empty".to_owned(),
        Decoded::Bytes(bytes) => hex_preview(bytes),
        _ => text::preview(record.value().unwrap_or_default(), PREVIEW_CHARS_MAX),
    }
}

/// The first bytes, two digits each.
fn hex_preview(bytes: &[u8]) -> String {
    const BYTES_MAX: usize = 48;
    let shown: Vec<String> =
        bytes.iter().take(BYTES_MAX).map(|byte| format!("{byte:02x}")).collect();
    let rest = if bytes.len() > BYTES_MAX { " …" } else { "" };
    format!("{}{rest}", shown.join(" "))
}

/// The fixed-size facts of a row.
fn meta(record: RecordRef<'_>) -> RowMeta {
    RowMeta {
        timestamp_ms: record.timestamp_ms(),
        offset: record.offset(),
        partition: record.partition().partition,
        payload_bytes: u32::try_from(record.payload_bytes()).unwrap_or(u32::MAX),
        transaction: record.transaction(),
        tombstone: record.value().is_none(),
        implausible_time: record.has_implausible_time(),
    }
}

/// A filter, ready to look at records.
pub(super) struct Predicate<'a> {
    /// How records become events.
    mapping: &'a Mapping,
    /// How values are decoded.
    decoder: Decoder,
    /// The quick text in lower case, when there is one.
    text: Option<String>,
    /// The CEL expression, when there is one.
    cel: Option<Filter>,
    /// How that fared.
    tally: RefCell<Option<FilterTally>>,
}

impl<'a> Predicate<'a> {
    /// Reads the filter.
    pub(super) fn new(
        filter: &RecordFilter,
        mapping: &'a Mapping,
        decoder: Decoder,
    ) -> Result<Self, Problem> {
        let (text, cel) = (filter.text.trim(), filter.cel.trim());
        let cel = if cel.is_empty() {
            None
        } else {
            Some(Filter::parse(cel).map_err(|error| {
                let problem = Problem::from_error(&error);
                match error.hint() {
                    Some(hint) => problem.with_hint(hint),
                    None => problem,
                }
            })?)
        };
        let tally = RefCell::new(cel.as_ref().map(Filter::tally));
        let text = (!text.is_empty()).then(|| text.to_lowercase());
        Ok(Self { mapping, decoder, text, cel, tally })
    }

    /// What may be wrong with the expression, seen from the records it was asked about, of which so
    /// many matched.
    fn doubts(&self, matching: u64) -> Option<Problem> {
        let tally = self.tally.borrow();
        let tally = tally.as_ref()?;
        let notes = if matching == 0 { tally.notes() } else { Vec::new() };
        let failed = tally.first_failure().map(|(position, reason)| {
            let (count, first) = match tally.failures() {
                1 => ("1 record".to_owned(), ""),
                more => (format!("{more} records"), "first "),
            };
            format!("it fails on {count}, {first}on {position}: {reason}")
        });
        let doubts: Vec<String> = failed.into_iter().chain(notes).collect();
        (!doubts.is_empty()).then(|| Problem::new(doubts.join("; ")))
    }

    /// Whether this record matches. What costs least is asked first.
    pub(super) fn matches(&self, record: RecordRef<'_>) -> bool {
        self.text.as_deref().is_none_or(|text| contains_text(record, text))
            && self.cel.as_ref().is_none_or(|cel| self.matches_cel(cel, record))
    }

    /// Whether the expression is true for this record.
    fn matches_cel(&self, cel: &Filter, record: RecordRef<'_>) -> bool {
        let decoded = self.decoder.decode(record.value());
        let event_type = self.mapping.event_type(record, &decoded);
        let entity = self.mapping.entity_of(record);
        let input = FilterInput {
            record,
            decoded: &decoded,
            event_type: (!event_type.is_empty()).then_some(&*event_type),
            entity: entity.as_ref(),
        };
        let mut tally = self.tally.borrow_mut();
        cel.matches(&input, tally.get_or_insert_with(|| cel.tally()))
    }
}

/// Whether key, value or a header contains this text, which is in lower case.
fn contains_text(record: RecordRef<'_>, lower: &str) -> bool {
    let in_bytes = |bytes: &[u8]| contains_ignoring_case(bytes, lower);
    record.key().is_some_and(in_bytes)
        || record.value().is_some_and(in_bytes)
        || record
            .headers()
            .any(|header| in_bytes(header.name.as_bytes()) || header.value.is_some_and(in_bytes))
}

/// Whether these bytes contain this text, which is in lower case, whatever the case.
fn contains_ignoring_case(bytes: &[u8], lower: &str) -> bool {
    if lower.is_ascii() {
        let first = lower.as_bytes().first().copied().unwrap_or_default();
        return memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes).any(|at| {
            bytes
                .get(at..at + lower.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(lower.as_bytes()))
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_lowercase().contains(lower),
        Err(_) => memmem::find(bytes, lower.as_bytes()).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_the_case() {
        assert!(contains_ignoring_case(b"{\"Status\":\"SHIPPED\"}", "shipped"));
        assert!(contains_ignoring_case("GRÜSSE".as_bytes(), "grüsse"));
        assert!(!contains_ignoring_case(b"SHIP", "shipped"), "longer than what there is");
        assert!(
            contains_ignoring_case(&[0xff, b'A', b'b'], "ab"),
            "bytes that are no text are searched too"
        );
    }

    #[test]
    fn pages_cut_the_rows_without_a_rest() {
        let rows = 2 * 64 + 5;
        let cut: Vec<_> = (0..4).map(|page| rows_of(page, rows).len()).collect();
        assert_eq!(cut, [64, 64, 5, 0]);
    }
}
