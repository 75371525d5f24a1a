//! Where a link led.
//!
//! Promises: a link that is followed twice is told twice.
//! Does not know: tabs.

use crate::config::LinkedPlace;

/// Where a link led that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Grows with every link.
    pub number: u64,
    /// What the window opens.
    pub place: LinkedPlace,
}
