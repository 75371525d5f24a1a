//! A screen that nobody looks at: Xvfb, and hands to use what is on it.
//!
//! Promises: the screen is gone with the test binary.
//! Does not know: what is shown.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::node::wait_until;
use super::tools::output_of;
use super::watched::Watched;

/// How long a start may take on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running screen.
#[derive(Debug)]
pub(crate) struct Screen {
    /// The display's name, such as `:99`.
    display: String,
    /// A client that shows nothing. When its last client leaves, a server starts over and refuses
    /// whoever connects meanwhile: a hand that looks for a window must not be that last client.
    _stays: UnixStream,
    /// The server.
    server: Watched,
    /// Where pictures go.
    folder: PathBuf,
}

impl Screen {
    /// A new screen of this size; its files go into the folder.
    pub(crate) fn start(folder: &Path, size: &str) -> Self {
        let chosen = folder.join("display");
        // The server itself finds a free number and writes it to the descriptor it is given.
        let mut command = Command::new("sh");
        let script = "exec 4>\"$0\"; exec Xvfb -displayfd 4 -screen 0 \"$1\" -nolisten tcp";
        command.args(["-c", script]).arg(&chosen).arg(format!("{size}x24"));
        let mut server = Watched::start(&command, &folder.join("Xvfb.log"));
        let mut number = String::new();
        wait_until("the screen is there", START_LIMIT, || {
            number = fs_err::read_to_string(&chosen).unwrap_or_default();
            let status = server.status();
            assert!(
                status.is_none(),
                "Xvfb ended ({status:?}); scripts/install-deps test installs it"
            );
            number.ends_with('\n')
        });
        let number = number.trim();
        let (display, _stays) = (format!(":{number}"), connected(number));
        Self { display, _stays, server, folder: folder.to_owned() }
    }

    /// A command that shows itself here, drawn without a graphics card, at home in the screen's
    /// folder.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CACHE_HOME");
        command
    }

    /// The id of the visible window of this name, once there is one.
    pub(crate) fn window(&self, name: &str) -> Option<String> {
        let found =
            self.command("xdotool").args(["search", "--onlyvisible", "--name", name]).output();
        let found = found.expect("xdotool can be started; scripts/install-deps test installs it");
        let ids = String::from_utf8(found.stdout).expect("ids are digits");
        ids.lines().next().map(str::to_owned)
    }

    /// Presses keys, such as `ctrl+q`, in a window.
    pub(crate) fn press(&self, window: &str, keys: &str) {
        output_of(
            self.command("xdotool").args(["windowfocus", "--sync", window, "key", keys]),
            b"",
        );
    }

    /// Types a text into a window.
    pub(crate) fn type_text(&self, window: &str, text: &str) {
        let mut command = self.command("xdotool");
        output_of(
            command.args(["windowfocus", "--sync", window, "type", "--delay", "20", text]),
            b"",
        );
    }

    /// What another program finds in the clipboard; nothing while nobody has put anything there.
    pub(crate) fn clipboard(&self) -> Option<String> {
        let found = self.command("xclip").args(["-selection", "clipboard", "-o"]).output();
        let found = found.expect("xclip can be started; scripts/install-deps test installs it");
        let text = String::from_utf8(found.stdout).expect("what is copied is UTF-8");
        found.status.success().then_some(text)
    }

    /// Another program puts a text into the clipboard.
    pub(crate) fn set_clipboard(&self, text: &str) {
        // It stays behind to hand the text out, with nothing of ours held open.
        let mut command = Command::new("sh");
        let script = "printf %s \"$0\" | xclip -selection clipboard -i >/dev/null 2>&1";
        output_of(command.env("DISPLAY", &self.display).args(["-c", script, text]), b"");
    }

    /// Saves a picture of the screen under this name; its path.
    pub(crate) fn picture(&self, name: &str) -> PathBuf {
        let picture = self.folder.join(name);
        output_of(self.command("import").args(["-window", "root"]).arg(&picture), b"");
        picture
    }

    /// How many colours the screen shows: few mean that nothing was drawn.
    pub(crate) fn colours(&self) -> u32 {
        let picture = self.picture("screen.png");
        let printed =
            output_of(Command::new("identify").args(["-format", "%k"]).arg(&picture), b"");
        printed.trim().parse().expect("a count of colours")
    }
}

/// A client of the display with this number: it says in the order of bytes of this machine that it
/// speaks X11 without a login, and is let in.
fn connected(number: &str) -> UnixStream {
    let order = if cfg!(target_endian = "little") { b'l' } else { b'B' };
    let [low, high] = 11_u16.to_ne_bytes();
    let mut client =
        UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).expect("the screen listens");
    client.write_all(&[order, 0, low, high, 0, 0, 0, 0, 0, 0, 0, 0]).expect("the screen hears");
    let mut let_in = [0];
    client.read_exact(&mut let_in).expect("the screen answers");
    assert_eq!(let_in, [1], "the screen lets a client of this machine in");
    client
}
