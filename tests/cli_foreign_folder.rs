//! A foreign folder: what its `foldback.toml` and its scripts may do to whoever asks a question in
//! it.
//!
//! Promises: no native code runs, no value of the environment leaves, no file outside is read. A
//! broker that records everything listens; a shared object and commands would leave marks; where
//! there is `strace`, every call to the system is looked at.
//! Does not know: what the answers are.

mod support;

use std::io::Read as _;
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use foldback::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};

use support::cli::command;
use support::node::{Folder, free_port};

/// A value of the environment that must not leave.
const SECRET: &str = "s3cr3t-of-the-environment";

/// The words of a file outside that must not be read.
const OUTSIDE: &str = "w0rds-of-a-file-outside";

/// A port that takes connections, records what arrives and ends them.
struct Listener {
    /// Its port.
    port: u16,
    /// Everything that arrived.
    arrived: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    /// Listens.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrived);
        let serve = move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let waits = stream.set_read_timeout(Some(Duration::from_millis(200)));
                waits.expect("a time limit");
                let mut bytes = [0; 4096];
                if let Ok(length) = stream.read(&mut bytes) {
                    kept.lock().expect("the bytes").extend_from_slice(&bytes[..length]);
                }
                drop(stream.shutdown(Shutdown::Both));
            }
        };
        thread::Builder::new().name("listener".to_owned()).spawn(serve).expect("a thread");
        Self { port, arrived }
    }

    /// Whether these words arrived.
    fn heard(&self, words: &str) -> bool {
        let arrived = self.arrived.lock().expect("the bytes");
        arrived.windows(words.len()).any(|window| window == words.as_bytes())
    }
}

/// Builds a shared object that leaves a mark as soon as it is loaded. `None` where there is no
/// compiler.
fn marking_library(folder: &Path, mark: &Path) -> Option<()> {
    let source = format!(
        "#include <stdio.h>\n__attribute__((constructor)) static void mark(void) {{ fclose(fopen(\"{}\", \"w\")); }}\n\
         int conf_init(void *a, void **b, char *c, int d) {{ return 0; }}\n\
         int bind_engine(void *a, const char *b, const void *c) {{ return 1; }}\n",
        mark.display()
    );
    fs_err::write(folder.join("evil.c"), source).expect("the source");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(folder.join("evil.so"))
        .arg(folder.join("evil.c"))
        .status();
    built.ok().filter(|status| status.success()).map(drop)
}

#[cfg(unix)]
#[test]
fn a_fixture_reads_no_script_outside_of_its_folder_and_workspace() {
    let (folder, outside) = (Folder::new(), Folder::new());
    let secret = outside.path().join("secret.js");
    fs_err::write(&secret, format!("fromAll(); {OUTSIDE}")).expect("a file");
    std::os::unix::fs::symlink(&secret, folder.path().join("link.js")).expect("a link");
    let events = r#"[{"topic":"t","offset":0,"timestamp":1,"key":"k","type":"A","value":{}}]"#;
    let run = |script: &str, named: &str| {
        let fixtures = folder.path().join("tests");
        fs_err::create_dir_all(&fixtures).expect("a folder");
        fs_err::write(folder.path().join("own.js"), script).expect("a file");
        let text = format!(
            r#"{{"fixture": 1, "projection": "{named}", "given": {events}, "expect": {{"states": {{"k": null}}}}}}"#
        );
        fs_err::write(fixtures.join("a.fixture.json"), text).expect("a file");
        let ended = command(folder.path(), &["test"]).output().expect("the program starts");
        let told = String::from_utf8([ended.stdout, ended.stderr].concat()).expect("UTF-8");
        (ended.status.code().expect("a status"), told)
    };
    let harmless = "fromAll().foreachStream().when({ B: s => s })";
    let outside_names = [secret.display().to_string(), "../link.js".to_owned()];
    for named in &outside_names {
        let (status, told) = run(harmless, named);
        assert_eq!(status, 2, "{told}");
        assert!(told.contains("a.fixture.json:1: ") && told.contains("allow_files"), "{told}");
        assert!(!told.contains(OUTSIDE), "{told}");
    }
    assert_eq!(run(harmless, "../own.js").0, 2, "without a workspace the folder is all there is");
    fs_err::write(folder.path().join("foldback.toml"), "").expect("a file");
    let (status, told) = run(harmless, "../own.js");
    assert_eq!(status, 0, "{told}");
    for named in &outside_names {
        assert_eq!(run(harmless, named).0, 2, "{named}");
    }
    // A script that fails on every event shows the state before the first one, which is no pass.
    let failing = "fromAll().foreachStream().when({ $any() { throw new Error('always'); } })";
    let (status, told) = run(failing, "../own.js");
    assert_eq!(status, 1, "{told}");
    assert!(told.contains("the script fails on t-0@0: ") && told.contains("always"), "{told}");
}

