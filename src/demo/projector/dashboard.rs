//! The operational dashboard: one row for each order, as far as it is now.
//!
//! Promises: a row tells which record wrote it last; applying a record twice changes nothing; a row
//! whose creation was missed has no status rather than a guessed one.
//! Does not know: consumer groups.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::delivered::{Delivered, Fact};
use super::store::ROWS_PER_STATEMENT;
use crate::demo::money::Money;
use crate::demo::order::{OrderEvent, OrderStatus};

/// The table.
pub(super) const SCHEMA: &str = "
    create table orders (
        id text primary key,
        status text,
        total text not null,
        updated_at text not null,
        src_partition integer not null,
        src_offset integer not null
    ) strict, without rowid";

/// What a batch does to one row. The last record wins.
struct RowUpdate<'d> {
    /// The new status, if a record told one.
    status: Option<OrderStatus>,
    /// The new total.
    total: Money,
    /// The record that was last.
    last: &'d Delivered,
}

/// Brings the rows up to these records.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    records: &[Delivered],
) -> Result<(), sqlx::Error> {
    let updates: Vec<(&str, RowUpdate<'_>)> = row_updates(records).into_iter().collect();
    for rows in updates.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into orders (id, status, total, updated_at, src_partition, src_offset) ",
        );
        insert.push_values(rows, |mut row, (id, update)| {
            row.push_bind(*id)
                .push_bind(update.status.map(OrderStatus::as_str))
                .push_bind(update.total.to_string())
                .push_bind(update.last.occurred_at())
                .push_bind(update.last.position.partition)
                .push_bind(update.last.position.offset);
        });
        insert.push(
            " on conflict (id) do update set status = coalesce(excluded.status, orders.status), \
             total = excluded.total, updated_at = excluded.updated_at, \
             src_partition = excluded.src_partition, src_offset = excluded.src_offset",
        );
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What these records do to the rows they are about.
fn row_updates(records: &[Delivered]) -> BTreeMap<&str, RowUpdate<'_>> {
    let mut updates: BTreeMap<&str, RowUpdate<'_>> = BTreeMap::new();
    for record in records {
        let Fact::Order(order) = &record.fact else { continue };
        let (status, total) = match &order.event {
            OrderEvent::Created(created) => (Some(created.status), created.total),
            OrderEvent::ItemAdded(added) => (None, added.total),
            OrderEvent::Shipped(shipped) => (Some(shipped.status), shipped.total),
            OrderEvent::Cancelled(cancelled) => (Some(cancelled.status), cancelled.total),
        };
        let before = updates.get(&*record.entity).and_then(|update| update.status);
        let update = RowUpdate { status: status.or(before), total, last: record };
        updates.insert(&record.entity, update);
    }
    updates
}
