//! Watches and the condition to break on: expressions evaluated over a whole run, after it.
//!
//! Promises: each on a thread of its own that ends when its run or its expression is gone; what is
//! wrong with an expression is told beside it.
//! Does not know: how an expression is evaluated (`fold`).

use std::sync::Arc;

use crate::fold::{Trace, TraceError, Watched};
use crate::model::{Cancel, JsonPointer, Value};
use crate::workspace::engine::{Outbox, State};
use crate::workspace::{NoticeLevel, SandboxKey, WatchView};

/// How many watches there may be.
const WATCHES_MAX: usize = 16;

/// A watch.
#[derive(Debug)]
pub(super) struct Watch {
    /// The expression.
    expression: Arc<str>,
    /// What it says over the run in front.
    pub(super) watched: Option<Arc<Watched>>,
    /// What is wrong with it.
    problem: Option<Arc<str>>,
    /// Over which run it is or was evaluated.
    trace: Option<Arc<Trace>>,
    /// Stops its evaluation.
    cancel: Cancel,
}

impl Watch {
    /// One that was not evaluated yet.
    fn new(expression: Arc<str>) -> Self {
        Self { expression, watched: None, problem: None, trace: None, cancel: Cancel::new() }
    }

    /// As the window sees it.
    pub(super) fn view(&self) -> WatchView {
        WatchView {
            expression: Arc::clone(&self.expression),
            watched: self.watched.clone(),
            problem: self.problem.clone(),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The JavaScript expression for what stands at a path of the state.
pub(super) fn expression_of(path: &JsonPointer) -> String {
    let mut expression = "state".to_owned();
    for token in path.tokens() {
        let is_name = token.chars().enumerate().all(|(at, character)| {
            character == '_'
                || character == '$'
                || character.is_ascii_alphabetic()
                || (0 < at && character.is_ascii_digit())
        });
        if is_name && !token.is_empty() {
            expression.push_str("?.");
            expression.push_str(&token);
        } else {
            expression.push_str("?.[");
            expression.push_str(&Value::from(&*token).to_json());
            expression.push(']');
        }
    }
    expression
}

impl State {
    /// Watches an expression from now on.
    pub(super) fn add_watch(&mut self, key: &SandboxKey, expression: &str) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let watches = &mut open.debugger.watches;
        let expression: Arc<str> = expression.trim().into();
        let known = watches.iter().position(|watch| watch.expression == expression);
        if known.is_none() && watches.len() < WATCHES_MAX && !expression.is_empty() {
            watches.push(Watch::new(expression));
        }
        open.debugger.selected = known.or(open.debugger.watches.len().checked_sub(1));
        self.watch_all(key);
    }

    /// Watches an expression no more.
    pub(super) fn remove_watch(&mut self, key: &SandboxKey, number: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if number < open.debugger.watches.len() {
            open.debugger.watches.remove(number);
            open.debugger.selected = None;
        }
        open.show_debugger();
    }

    /// Breaks where this holds from now on.
    pub(super) fn set_condition(&mut self, key: &SandboxKey, expression: Option<Arc<str>>) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let expression = expression.filter(|expression| !expression.trim().is_empty());
        open.debugger.condition = expression.map(Watch::new);
        self.watch_all(key);
    }

    /// Evaluates what was not evaluated over the run in front.
    pub(super) fn watch_all(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        open.show_debugger();
        let Some(run) = open.debugger.run().cloned() else { return };
        let mut wanted = Vec::new();
        let debugger = &mut open.debugger;
        for watch in debugger.watches.iter_mut().chain(&mut debugger.condition) {
            if watch.trace.as_ref().is_some_and(|trace| Arc::ptr_eq(trace, &run.trace)) {
                continue;
            }
            watch.cancel.cancel();
            watch.cancel = Cancel::new();
            watch.watched = None;
            watch.problem = None;
            watch.trace = Some(Arc::clone(&run.trace));
            wanted.push((Arc::clone(&watch.expression), watch.cancel.clone()));
        }
        open.show_debugger();
        if wanted.is_empty() {
            return;
        }
        let key = key.clone();
        let watch = move |outbox: &Outbox| {
            for (expression, cancel) in wanted {
                let watched = run.trace.watch(&expression, &cancel, &mut |_| {});
                let (key, trace) = (key.clone(), Arc::clone(&run.trace));
                let listens = outbox.send(move |state| {
                    state.touch_urgently();
                    state.watch_evaluated(&key, &trace, &expression, watched);
                });
                if !listens {
                    return;
                }
            }
        };
        self.spawn("sandbox-watch", None, watch, |state, watched| {
            if let Err(problem) = watched {
                state.notify(NoticeLevel::Error, problem);
            }
        });
    }

    /// An expression was evaluated over a run, or could not be.
    fn watch_evaluated(
        &mut self,
        key: &SandboxKey,
        trace: &Arc<Trace>,
        expression: &str,
        watched: Result<Watched, TraceError>,
    ) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &mut open.debugger;
        let (problem, watched) = match watched {
            Ok(watched) => (watched.problem().cloned(), Some(Arc::new(watched))),
            Err(TraceError::Broken(fault)) => (Some(fault.message.into()), None),
            Err(TraceError::Cancelled) => return,
        };
        for watch in debugger.watches.iter_mut().chain(&mut debugger.condition) {
            let is_own = watch.trace.as_ref().is_some_and(|own| Arc::ptr_eq(own, trace));
            if is_own && *watch.expression == *expression {
                watch.watched.clone_from(&watched);
                watch.problem.clone_from(&problem);
            }
        }
        open.show_debugger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_watched_by_the_expression_a_person_would_write() {
        let written = |path: &str| expression_of(&JsonPointer::parse(path).unwrap());
        assert_eq!(written(""), "state");
        assert_eq!(written("/total"), "state?.total");
        assert_eq!(written("/items/0/unit price"), r#"state?.items?.["0"]?.["unit price"]"#);
    }
}
