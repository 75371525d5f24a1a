//! What stands where something is under way: what is being done, how long already, and the way to
//! stop it.
//!
//! Promises: the words come from a job that runs; without one nothing claims to be under way.
//! Does not know: what is waited for.

use egui::{RichText, Ui};

use crate::gui::theme::{Tokens, icons, secondary};
use crate::gui::view::View;
use crate::gui::widgets::{EmptyState, IconButton, progress_bar};
use crate::workspace::{Command, JobSubject, JobView};

/// Fills what is left of the ui: the job for this, with a sentence about it. Nothing without a job.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>, subject: &JobSubject, about: &str) {
    let job = view.snapshot.running(subject).cloned();
    show_job(ui, view, job.as_ref(), about);
}

/// The same of this job.
pub(crate) fn show_job(ui: &mut Ui, view: &mut View<'_>, job: Option<&JobView>, about: &str) {
    if let Some(job) = job
        && full(ui, Some(job), about)
    {
        view.out.send(Command::CancelJob(job.id));
    }
}

/// The same; true when it shall be stopped.
pub(crate) fn full(ui: &mut Ui, job: Option<&JobView>, about: &str) -> bool {
    let Some(job) = job else { return false };
    let words = job.waiting_words();
    EmptyState::new(icons::HOURGLASS, &words, about).action(icons::X, "Cancel").show(ui).is_some()
}

/// A line with the job for this. Says whether there is one.
pub(crate) fn line(ui: &mut Ui, view: &mut View<'_>, subject: &JobSubject) -> bool {
    let job = view.snapshot.running(subject).cloned();
    job_line(ui, view, job.as_ref())
}

/// A line with this job: its words, how far it is, and the way to stop it. Says whether there is
/// one.
pub(crate) fn job_line(ui: &mut Ui, view: &mut View<'_>, job: Option<&JobView>) -> bool {
    let Some(job) = job else { return false };
    let color = Tokens::of(ui).text_secondary;
    ui.horizontal(|ui| {
        ui.label(RichText::new(job.waiting_words()).font(secondary()).color(color));
        if let Some(fraction) = job.progress.fraction() {
            progress_bar(ui, fraction, 80.0, &job.title);
        }
        if ui.add(IconButton::new(icons::X, &format!("Cancel: {}", job.title))).clicked() {
            view.out.send(Command::CancelJob(job.id));
        }
    });
    true
}
