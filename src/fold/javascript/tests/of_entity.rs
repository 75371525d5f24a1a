//! Projections as folds of one entity: through histories, key frames and single steps.

use super::*;
use crate::fold::testing::{event, folded};
use crate::fold::{Effect, Fold, History, Selection};
use crate::model::{Decoded, Event, Value};

/// The fold of a script, in the category `order`.
fn fold(script: &str) -> Arc<JavaScriptFold> {
    let program = Program::read("order.js", script).unwrap();
    Arc::new(JavaScriptFold::new(program, [("t".into(), "order".into())]))
}

/// Events of these types and bodies; a body of `None` is a tombstone.
fn events(of: &[(&str, Option<&str>)]) -> Vec<Event> {
    let one = |(version, (event_type, body)): (u64, &(&str, Option<&str>))| {
        event(version, event_type, Decoder::Json.decode(body.map(str::as_bytes)))
    };
    (1..).zip(of).map(one).collect()
}

/// The states after each of these events, `null` before the first.
fn states_after(fold: &Arc<JavaScriptFold>, of: &[(&str, Option<&str>)]) -> Vec<String> {
    let events = events(of);
    let mut history = History::new(Arc::clone(fold) as Arc<dyn Fold>, events);
    let states = (1..=history.len()).map(|version| history.state_after(version).to_json());
    states.collect()
}

/// A script that counts and sums.
const SUM: &str = "fromCategory('order').foreachStream().when({ $init: () => ({ n: 0, total: 0 }),
    Placed(s, e) { s.n++; s.total += e.body.total; s.stream = e.streamId }, Cancelled: () => null })";

