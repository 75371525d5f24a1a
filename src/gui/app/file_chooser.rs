//! The file dialog, on a thread of its own.
//!
//! Promises: a frame never waits for it; one dialog at a time. The system tells a dialog that it
//! cannot show as one that was cancelled: one that ends sooner than a hand could is taken for it,
//! and a path field always stands beside the button.
//! Does not know: what is done with the file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::Context;

use crate::gui::view::FileUse;

/// A dialog that ends sooner than this without a file was never there.
const SEEN_AT_LEAST: Duration = Duration::from_millis(500);

/// How a dialog ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// This file was chosen.
    File(PathBuf),
    /// It could not be shown.
    NotShown,
}

/// A dialog that is open.
#[derive(Debug)]
struct Open {
    /// What the file is for.
    purpose: FileUse,
    /// Since when.
    since: Instant,
    /// Gives the chosen file, once.
    answer: Receiver<PathBuf>,
}

/// The file dialog.
#[derive(Debug, Default)]
pub(crate) struct FileChooser {
    /// The dialog that is open.
    open: Option<Open>,
}

/// The dialog for a purpose.
fn dialog(purpose: &FileUse) -> rfd::AsyncFileDialog {
    let dialog = rfd::AsyncFileDialog::new();
    let dialog = match purpose {
        FileUse::Connect => dialog
            .set_title("Open a connection file")
            .add_filter("Kafka configuration", &["properties", "conf", "config", "ini"]),
        FileUse::OpenSchedule(_) => {
            dialog.set_title("Open a schedule").add_filter("Schedules", &["json"])
        }
        FileUse::Save(name, format) => dialog
            .set_title("Export")
            .set_file_name(name)
            .add_filter(format.name(), &[format.ending()]),
        FileUse::WriteRun(_, name) => {
            dialog.set_title("Save the run").set_file_name(name).add_filter("JSON", &["json"])
        }
    };
    dialog.add_filter("All files", &["*"])
}

/// Shows the dialog for a purpose until it is closed; the file that was chosen.
fn choose(purpose: &FileUse) -> Option<PathBuf> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    let dialog = dialog(purpose);
    let file = match purpose {
        FileUse::Connect | FileUse::OpenSchedule(_) => runtime.block_on(dialog.pick_file()),
        FileUse::WriteRun(..) | FileUse::Save(..) => runtime.block_on(dialog.save_file()),
    };
    file.map(|file| file.path().to_owned())
}

impl FileChooser {
    /// Opens the dialog, if none is open.
    pub(crate) fn open(&mut self, ctx: &Context, purpose: FileUse) {
        if self.open.is_some() {
            return;
        }
        let (sender, answer) = bounded(1);
        let (ctx, asked) = (ctx.clone(), purpose.clone());
        let thread = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
            if let Some(file) = choose(&asked) {
                // The window may be gone by now; then nobody waits for the answer.
                drop(sender.send(file));
            } else {
                drop(sender);
            }
            ctx.request_repaint();
        });
        if thread.is_ok() {
            self.open = Some(Open { purpose, since: Instant::now(), answer });
        }
    }

    /// What a dialog was for that ended since the last call, and how it ended, unless it was
    /// cancelled.
    pub(crate) fn take_chosen(&mut self) -> Option<(FileUse, Chosen)> {
        let open = self.open.as_ref()?;
        let chosen = match open.answer.try_recv() {
            Ok(path) => Some(Chosen::File(path)),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                (open.since.elapsed() < SEEN_AT_LEAST).then_some(Chosen::NotShown)
            }
        };
        let purpose = self.open.take()?.purpose;
        chosen.map(|chosen| (purpose, chosen))
    }
}
