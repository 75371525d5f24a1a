//! A process that never outlives the test binary.
//!
//! Promises: the process is gone when its owner drops it, when the test binary ends, and when that
//! is killed: a watching shell holds a pipe whose other end only the test binary has.
//! Does not know: what the process does.

use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// Runs a process until it ends or standard input does; then the process is killed. `$1` is the
/// file for its output, the rest its command line.
const WATCHER: &str = r#"
trap '' INT HUP TERM
output=$1; shift
exec 3<&0
"$@" >>"$output" 2>&1 </dev/null 3<&- &
process=$!
{ cat <&3 >/dev/null; kill -9 "$process" 2>/dev/null; } &
wait "$process" 2>/dev/null
"#;

/// A running process.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The watching shell. It ends as the process ends, with the same status.
    watcher: Child,
    /// Its end closes with this process; the watcher then kills.
    pipe: Option<ChildStdin>,
}

impl Watched {
    /// Starts a process with the environment of `command`; what it writes goes to this file.
    pub(crate) fn start(command: &Command, output: &Path) -> Self {
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCHER, "sh"]).arg(output).arg(command.get_program());
        watcher.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => watcher.env(name, value),
                None => watcher.env_remove(name),
            };
        }
        let mut watcher = watcher.stdin(Stdio::piped()).spawn().expect("sh can be started");
        let pipe = watcher.stdin.take();
        Self { watcher, pipe }
    }

    /// How the process ended; `None` while it runs.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.watcher.try_wait().expect("the watcher can be asked")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.pipe.take());
        drop(self.watcher.wait());
    }
}
