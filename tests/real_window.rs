//! The program itself in a real window: it opens, draws, and closes when it is asked to.
//!
//! Promises: what a person sees first works with a real window system and OpenGL.
//! Does not know: what the views show; the tests of the window without a display do.

#![cfg(test)]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use support::node::{Folder, wait_until};
use support::screen::Screen;
use support::watched::Watched;

/// How long a step may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// More colours than an empty window has: text alone brings this many shades.
const DRAWN_COLOURS: u32 = 100;

/// The program in a window of its own screen.
struct Shown {
    /// The screen.
    screen: Screen,
    /// The program.
    program: Watched,
    /// The window.
    window: String,
    /// What the program says.
    log: PathBuf,
    /// Where all of it happens.
    folder: Folder,
}

impl Shown {
    /// Opens the window with these arguments and sees it drawn.
    fn open(arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let screen = Screen::start(folder.path(), "1280x800");
        let log = folder.path().join("foldback.log");
        let mut command = screen.command(env!("CARGO_BIN_EXE_foldback"));
        command.args(arguments).current_dir(folder.path());
        let program = Watched::start(&command, &log);
        let mut shown = Self { screen, program, window: String::new(), log, folder };
        shown.wait("the window is there", |shown| {
            let window = shown.screen.window("Foldback");
            shown.window = window.unwrap_or_default();
            !shown.window.is_empty()
        });
        shown.wait("the window is drawn", |shown| shown.screen.colours() > DRAWN_COLOURS);
        shown
    }

    /// What the program said.
    fn said(&self) -> String {
        fs_err::read_to_string(&self.log).unwrap()
    }

    /// Waits for something while the program runs.
    fn wait(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        wait_until(what, LIMIT, || {
            assert!(self.program.status().is_none(), "the program ended: {}", self.said());
            holds(self)
        });
    }

    /// Presses keys.
    fn press(&self, keys: &str) {
        self.screen.press(&self.window, keys);
    }

    /// Chooses something in the palette.
    fn choose(&self, text: &str) {
        // What found nothing stays open.
        self.press("Escape");
        self.press("ctrl+k");
        self.screen.type_text(&self.window, text);
        self.press("Return");
    }

    /// Closes the window by its shortcut, and sees the program end well.
    fn close(mut self) {
        self.press("ctrl+q");
        let mut status = None;
        wait_until("the program ends", LIMIT, || {
            status = self.program.status();
            status.is_some()
        });
        let said = self.said();
        assert_eq!(status.unwrap().code(), Some(0), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        drop(self.folder);
    }
}

#[test]
fn the_start_screen_opens_and_closes() {
    Shown::open(&[]).close();
}

#[test]
fn the_demo_opens_and_closes() {
    Shown::open(&["demo"]).close();
}

#[test]
fn a_text_of_another_program_is_pasted_and_can_be_copied_back() {
    let mut shown = Shown::open(&[]);
    let foreign = "broker-1.example:9092 – naïve ☃";
    shown.screen.set_clipboard(foreign);
    shown.press("ctrl+k");
    shown.press("ctrl+v");
    shown.press("ctrl+a");
    // What is cut is taken out of the field, so the window has seen it.
    shown.screen.set_clipboard("something else");
    shown.wait("the pasted text is copied", |shown| {
        shown.press("ctrl+c");
        shown.screen.clipboard().as_deref() == Some(foreign)
    });
    shown.press("Escape");
    shown.close();
}

#[test]
fn what_is_copied_in_the_window_can_be_pasted_elsewhere() {
    let mut shown = Shown::open(&["demo"]);
    shown.wait("the state of the order is in the clipboard", |shown| {
        shown.choose("order-1042");
        shown.choose("Copy state");
        shown.screen.clipboard().is_some_and(|text| text.contains("\"customerId\""))
    });
    shown.choose("Copy address");
    shown.wait("the address is in the clipboard", |shown| {
        shown.screen.clipboard().is_some_and(|text| text.starts_with("order-events-"))
    });
    shown.close();
}
