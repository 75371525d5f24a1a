//! The engine behind the window, driven as the window drives it: commands in, snapshots out, over
//! an embedded cluster.

#![cfg(test)]

#[path = "engine/bench.rs"]
mod bench;
#[path = "engine/branches.rs"]
mod branches;
#[path = "engine/copying.rs"]
mod copying;
#[path = "engine/groups.rs"]
mod groups;
#[path = "engine/idle.rs"]
mod idle;
#[path = "engine/links.rs"]
mod links;
#[path = "engine/resume.rs"]
mod resume;
#[path = "engine/sandbox.rs"]
mod sandbox;
#[path = "engine/saving.rs"]
mod saving;
#[path = "engine/schedule_files.rs"]
mod schedule_files;
#[path = "engine/topic_timeline.rs"]
mod topic_timeline;

use std::sync::Arc;

use foldback::model::{ChangeKind, EntityId, JsonPointer, OffsetRange, Verdict};
use foldback::workspace::{
    ClockCommand, ClockPoint, Command, CompareRow, CompareWith, ConnectionState, EntityKey,
    EntityView, JobState, RecordFilter, StartPosition, StepTarget, TypesView,
};

use bench::{Bench, TOPIC, order_1};

/// The state's value at a path, as its line shows it.
fn shown(view: &EntityView, path: &str) -> Option<String> {
    let rows = &view.at.as_ref()?.rows;
    rows.iter().find(|row| row.tree.path.as_str() == path).map(|row| row.tree.text.to_string())
}

#[test]
fn topics_are_listed_with_their_sizes_and_nothing_is_read_before_the_user_chose() {
    let bench = Bench::new();
    let size = bench.wait("the size of the topic", |snapshot| {
        let topics = snapshot.topics.latest()?;
        topics.iter().find(|topic| &*topic.name == TOPIC)?.records_at_most()
    });
    assert!(size <= 4, "as many as were written by then: {size}");
    bench.send(Command::OpenTopic(TOPIC.into()));
    let view = bench.wait("the partitions", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        view.partitions.latest().is_some().then(|| Arc::clone(view))
    });
    assert_eq!((view.start.clone(), view.records_read, view.rows.len()), (None, 0, 0));
}

#[test]
fn a_topic_is_read_filtered_and_its_entities_counted() {
    let bench = Bench::new();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Oldest(None)));
    let view = bench.wait("all rows", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        (view.rows.len() == 4 && view.completeness.is_some()).then(|| Arc::clone(view))
    });
    let times: Vec<i64> = view.rows.iter().map(|row| row.timestamp_ms).collect();
    assert_eq!(times, [1_000, 1_500, 2_000, 3_000], "in log order over all partitions");
    assert_eq!(view.completeness.as_ref().unwrap().verdict, Verdict::Complete);
    let entities = bench.wait("the entities", |snapshot| {
        let list = Arc::clone(snapshot.topic_view(TOPIC)?.entities.latest()?);
        (list.total == 2).then_some(list)
    });
    let told: Vec<_> =
        entities.rows.iter().map(|row| (row.entity.to_string(), row.events)).collect();
    assert_eq!(told, [("order-1".to_owned(), 3), ("order-2".to_owned(), 1)]);

    bench.send(Command::SetFilter(
        TOPIC.into(),
        RecordFilter { text: "shipped".to_owned(), ..RecordFilter::default() },
    ));
    bench.send(Command::NeedPages(TOPIC.into(), vec![0]));
    let text = bench.wait("the text of the one match", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        let page = view.pages.get(&0)?;
        (view.records_matching == 1).then(|| page.first().cloned()).flatten()
    });
    assert_eq!((&*text.event_type, text.key.as_deref()), ("OrderShipped", Some("order-1")));

    bench.send(Command::SetFilter(
        TOPIC.into(),
        RecordFilter { cel: "value.total >".to_owned(), ..RecordFilter::default() },
    ));
    bench.wait("a word about the broken filter", |snapshot| {
        snapshot.topic_view(TOPIC)?.filter_problem.clone()
    });
    let job = bench.wait("the job", |snapshot| snapshot.jobs.first().cloned());
    assert_eq!((job.state, job.progress.records), (JobState::Done, 4));
}

