//! A real PostgreSQL on a free loopback port.
//!
//! Promises: it answers when `shared` returns and is gone with the test binary; it writes every
//! statement that it is given into its log.
//! Does not know: what is in its tables.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::node::{Folder, free_port, wait_until};
use super::tools::output_of;
use super::watched::Watched;

/// How long a start may take on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// Its port.
    port: u16,
    /// The process. Dropped before its folder.
    _process: Watched,
    /// Where its data is.
    folder: Folder,
}

impl Postgres {
    /// The server that the tests of this binary share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A new server.
    fn start() -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let data = folder.path().join("data");
        // It refuses to run as root.
        let is_root = output_of(Command::new("id").arg("-u"), b"").trim() == "0";
        let owner = |command: &str| {
            if !is_root {
                return Command::new(program(command));
            }
            let mut as_postgres = Command::new("setpriv");
            as_postgres.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            as_postgres.arg(program(command));
            as_postgres
        };
        if is_root {
            output_of(Command::new("chown").arg("postgres").arg(folder.path()), b"");
        }
        let mut init = owner("initdb");
        init.arg("-D").arg(&data);
        init.args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"]);
        output_of(&mut init, b"");
        let settings = format!(
            "listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories=''\nfsync=off\n\
             synchronous_commit=off\nfull_page_writes=off\nshared_buffers=32MB\nlog_statement=all\n\
             log_line_prefix='%a|'\n"
        );
        let hba = "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        fs_err::write(data.join("pg_hba.conf"), hba).expect("who may log in");
        let conf = data.join("postgresql.conf");
        let text = fs_err::read_to_string(&conf).expect("the settings") + &settings;
        fs_err::write(&conf, text).expect("the settings");
        let mut server = owner("postgres");
        server.arg("-D").arg(&data);
        let process = Watched::start(&server, &folder.path().join("server.log"));
        let server = Self { port, _process: process, folder };
        wait_until("PostgreSQL answers", START_LIMIT, || {
            let mut ready = Command::new(program("pg_isready"));
            ready.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
            ready.output().is_ok_and(|ended| ended.status.success())
        });
        server
    }

    /// The address of its database.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres", "")
    }

    /// The address with another user and password.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}{password}@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// Runs statements.
    pub(crate) fn execute(&self, statements: &str) -> String {
        let mut psql = Command::new(program("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"]);
        psql.args(["-v", "ON_ERROR_STOP=1", "-qAt", "-c", statements]);
        output_of(&mut psql, b"")
    }

    /// The statements that a program of this name has sent.
    pub(crate) fn statements_of(&self, application: &str) -> Vec<String> {
        let log = fs_err::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let prefix = format!("{application}|LOG:");
        let mut statements: Vec<String> = Vec::new();
        let mut is_own = false;
        for line in log.lines() {
            // The further lines of a statement are set in.
            match line.strip_prefix('\t') {
                Some(rest) if is_own => {
                    let begun = statements.pop().unwrap_or_default();
                    statements.push(begun + " " + rest);
                }
                Some(_) => {}
                None => {
                    is_own = line.starts_with(&prefix);
                    statements.extend(line.strip_prefix(&prefix).map(str::to_owned));
                }
            }
        }
        statements
    }
}

/// A program of PostgreSQL, which Debian keeps out of the path, in a folder for each version.
fn program(name: &str) -> PathBuf {
    let versions = fs_err::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin").join(name));
    programs.filter(|path| path.exists()).max().unwrap_or_else(|| PathBuf::from(name))
}
