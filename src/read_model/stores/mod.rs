//! The stores that read models are kept in: one row for each entity, read and never written.
//!
//! Promises: a session is opened for reading alone, and where the store can enforce that, it does;
//! every wait ends; the rows of one call are of one moment where the store offers that; no password
//! is ever in a message.
//! Does not know: what a row should be.

mod address;
mod elastic;
mod error;
mod kind;
mod mysql;
mod postgres;
mod postgres_value;
mod redis;
mod sql;
mod sqlite;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::row::Row;
use crate::model::EntityId;

pub use self::address::StoreAddress;
pub use self::error::StoreError;
pub use self::kind::StoreKind;

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long one query may take.
const QUERY_LIMIT: Duration = Duration::from_secs(15);

/// What one row may take, in bytes.
const ROW_BYTES_MAX: usize = 64 << 20;

/// How a row is found in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finder {
    /// By a query, `$1` being the entity.
    Query(String),
    /// By the id of a document in an index, `{entity}` being the entity.
    Document {
        /// The index.
        index: String,
        /// The id.
        id: String,
    },
    /// By a key, `{entity}` being the entity.
    Key(String),
}

/// A store, opened.
pub trait Store: Send + fmt::Debug {
    /// Whether a row is a document, which leaves out what it does not have.
    fn is_document(&self) -> bool {
        false
    }

    /// The rows of these entities in their order; none for an entity without a row.
    ///
    /// # Errors
    /// When the store cannot be asked, or an entity has several rows.
    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError>;
}

/// Opens a store. Paths are relative to this folder.
///
/// # Errors
/// When it cannot be reached, or does not let this user in.
pub fn open(
    address: &StoreAddress,
    finder: &Finder,
    folder: &Path,
) -> Result<Box<dyn Store>, StoreError> {
    match (address.kind(), finder) {
        (StoreKind::Sqlite, Finder::Query(query)) => {
            Ok(Box::new(sqlite::SqliteStore::open(address, query, folder)?))
        }
        (StoreKind::Postgres, Finder::Query(query)) => {
            Ok(Box::new(postgres::PostgresStore::open(address, query)?))
        }
        (StoreKind::Mysql, Finder::Query(query)) => {
            Ok(Box::new(mysql::MysqlStore::open(address, query)?))
        }
        (StoreKind::Elastic, Finder::Document { index, id }) => {
            Ok(Box::new(elastic::ElasticStore::open(address, index, id)?))
        }
        (StoreKind::Redis, Finder::Key(key)) => {
            Ok(Box::new(redis::RedisStore::open(address, key)?))
        }
        (kind, _) => Err(StoreError::Finder { kind }),
    }
}
