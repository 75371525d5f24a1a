//! Rows in a file of SQLite.
//!
//! Promises: the file is opened for reading alone; a batch of rows is of one moment; integers,
//! texts and blobs are exact, and a binary number is told as the shortest decimal that is it.
//! Does not know: other dialects.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _, TypeInfo as _,
    ValueRef as _,
};
use tokio::runtime::Runtime;

use super::address::StoreAddress;
use super::error::StoreError;
use super::sql::{limited, only_row, runtime, same_name, within};
use super::{CONNECT_LIMIT, QUERY_LIMIT, ROW_BYTES_MAX, Store};
use crate::model::{EntityId, Number, Value};
use crate::read_model::row::{Cell, Held, Row};

/// A file of SQLite.
#[derive(Debug)]
pub(super) struct SqliteStore {
    /// What is shown of its address.
    store: String,
    /// The query of a row.
    query: String,
    /// What runs requests.
    runtime: Runtime,
    /// The connection.
    connection: SqliteConnection,
}

impl SqliteStore {
    /// Opens a file; a relative path begins at this folder.
    pub(super) fn open(
        address: &StoreAddress,
        query: &str,
        folder: &Path,
    ) -> Result<Self, StoreError> {
        let (store, path) = (address.to_string(), folder.join(address.path()));
        let file = |reason: String| StoreError::File { store: store.clone(), reason };
        if !path.is_file() {
            return Err(file(format!("there is no file {}", path.display())));
        }
        let runtime = runtime(&store)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .pragma("query_only", "on")
            .busy_timeout(CONNECT_LIMIT);
        let connecting = async { options.connect().await.map_err(|error| file(words(&error))) };
        let connection = runtime.block_on(within(&store, CONNECT_LIMIT, connecting))?;
        Ok(Self { query: limited(query), store, runtime, connection })
    }
}

impl Store for SqliteStore {
    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError> {
        let Self { store, query, runtime, connection } = self;
        runtime.block_on(async {
            let failed = |error: sqlx::Error| failure(store, &error);
            let begin = async { connection.begin().await.map_err(failed) };
            let mut transaction = within(store, QUERY_LIMIT, begin).await?;
            let mut rows = Vec::with_capacity(entities.len());
            for entity in entities {
                let asking = async {
                    let asked = sqlx::query(AssertSqlSafe(query.as_str()));
                    let asked = match entity.as_str() {
                        Some(text) => asked.bind(text.to_owned()),
                        None => asked.bind(entity.as_bytes().to_vec()),
                    };
                    asked.fetch_all(&mut *transaction).await.map_err(failed)
                };
                let found = within(store, QUERY_LIMIT, asking).await?;
                rows.push(only_row(store, entity, &found, row_of)?);
            }
            within(store, QUERY_LIMIT, async { transaction.rollback().await.map_err(failed) })
                .await?;
            Ok(rows)
        })
    }
}

/// The row that was read.
fn row_of(store: &str, entity: &EntityId, read: &SqliteRow) -> Result<Row, StoreError> {
    let mut row = Row::default();
    let mut bytes = 0;
    for (index, column) in read.columns().iter().enumerate() {
        let cell = cell_of(read, index).map_err(|error| failure(store, &error))?;
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

/// A value by how the file holds it, whatever its column is declared as.
fn cell_of(row: &SqliteRow, index: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Cell::null());
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match &*kind {
        "REAL" => {
            let number: f64 = row.try_get_unchecked(index)?;
            match Number::from_literal(&literal(number)) {
                Ok(number) => Cell::new(Value::Number(number), Held::Double),
                Err(_no_number) => Cell::new(Value::string(number.to_string()), Held::Text),
            }
        }
        "BLOB" => Cell::bytes(&row.try_get_unchecked::<Vec<u8>, _>(index)?),
        "TEXT" => Cell::new(Value::string(row.try_get_unchecked::<String, _>(index)?), Held::Text),
        _ => Cell::new(Value::from(row.try_get_unchecked::<i64, _>(index)?), Held::Exact),
    })
}

