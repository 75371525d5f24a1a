//! What ends a command from outside: Ctrl-C, a script that does not come back, a cluster that says
//! nothing.
//!
//! Promises: a command ends within a moment of Ctrl-C whatever it is doing, with status 130; what
//! it had printed stays. A script or filter that does not come back ends the program with what is
//! known of it. Silence of a cluster is told.
//! Does not know: commands.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{after, tick};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::{CommandError, report};
use crate::fold::{self, Stuck};
use crate::model::Cancel;
use crate::workspace::clock::now_ms;

/// The exit status of a command that was cancelled.
const CANCELLED_STATUS: i32 = 130;

/// How long a command that is asked to end may take to end by itself.
const GRACE: Duration = Duration::from_millis(800);

/// After how much silence of a cluster that is told, in milliseconds.
const SILENCE_MS: i64 = 10_000;

/// How often everything is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Since when a cluster is waited for, in milliseconds since the epoch; `NOT_WAITING` while none
/// is.
static WAITING_SINCE_MS: AtomicI64 = AtomicI64::new(NOT_WAITING);

/// While no cluster is waited for.
const NOT_WAITING: i64 = i64::MAX;

/// Whether the command tidies up by itself, however long that takes.
static TIDIES: AtomicBool = AtomicBool::new(false);

/// Says that from now on the command asks nobody anything and tidies up by itself.
pub(super) fn tidies() {
    TIDIES.store(true, Ordering::Relaxed);
}

/// Lets Ctrl-C, and what asks a service to end, throw the switch, and watches over the command from
/// now on. The second time the program ends at once; so it does when the command does not end by
/// itself, unless it `tidies` up for long.
///
/// # Errors
/// When the system does not let signals be caught.
pub(super) fn watch(cancel: &Cancel) -> Result<(), CommandError> {
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, CANCELLED_STATUS, cancel.flag())?;
        flag::register(signal, cancel.flag())?;
    }
    fold::tell_of_stuck(end_stuck);
    let cancel = cancel.clone();
    thread::Builder::new().name("interrupt".to_owned()).spawn(move || look(&cancel))?;
    Ok(())
}

/// Looks again and again for as long as the command runs.
fn look(cancel: &Cancel) {
    for _ in tick(LOOK) {
        if cancel.is_cancelled() && !TIDIES.load(Ordering::Relaxed) {
            // Nobody sends anything: this waits for as long as the command may take.
            let _when = after(GRACE).recv();
            low_level::exit(CANCELLED_STATUS);
        }
        let since_ms = WAITING_SINCE_MS.load(Ordering::Relaxed);
        if now_ms().saturating_sub(since_ms) >= SILENCE_MS {
            report::warning(&format!(
                "nothing arrived from the cluster for {} s; waiting on (Ctrl-C ends it)",
                SILENCE_MS / 1000
            ));
            stop_waiting();
        }
    }
}

/// Says that a cluster is waited for, and that it just said something.
pub(super) fn wait() {
    WAITING_SINCE_MS.store(now_ms(), Ordering::Relaxed);
}

/// Says that no cluster is waited for.
pub(super) fn stop_waiting() {
    WAITING_SINCE_MS.store(NOT_WAITING, Ordering::Relaxed);
}

/// Ends the program because a script or a filter does not come back, which nothing else can end.
fn end_stuck(stuck: &Stuck) {
    let what = format!("{} was given up", stuck.what);
    report::error(&what, Some(&stuck.why()), Some("is there a loop without an end in it?"));
    // What cannot even be read is wrong input; what does not come back from an event has failed on
    // it.
    low_level::exit(if stuck.at.is_some() { 1 } else { 2 });
}