#[test]
fn a_state_is_null_before_the_first_event_that_a_handler_takes() {
    let fold = fold(SUM);
    assert_eq!(fold.name(), "order.js");
    assert_eq!(fold.init(), Value::Null);
    assert_eq!(
        states_after(
            &fold,
            &[
                ("Note", Some("{}")),
                ("Placed", Some(r#"{"total":2}"#)),
                ("Placed", Some(r#"{"total":3}"#))
            ]
        ),
        [
            "null",
            r#"{"n":1,"total":2,"stream":"order-e"}"#,
            r#"{"n":2,"total":5,"stream":"order-e"}"#
        ]
    );
}

#[test]
fn without_a_handler_for_it_a_tombstone_makes_the_state_null() {
    let placed = ("Placed", Some(r#"{"total":1}"#));
    let one = r#"{"n":1,"total":1,"stream":"order-e"}"#;
    assert_eq!(
        states_after(&fold(SUM), &[placed, ("tombstone", None), placed]),
        [one, "null", one]
    );
    let with_any = "fromAll().when({ $any: (s, e) => e.eventType })";
    assert_eq!(
        states_after(&fold(with_any), &[placed, ("tombstone", None)]),
        ["\"Placed\"", "null"]
    );
    let handled =
        "fromAll().foreachStream().when({ Placed(s) { s.n = 1 }, $deleted(s) { s.gone = true } })";
    let states = states_after(&fold(handled), &[placed, ("tombstone", None)]);
    assert_eq!(states, [r#"{"n":1}"#, r#"{"n":1,"gone":true}"#]);
    let named = "fromAll().when({ Placed(s) { s.n = 1 }, tombstone: () => 'gone' })";
    assert_eq!(
        states_after(&fold(named), &[placed, ("tombstone", None)]),
        [r#"{"n":1}"#, "\"gone\""]
    );
}

#[test]
fn what_is_not_applied_is_told_apart() {
    let fold = fold(
        "fromCategory('order').foreachStream().when({ Placed(s, e) { if (e.body.bad) throw new Error('bad') } })",
    );
    let effects = |of: &[(&str, Option<&str>)]| {
        let mut state = Value::Null;
        events(of).iter().map(|event| fold.apply(&mut state, event)).collect::<Vec<_>>()
    };
    let failed = "order.js:1:87: Error: bad";
    assert_eq!(
        effects(&[
            ("Placed", Some("{}")),
            ("Note", Some("{}")),
            ("Placed", Some("oops")),
            ("Placed", Some(r#"{"bad":1}"#)),
            ("Placed", Some("{}")),
        ]),
        [
            Effect::Applied,
            Effect::NotApplicable("no handler takes its type"),
            Effect::Undecodable,
            Effect::Failed(failed.into()),
            Effect::Applied,
        ]
    );
    let elsewhere = JavaScriptFold::new(
        Program::read("x.js", "fromCategory('payment').when({ $any: () => 1 })").unwrap(),
        [],
    );
    let mut state = Value::Null;
    let event = event(1, "Placed", Decoded::Empty);
    assert!(elsewhere.apply(&mut state, &event).not_taken().is_some());
}

#[test]
fn a_failing_event_leaves_the_state_as_it_was_though_it_was_half_changed() {
    let fold = fold(
        "fromAll().when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++; s.half = { a: NaN }; if (s.n === 3) e.body.x.y } })",
    );
    let bodies: Vec<(&str, Option<&str>)> = vec![("X", Some("{}")); 5];
    let mut history = History::new(Arc::clone(&fold) as Arc<dyn Fold>, events(&bodies));
    let (failed, why) = history.failure().unwrap();
    assert_eq!(failed, 3);
    assert!(why.contains("cannot read property 'y' of undefined"), "{why}");
    assert_eq!(history.state_after(5).to_json(), r#"{"n":2,"half":{"a":null}}"#);
    assert_eq!(history.check(), Ok(()));
    let mut state = history.state_after(2);
    let before = state.clone();
    assert!(matches!(fold.apply(&mut state, &history.events()[2].clone()), Effect::Failed(_)));
    assert_eq!(state, before);
}

#[test]
fn any_state_of_a_long_history_is_that_folded_from_nothing_and_frames_are_true() {
    let script = "fromAll().when({ $init: () => ({ n: 0, last: [], by: {} }),
        A(s, e) { s.n++; s.last.push({ v: e.sequenceNumber }); if (s.last.length > 5) s.last.shift() },
        B(s, e) { return { ...s, by: { ...s.by, [e.body.v % 7]: new Date(e.body.v) } } } })";
    let fold = fold(script);
    let bodies: Vec<String> = (0..700).map(|v| format!(r#"{{"v":{v}}}"#)).collect();
    let of: Vec<(&str, Option<&str>)> = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| (if index % 3 == 0 { "B" } else { "A" }, Some(body.as_str())))
        .collect();
    let mut history = History::new(Arc::clone(&fold) as Arc<dyn Fold>, events(&of));
    let mut version = 1;
    for _ in 0..40 {
        version = (version * 37 + 11) % 701;
        let expected = folded(&*fold, history.events(), usize::try_from(version).unwrap());
        assert_eq!(history.state_after(version), expected, "after {version}");
    }
    assert_eq!(history.check(), Ok(()));
    let odd = Selection::Subset((1..=700).filter(|version| version % 2 == 1).collect());
    assert_eq!(history.state_of(&odd).get("n").unwrap().to_json(), "233");
    let writers = history.versions_changing(&crate::model::JsonPointer::parse("/n").unwrap());
    assert_eq!(writers.len(), 467, "each A, and the first event, which began it");
}

#[test]
fn a_state_that_is_an_array_or_a_scalar_goes_through_frames_too() {
    let list = "fromAll().when({ $init: () => [], A(s, e) { if (s.length) s[s.length - 1].late = NaN; s.push({ v: e.sequenceNumber }); if (s.length > 2) s.shift() } })";
    let sum = "fromAll().when({ $init: () => 0, A: (s, e) => s + 1 })";
    for (script, expected) in [(list, r#"[{"v":198,"late":null},{"v":199}]"#), (sum, "200")] {
        let fold = fold(script);
        let of: Vec<(&str, Option<&str>)> = vec![("A", Some("{}")); 200];
        let mut history = History::new(Arc::clone(&fold) as Arc<dyn Fold>, events(&of));
        assert_eq!(history.state_after(200).to_json(), expected);
        for version in [1, 2, 3, 63, 64, 65, 130, 199] {
            let folded = folded(&*fold, history.events(), usize::try_from(version).unwrap());
            assert_eq!(history.state_after(version), folded, "after {version}");
        }
        assert_eq!(history.check(), Ok(()));
    }
}

#[test]
fn a_run_that_begins_at_a_state_of_scalars_gives_what_single_steps_give() {
    let script = "fromAll().when({ A(s, e) {
        const last = Array.isArray(s) ? s.at(-1) : s.last;
        const before = Array.isArray(s) ? s.at(-2) : s.last && s.last.before;
        if (before && before.v) before.kind = typeof before.late;
        if (last && last.v) { last.late = NaN; last.seen = e.sequenceNumber }
        if (Array.isArray(s)) s.push({ v: 1 }); else s.last = { v: 1, before: last } } })";
    let fold = fold(script);
    let all = events(&[("A", Some("{}")); 4]);
    for start in ["[1,2]", "[]", r#"{"a":1}"#, r#"{"a":"{"}"#, "{}"] {
        let start = crate::fold::testing::value(start);
        let mut run = fold.start(start.clone());
        let mut stepped = start;
        for event in &all {
            assert_eq!(run.apply(event), Effect::Applied);
            // Written and read, so that no engine can go on with what it has.
            stepped = crate::fold::testing::value(&stepped.to_json());
            assert_eq!(fold.apply(&mut stepped, event), Effect::Applied);
        }
        assert_eq!(run.state().unwrap(), stepped);
    }
}

#[test]
fn states_of_several_entities_do_not_mix_in_one_engine() {
    let fold = fold(SUM);
    let all = events(&[("Placed", Some(r#"{"total":1}"#)), ("Placed", Some(r#"{"total":10}"#))]);
    let (mut one, mut other) = (Value::Null, Value::Null);
    for _ in 0..3 {
        fold.apply(&mut one, &all[0]);
        fold.apply(&mut other, &all[1]);
    }
    assert_eq!(one.get("total").unwrap().to_json(), "3");
    assert_eq!(other.get("total").unwrap().to_json(), "30");
    let again = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let mut state = one.clone();
                fold.apply(&mut state, &all[1]);
                state
            })
            .join()
            .unwrap()
    });
    assert_eq!(again.get("total").unwrap().to_json(), "13", "on another thread, too");
}

#[test]
fn a_shared_state_is_kept_beside_the_own() {
    let script =
        "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $initShared: () => ({ all: 0 }),
        A([own, shared]) { own.n++; shared.all += 2; return [own, shared] } })";
    let states = states_after(&fold(script), &[("A", Some("{}")), ("A", Some("{}"))]);
    assert_eq!(states, [r#"[{"n":1},{"all":2}]"#, r#"[{"n":2},{"all":4}]"#]);
}

#[test]
fn the_result_is_what_transforms_make_of_the_state() {
    let fold = fold(
        "fromAll().when({ $any: (s, e) => ({ n: (s.n ?? 0) + 1 }) }).transformBy(s => ({ twice: s.n * 2 })).filterBy(s => s.twice > 2)",
    );
    let result = |state: &str| fold.result(&crate::fold::testing::value(state)).unwrap().to_json();
    assert_eq!(result(r#"{"n":2}"#), r#"{"twice":4}"#);
    assert_eq!(result(r#"{"n":1}"#), "null");
    assert_eq!(result("null"), "null");
}

#[test]
fn an_entity_whose_events_lie_in_several_partitions_has_no_one_state() {
    let script = "fromAll().partitionBy(e => e.body.to).when({ $init: () => 0, A: s => s + 1 })";
    let fold = fold(script);
    let of = |bodies: &[&str]| {
        let of: Vec<(&str, Option<&str>)> = bodies.iter().map(|body| ("A", Some(*body))).collect();
        let history = History::new(Arc::clone(&fold) as Arc<dyn Fold>, events(&of));
        (history.failure().map(|(version, why)| (version, why.to_owned())), history)
    };
    let (failure, mut history) = of(&[r#"{"to":"x"}"#, r#"{"to":null}"#, r#"{"to":"x"}"#]);
    assert_eq!((failure, history.state_after(3).to_json()), (None, "2".to_owned()));
    let (failure, _) = of(&[r#"{"to":"x"}"#, r#"{"to":"y"}"#]);
    let (version, why) = failure.unwrap();
    assert_eq!(version, 2);
    assert!(why.contains("several partitions (x, y)"), "{why}");
}

#[test]
fn a_null_body_or_text_is_given_as_the_decoder_of_the_topic_reads_it() {
    let fold = fold("fromAll().when({ $any: (s, e) => [e.body, e.isJson, e.bodyRaw] })");
    let mut state = Value::Null;
    let text = event(1, "X", Decoder::Auto.decode(Some(b"hello")));
    assert_eq!(fold.apply(&mut state, &text), Effect::Applied);
    assert_eq!(state.to_json(), r#"[null,false,"hello"]"#);
}

#[test]
fn an_event_that_was_stopped_is_not_waited_for_again_and_after_three_none_is_tried() {
    let limits = Limits { steps_per_event: 100_000, ..Default::default() };
    let script = "fromAll().when({ Loop() { for (;;); }, Add: s => ({ n: 1 }) })";
    let program = Program::read_within("loop.js", script, limits).unwrap();
    let fold = JavaScriptFold::new(program, []);
    let given = events(&[
        ("Loop", Some("{}")),
        ("Add", Some("{}")),
        ("Loop", Some("{}")),
        ("Loop", Some("{}")),
        ("Add", Some("{}")),
    ]);
    let effect = |number: usize| fold.apply(&mut Value::Null, &given[number]);
    let stopped = effect(0);
    assert!(
        matches!(&stopped, Effect::Failed(why) if why.contains("million steps")),
        "{stopped:?}"
    );
    assert_eq!(effect(0), stopped);
    assert_eq!(effect(1), Effect::Applied, "other events go on");
    effect(2);
    effect(3);
    let refused = effect(4);
    assert!(matches!(&refused, Effect::Failed(why) if why.contains("3 events were stopped")));
}
