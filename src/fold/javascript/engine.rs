//! One QuickJS engine with one script in it.
//!
//! Promises: a script sees no clock, no randomness, no files, no network and no other script; an
//! event that takes too many steps or too much memory is stopped and told; nothing of a script
//! outlives its engine.
//! Does not know: what events mean; which state belongs to which partition is told by number.
//!
//! The parts that are written in JavaScript are beside this file: the world a script lives in, the
//! language it is written in, the states, and running.

mod native;

use std::rc::Rc;
use std::sync::Arc;

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::function::IntoArgs;
use rquickjs::{CaughtError, Context, Ctx, FromJs, Function, Object, Persistent, Runtime, Value};

use self::native::Native;
pub(super) use self::native::{Current, Naming};
use super::fault::{Fault, place_in};
use super::{Definition, Limits};
use crate::decode::json;
use crate::model;

/// What is run before a script, in the order in which its parts use each other.
const PRELUDE: [&str; 6] = [
    "((native) => { 'use strict';\n",
    include_str!("engine/world.js"),
    include_str!("engine/state.js"),
    include_str!("engine/language.js"),
    include_str!("engine/run.js"),
    "\n})",
];

/// What is said of promises, however they came about.
const WORDS_OF_PROMISE: &str =
    "it made a promise; everything is synchronous here and nothing waits for it";

/// What errors are called that the engine alone throws.
const ENGINE_ERROR: &str = "InternalError";

/// What the engine's own parts are called in stacks.
const PRELUDE_NAME: &str = "engine";

