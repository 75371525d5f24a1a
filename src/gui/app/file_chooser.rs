//! The file dialog, on a thread of its own.
//!
//! Promises: a frame never waits for it; one dialog at a time. A dialog that cannot be shown is the same as one that was
//! cancelled: that is why a path field always stands beside the button.
//! Does not know: what is done with the file.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, bounded};
use egui::Context;

/// The file dialog.
#[derive(Debug, Default)]
pub(crate) struct FileChooser {
    /// Gives the chosen file, once; none while no dialog is open.
    answer: Option<Receiver<PathBuf>>,
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
            self.answer = Some(receiver);
        }
    }

    /// The file that was chosen since the last call.
    pub(crate) fn take_chosen(&mut self) -> Option<PathBuf> {
        use crossbeam_channel::TryRecvError;
        match self.answer.as_ref()?.try_recv() {
            Ok(path) => {
                self.answer = None;
                Some(path)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.answer = None;
                None
            }
        }
    }
}
