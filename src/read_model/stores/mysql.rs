//! Rows in MySQL and MariaDB.
//!
//! Promises: the session's transactions are read-only, and the server holds it to that; a batch of
//! rows is of one moment; decimals and integers keep their digits.
//! Does not know: other dialects.

use std::str::FromStr as _;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Executor as _, Row as _, TypeInfo as _,
    ValueRef as _,
};
use tokio::runtime::Runtime;

use super::address::StoreAddress;
use super::error::StoreError;
use super::sql::{limited, only_row, runtime, same_name, with_question_marks, within};
use super::{CONNECT_LIMIT, QUERY_LIMIT, ROW_BYTES_MAX, Store};
use crate::decode::json;
use crate::model::{EntityId, Number, Value};
use crate::read_model::row::{Cell, Held, Row};

/// What makes a session one that the server lets read alone.
const READ_ONLY: &str = "set session transaction read only";

/// What begins a batch of one moment.
const BEGIN: &str = "start transaction with consistent snapshot, read only";

/// A database of MySQL or MariaDB.
#[derive(Debug)]
pub(super) struct MysqlStore {
    /// What is shown of its address.
    store: String,
    /// How to connect.
    options: MySqlConnectOptions,
    /// The query of a row.
    query: String,
    /// How often the entity stands in it.
    parameters: usize,
    /// What runs requests.
    runtime: Runtime,
    /// The connection; made when it is needed, and anew when it broke.
    connection: Option<MySqlConnection>,
}

impl MysqlStore {
    /// Opens a database.
    pub(super) fn open(address: &StoreAddress, query: &str) -> Result<Self, StoreError> {
        let store = address.to_string();
        let text = address.secret_text().replacen("mariadb://", "mysql://", 1);
        let options = MySqlConnectOptions::from_str(&text).map_err(|error| {
            StoreError::Unreachable { store: store.clone(), reason: error.to_string() }
        })?;
        let (query, parameters) = with_question_marks(&limited(query));
        let options = options.disable_statement_logging();
        let runtime = runtime(&store)?;
        let mut opened = Self { store, options, query, parameters, runtime, connection: None };
        opened.connect()?;
        Ok(opened)
    }

    /// Connects, unless that is done.
    fn connect(&mut self) -> Result<(), StoreError> {
        if self.connection.is_some() {
            return Ok(());
        }
        let Self { store, options, runtime, .. } = self;
        let connecting = async {
            let failed = |error: sqlx::Error| failure(store, &error);
            let mut connection = options.connect().await.map_err(failed)?;
            connection.execute(sqlx::raw_sql(READ_ONLY)).await.map_err(failed)?;
            Ok(connection)
        };
        self.connection = Some(runtime.block_on(within(store, CONNECT_LIMIT, connecting))?);
        Ok(())
    }
}

impl Store for MysqlStore {
    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError> {
        self.connect()?;
        let Self { store, query, parameters, runtime, connection, .. } = self;
        let Some(open) = connection else { return Ok(Vec::new()) };
        let read = runtime.block_on(read(store, query, *parameters, open, entities));
        if matches!(read, Err(StoreError::Unreachable { .. } | StoreError::Slow { .. })) {
            *connection = None;
        }
        read
    }
}

/// Reads rows in one read-only transaction.
async fn read(
    store: &str,
    query: &str,
    parameters: usize,
    connection: &mut MySqlConnection,
    entities: &[EntityId],
) -> Result<Vec<Option<Row>>, StoreError> {
    let failed = |error: sqlx::Error| failure(store, &error);
    let begin = async { connection.execute(sqlx::raw_sql(BEGIN)).await.map_err(failed) };
    within(store, QUERY_LIMIT, begin).await?;
    let rows = read_each(store, query, parameters, connection, entities).await;
    let end = async { connection.execute(sqlx::raw_sql("rollback")).await.map_err(failed) };
    within(store, QUERY_LIMIT, end).await.and(rows)
}

/// Reads the rows one after the other.
async fn read_each(
    store: &str,
    query: &str,
    parameters: usize,
    connection: &mut MySqlConnection,
    entities: &[EntityId],
) -> Result<Vec<Option<Row>>, StoreError> {
    let mut rows = Vec::with_capacity(entities.len());
    for entity in entities {
        let asking = async {
            let mut asked = sqlx::query(AssertSqlSafe(query));
            for _ in 0..parameters {
                asked = match entity.as_str() {
                    Some(text) => asked.bind(text.to_owned()),
                    None => asked.bind(entity.as_bytes().to_vec()),
                };
            }
            asked.fetch_all(&mut *connection).await.map_err(|error| failure(store, &error))
        };
        let found = within(store, QUERY_LIMIT, asking).await?;
        rows.push(only_row(store, entity, &found, row_of)?);
    }
    Ok(rows)
}

