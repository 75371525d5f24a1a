//! One moment of a run: the steps around it in words, positions, and the rows as they are and as
//! they should be.
//!
//! Promises: side by side where there is room, else one at a time.
//! Does not know: how a moment is worked out.

use egui::{Grid, Id, Label, Margin, RichText, ScrollArea, Ui};

use crate::gui::laid_out::note_sideways;
use crate::gui::theme::format::count;
use crate::gui::theme::{Tokens, data, icons, medium, mono, mono_small, secondary};
use crate::gui::views::field::Field;
use crate::gui::views::list_row::ListRow;
use crate::gui::views::parts::{self, Part};
use crate::gui::widgets::{EmptyState, TreeState, compare_tree, entered};
use crate::workspace::sandbox::{MomentView, RunView, TrialCommand, TrialView};

/// The parts of a moment: what happened around it; a row, as it is and as it should be; where
/// everybody stands.
const PARTS: [Part<'_>; 3] = [
    Part::share("What happened", 260.0, 0.4).first_max(560.0).margin(MARGIN),
    Part::rest("Rows", ROW).margin(MARGIN),
    Part::share("Positions", 230.0, 0.26).first_max(460.0).margin(MARGIN),
];
/// The least width of a row with what it should be beside it, in points.
const ROW: f32 = 300.0;
/// The number of the part in the middle, which is in front at first.
const IN_FRONT: usize = 1;
/// The space around a part.
const MARGIN: Margin = Margin::symmetric(12, 6);

/// What is shown of a moment.
#[derive(Debug)]
pub(super) struct MomentState {
    /// The number of the part in front where there is no room for all.
    part: usize,
    /// The tree of the row.
    tree: TreeState,
    /// The steps that were shown last: the list follows when they change.
    shown: Option<usize>,
    /// The row that is looked for, as it is typed.
    wanted: String,
}

impl Default for MomentState {
    fn default() -> Self {
        Self { part: IN_FRONT, tree: TreeState::default(), shown: None, wanted: String::new() }
    }
}

/// Draws the moment.
pub(super) fn show(
    ui: &mut Ui,
    id: Id,
    state: &mut MomentState,
    run: &RunView,
    trial: &TrialView,
    out: &mut Vec<TrialCommand>,
) {
    let Some(moment) = trial.moment.clone() else { return };
    let beside = parts::fit(&PARTS, ui.available_width());
    let mut front = state.part;
    parts::show(ui, id, &PARTS, &mut front, &mut |ui, part| match part {
        0 => {
            if beside {
                heading(ui, PARTS[0].name);
            }
            steps(ui, id, state, &moment, out);
        }
        IN_FRONT => row(ui, id, state, &moment, (run, trial), out),
        _ => positions(ui, id, &moment, run),
    });
    state.part = front;
}

/// The title of a part.
fn heading(ui: &mut Ui, words: &str) {
    let color = Tokens::of(ui).text_strong;
    ui.label(RichText::new(words).font(medium()).color(color));
}

/// The steps around the moment in words.
fn steps(
    ui: &mut Ui,
    id: Id,
    state: &mut MomentState,
    moment: &MomentView,
    out: &mut Vec<TrialCommand>,
) {
    let follow = state.shown.replace(moment.steps) != Some(moment.steps);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt(id.with("step list")).auto_shrink(false).show(ui, |ui| {
        for (number, words) in moment.around.iter() {
            let number_text = number.to_string();
            let is_shown = *number == moment.steps;
            let row = ListRow::new(words).right(&number_text).selected(is_shown).show(ui);
            if is_shown && follow {
                row.scroll_to_me(Some(egui::Align::Center));
            }
            if row.on_hover_text(&**words).clicked() {
                out.push(TrialCommand::GoTo(*number));
            }
        }
    });
}

