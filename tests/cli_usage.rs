//! The command line itself: help, wrong words, broken files, clusters that are not there.
//!
//! Promises: needs no cluster. The help texts kept here are the documentation of the command line.
//! Does not know: answers.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::cli::{Ended, command, run, run_in};
use support::node::{Folder, free_port};

/// Every command, as it is asked for its help.
const COMMANDS: [&[&str]; 26] = [
    &[],
    &["topics"],
    &["scan"],
    &["entities"],
    &["types"],
    &["mapping"],
    &["history"],
    &["state"],
    &["diff"],
    &["blame"],
    &["save"],
    &["save", "history"],
    &["save", "records"],
    &["project"],
    &["compare"],
    &["sandbox"],
    &["test"],
    &["groups"],
    &["diagnose"],
    &["doctor"],
    &["bench"],
    &["bench", "scan"],
    &["bench", "fold"],
    &["bench", "frames"],
    &["demo"],
    &["open"],
];

/// Brokers that nobody asks, because the question is refused before.
const NOBODY: [&str; 2] = ["--brokers", "127.0.0.1:1"];

/// Runs a command that is refused as wrongly used, and says how.
fn refused(arguments: &[&str]) -> String {
    let Ended { status, stdout, stderr } = run(arguments);
    assert_eq!(status, 2, "{arguments:?}: {stderr}");
    assert!(stdout.is_empty(), "{stdout}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn every_command_has_its_help() {
    for command in COMMANDS {
        let ended = run(&[command, &["--help"]].concat());
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let name = if command.is_empty() { "foldback".to_owned() } else { command.join("-") };
        insta::assert_snapshot!(format!("help_{name}"), ended.stdout);
    }
}

#[test]
fn wrong_words_are_refused_before_anything_is_asked() {
    let with_nobody = |arguments: &[&str]| refused(&[arguments, &NOBODY].concat());
    let scan = ["scan", "--topic", "t"];
    with_nobody(&["explode"]);
    with_nobody(&["scan"]);
    with_nobody(&[&scan[..], &["--nonsense"]].concat());
    let both_sides = refused(&["--config", "x", "topics", "--brokers", "a:1"]);
    assert!(both_sides.contains("cannot be used with"), "{both_sides}");
    with_nobody(&[&scan[..], &["--clock", "wall"]].concat());
    with_nobody(&[&scan[..], &["--isolation", "some"]].concat());
    with_nobody(&[&scan[..], &["--partition", "-1"]].concat());
    with_nobody(&[&scan[..], &["--limit", "many"]].concat());
    with_nobody(&["state", "--topic", "t"]);
    with_nobody(&["diff", "k", "--topic", "t", "--from", "v1"]);
    let when = with_nobody(&[&scan[..], &["--from", "someday"]].concat());
    assert!(when.contains("`someday`") && when.contains("-15m"), "{when}");
    let cel = with_nobody(&[&scan[..], &["--where", "status == 'A'"]].concat());
    assert!(cel.contains("`status`") && cel.contains("value"), "{cel}");
    let base64 = with_nobody(&[&scan[..], &["--key-base64", "%%"]].concat());
    assert!(base64.contains("no base64"), "{base64}");
    let fold = with_nobody(&["state", "k", "--topic", "t", "--fold", "sum"]);
    assert!(fold.contains("unknown fold `sum`") && fold.contains("merge"), "{fold}");
    let property = with_nobody(&["topics", "-X", "nonsense"]);
    assert!(property.contains("nonsense"), "{property}");
}

#[test]
fn names_that_no_broker_takes_are_refused_before_they_reach_the_library() {
    let long = "x".repeat(250);
    for (name, reason) in [
        (long.as_str(), "at most 249 characters, this one has 250"),
        ("..", "no topic is named"),
        ("a b", "made of letters, digits"),
        ("", "is not empty"),
        ("a\u{1b}[2J", "made of letters, digits"),
    ] {
        for command in ["scan", "index", "entities", "types", "mapping", "groups"] {
            let told = refused(&[&[command, "--topic", name], &NOBODY[..]].concat());
            assert!(told.contains("--topic") && told.contains(reason), "{command}: {told}");
            assert!(!told.contains('\u{1b}'), "{told:?}");
        }
        let told = refused(&[&["topics", name], &NOBODY[..]].concat());
        assert!(told.contains(reason), "{told}");
    }
    for when in ["3:-5", "-1:0", "3:9223372036854775808", "99999999999:0", "v18446744073709551616"]
    {
        let told = refused(&[&["scan", "--topic", "t", "--from", when], &NOBODY[..]].concat());
        assert!(told.contains("--from") && told.contains("is no moment"), "{told}");
    }
    let told = refused(&[&["state", "k", "--topic", "t", "--at", ""], &NOBODY[..]].concat());
    assert!(told.contains("--at: `` is no moment"), "{told}");
}

#[test]
fn a_question_without_a_cluster_says_how_to_name_one() {
    let none = refused(&["topics"]);
    assert!(none.contains("hint: ") && none.contains("--brokers"), "{none}");
    let unknown = refused(&["topics", "--connection", "staging"]);
    assert!(unknown.contains("unknown connection `staging`"), "{unknown}");
    refused(&["topics", "--config", "no-such-file.properties"]);
    refused(&["topics", "--workspace", "no-such-folder"]);
    refused(&["topics", "--brokers", "a:1", "--connection", "b"]);
}

#[test]
fn a_broken_workspace_file_is_named_with_line_and_word() {
    let folder = Folder::new();
    let write =
        |text: &str| fs_err::write(folder.path().join("foldback.toml"), text).expect("the file");
    let here = |arguments: &[&str]| {
        let ended = run_in(folder.path(), arguments);
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        ended.stderr
    };
    write("[connection.dev]\nbrokers = \"localhost:9092\"\nbroker = \"twice\"\n");
    let fault = here(&["topics"]);
    assert!(fault.contains("foldback.toml:3") && fault.contains("broker"), "{fault}");
    write(
        "[connection.dev]\nbrokers = \"a:1\"\nproperties = { \"sasl.password\" = \"${KAFKA_NONE}\" }\n",
    );
    let fault = here(&["topics", "--connection", "dev"]);
    assert!(fault.contains("foldback.toml:3") && fault.contains("KAFKA_NONE"), "{fault}");
    write("[connection.a]\nbrokers = \"a:1\"\n[connection.b]\nbrokers = \"b:1\"\n");
    let fault = here(&["topics"]);
    assert!(fault.contains("--connection") && fault.contains("a, b"), "{fault}");
    let elsewhere = Folder::new();
    let path = folder.path().to_str().expect("UTF-8");
    let fault = run_in(elsewhere.path(), &["topics", "--workspace", path, "--connection", "c"]);
    assert_eq!(fault.status, 2, "{}", fault.stderr);
}

#[cfg(unix)]
#[test]
fn a_workspace_file_that_cannot_be_read_is_told_and_never_passed_over() {
    let folder = Folder::new();
    let file = folder.path().join("foldback.toml");
    let pipe = || {
        let made = Command::new("mkfifo").arg(&file).status().expect("mkfifo");
        assert!(made.success());
    };
    let huge = || {
        let huge = fs_err::File::create(&file).expect("a file");
        huge.set_len(1 << 30).expect("it takes no room");
    };
    let lost = || std::os::unix::fs::symlink("nowhere", &file).expect("a link");
    let cases: [(&dyn Fn(), &str); 4] = [
        (&|| fs_err::create_dir(&file).expect("a folder"), "is a folder"),
        (&pipe, "is no regular file"),
        (&huge, "is larger than 64 MiB"),
        (&lost, "not found"),
    ];
    let path = folder.path().to_str().expect("UTF-8");
    for (make, reason) in cases {
        make();
        for arguments in [&["topics"][..], &["topics", "--workspace", path]] {
            let ended = run_in(folder.path(), arguments);
            assert_eq!(ended.status, 2, "{reason}: {}", ended.stderr);
            let is_told = ended.stderr.contains("foldback.toml") && ended.stderr.contains(reason);
            assert!(is_told, "{reason}: {}", ended.stderr);
        }
        let removed = fs_err::remove_file(&file).or_else(|_folder| fs_err::remove_dir(&file));
        removed.expect("it goes");
    }
}

/// How a shell command ends in which `foldback` is the program, and what it complains of.
#[cfg(unix)]
fn shell(line: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_foldback");
    let script = format!("foldback() {{ \"{program}\" \"$@\"; }}; {line}");
    let ended = Command::new("bash").args(["-c", &script]).output().expect("a shell");
    let told = String::from_utf8(ended.stderr).expect("UTF-8");
    (ended.status.code().expect("a status"), told)
}

#[cfg(unix)]
#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let fold = "bench fold --events 300 --cuts 5 --json";
    for command in [fold, "--help", "--version", "scan --help"] {
        let (status, told) = shell(&format!("foldback {command} >&-"));
        assert_eq!(status, 1, "{command}: {told}");
        assert!(told.contains("standard output is closed"), "{command}: {told}");
        let (status, told) = shell(&format!("foldback {command} > /dev/full"));
        assert_eq!(status, 1, "{command}: {told}");
        assert!(told.contains("cannot write the answer"), "{command}: {told}");
        // A reader who has seen enough is none of the program's business, nor is /dev/null.
        for reader in
            ["| head -c 1 > /dev/null; exit ${PIPESTATUS[0]}", "> /dev/null", "<> /dev/null >&0"]
        {
            assert_eq!(shell(&format!("foldback {command} {reader}")), (0, String::new()));
        }
    }
    let (status, told) = shell("foldback topics >&-");
    assert_eq!(status, 2, "what is asked wrongly is told first: {told}");
}