/// The row that was read.
fn row_of(store: &str, entity: &EntityId, read: &MySqlRow) -> Result<Row, StoreError> {
    let mut row = Row::default();
    let mut bytes = 0;
    for (index, column) in read.columns().iter().enumerate() {
        let unread = || StoreError::Type {
            store: store.to_owned(),
            column: column.name().to_owned(),
            type_name: column.type_info().name().to_owned(),
        };
        let cell = cell_of(read, index, column.type_info().name())
            .map_err(|error| failure(store, &error))?
            .ok_or_else(unread)?;
        bytes += cell.value.memory_bytes();
        if bytes > ROW_BYTES_MAX {
            let (store, entity) = (store.to_owned(), entity.to_string());
            return Err(StoreError::TooLarge { store, entity, mebibytes: ROW_BYTES_MAX >> 20 });
        }
        if row.cells.insert(column.name().into(), cell).is_some() {
            return Err(same_name(store, column.name()));
        }
    }
    Ok(row)
}

/// A value of a column of this type; none for one that is not read.
fn cell_of(row: &MySqlRow, index: usize, kind: &str) -> Result<Option<Cell>, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Some(Cell::null()));
    }
    let bytes = || row.try_get_unchecked::<Vec<u8>, _>(index);
    let text = |held: Held| -> Result<Option<Cell>, sqlx::Error> {
        let text = String::from_utf8(bytes()?).ok();
        Ok(text.map(|text| Cell::new(Value::string(text), held)))
    };
    Ok(match kind {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Some(Cell::new(Value::from(row.try_get_unchecked::<i64, _>(index)?), Held::Exact))
        }
        "YEAR" | "BIT" => {
            Some(Cell::new(Value::from(row.try_get_unchecked::<u64, _>(index)?), Held::Exact))
        }
        unsigned if unsigned.ends_with(" UNSIGNED") => {
            Some(Cell::new(Value::from(row.try_get_unchecked::<u64, _>(index)?), Held::Exact))
        }
        "DECIMAL" => {
            let digits = String::from_utf8(bytes()?).ok();
            let number = digits.and_then(|digits| Number::from_literal(&digits).ok());
            number.map(|number| Cell::new(Value::Number(number), Held::Decimal))
        }
        "FLOAT" => {
            let number: f32 = row.try_get_unchecked(index)?;
            binary(&format!("{number:?}"), Held::Single)
        }
        "DOUBLE" => {
            let number: f64 = row.try_get_unchecked(index)?;
            binary(&format!("{number:?}"), Held::Double)
        }
        "DATETIME" => {
            let time: NaiveDateTime = row.try_get_unchecked(index)?;
            Some(moment(
                &time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
                time.and_utc().timestamp_subsec_nanos(),
            ))
        }
        // The session is in UTC.
        "TIMESTAMP" => {
            let time: DateTime<Utc> = row.try_get_unchecked(index)?;
            Some(moment(
                &time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
                time.timestamp_subsec_nanos(),
            ))
        }
        "DATE" => {
            let date: NaiveDate = row.try_get_unchecked(index)?;
            Some(moment(&date.to_string(), 0))
        }
        "JSON" => json::parse(&bytes()?).ok().map(|parsed| Cell::new(parsed.value, Held::Json)),
        "CHAR" => text(Held::Padded)?,
        "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET" => {
            text(Held::Text)?
        }
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            Some(Cell::bytes(&bytes()?))
        }
        _ => None,
    })
}

/// A moment. How many digits of the second its column keeps is not told: as many as the value has.
fn moment(text: &str, nanosecond: u32) -> Cell {
    let digits = match nanosecond {
        0 => 0,
        some if some % 1_000_000 == 0 => 3,
        _ => 6,
    };
    Cell::new(Value::string(text), Held::Moment { digits })
}

/// A binary number by its shortest decimal.
fn binary(literal: &str, held: Held) -> Option<Cell> {
    let number = Number::from_literal(literal.trim_end_matches(".0")).ok()?;
    Some(Cell::new(Value::Number(number), held))
}

/// What went wrong, in the server's words. Its codes: 1044, 1045, 1142, 1143 and 1227 are logins
/// and permissions, 1049 an unknown database, 1040 and 1203 too many connections.
fn failure(store: &str, error: &sqlx::Error) -> StoreError {
    let store = store.to_owned();
    match error {
        sqlx::Error::Database(error) => {
            let mysql = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
            let (number, reason) =
                (mysql.map_or(0, |error| error.number()), error.message().to_owned());
            match number {
                1044 | 1045 | 1142 | 1143 | 1227 | 1049 => StoreError::Refused { store, reason },
                1040 | 1203 => StoreError::Unreachable { store, reason },
                1969 | 3024 => StoreError::Slow { store, seconds: QUERY_LIMIT.as_secs() },
                _ => StoreError::Query { store, reason },
            }
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => {
            StoreError::Unreachable { store, reason: error.to_string() }
        }
        other => StoreError::Query { store, reason: other.to_string() },
    }
}
