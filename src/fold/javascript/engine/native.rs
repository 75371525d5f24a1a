//! What a script can call outside of the engine: the facts of its event, emitting, logging, naming
//! partitions.
//!
//! Promises: nothing here reads a clock that a script can see, or keeps more than its limits.
//! Does not know: JavaScript objects; they come and go as texts and numbers.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rquickjs::{Ctx, Exception, Function, IntoJs as _, Object, Value};
use xxhash_rust::xxh3::xxh3_64;

use crate::fold::Watch;
use crate::fold::javascript::{Limits, ProjectionInput};

/// How many steps of the engine lie between two looks at the limits.
const STEPS_PER_LOOK: u64 = 10_000;

/// What no event may take, however busy the machine is: the steps are the limit that counts,
/// because they are the same on every machine.
const LONGEST: Duration = Duration::from_secs(5);

/// Up to how many looks a thrown `null` is one that the script threw; the engine throws it too when
/// it lacks the memory for an error, which takes longer to reach.
const LOOKS_OF_A_NULL: u64 = 8;

/// How many lines of a log are kept of one event.
const LOG_LINES: usize = 10_000;

/// How much of a line of a log is kept, in bytes.
const LOG_LINE_BYTES: usize = 4096;

/// What one event may emit, in bytes.
const EMITTED_BYTES: usize = 64 << 20;

/// How many fields of one event are told apart that hold no number.
const FIELDS: usize = 1000;

/// How partitions that a script names are numbered.
#[derive(Clone, Debug)]
pub(crate) enum Naming {
    /// All are one, because one entity has one state.
    Single,
    /// Each has its own number, but for those that another of so many engines works out.
    Shared {
        /// The number of this engine.
        engine: u64,
        /// How many there are.
        engines: u64,
    },
}

/// The event that handlers are given.
#[derive(Clone, Debug)]
pub(crate) enum Current {
    /// An event of its own.
    One(ProjectionInput),
    /// The one with this index of a batch.
    OfBatch(Arc<[ProjectionInput]>, usize),
}

impl Current {
    /// The event.
    fn input(&self) -> &ProjectionInput {
        match self {
            Self::One(input) => input,
            Self::OfBatch(batch, index) => &batch[*index],
        }
    }
}

/// An event that a script emitted, its parts as JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EmittedText {
    /// The stream.
    pub(crate) stream: String,
    /// The type.
    pub(crate) event_type: String,
    /// The body.
    pub(crate) body: String,
    /// The metadata.
    pub(crate) metadata: Option<String>,
}

/// What a script logged.
#[derive(Debug, Default)]
pub(crate) struct LoggedText {
    /// The first lines, each as far as it is kept.
    pub(crate) lines: Vec<String>,
    /// How many lines there were.
    pub(crate) count: u64,
    /// How many of those kept were cut.
    pub(crate) cut: u64,
}

impl LoggedText {
    /// Adds a line. One that is too long says how much of it is missing.
    fn add(&mut self, mut line: String) {
        self.count += 1;
        if self.lines.len() >= LOG_LINES {
            return;
        }
        let kept = line.floor_char_boundary(LOG_LINE_BYTES);
        if kept < line.len() {
            self.cut += 1;
            let missing = format!("… ({} bytes more)", line.len() - kept);
            line.truncate(kept);
            line.push_str(&missing);
            line.shrink_to_fit();
        }
        self.lines.push(line);
        assert!(self.lines.len() as u64 <= self.count, "every line is counted");
    }
}

/// Numbers in states that were none, by the path they stood at: how many.
pub(crate) type NotANumber = BTreeMap<String, u64>;

/// Finds a state by the number of its partition.
type FindState = Box<dyn Fn(u32) -> Option<String>>;

/// Finds states that another run left; nothing where there is none.
#[derive(Default)]
struct StateFinder(RefCell<Option<FindState>>);

impl std::fmt::Debug for StateFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateFinder")
    }
}

