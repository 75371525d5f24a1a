//! States under handlers that are made up by chance, against writing and reading them after every
//! event: what the watched state gives equals what `JSON.parse(JSON.stringify(state))` gives.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Names of members, of elements and of what is neither.
const NAMES: [&str; 9] = ["a", "b", "c", "l", "0", "1", "3", "toString", "a/b~"];

/// What both ways are given: the object at a path of the state, or nothing.
const PRELUDE: &str = "const at = (s, path) => { let x = s;
    for (const k of path) { if (typeof x !== 'object' || x === null) return null; x = x[k] }
    return typeof x === 'object' ? x : null };
  class Point { constructor(x) { this.x = x } get twice() { return 2 } }";

/// A path into the state, as an expression for what stands there.
fn path() -> impl Strategy<Value = String> {
    let names = prop::collection::vec(select(&NAMES[..7]), 0..4);
    names.prop_map(|names| format!("at(s, {names:?})"))
}

/// Values without parts.
const SCALARS: [&str; 9] =
    ["1", "-2.5", "1e21", "'t'", "''", "'\\u{1f600}'", "true", "false", "null"];

/// Any JSON value, as an expression.
fn json_value() -> impl Strategy<Value = String> {
    select(&SCALARS[..]).prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| composed(inner))
}

/// Objects and arrays of these.
fn composed(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let member = (select(&NAMES[..]), inner.clone());
    let members = prop::collection::vec(member, 0..3);
    let object = members.prop_map(|members| {
        let member = |(name, value): (&str, String)| format!("{name:?}: {value}");
        format!("{{ {} }}", members.into_iter().map(member).collect::<Vec<_>>().join(", "))
    });
    let array = prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(", ")));
    prop_oneof![object, array]
}

/// What is no JSON, and what is not part of the state yet.
const ODD: [&str; 20] = [
    "undefined",
    "NaN",
    "-Infinity",
    "-0",
    "Symbol('s')",
    "() => 1",
    "'\\ud800x'",
    "new Date(n * 1000)",
    "new Date(NaN)",
    "new Number(3)",
    "new String('w')",
    "new Boolean(false)",
    "new Point({ y: n })",
    "new Map([[1, 2]])",
    "[, n]",
    "Object.freeze({ x: [n] })",
    "Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true }, hidden: { value: 3 } })",
    "e.body",
    "e.body.o",
    "e.body.list",
];

/// Any value that a handler may put somewhere: also parts of the state and of the event, and what
/// is no JSON.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => json_value(),
        3 => path(),
        3 => select(&ODD[..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            3 => composed(inner.clone()),
            1 => inner.prop_map(|value| format!("{{ toJSON: (k) => ({value}) }}")),
        ]
    })
}

