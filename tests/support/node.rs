//! One process of Apache Kafka: its folder, its properties, its life.
//!
//! Promises: the folder goes with its owner, and with the test binary, however that ends.
//! Does not know: clusters, topics.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::watched::Watched;

/// Starts fast and stays small; not for measuring.
const JVM_FLAGS: [&str; 6] = [
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
];

/// The shell's last words, after the test binary is gone: the data goes too.
const REMOVER: &str = r#"trap '' INT HUP TERM; cat >/dev/null; rm -rf "$1""#;

/// The folder that holds the jars; fetched when missing.
pub(crate) fn jars() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp has a parent");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka-jars");
    let output = Command::new(&script)
        .arg(target)
        .stderr(Stdio::inherit())
        .output()
        .expect("scripts/kafka-jars can be started");
    assert!(output.status.success(), "scripts/kafka-jars failed: {}", output.status);
    let folder = String::from_utf8(output.stdout).expect("the folder's path is UTF-8");
    PathBuf::from(folder.trim_end())
}

/// A Java command with Kafka's class path.
pub(crate) fn java(log_config: Option<&Path>) -> Command {
    let mut command = Command::new("java");
    command.args(JVM_FLAGS);
    if let Some(path) = log_config {
        command.arg(format!("-Dlog4j2.configurationFile={}", path.display()));
    }
    command.arg("-cp").arg(jars().join("*"));
    command
}

/// A port of the loopback interface that nobody listens on. Another process may take it before it
/// is used.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Waits for something, in short steps, and fails the test when it has not come true in this time.
pub(crate) fn wait_until(what: &str, limit: Duration, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_true() {
        assert!(Instant::now() < deadline, "not within {} s: {what}", limit.as_secs());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A folder below `target/tmp` that goes away with its owner, and with the test binary.
#[derive(Debug)]
pub(crate) struct Folder {
    /// The folder.
    path: PathBuf,
    /// Its end closes with this process; the shell behind it then removes the folder.
    keeper: Option<(Child, ChildStdin)>,
}

impl Folder {
    /// A new, empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("kafka-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder below target/tmp");
        let path = folder.keep();
        let mut keeper = Command::new("sh")
            .args(["-c", REMOVER, "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell that removes the folder");
        let pipe = keeper.stdin.take().expect("the shell's input is a pipe");
        Self { path, keeper: Some((keeper, pipe)) }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some((mut keeper, pipe)) = self.keeper.take() {
            drop(pipe);
            drop(keeper.wait());
        }
    }
}

/// One node of a cluster. It keeps its data from start to start.
#[derive(Debug)]
pub(crate) struct Node {
    /// Holds the properties, the data and the log.
    folder: PathBuf,
    /// The process, while it runs.
    process: Option<Watched>,
}

impl Node {
    /// Writes the properties into the folder and formats the data folder. Does not start yet.
    pub(crate) fn format(
        folder: PathBuf,
        cluster_id: &str,
        properties: &[(String, String)],
    ) -> Self {
        fs_err::create_dir_all(&folder).expect("the node's folder");
        let mut text = format!("log.dirs={}\n", folder.join("data").display());
        for (name, value) in properties {
            writeln!(text, "{name}={value}").expect("writing to a string");
        }
        fs_err::write(folder.join("server.properties"), text).expect("the node's properties");
        fs_err::write(folder.join("log4j2.properties"), LOGGING).expect("the node's logging");
        let node = Self { folder, process: None };
        let output = java(Some(&node.folder.join("log4j2.properties")))
            .args(["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c"])
            .arg(node.folder.join("server.properties"))
            .output()
            .expect("java can be started");
        assert!(output.status.success(), "formatting failed: {output:?}");
        node
    }

    /// Starts the process. It answers some seconds later.
    pub(crate) fn start(&mut self) {
        assert!(self.process.is_none(), "the node runs already");
        let mut kafka = java(Some(&self.folder.join("log4j2.properties")));
        kafka.arg("kafka.Kafka").arg(self.folder.join("server.properties"));
        self.process = Some(Watched::start(&kafka, &self.log_file()));
    }

    /// Ends the process at once, as a power cut would. Nothing happens when it does not run.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Whether the process is there. It may not answer yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.status().is_none())
    }

    /// The last lines of what the process wrote, for the message of a failed test.
    pub(crate) fn last_words(&self) -> String {
        let text = fs_err::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Where the process writes its output.
    fn log_file(&self) -> PathBuf {
        self.folder.join("output.log")
    }
}

/// Warnings and errors to standard output, nothing else.
const LOGGING: &str = "\
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
";