/// The built-ins that scripts are given; what is not here is not there.
type Intrinsics = (
    intrinsic::Eval,
    intrinsic::Date,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// A function of the engine's JavaScript part.
type Saved = Persistent<Function<'static>>;

/// The prototype of errors that the engine alone throws. No script can reach it but by catching
/// one.
type EngineError = Persistent<Object<'static>>;

/// The functions of the engine's JavaScript part.
struct Functions {
    /// Applies an event.
    step: Saved,
    /// Tells the partition of a deleted stream.
    remove: Saved,
    /// Puts a state.
    restore: Saved,
    /// Puts the state all partitions share.
    restore_shared: Saved,
    /// Tells a state.
    told: Saved,
    /// Tells the state all partitions share.
    told_shared: Saved,
    /// Tells a result.
    told_result: Saved,
    /// Makes a result of a state.
    result_of: Saved,
    /// Forgets a state.
    forget: Saved,
    /// Says what was thrown.
    described: Saved,
    /// Learns a type of events.
    add_type: Saved,
    /// Numbers a partition.
    slot: Saved,
}

/// One engine with one script in it. Fields are dropped in their order: what lies in the engine
/// before the engine.
pub(super) struct Engine {
    /// The functions of the JavaScript part.
    functions: Functions,
    /// What errors of the engine itself come from.
    own_error: EngineError,
    /// The world of the script.
    context: Context,
    /// What the script can call, and what it left there.
    native: Rc<Native>,
    /// The script's name.
    script: Arc<str>,
    /// Whether a limit was passed, after which nothing in the engine can be relied on.
    is_spent: bool,
}

/// The body of an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'b> {
    /// JSON text, to be read at once.
    Json(&'b [u8]),
    /// To be read when a handler asks for it.
    Later,
    /// There is none that is JSON.
    None,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// It was applied to the partition with this number.
    Applied(u32),
    /// The script named no partition for it.
    Skipped,
    /// Its partition is worked out elsewhere.
    Elsewhere,
}

impl Engine {
    /// An engine with this script in it, and what the script says of itself.
    ///
    /// # Errors
    /// What is wrong with the script.
    pub(super) fn new(
        script: &Arc<str>,
        source: &str,
        limits: Limits,
        naming: Naming,
    ) -> Result<(Self, Definition), Fault> {
        let native = Rc::new(Native::new(script, limits, naming));
        let fault = |message: String| Fault { script: Arc::clone(script), message, place: None };
        let runtime = Runtime::new().map_err(|error| fault(error.to_string()))?;
        runtime.set_memory_limit(limits.memory_bytes);
        runtime.set_max_stack_size(limits.stack_bytes);
        let watch = Rc::clone(&native);
        runtime.set_interrupt_handler(Some(Box::new(move || watch.is_over())));
        let watch = Rc::clone(&native);
        runtime.set_promise_hook(Some(Box::new(move |_, _, _, _| watch.note_promise())));
        let context =
            Context::custom::<Intrinsics>(&runtime).map_err(|error| fault(error.to_string()))?;
        native.begin(limits.steps_at_start);
        let turn = native.watch.begin();
        let engine_error = context.with(|ctx| take_engine_error(&ctx));
        let engine_error = engine_error.map_err(|error| fault(error.to_string()))?;
        let loaded = context.with(|ctx| load(&ctx, &native, script, source));
        let (functions, definition) = match loaded {
            Ok(loaded) => loaded,
            Err(failure) => {
                let thrown = context.with(|ctx| {
                    Throw { ctx: &ctx, native: &native, script, engine_error: &engine_error }
                        .fault(None, &failure)
                });
                return Err(thrown.unwrap_or_else(|| fault(failure.to_string())));
            }
        };
        drop(turn);
        let definition = serde_json::from_str(&definition)
            .map_err(|error| fault(format!("its definition cannot be read: {error}")))?;
        let engine = Self {
            functions,
            own_error: engine_error,
            context,
            native,
            script: Arc::clone(script),
            is_spent: false,
        };
        Ok((engine, definition))
    }

    /// Whether nothing in the engine can be relied on any more.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// What the script can call, and what it left there.
    pub(super) fn native(&self) -> &Native {
        &self.native
    }

    /// Calls a function of the JavaScript part, which may run the script's handlers.
    fn call<R, A>(&mut self, function: fn(&Functions) -> &Saved, arguments: A) -> Result<R, Fault>
    where
        R: for<'js> FromJs<'js>,
        A: for<'js> IntoArgs<'js>,
    {
        self.native.begin(self.native.limits.steps_per_event);
        let functions = &self.functions;
        let turn = self.native.watch.begin();
        let called = self.context.with(|ctx| {
            let called =
                function(functions).clone().restore(&ctx).and_then(|found| found.call(arguments));
            called.map_err(|error| {
                self.throw(&ctx).fault(Some(functions), &error).ok_or_else(|| error.to_string())
            })
        });
        drop(turn);
        self.ended(called)
    }

    /// Something that is thrown in the engine.
    fn throw<'t, 'js>(&'t self, ctx: &'t Ctx<'js>) -> Throw<'t, 'js> {
        let Self { own_error, native, script, .. } = self;
        Throw { ctx, native, script, engine_error: own_error }
    }

    /// The outcome of a call; a limit that was passed is noted.
    fn ended<R>(&mut self, called: Result<R, Result<Fault, String>>) -> Result<R, Fault> {
        self.is_spent |= self.native.is_spent();
        match called {
            Ok(_) if self.native.made_promise() => Err(self.fault(WORDS_OF_PROMISE)),
            Ok(value) => Ok(value),
            Err(Ok(fault)) => Err(fault),
            Err(Err(words)) => Err(self.fault(&words)),
        }
    }

    /// A fault at no place that is known.
    fn fault(&self, words: &str) -> Fault {
        Fault { script: Arc::clone(&self.script), message: words.to_owned(), place: None }
    }

    /// Applies an event with the handler and the type of these numbers. The partition's number
    /// counts unless the script names the partition.
    ///
    /// # Errors
    /// What the script threw, or which limit it passed; the state of the partition is of no use
    /// then.
    pub(super) fn step(
        &mut self,
        handler: i32,
        event_type: i32,
        body: Body<'_>,
        partition: u32,
        input: Current,
    ) -> Result<Stepped, Fault> {
        self.native.begin(self.native.limits.steps_per_event);
        let functions = &self.functions;
        let native = &self.native;
        native.set_current(input);
        let turn = native.watch.begin();
        let called = self.context.with(|ctx| {
            let stepped = match body {
                Body::Json(text) => ctx.json_parse(with_room(text)),
                Body::Later => Ok(Value::new_undefined(ctx.clone())),
                Body::None => Ok(Value::new_null(ctx.clone())),
            };
            let stepped = stepped.and_then(|body| {
                let step = functions.step.clone().restore(&ctx)?;
                step.call::<_, i32>((handler, event_type, body, partition))
            });
            stepped.map_err(|error| {
                self.throw(&ctx).fault(Some(functions), &error).ok_or_else(|| error.to_string())
            })
        });
        drop(turn);
        self.ended(called).map(|number| match u32::try_from(number) {
            Ok(partition) => Stepped::Applied(partition),
            Err(_) if number == -1 => Stepped::Skipped,
            Err(_) => {
                assert_eq!(number, -2, "a step skips an event or leaves it to another engine");
                Stepped::Elsewhere
            }
        })
    }

    /// Tells the partition with this number and name that its stream was deleted.
    ///
    /// # Errors
    /// As of `step`.
    pub(super) fn remove(
        &mut self,
        partition: u32,
        name: &str,
        input: Current,
    ) -> Result<(), Fault> {
        self.native.set_current(input);
        self.call(|functions| &functions.remove, (partition, name))
    }

    /// Puts the state of a partition, as JSON text; `None` for one that has not begun.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn restore(&mut self, partition: u32, state: Option<&str>) -> Result<(), Fault> {
        // A brace within a text makes it look nested, which costs a little and harms nothing.
        let nested =
            state.is_some_and(|text| text.bytes().skip(1).any(|byte| b"{[".contains(&byte)));
        self.call(|functions| &functions.restore, (partition, state, nested))
    }

    /// Puts the state that all partitions share, as JSON text; `None` when it has not begun.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn restore_shared(&mut self, state: Option<&str>) -> Result<(), Fault> {
        self.call(|functions| &functions.restore_shared, (state,))
    }

    /// The state of a partition as JSON text; `None` when it has not begun.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn told(&mut self, partition: u32) -> Result<Option<String>, Fault> {
        self.call(|functions| &functions.told, (partition,))
    }

    /// The state that all partitions share, as JSON text.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn told_shared(&mut self) -> Result<Option<String>, Fault> {
        self.call(|functions| &functions.told_shared, ())
    }

    /// The result made of a partition's state, as JSON text; `None` when it was filtered out.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn told_result(&mut self, partition: u32) -> Result<Option<String>, Fault> {
        self.call(|functions| &functions.told_result, (partition,))
    }

    /// The result made of this state, as JSON text; `None` when it is filtered out.
    ///
    /// # Errors
    /// What the script threw, or which limit it passed.
    pub(super) fn result_of(&mut self, state: &str) -> Result<Option<String>, Fault> {
        self.call(|functions| &functions.result_of, (state,))
    }

    /// Forgets the state of a partition.
    ///
    /// # Errors
    /// Never by itself.
    pub(super) fn forget(&mut self, partition: u32) -> Result<(), Fault> {
        self.call(|functions| &functions.forget, (partition,))
    }

    /// The number for a type of events.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn add_type(&mut self, event_type: &str) -> Result<i32, Fault> {
        self.call(|functions| &functions.add_type, (event_type,))
    }

    /// The number of the partition that a script names like this.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn slot(&mut self, name: &str) -> Result<i32, Fault> {
        self.call(|functions| &functions.slot, (name,))
    }

    /// The value of a JSON text that the engine wrote; `null` for none.
    ///
    /// # Errors
    /// When it is nested too deep to be told.
    pub(super) fn value(&self, text: Option<&str>) -> Result<model::Value, Fault> {
        let Some(text) = text else { return Ok(model::Value::Null) };
        let parsed =
            json::parse(text.as_bytes()).map_err(|error| self.fault(&error.to_string()))?;
        Ok(parsed.value)
    }

    /// Collects what nothing holds any more but itself.
    pub(super) fn collect_garbage(&self) {
        self.context.runtime().run_gc();
    }

    /// What the engine holds, in bytes. Takes long, because everything is counted.
    pub(super) fn memory_bytes(&self) -> usize {
        usize::try_from(self.context.runtime().memory_usage().malloc_size).unwrap_or(0)
    }
}

