//! Stepping through a run: members, partitions and rows after any step.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Position, Value};

/// The steps as words with the address in the log.
fn words(recording: &Recording) -> Vec<String> {
    let steps = (0..recording.len()).map(|number| recording.step(number).unwrap());
    let word = |step: StepView| {
        let place = step.place.map(|place| format!(" {}@{}", place.partition, place.offset));
        format!("{} {}{}", step.member, step.what, place.unwrap_or_default())
    };
    steps.map(word).collect()
}

#[test]
fn a_crash_before_the_commit_reads_as_it_happened() {
    let trial = trial(history()[..4].to_vec(), "count");
    let crash = r#"{"fault":"F1","at":"orders-0@1"}"#;
    let schedule = Schedule { members: 1, poll_records: 2, ..schedule(crash) };
    let recording = trial.record(Consumer::Naive, &schedule).unwrap();
    let expected = [
        "0 assigned 0@0",
        "0 delivered 0@0",
        "0 delivered 0@1",
        "0 applied 0@0",
        "0 applied 0@1",
        "0 crashed",
        "0 assigned 0@0",
        "0 delivered 0@0",
        "0 delivered 0@1",
        "0 applied 0@0",
        "0 applied 0@1",
        "0 committed 0@2",
        "0 delivered 0@2",
        "0 delivered 0@3",
        "0 applied 0@2",
        "0 applied 0@3",
        "0 committed 0@4",
    ];
    assert_eq!(words(&recording), expected);
    let after = |steps: usize| recording.moment(steps);
    assert_eq!(after(3).members[0].in_flight, [(0, 0), (0, 1)]);
    assert_eq!(after(4).members[0].in_flight, [(0, 1)]);
    assert_eq!(after(5).partitions[0].committed[0], None);
    assert_eq!(after(6).members[0].life, MemberLife::Down);
    assert!(after(6).members[0].in_flight.is_empty(), "what was in memory is gone");
    assert_eq!(after(12).partitions[0].committed[0], Some(2));
    assert_eq!(after(12).partitions[0].applied, Some(1));
    let row = |steps| recording.row_at(0, steps).to_json();
    assert_eq!(row(3), "null");
    assert_eq!(row(4), r#"{"events":1,"by_type":{"Changed":1}}"#);
    assert_eq!(row(17), r#"{"events":3,"by_type":{"Changed":3}}"#);
}

#[test]
fn a_zombie_writes_what_it_had_read_before_it_stood_still() {
    let trial = trial(history()[..12].to_vec(), "count");
    let pause = r#"{"fault":"F7","at":"orders-0@6","pause_turns":40}"#;
    let recording = trial.record(Consumer::Naive, &schedule(pause)).unwrap();
    let steps = words(&recording);
    let woke = steps.iter().position(|step| step == "0 woke").unwrap();
    assert!(steps[..woke].contains(&"1 applied 0@9".to_owned()), "{steps:?}");
    assert_eq!(steps[woke + 1], "0 applied 0@6");
    assert!(steps.contains(&"0 commit_refused 0@8".to_owned()), "{steps:?}");
    let before = recording.row_at(0, woke);
    assert!(before.to_json().starts_with(r#"{"events":"#), "{before:?}");
    let after = recording.row_at(0, woke + 2).to_json();
    assert_eq!(after, r#"{"events":3,"by_type":{"Changed":3}}"#, "the older value overwrites");
    assert_eq!(recording.moment(woke).members[0].life, MemberLife::Paused);
    let end = recording.moment(recording.len());
    assert_eq!(end.members[0].life, MemberLife::Working, "it has joined again");
    assert!(end.members[0].reads.is_empty(), "with nothing to read: {end:?}");
}

#[test]
fn a_second_deployment_has_a_lane_and_positions_of_its_own() {
    let trial = trial(history(), "count");
    let both = r#"{"fault":"F28","at":"orders-0@5","behind":2}"#;
    let recording = trial.record(Consumer::Naive, &schedule(both)).unwrap();
    assert_eq!(recording.member_count(), 3);
    let end = recording.moment(recording.len());
    assert_eq!(end.members[2].group, 1);
    assert_eq!(end.partitions[0].committed, [Some(12), Some(12)]);
}

#[test]
fn every_row_is_after_every_step_what_was_applied_until_then() {
    let faults = [CASES[0].0, CASES[4].0, CASES[14].0, CASES[22].0, CASES[27].0];
    for (fault, consumer) in
        faults.into_iter().flat_map(|fault| Consumer::ALL.map(|one| (fault, one)))
    {
        let trial = trial(history(), "merge");
        let recording = trial.record(consumer, &schedule(fault)).unwrap();
        let phantoms = fault.contains("F24");
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        for steps in 0..recording.len() {
            let step = recording.step(steps).unwrap();
            if step.what == "rebuilt" {
                rows.clear();
            }
            if let ("applied" | "released", Some(at), Some(row)) = (step.what, step.event, step.row)
            {
                let event = event_at(&trial, &at);
                let state = rows.entry(row.to_string()).or_insert(Value::Null);
                trial.fold().apply(state, event);
            }
            for (number, name) in recording.rows().iter().enumerate() {
                let expected = rows.get(&name.to_string()).cloned().unwrap_or_default();
                let state = recording.row_at(number, steps + 1);
                assert_eq!(state, expected, "{fault} {consumer} {name} after {steps} {phantoms}");
            }
        }
    }
}

/// The event at this address.
fn event_at<'t>(trial: &'t Trial, at: &Position) -> &'t Event {
    let mut events = trial.source().events().iter().map(|given| &given.event);
    events.find(|event| event.position == *at).unwrap()
}

#[test]
fn a_moment_is_the_same_however_far_the_last_one_that_was_kept_is() {
    let long: Vec<GivenEvent> =
        (0..3_000).map(|offset| given("a", event("orders", 0, offset, "Changed", "{}"))).collect();
    let trial = trial(long, "count");
    let crash = r#"{"fault":"F1","at":"orders-0@1500"}"#;
    let recording = trial.record(Consumer::Naive, &schedule(crash)).unwrap();
    let mut followed = recording.moment(0);
    for steps in 0..recording.len() {
        assert_eq!(recording.moment(steps), followed);
        followed = recording.moment(steps + 1);
        assert_eq!(followed.steps, steps + 1);
    }
    assert_eq!(recording.moment(usize::MAX).steps, recording.len());
    let last = recording.final_states().next().unwrap().1.clone();
    assert_eq!(recording.row_at(0, recording.len()), last);
}

#[test]
fn a_row_is_folded_from_the_last_state_that_was_kept_alone() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::fold::{Effect, Fold};

    /// Counts how often it applies an event.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);
    impl Fold for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn apply(&self, _: &mut Value, _: &Event) -> Effect {
            self.0.fetch_add(1, Ordering::Relaxed);
            Effect::Applied
        }
    }
    let fold = Arc::new(Counting::default());
    let long: Vec<GivenEvent> =
        (0..3_000).map(|offset| given("a", event("orders", 0, offset, "Changed", "{}"))).collect();
    let kept = Arc::clone(&fold) as Arc<dyn Fold>;
    let trial = Trial::new(Arc::new(Source::new(long)), kept);
    let recording = trial.record(Consumer::Naive, &Schedule::default()).unwrap();
    recording.correct_at(0, 0);
    for steps in [5, 1_000, recording.len() / 2] {
        let before = fold.0.load(Ordering::Relaxed);
        recording.correct_at(0, steps);
        let applied = fold.0.load(Ordering::Relaxed) - before;
        assert!(applied < 256, "{applied} events were applied for what should be at step {steps}");
    }
    for steps in [5, 1_000, recording.len()] {
        let before = fold.0.load(Ordering::Relaxed);
        recording.row_at(0, steps);
        let applied = fold.0.load(Ordering::Relaxed) - before;
        assert!(applied < 64, "{applied} events were applied for step {steps}");
    }
}

#[test]
fn what_compaction_leaves_keeps_its_offset() {
    let trial = trial(history(), "merge");
    let compacted = schedule(r#"{"fault":"F20","at":"orders-0@8"}"#);
    let recording = trial.record(Consumer::Naive, &compacted).unwrap();
    let delivered: Vec<i64> = (0..recording.len())
        .filter_map(|number| {
            let step = recording.step(number).unwrap();
            let place = step.place.filter(|place| place.partition == 0)?;
            assert!(step.event.as_ref().is_none_or(|event| *event == place), "{place}");
            (step.what == "delivered").then_some(place.offset)
        })
        .collect();
    assert_eq!(delivered, [6, 7, 8, 9, 10, 11]);
}

#[test]
fn what_a_row_should_be_goes_past_an_event_as_soon_as_nobody_will_handle_it() {
    let trial = trial(history()[..4].to_vec(), "count");
    let lost = r#"{"fault":"F3","at":"orders-0@1"}"#;
    let schedule = Schedule { members: 1, poll_records: 2, ..schedule(lost) };
    let recording = trial.record(Consumer::Naive, &schedule).unwrap();
    let steps = words(&recording);
    let crash = steps.iter().position(|step| step == "0 crashed").unwrap();
    let row = recording.rows().iter().position(|row| row.to_string() == "b").unwrap();
    let both = |steps: usize| {
        (recording.row_at(row, steps).to_json(), recording.correct_at(row, steps).to_json())
    };
    let one = r#"{"events":1,"by_type":{"Changed":1}}"#.to_owned();
    assert_eq!(both(crash), ("null".to_owned(), "null".to_owned()), "it is still in hand");
    assert_eq!(both(crash + 1), ("null".to_owned(), one.clone()), "its position is past it");
    assert_eq!(both(recording.len()), ("null".to_owned(), one));
}

#[test]
fn in_the_end_every_row_should_be_what_the_log_says_or_what_was_reached_before_a_stop() {
    for (fault, consumer) in CASES
        .into_iter()
        .flat_map(|(fault, ..)| Consumer::ALL.map(|one| (fault, one)))
        .filter(|(fault, _)| !fault.contains("F21") && !fault.contains("F24"))
    {
        let trial = trial(history(), "merge");
        let recording = trial.record(consumer, &schedule_of(fault)).unwrap();
        if recording.outcome().holds(Invariant::I1) || !recording.outcome().stops.is_empty() {
            continue;
        }
        for (row, (name, expected)) in trial.expected_states().enumerate() {
            let found = recording.correct_at(row, recording.len());
            assert_eq!(found, *expected, "{fault} {consumer} {name}");
        }
    }
}
