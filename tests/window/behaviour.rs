//! What happens when somebody uses the window: by keys, by clicks, while typing.
//!
//! Promises: every test says what reaches the workspace, not how it looks.
//! Does not know: how the workspace answers; the next snapshot is published by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers, Theme, Vec2};
use foldback::model::JsonPointer;
use foldback::workspace::{
    ClockCommand, Command, CompareWith, ConnectionChoice, DemoCommand, Snapshot, StartPosition,
    StepTarget,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::{order, scenes};

/// The moves of the clock among these commands.
fn clock_commands(commands: Vec<Command>) -> Vec<ClockCommand> {
    let clock = |command| match command {
        Command::Clock(clock) => Some(clock),
        _ => None,
    };
    commands.into_iter().filter_map(clock).collect()
}

/// Opens the palette, types this and presses Enter.
pub(crate) fn go_to(test: &mut Test, text: &str) {
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text(text);
    test.key(Modifiers::NONE, Key::Enter);
}

/// A window with the order in front, opened by keys alone.
pub(crate) fn on_entity(version: u64) -> Test {
    let mut test = open(scenes::entity(version));
    go_to(&mut test, "order-1042");
    test.take_sent();
    test
}

#[test]
fn nothing_of_a_topic_is_read_before_the_user_says_where_to_start() {
    let mut test = open(scenes::connected());
    test.press("order-events");
    test.publish(scenes::topic_unread());
    let sent = test.take_sent();
    assert!(
        sent.iter().any(
            |command| matches!(command, Command::OpenTopic(topic) if **topic == *"order-events")
        ),
        "opened: {sent:?}"
    );
    assert!(!sent.iter().any(|command| matches!(command, Command::Read(..))), "not read: {sent:?}");
    test.press("Read newest");
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::Read(_, StartPosition::Newest(1000))]),
        "read as chosen: {sent:?}"
    );
}

#[test]
fn event_types_are_counted_on_demand_and_a_click_shows_the_events_of_one() {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "order-events");
    test.press("Event types, partitions, decoder and mapping");
    test.take_sent();
    test.press("Count event types");
    let sent = test.take_sent();
    assert!(matches!(&sent[..], [Command::CountTypes(topic)] if **topic == *"order-events"));
    test.publish(scenes::topic_with_types());
    test.press("OrderShipped, 118 events");
    let sent = test.take_sent();
    assert!(
        sent.iter().any(|command| matches!(command, Command::SetFilter(_, filter)
            if filter.cel == r#"type == "OrderShipped""#)),
        "filtered: {sent:?}"
    );
    test.press("Count again");
    assert!(matches!(&test.take_sent()[..], [Command::CountTypes(_)]));
}

#[test]
fn the_keyboard_alone_leads_from_the_palette_to_a_record() {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "order-events");
    test.take_sent();
    test.key(Modifiers::NONE, Key::J);
    let sent = test.take_sent();
    assert!(
        sent.iter().any(|command| matches!(command, Command::InspectRecord(position) if position.offset == 80_333)),
        "the newest row is chosen first: {sent:?}"
    );
    test.key(Modifiers::NONE, Key::Slash);
    test.type_text("kettle");
    let sent = test.take_sent();
    assert!(
        sent.iter().any(
            |command| matches!(command, Command::SetFilter(_, filter) if filter.text == "kettle")
        ),
        "filtered: {sent:?}"
    );
}

#[test]
fn keys_step_along_the_events_and_along_the_chosen_field() {
    let mut test = on_entity(6);
    let steps = [
        (Modifiers::NONE, Key::ArrowLeft, StepTarget::PreviousEvent),
        (Modifiers::NONE, Key::ArrowRight, StepTarget::NextEvent),
        (Modifiers::NONE, Key::Home, StepTarget::First),
        (Modifiers::NONE, Key::End, StepTarget::Last),
        (
            Modifiers::SHIFT,
            Key::ArrowLeft,
            StepTarget::PreviousChange(JsonPointer::parse("/status").unwrap()),
        ),
    ];
    for (modifiers, key, step) in steps {
        test.key(modifiers, key);
        let expected = ClockCommand::Step(order::key(), step);
        assert_eq!(clock_commands(test.take_sent()), [expected], "{key:?}");
    }
    test.key(Modifiers::NONE, Key::Space);
    assert_eq!(clock_commands(test.take_sent()), [ClockCommand::Play(0)]);
    test.key(Modifiers::NONE, Key::C);
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::Compare(_, Some(CompareWith::Version(6)))]),
        "compared with v6: {sent:?}"
    );
    test.key(Modifiers::NONE, Key::B);
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::AddBookmark(bookmark)] if bookmark.label.starts_with("order-1042 · v6")),
        "bookmarked: {sent:?}"
    );
}