/// Where everybody stands.
fn positions(ui: &mut Ui, id: Id, moment: &MomentView, run: &RunView) {
    let tokens = Tokens::of(ui);
    let color = tokens.text_secondary;
    note_sideways(ui, ui.available_rect_before_wrap());
    ScrollArea::both().id_salt(id.with("positions")).auto_shrink(false).show(ui, |ui| {
        heading(ui, "Positions");
        let keeps = moment.partitions.iter().any(|partition| &*partition.stored != "–");
        let columns = if keeps { 4 } else { 3 };
        Grid::new(id.with("partitions")).num_columns(columns).spacing([16.0, 2.0]).show(ui, |ui| {
            let names = ["Partition", "Committed", "Applied", "Stored"];
            for name in &names[..columns] {
                ui.label(RichText::new(*name).font(secondary()).color(color));
            }
            ui.end_row();
            for partition in moment.partitions.iter() {
                let texts =
                    [&partition.name, &partition.committed, &partition.applied, &partition.stored];
                for text in &texts[..columns] {
                    ui.label(data(&***text));
                }
                if let Some(why) = partition.standstill {
                    ui.label(RichText::new(icons::STOP).color(tokens.warning)).on_hover_text(why);
                }
                ui.end_row();
            }
        });
        ui.add_space(10.0);
        heading(ui, "Members");
        for (member, name) in moment.members.iter().zip(run.members.iter()) {
            let words = format!("{name} {}", member.words);
            ui.add(Label::new(words).wrap());
        }
        ui.add_space(10.0);
        heading(ui, "Events");
        for event in run.events.iter() {
            let several = run.rows.len() > 1;
            let row = event.row.as_ref().filter(|_| several);
            let row = row.map(|row| format!("  {row}")).unwrap_or_default();
            let words = format!("{}  {}{row}", event.position, event.event_type);
            ui.add(Label::new(RichText::new(words).font(mono_small())).extend());
        }
        if (run.events.len() as u64) < run.event_count {
            let more = run.event_count - run.events.len() as u64;
            ui.label(RichText::new(format!("and {more} more")).font(secondary()).color(color));
        }
    });
}

/// A field that finds a row among many.
fn find_row(ui: &mut Ui, wanted: &mut String, run: &RunView, out: &mut Vec<TrialCommand>) {
    let hint = format!("find one of {}", count(run.rows.len() as u64, "row"));
    let field = Field::new(wanted, "Row to find").hint(hint).mono().width(220.0).show(ui);
    let entered = entered(&field);
    if entered && !wanted.trim().is_empty() {
        out.push(TrialCommand::FindRow(wanted.trim().to_owned()));
    }
}

/// A row as it is shown, beside what a correct consumer would show.
fn row(
    ui: &mut Ui,
    id: Id,
    state: &mut MomentState,
    moment: &MomentView,
    (run, trial): (&RunView, &TrialView),
    out: &mut Vec<TrialCommand>,
) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        heading(ui, "Row");
        for row in moment.rows.iter() {
            let (sign, color, word) = if row.right {
                (icons::CHECK, tokens.added, "right")
            } else {
                (icons::X, tokens.removed, "wrong")
            };
            let name = row.name.to_string();
            let name = if name.is_empty() { "the state".to_owned() } else { name };
            let mut text = egui::text::LayoutJob::default();
            let format =
                |font, color| egui::TextFormat { font_id: font, color, ..Default::default() };
            text.append(sign, 0.0, format(crate::gui::theme::icon(), color));
            text.append(&format!(" {name}"), 0.0, format(mono(), tokens.text));
            let chosen = moment.row == Some(row.number);
            let response = ui.selectable_label(chosen, text);
            let words = format!("Row {name}, {word}");
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &words)
            });
            if response.on_hover_text(word).clicked() {
                out.push(TrialCommand::ShowRow(row.number));
            }
        }
    });
    if moment.rows.len() < run.rows.len() {
        find_row(ui, &mut state.wanted, run, out);
    }
    if trial.row.is_empty() {
        let words = "Neither this consumer nor a correct one shows anything here yet.";
        EmptyState::new(icons::EQUALS, "No row yet", words).show(ui);
        return;
    }
    let names = ["as shown", "as it should be"];
    compare_tree(ui, id.with("row"), &mut state.tree, &trial.row, names, None);
}
