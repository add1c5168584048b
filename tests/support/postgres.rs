//! A PostgreSQL server for tests: one of this machine, started in a folder of its own, gone when
//! nobody uses it any more or the tests die. It knows no table.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// PostgreSQL refuses to run as root; whoever is root lends it this user.
const USER: &str = "banyan-pg";
/// How long a server may take to be ready, in tenths of a second.
const PATIENCE: u32 = 300;

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(1);

/// A running server; stopped when the last one who uses it lets go.
pub(crate) struct Server {
    keeper: Child,
    port: u16,
    version: String,
    folder: tempfile::TempDir,
}

impl Server {
    /// The server that all tests of this process share.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start());
        *shared = Arc::downgrade(&server);
        server
    }

    /// Starts a server that waits for its disk as a real one does.
    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        make_user();
        give_away(folder.path());
        let mut init = as_user(&programs.join("initdb"));
        init.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        finished(init.arg("--username=banyan").arg("--pgdata").arg(&data), "initdb");
        let port = free_port();
        let version = finished(as_user(&programs.join("postgres")).arg("--version"), "postgres");
        let keeper = keep(&programs.join("postgres"), &data, port);
        let mut server = Self { keeper, port, version, folder };
        server.wait(&data);
        server
    }

    /// What the server says it is.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The URL of a new, empty database.
    pub(crate) async fn fresh_database(&self) -> String {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut connection =
            PgConnection::connect(&self.url("postgres")).await.expect("the server answers");
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut connection).await.expect("the server answers");
        connection.close().await.expect("the server answers");
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://banyan@127.0.0.1:{}/{database}", self.port)
    }

    fn wait(&mut self, data: &Path) {
        for _ in 0..PATIENCE {
            let told = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if told.lines().any(|line| line.trim() == "ready") {
                return;
            }
            let ended = self.keeper.try_wait().expect("the server can be asked for");
            assert!(ended.is_none(), "the server did not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server is not ready:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("data/log.txt")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The keeper stops the server when its standard input ends.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Starts a shell that runs the server until its own standard input ends: when this process dies,
/// however it dies, the server is stopped.
fn keep(postgres: &Path, data: &Path, port: u16) -> Child {
    const SCRIPT: &str = r#"
        "$1" -D "$2" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c max_connections=200 \
            </dev/null >"$2/log.txt" 2>&1 &
        server=$!
        (wait_for_end() { while read -r _; do :; done; }; wait_for_end; kill -INT "$server") <&3 &
        wait "$server"
    "#;
    let mut shell = as_user(Path::new("sh"));
    shell.args(["-c", &format!("exec 3<&0; {SCRIPT}"), "sh"]);
    shell.arg(postgres).arg(data).arg(port.to_string());
    shell.stdin(Stdio::piped()).spawn().expect("a shell can be started")
}

/// The folder of the server's programs.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    installed.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    let mut candidates = std::env::split_paths(&path).chain(installed.into_iter().rev());
    candidates.find(|folder| folder.join("initdb").is_file()).expect(
        "PostgreSQL is needed for these tests and initdb was not found, neither in PATH nor in \
         /usr/lib/postgresql: run scripts/setup test, or install postgresql",
    )
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id can be started");
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

fn make_user() {
    let known = Command::new("id").arg(USER).output().is_ok_and(|id| id.status.success());
    if is_root() && !known {
        let mut add = Command::new("useradd");
        finished(add.args(["--system", "--no-create-home", "--shell", "/bin/sh", USER]), "useradd");
    }
}

fn give_away(folder: &Path) {
    if is_root() {
        finished(Command::new("chown").arg(USER).arg(folder), "chown");
    }
}

/// A program as the user that PostgreSQL may run as.
fn as_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", USER, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").env("LC_ALL", "C");
    command
}

fn finished(command: &mut Command, name: &str) -> String {
    let Output { status, stdout, stderr } = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{name} failed: {errors}");
    String::from_utf8_lossy(&stdout).trim().to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the port").port()
}
