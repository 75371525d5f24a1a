//! A topic: where to start reading, when its records were written, the records themselves.
//!
//! Promises: nothing is read before the user says where to start; what runs shows how far it is and
//! can be stopped.
//! Does not know: how records are read, filtered or decoded.

mod details;
mod filter;
mod records;
mod start;
mod start_form;
mod timeline;
mod types;

use std::sync::Arc;

use egui::{Frame, Id, Margin, Panel, RichText, Ui};

use self::filter::FilterState;
use self::records::RecordsState;
pub(crate) use self::start::words as start_words;
use self::start_form::StartForm;
use self::timeline::LanesState;
use super::parts::{self, Part};
use super::record::{self, RecordState};
use super::unconnected;
use crate::gui::command::UiCommand;
use crate::gui::command_ui::icon_button;
use crate::gui::theme::{ROW_HEIGHT, Tokens, format, heading, icons, secondary};
use crate::gui::view::{Action, Outbox, View};
use crate::gui::widgets::{
    Brush, Chip, CopyText, IconButton, copy, fitting_name, histogram, partition_bars, problem_box,
    progress_bar, verdict_chip,
};
use crate::model::Position;
use crate::workspace::{
    Command, CopyWhat, CoverageOf, JobState, JobView, StartPosition, TopicView, retention_words,
};

