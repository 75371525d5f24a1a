//! The matrix: every fault against every consumer, on the projection and the events of this
//! sandbox.
//!
//! Promises: a cell says by a mark and by the names of invariants what became of it, never by
//! colour alone; a click opens its schedule; what was asked for can be stopped.
//! Does not know: how cells are worked out.

use std::sync::Arc;

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Align2, Frame, Label, Margin, PopupCloseBehavior, Rect, Response, RichText, Role, ScrollArea,
    Sense, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::super::field::Field;
use crate::gui::laid_out::note_sideways;
use crate::gui::theme::{
    ROW_HEIGHT, Tokens, body, format, icon, icons, medium, mono, mono_small, secondary,
};
use crate::gui::views::waiting;
use crate::gui::widgets::{EmptyState, IconButton, focus_ring, problem_box, progress_bar};
use crate::sandbox::{Consumer, FaultName, Invariant};
use crate::workspace::JobView;
use crate::workspace::sandbox::{
    CellVerdict, CellView, MatrixChoice, MatrixView, TrialCommand, TrialView,
};

/// How narrow the names of faults may become, in points.
const FAULT_WIDTH: f32 = 120.0;
/// How much room a fault's number and the space around its name take, in points.
const FAULT_SPACE: f32 = 48.0;
/// How narrow the column of a consumer may become, in points.
const CONSUMER_WIDTH: f32 = 92.0;
/// How wide it gets at most, in points.
const CONSUMER_WIDTH_MAX: f32 = 300.0;
/// The height of the names of consumers, in points.
const HEAD_HEIGHT: f32 = 36.0;
/// How wide a tooltip gets, in points.
const TIP_WIDTH: f32 = 440.0;
/// What is said before the first cells are there.
const WAITING: &str = "Each cell runs the whole history a few times; what fails is shrunk to the smallest schedule that still does. Rows \
                       appear as they are done.";
/// The most runs a fault is tried with.
const RUNS_MAX: u32 = 100;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct MatrixState {
    /// What is asked for.
    choice: MatrixChoice,
    /// The seed and the runs as they are typed, where that is no number yet.
    typed: [Option<String>; 2],
}

/// Draws the view. Says whether a cell's schedule was asked for.
pub(crate) fn show(
    ui: &mut Ui,
    state: &mut MatrixState,
    trial: &TrialView,
    job: Option<&JobView>,
    out: &mut Vec<TrialCommand>,
) -> bool {
    let mut opened = false;
    Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        controls(ui, state, trial, out);
        ui.add_space(6.0);
        if let Some(problem) = trial.matrix.problem()
            && problem_box(ui, problem, Some("Try again"))
        {
            out.push(TrialCommand::RunMatrix(state.choice.clone()));
        }
        let Some(matrix) = trial.matrix.latest() else {
            if trial.matrix.is_pending() {
                if waiting::full(ui, job, WAITING) {
                    out.push(TrialCommand::Stop);
                }
            } else if trial.matrix.problem().is_none() {
                empty(ui, state, out);
            }
            return;
        };
        summary(ui, matrix, trial.matrix.is_pending());
        if trial.matrix.is_pending() && matrix.is_whole() {
            ui.multiply_opacity(0.5);
        }
        opened = grid(ui, matrix, trial, out);
    });
    opened
}

/// What stands there before anything was asked.
fn empty(ui: &mut Ui, state: &MatrixState, out: &mut Vec<TrialCommand>) {
    let text = "Your projection runs in virtual consumers over these events while things go wrong: crashes, rebalances, \
                duplicates, lost records. A cell says which invariants broke; a click shows how.";
    let empty = EmptyState::new(icons::SHIELD_CHECK, "What survives?", text);
    if empty.action(icons::PLAY, "Try every fault").show(ui).is_some() {
        out.push(TrialCommand::RunMatrix(state.choice.clone()));
    }
}

