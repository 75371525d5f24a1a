//! The inspector of an entity: what the event at the clock changed, its record, what caused it.
//!
//! Promises: the difference comes first.
//! Does not know: how differences are found.

use std::sync::Arc;

use egui::{Grid, Id, RichText, ScrollArea, Ui};

use super::{EntityState, event_at, go_to, state};
use crate::gui::theme::{ROW_HEIGHT, Tokens, data, icons, mono_small, secondary};
use crate::gui::view::{Pane, View};
use crate::gui::views::list_row::ListRow;
use crate::gui::views::record::{self, RecordTab};
use crate::gui::widgets::{CopyText, EmptyState, IconButton, diff_view, fitting_name};
use crate::workspace::{
    Command, EntityAt, EntityView, EventRow, RecordFilter, StartPosition, Turn, turn_of,
};

/// What the inspector shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    /// What changed.
    #[default]
    Diff,
    /// A part of the record.
    Record(RecordTab),
    /// What caused the event, and what else it belongs to.
    Cause,
}

/// The tabs with their names.
const TABS: [(Tab, &str); 7] = [
    (Tab::Diff, "Diff"),
    (Tab::Record(RecordTab::Value), "Record"),
    (Tab::Record(RecordTab::Headers), "Headers"),
    (Tab::Record(RecordTab::Raw), "Raw"),
    (Tab::Record(RecordTab::Hex), "Hex"),
    (Tab::Cause, "Cause"),
    (Tab::Record(RecordTab::Facts), "Facts"),
];

/// The greatest share of a line that the id of a cause takes.
const CAUSE_SHARE: f32 = 0.35;

/// The inspector's state.
#[derive(Debug, Default)]
pub(crate) struct InspectorState {
    /// What it shows.
    tab: Tab,
}

/// Draws the inspector.
pub(crate) fn show(
    ui: &mut Ui,
    entity: &EntityView,
    events: &Arc<[EventRow]>,
    state: &mut EntityState,
    view: &mut View<'_>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 4.0;
        for (tab, name) in TABS {
            ui.selectable_value(&mut state.inspector.tab, tab, name);
        }
    });
    ui.add_space(4.0);
    let Some(at) = &entity.at else { return };
    match state.inspector.tab {
        Tab::Diff => diff(ui, entity, at, view),
        Tab::Cause => match event_at(events, at.version) {
            Some(event) => cause(ui, entity, events, event, view),
            None => before_the_first(ui),
        },
        Tab::Record(tab) => match &at.record {
            Some(record) => record::show_tab(ui, tab, &mut state.record, record, view),
            None => before_the_first(ui),
        },
    }
}

/// What stands there before the first event.
fn before_the_first(ui: &mut Ui) {
    EmptyState::new(icons::CUBE, "No event", "The clock stands before the first event.").show(ui);
}

/// What the event at the clock changed.
fn diff(ui: &mut Ui, entity: &EntityView, at: &EntityAt, view: &mut View<'_>) {
    if at.version == 0 {
        return before_the_first(ui);
    }
    if at.changes.is_empty() {
        let text = "The event left the state as it was.";
        EmptyState::new(icons::EQUALS, "No changes", text).show(ui);
        return;
    }
    let turn = match turn_of(&at.changes) {
        Turn::Created => "Created",
        Turn::Deleted => "Deleted",
        Turn::Changed => "Changed",
    };
    let words = format!("{turn} by v{}", at.version);
    ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).text_secondary));
    let id = Id::unique(("diff", &entity.key));
    if let Some(action) = diff_view(ui, id, &at.changes, entity.selected_path.as_ref()) {
        state::act(entity, action, view);
    }
}

/// What caused an event, and what else it belongs to.
fn cause(
    ui: &mut Ui,
    entity: &EntityView,
    events: &[EventRow],
    event: &EventRow,
    view: &mut View<'_>,
) {
    let color = Tokens::of(ui).text_secondary;
    let facts = [
        ("Correlation", event.correlation.as_deref()),
        ("Causation", event.causation.as_deref()),
        ("Actor", event.actor.as_deref()),
    ];
    Grid::new("cause").num_columns(2).spacing([16.0, 0.0]).min_row_height(ROW_HEIGHT).show(
        ui,
        |ui| {
            for (name, text) in facts {
                ui.label(RichText::new(name).font(secondary()).color(color));
                match text {
                    Some(text) => ui.add(CopyText::new(text).name(name)),
                    None => ui.label(RichText::new("not known").color(color)),
                };
                ui.end_row();
            }
        },
    );
    let Some(correlation) = &event.correlation else {
        ui.add_space(8.0);
        let words = "A mapping in foldback.toml can name the header or field that holds the correlation id.";
        ui.label(RichText::new(words).font(secondary()).color(color));
        return;
    };
    if ui
        .add(
            IconButton::new(icons::FUNNEL, "Find all records with this correlation id")
                .text("Find in topic"),
        )
        .clicked()
    {
        find_in_topic(&event.position.topic, correlation, view);
    }
    ui.add_space(8.0);
    ui.label(RichText::new("Events of the same request").font(secondary()).color(color));
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("correlated").auto_shrink(false).show(ui, |ui| {
        for other in events.iter().filter(|other| other.correlation.as_ref() == Some(correlation)) {
            let name = format!("v{} {}", other.version, other.event_type);
            let chosen = other.version == event.version;
            let caused = match &other.causation {
                Some(causation) => {
                    let room = ui.available_width() * CAUSE_SHARE;
                    format!("caused by {}", fitting_name(ui, causation, &mono_small(), room))
                }
                None => String::new(),
            };
            let row = ListRow::new(&name).right(&caused).selected(chosen).show(ui);
            if row.clicked() {
                go_to(entity, other.version, view);
            }
        }
    });
    ui.label(data(event.position.to_string()));
}

/// Opens the topic on the records that contain a correlation id.
fn find_in_topic(topic: &Arc<str>, correlation: &Arc<str>, view: &mut View<'_>) {
    view.out.open(Pane::Topic(Arc::clone(topic)));
    view.out.send(Command::OpenTopic(Arc::clone(topic)));
    let read = view.snapshot.topic_view(topic).is_some_and(|topic| topic.start.is_some());
    if !read {
        view.out.send(Command::Read(Arc::clone(topic), StartPosition::Oldest(None)));
    }
    let filter = RecordFilter { text: correlation.to_string(), ..RecordFilter::default() };
    view.out.send(Command::SetFilter(Arc::clone(topic), filter));
}
