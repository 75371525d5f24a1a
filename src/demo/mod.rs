//! The reference system: a shop and a bank, built the way Foldback's users build theirs.
//!
//! ```text
//! request ──▶ command side ──decide──▶ event ──publish──▶ order-events, account-events
//!               ▲    aggregate: Order, Account                    │
//!               └──────────── evolve by all past events ◀─────────┤
//!                                                                 ▼
//!                               projectors, each a consumer group with a read model of its own:
//!                               dashboard · sales-report · notifications (SQLite)
//! ```
//!
//! The write side: a [`request`] reaches the [`command_side`], which knows each aggregate from its
//! events alone. The aggregate ([`order`], [`account`]) *decides*: a pure function from state and
//! command to an event or a refusal. The event is published under the aggregate's id, with its
//! version, so that the order of events is the order of the partition. [`aggregate`] says what
//! makes an aggregate.
//!
//! The read side: each [`projector`] polls the topics as a consumer group, applies events to its
//! SQLite file in one transaction and then commits its position. It can be broken on purpose, in
//! the ways consumers break in life.
//!
//! The past: [`seed`] makes thirty days of history through the very same decisions. In it, the
//! dashboard's projector once committed before it applied and died, so that `order-1042` shows as
//! CREATED on the dashboard while the log says SHIPPED, and its group has no lag. Nothing of this
//! is patched in: the projector really runs with that fault over the seeded log.
//!
//! [`service`] runs all of it on named threads behind a [`DemoPort`](crate::workspace::DemoPort),
//! [`headless`] prints what it reaches.
//!
//! Promises: money is exact; the same seed gives the same past; a refusal has words; on a cluster
//! of somebody's own it writes only to topics it created.
//! Does not know: windows and command lines. Nothing but the program's entry uses this floor.

pub mod account;
pub mod aggregate;
mod command_loop;
pub mod command_side;
mod error;
pub mod headless;
pub mod money;
pub mod order;
pub mod projector;
pub mod publication;
pub mod request;
pub mod seed;
pub mod service;
mod topics;
pub mod traffic;

pub use command_loop::{Milestone, Readiness};
pub use error::DemoError;
pub use service::{Options, Running, start};