#[test]
fn commas_and_full_stops_walk_along_the_lane() {
    let mut test = on_entity(6);
    test.key(Modifiers::NONE, Key::Comma);
    test.key(Modifiers::NONE, Key::Period);
    let expected = [5, 7].map(|version| ClockCommand::Set(order::point(version)));
    assert_eq!(clock_commands(test.take_sent()), expected);
}

#[test]
fn zooming_and_panning_by_keys_sends_nothing_and_ends_still() {
    let mut test = on_entity(6);
    for key in [Key::W, Key::W, Key::A, Key::D, Key::S, Key::F] {
        test.key(Modifiers::NONE, key);
    }
    assert!(test.take_sent().is_empty(), "the view is the window's own business");
    test.assert_idle("a zoomed timeline");
}

#[test]
fn shortcuts_do_not_fire_while_typing() {
    let mut test = on_entity(6);
    test.focus("Filter topics");
    for key in [Key::B, Key::C, Key::Space, Key::ArrowLeft, Key::Home, Key::Questionmark] {
        test.key(Modifiers::NONE, key);
    }
    let sent = test.take_sent();
    assert!(sent.is_empty(), "typing is no command: {sent:?}");
}

#[test]
fn the_sheet_of_keys_names_every_command() {
    let mut test = open_as(scenes::entity(6), Theme::Light, Vec2::new(1280.0, 800.0));
    test.key(Modifiers::NONE, Key::Questionmark);
    test.picture("keys");
    for command in foldback::gui::UiCommand::ALL {
        assert!(test.shows(command.text()), "{command:?} is in the sheet");
    }
}

#[test]
fn closing_a_tab_closes_what_it_opened() {
    let mut test = on_entity(6);
    test.key(Modifiers::COMMAND, Key::W);
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::CloseEntity(key)] if *key == order::key()),
        "closed: {sent:?}"
    );
}

#[test]
fn a_click_on_an_event_sets_the_clock_to_the_moment_after_it() {
    let mut test = on_entity(7);
    test.press("v6 OrderShipped");
    assert_eq!(clock_commands(test.take_sent()), [ClockCommand::Set(order::point(6))]);
}

#[test]
fn ten_thousand_topics_are_filtered_at_once_and_only_the_visible_ones_are_laid_out() {
    use egui_kittest::kittest::Queryable as _;
    let mut test = open(scenes::many_topics(10_000));
    let listed = test.query_all_by_label_contains("team-").count();
    assert!((10..80).contains(&listed), "{listed} rows are laid out");
    test.focus("Filter topics");
    test.type_text("EVENTS-09999");
    assert!(test.shows("1 of 9"), "one of all that are not internal");
    assert_eq!(test.query_all_by_label_contains("events-09999").count(), 1);
    test.assert_idle("a filtered list");
}

#[test]
fn the_start_page_connects_and_checks_and_says_what_to_try() {
    let mut test = open(scenes::disconnected());
    test.focus("Bootstrap address");
    test.type_text("localhost:9092");
    test.press("Check address");
    let sent = test.take_sent();
    let choice = ConnectionChoice::Brokers("localhost:9092".to_owned());
    assert!(
        matches!(&sent[..], [Command::CheckConnection(checked)] if *checked == choice),
        "checked: {sent:?}"
    );
    test.publish(scenes::failed_check());
    assert!(test.shows("authentication failed"), "what failed");
    assert!(test.shows("look at sasl.username"), "what to try");
    test.press("Open the demo");
    let sent = test.take_sent();
    assert!(matches!(&sent[..], [Command::OpenDemo]), "the demo: {sent:?}");
}

/// A file that is dropped on the window. Nobody reads it here.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window hands on the path alone".to_owned())
    }
}