/// A binary number as JSON writes it: without a point where it is whole.
fn literal(number: f64) -> String {
    format!("{number:?}").trim_end_matches(".0").to_owned()
}

/// What went wrong with a query.
fn failure(store: &str, error: &sqlx::Error) -> StoreError {
    StoreError::Query { store: store.to_owned(), reason: words(error) }
}

/// The words of SQLite alone.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a table of rows, and its folder.
    fn file(statements: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("shop.db"))
            .create_if_missing(true);
        let runtime = runtime("test").unwrap();
        runtime.block_on(async {
            let mut connection = options.connect().await.unwrap();
            for statement in statements {
                sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap();
            }
            connection.close().await.unwrap();
        });
        folder
    }

    /// The store in that folder with this query.
    fn store(folder: &tempfile::TempDir, query: &str) -> SqliteStore {
        let address = StoreAddress::parse("sqlite:shop.db").unwrap();
        SqliteStore::open(&address, query, folder.path()).unwrap()
    }

    const TABLE: &str =
        "create table orders (id text, n integer, total real, price numeric, b blob, note)";

    #[test]
    fn values_are_told_as_the_file_holds_them() {
        let folder = file(&[
            TABLE,
            "insert into orders values ('o-1', 9007199254740993, 0.1, 10.50, x'00ff', null)",
            "insert into orders values ('o-2', 'text', 2.0, '1e3', 'x', 1e300)",
        ]);
        let mut store =
            store(&folder, "select n, total, price, b, note from orders where id = $1;");
        let rows = store.rows(&["o-1", "none", "o-2"].map(EntityId::new)).unwrap();
        let told = |row: &Option<Row>| row.as_ref().map(|row| row.to_value().to_json());
        let first =
            r#"{"n":9007199254740993,"total":0.1,"price":10.5,"b":{"base64":"AP8="},"note":null}"#;
        assert_eq!(told(&rows[0]).as_deref(), Some(first));
        assert_eq!(rows[1], None);
        let third = r#"{"n":"text","total":2,"price":1000,"b":"x","note":1e300}"#;
        assert_eq!(told(&rows[2]).as_deref(), Some(third));
    }

    #[test]
    fn what_is_wrong_is_told_precisely() {
        let insert = "insert into orders (id) values ('o-1'), ('o-1')";
        let folder = file(&[TABLE, insert]);
        let asked = |query: &str| store(&folder, query).rows(&[EntityId::new("o-1")]);
        let several = asked("select id from orders where id = $1").unwrap_err();
        assert_eq!(several.to_string(), "sqlite:shop.db has more than one row of entity `o-1`");
        let missing = asked("select x from orders where id = $1").unwrap_err();
        assert_eq!(missing.to_string(), "the query of sqlite:shop.db fails: no such column: x");
        let missing = asked("select id from missing_table").unwrap_err();
        assert!(missing.to_string().contains("no such table: missing_table"), "{missing}");
        let writes = asked("delete from orders where id = $1 returning id");
        assert!(writes.is_err(), "{writes:?}");
        let address = StoreAddress::parse("sqlite:none.db").unwrap();
        let none = SqliteStore::open(&address, "select 1", folder.path()).unwrap_err();
        assert!(none.to_string().contains("there is no file"), "{none}");
    }

    #[test]
    fn nothing_can_be_written_through_it() {
        let folder = file(&[TABLE]);
        let mut store = store(&folder, "select 1");
        let statements = [
            "insert into orders (id) values ('x')",
            "drop table orders",
            "pragma user_version = 7",
        ];
        for statement in statements {
            let SqliteStore { runtime, connection, .. } = &mut store;
            let written = runtime.block_on(async {
                sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await
            });
            assert!(written.is_err(), "{statement}");
        }
    }
}
