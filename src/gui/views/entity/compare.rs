//! Two states beside each other: two moments of the entity, or it and another at the same moment.
//!
//! Promises: says which states they are and how many fields differ; while one of them is not known
//! yet, says so.
//! Does not know: how states are compared.

use egui::{Align, Id, Layout, RichText, Ui};

use super::EntityState;
use super::state::PENDING_OPACITY;
use crate::gui::command::UiCommand;
use crate::gui::command_ui::icon_button;
use crate::gui::theme::{ROW_HEIGHT, Tokens, data, format, icons, medium, secondary};
use crate::gui::view::View;
use crate::gui::views::waiting;
use crate::gui::widgets::{EmptyState, IconButton, TreeState, compare_tree, copy, problem_box};
use crate::workspace::{
    ChangeTally, Command, CompareSide, CompareView, CompareWith, CopyForm, EntityKey, EntityView,
    changes_text,
};

/// What the comparison remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct CompareState {
    /// What is folded.
    tree: TreeState,
    /// Whether lines that are equal are left out.
    differences_only: bool,
}

/// Draws the comparison.
pub(crate) fn show(
    ui: &mut Ui,
    entity: &EntityView,
    with: &CompareWith,
    state: &mut EntityState,
    view: &mut View<'_>,
) {
    title(ui, entity.compare.as_deref(), &mut state.compare, view);
    let Some(compare) = &entity.compare else {
        no_states(ui, &entity.key, with, view);
        return;
    };
    if entity.at_pending {
        ui.multiply_opacity(PENDING_OPACITY);
    }
    if compare.from == compare.to {
        let words = "Both sides are the same moment. Step to another one: the right side follows the clock.";
        quiet(ui, words);
    }
    let rows = if state.compare.differences_only { &compare.differing } else { &compare.rows };
    if rows.is_empty() {
        let text = "Both have the same state, field by field.";
        EmptyState::new(icons::EQUALS, "No differences", text).show(ui);
        return;
    }
    let names = [&compare.from, &compare.to].map(|side| side_name(side, with, view));
    let id = Id::unique(("comparison", &entity.key));
    let selected = entity.selected_path.as_ref();
    let names = [names[0].as_str(), names[1].as_str()];
    if let Some(path) = compare_tree(ui, id, &mut state.compare.tree, rows, names, selected) {
        view.out.send(Command::SelectPath(entity.key.clone(), Some(path)));
    }
}

/// What is compared, how many fields differ, and what can be done with it.
fn title(
    ui: &mut Ui,
    compare: Option<&CompareView>,
    state: &mut CompareState,
    view: &mut View<'_>,
) {
    ui.horizontal(|ui| {
        ui.set_height(ROW_HEIGHT);
        ui.label(RichText::new("Comparison").font(medium()).color(Tokens::of(ui).text_strong));
        if let Some(compare) = compare {
            tally(ui, compare.tally);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            icon_button(ui, icons::X, UiCommand::Compare, view.out)
                .on_hover_text("End the comparison");
            if let Some(compare) = compare {
                if ui.add(IconButton::new(icons::COPY, "Copy differences as JSON")).clicked() {
                    let text = changes_text(&compare.changes, CopyForm::Json);
                    copy(ui.ctx(), text, "differences");
                }
                let only = IconButton::new(icons::FUNNEL_SIMPLE, "Differences only");
                if ui.add(only.selected(state.differences_only)).clicked() {
                    state.differences_only = !state.differences_only;
                }
            }
        });
    });
}

/// How many fields differ in which way.
fn tally(ui: &mut Ui, tally: ChangeTally) {
    let tokens = Tokens::of(ui);
    let ChangeTally { added, removed, changed } = tally;
    let parts = [
        ("+", added, tokens.added, "only right"),
        ("−", removed, tokens.removed, "only left"),
        ("~", changed, tokens.changed, "different"),
    ];
    for (sign, count, color, meaning) in parts {
        let color = if count == 0 { tokens.text_secondary } else { color };
        let words = format!("{} {meaning}", format::count(count as u64, "field"));
        let label = ui.label(data(format!("{sign}{count}")).color(color));
        label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
        label.on_hover_text(words);
    }
}

/// What stands there until both states are known.
fn no_states(ui: &mut Ui, key: &EntityKey, with: &CompareWith, view: &mut View<'_>) {
    let CompareWith::Entity(other) = with else {
        return; // Both states are there within a moment.
    };
    let problem = view.snapshot.entity_view(other).and_then(|other| other.events.problem());
    let Some(problem) = problem else {
        let job = view.snapshot.entity_view(other).and_then(|other| other.job);
        let job = view.snapshot.running_job(job).cloned();
        waiting::show_job(ui, view, job.as_ref(), "Its whole history is looked for.");
        return;
    };
    if problem_box(ui, problem, Some("Try again")) {
        let with = CompareWith::Entity(other.clone());
        view.out.send(Command::Compare(key.clone(), Some(with)));
    }
}

/// Which state a side is: its moment, or its entity.
fn side_name(side: &CompareSide, with: &CompareWith, view: &View<'_>) -> String {
    let CompareSide { key, version, time_ms } = side;
    let moment = match version {
        0 => "before the first event".to_owned(),
        version => format!("v{version}"),
    };
    match (with, time_ms) {
        (CompareWith::Entity(_), _) => {
            let EntityKey { entity, .. } = key;
            format!("{moment} · {entity}")
        }
        (CompareWith::Version(_), Some(time_ms)) => {
            format!("{moment} · {}", view.times.date_time(*time_ms))
        }
        (CompareWith::Version(_), None) => moment,
    }
}

/// A quiet sentence.
fn quiet(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).text_secondary));
}
