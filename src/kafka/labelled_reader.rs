//! Reading with what became of every record's transaction.
//!
//! Promises: committed readers pay nothing for it.
//! Does not know: how partitions are read (`reader`), how outcomes are found out (`transactions`).

use std::ops::ControlFlow;

use super::connection::Connection;
use super::error::KafkaError;
use super::reader::{nothing_read, read_with};
use super::transactions::outcomes;
use crate::model::{Cancel, ReadEvent, ReadOutcome, ReadPlan};

/// Reads what the plan asks for and hands every event to the sink.
///
/// It ends when all is read, when the sink breaks, or when it is called off. With `uncommitted`
/// isolation every record is labelled with what became of its transaction; on a cluster with
/// transactions that takes a first pass over the log.
///
/// The reads in `Progress` are without their gaps; those of the outcome have them.
///
/// # Errors
/// When a topic or partition is unknown or may not be read, when a log is cut back or a topic is
/// deleted or created anew meanwhile, or when data cannot be read. A broker that is gone is no
/// error: it is waited for.
pub fn read(
    connection: &Connection,
    plan: &ReadPlan,
    cancel: &Cancel,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadOutcome, KafkaError> {
    match outcomes(connection, plan, cancel) {
        Ok(outcomes) => read_with(connection, plan, &outcomes, cancel, sink),
        Err(KafkaError::Cancelled { .. }) => Ok(nothing_read(plan)),
        Err(error) => Err(error),
    }
}
