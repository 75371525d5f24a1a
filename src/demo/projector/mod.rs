//! The read side: three projectors, each its own consumer group with its own read model.
//!
//! Promises: a projector applies what it is given as one transaction and commits its position after
//! that, unless a fault that was switched on makes it do otherwise; a read model is nothing but
//! what its records say.
//! Does not know: commands.

mod dashboard;
mod delivered;
mod notifications;
mod runner;
mod sales_report;
mod store;
#[cfg(test)]
mod tests;

pub use delivered::{Delivered, Fact, UnreadableRecord};
pub use runner::{Missed, Progress, RunningProjector, StartError};
pub use store::{Lookup, Store, StoreError};

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnection;

use crate::workspace::{ACCOUNT_EVENTS, ORDER_EVENTS};

/// A read model and the projector that writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReadModel {
    /// One row for each order: `dashboard`.
    Dashboard,
    /// Counts and revenue for each day: `sales_report`.
    SalesReport,
    /// A row for each message to a customer: `notifications`.
    Notifications,
}

impl ReadModel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dashboard, Self::SalesReport, Self::Notifications];

    /// The projector's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::SalesReport => "sales-report",
            Self::Notifications => "notifications",
        }
    }

    /// The projector's consumer group.
    pub fn group(self) -> &'static str {
        match self {
            Self::Dashboard => "order-dashboard",
            Self::SalesReport => "sales-report",
            Self::Notifications => "customer-notifications",
        }
    }

    /// The topics it reads.
    pub fn topics(self) -> &'static [&'static str] {
        match self {
            Self::Dashboard | Self::SalesReport => &[ORDER_EVENTS],
            Self::Notifications => &[ORDER_EVENTS, ACCOUNT_EVENTS],
        }
    }

    /// Its file in the folder of all of them.
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.sqlite", self.name()))
    }

    /// Its tables.
    fn schema(self) -> &'static str {
        match self {
            Self::Dashboard => dashboard::SCHEMA,
            Self::SalesReport => sales_report::SCHEMA,
            Self::Notifications => notifications::SCHEMA,
        }
    }

    /// Brings it up to these records.
    async fn apply(
        self,
        connection: &mut SqliteConnection,
        records: &[Delivered],
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Dashboard => dashboard::apply(connection, records).await,
            Self::SalesReport => sales_report::apply(connection, records).await,
            Self::Notifications => notifications::apply(connection, records).await,
        }
    }
}
