//! The program itself in a real window: it opens, draws, and closes when it is asked to.
//!
//! Promises: what a person sees first works with a real window system and OpenGL.
//! Does not know: what the views show; the tests of the window without a display do.

#![cfg(test)]

mod support;

use std::time::Duration;

use support::node::{Folder, wait_until};
use support::screen::Screen;
use support::watched::Watched;

/// How long a step may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// More colours than an empty window has: text alone brings this many shades.
const DRAWN_COLOURS: u32 = 100;

/// Opens the window with these arguments, sees it drawn, and closes it by its shortcut.
fn opens_draws_and_closes(arguments: &[&str]) {
    let folder = Folder::new();
    let screen = Screen::start(folder.path(), "1280x800");
    let log = folder.path().join("foldback.log");
    let mut command = screen.command(env!("CARGO_BIN_EXE_foldback"));
    command.args(arguments).current_dir(folder.path());
    let mut program = Watched::start(&command, &log);
    let said = || fs_err::read_to_string(&log).unwrap();
    let mut window = None;
    wait_until("the window is there", LIMIT, || {
        assert!(program.status().is_none(), "the program ended: {}", said());
        window = screen.window("Foldback");
        window.is_some()
    });
    wait_until("the window is drawn", LIMIT, || {
        assert!(program.status().is_none(), "the program ended: {}", said());
        screen.colours() > DRAWN_COLOURS
    });
    screen.press(&window.unwrap(), "ctrl+q");
    let mut status = None;
    wait_until("the program ends", LIMIT, || {
        status = program.status();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0), "{}", said());
    assert!(!said().contains("panicked"), "{}", said());
}

#[test]
fn the_start_screen_opens_and_closes() {
    opens_draws_and_closes(&[]);
}

#[test]
fn the_demo_opens_and_closes() {
    opens_draws_and_closes(&["demo"]);
}
