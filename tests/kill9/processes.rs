//! The processes: started, asked, killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use banyan::simulation::audit::VenueBooks;
use banyan_core::ids::AccountId;
use banyan_matching::faults::FaultSettings;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::wire::{self, Reply, Request};

/// How long a process may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// This binary, in another role.
fn role(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command.arg(name).stdin(Stdio::null()).stdout(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BANYAN") {
            command.env_remove(name);
        }
    }
    command
}

/// A process that says on a line when it is ready; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    first_line: Option<oneshot::Receiver<String>>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("this binary can be started");
        let stdout = child.stdout.take().expect("it is piped");
        let (tell, first_line) = oneshot::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            if let Some(line) = lines.next() {
                let _ = tell.send(line);
            }
            // Whatever it says later must not fill the pipe.
            lines.for_each(drop);
        });
        Self { child, first_line: Some(first_line) }
    }

    /// The line that it says first; `None` when it ended without.
    pub(crate) async fn first_line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(PATIENCE, self.first_line.take()?).await;
        line.expect("a process is ready in time").ok()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) {
        let _ = self.child.wait();
    }

    /// SIGKILL: nothing in the process runs any more when this returns.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where everything of a run is, and how its processes are started.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) database_url: String,
    pub(crate) seed: u64,
}

impl Place {
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("exchange.sock")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the exchange and waits until it is there.
    pub(crate) async fn start_exchange(&self) -> Process {
        let mut command = role("exchange");
        command.arg(&self.folder).arg(self.socket()).arg(self.seed.to_string());
        command.stderr(log(&self.folder.join("exchange.log")));
        let mut process = Process::spawn(&mut command);
        let line = process.first_line().await;
        assert_eq!(line.as_deref(), Some("ready"), "see exchange.log in {}", self.folder.display());
        process
    }

    /// The command that starts an engine.
    pub(crate) fn engine(&self) -> Command {
        let mut command = role("engine");
        command.arg(self.socket());
        self.settle(&mut command);
        command
    }

    /// The settings of an engine, and where its log goes.
    pub(crate) fn settle(&self, command: &mut Command) {
        command.stderr(log(&self.folder.join("engine.log")));
        command.env("BANYAN__STORE__DATA_DIR", self.data());
        command.env("BANYAN__SERVER__LISTEN", "127.0.0.1:0");
        command.env("BANYAN__TRADING__RECONCILE_SECONDS", "5");
        command.env("BANYAN__LLM__ALLOW_PRIVATE_URLS", "true");
        command.env("BANYAN__RISK__MAX_ORDERS_PER_MINUTE", "6000");
        for limit in ["AUTH", "ACCOUNTS", "STATUS", "REQUESTS"] {
            command.env(format!("BANYAN__API__{limit}_PER_MINUTE"), "100000");
        }
        if !self.database_url.is_empty() {
            command.env("BANYAN__STORE__DATABASE_URL", &self.database_url);
        }
    }

    /// Asks the exchange process something.
    pub(crate) async fn ask(&self, question: &Request) -> Reply {
        for _ in 0..200 {
            if let Ok(reply) = self.try_ask(question).await {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the exchange does not answer");
    }

    async fn try_ask(&self, question: &Request) -> std::io::Result<Reply> {
        let mut stream = UnixStream::connect(self.socket()).await?;
        wire::write(&mut stream, question).await?;
        wire::read(&mut stream).await
    }

    pub(crate) async fn set_faults(&self, settings: FaultSettings) {
        self.ask(&Request::SetFaults { number: 1, settings }).await;
    }

    pub(crate) async fn books(&self, accounts: &[AccountId]) -> Vec<VenueBooks> {
        let question = Request::Books { number: 1, accounts: accounts.to_vec() };
        match self.ask(&question).await {
            Reply::Books { books, .. } => books,
            other => panic!("{other:?} is no answer to that"),
        }
    }

    /// Waits until the exchange has read all that a dead engine had sent.
    pub(crate) async fn wait_for_silence(&self) {
        for _ in 0..200 {
            match self.ask(&Request::CountEngines { number: 1 }).await {
                Reply::Engines { count: 0, .. } => return,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        panic!("a dead engine is still connected");
    }
}

fn log(file: &Path) -> Stdio {
    let opened = std::fs::File::options().append(true).create(true).open(file);
    opened.expect("a log can be written").into()
}
