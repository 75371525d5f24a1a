//! Scripts that mean harm, or were written by mistake: each ends, or is ended and told, and takes
//! no more than its memory.
//!
//! Promises: needs no cluster: the scripts are run over the events of a fixture.
//! Does not know: why a script is refused; that is tested beside the engine.

mod support;

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use support::cli::command;
use support::node::Folder;

/// What one process may take, in KiB.
const MOST_KIB: u64 = 1 << 20;

/// After this a process counts as one that does not end. What ends by the program's own limits
/// takes a third of it.
const PATIENCE: Duration = Duration::from_secs(40);

/// Makes the test run all scripts, which takes a quarter of an hour in a debug build; else it runs
/// one of so many, spread over all kinds.
const ALL: &str = "FOLDBACK_TEST_ALL";

/// One of how many scripts is run.
const SHARE: usize = 4;

/// How many processes run at once.
const AT_ONCE: usize = 2;

/// How long a list may look.
const LENGTHS: [&str; 2] = ["new Array(2 ** 32 - 1)", "{ length: 2 ** 53 - 1 }"];

/// What can be done with a list, with arguments that make it long.
const METHODS: [&str; 37] = [
    "at(5)",
    "concat([1], new Array(2 ** 32 - 2))",
    "copyWithin(0, 1)",
    "entries().next()",
    "every(() => true)",
    "fill(0)",
    "filter(() => true)",
    "find(() => false)",
    "findIndex(() => false)",
    "findLast(() => false)",
    "findLastIndex(() => false)",
    "flat(Infinity)",
    "flatMap(x => x)",
    "forEach(() => {})",
    "includes(1)",
    "indexOf(1)",
    "join()",
    "keys().next()",
    "lastIndexOf(1)",
    "map(x => x)",
    "pop()",
    "push(1)",
    "reduce((a, b) => a, 0)",
    "reduceRight((a, b) => a, 0)",
    "reverse()",
    "shift()",
    "slice(1)",
    "some(() => false)",
    "sort()",
    "splice(1, 1)",
    "toLocaleString()",
    "toReversed()",
    "toSorted()",
    "toSpliced(1, 1)",
    "toString()",
    "unshift(1)",
    "with(1, 1)",
];

