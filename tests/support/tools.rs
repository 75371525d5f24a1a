//! Programs of other people, run by tests.
//!
//! Promises: a program that fails makes the test fail with everything it said.
//! Does not know: what they are run for.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::node::java;

/// Runs a command with this input and returns what it printed.
pub(crate) fn output_of(command: &mut Command, input: &[u8]) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("the input is a pipe");
    let input = input.to_vec();
    let writer = std::thread::Builder::new().name("test-input".to_owned());
    let writer = writer.spawn(move || pipe.write_all(&input)).expect("a thread can be started");
    let output = child.wait_with_output().expect("the program ends");
    let stdout = String::from_utf8(output.stdout).expect("the program prints UTF-8");
    let stderr = String::from_utf8(output.stderr).expect("the program complains in UTF-8");
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{stdout}\n{stderr}",
        output.status
    );
    let written = writer.join().expect("the writing thread does not panic");
    written.expect("the program reads its input");
    stdout
}

/// Runs kcat against a broker and returns what it printed.
pub(crate) fn kcat(brokers: &str, arguments: &[&str], input: &[u8]) -> String {
    output_of(Command::new("kcat").args(["-b", brokers]).args(arguments), input)
}

/// Runs a tool of Apache Kafka against a broker and returns what it printed. Each costs some
/// seconds: it is a JVM.
pub(crate) fn kafka_tool(brokers: &str, main_class: &str, arguments: &[&str]) -> String {
    let mut command = java(None);
    command.arg(main_class).args(["--bootstrap-server", brokers]).args(arguments);
    output_of(&mut command, b"")
}
