//! Scripts that are wrong, greedy or hostile: each is stopped or told at its event, and the next
//! run is clean.

use super::*;

/// One event.
fn one() -> Events {
    Events::of_bodies("X", &[r#"{"a":1}"#])
}

/// The failure of a handler with this code.
fn failing(code: &str) -> String {
    failure(&format!("fromAll().when({{\n  $any(s, e) {{\n{code}\n  }} }})"), one())
}

/// The state of a script that must not have suffered from another one.
fn clean() -> String {
    state(
        "fromAll().when({ $any: (s, e) => [Object.keys({}).length, ({}).polluted ?? 'clean', [3, 1].sort()] })",
        one(),
    )
}

#[test]
fn syntax_errors_have_line_and_column() {
    let error =
        Program::read("folder/order.js", "fromAll().when({\n  A: (s, e) => { s.a = ; }\n})")
            .unwrap_err();
    assert_eq!((error.place, &*error.script), (Some((2, 24)), "folder/order.js"));
    assert!(error.to_string().starts_with("folder/order.js:2:24: SyntaxError: "), "{error}");
    for broken in
        ["fromAll(", "let let = 1", "fromAll().when({ A: (s, e) = > s })", "\"", "`${", "/[/", "@"]
    {
        let error = Program::read("x.js", broken).unwrap_err();
        assert_eq!(error.place.map(|(line, _)| line), Some(1), "{broken}: {error}");
    }
}

#[test]
fn an_error_at_the_top_of_a_script_has_its_place_too() {
    let error = Program::read("x.js", "const a = 1;\nfromAll().whem({})").unwrap_err();
    assert!(error.to_string().starts_with("x.js:2:"), "{error}");
    assert!(error.message.contains("TypeError"), "{error}");
}

#[test]
fn a_throwing_handler_is_told_with_its_event_and_its_place() {
    assert_eq!(
        failing("s.n = e.body.missing.deeper;"),
        "orders-0@0: test.js:3:7: TypeError: cannot read property 'deeper' of undefined"
    );
    let inner = "function check(n) {\n  if (n > 0) throw new RangeError('too much');\n}\nfromAll().when({ $any: (s, e) => { check(1) } })";
    assert_eq!(failure(inner, one()), "orders-0@0: test.js:2:24: RangeError: too much");
}

#[test]
fn what_is_thrown_need_not_be_an_error() {
    for (thrown, told) in [
        ("'why'", "it threw the text \"why\""),
        ("42", "it threw 42"),
        ("{ code: 7 }", "it threw an object: {\"code\":7}"),
        ("null", "it threw null"),
        ("undefined", "it threw undefined"),
        ("Symbol('s')", "it threw Symbol(s)"),
        ("{ toJSON() { throw 1 } }", "it threw an object that cannot be described"),
        ("new Proxy({}, { get() { throw 1 } })", "it threw an object that cannot be described"),
        ("Object.create(null)", "it threw an object: {}"),
    ] {
        let said = failing(&format!("throw {thrown};"));
        assert!(said.ends_with(told), "{thrown}: {said}");
    }
}

#[test]
fn endless_loops_are_stopped() {
    let limits =
        Limits { steps_per_event: 1_000_000, steps_at_start: 1_000_000, ..Limits::default() };
    for endless in [
        "for (;;);",
        "while (true) { try { throw 1 } catch {} }",
        "try { for (;;); } finally { for (;;); }",
        "[1].map(function again() { for (;;) [1].map(x => x) });",
        "/(a+)+b/.test('a'.repeat(60));",
        "new Array(2 ** 32 - 1).indexOf(1);",
        "Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);",
        "(function* () { for (;;) yield 1 })().forEach(() => {});",
        "'x'.replace(/x/, () => { for (;;); });",
        "[2, 1].sort(() => { for (;;); });",
        "JSON.parse('[1]', () => { for (;;); });",
        "JSON.stringify({ get a() { for (;;); } });",
        "s.a = { toJSON() { for (;;); } };",
        "return { get a() { for (;;); } };",
    ] {
        let script = format!("fromAll().when({{ $any(s, e) {{ {endless} }} }})");
        let program = Program::read_within("test.js", &script, limits).unwrap();
        let said = run_program(&program, Share::ALL, one()).map(|_| ()).unwrap_err();
        // On a machine that is busy with other things the seconds may be over first.
        assert!(said.contains("stopped after"), "{endless}: {said}");
    }
    let error = Program::read_within("x.js", "for (;;);", limits).unwrap_err();
    assert!(error.message.contains("million steps"), "{error}");
    assert!(
        failure("fromAll().when({ $init() { for (;;); }, $any: s => s })", one()).contains("steps")
    );
    assert!(
        failure("fromAll().partitionBy(() => { for (;;); }).when({ $any: s => s })", one())
            .contains("steps")
    );
    let transform = "fromAll().when({ $any: s => 1 }).transformBy(() => { for (;;); })";
    assert!(failure(transform, one()).contains("steps"));
}

#[test]
fn memory_bombs_are_stopped() {
    let limits = Limits { memory_bytes: 32 << 20, ..Limits::default() };
    for bomb in [
        "const a = []; for (;;) a.push({ x: 1 });",
        "let t = 'x'; for (;;) t += t + t.length;",
        "for (;;) s.list = [...(s.list ?? []), 'x'.repeat(100000)];",
        "new Array(1e9).fill(0);",
        "new Uint8Array(1 << 30);",
        "'x'.repeat(2 ** 29);",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });",
        "s.text = 'x'.repeat(20000000); return [s.text + 1, s.text + 2, s.text + 3];",
        "[...Array(1e9).keys()];",
    ] {
        let script = format!("fromAll().when({{ $any(s, e) {{ {bomb} }} }})");
        let program = Program::read_within("test.js", &script, limits).unwrap();
        let said = run_program(&program, Share::ALL, one())
            .map(|outcome| states_of(&outcome).len())
            .unwrap_err();
        let words = ["MiB of memory", "too long", "length", "stopped after"];
        let is_told = words.iter().any(|words| said.contains(words));
        assert!(is_told, "{bomb}: {said}");
        assert!(said.starts_with("orders-0@0"), "{bomb}: {said}");
        assert_eq!(clean(), r#"[0,"clean",[1,3]]"#);
    }
}

#[test]
fn a_script_cannot_say_that_memory_ran_out_when_it_did_not() {
    for fake in [
        "throw new Error('out of memory');",
        "const e = new RangeError('out of memory'); e.name = 'InternalError'; throw e;",
        "throw { name: 'InternalError', message: 'out of memory' };",
        "throw Object.assign(Object.create(Error.prototype), { message: 'out of memory' });",
        "throw new InternalError('out of memory');",
        "throw new globalThis.InternalError('out of memory');",
        "throw null;",
    ] {
        let said = failing(fake);
        assert!(!said.contains("MiB of memory"), "{fake}: {said}");
    }
    assert!(failing("new InternalError('x');").contains("InternalError is not defined"));
    // A script that made its own null late is not accused of what it did not do.
    let late = failing("for (let i = 0; i < 1e6; i++); throw null;");
    assert!(late.contains("it threw null, or it took more than"), "{late}");
}

#[test]
fn a_state_that_grows_beyond_the_memory_is_stopped_at_its_event() {
    let limits = Limits { memory_bytes: 16 << 20, ..Limits::default() };
    let script = "fromAll().when({ $init: () => ({ all: [] }), $any(s, e) { s.all.push('x'.repeat(1000000)) } })";
    let program = Program::read_within("test.js", script, limits).unwrap();
    let events = Events::of_bodies("X", &["{}"; 40]);
    let said = run_program(&program, Share::ALL, events).map(|_| ()).unwrap_err();
    assert!(said.starts_with("orders-0@1") && said.contains("more than 16 MiB"), "{said}");
}

#[test]
fn deep_recursion_is_stopped() {
    for deep in [
        "(function f() { return f() + 1 })();",
        "const f = () => [1].map(f); f();",
        "let o = {}; for (let i = 0; i < 100000; i++) o = { o }; JSON.stringify(o);",
        "JSON.parse('['.repeat(1000000));",
        "let o = {}; for (let i = 0; i < 100000; i++) o = { o }; `${Object.entries(o)}`; (function g(x) { return g(x.o) + 1 })(o)",
        "const p = []; p[0] = p; p.flat(Infinity);",
    ] {
        let said = failing(deep);
        assert!(
            said.contains("stack") || said.contains("cannot read") || said.contains("SyntaxError"),
            "{deep}: {said}"
        );
    }
}

#[test]
fn states_that_contain_themselves_or_are_too_deep_are_told() {
    assert!(
        failing("s.a = { b: {} }; s.a.b.c = s.a;")
            .ends_with("TypeError: the state contains itself at /a/b/c")
    );
    assert_eq!(
        failing("s.me = s;"),
        "orders-0@0: test.js: TypeError: the state contains itself at /me"
    );
    assert!(
        failing("const a = [1]; a.push(a); return { list: a };")
            .ends_with("contains itself at /list/1")
    );
    assert!(failing("const o = {}; o.o = o; return o;").contains("contains itself at /o"));
    assert!(
        failing("let o = {}; for (let i = 0; i < 300; i++) o = { o }; s.o = o;")
            .contains("nested deeper than 128 levels, at /o/o/o")
    );
    let deeper = "fromAll().when({ $any: (s) => ({ before: s }) })";
    let said = failure(deeper, Events::of_bodies("X", &["{}"; 250]));
    assert!(said.starts_with("orders-0@127") || said.starts_with("orders-0@128"), "{said}");
    assert!(said.contains("nested deeper"), "{said}");
}

#[test]
fn promises_are_told() {
    for code in [
        "return Promise.resolve(s);",
        "Promise.resolve().then(() => { s.late = true });",
        "(async () => { await 1 })();",
        "return { then(resolve) { resolve(1) } };",
    ] {
        let said = failing(code);
        assert!(said.contains("promise"), "{code}: {said}");
    }
    let said = failure("fromAll().when({ $any: async (s, e) => { s.a = await 1 } })", one());
    assert!(said.contains("promise"), "{said}");
    let said = failure(
        "fromAll().foreachStream().when({ X: s => s, async $deleted(s) {} })",
        one().and_tombstone("o-1"),
    );
    assert!(said.contains("promise"), "{said}");
}

#[test]
fn built_ins_cannot_be_changed_in_handlers() {
    let sloppy = |code: &str| {
        state(
            &format!(
                "fromAll().when({{ $any(s, e) {{ {code}; return [({{}}).polluted ?? 'clean', [1].map(x => x)] }} }})"
            ),
            one(),
        )
    };
    for pollution in [
        "Object.prototype.polluted = 1",
        "s.__proto__.polluted = 1",
        "e.body.__proto__.polluted = 1",
        "({}).constructor.prototype.polluted = 1",
        "[].__proto__.map = () => 'evil'",
        "Array.prototype.map = () => 'evil'",
        "Reflect.set(Array.prototype, 'map', () => 'evil')",
    ] {
        assert_eq!(sloppy(pollution), r#"["clean",[1]]"#, "{pollution}");
    }
    for told in [
        "'use strict'; Object.prototype.polluted = 1",
        "'use strict'; Array.prototype.map = 1",
        "Object.defineProperty(Object.prototype, 'polluted', { value: 1 })",
        "Object.setPrototypeOf(Object.prototype, { polluted: 1 })",
        "'use strict'; Object.prototype.toString = 1",
        "'use strict'; e.__proto__.eventType = 1",
    ] {
        let said = failure(&format!("fromAll().when({{ $any(s, e) {{ {told} }} }})"), one());
        assert!(said.contains("TypeError"), "{told}: {said}");
    }
    assert_eq!(clean(), r#"[0,"clean",[1,3]]"#);
}

#[test]
fn the_prototype_of_a_state_cannot_be_changed() {
    for code in
        ["s.__proto__ = { a: 1 };", "Object.setPrototypeOf(s, null);", "s.__proto__ = null;"]
    {
        assert!(failing(code).contains("another prototype"), "{code}: {}", failing(code));
    }
    let merged = "fromAll().when({ $any: (s, e) => Object.assign({}, e.body) })";
    let said = state(merged, Events::of_bodies("X", &[r#"{"__proto__":{"polluted":1},"a":2}"#]));
    assert_eq!(said, r#"{"a":2}"#);
    assert_eq!(clean(), r#"[0,"clean",[1,3]]"#);
}

#[test]
fn what_one_run_does_is_unknown_to_the_next() {
    let hostile = "Object.prototype.polluted = 'dirty'; Array.prototype.sort = () => 'evil'; globalThis.left = 1;
        JSON.stringify = () => 'evil'; Object.keys = () => ['evil']; Math.max = () => 7;
        fromAll().when({ $any: (s, e) => ({ left: ++globalThis.left }) })";
    let program = Program::read("test.js", hostile).unwrap();
    for _ in 0..2 {
        let outcome = run_program(&program, Share::ALL, one()).unwrap();
        assert_eq!(states_of(&outcome), r#"={"left":2}"#);
    }
    assert_eq!(clean(), r#"[0,"clean",[1,3]]"#);
}

#[test]
fn an_init_that_returns_nothing_says_why() {
    let said = failure("fromAll().when({ $init: () => { n: 0 }, $any: s => s })", one());
    assert!(said.contains("$init returned nothing") && said.contains("parentheses"), "{said}");
}

#[test]
fn a_state_that_is_no_json_is_told() {
    assert!(failing("return () => 1;").contains("returned a function"));
    assert!(failing("return Symbol('x');").contains("returned a symbol"));
    assert!(
        failing("Object.defineProperty(s, 'a', { get: () => 1 });").contains("a state is JSON")
    );
    assert!(failing("Object.freeze(s);").contains("cannot be frozen"));
}

#[test]
fn numbers_that_are_none_become_null_and_are_counted_by_field() {
    let script = "fromAll().when({ $init: () => ({ a: 0, list: [0] }), $any(s, e) {
        s.a += e.body.missing; s.list[0] = 1 / 0; s.nested = { deep: -Infinity, fine: 1 } } })";
    let outcome = run(script, Events::of_bodies("X", &["{}", "{}"]));
    assert_eq!(states_of(&outcome), r#"={"a":null,"list":[null],"nested":{"deep":null,"fine":1}}"#);
    let told: Vec<_> =
        outcome.counts.not_a_number.iter().map(|(path, count)| (&**path, *count)).collect();
    assert_eq!(told, [("/a", 2), ("/list/0", 2), ("/nested/deep", 2)]);
    let root = run("fromAll().when({ $any: () => NaN })", one());
    assert_eq!((states_of(&root), root.counts.not_a_number.len()), ("=null".to_owned(), 1));
}

#[test]
fn a_script_that_is_no_text_for_an_engine_is_told() {
    assert!(Program::read("x.js", "fromAll()\0").is_err());
    assert!(Program::read("x.js", &"(".repeat(100_000)).is_err());
    assert!(Program::read("x.js", &format!("fromAll();{}", "/* long */".repeat(100_000))).is_ok());
}
