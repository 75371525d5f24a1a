//! The customer notifications: a row for each message to be sent.
//!
//! Promises: every row names the record that set it off. It appends, so a record applied twice
//! sends two messages: it relies on its consumer to deliver once.
//! Does not know: how messages are sent.

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::delivered::{Delivered, Fact};
use super::store::ROWS_PER_STATEMENT;
use crate::demo::account::AccountEvent;
use crate::demo::order::OrderEvent;

/// The table and the way to find the messages about an entity.
pub(super) const SCHEMA: &str = "
    create table notifications (
        id integer primary key,
        recipient text not null,
        about text not null,
        message text not null,
        created_at text not null,
        src_topic text not null,
        src_partition integer not null,
        src_offset integer not null
    ) strict;
    create index notifications_about on notifications (about)";

/// A message to a customer.
struct Notification<'d> {
    /// Who gets it.
    recipient: &'d str,
    /// What it says.
    message: String,
    /// The record that set it off.
    record: &'d Delivered,
}

/// Appends the messages that these records set off.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    records: &[Delivered],
) -> Result<(), sqlx::Error> {
    let notifications: Vec<Notification<'_>> = records.iter().filter_map(notification).collect();
    for rows in notifications.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into notifications \
             (recipient, about, message, created_at, src_topic, src_partition, src_offset) ",
        );
        insert.push_values(rows, |mut row, notification| {
            let record = notification.record;
            row.push_bind(notification.recipient)
                .push_bind(&*record.entity)
                .push_bind(&notification.message)
                .push_bind(record.occurred_at())
                .push_bind(&*record.position.topic)
                .push_bind(record.position.partition)
                .push_bind(record.position.offset);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The message that a record sets off, if any.
fn notification(record: &Delivered) -> Option<Notification<'_>> {
    let entity = &record.entity;
    let (recipient, message) = match &record.fact {
        Fact::Order(order) => match &order.event {
            OrderEvent::Created(created) => {
                (&created.customer_id, format!("We have received {entity}."))
            }
            OrderEvent::ItemAdded(_) => return None,
            OrderEvent::Shipped(shipped) => {
                (&shipped.customer_id, format!("{entity} is on its way with {}.", shipped.carrier))
            }
            OrderEvent::Cancelled(cancelled) => {
                (&cancelled.customer_id, format!("{entity} was cancelled: {}.", cancelled.reason))
            }
        },
        Fact::Account(account) => match &account.event {
            AccountEvent::Opened(opened) => {
                (&opened.owner_id, format!("Welcome! {entity} is open."))
            }
            AccountEvent::Deposited(_) | AccountEvent::Withdrawn(_) => return None,
        },
        Fact::Foreign => return None,
    };
    Some(Notification { recipient, message, record })
}
