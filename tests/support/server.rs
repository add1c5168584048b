//! A running server: the real binary, a data folder of its own, and a client that speaks HTTP.
//!
//! Knows the command line and the reference of the interface, nothing of the library.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// The lines that a child writes to standard error, as they come.
type Lines = Arc<Mutex<Vec<String>>>;

/// A server under test; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) ready: Value,
    token: Option<String>,
    log: Lines,
    client: reqwest::Client,
}

/// The command that serves a demo from a folder, without limits that would slow a test down.
pub(crate) fn demo(folder: &Path) -> Command {
    let mut command = serve(folder);
    command.args(["--profile", "demo"]);
    command
}

/// The command that serves from a folder.
pub(crate) fn serve(folder: &Path) -> Command {
    let mut command = super::banyan::banyan(&["serve", "--json", "--listen", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(folder);
    for limit in ["AUTH", "ACCOUNTS", "STATUS", "REQUESTS"] {
        command.env(format!("BANYAN__API__{limit}_PER_MINUTE"), "100000");
    }
    command.current_dir(folder.parent().unwrap_or(folder));
    command
}

/// How a server that never became ready ended.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(command: &mut Command) -> Self {
        match Self::try_start(command) {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not start: {refusal:#?}"),
        }
    }

    pub(crate) fn try_start(command: &mut Command) -> Result<Self, Refusal> {
        // Before there is a process: what fails here must not leave one behind.
        let client = crate::client::http(Duration::from_secs(20));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary that was built can be started");
        let log = collect(child.stderr.take().expect("it is piped"));
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the server writes text");
        if line.is_empty() {
            let code = child.wait().expect("it has ended").code();
            // What it wrote last is still on its way to the collector.
            std::thread::sleep(Duration::from_millis(50));
            return Err(Refusal { code, stderr: text(&log) });
        }
        let ready: Value = serde_json::from_str(&line).expect("one line of JSON");
        let url = ready["url"].as_str().expect("the line names the origin").to_owned();
        Ok(Self { child, url, ready, token: None, log, client })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        text(&self.log)
    }

    /// Ends it as a loss of power would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it has ended");
    }

    /// Tells it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.expect("kill is there").success());
        self.child.wait().expect("it has ended")
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("it ends").code();
        std::thread::sleep(Duration::from_millis(50));
        (code, text(&self.log))
    }

    /// Logs the demo user in.
    pub(crate) async fn log_in(&mut self) {
        let (email, password) = (self.ready["email"].clone(), self.ready["password"].clone());
        let form = [("username", word(&email)), ("password", word(&password))];
        let url = format!("{}/api/v1/auth/login", self.url);
        let answer = self.client.post(url).form(&form).send().await.expect("the server answers");
        assert_eq!(answer.status(), 200);
        let tokens: Value = answer.json().await.expect("tokens are JSON");
        self.token = Some(word(&tokens["access_token"]));
    }

    pub(crate) async fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("answers are text");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// What stands at a path that must be there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.request(reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.request(reqwest::Method::POST, path, Some(body)).await
    }

    /// Asks again and again until the answer is as wished; gives up after a minute and a half.
    pub(crate) async fn until(&self, path: &str, wished: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..360 {
            let body = self.get(path).await;
            if wished(&body) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("{path} never became as wished: {:#}\n{}", self.get(path).await, self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stderr: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let sink = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            sink.lock().expect("nobody panics with it").push(line);
        }
    });
    lines
}

fn text(lines: &Lines) -> String {
    lines.lock().expect("nobody panics with it").join("\n")
}

/// A text in JSON.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A folder for data that is not there yet, below one that is removed afterwards.
pub(crate) fn data_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    (folder, data)
}
