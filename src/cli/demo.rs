//! `demo`: what the reference system is started with.
//!
//! Promises: without options nothing but the embedded cluster is ever written to.
//! Does not know: the reference system; the program hands the request on to it.

use super::args::DemoArgs;
use super::context::{Context, recent_file};
use super::{CommandError, Outcome, RunDemo};
use crate::kafka::Settings;
use crate::model::Cancel;
use crate::workspace::RecentFile;

/// What the reference system is started with.
#[derive(Clone, Debug)]
pub struct DemoRequest {
    /// The cluster to write to, when one was named.
    pub cluster: Option<Settings>,
    /// Whether it runs without a window.
    pub headless: bool,
    /// Whether it ends as soon as it is ready.
    pub once: bool,
    /// How many past orders there are, when that was said.
    pub orders: Option<u32>,
    /// Which past and which traffic.
    pub seed: u64,
    /// Where the connections used before are kept: its window can leave the demo for them.
    pub recent: Option<RecentFile>,
    /// Ends it.
    pub cancel: Cancel,
}

/// Runs the reference system.
///
/// # Errors
/// When a setting is wrong, or it cannot start.
pub(super) fn run(
    args: &DemoArgs,
    context: &Context,
    run_demo: RunDemo<'_>,
) -> Result<Outcome, CommandError> {
    let cluster = context.names_cluster().then(|| context.settings()).transpose()?;
    let cancel = context.cancel.clone();
    let DemoArgs { headless, once, orders, seed } = *args;
    let recent = recent_file();
    let request =
        DemoRequest { cluster, headless, once, orders, seed, recent, cancel: cancel.clone() };
    run_demo(request)?;
    Ok(if cancel.is_cancelled() { Outcome::Cancelled } else { Outcome::Answered })
}
