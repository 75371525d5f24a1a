//! The panel at the left: topics, entities, groups, bookmarks, jobs, notices.
//!
//! Promises: ten thousand topics filter as one types; only what can be seen is laid out; internal
//! topics are hidden until asked for.
//! Does not know: what opening something sets off.

mod state;

use std::sync::Arc;

use egui::{Panel, RichText, ScrollArea, Ui};

pub(crate) use self::state::NavigatorState;
use self::state::contains_ignoring_case;
use super::states::ViewStates;
use super::{Choices, Section};
use crate::gui::command::UiCommand;
use crate::gui::theme::{GRID, ROW_HEIGHT, Tokens, format, heading, icons, secondary};
use crate::gui::view::{Action, Pane, View};
use crate::gui::views::field::Field;
use crate::gui::views::list_row::ListRow;
use crate::gui::views::projections;
use crate::gui::views::waiting;
use crate::gui::views::{bookmarks, jobs, notices};
use crate::gui::widgets::{EmptyState, IconButton, problem_box};
use crate::workspace::{
    Command, EntityKey, Fetch, JobState, JobSubject, TopicReport, TopicView, retention_words,
};

/// How wide the panel is at first, in points.
const WIDTH: f32 = 212.0;
/// How narrow and how wide it may become, in points.
const WIDTHS: std::ops::RangeInclusive<f32> = 160.0..=480.0;
/// Below this width of the window, in points, the panel takes the place of the tabs.
pub(super) const NARROW: f32 = 700.0;
/// How much the tabs need beside it, in points.
const MIDDLE_LEAST: f32 = 440.0;
/// How wide the strip of sections is, in points.
const RAIL_WIDTH: f32 = 40.0;

/// The sections with their icons and names.
const SECTIONS: [(Section, &str, &str); 7] = [
    (Section::Topics, icons::ROWS, "Topics"),
    (Section::Entities, icons::CUBE, "Entities"),
    (Section::Projections, icons::CODE, "Projections"),
    (Section::Groups, icons::USERS_THREE, "Groups"),
    (Section::Bookmarks, icons::BOOKMARK_SIMPLE, "Bookmarks"),
    (Section::Jobs, icons::PULSE, "Jobs"),
    (Section::Notices, icons::BELL, "Notices"),
];

/// Draws the strip of sections and the panel of the one that is open. Says whether that takes the
/// place of the tabs, which it does in a narrow window: `alone` says that there are none.
pub(crate) fn show(
    ui: &mut Ui,
    choices: &mut Choices,
    states: &mut ViewStates,
    alone: bool,
    view: &mut View<'_>,
) -> bool {
    let tokens = Tokens::of(ui);
    let room = ui.available_width();
    let narrow = room < NARROW;
    let open = if narrow { states.navigator.over || alone } else { choices.navigator_open };
    let rail = egui::Frame::new().fill(tokens.panel).inner_margin(egui::Margin::symmetric(8, 8));
    Panel::left("rail").exact_size(RAIL_WIDTH).resizable(false).frame(rail).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        for (section, icon, name) in SECTIONS {
            let is_open = open && choices.section == section;
            let busy = section == Section::Jobs
                && view.snapshot.jobs.iter().any(|job| job.state == JobState::Running);
            let mut button = IconButton::new(icon, name).selected(is_open);
            if busy {
                button = button.color(tokens.accent);
            }
            if ui.add(button).clicked() {
                if narrow {
                    states.navigator.over = !is_open;
                } else {
                    choices.navigator_open = !is_open;
                }
                choices.section = section;
            }
        }
    });
    if !open {
        return false;
    }
    let margin = egui::Margin { left: 8, right: 8, top: 8, bottom: 0 };
    let frame = egui::Frame::new().fill(tokens.panel).inner_margin(margin);
    if narrow {
        egui::CentralPanel::default()
            .frame(frame)
            .show(ui, |ui| section(ui, choices, states, view));
        return true;
    }
    // What is beside it needs room, too.
    let most = WIDTHS.end().min(room - RAIL_WIDTH - MIDDLE_LEAST);
    Panel::left("navigator")
        .default_size(WIDTH)
        .size_range(*WIDTHS.start()..=most)
        .frame(frame)
        .show(ui, |ui| section(ui, choices, states, view));
    false
}