/// Things a handler may do that never end, or take all there is.
const DEEDS: [&str; 100] = [
    "for (;;);",
    "while (true) { try { for (;;); } catch {} }",
    "for (;;) try { null.x } catch {}",
    "const f = () => f(); f();",
    "const f = () => { try { f() } finally { f() } }; f();",
    "const f = () => { try { f() } catch { f() } }; f();",
    "const a = []; for (;;) a.push({ x: a });",
    "let t = 'x'; for (;;) t += t;",
    "let t = 'x'; for (;;) t = t + t.length + t;",
    "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(1000) + i);",
    "const m = new Set(); for (let i = 0; ; i++) m.add({ i });",
    "const m = new WeakMap(); const keep = []; for (;;) { const k = {}; keep.push(k); m.set(k, 'x'.repeat(99)); }",
    "for (;;) s.list = [...(s.list ?? []), 'x'.repeat(100000)];",
    "for (let i = 0; ; i++) s['k' + i] = { i };",
    "s.a = s; for (let i = 0; ; i++) s = { s };",
    "new Array(1e9).fill(0);",
    "new Uint8Array(2 ** 31 - 1).sort();",
    "new Float64Array(2e7).map((_, i) => -i).sort();",
    "new Uint8Array(2e8).fill(1).indexOf(2);",
    "for (let i = 0; i < 1e6; i++) new Uint8Array(2e8).lastIndexOf(1);",
    "const b = new ArrayBuffer(2e8); for (let i = 0; i < 1e6; i++) b.slice(0);",
    "'x'.repeat(2 ** 29);",
    "'x'.padStart(2 ** 30 - 1).padEnd(2 ** 30);",
    "const t = 'a'.repeat(1e8); t.indexOf('a'.repeat(5e7) + 'b');",
    "const t = 'a'.repeat(5e7); t.lastIndexOf('b' + 'a'.repeat(2e7));",
    "const t = 'a'.repeat(5e7); t.includes('a'.repeat(2e7) + 'b');",
    "const t = 'a'.repeat(5e7); t.split('a'.repeat(2e7) + 'b');",
    "const t = 'a'.repeat(5e7); t.replace('a'.repeat(2e7) + 'b', '');",
    "'a'.repeat(1e6).replaceAll('a', 'b'.repeat(1e6));",
    "'a'.repeat(1e7).replaceAll('', 'b'.repeat(1e4));",
    "'a'.repeat(1e5).replaceAll('a', '$`');",
    "'a'.repeat(1e5).replace(/a/g, \"$'\");",
    "'a'.repeat(1e8).split('');",
    "[...'a'.repeat(1e8)];",
    "'\\u0301\\u0300'.repeat(1e6).normalize('NFC');",
    "'\\u0301\\u0316'.repeat(1e6).normalize('NFD');",
    "'\\ufdfa'.repeat(1e7).normalize('NFKD');",
    "const a = 'x'.repeat(1e8), b = 'x'.repeat(1e8); for (let i = 0; i < 1e7; i++) a === b;",
    "const a = 'x'.repeat(5e7) + 'a', b = 'x'.repeat(5e7) + 'b'; for (let i = 0; i < 1e7; i++) a < b;",
    "const t = 'x'.repeat(1e8); for (let i = 0; i < 1e7; i++) t.toUpperCase();",
    "const t = ' '.repeat(1e8); for (let i = 0; i < 1e7; i++) t.trim();",
    "const t = 'x'.repeat(1e8); for (let i = 0; i < 1e7; i++) encodeURIComponent(t);",
    "const t = '%41'.repeat(3e7); for (let i = 0; i < 1e7; i++) decodeURIComponent(t);",
    "const t = 'x'.repeat(1e8); for (let i = 0; i < 1e7; i++) escape(t);",
    "String.raw({ raw: { length: 2 ** 53 - 1 } });",
    "String.raw({ raw: new Proxy({}, { get: () => 2 ** 53 - 1 }) });",
    "String.fromCharCode.apply(null, { length: 1e9 });",
    "Math.max.apply(null, new Array(2 ** 32 - 1));",
    "Math.max(...new Array(1e8));",
    "Reflect.apply(Math.max, null, { length: 2 ** 53 - 1 });",
    "Reflect.construct(Array, { length: 2 ** 32 - 1 });",
    "Array.from({ length: 2 ** 53 - 1 });",
    "Array.from({ length: 2 ** 32 - 1 }, (_, i) => i);",
    "Array.of.apply(Array, { length: 1e9 });",
    "Array.from({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) });",
    "Object.fromEntries({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: ['a', 1] }) }) });",
    "new Map({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: [{}, 1] }) }) });",
    "const [...all] = (function* () { for (;;) yield 1 })();",
    "for (const x of (function* g() { yield* g() })());",
    "Object.keys(new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i) }));",
    "Object.assign({}, new Proxy({}, { ownKeys: function keys() { return keys() } }));",
    "const p = new Proxy({}, { get: (t, n, r) => r[n] }); p.x;",
    "const p = new Proxy({}, { getPrototypeOf: () => p }); p instanceof Object;",
    "const o = {}; o.__proto__ = new Proxy(o, {}); o.x;",
    "let p = {}; for (let i = 0; i < 1e6; i++) p = new Proxy(p, {}); p.x;",
    "let f = () => 1; for (let i = 0; i < 1e6; i++) f = f.bind(null); f();",
    "JSON.stringify(new Array(2 ** 32 - 1));",
    "JSON.stringify(Array.from({ length: 100 }, () => new Array(2 ** 32 - 1)));",
    "const a = []; a.length = 2 ** 32 - 1; a[2 ** 32 - 2] = 1; JSON.stringify({ a });",
    "JSON.stringify({ toJSON() { return { toJSON: this.toJSON, x: [this] } } });",
    "let n = []; for (let i = 0; i < 1e6; i++) n = [n]; JSON.stringify(n);",
    "JSON.parse('['.repeat(1e7));",
    "JSON.parse('[' + '1,'.repeat(5e7) + '1]');",
    "JSON.parse('{\"a\":[1,2,3]}', function r() { for (;;); });",
    "JSON.stringify('x'.repeat(1e8), null, 'y'.repeat(10));",
    "JSON.stringify({ a: 1 }, { length: 2 ** 53 - 1 });",
    "s.a = new Array(2 ** 32 - 1);",
    "s.a = []; s.a.length = 2 ** 32 - 1; s.a[2 ** 32 - 2] = 1;",
    "return new Array(2 ** 32 - 1);",
    "return { get a() { for (;;); } };",
    "return { toJSON() { for (;;); } };",
    "return new Proxy([], { get: (t, n) => n === 'length' ? 2 ** 32 - 1 : 1 });",
    "let n = {}; for (let i = 0; i < 1e6; i++) n = { n }; return n;",
    "return 'x'.repeat(2e8);",
    "s.t = 'x'.repeat(1e8); s.u = s.t + 'y'; s.v = s.u + 'z';",
    "/(a+)+b/.test('a'.repeat(60));",
    "/(?:a|a)*b/.test('a'.repeat(100));",
    "/((a*)*)*b/.test('a'.repeat(1e6));",
    "/^(?:(?:a?){30}){30}$/.test('a'.repeat(900) + 'b');",
    "new RegExp('('.repeat(1e6) + ')'.repeat(1e6));",
    "new RegExp('a{1000}'.repeat(1e5)).test('a'.repeat(1e8));",
    "new RegExp('(?:a{0,1000}){0,1000}b').test('a'.repeat(1e5));",
    "'a'.repeat(1e7).match(/a/g);",
    "'a'.repeat(1e6).split(/(?=a)/);",
    "[...'a'.repeat(1e6).matchAll(/a*?/g)];",
    "for (;;) log('x'.repeat(1e7));",
    "for (;;) log(...new Array(1e4).fill('y'));",
    "for (;;) emit('s', 'T', { t: 'x'.repeat(1e6) });",
    "for (;;) try { emit('s', 'T', { t: 'x'.repeat(1e6) }) } catch {}",
    "for (;;) linkTo('s'.repeat(1e6), e);",
];