/// What a script can call, and what it left.
#[derive(Debug)]
pub(crate) struct Native {
    /// What an event may take.
    pub(crate) limits: Limits,
    /// How partitions are numbered.
    naming: Naming,
    /// Watches over it from outside.
    pub(super) watch: Watch,
    /// How many looks the event has left.
    looks_left: Cell<u64>,
    /// How many looks it has taken.
    looks: Cell<u64>,
    /// When the first of them was.
    since: Cell<Option<Instant>>,
    /// Whether the event was stopped.
    interrupted: Cell<bool>,
    /// Whether memory ran out.
    out_of_memory: Cell<bool>,
    /// Whether a promise was made.
    promise: Cell<bool>,
    /// The event.
    current: RefCell<Option<Current>>,
    /// States that were put aside, by the numbers of their partitions.
    parked: RefCell<HashMap<u32, String>>,
    /// What those take, in bytes.
    parked_bytes: Cell<usize>,
    /// Finds a state that was never put here, by the number of its partition.
    state_finder: StateFinder,
    /// The partitions the script named, by their numbers; the last one alone where all are one.
    partitions: RefCell<Vec<String>>,
    /// What was emitted and not taken yet.
    emitted: RefCell<Vec<EmittedText>>,
    /// What that takes, in bytes.
    emitted_bytes: Cell<usize>,
    /// What was logged and not taken yet.
    logged: RefCell<LoggedText>,
    /// Numbers that were none.
    not_a_number: RefCell<NotANumber>,
}

impl Native {
    /// Nothing yet.
    pub(super) fn new(script: &Arc<str>, limits: Limits, naming: Naming) -> Self {
        Self {
            limits,
            naming,
            watch: Watch::over(script),
            looks_left: Cell::new(0),
            looks: Cell::new(0),
            since: Cell::new(None),
            interrupted: Cell::new(false),
            out_of_memory: Cell::new(false),
            promise: Cell::new(false),
            current: RefCell::new(None),
            parked: RefCell::default(),
            parked_bytes: Cell::new(0),
            state_finder: StateFinder::default(),
            partitions: RefCell::default(),
            emitted: RefCell::default(),
            emitted_bytes: Cell::new(0),
            logged: RefCell::default(),
            not_a_number: RefCell::default(),
        }
    }

    /// Begins an event that may take so many steps.
    pub(super) fn begin(&self, steps: u64) {
        self.looks_left.set(steps.div_ceil(STEPS_PER_LOOK));
        self.looks.set(0);
        self.since.set(None);
        self.promise.set(false);
    }

    /// Looks at the limits: whether the event is to be stopped.
    pub(super) fn is_over(&self) -> bool {
        let since = self.since.get().unwrap_or_else(|| {
            let now = Instant::now();
            self.since.set(Some(now));
            now
        });
        self.looks.set(self.looks.get() + 1);
        let left = self.looks_left.get().saturating_sub(1);
        self.looks_left.set(left);
        let is_over = left == 0 || since.elapsed() > LONGEST;
        self.interrupted.set(self.interrupted.get() | is_over);
        is_over
    }