#[test]
fn a_connection_file_is_dropped_or_typed_and_connected_with_enter() {
    let path = PathBuf::from("/home/me/client.properties");
    let drop = |test: &mut Test| {
        let file = egui::HoveredFile { path: Some(path.clone()), ..Default::default() };
        test.input_mut().hovered_files = vec![file];
        test.run_steps(2);
        test.picture("drop-zone");
        test.input_mut().hovered_files.clear();
        test.input_mut().dropped_files = vec![Arc::new(Dropped(path.clone()))];
        test.step();
        test.input_mut().dropped_files.clear();
        test.run();
    };
    for snapshot in [scenes::disconnected(), scenes::entity(6)] {
        let connected = !snapshot.entity_views.is_empty();
        let mut test = open(snapshot);
        if connected {
            test.press("order-events");
        }
        drop(&mut test);
        assert!(test.shows("/home/me/client.properties"), "the path is filled in");
        test.take_sent();
        test.focus("Configuration file");
        test.key(Modifiers::NONE, Key::Enter);
        let sent = test.take_sent();
        let choice = ConnectionChoice::ConfigFile(path.clone());
        assert!(
            matches!(&sent[..], [Command::Connect(chosen)] if *chosen == choice),
            "connected: {sent:?}"
        );
    }
}

#[test]
fn production_says_so_and_every_cluster_says_that_it_is_only_read() {
    let test = open(scenes::production());
    assert!(test.shows("PRODUCTION") && test.shows("read-only"), "both badges");
    assert!(!open(scenes::connected()).shows("PRODUCTION"), "no false alarm");
}

#[test]
fn the_tour_finds_the_incident_by_clicking_alone() {
    let mut test = open(scenes::demo());
    assert!(test.shows("The dashboard says CREATED"), "step 1");
    test.press("What does the log say?");
    assert!(test.shows("Open order-1042"), "step 2");
    test.press("Open order-1042 of dashboard");
    let sent = test.take_sent();
    assert!(
        sent.iter()
            .any(|command| matches!(command, Command::OpenEntity(key) if *key == order::key())),
        "the order is opened: {sent:?}"
    );
    assert_eq!(
        clock_commands(sent),
        [ClockCommand::Set(order::point(5))],
        "the clock is taken back to where the dashboard stopped"
    );
    assert!(test.shows("The log knows more"), "step 3");
    test.publish(demo_at(5));
    test.press("v6 OrderShipped");
    assert_eq!(clock_commands(test.take_sent()), [ClockCommand::Set(order::point(6))]);
    test.publish(demo_at(6));
    assert!(test.shows("Where the consumer stands"), "step 4");
    test.press("So what happened?");
    assert!(test.shows("Committed, then crashed"), "step 5");
    test.press("Back to the demo panel");
    assert!(!test.shows("Step 5 of 5"), "the tour is over");
}

/// The demo with the clock after this many events of the order.
fn demo_at(version: u64) -> Snapshot {
    let entity = scenes::entity(version);
    Snapshot { entity_views: entity.entity_views, clock: entity.clock, ..scenes::demo() }
}

#[test]
fn a_form_of_the_demo_sends_its_command_with_what_was_typed() {
    let mut test = open(scenes::demo());
    test.take_sent();
    test.press("ShipOrder");
    test.press("Send ShipOrder");
    let sent = test.take_sent();
    let [Command::Demo(DemoCommand::Send { name, arguments })] = &sent[..] else {
        panic!("expected one command, got {sent:?}");
    };
    assert_eq!(name, "ShipOrder");
    assert_eq!(arguments[0], ("order".to_owned(), "order-90001".to_owned()));
}

#[test]
fn every_view_fits_the_smallest_and_the_largest_window() {
    for size in [Vec2::new(640.0, 400.0), Vec2::new(2560.0, 1440.0)] {
        for (index, snapshot) in every_scene().into_iter().enumerate() {
            let mut test = open_as(snapshot, Theme::Dark, size);
            test.assert_idle("a view");
            for text in ["order-events", "order-1042", "Consumer groups"] {
                if index > 1 {
                    go_to(&mut test, text);
                }
            }
            test.picture(&format!("size-{}-{index}", size.x));
        }
    }
}

#[test]
fn everything_three_times_as_large_still_works() {
    let mut test = on_entity(6);
    for _ in 0..20 {
        test.key(Modifiers::COMMAND, Key::Plus);
    }
    test.picture("zoom-300");
    test.assert_idle("a large window");
    test.key(Modifiers::COMMAND, Key::Num0);
    assert!(test.shows("v6 of 7"), "and back");
}

/// Every scene there is.
fn every_scene() -> Vec<Snapshot> {
    vec![
        scenes::disconnected(),
        scenes::failed_check(),
        scenes::connected(),
        scenes::topic_unread(),
        scenes::topic_read(),
        scenes::entity(0),
        scenes::entity(6),
        scenes::demo(),
    ]
}
