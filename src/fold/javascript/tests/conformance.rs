//! The language, rule by rule: what may be written, which handlers are called, what an event shows.

use super::*;

/// The methods that are there after this piece of a script.
fn methods_after(chain: &str) -> String {
    let script = format!(
        "const methods = Object.keys({chain}).sort().join(' '); \
         if (!methods.includes('never')) throw new Error(methods);"
    );
    let refused = Program::read("test.js", &script).unwrap_err();
    refused.message.strip_prefix("Error: ").unwrap().to_owned()
}

/// Why a script is refused.
fn refused(script: &str) -> String {
    Program::read("test.js", script).unwrap_err().message
}

#[test]
fn after_all_events_or_a_category_everything_but_transforms_may_come() {
    let expected = "foreachStream outputState partitionBy when";
    assert_eq!(methods_after("fromAll()"), expected);
    assert_eq!(methods_after("fromCategory('order')"), expected);
    assert_eq!(methods_after("fromCategories('order', 'payment')"), expected);
    assert_eq!(methods_after("fromCategories(['order'])"), expected);
}

#[test]
fn after_streams_foreach_stream_is_not_there() {
    assert_eq!(methods_after("fromStream('order-1')"), "outputState partitionBy when");
    assert_eq!(methods_after("fromStreams('a', 'b')"), "outputState partitionBy when");
    assert_eq!(methods_after("fromStreams(['a', 'b'])"), "outputState partitionBy when");
}

#[test]
fn after_a_partitioning_only_when_may_come() {
    assert_eq!(methods_after("fromAll().foreachStream()"), "when");
    assert_eq!(methods_after("fromAll().partitionBy(e => e.body.x)"), "when");
    assert!(refused("fromAll().foreachStream().outputState()").contains("not a function"));
}

#[test]
fn after_when_come_transforms_and_output() {
    assert_eq!(
        methods_after("fromAll().when({})"),
        "$defines_state_transform filterBy outputState outputTo transformBy"
    );
    assert_eq!(methods_after("fromAll().outputState()"), "filterBy outputTo transformBy");
    let transformed = "filterBy outputState outputTo transformBy";
    assert_eq!(methods_after("fromAll().when({}).transformBy(s => s)"), transformed);
    assert_eq!(methods_after("fromAll().when({}).filterBy(s => true)"), transformed);
    assert!(refused("fromAll().when({}).outputTo('x').outputState()").contains("undefined"));
}

#[test]
fn output_to_needs_a_name_and_the_pattern_a_place_for_the_partition() {
    Program::read("test.js", "fromAll().when({}).outputTo('all', 'one-{0}')").unwrap();
    assert!(refused("fromAll().when({}).outputTo()").contains("needs a name"));
    assert!(refused("fromAll().when({}).outputTo('all', 'one')").contains("{0}"));
}

#[test]
fn options_are_known_in_any_case_and_typed() {
    Program::read(
        "test.js",
        "options({ RESULTSTREAMNAME: 'r', $includeLinks: true, biState: false }); fromAll()",
    )
    .unwrap();
    assert_eq!(refused("options({ speed: 1 }); fromAll()"), "TypeError: there is no option speed");
    assert_eq!(
        refused("options({ $includeLinks: 'yes' }); fromAll()"),
        "TypeError: the option $includeLinks needs a boolean, not a text"
    );
}

#[test]
fn reordering_needs_two_streams_and_a_lag() {
    let with = |options: &str, source: &str| {
        Program::read("test.js", &format!("options({{ {options} }}); {source}.when({{}})"))
    };
    let lag = "reorderEvents: true, processingLag: 50";
    with(lag, "fromStreams('a', 'b')").unwrap();
    for (options, source) in [
        (lag, "fromAll()"),
        (lag, "fromStreams('a')"),
        ("reorderEvents: true, processingLag: 49", "fromStreams('a', 'b')"),
        ("reorderEvents: true", "fromStreams('a', 'b')"),
    ] {
        assert!(
            with(options, source).unwrap_err().message.contains("reorderEvents"),
            "{options} {source}"
        );
    }
}