    /// Whether an event was stopped.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.get()
    }

    /// Whether a limit was passed.
    pub(super) fn is_spent(&self) -> bool {
        self.interrupted.get() || self.out_of_memory.get()
    }

    /// Says that a promise was made.
    pub(super) fn note_promise(&self) {
        self.promise.set(true);
    }

    /// Whether a promise was made during the event.
    pub(super) fn made_promise(&self) -> bool {
        self.promise.get()
    }

    /// Notes that memory ran out.
    pub(super) fn note_out_of_memory(&self) {
        self.out_of_memory.set(true);
    }

    /// Whether a `null` that was thrown may mean that there was no memory left for an error. Then
    /// nothing in the engine can be relied on.
    pub(super) fn lacks_memory_for_an_error(&self) -> bool {
        let is_late = self.looks.get() > LOOKS_OF_A_NULL;
        self.out_of_memory.set(self.out_of_memory.get() | is_late);
        is_late
    }

    /// Why an event was stopped.
    pub(super) fn words_of_interrupt(&self) -> String {
        if self.looks_left.get() == 0 {
            let millions = self.looks.get() * STEPS_PER_LOOK / 1_000_000;
            format!("stopped after {millions} million steps: is there a loop without an end?")
        } else {
            format!("stopped after {} seconds", LONGEST.as_secs())
        }
    }

    /// Why memory ran out.
    pub(super) fn words_of_memory(&self) -> String {
        format!(
            "stopped because it took more than {} MiB of memory",
            self.limits.memory_bytes >> 20
        )
    }

    /// What a `null` means that was thrown late.
    pub(super) fn words_of_null(&self) -> String {
        format!(
            "it threw null, or it took more than {} MiB of memory, which ends the same way",
            self.limits.memory_bytes >> 20
        )
    }

    /// Sets the event.
    pub(super) fn set_current(&self, input: Current) {
        self.watch.set_event(input.input().partition, input.input().offset);
        self.current.replace(Some(input));
    }

    /// Puts a state aside.
    pub(crate) fn park(&self, partition: u32, state: String) {
        self.parked_bytes.set(self.parked_bytes.get() + state.len());
        let before = self.parked.borrow_mut().insert(partition, state);
        assert!(before.is_none(), "a state that is put aside is not in the engine as well");
    }

    /// What the states that are put aside take, in bytes.
    pub(crate) fn parked_bytes(&self) -> usize {
        self.parked_bytes.get()
    }

    /// Takes a state that was put aside.
    pub(crate) fn unpark(&self, partition: u32) -> Option<String> {
        let state = self.parked.borrow_mut().remove(&partition)?;
        assert!(state.len() <= self.parked_bytes.get(), "what is put aside is counted");
        self.parked_bytes.set(self.parked_bytes.get() - state.len());
        Some(state)
    }

    /// From now on states that were never put here are asked for there, each once.
    pub(crate) fn revive_with(&self, find: impl Fn(u32) -> Option<String> + 'static) {
        self.state_finder.0.replace(Some(Box::new(find)));
    }

    /// A state that was put aside, or that another run left.
    fn revived(&self, partition: u32) -> Option<String> {
        let parked = self.unpark(partition);
        parked.or_else(|| self.state_finder.0.borrow().as_ref().and_then(|find| find(partition)))
    }

    /// The names of the partitions that the script named, from this number on.
    pub(crate) fn partitions_from(&self, number: usize) -> Vec<String> {
        self.partitions.borrow().get(number..).unwrap_or_default().to_vec()
    }

    /// Forgets the partitions that were named.
    pub(crate) fn forget_partitions(&self) {
        self.partitions.borrow_mut().clear();
    }

    /// Takes what was emitted.
    pub(crate) fn take_emitted(&self) -> Vec<EmittedText> {
        self.emitted_bytes.set(0);
        std::mem::take(&mut *self.emitted.borrow_mut())
    }

    /// Takes what was logged.
    pub(crate) fn take_logged(&self) -> LoggedText {
        std::mem::take(&mut *self.logged.borrow_mut())
    }

    /// Takes the numbers that were none.
    pub(crate) fn take_not_a_number(&self) -> NotANumber {
        std::mem::take(&mut *self.not_a_number.borrow_mut())
    }

    /// Whether something was emitted, logged or found to be no number.
    pub(crate) fn has_news(&self) -> bool {
        !(self.emitted.borrow().is_empty()
            && self.logged.borrow().count == 0
            && self.not_a_number.borrow().is_empty())
    }

    /// A fact of the event, by its number; `undefined` where there is none.
    fn fact<'js>(&self, ctx: &Ctx<'js>, number: u32) -> rquickjs::Result<Value<'js>> {
        let current = self.current.borrow();
        let Some(input) = current.as_ref().map(Current::input) else {
            return Ok(Value::new_null(ctx.clone()));
        };
        match number {
            0 => input.body_text().into_js(ctx),
            1 => input.is_json.into_js(ctx),
            2 => input.stream().into_js(ctx),
            3 => input.sequence.into_js(ctx),
            4 => input.id().into_js(ctx),
            5 => (input.timestamp_ms != -1).then_some(input.timestamp_ms).into_js(ctx),
            6 => input.category.to_string().into_js(ctx),
            7 => input.metadata().into_js(ctx),
            _ => input.kafka().into_js(ctx),
        }
    }

    /// The body of the event.
    fn body<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        let current = self.current.borrow();
        let input = current.as_ref().map(Current::input).filter(|input| input.is_json);
        match input.and_then(|input| input.raw.as_deref()) {
            Some(text) => ctx.json_parse(super::with_room(text)),
            None => Ok(Value::new_null(ctx.clone())),
        }
    }

    /// Keeps what was emitted.
    fn emit(&self, ctx: &Ctx<'_>, emitted: EmittedText) -> rquickjs::Result<()> {
        let EmittedText { stream, event_type, body, metadata } = &emitted;
        let metadata_bytes = metadata.as_ref().map_or(0, String::len);
        let bytes = self.emitted_bytes.get()
            + size_of::<EmittedText>()
            + stream.len()
            + event_type.len()
            + body.len()
            + metadata_bytes;
        if bytes > EMITTED_BYTES {
            let words = format!("one event emits more than {} MiB", EMITTED_BYTES >> 20);
            return Err(Exception::throw_range(ctx, &words));
        }
        self.emitted_bytes.set(bytes);
        self.emitted.borrow_mut().push(emitted);
        Ok(())
    }

    /// The number of the partition with this name; below 0 when another engine works it out.
    fn claim(&self, ctx: &Ctx<'_>, name: String) -> rquickjs::Result<i64> {
        let mut partitions = self.partitions.borrow_mut();
        match self.naming {
            Naming::Single => {
                if let Some(known) = partitions.first().filter(|known| **known != name) {
                    let words = format!(
                        "partitionBy puts the events of this entity into several partitions ({known}, {name}); \
                         run the projection over the topic to see them"
                    );
                    return Err(Exception::throw_type(ctx, &words));
                }
                *partitions = vec![name];
                Ok(0)
            }
            Naming::Shared { engine, engines } => {
                assert!(engine < engines, "an engine is one of those that share the work");
                if xxh3_64(name.as_bytes()) % engines != engine {
                    return Ok(-2);
                }
                partitions.push(name);
                Ok(i64::try_from(partitions.len() - 1).unwrap_or(i64::MAX))
            }
        }
    }
}

