//! Watches over code that people wrote: scripts and filters, which may not come back.
//!
//! Promises: whoever began a piece of such work and neither ended it within `LONGEST` nor kept to
//! `GROWTH_BYTES` of memory meanwhile is told of once, from a thread of its own, so that the
//! process can be ended or the work written off. Watching costs two stores in memory for each piece
//! of work and looks at no clock.
//! Does not know: how such work is ended. An engine stops itself wherever it looks at its limits;
//! what runs within one native function of it never looks, and nothing within the same process can
//! end that.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::model::may_take_long;

/// How long one piece of work may take.
const LONGEST: Duration = Duration::from_secs(8);

/// How much the process may grow during one piece of work, in bytes. What an engine may hold is far
/// below it.
const GROWTH_BYTES: u64 = 700 << 20;

/// How often the watcher looks.
const LOOK: Duration = Duration::from_millis(100);

/// Where no event is named.
const NOWHERE: i64 = -1;

/// Work that does not come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// What is being run: a script's name, or an expression.
    pub what: Arc<str>,
    /// Partition and offset of the event it does not come back from.
    pub at: Option<(i64, i64)>,
    /// Whether it took too much memory, and not too long.
    pub memory: bool,
}

impl Stuck {
    /// Why it was given up, in words.
    pub fn why(&self) -> String {
        let at =
            self.at.map(|(partition, offset)| format!(" from the event at {partition}:{offset}"));
        let at = at.unwrap_or_default();
        if self.memory {
            format!(
                "it takes more than {} MiB of memory and does not come back{at}",
                GROWTH_BYTES >> 20
            )
        } else {
            format!("it did not come back{at} for {} seconds", LONGEST.as_secs())
        }
    }
}

/// Someone who runs such work, one piece after the other.
#[derive(Debug)]
pub struct Watch(Arc<Beat>);

/// What the watcher sees of a `Watch`.
#[derive(Debug)]
struct Beat {
    /// What is being run.
    what: Arc<str>,
    /// How often a piece of work was begun or ended: odd while one is being done.
    turns: AtomicU64,
    /// The partition of the event; `NOWHERE` for none.
    partition: AtomicI64,
    /// Its offset.
    offset: AtomicI64,
}

impl Watch {
    /// Begins to watch over whoever runs this.
    pub fn over(what: &Arc<str>) -> Self {
        let beat = Arc::new(Beat {
            what: Arc::clone(what),
            turns: AtomicU64::new(0),
            partition: AtomicI64::new(NOWHERE),
            offset: AtomicI64::new(NOWHERE),
        });
        watcher().lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&beat));
        Self(beat)
    }

    /// Names the event that the next piece of work is done for.
    pub fn set_event(&self, partition: i32, offset: i64) {
        self.0.partition.store(i64::from(partition), Ordering::Relaxed);
        self.0.offset.store(offset, Ordering::Relaxed);
    }

    /// Begins a piece of work, which ends when what is returned is dropped.
    pub fn begin(&self) -> Turn<'_> {
        may_take_long("running a script or a filter");
        let turns = self.0.turns.load(Ordering::Relaxed);
        assert!(turns.is_multiple_of(2), "a piece of work ends before the next one begins");
        self.0.turns.store(turns + 1, Ordering::Relaxed);
        Turn(&self.0)
    }
}

/// A piece of work being done.
#[derive(Debug)]
pub struct Turn<'w>(&'w Beat);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let turns = self.0.turns.load(Ordering::Relaxed);
        assert!(!turns.is_multiple_of(2), "what ends has begun");
        self.0.turns.store(turns + 1, Ordering::Relaxed);
    }
}

/// Who is told of work that does not come back.
type Listener = Box<dyn Fn(&Stuck) + Send + Sync>;

/// The listeners of this process.
static LISTENERS: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

/// Names someone who is told of work that does not come back, for as long as the process lives.
pub fn tell_of_stuck(listener: impl Fn(&Stuck) + Send + Sync + 'static) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
}

/// Everything watched over in this process.
type Watched = Mutex<Vec<Weak<Beat>>>;

/// What is watched over. The first to ask starts the thread that watches.
fn watcher() -> &'static Watched {
    static WATCHED: OnceLock<Watched> = OnceLock::new();
    WATCHED.get_or_init(|| {
        let started = thread::Builder::new().name("watchdog".to_owned()).spawn(|| watch(watcher()));
        // Without the thread everything else works as before; engines still stop themselves.
        drop(started);
        Mutex::default()
    })
}

