//! Records as Arrow columns, which is how they lie on disk, and back.
//!
//! Promises: null, empty, order and duplicates survive both ways; other tools can read the columns.
//! Does not know: files, log time (it depends on who reads, so it is not stored).
//!
//! The columns: `offset`, `timestamp` (null where the record has none), `log_append_time` (whose
//! clock wrote it), `aborted` (its transaction was), `tombstone` (the value is null), `key`, and
//! where payloads are kept `value` and `headers`.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, StringBuilder};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMillisecondType};
use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Int64Array, ListArray, RecordBatch as Columns,
    StringArray, StructArray, TimestampMillisecondArray,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::IpcWriteOptions;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::segment_index::StoredBatch;
use crate::model::{Header, RecordRef, TimestampType, Transaction};

/// How segments are written.
pub(super) fn write_options() -> Result<IpcWriteOptions, ArrowError> {
    IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))
}

/// The name of the time zone that the timestamps are in.
const UTC: &str = "UTC";

/// The fields of a header.
static HEADER_FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ])
});

/// The element of a list of headers.
static HEADER: LazyLock<Arc<Field>> = LazyLock::new(|| {
    Arc::new(Field::new("header", DataType::Struct(HEADER_FIELDS.clone()), false))
});

/// The columns, with or without values and headers.
static SCHEMAS: LazyLock<[SchemaRef; 2]> = LazyLock::new(|| {
    let fields = [
        Field::new("offset", DataType::Int64, false),
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())), true),
        Field::new("log_append_time", DataType::Boolean, false),
        Field::new("aborted", DataType::Boolean, false),
        Field::new("tombstone", DataType::Boolean, false),
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(Arc::clone(&HEADER)), false),
    ];
    let without = Schema::new(fields[..=KEY].to_vec());
    [Arc::new(without), Arc::new(Schema::new(fields.to_vec()))]
});

/// The place of the keys among the columns.
const KEY: usize = 5;

/// Which columns are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// All but values and headers.
    Keys,
    /// All.
    Everything,
}

impl Wanted {
    /// The places of the wanted columns, where that are not all.
    pub(crate) fn projection(self) -> Option<Vec<usize>> {
        match self {
            Self::Keys => Some((0..=KEY).collect()),
            Self::Everything => None,
        }
    }
}

/// The columns of a segment, with or without values and headers.
pub(crate) fn schema(payloads: bool) -> SchemaRef {
    Arc::clone(&SCHEMAS[usize::from(payloads)])
}

/// Records as columns.
///
/// # Errors
/// When a column grows beyond what Arrow can address, 2 GiB.
pub(crate) fn to_columns<'r>(
    records: impl ExactSizeIterator<Item = RecordRef<'r>> + Clone,
    payloads: bool,
) -> Result<Columns, ArrowError> {
    let rows = records.len();
    let offsets: Int64Array = records.clone().map(|record| record.offset()).collect();
    let timestamps: TimestampMillisecondArray = records
        .clone()
        .map(|record| Some(record.timestamp_ms()).filter(|timestamp_ms| *timestamp_ms != -1))
        .collect();
    let mut appended = BooleanBuilder::with_capacity(rows);
    let mut aborted = BooleanBuilder::with_capacity(rows);
    let mut tombstones = BooleanBuilder::with_capacity(rows);
    let mut keys = BinaryBuilder::with_capacity(rows, rows * 16);
    for record in records.clone() {
        appended.append_value(record.timestamp_type() == TimestampType::LogAppendTime);
        aborted.append_value(record.transaction() == Transaction::Aborted);
        tombstones.append_value(record.value().is_none());
        keys.append_option(record.key());
    }
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(offsets),
        Arc::new(timestamps.with_timezone(UTC)),
        Arc::new(appended.finish()),
        Arc::new(aborted.finish()),
        Arc::new(tombstones.finish()),
        Arc::new(keys.finish()),
    ];
    if payloads {
        let bytes = records.clone().map(|record| record.payload_bytes()).sum();
        let mut values = BinaryBuilder::with_capacity(rows, bytes);
        records.clone().for_each(|record| values.append_option(record.value()));
        columns.push(Arc::new(values.finish()));
        columns.push(Arc::new(header_column(records)?));
    }
    Columns::try_new(schema(payloads), columns)
}

/// The headers of records as a column of lists.
fn header_column<'r>(
    records: impl ExactSizeIterator<Item = RecordRef<'r>>,
) -> Result<ListArray, ArrowError> {
    let mut ends: Vec<i32> = Vec::with_capacity(records.len() + 1);
    ends.push(0);
    let mut names = StringBuilder::new();
    let mut values = BinaryBuilder::new();
    let mut count: i32 = 0;
    for record in records {
        for header in record.headers() {
            names.append_value(header.name);
            values.append_option(header.value);
            count += 1;
        }
        ends.push(count);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(names.finish()), Arc::new(values.finish())];
    let headers = StructArray::try_new(HEADER_FIELDS.clone(), columns, None)?;
    let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
    ListArray::try_new(Arc::clone(&HEADER), ends, Arc::new(headers), None)
}

