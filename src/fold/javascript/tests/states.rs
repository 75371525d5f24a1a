//! States are JSON after every event, whatever a handler does: the same as if they were written and
//! read each time.

use proptest::prelude::*;

use super::*;
use crate::fold::testing::{event, value as value_of};
use crate::fold::{Effect, Fold as _};
use crate::model::Value;

/// The state after so many events that are all handled with this code; `n` counts from 1.
fn after(events: usize, code: &str) -> String {
    let script = format!(
        "fromAll().when({{ $init: () => ({{}}), $any(s, e) {{ const n = e.sequenceNumber + 1; {code} }} }})"
    );
    state(&script, Events::of_bodies("X", &vec![r#"{"o":{"v":1},"list":[{"v":1}]}"#; events]))
}

#[test]
fn a_date_is_a_text_in_the_next_event() {
    assert_eq!(
        after(2, "if (n === 1) s.at = new Date(0); else s.kind = typeof s.at"),
        r#"{"at":"1970-01-01T00:00:00.000Z","kind":"string"}"#
    );
    assert_eq!(after(1, "s.at = new Date(NaN)"), r#"{"at":null}"#);
}

#[test]
fn undefined_members_and_functions_are_gone_in_the_next_event() {
    let code = "if (n === 1) { s.u = undefined; s.f = () => 1; s.y = Symbol('y'); s[Symbol('k')] = 1; s.deep = { u: undefined, kept: 1 } }
        else s.keys = [Object.keys(s).join(), Object.keys(s.deep).join(), Object.getOwnPropertySymbols(s).length, 'u' in s].join()";
    assert_eq!(after(2, code), r#"{"deep":{"kept":1},"keys":"deep,kept,0,false"}"#);
    let same = "s.a = 1; s.b = undefined; s.seen = Object.keys(s).join()";
    assert_eq!(after(1, same), r#"{"a":1,"seen":"a,b"}"#, "in its own event it is there");
}

#[test]
fn elements_that_are_undefined_or_missing_become_null() {
    assert_eq!(after(1, "s.l = [undefined, () => 1, , 4]"), r#"{"l":[null,null,null,4]}"#);
    assert_eq!(after(1, "s.l = [1]; s.l[3] = 2"), r#"{"l":[1,null,null,2]}"#);
    assert_eq!(
        after(
            2,
            "if (n === 1) s.l = [1, 2, 3]; else { delete s.l[1]; s.l[5] = 1; s.l.extra = 1; s.l.length = 7 }"
        ),
        r#"{"l":[1,null,3,null,null,1,null]}"#
    );
    assert_eq!(
        after(
            3,
            "if (n === 1) s.l = [1, 2]; if (n === 2) s.l.x = { y: 1 }; if (n === 3) s.keys = Object.keys(s.l)"
        ),
        r#"{"l":[1,2],"keys":["0","1"]}"#
    );
}

#[test]
fn the_parts_of_a_state_are_parts_once() {
    let alias = "if (n === 1) { s.a = { v: 1 }; s.b = s.a } else s.a.v = n";
    assert_eq!(after(2, alias), r#"{"a":{"v":2},"b":{"v":1}}"#);
    let later = "if (n === 1) s.a = { v: 1 }; else if (n === 2) s.b = s.a; else s.a.v = n";
    assert_eq!(after(3, later), r#"{"a":{"v":3},"b":{"v":1}}"#);
    let body = "if (n === 1) { s.a = e.body.o; s.b = e.body.o } else s.a.v = n";
    assert_eq!(after(2, body), r#"{"a":{"v":2},"b":{"v":1}}"#);
    let moved = "if (n === 1) s.a = { deep: { v: 1 } }; else if (n === 2) { s.b = s.a; delete s.a; s.c = s.b.deep } else s.b.deep.v = n";
    assert_eq!(after(3, moved), r#"{"b":{"deep":{"v":3}},"c":{"v":1}}"#);
    let robbed = "if (n === 1) s.a = { deep: { v: 1 } }; else if (n === 2) { const a = s.a; delete s.a; s.c = a.deep; s.b = a } else s.b.deep.v = n";
    assert_eq!(after(3, robbed), r#"{"c":{"v":1},"b":{"deep":{"v":3}}}"#);
    let within = "if (n === 1) { s.a = { v: 1 }; s.b = s.a; s.a.v = 5 }";
    assert_eq!(after(1, within), r#"{"a":{"v":5},"b":{"v":5}}"#, "in its own event it is one");
}

#[test]
fn instances_lose_their_class_and_collections_their_contents() {
    let code = "if (n === 1) { s.p = new (class P { x = 1; m() {} })(); s.m = new Map([[1, 2]]); s.t = new Uint8Array([7]); s.n = new Number(3); s.w = new String('w'); s.o = new Boolean(false); s.g = 10n; s.r = /x/ }
        else s.plain = Object.getPrototypeOf(s.p) === Object.prototype";
    assert_eq!(
        after(2, code),
        r#"{"p":{"x":1},"m":{},"t":{"0":7},"n":3,"w":"w","o":false,"g":"10","r":{},"plain":true}"#
    );
}

#[test]
fn computed_members_are_computed_once() {
    let code = "if (n === 1) s.o = { get v() { return s.n = (s.n ?? 0) + 1 } }; else s.o.v";
    assert_eq!(after(3, code), r#"{"o":{"v":1},"n":1}"#);
    let said = after(1, "s.o = { toJSON(name) { return { name, toJSON() { return 'twice' } } } }");
    assert_eq!(said, r#"{"o":{"name":"o"}}"#);
}

#[test]
fn negative_zero_is_zero_and_half_a_character_is_replaced() {
    assert_eq!(
        after(
            2,
            "if (n === 1) { s.z = -0; s.a = [-0]; } else s.same = [Object.is(s.z, 0), Object.is(s.a[0], 0)]"
        ),
        r#"{"z":0,"a":[0],"same":[true,true]}"#
    );
    assert_eq!(
        after(1, "s.i = '\\u{1F600}'[0]; s.o = { t: '\\u{1F600}x' }"),
        "{\"i\":\"\u{fffd}\",\"o\":{\"t\":\"\u{1f600}x\"}}"
    );
}

#[test]
fn arrays_behave_as_arrays() {
    let code = "if (n === 1) s.l = [{ k: 'b', v: 2 }, { k: 'a', v: 1 }];
        if (n === 2) { s.l.push({ k: 'c', v: 3 }); s.l.sort((x, y) => x.k < y.k ? -1 : 1); s.is = Array.isArray(s.l) }
        if (n === 3) { const found = s.l.find(x => x.k === 'b'); s.at = s.l.indexOf(found); found.v = 20; s.has = s.l.includes(found) }
        if (n === 4) { s.l = s.l.filter(x => x.k !== 'a'); s.l[0].v++ }
        if (n === 5) { s.l.unshift(s.l.pop()); s.copy = [...s.l]; s.copy[0].v = 100; s.sum = s.l.reduce((sum, x) => sum + x.v, 0); s.n = s.l.length }
        if (n === 6) { s.l.splice(0, 1, { k: 'z' }, 5, null); s.l.reverse(); s.joined = s.l.map(x => x && x.k).join('') }";
    assert_eq!(
        after(6, code),
        r#"{"l":[{"k":"b","v":21},null,5,{"k":"z"}],"is":true,"at":1,"has":true,"copy":[{"k":"c","v":100},{"k":"b","v":21}],"sum":121,"n":2,"joined":"bz"}"#
    );
}

#[test]
fn states_can_be_spread_destructured_enumerated_and_written_as_json() {
    let code = "if (n === 1) return { a: 1, o: { x: [1, { y: 2 }] }, keep: { k: 1 } };
        const { a, ...rest } = s;
        return { ...rest, a: a + 1, keys: Object.keys(s), in: 'o' in s, own: Object.hasOwn(s, 'nope'), json: JSON.stringify(s.o), values: Object.values(s.o.x[1]), entries: Object.entries(s.keep), for: (() => { const seen = []; for (const name in s) seen.push(name); return seen })() }";
    assert_eq!(
        after(2, code),
        r#"{"o":{"x":[1,{"y":2}]},"keep":{"k":1},"a":2,"keys":["a","o","keep"],"in":true,"own":false,"json":"{\"x\":[1,{\"y\":2}]}","values":[2],"entries":[["k",1]],"for":["a","o","keep"]}"#
    );
}

#[test]
fn descriptors_let_no_part_of_a_state_out() {
    let code = "if (n === 1) s.o = { v: 1 };
        if (n === 2) { Object.getOwnPropertyDescriptor(s, 'o').value.v = NaN; Object.getOwnPropertyDescriptors(s).o.value.w = undefined; Reflect.getOwnPropertyDescriptor(s, 'o').value.d = new Date(0) }
        if (n === 3) s.keys = Object.keys(s.o)";
    assert_eq!(
        after(3, code),
        r#"{"o":{"v":null,"d":"1970-01-01T00:00:00.000Z"},"keys":["v","d"]}"#
    );
}

/// Things that a handler does to a state, each with values that are no JSON and parts that stand
/// elsewhere.
const DEEDS: [&str; 24] = [
    "s.a = s.b",
    "s.b = { l: s.l, o: s.a }",
    "s.l = [s.a, s.b, s.l && s.l[0]]",
    "delete s.a",
    "s.a = e.body.o",
    "s.b = e.body.o; s.a = e.body",
    "if (Array.isArray(s.l)) s.l.push(s.a)",
    "if (Array.isArray(s.l)) s.l.shift()",
    "if (Array.isArray(s.l)) s.l.reverse()",
    "if (Array.isArray(s.l)) s.l = s.l.filter((x, i) => i !== 1)",
    "if (Array.isArray(s.l)) s.l.splice(1, 1, s.b, undefined)",
    "if (Array.isArray(s.l)) { delete s.l[0]; s.l.length += 1 }",
    "if (s.a && typeof s.a === 'object') { s.a.x = NaN; s.a.y = undefined; s.a.self = s.b }",
    "if (s.b && typeof s.b === 'object') { s.b.d = new Date(n * 1000); s.b.z = -0; s.b.f = () => 1 }",
    "const t = s.a; s.a = s.b; s.b = t",
    "return { ...s, c: s.a }",
    "return { a: s.b, b: s.a, l: s.l }",
    "s.o = { deep: { a: s.a, list: [s.b] } }",
    "if (s.o && s.o.deep) { const d = s.o.deep; delete s.o; s.a = d; s.b = d.a }",
    "for (const k of Object.keys(s)) if (s[k] && typeof s[k] === 'object' && !Array.isArray(s[k])) { s[k].n = n; break }",
    "s.t = Object.keys(s).join() + typeof (s.b && s.b.d)",
    "const x = s.a; delete s.a; s.l = [x, x]",
    "if (s.l && s.l[0] && typeof s.l[0] === 'object') { s.l[0].touched = n; s.first = s.l[0] }",
    "s.size = JSON.stringify(s).length % 7",
];

/// The state after so many events with this body, written and read after each of them.
fn in_single_steps(script: &str, body: &str, count: usize) -> String {
    let fold = JavaScriptFold::new(Program::read("test.js", script).unwrap(), []);
    let mut state = Value::Null;
    for version in 1..=count as u64 {
        let value = Decoder::Json.decode(Some(body.as_bytes()));
        assert_eq!(fold.apply(&mut state, &event(version, "X", value)), Effect::Applied);
        state = value_of(&state.to_json());
    }
    state.to_json()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn states_are_what_writing_and_reading_them_after_every_event_gives(
        deeds in proptest::collection::vec(proptest::collection::vec(0..DEEDS.len(), 1..4), 1..12),
    ) {
        let handlers: Vec<String> = deeds.iter().map(|of_event| {
            // A deed that returns ends its event, as it would in a handler.
            let deeds: Vec<String> = of_event.iter().map(|deed| format!("{{ {} }}", DEEDS[*deed])).collect();
            format!("(s, e, n) => {{ {} }}", deeds.concat())
        }).collect();
        let list = handlers.join(",\n");
        let live = format!("const list = [{list}]; fromAll().when({{ $init: () => ({{ a: {{ v: 1 }}, l: [{{ w: 1 }}, {{ w: 2 }}] }}),
            $any(s, e) {{ return list[e.sequenceNumber](s, e, e.sequenceNumber) }} }})");
        // The plain way, within one handler: a state that is never tracked, written and read after
        // each event.
        let plain = format!("const list = [{list}]; fromAll().when({{ $any(unused, e) {{
            let s = {{ a: {{ v: 1 }}, l: [{{ w: 1 }}, {{ w: 2 }}] }};
            for (let n = 0; n < list.length; n++) {{
                const returned = list[n](s, {{ body: JSON.parse(e.bodyRaw) }}, n);
                s = JSON.parse(JSON.stringify(returned === undefined ? s : returned));
            }}
            return {{ told: JSON.stringify(s) }} }} }})");
        let body = r#"{"o":{"v":1,"p":{"q":[1]}},"list":[{"v":1}]}"#;
        let expected = try_run(&plain, Events::of_bodies("X", &[body]));
        let found = try_run(&live, Events::of_bodies("X", &vec![body; handlers.len()]));
        match (expected, found) {
            (Ok(expected), Ok(found)) => {
                let expected = expected.partitions[0].state.get("told").unwrap().as_str().unwrap().to_owned();
                prop_assert_eq!(&found.partitions[0].state.to_json(), &expected, "{}", live);
                prop_assert_eq!(in_single_steps(&live, body, handlers.len()), expected, "{}", live);
            }
            (Err(expected), Err(found)) => {
                prop_assert!(
                    expected.contains("circular") && (found.contains("contains itself") || found.contains("circular")),
                    "{} | {}", expected, found);
            }
            (expected, found) => prop_assert!(false, "{expected:?} | {found:?}\n{live}"),
        }
    }
}
