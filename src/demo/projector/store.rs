//! The SQLite files behind the read models.
//!
//! Promises: a batch of records is applied as one transaction, wholly or not at all; looking a row
//! up never waits for a projector that writes.
//! Does not know: consumer groups, faults.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{Column as _, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tokio::runtime::{Builder, Runtime};

use super::{Delivered, ReadModel};
use crate::workspace::OrderRow;

/// How many rows one statement writes: SQLite takes 32,766 values at most, and no row here has more
/// than ten.
pub(super) const ROWS_PER_STATEMENT: usize = 1_000;

/// Why a read model cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The thread has no runtime to speak to SQLite with.
    #[error("cannot start the runtime of {read_model}")]
    Runtime {
        /// The read model.
        read_model: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("cannot {what} {path}", path = path.display())]
    Sqlite {
        /// What was tried.
        what: &'static str,
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: sqlx::Error,
    },
}

/// The file of a read model, opened by its projector.
#[derive(Debug)]
pub struct Store {
    /// Which read model.
    read_model: ReadModel,
    /// Its file.
    path: PathBuf,
    /// Runs the conversation with SQLite on this thread.
    runtime: Runtime,
    /// The one connection that writes.
    connection: SqliteConnection,
}

/// A runtime for one thread.
fn runtime(read_model: ReadModel) -> Result<Runtime, StoreError> {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.map_err(|source| StoreError::Runtime { read_model: read_model.name(), source })
}

/// Names the file and what was tried on it.
fn refused(what: &'static str, path: &Path) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Sqlite { what, path: path.to_owned(), source }
}

impl Store {
    /// Creates the file of a read model in this folder, with empty tables.
    ///
    /// # Errors
    /// SQLite's, with the file.
    pub fn create(read_model: ReadModel, folder: &Path) -> Result<Self, StoreError> {
        let path = read_model.path(folder);
        let runtime = runtime(read_model)?;
        // The files live as long as the demo: a crash of the machine may take them.
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let connection = runtime.block_on(async {
            let mut connection = options.connect().await?;
            connection.execute(read_model.schema()).await?;
            Ok(connection)
        });
        let connection = connection.map_err(refused("create", &path))?;
        Ok(Self { read_model, path, runtime, connection })
    }

    /// Applies records in one transaction.
    ///
    /// # Errors
    /// SQLite's; then nothing of the batch was applied.
    pub fn apply(&mut self, records: &[Delivered]) -> Result<(), StoreError> {
        let Self { read_model, path, runtime, connection } = self;
        let applied = runtime.block_on(async {
            let mut transaction = connection.begin().await?;
            read_model.apply(&mut transaction, records).await?;
            transaction.commit().await
        });
        applied.map_err(refused("write", path))
    }
}

/// Looks rows up beside the projectors that write them.
#[derive(Debug)]
pub struct Lookup {
    /// The folder of the files.
    folder: PathBuf,
    /// Runs the conversation with SQLite on this thread.
    runtime: Runtime,
}

impl Lookup {
    /// Looks rows up in the files of this folder.
    ///
    /// # Errors
    /// When the thread can have no runtime.
    pub fn new(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self { folder: folder.to_owned(), runtime: runtime(ReadModel::Dashboard)? })
    }

    /// What the read models hold about an entity: the dashboard's row, and the newest message to
    /// its customer.
    ///
    /// # Errors
    /// SQLite's, with the file.
    pub fn rows(&self, entity: &str) -> Result<Vec<OrderRow>, StoreError> {
        let asked = [
            (ReadModel::Dashboard, "select * from orders where id = $1"),
            (
                ReadModel::Notifications,
                "select count(*) as messages, message as last_message, max(created_at) as last_at \
                 from notifications where about = $1 having count(*) > 0",
            ),
        ];
        let row = |(read_model, query): (ReadModel, &'static str)| {
            let found = self.query(read_model, query, Some(entity))?;
            Ok(OrderRow {
                read_model: read_model.name().into(),
                entity: entity.into(),
                columns: found.first().map(columns).unwrap_or_default(),
            })
        };
        asked.into_iter().map(row).collect()
    }

    /// The first column of every row that a query finds, as text.
    ///
    /// # Errors
    /// SQLite's, with the file.
    pub fn column(
        &self,
        read_model: ReadModel,
        query: &'static str,
    ) -> Result<Vec<String>, StoreError> {
        let rows = self.query(read_model, query, None)?;
        Ok(rows.iter().map(|row| text(row, 0)).collect())
    }

    /// Runs a query on the file of a read model.
    fn query(
        &self,
        read_model: ReadModel,
        query: &'static str,
        parameter: Option<&str>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let path = read_model.path(&self.folder);
        let options = SqliteConnectOptions::new().filename(&path).read_only(true);
        let rows = self.runtime.block_on(async {
            let mut connection = options.connect().await?;
            let mut asked = sqlx::query(query);
            if let Some(parameter) = parameter {
                asked = asked.bind(parameter);
            }
            let rows = asked.fetch_all(&mut connection).await?;
            connection.close().await?;
            Ok(rows)
        });
        rows.map_err(refused("read", &path))
    }
}

/// The columns of a row with their texts.
fn columns(row: &SqliteRow) -> Arc<[(Arc<str>, Arc<str>)]> {
    let column = |(index, column): (usize, &sqlx::sqlite::SqliteColumn)| {
        (Arc::from(column.name()), Arc::from(text(row, index)))
    };
    row.columns().iter().enumerate().map(column).collect()
}

/// A value as text: texts as they are, integers in digits, `null` for none.
fn text(row: &SqliteRow, index: usize) -> String {
    if let Ok(text) = row.try_get::<Option<String>, _>(index) {
        return text.unwrap_or_else(|| "null".to_owned());
    }
    row.try_get::<i64, _>(index).map(|integer| integer.to_string()).unwrap_or_default()
}