/// How high the histogram is, in points.
const HISTOGRAM_HEIGHT: f32 = 64.0;
/// The records, and one of them beside them.
const WITH_RECORD: [Part<'_>; 2] =
    [Part::rest("Records", 440.0).margin(Margin::ZERO), Part::share("Record", 312.0, 0.3)];
/// The records, and what stands behind them.
const WITH_DETAILS: [Part<'_>; 2] =
    [Part::rest("Records", 440.0).margin(Margin::ZERO), Part::share("About the topic", 312.0, 0.3)];
/// The choice of where to start, and what stands behind the topic.
const START: [Part<'_>; 2] =
    [Part::rest("Start", 440.0).margin(Margin::ZERO), Part::share("About the topic", 312.0, 0.3)];
/// The greatest share of its line that the bar of progress takes.
const PROGRESS_SHARE: f32 = 0.3;
/// How high what stands below the records is at first where there is no room beside them, in
/// points.
const SIDE_HEIGHT: f32 = 240.0;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct TopicState {
    /// Where to start, as typed.
    start: StartForm,
    /// Whether the choice of where to start is shown although something was read.
    choosing_start: bool,
    /// The filter, as typed.
    filter: FilterState,
    /// The timeline.
    lanes: LanesState,
    /// The table.
    records: RecordsState,
    /// The record that is shown.
    record: RecordState,
    /// Whether the record's panel was closed.
    record_closed: bool,
    /// Whether partitions, decoder and mapping are shown.
    details_open: bool,
    /// Whether progress is shown partition by partition.
    progress_open: bool,
    /// The number of the part in front where there is no room for both.
    part: usize,
}

impl TopicState {
    /// Puts the focus on the filter in the next frame.
    pub(crate) fn focus_filter(&mut self) {
        self.filter.focus();
    }

    /// Chooses a record that is about to be shown.
    pub(crate) fn choose(&mut self, position: &Position) {
        self.record_closed = false;
        self.details_open = false;
        self.records.choose(position);
    }

    /// Chooses the row this many below.
    fn step_row(&mut self, topic: &TopicView, rows: isize, out: &mut Outbox) {
        self.record_closed = false;
        self.records.step(topic, rows, out);
    }
}

/// Carries out a command on the topic in front.
pub(crate) fn execute(
    command: UiCommand,
    state: &mut TopicState,
    topic: &TopicView,
    view: &mut View<'_>,
) {
    match command {
        UiCommand::NextRow => state.step_row(topic, 1, view.out),
        UiCommand::PreviousRow => state.step_row(topic, -1, view.out),
        _ => timeline::execute(command, &mut state.lanes, topic, view),
    }
}

/// Copies what a command names of the chosen records; whether there was something.
pub(crate) fn copy_chosen(
    ctx: &egui::Context,
    command: UiCommand,
    state: &TopicState,
    topic: &TopicView,
    view: &mut View<'_>,
) -> bool {
    let records = state.records.picked(topic);
    match command {
        _ if records.is_empty() => return false,
        UiCommand::CopyAddress => {
            let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
            copy(ctx, lines.join("\n"), "address");
        }
        UiCommand::Copy | UiCommand::CopyJson | UiCommand::CopyCsv => {
            view.out.send(Command::Copy(CopyWhat::Records(records), command.copy_form()));
        }
        _ => return false,
    }
    true
}

/// Draws the view.
pub(crate) fn show(ui: &mut Ui, name: &Arc<str>, state: &mut TopicState, view: &mut View<'_>) {
    let Some(topic) = view.snapshot.topic_view(name).cloned() else {
        if unconnected::not_open(ui, name) {
            view.out.send(Command::OpenTopic(Arc::clone(name)));
        }
        return;
    };
    if topic.start.is_some() && state.choosing_start && state.start.was_read(topic.start.as_ref()) {
        state.choosing_start = false;
    }
    let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
    Panel::top("topic header")
        .frame(bar)
        .resizable(false)
        .show(ui, |ui| header(ui, &topic, state, view));
    if let Some(failure) = topic.partitions.problem() {
        Panel::top("problem").frame(bar).show(ui, |ui| {
            if problem_box(ui, failure, Some("Try again")) {
                view.out.send(Command::OpenTopic(Arc::clone(name)));
            }
        });
    }
    if topic.start.is_none() || state.choosing_start {
        if !state.details_open {
            return start::show(ui, &topic, &mut state.start, view);
        }
        let mut front = state.part;
        parts::show(
            ui,
            Id::unique("topic start"),
            &START,
            &mut front,
            &mut |ui, part| match part {
                0 => start::show(ui, &topic, &mut state.start, view),
                _ => details::show(ui, &topic, view),
            },
        );
        state.part = front;
        return;
    }
    progress(ui, &topic, state, view);
    timeline::panel(ui, &topic, &mut state.lanes, view);
    Panel::top("filter").frame(bar).resizable(false).show(ui, |ui| {
        density(ui, &topic, view);
        let mut newest_first = state.records.is_newest_first(&topic);
        filter::show(ui, &topic, &mut state.filter, &mut newest_first, view);
        state.records.set_newest_first(&topic, newest_first);
    });
    let shown = records::inspected(&topic, view).cloned().filter(|_| !state.record_closed);
    if !state.details_open && shown.is_none() {
        return table(ui, &topic, state, view);
    }
    let parts = if state.details_open { &WITH_DETAILS } else { &WITH_RECORD };
    let mut front = state.part;
    let id = Id::unique("topic");
    parts::show_or_stack(ui, id, parts, SIDE_HEIGHT, &mut front, &mut |ui, part| match (
        part, &shown,
    ) {
        (0, _) => table(ui, &topic, state, view),
        (_, Some(detail)) if !state.details_open => inspected(ui, &topic, detail, state, view),
        _ => details::show(ui, &topic, view),
    });
    state.part = front;
}

/// The table of records.
fn table(ui: &mut Ui, topic: &TopicView, state: &mut TopicState, view: &mut View<'_>) {
    egui::CentralPanel::no_frame().show(ui, |ui| {
        if let Some(position) = records::show(ui, topic, &mut state.records, view) {
            state.record_closed = false;
            view.out.send(Command::InspectRecord(position));
        }
    });
}

/// The name, what is known at a glance, where reading starts.
fn header(ui: &mut Ui, topic: &TopicView, state: &mut TopicState, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(icons::ROWS).color(Tokens::of(ui).text_secondary));
        let name = fitting_name(ui, &topic.topic, &heading(), ui.available_width());
        ui.label(RichText::new(name).font(heading())).on_hover_text(&*topic.topic);
        if let Some(partitions) = topic.partitions.latest() {
            let words = format::count(partitions.len() as u64, "partition");
            Chip::new(&words).show(ui);
        }
        retention(ui, topic);
        if let Some(completeness) = &topic.completeness
            && verdict_chip(ui, completeness).clicked()
        {
            let of = CoverageOf::Topic(Arc::clone(&topic.topic));
            view.out.act(Action::ShowCoverage(of));
        }
        if let Some(start) = &topic.start {
            let words = start::words(start, view.times);
            let button =
                IconButton::new(icons::SIGNPOST, "Choose where reading starts").text(&words);
            if ui.add(button.selected(state.choosing_start)).clicked() {
                state.choosing_start = !state.choosing_start;
            }
        }
        timeline::toggle(ui, topic, &mut state.lanes);
        if topic.start.is_some() {
            icon_button(ui, icons::EXPORT, UiCommand::ExportRecords, view.out);
        }
        let open = IconButton::new(
            icons::SLIDERS_HORIZONTAL,
            "Event types, partitions, decoder and mapping",
        );
        if ui.add(open.selected(state.details_open)).clicked() {
            state.details_open = !state.details_open;
        }
    });
}