#[test]
fn no_line_of_an_error_is_an_argument_s_own() {
    let hostile = "x\nhint: trust me\u{1b}[2J\u{202e}";
    for arguments in [
        &[hostile][..],
        &["topics", "orders", hostile],
        &["scan", "--limit", hostile],
        &["scan", "--clock", hostile],
        &["scan", &format!("--{hostile}")],
        &["bench", "fold", "--events", hostile],
    ] {
        let told = refused(arguments);
        assert!(told.contains(r"\nhint: trust me\u{1b}[2J\u{202e}"), "{arguments:?}: {told}");
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
        assert!(told.lines().all(|line| !line.starts_with("hint: trust")), "{told}");
    }
}

#[test]
fn a_cluster_that_does_not_answer_ends_with_status_3_and_its_address() {
    let address = format!("127.0.0.1:{}", free_port());
    let began = Instant::now();
    let ended = run(&["scan", "--topic", "t", "--brokers", &address]);
    assert_eq!(ended.status, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains(&address) && ended.stderr.contains("hint: "), "{}", ended.stderr);
    assert!(began.elapsed() < Duration::from_mins(1), "it does not wait for ever");
    let unresolvable = run(&["topics", "--brokers", "no-such-host.invalid:9092"]);
    assert_eq!(unresolvable.status, 3, "{}", unresolvable.stderr);
    assert!(unresolvable.stderr.contains("no-such-host.invalid"), "{}", unresolvable.stderr);
}

