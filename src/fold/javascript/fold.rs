//! A projection as the fold of one entity.
//!
//! Promises: the same states as a run of the projection over the entity's events alone; without a
//! handler for deletes, a tombstone makes the state `null`.
//! Does not know: other entities; what they share in a projection, each has for itself here.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::definition::Route;
use super::engine::{Current, Engine, Naming, Stepped};
use super::types::{Type, Types};
use super::{Fault, Program, ProjectionInput};
use crate::fold::{Effect, Fold, FoldRun};
use crate::model::{Event, Position, Value};

/// How many engines a thread keeps for folds that are asked again.
const ENGINES_PER_THREAD: usize = 4;

/// After how many events that passed a limit no further one is tried: each of them takes seconds.
const STOPPED_MAX: usize = 3;

thread_local! {
    /// The engines of this thread that no run uses.
    static ENGINES: RefCell<Vec<Idle>> = const { RefCell::new(Vec::new()) };
}

/// An engine that no run uses.
struct Idle {
    /// Lives as long as the fold it belongs to.
    owner: Weak<()>,
    /// The engine.
    engine: Ready,
}

/// An engine with what was learned of the types it met.
struct Ready {
    /// The engine.
    engine: Engine,
    /// The types.
    types: Types,
    /// The state that the engine holds, if it is known.
    holds: Option<Value>,
}

/// A projection as the fold of one entity.
#[derive(Debug)]
pub struct JavaScriptFold {
    /// The script.
    program: Program,
    /// The category of each topic's streams; the topic itself where none is named.
    categories: HashMap<Arc<str>, Arc<str>>,
    /// Lives as long as this fold.
    owner: Arc<()>,
    /// The events that were stopped because they passed a limit, with what was said. They are not
    /// tried again, whatever the state: they would only be waited for again.
    stopped: Mutex<BTreeMap<Position, Arc<str>>>,
    /// Whether there are any, which is asked for every event.
    has_stopped: AtomicBool,
}

impl JavaScriptFold {
    /// The fold of this script, the streams of each topic being of the category named for it, else
    /// of the topic's own.
    pub fn new(
        program: Program,
        categories: impl IntoIterator<Item = (Arc<str>, Arc<str>)>,
    ) -> Self {
        Self {
            program,
            categories: categories.into_iter().collect(),
            owner: Arc::new(()),
            stopped: Mutex::default(),
            has_stopped: AtomicBool::new(false),
        }
    }

    /// Why an event is not tried: it was stopped before, or too many were.
    fn not_tried(&self, event: &Event) -> Option<Arc<str>> {
        if !self.has_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let before = stopped.get(&event.position).cloned();
        before.or_else(|| {
            let name = self.program.name();
            let words =
                || format!("{name}: {STOPPED_MAX} events were stopped, no further one is tried");
            (stopped.len() >= STOPPED_MAX).then(|| words().into())
        })
    }

    /// Notes that an event was stopped because it passed a limit.
    fn note_stopped(&self, event: &Event, why: &Arc<str>) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.insert(event.position.clone(), Arc::clone(why));
        self.has_stopped.store(true, Ordering::Relaxed);
    }

    /// An engine of this thread.
    fn engine(&self) -> Result<Ready, Fault> {
        let idle = ENGINES.with_borrow_mut(|engines| {
            engines.retain(|idle| idle.owner.strong_count() > 0);
            let own = |idle: &Idle| Weak::as_ptr(&idle.owner) == Arc::as_ptr(&self.owner);
            engines.iter().position(own).map(|index| engines.swap_remove(index).engine)
        });
        match idle {
            Some(engine) => Ok(engine),
            None => self.program.engine(Naming::Single).map(|engine| Ready {
                engine,
                types: Types::default(),
                holds: None,
            }),
        }
    }

    /// Keeps an engine for the next run.
    fn give_back(&self, engine: Ready) {
        if engine.engine.is_spent() {
            return;
        }
        let idle = Idle { owner: Arc::downgrade(&self.owner), engine };
        ENGINES.with_borrow_mut(|engines| {
            if engines.len() >= ENGINES_PER_THREAD {
                engines.remove(0);
            }
            engines.push(idle);
            assert!(engines.len() <= ENGINES_PER_THREAD, "idle engines are few");
        });
    }
}

impl Fold for JavaScriptFold {
    fn name(&self) -> &str {
        self.program.name()
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        let mut run = Run::start(self, state);
        let effect = run.apply(event);
        if effect != Effect::Applied {
            return effect;
        }
        match run.state() {
            Ok(after) => {
                *state = after;
                Effect::Applied
            }
            Err(why) => Effect::Failed(why),
        }
    }

    fn start(&self, state: Value) -> Box<dyn FoldRun + '_> {
        Box::new(Run::start(self, &state))
    }

    fn result(&self, state: &Value) -> Result<Value, Arc<str>> {
        if !self.program.definition().transforms || state.is_null() {
            return Ok(state.clone());
        }
        let mut run = Run::start(self, &Value::Null);
        run.with_engine(|ready| {
            let result = ready.engine.result_of(&state.to_json())?;
            ready.engine.value(result.as_deref())
        })
    }
}

/// Events being applied one after the other in one engine.
struct Run<'f> {
    /// The fold.
    fold: &'f JavaScriptFold,
    /// The engine; none when it could not be had.
    ready: Option<Ready>,
    /// Why nothing is applied any more.
    failure: Option<Arc<str>>,
}