#[test]
fn a_projection_names_its_source_and_does_not_mix_streams_with_categories() {
    assert!(refused("").contains("names no source"));
    assert!(refused("on_any(s => s)").contains("names no source"));
    assert!(refused("fromStream('a'); fromCategory('b')").contains("mixed"));
    assert!(refused("fromStreams()").contains("at least one name"));
    assert!(refused("fromStreams([])").contains("at least one name"));
    assert!(refused("fromCategory()").contains("needs at least one name"));
}

#[test]
fn deletes_are_told_only_where_each_stream_has_a_state_of_its_own() {
    Program::read("test.js", "fromAll().foreachStream().when({ $deleted(s) {} })").unwrap();
    assert!(refused("fromAll().when({ $deleted(s) {} })").contains("foreachStream"));
    let shared = "fromAll().foreachStream().when({ $initShared: () => ({}), $deleted(s) {} })";
    assert!(refused(shared).contains("shared"));
}

#[test]
fn handlers_are_functions() {
    assert_eq!(
        refused("fromAll().when({ Placed: 5 })"),
        "TypeError: the handler of Placed needs a function, not a number"
    );
    assert!(refused("fromAll().when()").contains("needs an object of handlers, not nothing"));
    assert!(
        refused("fromAll().partitionBy('x')").contains("partitionBy needs a function, not a text")
    );
}

#[test]
fn definition_functions_are_gone_when_handlers_run_and_actions_are_there() {
    let script = "const before = [typeof fromAll, typeof emit, typeof log].join();
        fromAll().when({ $any: (s) => [before, typeof fromAll, typeof options, typeof emit, typeof linkTo,
            typeof linkStreamTo, typeof copyTo, typeof log] })";
    assert_eq!(
        state(script, Events::of_bodies("X", &["{}"])),
        r#"["function,undefined,undefined","undefined","undefined","function","function","function","function","function"]"#
    );
}

