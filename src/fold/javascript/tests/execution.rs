//! How events are applied: partitions, transforms, what is emitted and logged, shares of a run.

use proptest::prelude::*;

use super::*;

/// Orders of two customers.
fn orders() -> Events {
    Events::new()
        .and("1", "Placed", r#"{"customer":"ann","total":5}"#)
        .and("2", "Placed", r#"{"customer":"bob","total":7}"#)
        .and("3", "Placed", r#"{"customer":"ann","total":9}"#)
}

#[test]
fn partition_by_names_the_partition_and_numbers_become_texts() {
    let script = "fromAll().partitionBy(e => e.body.customer).when({ $init: () => ({ n: 0 }),
        Placed(s, e) { s.n += e.body.total; s.partition = e.partition } })";
    assert_eq!(
        states(script, orders()),
        "ann={\"n\":14,\"partition\":\"ann\"}\nbob={\"n\":7,\"partition\":\"bob\"}"
    );
    let script = "fromAll().partitionBy(e => e.body.total).when({ Placed: (s, e) => e.partition })";
    assert_eq!(states(script, orders()), "5=\"5\"\n7=\"7\"\n9=\"9\"");
}

#[test]
fn partition_by_skips_events_for_anything_but_texts_and_numbers() {
    for nothing in ["null", "undefined", "true", "{}", "[]"] {
        let script = format!(
            "fromAll().partitionBy(e => e.body.total > 5 ? {nothing} : 'some').when({{ $init: () => 0, Placed: s => s + 1 }})"
        );
        let outcome = run(&script, orders());
        assert_eq!(states_of(&outcome), "some=1", "{nothing}");
        let RunCounts { events, skipped, .. } = outcome.counts;
        assert_eq!((events, skipped, outcome.counts.matched_total()), (3, 2, 1));
        assert_eq!(outcome.counts.unmatched.len(), 0, "skipped events are neither");
    }
    let empty = "fromAll().partitionBy(e => '').when({ Placed: s => 1 })";
    assert_eq!(states(empty, orders()), "=1", "an empty name is a name");
}

#[test]
fn types_without_a_handler_are_left_out_before_they_are_partitioned() {
    let script = "fromAll().partitionBy(e => e.body.customer.length).when({ Placed: s => 1 })";
    assert_eq!(states(script, orders().and("4", "Note", "{}")), "3=1");
}

#[test]
fn records_without_an_entity_are_skipped_where_each_stream_has_a_state() {
    let script = "fromAll().foreachStream().when({ $any: (s, e) => e.streamId })";
    let outcome = run(script, orders().but(|input| input.entity = None));
    assert_eq!(states_of(&outcome), "order-1=\"order-1\"\norder-2=\"order-2\"");
    assert_eq!(outcome.counts.skipped, 1);
}

#[test]
fn a_state_of_null_begins_anew_with_the_next_event_whatever_came_between() {
    let script = "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $created(s) { s.created = true },
        Placed(s) { s.n++ }, Cancelled: () => null })";
    let events = orders().and("1", "Cancelled", "{}").and("2", "Cancelled", "{}");
    assert_eq!(
        states(script, events),
        "order-1=null\norder-2=null\norder-3={\"n\":1,\"created\":true}"
    );
    let events = orders().and("1", "Cancelled", "{}").and("1", "Placed", "{}");
    assert!(states(script, events).starts_with("order-1={\"n\":1,\"created\":true}\n"));
}

