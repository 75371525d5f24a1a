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
    opens_draws_and_closes(&[]);
}

#[test]
fn the_demo_opens_and_closes() {
    opens_draws_and_closes(&["demo"]);
}
