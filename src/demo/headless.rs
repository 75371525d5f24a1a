//! The reference system without a window, for scripts: `foldback demo --headless`.
//!
//! Promises: what it reached is printed as one JSON object per line and flushed at once; on a
//! cluster of somebody's own it says what it will create before it writes anything. It runs until
//! it is stopped, or until whoever holds the other end of its input closes it.
//! Does not know: arguments and exit statuses.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded, never};
use serde_json::{Value, json};

use super::aggregate::Aggregate as _;
use super::command_loop::{Milestone, Readiness};
use super::error::DemoError;
use super::order::{Order, OrderStatus};
use super::projector::ReadModel;
use super::seed::INCIDENT_ORDER;
use super::service::{Options, Running, start};
use super::topics::TOPICS;
use crate::model::Cancel;
use crate::workspace::Problem;

/// How the system came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to end, or only asked to start.
    Stopped,
    /// It could not go on.
    Failed(Problem),
}

/// How long the system may take until it is ready.
const READY_PATIENCE: Duration = Duration::from_mins(5);

/// How often it looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the system and prints what it reaches: JSON lines to `out`, words for people to `notes`.
/// With `once` it ends as soon as it is ready.
///
/// # Errors
/// When it cannot start, or nothing can be printed.
pub fn run(
    options: &Options,
    once: bool,
    stop: &Cancel,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<Ending, DemoError> {
    if let Some(settings) = &options.cluster {
        say_what_will_be_written(notes, &settings.brokers, options).map_err(DemoError::Print)?;
    }
    let running = start(options)?;
    print(out, &started(&running))?;
    let deadline = Instant::now() + READY_PATIENCE;
    let readiness = loop {
        match running.milestones().recv_timeout(LOOK) {
            Ok(Milestone::Seeded { records, took }) => {
                print(out, &json!({"seeded": {"records": records, "ms": millis(took)}}))?;
            }
            Ok(Milestone::Ready(readiness)) => break readiness,
            Ok(Milestone::Failed(problem)) => return Ok(Ending::Failed(problem)),
            Err(RecvTimeoutError::Timeout) if stop.is_cancelled() => return Ok(Ending::Stopped),
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
            Err(_) => {
                let words = format!("the demo is not ready after {} s", READY_PATIENCE.as_secs());
                return Ok(Ending::Failed(Problem::new(words)));
            }
        }
    };
    print(out, &incident(&readiness))?;
    print(out, &ready(&readiness))?;
    if !once {
        wait_for_end(stop).map_err(DemoError::Print)?;
    }
    Ok(Ending::Stopped)
}

/// Says what is about to be created and written on somebody's cluster.
///
/// # Errors
/// When it cannot be printed: then nothing may be written either.
pub fn say_what_will_be_written(
    notes: &mut dyn Write,
    brokers: &str,
    options: &Options,
) -> io::Result<()> {
    writeln!(notes, "on {brokers} the demo will")?;
    for (topic, partitions) in TOPICS {
        writeln!(
            notes,
            "  create topic {topic} with {partitions} partitions and no retention limit"
        )?;
    }
    let events = u64::from(options.orders) * 11 / 2;
    let groups = ReadModel::ALL.map(ReadModel::group).join(", ");
    writeln!(
        notes,
        "  write about {events} past events to them, and a few each second while it runs"
    )?;
    writeln!(notes, "  commit offsets for the groups {groups}")?;
    notes.flush()
}

/// Prints one line.
fn print(out: &mut dyn Write, line: &Value) -> Result<(), DemoError> {
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(DemoError::Print)
}

/// Whole milliseconds.
fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// Where everything is.
fn started(running: &Running) -> Value {
    let read_model = |one: ReadModel| {
        json!({
            "name": one.name(),
            "group": one.group(),
            "topics": one.topics(),
            "sqlite": running.read_model(one),
        })
    };
    json!({"started": {
        "brokers": running.settings().brokers,
        "embedded": running.settings().embedded,
        "read_models": ReadModel::ALL.map(read_model),
    }})
}

/// What the incident is: what the dashboard says, what the log says, and what was never applied.
fn incident(readiness: &Readiness) -> Value {
    let dashboard = readiness.incident_rows.iter().find(|row| &*row.read_model == "dashboard");
    let row: serde_json::Map<String, Value> = dashboard
        .iter()
        .flat_map(|row| row.columns.iter())
        .map(|(name, text)| (name.to_string(), Value::from(&**text)))
        .collect();
    let log = readiness.incident.as_ref().map(|order| {
        json!({
            "version": order.version(),
            "status": order.status().map(OrderStatus::as_str),
            "total": order.total(),
        })
    });
    let missed: Vec<Value> = readiness
        .missed()
        .map(|missed| {
            json!({
                "entity": &*missed.entity,
                "type": missed.event_type,
                "topic": &*missed.position.topic,
                "partition": missed.position.partition,
                "offset": missed.position.offset,
            })
        })
        .collect();
    json!({"incident": {
        "entity": INCIDENT_ORDER,
        "topic": Order::TOPIC,
        "read_model": ReadModel::Dashboard.name(),
        "group": ReadModel::Dashboard.group(),
        "row": row,
        "log": log,
        "missed": missed,
    }})
}

/// How far the projectors are.
fn ready(readiness: &Readiness) -> Value {
    let projector = |(read_model, progress): &(ReadModel, super::projector::Progress)| {
        json!({
            "name": read_model.name(),
            "group": read_model.group(),
            "applied": progress.applied,
            "crashes": progress.crashes,
            "lag": 0,
        })
    };
    let projectors: Vec<Value> = readiness.projectors.iter().map(projector).collect();
    json!({"ready": {"projectors": projectors, "ms": millis(readiness.took)}})
}

/// Waits until it is stopped, or an input that somebody holds ends.
fn wait_for_end(stop: &Cancel) -> io::Result<()> {
    let (ended, input_end) = bounded::<()>(1);
    let input_end = if input_is_held() {
        // The channel closes with the thread: that is the message.
        let read_to_end = move || {
            let drained = io::copy(&mut io::stdin().lock(), &mut io::sink());
            tracing::debug!(?drained, "the input ended");
            drop(ended);
        };
        std::thread::Builder::new().name("demo-input".to_owned()).spawn(read_to_end)?;
        input_end
    } else {
        never()
    };
    while !stop.is_cancelled() && input_end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {}
    Ok(())
}

/// Whether the input is a pipe, whose end means that its holder is gone. A terminal, a file or no
/// input at all means nothing.
#[cfg(unix)]
fn input_is_held() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    fs_err::metadata("/dev/stdin").is_ok_and(|input| input.file_type().is_fifo())
}

/// Whether the input is a pipe: not known here.
#[cfg(not(unix))]
fn input_is_held() -> bool {
    false
}
