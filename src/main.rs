//! The `foldback` program: everything is in the library, so that tests can reach it.

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldback::cli::{self, DemoRequest, Faces, FrameTimes, FramesRequest, WindowRequest};
use foldback::demo::headless::{self, Ending};
use foldback::demo::{self, Running};
use foldback::gui::bench::{BenchView, FrameFigures, FrameOptions};
use foldback::gui::{self, WindowOptions};
use foldback::workspace::{
    self, DemoStarter, EngineOptions, Failure, Problem, Recent, Target, clock,
};

/// Events are made by one thread and let go by another all the time, which the system's allocator
/// makes them wait for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the program waits at its end until what was open is kept for the next start.
const PUT_AWAY_LIMIT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let faces =
        Faces { open_window: &open_window, run_demo: &run_demo, measure_frames: &measure_frames };
    cli::run(std::env::args_os(), &faces)
}

/// Opens the window.
fn open_window(request: WindowRequest) -> Result<(), Failure> {
    let WindowRequest { config, connect, isolation, cache, recent, link } = request;
    let recent = Recent::load(recent);
    // A link leads where it leads, whatever was open last.
    let go_on = || recent.to_go_on_with(config.as_ref()).filter(|_| link.is_none());
    let connect = connect.or_else(go_on);
    let (starter, running) = starter(demo::Options::embedded(clock::now_ms()));
    show(EngineOptions { config, connect, demo: Some(starter), isolation, cache, recent, link })?;
    drop(running);
    Ok(())
}

/// Draws frames of the window without a display.
fn measure_frames(request: FramesRequest) -> FrameTimes {
    let FramesRequest { topic, events, lanes, frames } = request;
    let view = if topic { BenchView::Topic } else { BenchView::Entity };
    let options = FrameOptions { view, events, lanes, frames, ..FrameOptions::default() };
    let FrameFigures { first, times } = gui::bench::frames(options);
    FrameTimes { first, others: times }
}

/// Runs the reference system, in its window or without one.
fn run_demo(request: DemoRequest) -> Result<(), Failure> {
    let embedded = demo::Options::embedded(clock::now_ms());
    let options = demo::Options {
        orders: request.orders.unwrap_or(embedded.orders),
        seed: request.seed,
        cluster: request.cluster,
        ..embedded
    };
    if request.headless {
        let (mut out, mut notes) = (io::stdout().lock(), io::stderr().lock());
        let ending = headless::run(&options, request.once, &request.cancel, &mut out, &mut notes);
        return match ending.map_err(|error| unavailable(demo_problem(&error)))? {
            Ending::Stopped => Ok(()),
            Ending::Failed(problem) => Err(unavailable(problem)),
        };
    }
    if let Some(settings) = &options.cluster {
        let said =
            headless::say_what_will_be_written(&mut io::stderr(), &settings.brokers, &options);
        said.map_err(|error| unavailable(Problem::from_error(&error)))?;
    }
    let (starter, running) = starter(options);
    let connect = Some(Target::Demo);
    let recent = Recent::load(request.recent);
    show(EngineOptions { connect, demo: Some(starter), recent, ..EngineOptions::default() })?;
    drop(running);
    Ok(())
}

/// Starts the engine and shows its window until that is closed.
fn show(options: EngineOptions) -> Result<(), Failure> {
    let port =
        workspace::start(options).map_err(|error| unavailable(Problem::from_error(&error)))?;
    let end = port.end();
    let opened = gui::run(WindowOptions { port, title: "Foldback".to_owned() });
    end.wait(PUT_AWAY_LIMIT);
    opened.map_err(|error| unavailable(Problem::from_error(&error)))
}

/// The running reference system, once it was started. It ends when this is dropped.
type DemoSlot = Arc<Mutex<Option<Running>>>;

/// What starts the reference system, and where it is kept then.
fn starter(options: demo::Options) -> (DemoStarter, DemoSlot) {
    let slot = DemoSlot::default();
    let kept = Arc::clone(&slot);
    let starter = DemoStarter::new(move || {
        let running = demo::start(&options).map_err(|error| demo_problem(&error))?;
        let way = (running.settings().clone(), running.port());
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(way)
    });
    (starter, slot)
}

/// Why the reference system cannot start, in words.
fn demo_problem(error: &demo::DemoError) -> Problem {
    Problem { hint: error.hint().map(ToOwned::to_owned), ..Problem::from_error(error) }
}

/// A failure of what the program needs around it: a display, a cluster.
fn unavailable(problem: Problem) -> Failure {
    Failure { kind: workspace::FailureKind::Connection, problem }
}
