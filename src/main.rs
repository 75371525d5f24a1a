//! The `foldback` program: everything is in the library, so that tests can reach it.

use std::process::ExitCode;

use foldback::cli::{self, WindowRequest};
use foldback::gui::{self, WindowOptions};
use foldback::workspace::{Failure, port};
use tracing_subscriber::EnvFilter;

/// The environment variable that says what is logged to stderr, such as `foldback=debug,kafka=debug`.
const LOG_VARIABLE: &str = "FOLDBACK_LOG";

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    cli::run(std::env::args_os(), &open_window)
}

/// Opens the window.
fn open_window(_request: WindowRequest) -> Result<(), Failure> {
    let (window, _engine) = port();
    gui::run(WindowOptions { port: window, title: "Foldback".to_owned() })
        .map_err(|error| Failure::usage_error(&error))
}