/// What the watcher knows of a piece of work.
struct Seen {
    /// Who does it.
    beat: Weak<Beat>,
    /// Which piece it is.
    turn: u64,
    /// When it was seen first.
    since: Instant,
    /// What the process held then, in bytes.
    held_bytes: u64,
    /// Whether it was told of.
    told: bool,
}

/// Watches for as long as the process lives.
fn watch(watched: &Watched) {
    let mut seen: Vec<Seen> = Vec::new();
    for _ in crossbeam_channel::tick(LOOK) {
        let mut beats = watched.lock().unwrap_or_else(PoisonError::into_inner);
        beats.retain(|beat| beat.strong_count() > 0);
        let busy: Vec<(Arc<Beat>, u64)> = beats
            .iter()
            .filter_map(Weak::upgrade)
            .map(|beat| (Arc::clone(&beat), beat.turns.load(Ordering::Relaxed)))
            .filter(|(_, turn)| !turn.is_multiple_of(2))
            .collect();
        drop(beats);
        let held_bytes = if busy.is_empty() { 0 } else { held_bytes() };
        let is_same = |seen: &Seen, (beat, turn): &(Arc<Beat>, u64)| {
            seen.turn == *turn && std::ptr::eq(seen.beat.as_ptr(), Arc::as_ptr(beat))
        };
        seen.retain(|seen| busy.iter().any(|now| is_same(seen, now)));
        for now in busy {
            if let Some(known) = seen.iter_mut().find(|seen| is_same(seen, &now)) {
                known.look(&now.0, held_bytes).iter().for_each(tell);
            } else {
                let (beat, turn) = (Arc::downgrade(&now.0), now.1);
                seen.push(Seen { beat, turn, since: Instant::now(), held_bytes, told: false });
            }
        }
    }
}

impl Seen {
    /// What is to be told of the work, when it takes too long or too much. Once is enough.
    fn look(&mut self, beat: &Beat, held_bytes: u64) -> Option<Stuck> {
        let memory = held_bytes > self.held_bytes.saturating_add(GROWTH_BYTES);
        if self.told || !(memory || self.since.elapsed() > LONGEST) {
            return None;
        }
        self.told = true;
        let offset = beat.offset.load(Ordering::Relaxed);
        let at = (offset != NOWHERE).then(|| (beat.partition.load(Ordering::Relaxed), offset));
        Some(Stuck { what: Arc::clone(&beat.what), at, memory })
    }
}

/// Tells of work that does not come back.
fn tell(stuck: &Stuck) {
    tracing::warn!(what = %stuck.what, why = stuck.why(), "given up");
    let listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.iter().for_each(|listener| listener(stuck));
}

/// What this process holds in memory, in bytes; 0 where the system does not tell.
fn held_bytes() -> u64 {
    const PAGE_BYTES: u64 = 4096;
    let told = fs_err::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that was seen to begin so long ago, while the process held nothing.
    fn seen(watch: &Watch, ago: Duration) -> Seen {
        Seen {
            beat: Arc::downgrade(&watch.0),
            turn: watch.0.turns.load(Ordering::Relaxed),
            since: Instant::now().checked_sub(ago).unwrap(),
            held_bytes: 0,
            told: false,
        }
    }

    #[test]
    fn work_that_takes_too_long_is_told_once_with_its_event() {
        let watch = Watch::over(&"slow.js".into());
        watch.set_event(3, 17);
        let turn = watch.begin();
        assert!(seen(&watch, Duration::ZERO).look(&watch.0, 0).is_none());
        let mut long = seen(&watch, LONGEST + Duration::from_secs(1));
        let stuck = long.look(&watch.0, 0).unwrap();
        assert_eq!((&*stuck.what, stuck.at, stuck.memory), ("slow.js", Some((3, 17)), false));
        assert!(stuck.why().contains("from the event at 3:17"), "{}", stuck.why());
        assert!(long.look(&watch.0, 0).is_none());
        drop(turn);
        drop(watch.begin());
    }

    #[test]
    fn work_that_takes_too_much_memory_is_told_at_once() {
        let watch = Watch::over(&"greedy.js".into());
        let stuck = seen(&watch, Duration::ZERO).look(&watch.0, GROWTH_BYTES + 1).unwrap();
        assert!(stuck.memory && stuck.at.is_none(), "{stuck:?}");
        assert!(stuck.why().contains("MiB"), "{}", stuck.why());
        assert!(!cfg!(target_os = "linux") || held_bytes() > 0);
    }
}