#[test]
fn a_hostile_workspace_runs_no_code_gets_no_variable_and_reads_no_file_outside() {
    let outside = Folder::new();
    let place = Folder::new();
    let folder = place.path().join("foreign/deep");
    fs_err::create_dir_all(&folder).expect("a folder");
    let mark = outside.path().join("mark");
    let has_library = marking_library(&folder, &mark).is_some();
    assert!(has_library || cfg!(windows), "a compiler builds the shared object");
    let key = outside.path().join("id_ed25519");
    fs_err::write(&key, OUTSIDE).expect("a file outside");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&key, folder.join("link.js")).expect("a link");
    let listener = Listener::start();
    let evil = folder.join("evil.so").display().to_string();
    let key = key.display().to_string();
    let touch = format!("touch {}", mark.display());
    let broker = format!("127.0.0.1:{}", listener.port);
    let connection = |lines: &str| format!("[connection.dev]\nbrokers = \"{broker}\"\n{lines}\n");
    let property = |name: &str, value: &str| {
        connection(&format!("[connection.dev.properties]\n\"{name}\" = {value:?}"))
    };
    let with_mark = [
        property("ssl.engine.location", &evil),
        property("ssl.providers", &evil),
        property("plugin.library.paths", &evil),
        property("sasl.kerberos.kinit.cmd", &touch),
        property("sasl.kerberos.principal", &format!("a; {touch} #")),
        property("offset.store.path", &mark.display().to_string()),
    ];
    let with_secret = [
        property("client.id", "${SHOP_TOKEN}"),
        property("client.rack", "${KAFKA_TOKEN}"),
        property("sasl.username", "${SHOP_TOKEN}"),
        property(
            "sasl.oauthbearer.token.endpoint.url",
            &format!("http://{broker}/${{KAFKA_TOKEN}}"),
        ),
        format!("[connection.dev]\nbrokers = \"${{KAFKA_TOKEN}}.{broker}\"\n"),
        connection(&format!("registry = \"http://{broker}/${{KAFKA_TOKEN}}\"")),
        property("ssl.ca.location", "/proc/self/environ"),
    ];
    let with_file = [
        property("sasl.oauthbearer.assertion.file", &key),
        property("ssl.certificate.location", &key),
        property("ssl.key.location", "../../../../../../../../etc/passwd"),
        connection(&format!("[entity.order]\ntopics = [\"t\"]\nfold = {{ code = {key:?} }}")),
        connection("[entity.order]\ntopics = [\"t\"]\nfold = { code = \"link.js\" }"),
        connection(&format!("[[upcast]]\ntype = \"A\"\nfrom = \"1\"\ncode = {key:?}")),
    ];
    for text in with_mark.iter().chain(&with_secret).chain(&with_file) {
        fs_err::write(folder.join("foldback.toml"), text).expect("the workspace file");
        let mut program = command(&folder, &["state", "k", "--topic", "t", "--fold", "last"]);
        program.env("SHOP_TOKEN", SECRET).env("KAFKA_TOKEN", SECRET);
        program.env("XDG_CONFIG_HOME", outside.path());
        let ended = program.output().expect("the program starts");
        let told = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(2), "{text}\n{told}");
        assert!(told.contains("deep/foldback.toml:"), "{text}\n{told}");
        assert!(!told.contains(SECRET) && !told.contains(OUTSIDE), "{text}\n{told}");
        assert!(!mark.exists(), "code ran or a file was written:\n{text}");
    }
    assert!(!listener.heard(SECRET) && !listener.heard(OUTSIDE), "nothing leaves");

    // Above a repository's root nothing is looked for.
    fs_err::remove_file(folder.join("foldback.toml")).expect("no workspace file here");
    fs_err::create_dir(folder.join(".git")).expect("a repository");
    fs_err::write(place.path().join("foreign/foldback.toml"), &with_mark[0]).expect("one above");
    let ended = command(&folder, &["topics"]).output().expect("the program starts");
    let told = String::from_utf8(ended.stderr).expect("UTF-8");
    assert!(told.contains("no cluster is named"), "{told}");
}