/// A copy with room for the zero that the engine puts behind it.
fn with_room(text: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(text.len() + 1);
    copy.extend_from_slice(text);
    copy
}

/// Loads the JavaScript part and the script.
fn load(
    ctx: &Ctx<'_>,
    native: &Rc<Native>,
    script: &Arc<str>,
    source: &str,
) -> rquickjs::Result<(Functions, String)> {
    let options = |name: &str, strict: bool| {
        let mut options = EvalOptions::default();
        options.strict = strict;
        options.filename = Some(name.to_owned());
        options
    };
    let prelude: Function<'_> =
        ctx.eval_with_options(PRELUDE.concat(), options(PRELUDE_NAME, true))?;
    let parts: Object<'_> = prelude.call((native::object(ctx, native)?,))?;
    let () = ctx.eval_with_options::<Value<'_>, _>(source, options(script, false)).map(drop)?;
    if native.made_promise() {
        return Err(rquickjs::Exception::throw_message(ctx, WORDS_OF_PROMISE));
    }
    let definition = parts.get::<_, Function<'_>>("defined")?.call(())?;
    let saved = |name: &str| {
        parts.get::<_, Function<'_>>(name).map(|function| Persistent::save(ctx, function))
    };
    let functions = Functions {
        step: saved("step")?,
        remove: saved("remove")?,
        restore: saved("restore")?,
        restore_shared: saved("restoreShared")?,
        told: saved("told")?,
        told_shared: saved("toldShared")?,
        told_result: saved("toldResult")?,
        result_of: saved("resultOf")?,
        forget: saved("drop")?,
        described: saved("described")?,
        add_type: saved("addType")?,
        slot: saved("slot")?,
    };
    Ok((functions, definition))
}

