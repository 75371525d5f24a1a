//! The program itself in a real window: it opens, draws, and closes when it is asked to.
//!
//! Promises: what a person sees first works with a real window system and OpenGL.
//! Does not know: what the views show; the tests of the window without a display do.

#![cfg(test)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::kafka::Kafka;
use support::node::{Folder, wait_until};
use support::records::{TestRecord, produce};
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

/// A window of the program, at home in the screen's folder.
struct Program<'a> {
    screen: &'a Screen,
    process: Watched,
    log: PathBuf,
}

impl<'a> Program<'a> {
    /// Starts it without any argument.
    fn start(screen: &'a Screen, home: &Path) -> Self {
        let log = home.join("foldback.log");
        let mut command = screen.command(env!("CARGO_BIN_EXE_foldback"));
        command.current_dir(home);
        Self { screen, process: Watched::start(&command, &log), log }
    }

    /// Waits for a window whose title is like this: the words on the frame name what is in front.
    fn window(&mut self, title: &str) -> String {
        let mut window = None;
        wait_until(&format!("the window says {title}"), LIMIT, || {
            let said = || fs_err::read_to_string(&self.log).unwrap();
            assert!(self.process.status().is_none(), "the program ended: {}", said());
            window = self.screen.window(title);
            window.is_some()
        });
        window.unwrap()
    }

    /// Chooses what the palette finds by this text.
    fn find(&self, window: &str, text: &str) {
        self.screen.press(window, "ctrl+k");
        settled(self.screen, "palette.png");
        self.screen.type_text(window, text);
        settled(self.screen, "found.png");
        self.screen.press(window, "Return");
    }

    /// Closes the window by its shortcut and waits for the end of the program.
    fn quit(mut self, window: &str) {
        self.screen.press(window, "ctrl+q");
        wait_until("the program ends", LIMIT, || self.process.status().is_some());
        let said = fs_err::read_to_string(&self.log).unwrap();
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// How many pixels of two pictures are clearly different.
fn difference(one: &Path, other: &Path) -> f64 {
    let compared = Command::new("compare")
        .args(["-metric", "AE", "-fuzz", "10%"])
        .args([one, other])
        .arg("null:")
        .output()
        .expect("compare of ImageMagick can be started");
    let printed = String::from_utf8(compared.stderr).expect("a count");
    printed.trim().parse().expect("a count")
}

#[test]
fn the_second_start_lands_where_the_user_left_off_and_says_so_when_the_broker_is_gone() {
    /// Pixels that may differ of a million: the figure of memory, a blinking cursor.
    const PIXELS_ALIKE: f64 = 4_000.0;
    let kafka = Kafka::start();
    let topic = kafka.create_topic("shop", 2, &[]);
    let event =
        |value: &str, at: i64| TestRecord::new("order-1042", value).at(1_767_225_600_000 + at);
    let events = [
        event(r#"{"type":"OrderPlaced","total":10.50,"status":"CREATED"}"#, 0),
        event(r#"{"type":"OrderPaid","amount":10.50}"#, 60_000),
        event(r#"{"type":"OrderShipped","status":"SHIPPED"}"#, 120_000),
    ];
    produce(&kafka, &topic, &events);
    let home = Folder::new();
    let screen = Screen::start(home.path(), "1280x800");
    let connected = format!("{}.*Foldback", kafka.brokers());

    // A new user pastes an address, opens a topic and then an entity, and goes to its second event.
    let mut program = Program::start(&screen, home.path());
    let window = program.window("^Foldback");
    wait_until("the window is drawn", LIMIT, || screen.colours() > DRAWN_COLOURS);
    screen.type_text(&window, kafka.brokers());
    screen.press(&window, "Return");
    let window = program.window(&format!("^{connected}"));
    settled(&screen, "topics.png");
    program.find(&window, &topic);
    program.window(&format!("^{topic}.*{connected}"));
    settled(&screen, "topic.png");
    program.find(&window, "order-1042");
    program.window(&format!("^order-1042.*{connected}"));
    settled(&screen, "entity.png");
    screen.press(&window, "Home");
    screen.press(&window, "Right");
    screen.press(&window, "Right");
    let before = settled(&screen, "before.png");
    program.quit(&window);

    // Without a click.
    let mut program = Program::start(&screen, home.path());
    let window = program.window(&format!("^order-1042.*{connected}"));
    wait_until("the same picture", LIMIT, || {
        difference(&before, &screen.picture("after.png")) < PIXELS_ALIKE
    });
    program.quit(&window);

    kafka.kill(1);
    let mut program = Program::start(&screen, home.path());
    let window = program.window("^order-1042.*not connected.*Foldback");
    settled(&screen, "gone.png");
    program.quit(&window);
    let kept = home.path().join(".local/share/foldback/recent.json");
    assert!(fs_err::read_to_string(kept).unwrap().contains("order-1042"), "no tab is lost");
}

/// A picture of the screen once it does not change any more.
fn settled(screen: &Screen, name: &str) -> PathBuf {
    let last = screen.picture("last.png");
    wait_until("the screen is still", LIMIT, || {
        let now = screen.picture(name);
        let still = difference(&last, &now) < 1.0;
        fs_err::copy(&now, &last).expect("a picture is copied");
        still
    });
    screen.picture(name)
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
    // On a busy machine all keys of a choice may come within one frame, together with those of the
    // choice before, and mean nothing: it is made until it is seen.
    shown.wait("the address is in the clipboard", |shown| {
        shown.choose("Copy address");
        shown.screen.clipboard().is_some_and(|text| text.starts_with("order-events-"))
    });
    shown.close();
}
