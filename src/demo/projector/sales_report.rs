//! The sales report: how many orders each day saw, and what was earned by shipping.
//!
//! Promises: counts and cents are exact. It adds, so a record applied twice counts twice: it relies
//! on its consumer to deliver once.
//! Does not know: which records it has seen.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::delivered::{Delivered, Fact};
use super::store::ROWS_PER_STATEMENT;
use crate::demo::order::OrderEvent;

/// The table.
pub(super) const SCHEMA: &str = "
    create table days (
        day text primary key,
        orders_created integer not null,
        orders_shipped integer not null,
        orders_cancelled integer not null,
        revenue_cents integer not null
    ) strict, without rowid";

/// What a batch adds to one day.
#[derive(Default)]
struct DaySum {
    /// Orders opened.
    created: i64,
    /// Orders shipped.
    shipped: i64,
    /// Orders cancelled.
    cancelled: i64,
    /// What the shipped orders were worth, in cents.
    revenue_cents: i64,
}

/// Adds these records to their days.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    records: &[Delivered],
) -> Result<(), sqlx::Error> {
    let sums: Vec<(String, DaySum)> = day_sums(records).into_iter().collect();
    for days in sums.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into days (day, orders_created, orders_shipped, orders_cancelled, revenue_cents) ",
        );
        insert.push_values(days, |mut row, (day, sum)| {
            row.push_bind(day)
                .push_bind(sum.created)
                .push_bind(sum.shipped)
                .push_bind(sum.cancelled)
                .push_bind(sum.revenue_cents);
        });
        insert.push(
            " on conflict (day) do update set \
             orders_created = orders_created + excluded.orders_created, \
             orders_shipped = orders_shipped + excluded.orders_shipped, \
             orders_cancelled = orders_cancelled + excluded.orders_cancelled, \
             revenue_cents = revenue_cents + excluded.revenue_cents",
        );
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What these records add to the days they happened on.
fn day_sums(records: &[Delivered]) -> BTreeMap<String, DaySum> {
    let mut sums: BTreeMap<String, DaySum> = BTreeMap::new();
    for record in records {
        let Fact::Order(order) = &record.fact else { continue };
        // An RFC 3339 text begins with its day.
        let day = record.occurred_at().chars().take(10).collect();
        let sum = sums.entry(day).or_default();
        match &order.event {
            OrderEvent::Created(_) => sum.created += 1,
            OrderEvent::ItemAdded(_) => {}
            OrderEvent::Shipped(shipped) => {
                sum.shipped += 1;
                sum.revenue_cents += shipped.total.cents();
            }
            OrderEvent::Cancelled(_) => sum.cancelled += 1,
        }
    }
    sums
}