/// What a script can call, as an object for its engine.
pub(super) fn object<'js>(ctx: &Ctx<'js>, native: &Rc<Native>) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let own = Rc::clone(native);
    let fact = move |ctx: Ctx<'js>, number: u32| own.fact(&ctx, number);
    object.set("fact", Function::new(ctx.clone(), fact)?)?;
    let own = Rc::clone(native);
    let body = move |ctx: Ctx<'js>| own.body(&ctx);
    object.set("body", Function::new(ctx.clone(), body)?)?;
    let own = Rc::clone(native);
    let claim = move |ctx: Ctx<'js>, name: String| own.claim(&ctx, name);
    object.set("claim", Function::new(ctx.clone(), claim)?)?;
    let own = Rc::clone(native);
    let emit = move |ctx: Ctx<'js>,
                     stream: String,
                     event_type: String,
                     body: String,
                     metadata: Option<String>| {
        own.emit(&ctx, EmittedText { stream, event_type, body, metadata })
    };
    object.set("emit", Function::new(ctx.clone(), emit)?)?;
    let own = Rc::clone(native);
    let log = move |line: String| own.logged.borrow_mut().add(line);
    object.set("log", Function::new(ctx.clone(), log)?)?;
    let own = Rc::clone(native);
    let not_a_number = move |path: String| {
        let mut fields = own.not_a_number.borrow_mut();
        let is_known = fields.len() < FIELDS || fields.contains_key(&path);
        let field = if is_known { path } else { "(further fields)".to_owned() };
        *fields.entry(field).or_default() += 1;
    };
    object.set("notANumber", Function::new(ctx.clone(), not_a_number)?)?;
    let own = Rc::clone(native);
    let parked = move |partition: u32| own.revived(partition);
    object.set("parked", Function::new(ctx.clone(), parked)?)?;
    object.set("isSingle", matches!(native.naming, Naming::Single))?;
    Ok(object)
}
