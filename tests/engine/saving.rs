//! What the engine saves into files: what is open and shown, whole.
//!
//! Promises: files are read back as another program would.
//! Does not know: the forms of files (`cli_save`).

use std::path::Path;

use foldback::evidence::save::{SaveFormat, SaveTo};
use foldback::model::Verdict;
use foldback::workspace::{
    ClockCommand, Command, CompareWith, JobState, NoticeLevel, RecordFilter, SaveOf, StartPosition,
    StepTarget,
};

use crate::bench::{Bench, TOPIC, order_1};

/// Saves something and waits for the notice that says how that ended; its words.
fn save(bench: &Bench, of: SaveOf, path: &Path) -> (NoticeLevel, String) {
    let before = bench.wait("notices", |snapshot| Some(snapshot.notices.len()));
    let format = SaveFormat::of(path).unwrap();
    let to = SaveTo { path: path.to_owned(), format, overwrite: false };
    bench.send(Command::Save(of, to));
    bench.wait("a word about the file", |snapshot| {
        let notice = snapshot.notices.get(before)?;
        Some((notice.level, notice.problem.to_string()))
    })
}

#[test]
fn everything_of_an_entity_is_saved_as_it_is_shown() {
    let bench = Bench::new();
    bench.open_order_1();
    bench.send(Command::Clock(ClockCommand::Step(order_1(), StepTarget::PreviousEvent)));
    bench.wait_for_version(2);
    bench.wait("the whole history", |snapshot| {
        let view = snapshot.entity_view(&order_1())?;
        let judged = view.completeness.as_ref()?;
        (judged.verdict == Verdict::Complete).then_some(())
    });
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs_err::read_to_string(folder.path().join(name)).unwrap();

    let (level, told) = save(&bench, SaveOf::History(order_1()), &folder.path().join("h.jsonl"));
    assert_eq!(level, NoticeLevel::Info, "{told}");
    assert!(told.contains("3 rows") && told.contains("h.jsonl"), "{told}");
    let history = read("h.jsonl");
    assert_eq!(history.lines().count(), 4, "a head and three events: {history}");
    assert!(history.contains(r#""verdict":"complete""#) && history.contains(r#""total":10.50"#));

    save(&bench, SaveOf::States(order_1()), &folder.path().join("s.csv"));
    let states = read("s.csv");
    assert!(states.lines().nth(3).unwrap().ends_with(",OrderShipped,SHIPPED,12.75"), "{states}");

    save(&bench, SaveOf::State(order_1()), &folder.path().join("now.jsonl"));
    let state = read("now.jsonl");
    assert!(state.contains(r#""at":"v2""#) && state.contains(r#""status":"CREATED""#), "{state}");

    bench.send(Command::Compare(order_1(), Some(CompareWith::Version(1))));
    bench.wait("a comparison", |snapshot| snapshot.entity_view(&order_1())?.compare.clone());
    save(&bench, SaveOf::Diff(order_1()), &folder.path().join("d.md"));
    let diff = read("d.md");
    assert!(diff.contains("- **From**: order-1 v1\n- **To**: order-1 v2\n"), "{diff}");
    assert!(diff.contains("| /total | replace | 10.50 | 12.75 |"), "{diff}");

    let (level, told) = save(&bench, SaveOf::Diff(order_1()), &folder.path().join("d.md"));
    assert_eq!(level, NoticeLevel::Error);
    assert!(told.contains("is there already"), "{told}");
    assert_eq!(read("d.md"), diff);
}

#[test]
fn the_records_that_match_are_saved_and_a_job_says_how_far_it_is() {
    let bench = Bench::new();
    bench.open_order_1();
    let folder = tempfile::tempdir().unwrap();
    let (level, told) = save(&bench, SaveOf::Records(TOPIC.into()), &folder.path().join("a.csv"));
    assert_eq!(level, NoticeLevel::Warning, "nothing is open: {told}");
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Oldest(None)));
    let filter = RecordFilter { cel: "value.total < 10".to_owned(), ..RecordFilter::default() };
    bench.send(Command::SetFilter(TOPIC.into(), filter));
    bench.wait("the rows that match", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        (view.rows.len() == 1 && view.completeness.is_some()).then_some(())
    });
    let (level, told) = save(&bench, SaveOf::Records(TOPIC.into()), &folder.path().join("r.jsonl"));
    assert_eq!(level, NoticeLevel::Info, "{told}");
    let records = fs_err::read_to_string(folder.path().join("r.jsonl")).unwrap();
    let mut lines = records.lines();
    let head = lines.next().unwrap();
    assert!(head.contains(r#""where":"value.total < 10""#), "{head}");
    assert!(head.contains(r#""rows":1"#) && head.contains(r#""verdict":"complete""#), "{head}");
    let rows: Vec<&str> = lines.collect();
    assert!(rows.len() == 1 && rows[0].contains(r#""key":"order-2""#), "{rows:?}");
    let state = bench.wait("the job", |snapshot| {
        let job = snapshot.jobs.iter().rev().find(|job| job.title.starts_with("Saving the"))?;
        (!job.is_running()).then(|| job.state.clone())
    });
    assert_eq!(state, JobState::Done);
}
