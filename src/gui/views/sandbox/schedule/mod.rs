//! The schedule: one run of a virtual consumer while things go wrong, step by step.
//!
//! Promises: everything shows the same step; every step can be reached by keys; what broke is
//! named, and a click goes there.
//! Does not know: how runs are made and judged.

mod files;
mod lanes;
mod mark;
mod moment;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{CentralPanel, Frame, Id, Margin, Panel, RichText, Ui};

pub(crate) use self::files::FileWish;
use self::files::FilesState;
use self::lanes::LanesState;
use self::moment::MomentState;
use super::matrix::invariant_words;
use crate::gui::command::UiCommand;
use crate::gui::theme::{GUTTER, Tokens, data, format, icons, medium, secondary};
use crate::gui::views::waiting;
use crate::gui::widgets::{Chip, EmptyState, IconButton, Tone, problem_box};
use crate::sandbox::{Consumer, Schedule};
use crate::workspace::JobView;
use crate::workspace::sandbox::demo_chapter::{CARELESS_CONSUMER, MENDED_CONSUMER};
use crate::workspace::sandbox::{RunView, StepKind, TrialCommand, TrialView};

/// Below this height of the window, in points, explanations are shown on hover alone: what they
/// speak of needs the room.
const LOW: f32 = 520.0;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct ScheduleState {
    /// The timeline.
    lanes: LanesState,
    /// What is shown of the moment.
    moment: MomentState,
    /// The schedule as text and as a file.
    files: FilesState,
}

impl ScheduleState {
    /// Takes the file that was chosen in a dialog.
    pub(crate) fn choose_file(&mut self, path: PathBuf) {
        self.files.choose(path);
    }

    /// Learns that no dialog could be shown.
    pub(crate) fn miss_dialog(&mut self) {
        self.files.miss_dialog();
    }

    /// The dialog that is wanted since the last call.
    pub(crate) fn take_wish(&mut self) -> Option<FileWish> {
        self.files.take_wish()
    }
}

/// What a view of a schedule is given beside its state.
struct Given<'a> {
    /// What virtual consumers are tried with.
    trial: &'a TrialView,
    /// The incident's entity, where this is the reference system's dashboard.
    incident: Option<&'a str>,
    /// The job that runs it.
    job: Option<&'a JobView>,
    /// What the view asks for.
    out: &'a mut Vec<TrialCommand>,
}

/// Whether the window is so low that explanations are shown on hover alone.
fn is_low(ui: &Ui) -> bool {
    ui.ctx().content_rect().height() < LOW
}

/// Draws the view. `incident` is the entity of the reference system's incident, where the sandbox
/// is its dashboard's.
pub(crate) fn show(
    ui: &mut Ui,
    id: Id,
    state: &mut ScheduleState,
    (trial, job): (&TrialView, Option<&JobView>),
    incident: Option<&str>,
    out: &mut Vec<TrialCommand>,
) {
    let mut given = Given { trial, incident, job, out };
    let Some(run) = trial.run.latest().cloned() else {
        nothing(ui, state, &mut given);
        return;
    };
    let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
    Panel::top(id.with("run")).frame(bar).resizable(false).show(ui, |ui| {
        if let Some(problem) = trial.run.problem() {
            problem_box(ui, problem, None);
        }
        title(ui, &run, &mut given, &mut state.files);
        verdict(ui, &run, given.out);
        steps(ui, &run, &mut given);
        files::show(ui, &mut state.files, &run, trial, given.out);
    });
    if trial.run.is_pending() {
        ui.multiply_opacity(0.5);
    }
    let height = lanes::height(&run).min(ui.available_height() * 0.45);
    Panel::top(id.with("lanes")).default_size(height).min_size(48.0).frame(Frame::new()).show(
        ui,
        |ui| {
            ui.set_min_height(height);
            let lanes = id.with("timeline");
            let moment = trial.moment.as_deref();
            if let Some(steps) = lanes::show(ui, lanes, &run, moment, &mut state.lanes) {
                given.out.push(TrialCommand::GoTo(steps));
            }
        },
    );
    let legend = Frame::new().inner_margin(Margin::symmetric(12, 4));
    if 420.0 < ui.available_height() + height {
        Panel::top(id.with("legend")).frame(legend).resizable(false).show(ui, |ui| {
            let met = |kind: &StepKind| run.marks.iter().any(|mark| mark.kind == *kind);
            let kinds: Vec<StepKind> = StepKind::ALL.into_iter().filter(met).collect();
            mark::legend(ui, &kinds);
        });
    }
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
        moment::show(ui, id, &mut state.moment, &run, trial, given.out);
    });
}