/// What a script may try: each tells in its state what it got hold of, or is refused.
const SCRIPTS: [&str; 8] = [
    "const names = ['process', 'Deno', 'Bun', 'require', 'module', 'std', 'os', 'bjs', 'fetch', 'XMLHttpRequest', \
     'WebSocket', 'Worker', 'load', 'loadScript', 'read', 'readFile', 'print', 'scriptArgs', 'navigator', 'gc', 'native']; \
     const found = names.filter(name => name in globalThis); fromAll().when({ $any: () => ({ found }) })",
    "fromAll().when({ $any: () => ({ found: [new Function('return typeof process + typeof std + typeof require')()] \
     .filter(it => it !== 'undefinedundefinedundefined') }) })",
    "fromAll().when({ $any(s) { s.found ??= []; import('KEY').then(it => s.found.push(`${it}`), () => {}); return s } })",
    "import text from 'KEY'; fromAll().when({ $any: () => ({ found: [text] }) })",
    "import * as std from 'std'; fromAll().when({ $any: () => ({ found: [std.getenv('SHOP_TOKEN')] }) })",
    "const e = (0, eval)('try { import.meta.url } catch (e) { 0 }'); fromAll().when({ $any: () => ({ found: [e].filter(Boolean) }) })",
    "options({ resultStreamName: '../../KEY' }); fromAll().when({ $any(s, e) { emit('../../KEY', 'T', {}); return { found: [] } } }).outputState()",
    "const p = (() => {}).constructor.constructor('return this')(); fromAll().when({ $any: () => \
     ({ found: Object.getOwnPropertyNames(p).filter(it => /env|file|exec|open|socket/i.test(it)) }) })",
];

/// Where programs and their libraries look for what belongs to the system.
const OF_THE_SYSTEM: [&str; 8] =
    ["/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/run/", "/nix/"];

/// What nobody needs to answer a question, although it belongs to the system.
const OF_NOBODY: [&str; 4] = ["/etc/passwd", "/etc/shadow", "/environ", "/cmdline"];

/// Checks every call that a program made to the system, as `strace` wrote them down: nothing else
/// was run, no other address connected to, no other file opened.
fn check_calls(calls: &str, folder: &Path, settings: &Path, brokers: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_foldback"));
    let own = [folder, settings, program.parent().expect("a folder")];
    let (_, port) = brokers.rsplit_once(':').expect("host and port");
    for call in calls.lines().filter(|call| !call.contains(" = -1 ")) {
        if call.contains("execve(") {
            let own = format!("execve(\"{}\"", program.display());
            assert!(call.contains(&own), "a program was run: {call}");
        } else if call.contains("connect(") && call.contains("AF_INET") {
            assert!(call.contains(&format!("htons({port})")), "somebody was told: {call}");
        } else if call.contains("open") {
            let Some(path) = call.split('"').nth(1).map(Path::new) else { continue };
            let is_own = path.is_relative() || own.iter().any(|own| path.starts_with(own));
            let text = path.to_string_lossy();
            let is_of_system = OF_THE_SYSTEM.iter().any(|start| text.starts_with(start))
                && !OF_NOBODY.iter().any(|end| text.ends_with(end));
            assert!(is_own || is_of_system, "a file outside was opened: {call}");
            let writes = call.contains("O_WRONLY") || call.contains("O_RDWR");
            assert!(!writes || path.starts_with(folder) || text.starts_with("/dev/"), "{call}");
        }
    }
}

