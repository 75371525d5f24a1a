//! Rows in PostgreSQL.
//!
//! Promises: the session is read-only, and the server holds it to that; a batch of rows is of one
//! moment; values are taken from the server's binary form digit by digit.
//! Does not know: other dialects.

use std::str::FromStr as _;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::types::{BigDecimal, Uuid};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, ConnectOptions as _, Either, Executor as _,
    Row as _, SqlSafeStr as _, Statement as _, TypeInfo as _, ValueRef as _,
};
use tokio::runtime::Runtime;

use super::address::StoreAddress;
use super::error::StoreError;
use super::postgres_value::{self, Unread};
use super::sql::{limited, only_row, runtime, same_name, within};
use super::{CONNECT_LIMIT, QUERY_LIMIT, ROW_BYTES_MAX, Store};
use crate::model::EntityId;
use crate::read_model::row::{Cell, Row};

/// What makes a session one that the server lets read alone, and that gives up in time.
const READ_ONLY: &str = "set default_transaction_read_only = on; set statement_timeout = 15000; set lock_timeout = 5000";

/// What begins a batch of one moment.
const BEGIN: &str = "begin transaction isolation level repeatable read, read only";

/// A database of PostgreSQL.
#[derive(Debug)]
pub(super) struct PostgresStore {
    /// What is shown of its address.
    store: String,
    /// How to connect.
    options: PgConnectOptions,
    /// The query of a row.
    query: String,
    /// What runs requests.
    runtime: Runtime,
    /// The connection; made when it is needed, and anew when it broke.
    connection: Option<PgConnection>,
}

impl PostgresStore {
    /// Opens a database.
    pub(super) fn open(address: &StoreAddress, query: &str) -> Result<Self, StoreError> {
        let store = address.to_string();
        let options = PgConnectOptions::from_str(address.secret_text()).map_err(|error| {
            StoreError::Unreachable { store: store.clone(), reason: error.to_string() }
        })?;
        let options = options.application_name("foldback").disable_statement_logging();
        let runtime = runtime(&store)?;
        let mut opened = Self { query: limited(query), store, options, runtime, connection: None };
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
            let mut connection =
                options.connect().await.map_err(|error| unreachable(store, &error))?;
            connection.execute(READ_ONLY).await.map_err(|error| failure(store, &error))?;
            Ok(connection)
        };
        self.connection = Some(runtime.block_on(within(store, CONNECT_LIMIT, connecting))?);
        Ok(())
    }
}

