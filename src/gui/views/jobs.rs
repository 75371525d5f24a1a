//! Jobs: what runs, what ended and how.
//!
//! Promises: everything that runs can be stopped here.
//! Does not know: what a job reads.

use egui::{ScrollArea, Ui};

use crate::gui::theme::icons;
use crate::gui::view::View;
use crate::gui::widgets::{EmptyState, IconButton, job_row, partition_bars};
use crate::workspace::{Command, JobState};

/// Draws the jobs, newest first.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>) {
    if view.snapshot.jobs.is_empty() {
        EmptyState::new(
            icons::PULSE,
            "Nothing runs",
            "Reading a topic or an entity shows here how far it is, and can be stopped here.",
        )
        .show(ui);
        return;
    }
    let ended = |state: &JobState| !matches!(state, JobState::Running | JobState::Following);
    if view.snapshot.jobs.iter().any(|job| ended(&job.state)) {
        let clear = IconButton::new(icons::TRASH, "Clear ended jobs").text("Clear ended jobs");
        if ui.add(clear).clicked() {
            view.out.send(Command::ClearJobs);
        }
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for job in view.snapshot.jobs.iter().rev() {
            if job_row(ui, job) {
                view.out.send(Command::CancelJob(job.id));
            }
            if job.state == JobState::Running {
                partition_bars(ui, &job.progress.partitions);
            }
            ui.add_space(8.0);
        }
    });
}
