//! Threads that must never wait: the one that owns what the window shows.
//!
//! Promises: what may take long says so before it begins, and on such a thread a build with debug
//! assertions stops there; other builds go on and pay nothing.
//! Does not know: which threads those are.

use std::cell::Cell;

thread_local! {
    /// Whether this thread must never wait.
    static NEVER_WAITS: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread must never wait.
pub fn never_wait_here() {
    NEVER_WAITS.set(true);
}

/// Something that may take long is about to be done here: a file is read, a script is run, records
/// are decoded or read. `what` says it as words after which "on a thread…" can stand.
#[track_caller]
pub fn may_take_long(what: &str) {
    debug_assert!(!NEVER_WAITS.get(), "{what} on a thread that must never wait");
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_may_take_long_is_done_on_any_thread_but_one_that_must_never_wait() {
        may_take_long("reading a file");
        let named = thread::Builder::new().name("quick".to_owned());
        let quick = named.spawn(|| {
            may_take_long("reading a file");
            never_wait_here();
            may_take_long("reading a file");
        });
        let panic = quick.unwrap().join().unwrap_err();
        let words = panic.downcast_ref::<String>().unwrap();
        assert_eq!(words, "reading a file on a thread that must never wait");
    }
}