/// More of them: big numbers, generators, promises, iterators, errors, and what a language hides.
const HIDDEN: [&str; 64] = [
    "2n ** (2n ** 40n);",
    "let n = 3n; for (;;) n *= n;",
    "let n = 7n; for (let i = 0; i < 24; i++) n *= n; for (;;) n % 1234567n;",
    "let n = 7n; for (let i = 0; i < 26; i++) n *= n; `${n}`;",
    "BigInt('9'.repeat(1e7));",
    "BigInt.asUintN(2 ** 31, -1n);",
    "(123.456).toFixed(100).repeat(1e9);",
    "Number('1'.repeat(1e8));",
    "parseFloat('0.' + '0'.repeat(1e8) + '1');",
    "new Date(8.64e15).toISOString().repeat(1e8);",
    "for (;;) new Date('2026-01-01T00:00:00Z').toString();",
    "function* g() { try { for (;;) yield 1 } finally { for (;;); } } for (const x of g()) break;",
    "function* g() { for (;;) yield* g() } g().next();",
    "const [a] = { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return() { for (;;); } }) };",
    "const f = async () => { for (;;) await 1 }; f();",
    "const f = () => Promise.resolve().then(f); f(); for (;;);",
    "const all = []; for (;;) all.push(new Promise(() => {}));",
    "return new Promise(() => {});",
    "return { then(done) { for (;;); } };",
    "import('x'); for (;;);",
    "new Function('for (;;);')();",
    "(0, eval)('for (;;);');",
    "eval('('.repeat(1e6));",
    "new Function('a,'.repeat(1e6) + 'b', '');",
    "new Function('return ' + '1+'.repeat(2e6) + '1')();",
    "new Function('x'.repeat(1e8));",
    "const t = 'a'.repeat(1e7); for (;;) t.localeCompare(t + 'b');",
    "const t = 'ß'.repeat(5e7); t.toUpperCase().toLowerCase();",
    "[...'ab'.repeat(1e6)].sort(() => { for (;;); });",
    "Array.from({ length: 1e6 }, (_, i) => i).sort((a, b) => (b - a) || a.x.y);",
    "const a = [1, 2, 3]; a.sort((x, y) => { a.push(1); return 1 }); a.forEach(() => a.push(1));",
    "for (const x of [1]) { const a = [1]; for (const y of a) a.push(y) }",
    "const m = new Map([[1, 1]]); m.forEach((v, k) => { m.delete(k); m.set(k + 1, 1) });",
    "const m = new Set([1]); for (const x of m) { m.delete(x); m.add(x + 1) }",
    "const o = { get a() { return this.a } }; o.a;",
    "const o = { toString() { return `${o}` } }; `${o}`;",
    "const o = { valueOf() { for (;;); } }; o + 1;",
    "const o = { [Symbol.toPrimitive]() { for (;;); } }; o < 1;",
    "class A { constructor() { new A() } } new A();",
    "class A { static #x = (() => { for (;;); })() }",
    "class A { static { for (;;); } }",
    "throw { get message() { for (;;); } };",
    "throw { toString() { for (;;); } };",
    "throw 'x'.repeat(1e8);",
    "throw new Error('x'.repeat(1e8));",
    "const e2 = new Error('a'); for (let x = e2, i = 0; i < 1e6; i++) x = x.cause = new Error('b', { cause: x }); throw e2;",
    "Error.prepareStackTrace = () => { for (;;); }; null.x;",
    "Object.defineProperty(Object.prototype, 'then', { get() { for (;;); } });",
    "Object.prototype.toJSON = function () { for (;;); }; s.a = {};",
    "Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1 }; s.a = [...[1]];",
    "Object.freeze = Object.keys = () => { for (;;); }; s.a = {};",
    "String.prototype.isWellFormed = () => { for (;;); }; s.a = 'x' + 1;",
    "JSON.stringify = JSON.parse = () => { for (;;); }; s.a = [1];",
    "Map.prototype.get = Map.prototype.set = () => { for (;;); }; s.a = { b: 1 };",
    "globalThis.fromAll = undefined; for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k] } catch {} for (;;);",
    "new ArrayBuffer(2 ** 53 - 1);",
    "new ArrayBuffer(1e9, { maxByteLength: 4e9 }).resize(4e9);",
    "new SharedArrayBuffer(2e9);",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    "new Uint8Array(5e8).map(() => 1);",
    "new BigUint64Array(1e8).toString();",
    "new Uint8Array(1e6).set({ length: 2 ** 53 - 1 });",
    "const w = new WeakRef({}); for (;;) new FinalizationRegistry(() => {}).register({}, w.deref());",
    "structuredClone(new Array(2 ** 32 - 1));",
];

