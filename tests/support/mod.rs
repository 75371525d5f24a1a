//! What the integration tests share: a real Apache Kafka, records to put into it, the tools of
//! other people.
//!
//! Promises: everything started here ends with the test binary, however that ends.
//! Does not know: what is tested.

#![allow(dead_code, reason = "each test binary uses the part of the support code that it needs")]

pub(crate) mod certificates;
pub(crate) mod cli;
pub(crate) mod kafka;
pub(crate) mod node;
pub(crate) mod postgres;
pub(crate) mod raw_records;
pub(crate) mod reading;
pub(crate) mod records;
pub(crate) mod screen;
pub(crate) mod stores;
pub(crate) mod tools;
pub(crate) mod watched;
pub(crate) mod workspace;
