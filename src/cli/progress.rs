//! Progress of long reads, on a terminal; troubles, anywhere.
//!
//! Promises: a bar is drawn only where a person looks, and is gone when the answer stands; what a
//! reader must know of a read is said on stderr once.
//! Does not know: what is read for.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::{interrupt, report};
use crate::model::ReadEvent;

/// Shows how far a read is.
#[derive(Debug)]
pub(super) struct Progress {
    /// The bar; none where nobody looks.
    bar: Option<ProgressBar>,
    /// How far the read was when it said so last.
    reached: AtomicU64,
    /// Whether it reached the end and goes on with what arrives.
    caught_up: AtomicBool,
}

impl Progress {
    /// Shows nothing yet. `lines_follow` says that the answer itself scrolls by on the terminal.
    pub(super) fn new(lines_follow: bool) -> Self {
        let wanted = io::stderr().is_terminal() && !(lines_follow && io::stdout().is_terminal());
        let bar = wanted.then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, reached: AtomicU64::new(0), caught_up: AtomicBool::new(false) }
    }

    /// Takes what a read says.
    pub(super) fn see(&self, event: &ReadEvent) {
        match event {
            ReadEvent::Progress(partitions) => {
                let records: u64 = partitions.iter().map(|read| read.records).sum();
                let is_further = self.reached.swap(records, Ordering::Relaxed) != records;
                if is_further && !self.caught_up.load(Ordering::Relaxed) {
                    interrupt::wait();
                }
                let Some(bar) = &self.bar else { return };
                let span = |to: i64, from: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
                let all = partitions.iter().map(|read| span(read.end, read.from)).sum();
                let done = partitions.iter().map(|read| span(read.position, read.from)).sum();
                bar.set_length(all);
                bar.set_position(done);
                bar.set_message(format!("{records} records"));
            }
            ReadEvent::Trouble(text) => self.say(&format!("reading stands still: {text}")),
            ReadEvent::Recovered => self.say("reading goes on"),
            ReadEvent::Lost(range) => self.say(&format!(
                "offsets {} to {} of {}-{} were deleted before they could be read",
                range.from,
                range.to - 1,
                range.topic,
                range.partition
            )),
            ReadEvent::Offline(partitions) => partitions
                .iter()
                .for_each(|one| self.say(&format!("{one} has no leader: nothing of it is read"))),
            ReadEvent::Joined(partition) => {
                self.say(&format!("{partition} can be read now, and is from here on"));
            }
            // Whoever follows waits for what may never come.
            ReadEvent::CaughtUp => {
                self.caught_up.store(true, Ordering::Relaxed);
                interrupt::stop_waiting();
            }
            ReadEvent::Batch(_) => {}
        }
    }

    /// Says something beside the bar.
    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| report::warning(text)),
            None => report::warning(text),
        }
    }

    /// Takes how many of some steps are done.
    pub(super) fn count(&self, done: usize, all: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        interrupt::stop_waiting();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