/// What is asked for, and how far it is.
fn controls(ui: &mut Ui, state: &mut MatrixState, trial: &TrialView, out: &mut Vec<TrialCommand>) {
    ui.horizontal_wrapped(|ui| {
        if trial.matrix.is_pending() {
            let stop = IconButton::new(icons::STOP, "Stop the matrix").text("Stop");
            if ui.add(stop).clicked() {
                out.push(TrialCommand::Stop);
            }
        } else {
            let some = !state.choice.faults.is_empty() && !state.choice.consumers.is_empty();
            let run = IconButton::new(icons::PLAY, "Run the matrix").text("Run");
            let run = run.color(Tokens::of(ui).accent);
            if ui.add_enabled(some, run).clicked() {
                out.push(TrialCommand::RunMatrix(state.choice.clone()));
            }
        }
        let faults = count_words(state.choice.faults.len(), usize::from(FaultName::COUNT), "fault");
        menu(ui, &faults, |ui| fault_list(ui, &mut state.choice.faults));
        let consumers = count_words(state.choice.consumers.len(), Consumer::ALL.len(), "consumer");
        menu(ui, &consumers, |ui| consumer_list(ui, &mut state.choice.consumers));
        let [seed, runs] = &mut state.typed;
        number(ui, "Seed", 72.0, seed, &mut state.choice.seed, 0..=u64::MAX)
            .on_hover_text("Decides where faults happen: the same seed, the same cells");
        let mut wanted = u64::from(state.choice.runs);
        number(ui, "Runs of each fault", 44.0, runs, &mut wanted, 1..=u64::from(RUNS_MAX))
            .on_hover_text("How many schedules each fault is tried with");
        state.choice.runs = u32::try_from(wanted).unwrap_or(RUNS_MAX);
        if let Some((done, all)) = trial.matrix_done.filter(|_| trial.matrix.is_pending()) {
            let words = format!("{done} of {all} cells");
            let share = if all == 0 { 0.0 } else { done as f32 / all as f32 };
            progress_bar(ui, share, 140.0, &words);
            let color = Tokens::of(ui).text_secondary;
            ui.label(RichText::new(words).font(secondary()).color(color));
        }
    });
}

/// How many of how many: "all 30 faults", "3 of 30 faults".
fn count_words(chosen: usize, all: usize, noun: &str) -> String {
    if chosen == all {
        return format!("all {all} {noun}s");
    }
    format!("{chosen} of {all} {noun}s")
}

/// A button with a menu that stays open while things are ticked in it.
fn menu(ui: &mut Ui, words: &str, content: impl FnOnce(&mut Ui)) {
    let text = RichText::new(format!("{words} {}", icons::CARET_DOWN));
    let button = egui::Button::new(text).frame_when_inactive(false);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ScrollArea::vertical().max_height(360.0).show(ui, content);
    });
}

/// Buttons that tick everything or nothing.
fn all_or_none(ui: &mut Ui) -> Option<bool> {
    let mut wanted = None;
    ui.horizontal(|ui| {
        if ui.small_button("All").clicked() {
            wanted = Some(true);
        }
        if ui.small_button("None").clicked() {
            wanted = Some(false);
        }
    });
    wanted
}

/// The faults to tick.
fn fault_list(ui: &mut Ui, chosen: &mut Vec<FaultName>) {
    if let Some(all) = all_or_none(ui) {
        *chosen = FaultName::all().filter(|_| all).collect();
    }
    for fault in FaultName::all() {
        let mut on = chosen.contains(&fault);
        let words = format!("{fault}  {}", fault.entry().title);
        if ui.checkbox(&mut on, words).on_hover_ui(|ui| about_fault(ui, fault)).changed() {
            chosen.retain(|other| *other != fault);
            chosen.extend(on.then_some(fault));
            chosen.sort_unstable();
        }
    }
}