#[test]
fn events_are_counted_by_type_among_the_records_that_are_shown() {
    let bench = Bench::new();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Oldest(None)));
    let count = |records: usize| {
        bench.wait("the rows", |snapshot| {
            let view = snapshot.topic_view(TOPIC)?;
            (view.rows.len() == records && view.completeness.is_some()).then_some(())
        });
        bench.send(Command::CountTypes(TOPIC.into()));
        bench.wait("a count of them", |snapshot| {
            let view = snapshot.topic_view(TOPIC)?;
            let types = view.types.clone()?;
            let state = snapshot.jobs.iter().find(|job| job.id == types.job)?.state.clone();
            (types.rows_generation == view.rows_generation && types.complete)
                .then_some((types, state))
        })
    };
    let (types, state) = count(4);
    let told = |types: &TypesView| -> Vec<(String, u64)> {
        types
            .counts
            .types
            .iter()
            .map(|count| (count.event_type.to_string(), count.events))
            .collect()
    };
    let named = |name: &str, events| (name.to_owned(), events);
    assert_eq!(
        (types.counts.events(), told(&types).iter().map(|(_, events)| events).sum()),
        (4, 4_u64)
    );
    assert!(told(&types).contains(&named("OrderShipped", 1)), "{types:?}");
    let covered: u64 = types.covers.iter().map(OffsetRange::span).sum();
    assert_eq!((covered, state), (4, JobState::Done));

    let view = bench.wait("the topic", |snapshot| snapshot.topic_view(TOPIC).cloned());
    bench.send(Command::SetFilter(TOPIC.into(), view.filter.of_type("OrderShipped")));
    let (types, _) = count(1);
    assert_eq!(told(&types), [named("OrderShipped", 1)]);
    let covered: u64 = types.covers.iter().map(OffsetRange::span).sum();
    assert_eq!(covered, 4, "all were looked at");
}

#[test]
fn an_entity_is_folded_at_every_step_of_the_clock_with_what_changed() {
    let bench = Bench::new();
    let view = bench.open_order_1();
    assert_eq!(shown(&view, "/status").as_deref(), Some("\"SHIPPED\""));
    bench.wait("the end of reading", |snapshot| {
        let completeness = snapshot.entity_view(&order_1())?.completeness.as_ref()?;
        (completeness.verdict == Verdict::Complete).then_some(())
    });

    bench.send(Command::Clock(ClockCommand::Step(order_1(), StepTarget::PreviousEvent)));
    let view = bench.wait_for_version(2);
    assert_eq!(shown(&view, "/status").as_deref(), Some("\"CREATED\""));
    assert_eq!(
        shown(&view, "/total").as_deref(),
        Some("12.75"),
        "with the digits it was written with"
    );
    let at = view.at.clone().unwrap();
    let total = at.rows.iter().find(|row| row.tree.path.as_str() == "/total").unwrap();
    assert_eq!((total.changed, total.written_by), (Some(ChangeKind::Replace), Some(2)));
    assert_eq!(total.previous.as_deref(), Some("10.50"));

    let status = JsonPointer::parse("/status").unwrap();
    bench.send(Command::Clock(ClockCommand::Step(order_1(), StepTarget::PreviousChange(status))));
    bench.wait_for_version(1);
    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::Time(2_500))));
    bench.wait_for_version(2);
    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::Start)));
    let view = bench.wait_for_version(0);
    assert_eq!(shown(&view, "").as_deref(), Some("null"));
}

#[test]
fn a_state_of_many_fields_that_all_change_is_shown_with_each_change() {
    let bench = Bench::new();
    bench.open_order_1();
    let fields = 8_000;
    let body = |text: &str| {
        let members: Vec<String> =
            (0..fields).map(|index| format!("\"field-{index}\":\"{text} {index}\"")).collect();
        format!("{{{}}}", members.join(","))
    };
    bench.write("order-1", &body("first"), 4_000);
    bench.write("order-1", &body("second"), 5_000);
    let view = bench.wait_for_version(5);
    let rows = &view.at.as_ref().unwrap().rows;
    let replaced = rows.iter().filter(|row| row.changed == Some(ChangeKind::Replace)).count();
    assert_eq!((replaced, view.at.as_ref().unwrap().changes.len()), (fields, fields));
}

