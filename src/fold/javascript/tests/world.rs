//! The world of a script: what is there, what is not, and that the machine does not show through.

use super::*;

/// The state that an expression gives as the return of a handler.
fn value(expression: &str) -> String {
    state(&format!("fromAll().when({{ $any: (s, e) => ({expression}) }})"), one())
}

/// The error that an expression gives in a handler.
fn error(expression: &str) -> String {
    failure(&format!("fromAll().when({{ $any: (s, e) => ({expression}) }})"), one())
}

/// One event.
fn one() -> Events {
    Events::of_bodies("X", &["{}"])
}

#[test]
fn there_is_no_clock() {
    for now in ["Date.now()", "new Date()", "Date()", "new (e.body.constructor.constructor)"] {
        assert!(error(now).contains("is not there"), "{now}: {}", error(now));
    }
    assert!(error("new Date()").contains("e.created"));
    assert_eq!(value("typeof performance"), "\"undefined\"");
    assert_eq!(value("typeof setTimeout + typeof setInterval"), "\"undefinedundefined\"");
}

#[test]
fn there_is_no_chance() {
    assert!(error("Math.random()").contains("Math.random is not there"));
    assert_eq!(value("typeof crypto"), "\"undefined\"");
}

#[test]
fn there_is_no_outside() {
    for name in [
        "require",
        "process",
        "fetch",
        "XMLHttpRequest",
        "std",
        "os",
        "console",
        "print",
        "Atomics",
        "SharedArrayBuffer",
        "WeakRef",
    ] {
        assert_eq!(value(&format!("typeof {name}")), "\"undefined\"", "{name}");
    }
    assert!(failure("import('x'); fromAll().when({ $any: s => s })", one()).contains("promise"));
}

#[test]
fn there_is_no_code_from_text() {
    for code in [
        "eval('1')",
        "(0, eval)('1')",
        "new Function('return 1')()",
        "Function('return 1')()",
        "(() => {}).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')()",
        "(async () => {}).constructor('return 1')()",
        "(async function* () {}).constructor('return 1')()",
    ] {
        assert!(error(code).contains("code cannot be made from text"), "{code}: {}", error(code));
    }
    assert_eq!(value("(() => {}) instanceof Function"), "true");
}

#[test]
fn times_are_those_of_utc_on_every_machine() {
    let shown = |expression: &str| {
        value(&format!("{{ const d = {expression}; return [d.getTime(), d.getHours(), d.getTimezoneOffset()] }}").replacen('{', "(() => {", 1).replace("] }", "] })()"))
    };
    assert_eq!(shown("new Date(2026, 10, 23, 10, 15)"), "[1795428900000,10,0]");
    assert_eq!(shown("new Date('2026-11-23T10:15:00')"), "[1795428900000,10,0]");
    assert_eq!(shown("new Date('2026-11-23T11:15:00+01:00')"), "[1795428900000,10,0]");
    assert_eq!(shown("new Date('2026-11-23')"), "[1795392000000,0,0]");
    assert_eq!(shown("new Date('Nov 23 2026 10:15:00')"), "[1795428900000,10,0]");
    assert_eq!(shown("new Date(e.created)"), "[1795428900000,10,0]");
    assert_eq!(shown("new Date(new Date(1795428900000))"), "[1795428900000,10,0]");
    assert_eq!(
        value("`${new Date(1795428900000)}`"),
        r#""Mon Nov 23 2026 10:15:00 GMT+0000 (UTC)""#
    );
    assert_eq!(
        value(
            "(d => [d.toDateString(), d.toTimeString(), d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString()])(new Date(1795428900000))"
        ),
        r#"["Mon Nov 23 2026","10:15:00 GMT+0000 (UTC)","11/23/2026, 10:15:00 AM","11/23/2026","10:15:00 AM"]"#
    );
    assert_eq!(
        value("(d => { d.setHours(5); return d.toISOString() })(new Date(0))"),
        r#""1970-01-01T05:00:00.000Z""#
    );
    assert_eq!(
        value(
            "[Date.UTC(2026, 0), Date.parse('oops'), new Date(NaN).toString(), new Date(0) instanceof Date]"
        ),
        r#"[1767225600000,null,"Invalid Date",true]"#
    );
    assert_eq!(
        value(
            "(class Own extends Date { year() { return this.getFullYear() } }, new (class Own extends Date { year() { return this.getFullYear() } })(0).year())"
        ),
        "1970"
    );
}

#[test]
fn modern_javascript_is_understood() {
    let script = "class Basket { #lines = []; add(line) { this.#lines.push(line); return this } get total() { return this.#lines.reduce((sum, { price = 0, n = 1 }) => sum + price * n, 0) } }
        fromAll().when({ $init: () => ({ seen: {} }),
            $any(s, { body: { id, ...rest }, eventType }) {
                s.seen[id] ??= { types: new Set([eventType]).size, rest };
                s.total = new Basket().add({ price: 2, n: 3 }).add({ price: 4 }).total;
                s.found = [...'a1b2'.matchAll(/(?<letter>[a-z])(?<digit>\\d)/g)].map(({ groups }) => groups.letter + groups.digit);
                s.optional = rest?.missing?.deeper ?? 'none';
                s.big = (2n ** 64n).toString();
                s.flat = [[1], [2, [3]]].flat(Infinity).at(-1);
                s.entries = Object.fromEntries(Object.entries({ a: 1 }).map(([k, v]) => [k, v * 2]));
                s.grouped = Object.groupBy([1, 2, 3], n => n % 2 ? 'odd' : 'even');
                s.text = 'x'.padStart(3, '-').replaceAll('-', '+');
                label: for (const n of [1, 2]) { for (;;) { continue label } }
            } })";
    assert_eq!(
        state(script, Events::of_bodies("X", &[r#"{"id":"a","b":1}"#])),
        r#"{"seen":{"a":{"types":1,"rest":{"b":1}}},"total":10,"found":["a1","b2"],"optional":"none","big":"18446744073709551616","flat":3,"entries":{"a":2},"grouped":{"odd":[1,3],"even":[2]},"text":"++x"}"#
    );
}

#[test]
fn scripts_of_the_old_kind_run_too() {
    let script = "fromAll().when({ $init: function () { return { n: 0 }; },
        $any: function (state, event) { for (i = 0; i < 3; i++) { state.n += 1; } with ({ x: 1 }) { state.x = x; } return state; } });";
    assert_eq!(state(script, one()), r#"{"n":3,"x":1}"#);
}

#[test]
fn what_a_script_adds_to_built_ins_at_its_top_is_there_in_handlers() {
    let script = "Array.prototype.last = function () { return this[this.length - 1] };
        fromAll().when({ $any: (s, e) => [1, 2].last() })";
    assert_eq!(state(script, one()), "2");
}

#[test]
fn errors_of_ones_own_can_be_made_and_caught() {
    let script = "class Refused extends Error { constructor(why) { super(why); this.name = 'Refused'; this.code = 7 } }
        fromAll().when({ $any(s) { try { throw new Refused('no') } catch (error) { s.said = `${error}`; s.code = error.code } } })";
    assert_eq!(state(script, one()), r#"{"said":"Refused: no","code":7}"#);
}

#[test]
fn members_may_be_called_like_those_of_every_object() {
    let script = "fromAll().when({ $init: () => ({ words: {} }), $any(s, e) {
        for (const word of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) s.words[word] = word.length } })";
    assert_eq!(
        state(script, one()),
        r#"{"words":{"constructor":11,"toString":8,"valueOf":7,"hasOwnProperty":14}}"#
    );
}