impl Store for PostgresStore {
    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError> {
        self.connect()?;
        let Self { store, query, runtime, connection, .. } = self;
        let Some(open) = connection else { return Ok(Vec::new()) };
        let read = runtime.block_on(read(store, query, open, entities));
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
    connection: &mut PgConnection,
    entities: &[EntityId],
) -> Result<Vec<Option<Row>>, StoreError> {
    let failed = |error: sqlx::Error| failure(store, &error);
    let begin = async { connection.execute(BEGIN).await.map_err(failed) };
    within(store, QUERY_LIMIT, begin).await?;
    let rows = read_each(store, query, connection, entities).await;
    let end = async { connection.execute("rollback").await.map_err(failed) };
    within(store, QUERY_LIMIT, end).await.and(rows)
}

/// Reads the rows one after the other.
async fn read_each(
    store: &str,
    query: &str,
    connection: &mut PgConnection,
    entities: &[EntityId],
) -> Result<Vec<Option<Row>>, StoreError> {
    let failed = |error: sqlx::Error| failure(store, &error);
    let sql = || AssertSqlSafe(query).into_sql_str();
    let preparing = async { connection.prepare(sql()).await.map_err(failed) };
    let statement = within(store, QUERY_LIMIT, preparing).await?;
    let wanted = match statement.parameters() {
        Some(Either::Left(types)) => types.first().map(|one| one.name().to_owned()),
        _ => None,
    };
    let mut rows = Vec::with_capacity(entities.len());
    for entity in entities {
        let arguments = arguments(store, entity, wanted.as_deref())?;
        let asking = async {
            let asked = statement.query_with(arguments);
            asked.fetch_all(&mut *connection).await.map_err(failed)
        };
        let found = within(store, QUERY_LIMIT, asking).await?;
        rows.push(only_row(store, entity, &found, row_of)?);
    }
    Ok(rows)
}

/// The entity as a parameter of the type that the server compares it with.
fn arguments(
    store: &str,
    entity: &EntityId,
    wanted: Option<&str>,
) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    let Some(wanted) = wanted else { return Ok(arguments) };
    let refuse = || StoreError::Entity {
        store: store.to_owned(),
        entity: entity.to_string(),
        type_name: wanted.to_owned(),
    };
    if wanted == "BYTEA" {
        arguments.add(entity.as_bytes().to_vec()).map_err(|_failed| refuse())?;
        return Ok(arguments);
    }
    let text = entity.as_str().ok_or_else(refuse)?;
    let added = match wanted {
        "INT2" => text.parse::<i16>().ok().map(|number| arguments.add(number)),
        "INT4" => text.parse::<i32>().ok().map(|number| arguments.add(number)),
        "INT8" => text.parse::<i64>().ok().map(|number| arguments.add(number)),
        "NUMERIC" => BigDecimal::from_str(text).ok().map(|number| arguments.add(number)),
        "UUID" => Uuid::parse_str(text).ok().map(|id| arguments.add(id)),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => Some(arguments.add(text.to_owned())),
        _ => None,
    };
    match added {
        Some(Ok(())) => Ok(arguments),
        _ => Err(refuse()),
    }
}

/// The row that was read.
fn row_of(store: &str, entity: &EntityId, read: &PgRow) -> Result<Row, StoreError> {
    let mut row = Row::default();
    let mut bytes = 0;
    for (index, column) in read.columns().iter().enumerate() {
        let raw = read.try_get_raw(index).map_err(|error| failure(store, &error))?;
        let unread = |type_name: &str| StoreError::Type {
            store: store.to_owned(),
            column: column.name().to_owned(),
            type_name: type_name.to_owned(),
        };
        let cell = if raw.is_null() {
            Cell::null()
        } else {
            let value = raw.as_bytes().map_err(|_error| unread("a value that cannot be read"))?;
            bytes += value.len();
            if bytes > ROW_BYTES_MAX {
                let (store, entity) = (store.to_owned(), entity.to_string());
                return Err(StoreError::TooLarge { store, entity, mebibytes: ROW_BYTES_MAX >> 20 });
            }
            postgres_value::cell(column.type_info(), value)
                .map_err(|Unread { type_name }| unread(&type_name))?
        };
        if row.cells.insert(column.name().into(), cell).is_some() {
            return Err(same_name(store, column.name()));
        }
    }
    Ok(row)
}

/// Why a connection cannot be made.
fn unreachable(store: &str, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(_) => failure(store, error),
        other => StoreError::Unreachable { store: store.to_owned(), reason: other.to_string() },
    }
}

/// What went wrong, in the server's words. Classes of its codes: 28 and 3D are logins and
/// databases, 42501 is permission, 57 and 08 are a server that went away.
fn failure(store: &str, error: &sqlx::Error) -> StoreError {
    let store = store.to_owned();
    match error {
        sqlx::Error::Database(error) => {
            let (code, reason) = (error.code().unwrap_or_default(), error.message().to_owned());
            match &*code {
                "57014" => StoreError::Slow { store, seconds: QUERY_LIMIT.as_secs() },
                "42501" => StoreError::Refused { store, reason },
                code if code.starts_with("28") || code.starts_with("3D") => {
                    StoreError::Refused { store, reason }
                }
                code if ["57", "08", "53"].iter().any(|class| code.starts_with(class)) => {
                    StoreError::Unreachable { store, reason }
                }
                _ => StoreError::Query { store, reason },
            }
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => {
            StoreError::Unreachable { store, reason: error.to_string() }
        }
        other => StoreError::Query { store, reason: other.to_string() },
    }
}