#[test]
fn two_versions_of_an_entity_are_compared() {
    let bench = Bench::new();
    bench.open_order_1();
    bench.send(Command::Compare(order_1(), Some(CompareWith::Version(1))));
    let compare = bench.wait("a comparison", |snapshot| {
        snapshot.entity_view(&order_1())?.compare.clone().filter(|compare| compare.to.version == 3)
    });
    let paths: Vec<String> = compare.changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["/status", "/total", "/type"]);
    assert_eq!(
        lines(&compare.differing),
        ["type", "status", "total"].map(|name| format!("~/{name}"))
    );
    assert_eq!((compare.from.version, compare.from.time_ms), (1, Some(1_000)));

    bench.send(Command::Compare(order_1(), None));
    bench.wait("its end", |snapshot| {
        snapshot.entity_view(&order_1())?.compare.is_none().then_some(())
    });
}

#[test]
fn two_entities_are_compared_at_the_moment_of_the_clock() {
    let bench = Bench::new();
    bench.open_order_1();
    let other = EntityKey { entity: EntityId::new("order-2"), ..order_1() };
    bench.send(Command::Compare(order_1(), Some(CompareWith::Entity(other.clone()))));
    let compared = |version: u64, other_version: u64| {
        bench.wait("a comparison of both", |snapshot| {
            let compare = snapshot.entity_view(&order_1())?.compare.clone()?;
            let versions = (compare.from.version, compare.to.version);
            (versions == (version, other_version)).then_some(compare)
        })
    };
    let compare = compared(3, 1);
    assert_eq!(compare.to.key, other);
    assert_eq!(lines(&compare.differing), ["~/type", "~/status", "~/total"]);
    let total = compare.rows.iter().find(|row| row.tree.path.as_str() == "/total").unwrap();
    assert_eq!((total.from.as_deref(), total.to.as_deref()), (Some("12.75"), Some("3")));

    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::Time(1_200))));
    let compare = compared(1, 0);
    assert_eq!(compare.tally.removed, 3, "order-2 does not exist yet: {compare:?}");
    bench.write("order-2", r#"{"type":"ItemAdded","total":4}"#, 1_100);
    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::End)));
    compared(3, 2);

    bench.send(Command::Compare(order_1(), None));
    bench.wait("the other entity gone", |snapshot| {
        (snapshot.entity_view(&other).is_none() && snapshot.entity_view(&order_1()).is_some())
            .then_some(())
    });
}

/// The lines of a comparison with their signs: `~/status`.
fn lines(rows: &[CompareRow]) -> Vec<String> {
    let sign = |row: &CompareRow| match row.change {
        None => " ",
        Some(ChangeKind::Add) => "+",
        Some(ChangeKind::Remove) => "−",
        Some(ChangeKind::Replace) => "~",
    };
    rows.iter().map(|row| format!("{}{}", sign(row), row.tree.path)).collect()
}

#[test]
fn a_new_event_shows_by_itself_while_following_and_leaves_a_set_clock_alone() {
    let bench = Bench::new();
    bench.open_order_1();
    bench.write("order-1", r#"{"type":"OrderReturned","status":"RETURNED"}"#, 4_000);
    let view = bench.wait_for_version(4);
    assert_eq!(shown(&view, "/status").as_deref(), Some("\"RETURNED\""));

    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::Time(1_000))));
    bench.wait_for_version(1);
    bench.write("order-1", r#"{"type":"OrderArchived"}"#, 5_000);
    let view = bench.wait("the fifth event", |snapshot| {
        let view = snapshot.entity_view(&order_1())?;
        (view.events.latest()?.len() == 5).then(|| Arc::clone(view))
    });
    assert_eq!(view.at.as_ref().unwrap().version, 1, "the clock stays where it was put");
}