/// Where in a script it may be done.
const PLACES: [&str; 6] = [
    "DEED; fromAll().when({ $any: s => s })",
    "fromAll().when({ $init() { DEED; return {} }, $any: s => s })",
    "fromAll().partitionBy(e => { DEED; return 'p' }).when({ $any: s => s })",
    "fromAll().when({ $any: s => 1 }).transformBy(s => { DEED; return s })",
    "fromAll().when({ $any: s => 1 }).filterBy(s => { DEED; return true })",
    "fromAll().when({ $initShared() { DEED; return {} }, $any: s => s })",
];

/// What is done at all those places.
const ELSEWHERE: [&str; 6] = [
    "for (;;)",
    "new Array(2 ** 32 - 1).reverse()",
    "'a'.repeat(1e8).indexOf('a'.repeat(5e7) + 'b')",
    "String.raw({ raw: { length: 2 ** 53 - 1 } })",
    "const f = () => f(); f()",
    "const a = []; for (;;) a.push('x'.repeat(1e5) + a.length)",
];

/// All of them.
fn scripts() -> Vec<String> {
    let handler = |deed: &str| format!("fromAll().when({{ $any(s, e) {{ {deed} }} }})");
    let of_method = |method: &&str| {
        let (name, arguments) =
            method.split_once('(').expect("files and processes of the test can be had");
        let call = |list: &&str| {
            let first = arguments.strip_suffix(')').unwrap_or(arguments);
            // What follows the call, such as `.next()`, is done with what it returns.
            handler(&format!(
                "const list = {list}; list.{name} = Array.prototype.{name}; list.{name}({first});"
            ))
        };
        LENGTHS.iter().map(call).collect::<Vec<_>>()
    };
    let methods = METHODS.iter().flat_map(of_method);
    let deeds = DEEDS.iter().chain(&HIDDEN).map(|deed| handler(deed));
    let places =
        PLACES.iter().flat_map(|place| ELSEWHERE.iter().map(|deed| place.replace("DEED", deed)));
    methods.chain(deeds).chain(places).collect()
}

