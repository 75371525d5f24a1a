//! Real servers of Redis and MariaDB on free loopback ports.
//!
//! Promises: they answer when `start` returns and are gone with the test binary.
//! Does not know: what is in them.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use super::node::{Folder, free_port, wait_until};
use super::tools::output_of;
use super::watched::Watched;

/// How long a start may take on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);

/// A running server.
#[derive(Debug)]
pub(crate) struct StoreServer {
    /// Its port.
    pub(crate) port: u16,
    /// The process. Dropped before its folder.
    _process: Watched,
    /// Where its data is.
    folder: Folder,
}

impl StoreServer {
    /// A server with this command in this folder, which listens on this port.
    fn start(command: &Command, folder: Folder, port: u16) -> Self {
        let process = Watched::start(command, &folder.path().join("server.log"));
        let server = Self { port, _process: process, folder };
        wait_until("the store answers", START_LIMIT, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        server
    }

    /// A server of Redis with this password.
    pub(crate) fn redis(password: &str) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--requirepass", password, "--dir"]).arg(folder.path());
        Self::start(&command, folder, port)
    }

    /// Sends commands of Redis, one a line.
    pub(crate) fn redis_commands(&self, password: &str, commands: &str) -> String {
        let mut client = Command::new("redis-cli");
        client.args(["-p", &self.port.to_string(), "-a", password, "--no-auth-warning"]);
        output_of(&mut client, commands.as_bytes())
    }

    /// A server of MariaDB in which `reader` may read, with the password `pass`.
    pub(crate) fn mariadb() -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let (data, socket) = (folder.path().join("data"), folder.path().join("m.sock"));
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--user=root", "--skip-test-db"]);
        install.arg("--auth-root-authentication-method=normal");
        install.arg(format!("--datadir={}", data.display()));
        output_of(&mut install, b"");
        let mut command = Command::new("mariadbd");
        command.args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"]);
        command.args(["--skip-name-resolve", "--innodb-flush-method=nosync"]);
        command.arg(format!("--port={port}")).arg(format!("--datadir={}", data.display()));
        command.arg(format!("--socket={}", socket.display()));
        command.arg(format!("--general-log-file={}", folder.path().join("general.log").display()));
        command.arg("--general-log=1");
        let server = Self::start(&command, folder, port);
        server.mariadb_statements(
            "create database shop; create user 'reader'@'%' identified by 'pass'; \
             grant select on shop.* to 'reader'@'%';",
        );
        server
    }

    /// Runs statements of MariaDB.
    pub(crate) fn mariadb_statements(&self, statements: &str) {
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "-u", "root"]);
        client.arg(format!("--socket={}", self.folder.path().join("m.sock").display()));
        output_of(client.args(["-e", statements]), b"");
    }

    /// What MariaDB was sent by `reader`'s connection, as its general log has it.
    pub(crate) fn mariadb_log(&self) -> String {
        fs_err::read_to_string(self.folder.path().join("general.log")).unwrap_or_default()
    }
}