#[test]
fn who_reads_live_is_told_of_a_partition_without_a_leader_and_given_its_records_when_it_has_one() {
    let bench = Bench::new();
    let empty = bench.partition_without_records();
    bench.cluster.lead(TOPIC, empty, None).unwrap();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Live));
    let offline = format!("no leader for {TOPIC}-{empty}");
    bench.wait("a notice", |snapshot| {
        snapshot.notices.iter().any(|notice| notice.problem.what == offline).then_some(())
    });
    let view = bench.wait("the partitions", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        view.completeness.is_some().then(|| Arc::clone(view))
    });
    let facts = view.partitions.latest().unwrap();
    assert_eq!(facts.len(), 3, "it is shown, without bounds");
    assert!(facts.iter().all(|facts| facts.bounds.is_some() == (facts.partition != empty)));
    assert_eq!(view.completeness.as_ref().unwrap().verdict, Verdict::Unknown);
    bench.cluster.lead(TOPIC, empty, Some(1)).unwrap();
    bench.wait("another notice", |snapshot| {
        let joined = format!("{TOPIC}-{empty} can be read now, and is from here on");
        snapshot.notices.iter().any(|notice| notice.problem.what == joined).then_some(())
    });
    let before = view.records_read;
    for number in 0..40 {
        bench.write(&format!("order-{number}"), "{}", 1_700_000_000_000);
    }
    bench.wait("all new records, once", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        assert!(view.records_read <= before + 40, "none twice");
        (view.records_read == before + 40).then_some(())
    });
}

#[test]
fn a_connection_that_cannot_be_made_says_so_and_the_engine_goes_on() {
    let bench = Bench::new();
    let nowhere = foldback::workspace::ConnectionChoice::Brokers("nowhere.invalid:9092".to_owned());
    bench.send(Command::Connect(nowhere));
    let problem = bench.wait("a failed connection", |snapshot| match &snapshot.connection {
        ConnectionState::Failed(problem) => Some(problem.clone()),
        _ => None,
    });
    assert!(problem.to_string().contains("nowhere.invalid"), "names the address: {problem}");
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::RefreshTopics);
    bench.send(Command::ReadNotices);
}

#[test]
fn a_tour_of_the_window_leaves_no_trace_on_the_cluster() {
    /// Requests that only read, by their API key in the Kafka protocol.
    const READING: [i16; 9] = [
        1,  // Fetch
        2,  // ListOffsets
        3,  // Metadata
        9,  // OffsetFetch
        10, // FindCoordinator
        15, // DescribeGroups
        16, // ListGroups
        18, // ApiVersions
        32, // DescribeConfigs
    ];
    let bench = Bench::new();
    bench.cluster.track_requests();
    bench.open_order_1();
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::SinceTime(1_000)));
    bench.wait("the records", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        view.completeness.is_some().then_some(())
    });
    bench.send(Command::InspectRecord(foldback::model::TopicPartition::new(TOPIC, 0).at(0)));
    bench.send(Command::Clock(ClockCommand::Step(order_1(), StepTarget::PreviousEvent)));
    bench.wait_for_version(2);
    bench.send(Command::RefreshGroups);
    bench.wait("the groups", |snapshot| snapshot.groups.latest().map(|groups| groups.len()));
    bench.send(Command::SetIsolation(foldback::model::Isolation::Uncommitted));
    bench.wait("everything read anew", |snapshot| {
        let jobs = snapshot.jobs.iter().filter(|job| job.progress.records > 0).count();
        (jobs >= 4).then_some(())
    });
    bench.send(Command::Clock(ClockCommand::Follow));
    bench.send(Command::RefreshTopics);
    let seen = bench.cluster.tracked_api_keys();
    assert!(seen.contains(&1), "the records came from the cluster: {seen:?}");
    let other: Vec<i16> = seen.into_iter().filter(|key| !READING.contains(key)).collect();
    assert!(other.is_empty(), "requests that may leave a trace: {other:?}");
}