/// What came of a process.
struct Came {
    /// The exit status; none when it was ended by a signal, or had to be.
    status: Option<i32>,
    /// What it complained of.
    stderr: String,
    /// What it held at most, in KiB, where the system tells.
    peak_kib: u64,
}

/// Runs a script over an event.
fn run_script(script: &str) -> Came {
    let folder = Folder::new();
    let event = |offset: u64| {
        json!({"topic": "t", "offset": offset, "timestamp": 1000 + offset, "key": "k",
               "type": "Added", "value": {"n": offset}})
    };
    let fixture = json!({"fixture": 1, "projection": "hostile.js", "given": [event(0)],
                         "expect": {"states": {"k": {"never": true}}}});
    fs_err::write(folder.path().join("hostile.js"), script)
        .expect("files and processes of the test can be had");
    fs_err::write(folder.path().join("a.fixture.json"), fixture.to_string())
        .expect("files and processes of the test can be had");
    let mut child = command(folder.path(), &["test", "a.fixture.json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("files and processes of the test can be had");
    let (status, peak_kib) = wait(&mut child);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("files and processes of the test can be had")
        .take(1 << 20)
        .read_to_string(&mut stderr)
        .expect("files and processes of the test can be had");
    Came { status, stderr, peak_kib }
}

/// Waits for a process, with an eye on what it holds. One that does not end is ended.
fn wait(child: &mut Child) -> (Option<i32>, u64) {
    let began = Instant::now();
    let mut peak_kib = 0;
    loop {
        peak_kib = peak_kib.max(held_at_most_kib(child.id()));
        if let Some(status) = child.try_wait().expect("files and processes of the test can be had")
        {
            return (status.code(), peak_kib);
        }
        if began.elapsed() > PATIENCE {
            child.kill().expect("files and processes of the test can be had");
            child.wait().expect("files and processes of the test can be had");
            return (None, peak_kib);
        }
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// What a process held at most so far, in KiB; 0 where the system does not tell.
fn held_at_most_kib(process: u32) -> u64 {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

#[test]
fn every_hostile_script_ends_or_is_told_within_its_memory() {
    let mut scripts = scripts();
    assert!(scripts.len() >= 260, "{}", scripts.len());
    if std::env::var_os(ALL).is_none() {
        scripts = scripts.into_iter().step_by(SHARE).collect();
    }
    let next = AtomicUsize::new(0);
    let faults: Vec<String> = thread::scope(|scope| {
        let worker = || {
            let mut faults = Vec::new();
            while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Came { status, stderr, peak_kib } = run_script(script);
                match status {
                    // Some end by themselves: there is nothing wrong with asking a long list for
                    // one element.
                    Some(0 | 1) => {}
                    Some(2) if !stderr.is_empty() && !stderr.contains("panicked") => {}
                    status => faults.push(format!("{status:?}: {script}\n{stderr}")),
                }
                if peak_kib > MOST_KIB {
                    faults.push(format!("{peak_kib} KiB: {script}\n{stderr}"));
                }
            }
            faults
        };
        #[expect(clippy::needless_collect, reason = "all start before one is waited for")]
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("files and processes of the test can be had"))
            .collect()
    });
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), scripts.len(), faults.join("\n"));
}

#[test]
fn a_script_that_is_no_file_is_refused_at_once() {
    let folder = Folder::new();
    for script in ["/dev/zero", "/dev/stdin", "."] {
        let mut child = command(folder.path(), &["project", script, "--topic", "t"])
            .args(["--brokers", "localhost:1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("files and processes of the test can be had");
        let (status, _) = wait(&mut child);
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .expect("files and processes of the test can be had")
            .read_to_string(&mut stderr)
            .expect("files and processes of the test can be had");
        assert_eq!(status, Some(2), "{script}: {stderr}");
        assert!(
            stderr.contains("is no regular file") || stderr.contains("is a folder"),
            "{stderr}"
        );
    }
}

/// A process that was asked to end by Ctrl-C once it did what it does.
#[cfg(unix)]
fn interrupted(mut child: Child) -> Came {
    thread::park_timeout(Duration::from_millis(1500));
    assert!(
        child.try_wait().expect("files and processes of the test can be had").is_none(),
        "it does not end by itself so soon"
    );
    let process = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &process])
        .status()
        .expect("files and processes of the test can be had");
    assert!(sent.success());
    let (status, peak_kib) = wait(&mut child);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("files and processes of the test can be had")
        .read_to_string(&mut stderr)
        .expect("files and processes of the test can be had");
    Came { status, stderr, peak_kib }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_script_that_nothing_within_can_stop() {
    let folder = Folder::new();
    let script = "fromAll().when({ $any() { 'a'.repeat(1e8).indexOf('a'.repeat(5e7) + 'b'); } })";
    let event = json!({"topic": "t", "offset": 0, "key": "k", "value": {}});
    let fixture = json!({"fixture": 1, "projection": "a.js", "given": [event], "expect": {"states": {"k": 1}}});
    fs_err::write(folder.path().join("a.js"), script)
        .expect("files and processes of the test can be had");
    fs_err::write(folder.path().join("a.fixture.json"), fixture.to_string())
        .expect("files and processes of the test can be had");
    let mut command = command(folder.path(), &["test", "a.fixture.json"]);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("files and processes of the test can be had");
    let came = interrupted(child);
    assert_eq!(came.status, Some(130), "{}", came.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_command_that_waits_for_a_broker_that_says_nothing() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("files and processes of the test can be had");
    let brokers =
        silent.local_addr().expect("files and processes of the test can be had").to_string();
    let folder = Folder::new();
    for arguments in [&["topics"][..], &["groups"], &["scan", "--topic", "t"], &["doctor"]] {
        let mut command = command(folder.path(), arguments);
        command.args(["--brokers", &brokers]).stdout(Stdio::null()).stderr(Stdio::piped());
        let came =
            interrupted(command.spawn().expect("files and processes of the test can be had"));
        assert_eq!(came.status, Some(130), "{arguments:?}: {}", came.stderr);
    }
}

#[test]
fn a_broker_that_says_nothing_is_told_of_while_it_is_waited_for() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("files and processes of the test can be had");
    let brokers =
        silent.local_addr().expect("files and processes of the test can be had").to_string();
    let folder = Folder::new();
    let mut command = command(folder.path(), &["scan", "--topic", "t", "--brokers", &brokers]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("files and processes of the test can be had");
    let (status, _) = wait(&mut child);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("files and processes of the test can be had")
        .read_to_string(&mut stderr)
        .expect("files and processes of the test can be had");
    assert_eq!(status, Some(3), "{stderr}");
    assert!(stderr.contains("nothing arrived from the cluster for 10 s"), "{stderr}");
}
