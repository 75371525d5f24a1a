//! The past of the reference system: thirty days of orders and accounts.
//!
//! Promises: every past event was decided by an aggregate, just like a live one; events ascend by
//! time and end before the given moment; the same scale gives the same bytes. The history holds the
//! order of the incident ([`INCIDENT_ORDER`]).
//! Does not know: Kafka, the clock.

pub mod catalogue;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::account::{Account, AccountEvent};
use super::aggregate::{Aggregate, Recorded};
use super::order::{Order, OrderEvent};
use super::publication::{Origin, Publication};
use super::request::Wish;

/// The order whose shipping the dashboard missed.
pub const INCIDENT_ORDER: &str = "order-1042";

/// How many days of history there are.
pub const HISTORY_DAYS: i64 = 30;

/// How many orders there are unless told otherwise: together with the accounts about 50,000 events.
pub const DEFAULT_ORDERS: u32 = 9_000;

/// A minute.
const MINUTE_MS: i64 = 60_000;

/// A day.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// How long ago the second version of the event schemas came into use.
const SECOND_SCHEMA_AGE_MS: i64 = 18 * DAY_MS;

/// How much history is wanted, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many orders; there is one account for ten of them. At least one, so that there is an
    /// incident.
    pub orders: u32,
    /// Which history.
    pub seed: u64,
    /// Where it ends, in milliseconds since the epoch.
    pub now_ms: i64,
}

impl Scale {
    /// How many accounts there are, numbered from 1; account N belongs to customer N.
    pub fn accounts(&self) -> u32 {
        (self.orders / 10).max(1)
    }

    /// The number of the first order after the past ones.
    pub fn next_order(&self) -> u64 {
        let count = usize::try_from(self.orders).unwrap_or(usize::MAX);
        (plan::first_order_number(count) as u64).saturating_add(u64::from(self.orders.max(1)))
    }
}

/// Every past event in the order it happened, ready to be published.
pub fn history(scale: &Scale) -> Vec<Publication> {
    let scale = Scale { orders: scale.orders.max(1), ..*scale };
    let second_schema_ms = scale.now_ms - SECOND_SCHEMA_AGE_MS;
    let mut orders = Aggregates::<Order>::default();
    let mut accounts = Aggregates::<Account>::default();
    let planned = plan::commands(&scale);
    let mut publications = Vec::with_capacity(planned.len());
    for command in planned {
        let old = command.at_ms < second_schema_ms;
        let (entity, at_ms, origin) = (command.entity, command.at_ms, command.origin);
        publications.extend(match command.wish {
            Wish::Order(wish) => {
                let as_written =
                    |event: OrderEvent| if old { event.in_first_schema() } else { event };
                orders.handle(&entity, &wish, at_ms, origin, as_written)
            }
            Wish::Account(wish) => {
                let as_written =
                    |event: AccountEvent| if old { event.in_first_schema() } else { event };
                accounts.handle(&entity, &wish, at_ms, origin, as_written)
            }
        });
    }
    publications
}

/// The states of all aggregates of a kind while their past is made.
struct Aggregates<A>(HashMap<String, A>);

impl<A> Default for Aggregates<A> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<A: Aggregate> Aggregates<A> {
    /// The publication a command led to; none when the aggregate refused it, as it does in life.
    fn handle(
        &mut self,
        entity: &str,
        command: &A::Command,
        at_ms: i64,
        origin: Origin,
        as_written: impl Fn(A::Event) -> A::Event,
    ) -> Option<Publication> {
        let state = self.0.entry(entity.to_owned()).or_default();
        let event = as_written(state.decide(entity, command).ok()?);
        state.evolve(&event);
        let recorded = Recorded { version: state.version(), occurred_ms: at_ms, event };
        Some(Publication::of::<A>(entity, &recorded, origin))
    }
}