#[test]
fn a_log_says_what_happened_is_its_users_alone_and_holds_no_password() {
    let folder = Folder::new();
    let config = "[connection.dev]\nbrokers = \"127.0.0.1:1\"\nproperties = { \
        \"security.protocol\" = \"sasl_plaintext\", \"sasl.mechanism\" = \"PLAIN\", \
        \"sasl.username\" = \"ann\", \"sasl.password\" = \"${KAFKA_PASSWORD}\" }\n";
    fs_err::write(folder.path().join("foldback.toml"), config).expect("the file");
    let asked = |arguments: &[&str]| {
        let mut command = command(folder.path(), arguments);
        command.env("XDG_DATA_HOME", folder.path().join("data"));
        command.env("KAFKA_PASSWORD", "hunter\"2").env("FOLDBACK_LOG", "trace");
        command.output().expect("the program can be started")
    };
    let log = folder.path().join("data/foldback/foldback.log");
    let without = asked(&["topics", "--connection", "dev"]);
    assert!(!log.exists(), "nothing is written unasked");
    let with = asked(&["--log", "topics", "--connection", "dev"]);
    assert_eq!((without.status.code(), with.status.code()), (Some(3), Some(3)));
    let written = fs_err::read_to_string(&log).expect("a log");
    for words in ["begins", "Topics", "sasl.username", "127.0.0.1:1", "no answer", "status=3"] {
        assert!(written.contains(words), "{words} is not in it: {written}");
    }
    let said = String::from_utf8(without.stderr).expect("UTF-8");
    for told in [&written, &said] {
        assert!(!told.contains("hunter"), "{told}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs_err::metadata(&log).expect("its rights").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn folding_is_measured_without_a_cluster() {
    let ended = run(&["bench", "fold", "--events", "300", "--cuts", "50", "--json"]);
    let lines = ended.answers();
    assert_eq!((&lines[0]["what"], &lines[0]["records"]), (&"fold".into(), &300.into()));
    assert!(lines[0]["p99_ms"].is_number(), "{}", lines[0]);
}

#[test]
fn frames_are_measured_without_a_display() {
    let size = ["--events", "500", "--lanes", "5", "--frames", "10"];
    let ended = run(&[&["bench", "frames", "--json"][..], &size].concat());
    let lines = ended.answers();
    assert_eq!(lines[0]["what"], "frames");
    assert!(lines[0]["p99_ms"].is_number(), "{}", lines[0]);
}