/// What stands there before a schedule is open.
fn nothing(ui: &mut Ui, state: &mut ScheduleState, given: &mut Given<'_>) {
    Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        if let Some(problem) = given.trial.run.problem() {
            problem_box(ui, problem, None);
        }
        if given.trial.run.is_pending() {
            if waiting::full(ui, given.job, "") {
                given.out.push(TrialCommand::Stop);
            }
            return;
        }
        files::open_field(ui, &mut state.files, given.out);
        let text = "A schedule is a run of a virtual consumer, with what goes wrong and where. Open one from a cell of the \
                    matrix, or from a file; step through it, change it, save it as a test.";
        let mut empty = EmptyState::new(icons::PATH, "No schedule is open", text);
        if given.incident.is_some() {
            empty = empty.action(icons::LIGHTNING, INCIDENT);
        }
        let clicked = empty.action(icons::PLAY, "A run without faults").show(ui);
        match (clicked, given.incident) {
            (Some(0), Some(_)) => {
                given.out.push(TrialCommand::OpenIncident(CARELESS_CONSUMER));
            }
            (Some(_), _) => {
                let quiet = Arc::new(Schedule::default());
                given.out.push(TrialCommand::Open(Consumer::Naive, quiet));
            }
            (None, _) => {}
        }
    });
}

/// What the button says that reproduces the incident of the reference system.
const INCIDENT: &str = "Reproduce the incident";

/// What goes wrong, and who consumes; another consumer can be chosen.
fn title(ui: &mut Ui, run: &RunView, given: &mut Given<'_>, files: &mut FilesState) {
    let (tokens, low) = (Tokens::of(ui), is_low(ui));
    ui.horizontal_wrapped(|ui| {
        let faults =
            if run.faults.is_empty() { "No fault".to_owned() } else { run.faults.join(" · ") };
        ui.label(RichText::new(faults).font(medium()).color(tokens.text_strong));
        if !low {
            let quiet =
                |words: String| RichText::new(words).font(secondary()).color(tokens.text_secondary);
            ui.label(quiet(format::count(run.event_count, "event")));
            ui.add_space(GUTTER);
            ui.label(quiet("Consumer".to_owned()));
        }
        let name = format!("{} {}", run.consumer, icons::CARET_DOWN);
        let menu = ui.menu_button(name, |ui| {
            for consumer in Consumer::ALL {
                let chosen = ui.selectable_label(consumer == run.consumer, consumer.as_str());
                if chosen.on_hover_text(consumer.purpose()).clicked() {
                    given.out.push(TrialCommand::Open(consumer, Arc::clone(&run.schedule)));
                    ui.close();
                }
            }
        });
        let words = format!("Consumer: {}", run.consumer);
        menu.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
        menu.response.on_hover_text(run.consumer.purpose());
        if given.incident.is_some() {
            incident(ui, run, given.out);
        }
        files::buttons(ui, files, run);
        if low {
            broken(ui, run, given.out);
        }
    });
}

/// The incident of the reference system: again for the careless consumer, or for the mended one.
fn incident(ui: &mut Ui, run: &RunView, out: &mut Vec<TrialCommand>) {
    let (icon, name, consumer) = if run.findings.is_empty() {
        (icons::LIGHTNING, INCIDENT, CARELESS_CONSUMER)
    } else {
        (icons::SHIELD_CHECK, "Try the mended consumer", MENDED_CONSUMER)
    };
    if ui.add(IconButton::new(icon, name).text(name)).clicked() {
        out.push(TrialCommand::OpenIncident(consumer));
    }
}