/// Takes what the engine throws of itself out of a script's reach, so that a limit is told from a
/// script's own error by its type.
fn take_engine_error(ctx: &Ctx<'_>) -> rquickjs::Result<EngineError> {
    let constructor: Object<'_> = ctx.globals().get(ENGINE_ERROR)?;
    let prototype: Object<'_> = constructor.get("prototype")?;
    ctx.globals().remove(ENGINE_ERROR)?;
    prototype.remove("constructor")?;
    Ok(Persistent::save(ctx, prototype))
}

/// Something that is thrown in an engine.
struct Throw<'t, 'js> {
    /// Where.
    ctx: &'t Ctx<'js>,
    /// What the script can call.
    native: &'t Native,
    /// The script's name.
    script: &'t Arc<str>,
    /// What errors of the engine itself come from.
    engine_error: &'t EngineError,
}

impl<'js> Throw<'_, 'js> {
    /// What was thrown, in words; `None` when it was not thrown by JavaScript.
    fn fault(&self, functions: Option<&Functions>, error: &rquickjs::Error) -> Option<Fault> {
        let Self { ctx, native, script, .. } = self;
        let fault = |message: String, place| Fault { script: Arc::clone(script), message, place };
        if !error.is_exception() {
            return None;
        }
        let value = ctx.catch();
        let stack_of = |value: &Value<'_>| {
            let error = value.clone().into_exception();
            error.and_then(|error| error.stack()).and_then(|stack| place_in(script, &stack))
        };
        if native.is_interrupted() {
            return Some(fault(native.words_of_interrupt(), stack_of(&value)));
        }
        if value.is_null() && native.lacks_memory_for_an_error() {
            return Some(fault(native.words_of_null(), None));
        }
        if self.is_out_of_memory(&value) {
            native.note_out_of_memory();
            return Some(fault(native.words_of_memory(), stack_of(&value)));
        }
        native.begin(native.limits.steps_per_event);
        let described = functions.and_then(|functions| {
            let described = functions.described.clone().restore(ctx).ok()?;
            described.call::<_, Vec<String>>((value.clone(),)).ok()
        });
        if let Some([message, stack]) = described.as_deref() {
            return Some(fault(message.clone(), place_in(script, stack)));
        }
        let words = match CaughtError::from_error(ctx, ctx.throw(value.clone())) {
            CaughtError::Exception(exception) => {
                let name: Option<String> = exception.get("name").ok();
                let message = exception.message().unwrap_or_default();
                format!("{}: {message}", name.unwrap_or_else(|| "Error".to_owned()))
            }
            _ => "something that cannot be described was thrown".to_owned(),
        };
        Some(fault(words, stack_of(&value)))
    }

    /// Whether the engine threw this for want of memory. Its errors of this type differ by their
    /// text alone.
    fn is_out_of_memory(&self, thrown: &Value<'js>) -> bool {
        let Some(error) = thrown.clone().into_exception() else { return false };
        let Ok(engine_error) = self.engine_error.clone().restore(self.ctx) else { return false };
        let is_engines = error.get_prototype().is_some_and(|prototype| prototype == engine_error);
        is_engines && error.message().is_some_and(|words| words.starts_with("out of memory"))
    }
}
