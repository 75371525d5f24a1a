//! The file dialog, on a thread of its own.
//!
//! Promises: a frame never waits for it; one dialog at a time. The system tells a dialog that it cannot show as one that was
//! cancelled: one that ends sooner than a hand could is taken for it, and a path field always stands beside the button.
//! Does not know: what is done with the file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::Context;

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

/// The file dialog.
#[derive(Debug, Default)]
pub(crate) struct FileChooser {
    /// When it was opened, and what gives the chosen file, once; none while no dialog is open.
    answer: Option<(Instant, Receiver<PathBuf>)>,
}

impl FileChooser {
    /// Opens the dialog, if none is open.
    pub(crate) fn open(&mut self, ctx: &Context) {
        if self.answer.is_some() {
            return;
        }
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let thread = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
            let dialog = rfd::AsyncFileDialog::new()
                .set_title("Open a connection file")
                .add_filter("Kafka configuration", &["properties", "conf", "config", "ini"])
                .add_filter("All files", &["*"]);
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            if let Ok(runtime) = runtime
                && let Some(file) = runtime.block_on(dialog.pick_file())
            {
                // The window may be gone by now; then nobody waits for the answer.
                drop(sender.send(file.path().to_owned()));
            }
            ctx.request_repaint();
        });
        if thread.is_ok() {
            self.answer = Some((Instant::now(), receiver));
        }
    }

    /// How a dialog ended since the last call, unless it was cancelled.
    pub(crate) fn take_chosen(&mut self) -> Option<Chosen> {
        let (opened, answer) = self.answer.as_ref()?;
        let chosen = match answer.try_recv() {
            Ok(path) => Some(Chosen::File(path)),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                (opened.elapsed() < SEEN_AT_LEAST).then_some(Chosen::NotShown)
            }
        };
        self.answer = None;
        chosen
    }
}