#[test]
fn a_hostile_folder_whose_cluster_answers_reaches_nothing_outside() {
    let (outside, place) = (Folder::new(), Folder::new());
    let key = outside.path().join("id_ed25519.js");
    fs_err::write(&key, format!("export default '{OUTSIDE}'")).expect("a file outside");
    let cluster = EmbeddedCluster::start(&[EmbeddedTopic { name: "t", partitions: 1 }]);
    let cluster = cluster.expect("a cluster inside this process");
    let writer = Writer::open(&cluster.settings(&[])).expect("a writer");
    let (key_text, value) = ("k", br#"{"type":"A","x":"${SHOP_TOKEN}"}"#);
    let timestamp = 1_767_225_600_000;
    let record =
        NewRecord { topic: "t", key: key_text, value, timestamp_ms: timestamp, headers: &[] };
    writer.send(&record).expect("a record is taken");
    writer.flush(Duration::from_secs(30)).expect("records are written");
    let brokers = cluster.brokers();
    let file = format!(
        "[connection.dev]\nbrokers = \"{brokers}\"\n[entity.o]\ntopics = [\"t\"]\nfold = {{ code = \"evil.js\" }}\n"
    );
    fs_err::write(place.path().join("foldback.toml"), file).expect("the workspace file");
    let has_strace = Command::new("strace").arg("-V").output().is_ok();
    let calls = outside.path().join("calls");
    let settings = outside.path().join("foldback");
    for script in SCRIPTS {
        let script = script.replace("KEY", &key.display().to_string());
        fs_err::write(place.path().join("evil.js"), &script).expect("a script");
        for question in
            [&["state", "k", "--topic", "t"][..], &["project", "evil.js", "--topic", "t"]]
        {
            let asked = command(place.path(), &[question, &["--json"]].concat());
            let mut program = if has_strace { Command::new("strace") } else { asked };
            if has_strace {
                let asked = command(place.path(), &[question, &["--json"]].concat());
                program.args(["-f", "-e", "trace=execve,connect,open,openat", "-o"]).arg(&calls);
                program.arg(asked.get_program()).args(asked.get_args());
                program.current_dir(place.path()).env("XDG_CACHE_HOME", place.path().join("cache"));
            }
            program.env("SHOP_TOKEN", SECRET).env("KAFKA_TOKEN", SECRET);
            program.env("XDG_CONFIG_HOME", outside.path()).env("HOME", outside.path());
            let ended = program.output().expect("the program starts");
            let told = String::from_utf8([ended.stdout, ended.stderr].concat()).expect("UTF-8");
            assert!(!told.contains(SECRET) && !told.contains(OUTSIDE), "{script}\n{told}");
            let found_nothing = told.contains(r#""found":[]"#);
            assert!(found_nothing || told.contains("error: "), "{script}\n{told}");
            assert!(!told.contains(r#""found":[""#), "{script}\n{told}");
            if has_strace {
                let calls = fs_err::read_to_string(&calls).expect("what strace wrote");
                assert!(calls.contains("connect(") || !found_nothing, "it was asked: {calls}");
                check_calls(&calls, place.path(), &settings, &brokers);
            }
        }
    }
}

#[test]
fn a_variable_leaves_only_when_the_user_allows_it() {
    let outside = Folder::new();
    let folder = Folder::new();
    let text = format!(
        "[connection.dev]\nbrokers = \"127.0.0.1:{}\"\nproperties = {{ \"sasl.mechanism\" = \"PLAIN\", \
         \"security.protocol\" = \"sasl_plaintext\", \"sasl.username\" = \"u\", \"sasl.password\" = \"${{SHOP_TOKEN}}\" }}\n",
        free_port()
    );
    fs_err::write(folder.path().join("foldback.toml"), text).expect("the workspace file");
    let run = |more: &[&str]| {
        let mut program = command(folder.path(), &[&["topics"], more].concat());
        program.env("SHOP_TOKEN", SECRET).env("XDG_CONFIG_HOME", outside.path());
        let ended = program.output().expect("the program starts");
        (ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
    };
    let (status, told) = run(&[]);
    assert!(status == Some(2) && told.contains("--allow-env SHOP_TOKEN"), "{told}");
    let (status, told) = run(&["--allow-env", "SHOP_TOKEN"]);
    assert_eq!(status, Some(3), "the settings are taken, nobody answers: {told}");
    let settings = outside.path().join("foldback/settings.toml");
    fs_err::create_dir_all(settings.parent().expect("a folder")).expect("the user's folder");
    fs_err::write(&settings, "allow_env = [\"SHOP_TOKEN\"]\n").expect("the user's settings");
    let (status, told) = run(&[]);
    let expected = if cfg!(target_os = "linux") { Some(3) } else { Some(2) };
    assert_eq!(status, expected, "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn names_of_a_foreign_folder_never_steer_the_terminal() {
    let folder = Folder::new();
    let write = |text: &str| {
        fs_err::write(folder.path().join("foldback.toml"), text).expect("the workspace file");
    };
    let run = |arguments: &[&str]| {
        let ended = command(folder.path(), arguments).output().expect("the program starts");
        String::from_utf8([ended.stdout, ended.stderr].concat()).expect("UTF-8")
    };
    let name = r"a\u001b]0;owned\u0007\u202e\r\u009b2J";
    write(&format!("[connection.\"{name}\"]\nbrokers = \"x\"\n[connection.b]\nbrokers = \"x\"\n"));
    let choose = run(&["topics"]);
    write(&format!("[connection.a]\nbrokers = \"{name}\"\n"));
    let refused = run(&["topics"]);
    write(&format!("[entity.\"{name}\"]\ntopics = [\"t\"]\nid = \"value:{name}\"\n"));
    let selector = run(&["topics"]);
    let argument = run(&["scan", "--topic", "t\u{1b}[2J", "--brokers", "x"]);
    for told in [choose, refused, selector, argument] {
        assert!(told.contains(r"\u{1b}"), "{told:?}");
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!told.contains(steers), "{told:?}");
    }
}