/// The consumers to tick.
fn consumer_list(ui: &mut Ui, chosen: &mut Vec<Consumer>) {
    if let Some(all) = all_or_none(ui) {
        *chosen = Consumer::ALL.into_iter().filter(|_| all).collect();
    }
    for consumer in Consumer::ALL {
        let mut on = chosen.contains(&consumer);
        let ticked = ui.checkbox(&mut on, consumer.as_str());
        if ticked.on_hover_text(consumer.purpose()).changed() {
            chosen.retain(|other| *other != consumer);
            chosen.extend(on.then_some(consumer));
            chosen.sort_unstable();
        }
    }
}

/// A number that is typed; what is no number changes nothing and is forgotten with the focus.
fn number(
    ui: &mut Ui,
    name: &str,
    width: f32,
    typed: &mut Option<String>,
    value: &mut u64,
    range: std::ops::RangeInclusive<u64>,
) -> Response {
    let color = Tokens::of(ui).text_secondary;
    let word = name.split(' ').next().unwrap_or(name);
    ui.label(RichText::new(word).font(secondary()).color(color));
    let mut text = typed.clone().unwrap_or_else(|| value.to_string());
    let response = Field::new(&mut text, name).mono().width(width).show(ui);
    if response.changed() {
        if let Ok(number) = text.trim().parse::<u64>() {
            *value = number.clamp(*range.start(), *range.end());
        }
        *typed = Some(text);
    }
    if !response.has_focus() {
        *typed = None;
    }
    response
}

/// What came of it, in a line.
fn summary(ui: &mut Ui, matrix: &MatrixView, pending: bool) {
    let tokens = Tokens::of(ui);
    let (broke, held) = (matrix.count(CellVerdict::Broke), matrix.count(CellVerdict::Held));
    let none = matrix.count(CellVerdict::NotApplicable);
    ui.horizontal_wrapped(|ui| {
        let part = |ui: &mut Ui, mark: &str, color, words: String| {
            ui.label(RichText::new(mark).font(icon()).color(color));
            ui.label(words);
            ui.add_space(8.0);
        };
        part(
            ui,
            icons::CHECK_CIRCLE,
            tokens.added,
            format!("{} held every invariant", format::count(held as u64, "cell")),
        );
        part(ui, icons::X_CIRCLE, tokens.error, format!("{broke} broke one or more"));
        if 0 < none {
            part(ui, icons::MINUS, tokens.text_secondary, format!("{none} do not apply here"));
        }
        if !matrix.is_whole() && !pending {
            part(ui, icons::STOP, tokens.warning, "stopped early".to_owned());
        }
        let took = i64::try_from(matrix.took_ms).unwrap_or(i64::MAX);
        let facts = format!(
            "{} · seed {} · {}",
            format::count(matrix.events, "event"),
            matrix.choice.seed,
            format::duration_ms(took)
        );
        ui.label(RichText::new(facts).font(secondary()).color(tokens.text_secondary));
    });
    ui.add_space(4.0);
}

/// Where the columns are.
struct Columns {
    /// The width of the names of faults.
    faults: f32,
    /// The width of the column of a consumer.
    consumer: f32,
}

impl Columns {
    /// Columns for this many consumers in this width, where the names of faults need this much.
    fn new(width: f32, needed: f32, consumers: usize) -> Self {
        let consumers = consumers.max(1) as f32;
        let most = needed.max(FAULT_WIDTH);
        let faults = (width - consumers * CONSUMER_WIDTH).clamp(FAULT_WIDTH, most);
        let consumer =
            ((width - faults) / consumers).clamp(CONSUMER_WIDTH, CONSUMER_WIDTH_MAX).floor();
        Self { faults, consumer }
    }

    /// How wide they are together.
    fn width(&self, consumers: usize) -> f32 {
        self.faults + self.consumer * consumers as f32
    }

    /// The cell of a consumer in a row.
    fn cell(&self, row: Rect, consumer: usize) -> Rect {
        let left = row.left() + self.faults + self.consumer * consumer as f32;
        Rect::from_min_size(pos2(left, row.top()), vec2(self.consumer, row.height()))
    }
}

