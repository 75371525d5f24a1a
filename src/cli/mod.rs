//! The command line: arguments in, JSON lines or readable text out.
//!
//! Promises: everything it prints comes from the same questions as the window's answers; the exit
//! status is that of the documented table; Ctrl-C ends a command at once, with status 130, and what
//! was printed stays whole.
//! Does not know: how questions are answered (`workspace`).

mod args;
mod argument_order;
mod bench;
mod cache;
mod closed_output;
mod compare;
mod context;
mod demo;
mod diagnose;
mod doctor;
mod entities;
mod entity;
mod groups;
mod index;
mod interrupt;
mod lines;
mod log;
mod mapping;
mod output;
mod progress;
mod project;
mod report;
mod sandbox;
mod save;
mod scan;
mod test;
mod topics;
mod types;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};

pub use args::{Arguments, Command, GlobalOptions};
pub use context::{WindowRequest, window_request};
pub use demo::DemoRequest;

use self::argument_order::options_behind_command;
use self::context::{Context, linked_request};
use crate::workspace::{Failure, FailureKind};

/// How a command ended that printed its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is there.
    Answered,
    /// The answer is there, but the history it rests on is not complete and had to be.
    Incomplete,
    /// A check failed for want of a connection or a permission, and that was the answer.
    NoAccess,
    /// It was cancelled.
    Cancelled,
    /// The answer is no.
    No,
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The question could not be answered.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The answer could not be printed.
    #[error("cannot write the answer")]
    Output(#[from] io::Error),
}

/// Runs the reference system.
pub type RunDemo<'f> = &'f dyn Fn(DemoRequest) -> Result<(), Failure>;

/// What the program has beside the command line, which the command line does not know.
#[derive(Clone, Copy)]
pub struct Faces<'f> {
    /// Opens the window.
    pub open_window: &'f dyn Fn(WindowRequest) -> Result<(), Failure>,
    /// Runs the reference system.
    pub run_demo: RunDemo<'f>,
    /// Draws frames of the window without a display and says how long each took.
    pub measure_frames: MeasureFrames<'f>,
}

/// Draws frames of the window without a display and says how long each took.
pub type MeasureFrames<'f> = &'f dyn Fn(FramesRequest) -> FrameTimes;

/// How long frames of the window took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameTimes {
    /// From the start to the end of the first one, fonts included.
    pub first: Duration,
    /// Those that were measured after it.
    pub others: Vec<Duration>,
}

/// Which frames are drawn for `bench frames`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramesRequest {
    /// Whether a topic is shown instead of an entity.
    pub topic: bool,
    /// How many events the entity or topic has.
    pub events: u64,
    /// Over how many lanes.
    pub lanes: u64,
    /// How many frames are drawn.
    pub frames: usize,
}

/// Runs the program with these arguments, the first of which is its name. Without a command the
/// window opens.
pub fn run(arguments: impl IntoIterator<Item = OsString>, faces: &Faces<'_>) -> ExitCode {
    let arguments = link_as_command(arguments.into_iter().collect());
    let ordered = options_behind_command(arguments, &Arguments::command());
    let arguments = match Arguments::try_parse_from(ordered) {
        Ok(arguments) => arguments,
        Err(refused) => {
            let status = u8::try_from(refused.exit_code()).unwrap_or(2);
            return ExitCode::from(match report::refused_arguments(refused) {
                Ok(()) => status,
                Err(error) => self::status(&Err(CommandError::Output(error))),
            });
        }
    };
    let Arguments { global, command } = arguments;
    match log::start(global.log) {
        Ok(Some(path)) => report::note(&format!("what happens is written to {}", path.display())),
        Ok(None) => {}
        Err(error) => {
            report::error(&format!("cannot write a log: {error}"), None, None);
            return ExitCode::FAILURE;
        }
    }
    tracing::info!(?command, "was asked");
    let ended = match command {
        Some(Command::Open(args)) => linked_request(&global, &args.link)
            .and_then(faces.open_window)
            .map(|()| Outcome::Answered)
            .map_err(CommandError::from),
        Some(command) => run_command(command, global, faces),
        None => window_request(&global)
            .and_then(faces.open_window)
            .map(|()| Outcome::Answered)
            .map_err(CommandError::from),
    };
    let status = status(&ended);
    tracing::info!(status, "ends");
    ExitCode::from(status)
}

/// These arguments; a link alone, as a system hands it to the program for its scheme, opened.
fn link_as_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_link = |word: &OsString| word.to_str().is_some_and(|word| word.starts_with("foldback:"));
    if arguments.get(1).is_some_and(is_link) {
        arguments.insert(1, "open".into());
    }
    arguments
}

/// Runs a command.
fn run_command(
    command: Command,
    global: GlobalOptions,
    faces: &Faces<'_>,
) -> Result<Outcome, CommandError> {
    let mut context = Context::new(global)?;
    // A window has no use for a switch that nobody looks at: there Ctrl-C ends the program.
    if !matches!(&command, Command::Demo(args) if !args.headless) {
        interrupt::watch(&context.cancel)?;
    }
    if matches!(&command, Command::Demo(_)) {
        interrupt::tidies();
    }
    let ended = match command {
        Command::Index(args) => index::run(&args, &mut context),
        Command::Cache(args) => cache::run(&args, &mut context),
        Command::Topics(args) => topics::run(&args, &mut context),
        Command::Scan(args) => scan::run(&args, &mut context),
        Command::Entities(args) => entities::run(args, &mut context),
        Command::Types(args) => types::run(&args, &mut context),
        Command::Mapping(args) => mapping::run(&args, &mut context),
        Command::History(args) => entity::history(&args, &mut context),
        Command::State(args) => entity::state(&args, &mut context),
        Command::Diff(args) => entity::diff(&args, &mut context),
        Command::Blame(args) => entity::blame(&args, &mut context),
        Command::Save(args) => save::run(&args.what, &mut context),
        Command::Project(args) => project::run(&args, &mut context),
        Command::Compare(args) => compare::run(&args, &mut context),
        Command::Sandbox(args) => sandbox::run(&args, &mut context),
        Command::Test(args) => test::run(&args, &mut context),
        Command::Groups(args) => groups::run(&args, &mut context),
        Command::Diagnose(args) => diagnose::run(&args, &mut context),
        Command::Doctor => doctor::run(&mut context),
        Command::Bench(args) => bench::run(args, &mut context, faces.measure_frames),
        Command::Demo(args) => demo::run(&args, &context, faces.run_demo),
        // It has no use for what other commands need.
        Command::Open(_) => Ok(Outcome::Answered),
    };
    interrupt::stop_waiting();
    let flushed = context.output.flush();
    ended.and_then(|outcome| flushed.map(|()| outcome))
}

/// The exit status; a failure is reported on stderr.
fn status(ended: &Result<Outcome, CommandError>) -> u8 {
    match ended {
        Ok(Outcome::Answered) => 0,
        Ok(Outcome::No) => 1,
        Ok(Outcome::NoAccess) => 3,
        Ok(Outcome::Incomplete) => 4,
        Ok(Outcome::Cancelled) => 130,
        // The reader of a pipe has seen enough: `foldback scan … | head`.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(CommandError::Output(error)) => {
            report::error(&format!("cannot write the answer: {error}"), None, None);
            1
        }
        Err(CommandError::Failure(failure)) => {
            tracing::error!(problem = %failure.problem, "no answer");
            report::failure(failure);
            match failure.kind {
                FailureKind::Usage | FailureKind::Budget => 2,
                FailureKind::Connection | FailureKind::NotPermitted => 3,
                FailureKind::Cancelled => 130,
            }
        }
    }
}
