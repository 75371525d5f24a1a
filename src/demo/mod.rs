//! The reference system: a shop and a bank built on events.

pub mod account;
pub mod aggregate;
pub mod money;
pub mod order;
pub mod projector;
pub mod publication;
pub mod random;
pub mod request;
pub mod seed;
pub mod traffic;