/// Draws the open section.
fn section(ui: &mut Ui, choices: &mut Choices, states: &mut ViewStates, view: &mut View<'_>) {
    match choices.section {
        Section::Topics => topics(ui, choices, states, view),
        Section::Entities => entities(ui, states, view),
        Section::Projections => {
            title(ui, "Projections", |ui| projections::refresh(ui, view));
            let front = states.front.clone();
            projections::show(ui, &mut states.navigator.projections, front.as_ref(), view);
        }
        Section::Groups => groups(ui, states, view),
        Section::Bookmarks => {
            title(ui, "Bookmarks", |_| {});
            bookmarks::show(ui, view);
        }
        Section::Jobs => {
            title(ui, "Jobs", |_| {});
            jobs::show(ui, view);
        }
        Section::Notices => {
            title(ui, "Notices", |_| {});
            notices::show(ui, view);
        }
    }
}

/// The title of a section, with what stands at its right end.
fn title(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_height(ROW_HEIGHT);
        ui.label(RichText::new(text).font(heading()));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), right);
    });
}

/// A field to filter with; true when its text changed.
fn filter_field(ui: &mut Ui, text: &mut String, hint: &str, focus_wanted: &mut bool) -> bool {
    let wanted = std::mem::take(focus_wanted);
    let response = Field::new(text, hint).hint(hint).focus_if(wanted).show(ui);
    ui.add_space(GRID);
    response.changed()
}

/// A quiet line.
fn quiet(ui: &mut Ui, text: impl Into<String>) {
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(text).font(secondary()).color(color));
}

/// The cluster's topics.
fn topics(ui: &mut Ui, choices: &mut Choices, states: &mut ViewStates, view: &mut View<'_>) {
    title(ui, "Topics", |ui| {
        let shown = choices.internal_topics;
        let icon = if shown { icons::EYE } else { icons::EYE_SLASH };
        if ui.add(IconButton::new(icon, "Internal topics").selected(shown)).clicked() {
            choices.internal_topics = !shown;
        }
        let refresh = IconButton::new(icons::ARROWS_CLOCKWISE, "Refresh topics");
        let pending = view.snapshot.topics.is_pending();
        if ui.add_enabled(!pending, refresh).clicked() {
            view.out.send(Command::RefreshTopics);
        }
    });
    let navigator = &mut states.navigator;
    filter_field(ui, &mut navigator.topic_filter, "Filter topics", &mut navigator.focus_wanted);
    if let Some(failure) = view.snapshot.topics.problem() {
        problem_box(ui, failure, None);
    }
    let Some(list) = view.snapshot.topics.latest() else {
        waiting::line(ui, view, &JobSubject::Topics);
        return;
    };
    let passing =
        navigator.passing.find(list, &navigator.topic_filter, choices.internal_topics).to_vec();
    if passing.is_empty() {
        quiet(ui, if list.is_empty() { "The cluster has no topics" } else { "No topic matches" });
        return;
    }
    quiet(ui, known_words(list, passing.len(), &navigator.topic_filter, choices.internal_topics));
    let front = states.front.clone();
    rows(ui, passing.len(), |ui, index| {
        let topic = &list[passing[index]];
        let selected = matches!(&front, Some(Pane::Topic(name)) if *name == topic.name);
        let count = topic.records_at_most().map(compact).unwrap_or_default();
        let row = ListRow::new(&topic.name).mono().right(&count).selected(selected);
        let row = if topic.problem.is_some() { row.icon(icons::WARNING) } else { row };
        let response = row.show(ui).on_hover_ui(|ui| topic_facts(ui, topic));
        if response.clicked() {
            view.out.open(Pane::Topic(Arc::clone(&topic.name)));
        }
    });
}