/// How long its records are kept, in words.
fn retention(ui: &mut Ui, topic: &TopicView) {
    let setting = |wanted: &str| {
        let mut settings = topic.configs.iter();
        settings.find(|(name, _)| &**name == wanted).map(|(_, value)| &**value)
    };
    let Some(policy) = setting("cleanup.policy") else { return };
    let retention_ms = setting("retention.ms");
    let words = retention_words(policy, retention_ms.and_then(|text| text.parse().ok()));
    let limit = retention_ms.map(|text| format!("\nretention.ms {text}")).unwrap_or_default();
    let chip = Chip::new(&words).show(ui);
    chip.response.on_hover_text(format!("cleanup.policy {policy}{limit}"));
}

/// The job that reads the topic.
fn job_of<'a>(topic: &TopicView, view: &View<'a>) -> Option<&'a JobView> {
    view.snapshot.jobs.iter().find(|job| Some(job.id) == topic.job)
}

/// How far reading is, with a way to stop it.
fn progress(ui: &mut Ui, topic: &TopicView, state: &mut TopicState, view: &mut View<'_>) {
    let Some(job) = job_of(topic, view).cloned() else { return };
    let frame = Frame::new().inner_margin(Margin::symmetric(12, 4));
    match &job.state {
        JobState::Running | JobState::Following => {}
        JobState::Stopped(problem) => {
            Panel::top("stopped").frame(frame).show(ui, |ui| problem_box(ui, problem, None));
            return;
        }
        JobState::Done | JobState::Cancelled => return,
    }
    Panel::top("progress").frame(frame).resizable(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            let tokens = Tokens::of(ui);
            let rate = format::number(job.progress.records_per_second);
            let words = format!(
                "{} · {} · {rate} records/s",
                format::count(job.progress.records, "record"),
                format::bytes(job.progress.bytes)
            );
            let live = if job.state == JobState::Following { "Live · " } else { "" };
            let words = RichText::new(format!("{live}{words}")).font(secondary());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(IconButton::new(icons::STOP, "Stop reading").text("Stop")).clicked() {
                    view.out.send(Command::CancelJob(job.id));
                }
                let more = IconButton::new(icons::CARET_DOWN, "Progress by partition");
                if ui.add(more.selected(state.progress_open)).clicked() {
                    state.progress_open = !state.progress_open;
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    if job.state == JobState::Running {
                        let done = job.progress.fraction().unwrap_or(0.0);
                        let width = (ui.available_width() * PROGRESS_SHARE).min(160.0);
                        progress_bar(ui, done, width, &job.title);
                    }
                    ui.add(egui::Label::new(words.color(tokens.text_secondary)).truncate());
                });
            });
        });
        if state.progress_open {
            partition_bars(ui, &job.progress.partitions);
        }
    });
}

/// When the records were written, with the brush.
fn density(ui: &mut Ui, topic: &TopicView, view: &mut View<'_>) {
    if topic.histogram.counts.is_empty() {
        return;
    }
    let id = Id::unique(("histogram", &topic.topic));
    let brush =
        histogram(ui, id, &topic.histogram, topic.filter.time_ms, view.times, HISTOGRAM_HEIGHT);
    let Some(brush) = brush else { return };
    let mut changed = topic.filter.clone();
    changed.time_ms = match brush {
        Brush::Choose(from_ms, to_ms) => Some((from_ms, to_ms)),
        Brush::Clear => None,
    };
    if changed != topic.filter {
        view.out.send(Command::SetFilter(Arc::clone(&topic.topic), changed));
    }
}

/// The record that was chosen.
fn inspected(
    ui: &mut Ui,
    topic: &TopicView,
    detail: &crate::workspace::RecordDetail,
    state: &mut TopicState,
    view: &mut View<'_>,
) {
    ui.horizontal(|ui| {
        ui.set_height(ROW_HEIGHT);
        let position = detail.position.to_string();
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.add(IconButton::new(icons::X, "Close the record")).clicked() {
                state.record_closed = true;
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(CopyText::new(&position).name("Address"));
            });
        });
    });
    if state.records.misses_chosen(topic) {
        let words = "Not in the table: it was not read, or the filter hides it";
        ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).text_secondary));
    }
    ui.horizontal_wrapped(|ui| {
        for (tab, name) in record::TABS {
            ui.selectable_value(&mut state.record.tab, tab, name);
        }
    });
    ui.add_space(4.0);
    record::show_tab(ui, state.record.tab, &mut state.record, detail, view);
}

/// Reads the topic from here.
fn read(topic: &TopicView, start: StartPosition, out: &mut Outbox) {
    out.send(Command::Read(Arc::clone(&topic.topic), start));
}