/// Columns as they were read from disk.
#[derive(Debug)]
pub(crate) struct StoredColumns {
    /// The offsets.
    pub(crate) offsets: Int64Array,
    /// The timestamps in milliseconds; null where there is none.
    timestamps: TimestampMillisecondArray,
    /// Whether the broker wrote the timestamp.
    appended: BooleanArray,
    /// Whether the transaction was aborted.
    aborted: BooleanArray,
    /// Whether the value is null.
    tombstones: BooleanArray,
    /// The keys.
    keys: BinaryArray,
    /// Values, and header lists with their names and values, where they are kept and were wanted.
    payloads: Option<(BinaryArray, ListArray, StringArray, BinaryArray)>,
}

impl StoredColumns {
    /// The columns of a record batch of a segment.
    ///
    /// # Errors
    /// When they are not those of a segment.
    pub(crate) fn new(columns: &Columns) -> Result<Self, ArrowError> {
        let column = |name: &str| {
            columns.column_by_name(name).ok_or_else(|| {
                ArrowError::SchemaError(format!("a segment has a column named {name}"))
            })
        };
        let binary = |name: &str| Ok::<_, ArrowError>(column(name)?.as_binary_opt().cloned());
        let wrong =
            || ArrowError::SchemaError("a column has another type than in a segment".into());
        let payloads = if columns.schema_ref().column_with_name("value").is_some() {
            let lists = column("headers")?.as_list_opt().ok_or_else(wrong)?.clone();
            let headers = lists.values().as_struct_opt().ok_or_else(wrong)?;
            let names = headers.column(0).as_string_opt().ok_or_else(wrong)?.clone();
            let values = headers.column(1).as_binary_opt().ok_or_else(wrong)?.clone();
            Some((binary("value")?.ok_or_else(wrong)?, lists, names, values))
        } else {
            None
        };
        Ok(Self {
            offsets: column("offset")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?.clone(),
            timestamps: column("timestamp")?
                .as_primitive_opt::<TimestampMillisecondType>()
                .ok_or_else(wrong)?
                .clone(),
            appended: column("log_append_time")?.as_boolean_opt().ok_or_else(wrong)?.clone(),
            aborted: column("aborted")?.as_boolean_opt().ok_or_else(wrong)?.clone(),
            tombstones: column("tombstone")?.as_boolean_opt().ok_or_else(wrong)?.clone(),
            keys: binary("key")?.ok_or_else(wrong)?,
            payloads,
        })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether these are the records that the index says of this batch.
    pub(crate) fn is_of(&self, batch: &StoredBatch) -> bool {
        let offset = |row: Option<usize>| row.map(|row| self.offsets.value(row));
        self.len() == batch.rows as usize
            && offset((!self.offsets.is_empty()).then_some(0)) == Some(batch.first_offset)
            && offset(self.len().checked_sub(1)) == Some(batch.last_offset)
    }

    /// The timestamp of a row, in milliseconds; -1 where it has none.
    pub(crate) fn timestamp_ms(&self, row: usize) -> i64 {
        if self.timestamps.is_null(row) { -1 } else { self.timestamps.value(row) }
    }

    /// Whose clock wrote the timestamp of a row.
    pub(crate) fn timestamp_type(&self, row: usize) -> TimestampType {
        if self.appended.value(row) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// What became of the transaction of a row.
    pub(crate) fn transaction(&self, row: usize) -> Transaction {
        if self.aborted.value(row) { Transaction::Aborted } else { Transaction::Committed }
    }

    /// The key of a row.
    pub(crate) fn key(&self, row: usize) -> Option<&[u8]> {
        (!self.keys.is_null(row)).then(|| self.keys.value(row))
    }

    /// The value of a row; empty where values were not wanted. Tombstones stay tombstones.
    pub(crate) fn value(&self, row: usize) -> Option<&[u8]> {
        let value = self.payloads.as_ref().map_or(&[][..], |(values, ..)| values.value(row));
        (!self.tombstones.value(row)).then_some(value)
    }

    /// The headers of a row; none where they were not wanted.
    pub(crate) fn headers(&self, row: usize) -> impl Iterator<Item = Header<'_>> {
        let lists = self.payloads.iter().map(|(_, lists, names, values)| (lists, names, values));
        lists.flat_map(move |(lists, names, values)| {
            let ends = lists.value_offsets();
            let range = usize::try_from(ends[row]).unwrap_or(0)
                ..usize::try_from(ends[row + 1]).unwrap_or(0);
            range.map(|header| Header {
                name: names.value(header),
                value: (!values.is_null(header)).then(|| values.value(header)),
            })
        })
    }
}