impl<'f> Run<'f> {
    /// A run from this state on.
    fn start(fold: &'f JavaScriptFold, state: &Value) -> Self {
        let mut run = Self { fold, ready: None, failure: None };
        match fold.engine() {
            Ok(ready) => run.ready = Some(ready),
            Err(fault) => run.failure = Some(fault.to_string().into()),
        }
        if let Err(why) = run.with_engine(|ready| ready.put(fold, state)) {
            run.failure = Some(why);
        }
        run
    }

    /// Does something with the engine, unless the run has failed.
    fn with_engine<T>(
        &mut self,
        then: impl FnOnce(&mut Ready) -> Result<T, Fault>,
    ) -> Result<T, Arc<str>> {
        match (&self.failure, &mut self.ready) {
            (None, Some(ready)) => then(ready).map_err(|fault| fault.to_string().into()),
            (failure, _) => Err(failure.clone().unwrap_or_default()),
        }
    }
}

impl FoldRun for Run<'_> {
    fn apply(&mut self, event: &Event) -> Effect {
        let fold = self.fold;
        if let Some(why) = fold.not_tried(event).filter(|_| self.failure.is_none()) {
            self.failure = Some(Arc::clone(&why));
            return Effect::Failed(why);
        }
        match self.with_engine(|ready| ready.apply(fold, event)) {
            Ok(effect) => effect,
            Err(why) => {
                if self.ready.as_ref().is_some_and(|ready| ready.engine.is_spent()) {
                    fold.note_stopped(event, &why);
                }
                self.failure = Some(Arc::clone(&why));
                Effect::Failed(why)
            }
        }
    }

    fn state(&mut self) -> Result<Value, Arc<str>> {
        let fold = self.fold;
        self.with_engine(|ready| ready.state(fold))
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.fold.give_back(ready);
        }
    }
}

impl Ready {
    /// Puts the state that the next event is applied to.
    fn put(&mut self, fold: &JavaScriptFold, state: &Value) -> Result<(), Fault> {
        self.engine.native().forget_partitions();
        if self.holds.as_ref().is_some_and(|held| is_same(held, state)) {
            return Ok(());
        }
        let (own, shared) = match state {
            Value::Array(both) if fold.program.definition().bi_state => (both.first(), both.get(1)),
            state => (Some(state), None),
        };
        let own = own.filter(|own| !own.is_null()).map(Value::to_json);
        let shared = shared.map(Value::to_json);
        self.holds = None;
        self.engine.restore(0, own.as_deref())?;
        if fold.program.definition().bi_state {
            self.engine.restore_shared(shared.as_deref())?;
        }
        self.holds = Some(state.clone());
        Ok(())
    }

    /// Applies an event to the state that was put.
    fn apply(&mut self, fold: &JavaScriptFold, event: &Event) -> Result<Effect, Fault> {
        let definition = fold.program.definition();
        let topic = &event.position.topic;
        let category = fold.categories.get(topic).unwrap_or(topic);
        let input = ProjectionInput::of_event(event, category);
        let Type { handler, number: event_type } =
            self.types.of(&mut self.engine, definition, &input.event_type)?;
        let is_named = handler.is_some_and(|number| number > 0)
            && definition.handlers.contains(&input.event_type);
        let route = match definition.route(&input, handler) {
            // Nobody handles the delete, so there is nothing any more.
            Route::Handler(_) | Route::Unmatched if input.raw.is_none() && !is_named => {
                self.holds = None;
                self.engine.restore(0, None)?;
                return Ok(Effect::Applied);
            }
            route => route,
        };
        match route {
            Route::Elsewhere => Ok(Effect::NotApplicable("the script reads other streams")),
            Route::NoEntity => Ok(Effect::NotApplicable("it belongs to no entity")),
            Route::Unmatched => Ok(Effect::NotApplicable("no handler takes its type")),
            Route::Undecodable => Ok(Effect::Undecodable),
            Route::Delete => {
                self.holds = None;
                let stream = input.stream();
                self.engine.remove(0, &stream, Current::One(input))?;
                Ok(self.applied())
            }
            Route::Handler(number) => {
                self.holds = None;
                let raw = input.raw.clone();
                let body = fold.program.body(raw.as_deref().filter(|_| input.is_json), number);
                let stepped =
                    self.engine.step(number, event_type, body.as_engine(), 0, Current::One(input));
                match stepped? {
                    Stepped::Skipped => {
                        Ok(Effect::NotApplicable("the script names no partition for it"))
                    }
                    Stepped::Applied(_) | Stepped::Elsewhere => Ok(self.applied()),
                }
            }
        }
    }

    /// An event was applied; nobody reads what it emitted and logged.
    fn applied(&self) -> Effect {
        let native = self.engine.native();
        if native.has_news() {
            native.take_emitted();
            native.take_logged();
            native.take_not_a_number();
        }
        Effect::Applied
    }

    /// The state.
    fn state(&mut self, fold: &JavaScriptFold) -> Result<Value, Fault> {
        if let Some(held) = &self.holds {
            return Ok(held.clone());
        }
        let own = self.engine.told(0)?;
        let own = self.engine.value(own.as_deref())?;
        let state = if fold.program.definition().bi_state && !own.is_null() {
            let shared = self.engine.told_shared()?;
            Value::array([own, self.engine.value(shared.as_deref())?])
        } else {
            own
        };
        self.holds = Some(state.clone());
        Ok(state)
    }
}

/// Whether two states are the same without looking into them.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Arc::ptr_eq(one, other),
        (Value::Array(one), Value::Array(other)) => Arc::ptr_eq(one, other),
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}