/// What broke, and the first of it in words. In a low window it stands behind the title.
fn verdict(ui: &mut Ui, run: &RunView, out: &mut Vec<TrialCommand>) {
    if is_low(ui) {
        return;
    }
    ui.horizontal_wrapped(|ui| broken(ui, run, out));
    if let Some(finding) = run.findings.first() {
        let color = Tokens::of(ui).text_secondary;
        let words = RichText::new(&*finding.words).font(secondary()).color(color);
        ui.add(egui::Label::new(words).truncate()).on_hover_text(&*finding.words);
    }
}

/// What broke; a click goes to the step that shows it.
fn broken(ui: &mut Ui, run: &RunView, out: &mut Vec<TrialCommand>) {
    let (tokens, low) = (Tokens::of(ui), is_low(ui));
    if run.findings.is_empty() {
        let words = "holds every invariant";
        Chip::new(words).icon(icons::CHECK_CIRCLE).tone(Tone::Good).show(ui);
    }
    for finding in run.findings.iter() {
        let words = if low {
            format!("{} {}", icons::X, finding.invariant)
        } else {
            invariant_words(finding.invariant)
        };
        let button = egui::Button::new(RichText::new(&words).color(tokens.removed));
        let response = ui.add(button.fill(tokens.removed_ground));
        response.widget_info(|| {
            let name = format!("Breaks {}", finding.invariant);
            egui::WidgetInfo::labeled(egui::Role::Button, true, name)
        });
        if response.on_hover_text(&*finding.words).clicked() {
            out.push(TrialCommand::GoTo(finding.steps));
        }
    }
    for stop in run.stops.iter() {
        Chip::new(stop).icon(icons::STOP).tone(Tone::Warning).show(ui);
    }
}

/// The buttons that step, and where the run stands.
fn steps(ui: &mut Ui, run: &RunView, given: &mut Given<'_>) {
    let Given { trial, out, .. } = given;
    let (at, count) = (trial.moment.as_ref().map_or(0, |moment| moment.steps), run.marks.len());
    ui.horizontal(|ui| {
        let commands = [
            (icons::SKIP_BACK, "To the start of the run", UiCommand::FirstEvent, 0 < at),
            (icons::CARET_LEFT, "Step back", UiCommand::PreviousEvent, 0 < at),
            (icons::CARET_RIGHT, "Step forward", UiCommand::NextEvent, at < count),
            (icons::SKIP_FORWARD, "To the end of the run", UiCommand::LastEvent, at < count),
            (
                icons::WARNING_CIRCLE,
                "To the next broken invariant",
                UiCommand::NextProblem,
                !run.findings.is_empty(),
            ),
        ];
        for (icon, name, command, enabled) in commands {
            let keys = command.shortcut_text(ui.ctx()).unwrap_or_default();
            let button = IconButton::new(icon, name).shortcut(&keys);
            if ui.add_enabled(enabled, button).clicked() {
                out.extend(step(command, run, at));
            }
        }
        let words = format!("step {at} of {count}");
        ui.label(data(words));
        if let Some(moment) = &trial.moment {
            ui.add_space(GUTTER);
            ui.add(egui::Label::new(&*moment.words).truncate());
        }
    });
}

/// Where a command goes from after this many steps.
fn step(command: UiCommand, run: &RunView, at: usize) -> Option<TrialCommand> {
    let count = run.marks.len();
    let to = match command {
        UiCommand::FirstEvent => 0,
        UiCommand::PreviousEvent => at.checked_sub(1)?,
        UiCommand::NextEvent => (at + 1).min(count),
        UiCommand::LastEvent => count,
        UiCommand::NextProblem | UiCommand::PreviousProblem => run.next_finding(at)?,
        _ => return None,
    };
    Some(TrialCommand::GoTo(to)).filter(|_| to != at)
}

/// Carries out a command on the run that is shown.
pub(crate) fn execute(command: UiCommand, trial: &TrialView) -> Option<TrialCommand> {
    let run = trial.run.latest()?;
    step(command, run, trial.moment.as_ref().map_or(0, |moment| moment.steps))
}