/// How many topics are listed, and how many are not.
fn known_words(list: &[TopicReport], passing: usize, filter: &str, internal: bool) -> String {
    let hidden = list.iter().filter(|topic| topic.internal && !internal).count();
    let visible = (list.len() - hidden) as u64;
    if !filter.is_empty() {
        return format!(
            "{} of {}",
            format::number(passing as u64),
            format::count(visible, "topic")
        );
    }
    let hidden = if hidden == 0 { String::new() } else { format!(", {hidden} internal hidden") };
    format!("{}{hidden}", format::count(visible, "topic"))
}

/// What is known about a topic, on hover.
fn topic_facts(ui: &mut Ui, topic: &TopicReport) {
    ui.monospace(&*topic.name);
    let mut facts = vec![format::count(topic.partitions.len() as u64, "partition")];
    facts.extend(
        topic.records_at_most().map(|count| format!("at most {}", format::count(count, "record"))),
    );
    let policy = topic.cleanup_policy.as_deref();
    facts.extend(policy.map(|policy| retention_words(policy, topic.retention_ms)));
    facts.extend(topic.internal.then(|| "internal".to_owned()));
    ui.label(facts.join(" · "));
    if let Some(trouble) = &topic.problem {
        ui.colored_label(Tokens::of(ui).warning, &**trouble);
    }
}

/// A count in at most four characters and a letter, rounded down.
fn compact(count: u64) -> String {
    for (unit, letter) in [(1_000_000_000_u64, 'G'), (1_000_000, 'M'), (1_000, 'k')] {
        if count >= unit * 10 {
            return format!("{} {letter}", count / unit);
        }
        if count >= unit {
            return format!("{}.{} {letter}", count / unit, count % unit * 10 / unit);
        }
    }
    count.to_string()
}

/// A list of which only the visible rows are laid out.
fn rows(ui: &mut Ui, count: usize, mut row: impl FnMut(&mut Ui, usize)) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW_HEIGHT, count, |ui, visible| {
        for index in visible {
            row(ui, index);
        }
    });
}

/// The topic whose entities are listed: the one in front, else the one chosen before, else the
/// first that is open.
fn entity_topic<'a>(states: &ViewStates, view: &View<'a>) -> Option<&'a Arc<TopicView>> {
    let named = |name: &Arc<str>| view.snapshot.topic_view(name);
    states
        .front_topic()
        .and_then(named)
        .or_else(|| states.front_entity().and_then(|key| key.topics.first()).and_then(named))
        .or_else(|| states.navigator.entity_topic.as_ref().and_then(named))
        .or_else(|| view.snapshot.topic_views.first())
}

/// The entities of one topic.
fn entities(ui: &mut Ui, states: &mut ViewStates, view: &mut View<'_>) {
    title(ui, "Entities", |_| {});
    let Some(topic) = entity_topic(states, view) else {
        EmptyState::new(
            icons::CUBE,
            "No topic is open",
            "Open a topic and choose where to read; the entities of its records are listed here.",
        )
        .show(ui);
        return;
    };
    quiet(ui, format!("of {}", topic.topic));
    let navigator = &mut states.navigator;
    navigator.entity_topic = Some(Arc::clone(&topic.topic));
    let changed = filter_field(
        ui,
        &mut navigator.entity_search,
        "Search entities",
        &mut navigator.focus_wanted,
    );
    if changed {
        let search = navigator.entity_search.clone();
        view.out.send(Command::SearchEntities(Arc::clone(&topic.topic), search));
    }
    entity_rows(ui, topic, states.front_entity(), view);
}