#[test]
fn transforms_run_in_the_order_they_were_called() {
    let script = "fromAll().when({ $init: () => ({ n: 0 }), Placed(s) { s.n++ } })
        .transformBy(s => ({ n: s.n * 2 })).filterBy(s => s.n > 2).transformBy(s => `n is ${s.n}`)";
    assert_eq!(results(script, orders()), "=\"n is 6\"");
    let outcome = run(script, orders());
    assert_eq!(states_of(&outcome), r#"={"n":3}"#, "the state itself is not transformed");
    assert_eq!(results(script, Events::of_bodies("Placed", &["{}"])), "=null", "filtered out");
}

#[test]
fn filter_by_keeps_only_what_is_strictly_true() {
    for (kept, expected) in [
        ("true", "=1"),
        ("1", "=null"),
        ("'yes'", "=null"),
        ("{}", "=null"),
        ("undefined", "=null"),
    ] {
        let script = format!("fromAll().when({{ $any: () => 1 }}).filterBy(s => ({kept}))");
        assert_eq!(results(&script, orders()), expected, "{kept}");
    }
}

#[test]
fn results_are_made_anew_only_when_the_state_has_changed() {
    let script = "let calls = 0; fromAll().when({ $init: () => ({}), Placed(s, e) { s.first ??= e.body.total } })
        .transformBy(s => ++calls)";
    assert_eq!(results(script, orders()), "=1");
}

#[test]
fn transforms_are_given_a_copy() {
    let script = "fromAll().when({ $init: () => ({ a: [1] }), $any(s, e) { s.n = e.body.total } })
        .transformBy(s => { s.a.push(2); s.own = true; return s })";
    let outcome = run(script, orders());
    assert_eq!(states_of(&outcome), r#"={"a":[1],"n":9}"#);
    assert_eq!(outcome.partitions[0].shown().to_json(), r#"{"a":[1,2],"n":9,"own":true}"#);
}

#[test]
fn emitted_events_are_kept_in_order_with_their_cause() {
    let script = "fromAll().when({ Placed(s, e) {
        emit('bills', 'Billed', { to: e.body.customer, at: new Date(0), none: undefined }, { by: 'test' });
        linkTo('links', e);
        linkTo('links', { streamId: 'other-1', sequenceNumber: 4 }, { why: 'because' });
        linkStreamTo('streams', 'order-1');
        copyTo('nowhere') } })";
    let outcome = run(script, orders());
    assert_eq!(outcome.emitted.len(), 12);
    let told: Vec<String> = outcome.emitted[..4]
        .iter()
        .map(|one| {
            let metadata =
                one.metadata.as_ref().map(|metadata| metadata.to_json()).unwrap_or_default();
            format!(
                "{} {} {} {metadata} {}",
                one.stream,
                one.event_type,
                one.body.to_json(),
                one.cause
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"bills Billed {"to":"ann","at":"1970-01-01T00:00:00.000Z"} {"by":"test"} orders-0@0"#,
            r#"links $> "0@order-1"  orders-0@0"#,
            r#"links $> "4@other-1" {"why":"because"} orders-0@0"#,
            r#"streams $@ "order-1"  orders-0@0"#,
        ]
    );
    assert_eq!(outcome.emitted[11].cause.offset, 2);
}

#[test]
fn what_cannot_be_emitted_is_refused_in_words() {
    let refused =
        |call: &str| failure(&format!("fromAll().when({{ $any(s, e) {{ {call} }} }})"), orders());
    assert!(refused("emit('a', 'b')").contains("emit needs a stream, a type and a body"));
    assert!(refused("emit(' ', 'b', {})").contains("the stream of emit needs a name"));
    assert!(refused("emit('a', 5, {})").contains("the type of emit needs a name, not a number"));
    assert!(
        refused("emit('a', 'b', 'text')").contains("the body of emit needs an object, not a text")
    );
    assert!(refused("emit('a', 'b', {}, 5)").contains("the metadata of emit needs an object"));
    assert!(refused("linkTo('a', { streamId: 's' })").contains("linkTo needs an event"));
    assert!(refused("linkStreamTo('a', 'b', {})").contains("takes no metadata"));
    assert!(refused("const o = {}; o.o = o; emit('a', 'b', o)").contains("contains itself"));
}

#[test]
fn a_log_keeps_lines_of_anything() {
    let script =
        "fromAll().when({ Placed(s, e) { if (e.sequenceNumber === 0 && e.body.total === 5) {
        log('text'); log({ a: 1 }); log(1, [2], null); log(undefined); log(new Error('e')) } } })";
    let outcome = run(script, orders());
    let lines: Vec<&str> = outcome.logged.iter().map(|line| &*line.text).collect();
    assert_eq!(lines, ["text", r#"{"a":1}"#, "1 [2] null", "undefined", "Error: e"]);
    assert_eq!((outcome.counts.logged, outcome.logged[0].position.offset), (5, 0));
}

#[test]
fn an_undecodable_value_is_given_to_no_handler() {
    let script = "fromAll().when({ $init: () => 0, $any: s => s + 1 })";
    let outcome = run(script, orders().but(|input| input.is_undecodable = true));
    assert_eq!(states_of(&outcome), "=2");
    assert_eq!((outcome.counts.undecodable, outcome.counts.events), (1, 3));
}

#[test]
fn numbers_that_would_be_rounded_are_counted_by_field_and_can_be_texts() {
    let script = "fromAll().when({ $any: (s, e) => e.body })";
    let events = || Events::of_bodies("X", &[r#"{"id":9007199254740993,"a":1.5}"#]);
    let outcome = run(script, events());
    assert_eq!(states_of(&outcome), r#"={"id":9007199254740992,"a":1.5}"#);
    assert_eq!(outcome.counts.inexact, [("/id".to_owned(), 1)].into());
    let exact = Program::read("test.js", script).unwrap().with_exact_numbers(true);
    let outcome = run_program(&exact, Share::ALL, events()).unwrap();
    assert_eq!(states_of(&outcome), r#"={"id":"9007199254740993","a":1.5}"#);
}

#[test]
fn numbers_are_printed_as_javascript_prints_them() {
    let body = r#"{"a":1.10,"b":-0.0,"c":6.02E+23,"d":1e21,"e":1e-7,"f":100,"g":0.1}"#;
    assert_eq!(
        state("fromAll()", Events::of_bodies("X", &[body])),
        r#"{"a":1.1,"b":0,"c":6.02e+23,"d":1e+21,"e":1e-7,"f":100,"g":0.1}"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn runs_that_share_the_partitions_give_what_one_gives(
        picks in proptest::collection::vec((0_u8..6, 0_u8..4), 0..40), runs in 2_u64..5,
    ) {
        let scripts = [
            "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), A(s, e) { s.n += e.body.n; log(e.streamId) },
                B(s, e) { emit('b', 'B', { n: s.n }) }, $deleted(s) { s.gone = true } })",
            "fromAll().partitionBy(e => e.body && e.body.n % 3 ? e.body.n % 3 : null).when({ $init: () => ({ n: 0 }),
                A(s, e) { s.n++; s.seen = e.partition; s.not = NaN }, B(s) { s.b = true; log('b') } })",
        ];
        for script in scripts {
            let program = Program::read("test.js", script).unwrap();
            prop_assert!(program.definition().is_parallel());
            let events = || picks.iter().fold(Events::new(), |events, (entity, kind)| {
                let (id, body) = (entity.to_string(), format!(r#"{{"n":{}}}"#, entity * 3 + kind));
                match kind {
                    0 | 1 => events.and(&id, "A", &body),
                    2 => events.and(&id, "B", &body),
                    _ => events.and_tombstone(&id),
                }
            });
            let one = run_program(&program, Share::ALL, events()).unwrap();
            let shares = (0..runs).map(|run| run_program(&program, Share { run, runs }, events()).unwrap());
            prop_assert_eq!(ProjectionOutcome::merged(shares), one);
        }
    }
}