#[test]
fn on_event_and_on_any_are_handlers_too() {
    let script =
        "fromAll(); on_event('A', (s, e) => ({ a: 1 })); on_any((s, e) => ({ any: e.eventType }))";
    assert_eq!(state(script, Events::of_bodies("A", &["{}"])), r#"{"a":1}"#);
    assert_eq!(state(script, Events::of_bodies("B", &["{}"])), r#"{"any":"B"}"#);
}

/// A stream with events of several entities and types.
fn mixed() -> Events {
    Events::new().and("1", "Placed", r#"{"total":5}"#).and("2", "Placed", r#"{"total":7}"#).and(
        "1",
        "Paid",
        r#"{"total":1}"#,
    )
}

#[test]
fn from_category_takes_one_name_several_or_an_array() {
    let categories = |source: &str| {
        let program = Program::read("test.js", &format!("{source}.when({{}})")).unwrap();
        program.definition().categories.join(" ")
    };
    for function in ["fromCategory", "fromCategories"] {
        assert_eq!(categories(&format!("{function}('a')")), "a");
        assert_eq!(categories(&format!("{function}('a', 'b')")), "a b");
        assert_eq!(categories(&format!("{function}(['a', 'b', 'c'])")), "a b c");
        for wrong in ["[]", "['a', 1]", "['a'], 'b'", "7"] {
            let told = refused(&format!("{function}({wrong}).when({{}})"));
            assert!(told.contains(&format!("{function} needs")), "{wrong}: {told}");
        }
    }
}

#[test]
fn an_argument_that_would_have_no_effect_is_an_error() {
    for script in [
        "fromAll('orders').when({})",
        "fromStream('a', 'b').when({})",
        "fromAll().foreachStream('order').when({})",
        "fromAll().partitionBy(e => e.streamId, 2).when({})",
        "fromAll().when({}, {})",
        "fromAll().when({}).transformBy(s => s, 1)",
        "fromAll().when({}).filterBy(s => true, 1)",
        "fromAll().when({}).outputState(true)",
        "fromAll().when({}).outputTo('a', 'b-{0}', 'c')",
        "options({}, {}); fromAll().when({})",
        "fromAll(); on_event('A', () => 1, 2)",
        "fromAll(); on_any(() => 1, 2)",
    ] {
        let told = refused(script);
        assert!(told.contains("would have no effect"), "{script}: {told}");
    }
    for call in [
        "emit('s', 'T', {}, {}, 1)",
        "linkTo('s', e, {}, 1)",
        "linkStreamTo('s', 'o', undefined, 1)",
    ] {
        let script = format!("fromAll().when({{ $any(s, e) {{ {call} }} }})");
        let told = failure(&script, Events::of_bodies("X", &["{}"]));
        assert!(told.contains("would have no effect"), "{call}: {told}");
    }
}

#[test]
fn a_source_takes_what_it_names() {
    let count = |source: &str| {
        let script = format!("{source}.when({{ $init: () => 0, $any: s => s + 1 }})");
        state(&script, mixed().and("2-x", "Paid", "{}"))
    };
    assert_eq!(count("fromAll()"), "4");
    assert_eq!(count("fromCategory('order')"), "4");
    assert_eq!(count("fromCategory('orders')"), "4", "the topic's name is good too");
    assert_eq!(count("fromCategories('payment', 'order')"), "4");
    assert_eq!(count("fromStream('order-2')"), "1");
    assert_eq!(count("fromStreams('order-1', 'order-2-x')"), "3", "an id is never split at a dash");
    assert_eq!(count("fromStream('$ce-order')"), "4");
    assert_eq!(count("fromStream('$et-Paid')"), "2");
    let other = "fromCategory('payment').when({ $any: s => s })";
    let outcome = run(other, mixed());
    assert_eq!((states_of(&outcome), outcome.counts.events), (String::new(), 0));
}

#[test]
fn init_makes_the_first_state_and_without_it_there_is_an_empty_object() {
    let script = "fromAll().when({ $init: () => ({ n: 10 }), $any(s) { s.n++ } })";
    assert_eq!(state(script, mixed()), r#"{"n":13}"#);
    assert_eq!(state("fromAll().when({ $any(s) { s.seen = true } })", mixed()), r#"{"seen":true}"#);
    let script = "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })";
    assert_eq!(states(script, mixed()), "order-1={\"n\":2}\norder-2={\"n\":1}");
}

#[test]
fn a_handler_takes_exactly_its_type() {
    let script =
        "fromAll().when({ Placed(s) { s.placed = (s.placed ?? 0) + 1 }, paid(s) { s.paid = 1 } })";
    let outcome = run(script, mixed());
    assert_eq!(states_of(&outcome), r#"={"placed":2}"#);
    assert_eq!(outcome.counts.unmatched, [("Paid".into(), 1)].into());
    assert_eq!(outcome.counts.matched, [("Placed".into(), 2)].into());
    assert_eq!(outcome.counts.events, 3);
}

#[test]
fn a_handler_that_returns_undefined_keeps_the_state_and_what_was_done_to_it() {
    assert_eq!(
        state("fromAll().when({ $any(s) { s.a = 1; return undefined } })", mixed()),
        r#"{"a":1}"#
    );
    assert_eq!(state("fromAll().when({ $any: () => undefined })", mixed()), "{}");
}

#[test]
fn a_handler_that_returns_anything_else_replaces_the_state() {
    for (returned, expected) in [
        ("{ b: 2 }", r#"{"b":2}"#),
        ("null", "null"),
        ("7", "7"),
        ("''", "\"\""),
        ("false", "false"),
        ("[1]", "[1]"),
    ] {
        let script = format!("fromAll().when({{ $any: (s) => {{ s.a = 1; return {returned} }} }})");
        assert_eq!(state(&script, mixed()), expected);
    }
}

#[test]
fn any_takes_what_no_named_handler_takes_wherever_it_stands() {
    for script in [
        "fromAll().when({ $init: () => ({}), $any(s, e) { s.any = e.eventType }, Placed(s) { s.placed = true } })",
        "fromAll().when({ $init: () => ({}), Placed(s) { s.placed = true }, $any(s, e) { s.any = e.eventType } })",
    ] {
        assert_eq!(state(script, mixed()), r#"{"placed":true,"any":"Paid"}"#);
    }
}

#[test]
fn created_is_told_the_first_event_of_a_partition_after_init_and_its_return_is_ignored() {
    let script = "fromAll().foreachStream().when({ $init: () => ({ log: ['init'] }),
        $created(s, e) { s.log.push('created by ' + e.eventType); return { lost: true } },
        $any(s, e) { s.log.push(e.eventType) } })";
    assert_eq!(
        states(script, mixed()),
        "order-1={\"log\":[\"init\",\"created by Placed\",\"Placed\",\"Paid\"]}\n\
         order-2={\"log\":[\"init\",\"created by Placed\",\"Placed\"]}"
    );
}

#[test]
fn a_tombstone_is_told_as_a_delete_with_partition_and_no_event() {
    let script = "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), Placed(s) { s.n++ },
        $deleted(s, e, partition, soft) { s.gone = [e, partition, soft]; return { lost: true } } })";
    let events = mixed().and_tombstone("1").and("1", "Placed", "{}");
    assert_eq!(
        states(script, events),
        "order-1={\"n\":2,\"gone\":[null,\"order-1\",false]}\norder-2={\"n\":1}"
    );
}

#[test]
fn without_a_handler_for_deletes_a_tombstone_is_no_event_of_a_stream() {
    let script = "fromAll().foreachStream().when({ $any: (s, e) => e.eventType })";
    let outcome = run(script, mixed().and_tombstone("1"));
    assert_eq!(states_of(&outcome), "order-1=\"Paid\"\norder-2=\"Placed\"");
    assert_eq!(outcome.counts.unmatched, [("tombstone".into(), 1)].into());
    let script = "fromAll().foreachStream().when({ tombstone: (s, e) => e.body })";
    assert_eq!(states(script, mixed().and_tombstone("1")), "order-1=null");
}

#[test]
fn elsewhere_a_tombstone_is_an_event_without_a_body() {
    let script = "fromAll().when({ $any: (s, e) => [e.eventType, e.body, e.bodyRaw, e.isJson] })";
    assert_eq!(state(script, mixed().and_tombstone("1")), r#"["tombstone",null,null,false]"#);
}

#[test]
fn without_handlers_the_state_is_the_last_body() {
    for script in
        ["fromAll()", "fromAll().outputState()", "fromAll().when({ $init: () => ({ a: 1 }) })"]
    {
        assert_eq!(state(script, mixed()), r#"{"total":1}"#);
    }
    assert_eq!(
        states("fromAll().foreachStream()", mixed()),
        "order-1={\"total\":1}\norder-2={\"total\":7}"
    );
    assert_eq!(state("fromAll()", mixed().and_value("1", "Note", Some("text"))), "\"text\"");
    assert_eq!(state("fromAll()", mixed().and_tombstone("1")), "null");
}

#[test]
fn init_shared_gives_all_partitions_a_second_state() {
    let script = "fromAll().foreachStream().when({ $init: () => ({ own: 0 }), $initShared: () => ({ all: 0 }),
        Placed(s, e) { s[0].own++; s[1].all += e.body.total; return s },
        Paid([own, shared], e) { return [{ ...own, seen: shared.all }, shared] } })";
    assert_eq!(states(script, mixed()), "order-1={\"own\":1,\"seen\":12}\norder-2={\"own\":1}");
    let broken = "fromAll().when({ $initShared: () => ({}), $any: () => ({}) })";
    assert!(failure(broken, mixed()).contains("returns [state, shared]"));
}

#[test]
fn an_event_shows_the_facts_of_its_record() {
    let show = "fromAll().foreachStream().when({ $any: (s, e) => ({ ...JSON.parse(JSON.stringify(e)), data: e.data }) })";
    let events = Events::new()
        .and("1", "First", "{}")
        .and("1", "Placed", r#"{ "total": 1.10 }"#)
        .but(|input| {
            input.headers = [(Arc::from("user"), Some(Arc::from(&b"ann"[..])))].into();
            input.transaction = Transaction::Open;
        });
    let outcome = run(show, events);
    let state = &outcome.partitions[0].state;
    let shown = |name: &str| state.get(name).unwrap().to_json();
    for (name, expected) in [
        ("streamId", r#""order-1""#),
        ("eventType", r#""Placed""#),
        ("sequenceNumber", "1"),
        ("body", r#"{"total":1.1}"#),
        ("data", r#"{"total":1.1}"#),
        ("bodyRaw", r#""{ \"total\": 1.10 }""#),
        ("isJson", "true"),
        ("eventId", r#""orders-0@1""#),
        ("created", r#""2026-11-23T10:15:01.000Z""#),
        ("category", r#""order""#),
        ("partition", r#""order-1""#),
        ("metadata", r#"{"user":"ann"}"#),
        ("metadataRaw", r#""{\"user\":\"ann\"}""#),
        ("linkMetadata", "null"),
        ("linkMetadataRaw", "null"),
        (
            "kafka",
            r#"{"topic":"orders","topicId":null,"partition":0,"offset":1,"timestamp":1795428901000,"timestampType":"create_time","key":"1","headers":[["user","ann"]],"leaderEpoch":null,"txn":"open"}"#,
        ),
    ] {
        assert_eq!(shown(name), expected, "{name}");
    }
}

#[test]
fn a_record_without_timestamp_or_entity_shows_so() {
    let script = "fromAll().when({ $any: (s, e) => [e.created, e.streamId, e.kafka.timestamp, e.kafka.key] })";
    let events = mixed().but(|input| {
        input.timestamp_ms = -1;
        input.entity = None;
        input.key = None;
    });
    assert_eq!(state(script, events), r#"[null,"order",null,null]"#);
}

#[test]
fn the_properties_of_an_event_are_read_only() {
    let sloppy =
        "fromAll().when({ $any: (s, e) => { e.body = 5; e.extra = 1; return [e.body, e.extra] } })";
    assert_eq!(state(sloppy, Events::of_bodies("X", &["{}"])), "[{},null]");
    let strict = "'use strict'; fromAll().when({ $any: (s, e) => { e.body = 5 } })";
    assert!(failure(strict, Events::of_bodies("X", &["{}"])).contains("TypeError"));
}

#[test]
fn a_body_that_is_no_object_is_what_it_is_and_one_that_is_no_json_is_null() {
    let script = "fromAll().when({ $any: (s, e) => [e.body, e.isJson, e.bodyRaw] })";
    let shown = |value: &str| state(script, Events::new().and_value("1", "X", Some(value)));
    assert_eq!(shown("[1]"), r#"[[1],true,"[1]"]"#);
    assert_eq!(shown("5"), r#"[5,true,"5"]"#);
    assert_eq!(shown("null"), r#"[null,true,"null"]"#);
    assert_eq!(shown("hello"), r#"[null,false,"hello"]"#);
    assert_eq!(shown(""), r#"[null,false,""]"#);
}

#[test]
fn a_body_that_only_a_computed_name_asks_for_is_there() {
    let script = "const name = ['bo', 'dy'].join(''); fromAll().when({ $any: (s, e) => e[name] })";
    assert_eq!(state(script, mixed()), r#"{"total":1}"#);
}