/// The entities that match.
fn entity_rows(ui: &mut Ui, topic: &TopicView, front: Option<&EntityKey>, view: &mut View<'_>) {
    if let Some(failure) = topic.entities.problem() {
        problem_box(ui, failure, None);
    }
    let Some(list) = topic.entities.latest() else {
        let text = match (&topic.entities, topic.start.is_some()) {
            (_, true) => "Entities appear as records are read",
            (_, false) => {
                "Nothing of this topic has been read yet: choose where to start in its tab"
            }
        };
        quiet(ui, text);
        return;
    };
    let matching = format::number(list.matching);
    quiet(ui, format!("{matching} of {} entities, most events first", format::number(list.total)));
    rows(ui, list.rows.len(), |ui, index| {
        let row = &list.rows[index];
        let id = row.entity.to_string();
        let selected = front.is_some_and(|key| key.entity == row.entity);
        let events = format::number(row.events);
        let response = ListRow::new(&id).mono().right(&events).selected(selected).show(ui);
        let response = response.on_hover_ui(|ui| {
            ui.monospace(&id);
            ui.label(format!("{} events", format::number(row.events)));
            ui.label(format!(
                "{} to {}",
                view.times.date_time(row.first_ms),
                view.times.date_time(row.last_ms)
            ));
        });
        if response.clicked() {
            let topics = Arc::new([Arc::clone(&topic.topic)]);
            view.out.open(Pane::Entity(EntityKey { entity: row.entity.clone(), topics }));
        }
    });
}

/// The consumer groups.
fn groups(ui: &mut Ui, states: &mut ViewStates, view: &mut View<'_>) {
    title(ui, "Groups", |ui| {
        let refresh = IconButton::new(icons::ARROWS_CLOCKWISE, "Refresh groups");
        if ui.add_enabled(!view.snapshot.groups.is_pending(), refresh).clicked() {
            view.out.send(Command::RefreshGroups);
        }
        let all = IconButton::new(icons::ARROW_SQUARE_OUT, UiCommand::ShowGroups.text());
        if ui.add(all).clicked() {
            view.out.run(UiCommand::ShowGroups);
        }
    });
    let navigator = &mut states.navigator;
    filter_field(ui, &mut navigator.group_filter, "Filter groups", &mut navigator.focus_wanted);
    if let Some(failure) = view.snapshot.groups.problem() {
        problem_box(ui, failure, None);
    }
    let Some(list) = view.snapshot.groups.latest() else {
        if matches!(view.snapshot.groups, Fetch::NotAsked) {
            view.out.send(Command::RefreshGroups);
        }
        waiting::line(ui, view, &JobSubject::Groups);
        return;
    };
    let lower = navigator.group_filter.to_lowercase();
    let passing: Vec<_> =
        list.iter().filter(|group| contains_ignoring_case(&group.group, &lower)).collect();
    if passing.is_empty() {
        quiet(ui, if list.is_empty() { "The cluster has no groups" } else { "No group matches" });
        return;
    }
    rows(ui, passing.len(), |ui, index| {
        let group = passing[index];
        let lag = group.total_lag();
        let right = if lag == 0 { "0".to_owned() } else { format::number(lag) };
        let response = ListRow::new(&group.group).mono().right(&right).show(ui);
        if response.on_hover_text(format!("{} · lag {right}", group.state)).clicked() {
            view.out.act(Action::ShowGroup(Arc::clone(&group.group)));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::state::PassingTopics;
    use super::*;

    /// A list of topics with these names; those that begin with `__` are internal.
    fn list(names: &[&str]) -> Arc<[TopicReport]> {
        names
            .iter()
            .map(|name| TopicReport {
                name: (*name).into(),
                internal: name.starts_with("__"),
                ..TopicReport::default()
            })
            .collect()
    }

    #[test]
    fn topics_are_found_by_any_part_of_their_name_whatever_the_case() {
        let list = list(&["Order-Events", "payments", "__consumer_offsets"]);
        let mut passing = PassingTopics::default();
        assert_eq!(passing.find(&list, "ORDER", false), [0]);
        assert_eq!(passing.find(&list, "", false), [0, 1], "internal ones are hidden");
        assert_eq!(passing.find(&list, "", true), [0, 1, 2]);
    }

    #[test]
    fn a_refreshed_list_is_filtered_anew() {
        let mut passing = PassingTopics::default();
        assert_eq!(passing.find(&list(&["a"]), "", false).len(), 1);
        assert_eq!(passing.find(&list(&["a", "b"]), "", false).len(), 2);
    }

    #[test]
    fn counts_are_rounded_down() {
        let shown = [999, 1_000, 9_999, 10_000, 1_204_331, 18_000_000_000].map(compact);
        assert_eq!(shown, ["999", "1.0 k", "9.9 k", "10 k", "1.2 M", "18 G"]);
    }
}