/// How wide the longest title of these faults is, in points.
fn longest_title(ui: &Ui, faults: &[FaultName]) -> f32 {
    let width = |fault: &FaultName| {
        let title = fault.entry().title.to_owned();
        ui.painter().layout_no_wrap(title, body(), egui::Color32::PLACEHOLDER).size().x
    };
    faults.iter().map(width).fold(0.0, f32::max)
}

/// Draws the cells; whether one was opened.
fn grid(ui: &mut Ui, matrix: &MatrixView, trial: &TrialView, out: &mut Vec<TrialCommand>) -> bool {
    let consumers = &matrix.choice.consumers;
    let needed = longest_title(ui, &matrix.choice.faults) + FAULT_SPACE;
    let columns = Columns::new(ui.available_width() - 12.0, needed, consumers.len());
    let mut opened = None;
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    if ui.available_width() < columns.width(consumers.len()) {
        note_sideways(ui, ui.available_rect_before_wrap());
    }
    ScrollArea::horizontal().id_salt("matrix across").auto_shrink(false).show(ui, |ui| {
        let width = columns.width(consumers.len());
        head(ui, &columns, width, consumers);
        let rows = matrix.choice.faults.len();
        let area = ScrollArea::vertical().id_salt("matrix").auto_shrink([true, false]);
        area.show_rows(ui, ROW_HEIGHT, rows, |ui, visible| {
            for row in visible {
                let Some(fault) = matrix.choice.faults.get(row).copied() else { continue };
                let (rect, _) = ui.allocate_exact_size(vec2(width, ROW_HEIGHT), Sense::empty());
                fault_name(ui, rect.with_max_x(rect.left() + columns.faults), fault);
                for column in 0..consumers.len() {
                    let place = columns.cell(rect, column);
                    let Some(cell) = matrix.cell(row, column) else {
                        let (at, color) =
                            (place.left_center() + vec2(16.0, 0.0), Tokens::of(ui).outline);
                        ui.painter().text(at, Align2::CENTER_CENTER, "·", secondary(), color);
                        continue;
                    };
                    if self::cell(ui, place, cell, trial).clicked() {
                        opened = cell.schedule.clone().map(|schedule| (cell.consumer, schedule));
                    }
                }
            }
        });
    });
    let Some((consumer, schedule)) = opened else { return false };
    out.push(TrialCommand::Open(consumer, schedule));
    true
}

/// The names of the consumers.
fn head(ui: &mut Ui, columns: &Columns, width: f32, consumers: &[Consumer]) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, HEAD_HEIGHT), Sense::empty());
    for (number, consumer) in consumers.iter().enumerate() {
        let place = columns.cell(rect, number).shrink2(vec2(8.0, 2.0));
        let layout = egui::Layout::left_to_right(egui::Align::Max);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place).layout(layout));
        let name = RichText::new(consumer.as_str()).font(medium()).color(tokens.text_strong);
        child.add(Label::new(name.size(secondary().size)).wrap()).on_hover_ui(|ui| {
            ui.set_max_width(TIP_WIDTH);
            ui.label(RichText::new(consumer.as_str()).font(medium()));
            ui.label(consumer.purpose());
        });
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, (1.0, tokens.separator));
}

/// The name of a fault at the beginning of its row.
fn fault_name(ui: &mut Ui, rect: Rect, fault: FaultName) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(fault.number()), Sense::hover());
    let y = rect.center().y;
    let name = fault.to_string();
    let at = pos2(rect.left() + 4.0, y);
    ui.painter().text(at, Align2::LEFT_CENTER, &name, mono_small(), tokens.text_secondary);
    let width = rect.width() - FAULT_SPACE + 2.0;
    let galley =
        crate::gui::widgets::cut_galley(ui, fault.entry().title, body(), tokens.text, width);
    let at = pos2(rect.left() + 38.0, y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.text);
    let words = format!("{name} {}", fault.entry().title);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    response.on_hover_ui(|ui| about_fault(ui, fault));
}

