//! Foldback: a native desktop inspector and replay tool for event-sourced systems on Apache Kafka.
//!
//! An event-sourced state is a *fold* over the log; Foldback folds it back to any moment. This page is the
//! architecture in words; each floor's own page goes on from here.
//!
//! # Bird's eye view
//!
//! ```text
//! broker ──fetch──▶ kafka::read ──batches──▶ partition_log (segments, key index, time index)
//!                                                  │ completeness
//!                                                  ▼
//!             entity::Mapping ◀── decode ◀── records of one entity, or a range
//!                   │ events
//!                   ▼
//!             fold::History (key frames) ──state at T, diff, blame──▶ workspace ──▶ gui, cli
//! ```
//!
//! Data flows one way. Nothing below asks something above. What a view shows is a pure function of the records read,
//! the cut and the settings.
//!
//! # Where to start reading
//!
//! - A question of the command line: `cli` parses it, `workspace::ask` answers it, `cli` prints the answer.
//! - A click in the window: `gui` sends a [`workspace::Command`], `workspace::engine` puts it to the same `ask` and
//!   publishes a [`workspace::Snapshot`], `gui` draws it.
//! - What a word means: [`model`]. What history means: `fold`. What was read and what is missing: `partition_log`.
//!
//! # The floors
//!
//! The folders of `src/` are floors. A module may use those before it in this list, never one after it;
//! `tests/house.rs` holds the house to that.
//!
//! **[`model`]** holds the words everybody uses, as plain data.
//! *Invariant:* no I/O; nothing of the outside world beyond crates for plain data.
//!
//! **[`kafka`]** speaks to brokers: settings, metadata, offsets, groups, the reader, the embedded cluster. Most of it goes
//! through librdkafka; `kafka::wire` speaks the protocol itself where librdkafka lacks the requests.
//! *Invariant:* it never interprets a value, never keeps what it read, and never writes to a cluster a user connected
//! to. No consumer handle has a `group.id`. `unsafe` is in its FFI alone. What the demo writes with has its own types.
//!
//! **[`partition_log`]** holds what was read: segments per partition with a key index and a time index, in memory and, from
//! one start to the next, on disk, and the rules of completeness. A question asks a `LogSource`, and does not see whether
//! its records come from a broker, from disk or from both. *Invariant:* it never decodes a value; a snapshot of it never
//! changes; what is kept on disk answers like the log or not at all.
//!
//! **[`decode`]** turns bytes into values and back into text. *Invariant:* a failure is data, with the bytes and the
//! reason; numbers keep their digits.
//!
//! **[`entity`]** turns records into events of entities, by a mapping that was configured or detected with evidence.
//! *Invariant:* it never folds.
//!
//! **[`fold`]** turns events into states: built-in folds, key frames, cuts, diffs, and the origin of each field.
//! *Invariant:* pure; key frames are never truth, a refold from zero gives the same.
//!
//! **[`sandbox`]** runs virtual consumers over a history while things go wrong: crashes, rebalances, duplicates, lost
//! records; an oracle says what a correct consumer would show. *Invariant:* no cluster, no network, no clock: a run is a
//! pure function of history, projection, consumer and schedule.
//!
//! **[`workspace`]** is what a user works in: connections, open topics and entities, jobs, the one clock.
//! *Invariant:* it mentions neither egui nor a terminal.
//!
//! **[`cli`]** parses arguments and prints tables and JSON. *Invariant:* no logic the window would need too.
//!
//! **[`gui`]** draws. *Invariant:* it never blocks, decodes, folds or reads a file.
//!
//! **[`demo`]** is a small reference system with commands, aggregates and projectors, one of them with a planted fault.
//! *Invariant:* nothing else uses it.
//!
//! # Threads
//!
//! The window has one thread. The engine has one, which owns all state. Each connection has a poll thread, each read a
//! thread of its own, and two threads fold and decode. Channels are bounded; a slow reader slows the writer. The window
//! reads immutable snapshots behind an `Arc`; no lock is held across a frame.
//!
//! # Errors, cancelling, tests
//!
//! Floors below `workspace` return `thiserror` enums with facts as fields; `workspace` turns them into a
//! [`workspace::Problem`]: what failed, why, what to do. Everything long takes a [`model::Cancel`] and ends with an
//! honest account of how far it came. Tests are named by behaviour; integration tests start a real Apache Kafka.
//!
//! # Words
//!
//! One word, one meaning. Words of Kafka and of event sourcing mean what they mean there; these say which of them the
//! code uses, and what for.
//!
//! | Word | Meaning |
//! |---|---|
//! | record | What the log holds at an offset: key, value, headers, timestamp. |
//! | event | A record read by a mapping: it has an entity, a type, a version. |
//! | entity | What a history is of; other words for it are aggregate and stream. |
//! | mapping | How the records of a topic become events, and how their values are decoded. |
//! | history | The events of an entity, or those a projection is given, in order. |
//! | version | The number of an event in the history that was read, from 1. |
//! | log time, event time | The running maximum of timestamps in a partition; the time an event says it happened. |
//! | moment, cut | A place in time or in the log; what of the log lies up to it. |
//! | fold | A function from state and event to state; a projection is a fold that a script gives. |
//! | state | What a fold makes of the events up to a moment. |
//! | key frame | A state that is kept so that later ones are found quickly; never the truth. |
//! | trace | What each event did to a projection's states, with key frames. |
//! | segment | Records of one partition that lie together, in memory or on disk. |
//! | snapshot | What was read of the log at one moment, or what the window sees at one: it never changes. |
//! | coverage, completeness | What was read, measured against what there was; the verdict on it, with reasons. |
//! | gap | Offsets that a read passed without being given a record. |
//! | session | One connection and how it is asked; every question of window and command line is put to it. |
//! | job | Something long that the engine runs, with progress and a switch. |
//! | sandbox | Where virtual consumers and projections run over a history, without a cluster; the window's part of it has the same name. |
//! | schedule, fault | Who polls and commits when, and what goes wrong meanwhile. |
//! | trial, run | A history and a projection to try schedules on; what one schedule led to. |
//! | fixture | A run that is kept as a test. |
//! | branch | A history with events skipped, moved, edited or added. |
//!
//! # How to add …
//!
//! - **a fold**: implement `fold::Fold`, name it in `fold::builtin`. Nothing else knows folds by name.
//! - **a decoder**: a variant of `decode::Decoder`, and what `decode::detect` should recognise it by.
//! - **a store for read models**: nothing is there yet to extend; the floor between `fold` and `workspace` is reserved
//!   for it.
//! - **a fault**: a variant of `sandbox::Fault`, what it does to the log in `sandbox::run::edit` or to the group in
//!   `sandbox::run::plan`, its entry in the catalogue, and a case of a consumer that survives it and one that does not.
//! - **a view**: data in `workspace::Snapshot`, computed by the engine; drawing in `gui::views`; a test that draws it
//!   from a hand-made snapshot.

pub mod cli;
pub mod decode;
pub mod demo;
pub mod entity;
pub mod fold;
pub mod gui;
pub mod kafka;
pub mod model;
pub mod partition_log;
pub mod sandbox;
pub mod workspace;
