//! The kinds of stores.
//!
//! Promises: each kind says what finds a row in it.
//! Does not know: addresses.

use std::fmt;

/// What kind of store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// A file of SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// Elasticsearch or OpenSearch.
    Elastic,
    /// Redis.
    Redis,
}

impl StoreKind {
    /// What finds a row in it.
    pub fn finder(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres | Self::Mysql => "a query",
            Self::Elastic => "an index and the id of a document",
            Self::Redis => "a key",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Elastic => "Elasticsearch",
            Self::Redis => "Redis",
        })
    }
}