/// What the catalogue says of a fault.
fn about_fault(ui: &mut Ui, fault: FaultName) {
    let entry = fault.entry();
    let color = Tokens::of(ui).text_secondary;
    ui.set_max_width(TIP_WIDTH);
    ui.label(RichText::new(format!("{fault} {}", entry.title)).font(medium()));
    ui.label(entry.simulated);
    ui.label(RichText::new(format!("A correct consumer: {}", entry.correct)).color(color));
}

/// A cell.
fn cell(ui: &Ui, rect: Rect, cell: &CellView, trial: &TrialView) -> Response {
    let tokens = Tokens::of(ui);
    let id = ui.scope_id().with((cell.fault.number(), cell.consumer));
    let can_open = cell.schedule.is_some();
    let response = ui.interact(rect, id, if can_open { Sense::click() } else { Sense::hover() });
    let (mark, color, ground) = match cell.verdict {
        CellVerdict::Held => (icons::CHECK, tokens.added, None),
        CellVerdict::Broke => (icons::X, tokens.removed, Some(tokens.removed_ground)),
        CellVerdict::NotApplicable => (icons::MINUS, tokens.text_secondary, None),
    };
    let inside = rect.shrink2(vec2(1.0, 1.0));
    let ground = if response.hovered() && can_open { Some(tokens.hover) } else { ground };
    if let Some(ground) = ground {
        ui.painter().rect_filled(inside, 4.0, ground);
    }
    if is_open(cell, trial) {
        let stroke = egui::Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(inside, 4.0, stroke, egui::StrokeKind::Inside);
    }
    let at = pos2(rect.left() + 16.0, rect.center().y);
    ui.painter().text(at, Align2::CENTER_CENTER, mark, icon(), color);
    let label = cell.label();
    if cell.verdict != CellVerdict::NotApplicable {
        let (font, color) = match cell.verdict {
            CellVerdict::Broke => (mono(), color),
            _ => (secondary(), tokens.text_secondary),
        };
        let galley = crate::gui::widgets::cut_galley(ui, &label, font, color, rect.width() - 32.0);
        let at = pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, color);
    }
    focus_ring(ui, &response, tokens);
    let verdict = match cell.verdict {
        CellVerdict::Held => "holds".to_owned(),
        CellVerdict::Broke => format!("breaks {label}"),
        CellVerdict::NotApplicable => "cannot happen".to_owned(),
    };
    let words = format!("{} {}: {verdict}", cell.fault, cell.consumer);
    let role = if can_open { Role::Button } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, &words));
    response.on_hover_ui(|ui| about_cell(ui, cell))
}

/// Whether the schedule of a cell is the one that is open.
fn is_open(cell: &CellView, trial: &TrialView) -> bool {
    trial.run.latest().is_some_and(|run| {
        run.consumer == cell.consumer
            && cell.schedule.as_ref().is_some_and(|schedule| {
                Arc::ptr_eq(schedule, &run.schedule) || **schedule == *run.schedule
            })
    })
}

/// What is known of a cell.
fn about_cell(ui: &mut Ui, cell: &CellView) {
    let tokens = Tokens::of(ui);
    ui.set_max_width(TIP_WIDTH);
    let title = format!("{} {} · {}", cell.fault, cell.fault.entry().title, cell.consumer);
    ui.label(RichText::new(title).font(medium()));
    ui.label(&*cell.words);
    for invariant in cell.broken.iter() {
        ui.label(RichText::new(invariant_words(*invariant)).color(tokens.removed));
    }
    if cell.schedule.is_some() {
        let words = format!("{} tried; a click opens the schedule", runs_words(cell.runs));
        ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
    }
}

/// An invariant and what it demands.
pub(super) fn invariant_words(invariant: Invariant) -> String {
    format!("{} {invariant}  {}", icons::X, invariant.demand())
}

/// How many schedules.
fn runs_words(runs: usize) -> String {
    format::count(runs as u64, "schedule")
}