/// What a handler does to the object `t`, which stands somewhere in the state.
fn deed() -> impl Strategy<Value = String> {
    let (name, other) = (select(&NAMES[..]), select(&NAMES[..]));
    let to_object = prop_oneof![
        4 => (name.clone(), any_value()).prop_map(|(name, value)| format!("t[{name:?}] = {value};")),
        2 => name.clone().prop_map(|name| format!("delete t[{name:?}];")),
        1 => any_value().prop_map(|value| format!("Object.assign(t, {value});")),
        2 => (name.clone(), path(), other).prop_map(|(name, to, other)| format!(
            "const moved = t[{name:?}]; delete t[{name:?}]; const u = {to}; if (u) u[{other:?}] = moved;"
        )),
        1 => Just("for (const k in t) if (t[k] && typeof t[k] === 'object') { t[k].n = n; break }".to_owned()),
        1 => Just("t.seen = Object.keys(t).join() + JSON.stringify(t);".to_owned()),
        1 => (name, any_value()).prop_map(|(name, value)| format!(
            "Object.defineProperty(t, {name:?}, {{ value: {value}, writable: true, enumerable: true, configurable: true }});"
        )),
    ];
    let places = (0_usize..4, 0_usize..3);
    let to_array = prop_oneof![
        2 => any_value().prop_map(|value| format!("t.push({value});")),
        1 => any_value().prop_map(|value| format!("t.unshift({value});")),
        1 => select(&["pop()", "shift()", "reverse()", "copyWithin(0, 1)"][..])
            .prop_map(|call| format!("t.{call};")),
        1 => Just("t.sort((x, y) => typeof x < typeof y ? -1 : 1);".to_owned()),
        2 => (places.clone(), any_value())
            .prop_map(|((at, gone), value)| format!("t.splice({at}, {gone}, {value});")),
        1 => (places, any_value())
            .prop_map(|((at, length), value)| format!("t.fill({value}, {at}, {at} + {length});")),
        1 => (0_usize..5).prop_map(|length| format!("t.length = {length};")),
        1 => Just("t.forEach((x, i) => { if (x && typeof x === 'object') x.i = i });".to_owned()),
    ];
    let anywhere = (path(), to_object)
        .prop_map(|(path, deed)| format!("{{ const t = {path}; if (t) {{ {deed} }} }}"));
    let in_array = (path(), to_array).prop_map(|(path, deed)| {
        format!("{{ const t = {path}; if (Array.isArray(t)) {{ {deed} }} }}")
    });
    let returned = prop_oneof![
        any_value().prop_map(|value| format!("return {{ ...s, b: {value} }};")),
        any_value().prop_map(|value| format!("return {{ a: {value}, l: s.l }};")),
        Just("return Object.fromEntries(Object.entries(s).reverse());".to_owned()),
        Just("return JSON.parse(JSON.stringify(s));".to_owned()),
    ];
    prop_oneof![5 => anywhere, 4 => in_array, 1 => returned]
}

/// What both ways do, each in its own frame: with a state that is watched, and with a plain one
/// that is written and read after each event.
fn both(first: &str, handlers: &[String]) -> [String; 2] {
    let list = handlers.join(",\n");
    let head = format!("{PRELUDE}\nconst list = [{list}];");
    let watched = format!(
        "{head} fromAll().when({{ $init: () => ({first}), $any(s, e) {{ \
         return list[e.sequenceNumber](s, e, e.sequenceNumber) }} }})"
    );
    let plain = format!(
        "{head} fromAll().when({{ $any(unused, e) {{ let s = {first};
           for (let n = 0; n < list.length; n++) {{
             const returned = list[n](s, {{ body: JSON.parse(e.bodyRaw) }}, n);
             s = JSON.parse(JSON.stringify(returned === undefined ? s : returned));
           }}
           return {{ told: JSON.stringify(s) }} }} }})"
    );
    [watched, plain]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_a_handler_does_to_whatever_state_it_is_what_json_makes_of_it(
        members in prop::collection::vec(json_value(), 4),
        deeds in prop::collection::vec(prop::collection::vec(deed(), 1..5), 1..8),
    ) {
        let named = ["a", "b", "c", "l"].iter().zip(&members);
        let first: Vec<String> = named.map(|(name, value)| format!("{name}: {value}")).collect();
        let first = format!("{{ {} }}", first.join(", "));
        let handlers: Vec<String> =
            deeds.iter().map(|deeds| format!("(s, e, n) => {{ {} }}", deeds.join(" "))).collect();
        let [watched, plain] = both(&first, &handlers);
        let body = r#"{"o":{"v":1,"p":{"q":[1]}},"list":[{"v":1},[2]]}"#;
        let expected = try_run(&plain, Events::of_bodies("X", &[body]));
        let found = try_run(&watched, Events::of_bodies("X", &vec![body; handlers.len()]));
        match (expected, found) {
            (Ok(expected), Ok(found)) => {
                let told = expected.partitions[0].state.get("told").unwrap();
                let found = found.partitions[0].state.to_json();
                prop_assert_eq!(found, told.as_str().unwrap(), "{}", watched);
            }
            (Err(expected), Err(found)) => {
                let circular = expected.contains("circular");
                // One that its own `toJSON` hands out is only seen to go too deep.
                let words = ["contains itself", "circular", "nested too deep"];
                let told = words.iter().any(|words| found.contains(words));
                prop_assert!(circular == told, "{} | {}\n{}", expected, found, watched);
            }
            (expected, found) => prop_assert!(false, "{expected:?} | {found:?}\n{watched}"),
        }
    }
}
