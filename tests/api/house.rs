//! A server with an administrator and whoever else registers, and clients that speak for them.

use std::process::Command;
use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::postgres;
use crate::server::{Server, data_folder, serve, word};

pub(crate) const PASSWORD: &str = "SecurePass123";

/// A server under test.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: tempfile::TempDir,
    _database: Option<Arc<postgres::Server>>,
}

/// Who asks, or nobody.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl House {
    /// A server with an empty database: SQLite, or PostgreSQL where `API_TESTS_ON` says so.
    pub(crate) fn open() -> Self {
        Self::open_with(|_| {})
    }

    /// The same, with other settings.
    pub(crate) fn open_with(change: impl FnOnce(&mut Command)) -> Self {
        let on_postgres = std::env::var("API_TESTS_ON").is_ok_and(|it| it == "postgres");
        // A runtime of its own: tests are on one already.
        let database = on_postgres.then(|| {
            std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let database = postgres::Server::shared();
                let url = runtime.expect("a runtime").block_on(database.fresh_database());
                (database, url)
            })
            .join()
            .expect("the database's server starts")
        });
        let (database, url) = database.unzip();
        Self::open_at(url, database, change)
    }

    /// A server whose database is a file, whatever else tests run on.
    pub(crate) fn open_on_sqlite(change: impl FnOnce(&mut Command)) -> Self {
        Self::open_at(None, None, change)
    }

    fn open_at(
        database_url: Option<String>,
        database: Option<Arc<postgres::Server>>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let (folder, data) = data_folder();
        let mut command = serve(&data);
        command.envs(database_url.map(|url| ("BANYAN__STORE__DATABASE_URL", url)));
        change(&mut command);
        let server = Server::start(&mut command);
        Self {
            server,
            http: crate::client::http(std::time::Duration::from_secs(60)),
            folder,
            _database: database,
        }
    }

    /// A server with an empty PostgreSQL database; the database's server must be kept as long.
    pub(crate) async fn open_on_postgres() -> (Self, Arc<postgres::Server>) {
        let database = postgres::Server::shared();
        let url = database.fresh_database().await;
        let house = Self::open_at(Some(url), Some(database.clone()), |_| {});
        (house, database)
    }

    /// Speaks for nobody.
    pub(crate) fn nobody(&self) -> Guest {
        let none = String::new;
        let (url, http) = (self.server.url.clone(), self.http.clone());
        Guest { url, http, token: none(), refresh: none(), id: none() }
    }

    /// Registers somebody and logs in.
    pub(crate) async fn guest(&self, email: &str) -> Guest {
        let form = json!({"email": email, "password": PASSWORD, "name": "John"});
        let registered = self.nobody().post("/auth/register", &form).await.expect(200);
        let tokens = self.log_in(email, PASSWORD).await.expect(200);
        Guest {
            token: word(&tokens["access_token"]),
            refresh: word(&tokens["refresh_token"]),
            id: word(&registered["id"]),
            ..self.nobody()
        }
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        let form = [("username", email), ("password", password)];
        let url = format!("{}/api/v1/auth/login", self.server.url);
        Reply::of(self.http.post(url).form(&form)).await
    }
}

impl Reply {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the server answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("answers are text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    /// A header that must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("headers of ours are texts")
    }

    /// The seconds after which another try makes sense.
    pub(crate) fn retry_after(&self) -> u64 {
        self.header("retry-after").parse().expect("a number of seconds")
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The code of a failure with this status, after a look at its shape.
    #[track_caller]
    pub(crate) fn failure(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let error = &self.body["error"];
        assert_eq!(self.body["detail"], error["message"], "{}", self.text);
        assert!(error["details"].is_array(), "{}", self.text);
        assert_eq!(error["request_id"], self.header("x-request-id"));
        assert_eq!(self.status == 401, self.headers.contains_key("www-authenticate"));
        word(&error["code"])
    }

    /// The fields that a refusal names, in order.
    #[track_caller]
    pub(crate) fn fields(self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.text);
        let details = self.body["error"]["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| word(&detail["field"])).collect()
    }
}

impl Guest {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let request = self.request(method, path);
        Reply::of(body.into_iter().fold(request, |request, body| request.json(body))).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::DELETE, path, None).await
    }

    /// Makes a paper account.
    pub(crate) async fn account(&self) -> String {
        let form = json!({"name": "Paper", "exchange": "paper"});
        word(&self.post("/accounts", &form).await.expect(200)["id"])
    }

    /// Makes a strategy that buys now and then.
    pub(crate) async fn strategy(&self, account: &str) -> String {
        word(&self.post("/quant-strategies", &dca(account)).await.expect(200)["id"])
    }

    /// Asks until the answer is as wished.
    pub(crate) async fn until(&self, path: &str, wished: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..400 {
            let body = self.get(path).await.expect(200);
            if wished(&body) {
                return body;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{path} never became as wished: {}", self.get(path).await.text);
    }
}

/// A strategy that buys at once and every hour.
pub(crate) fn dca(account: &str) -> Value {
    json!({
        "name": "BTC savings",
        "strategy_type": "dca",
        "symbol": "BTC/USDT:USDT",
        "config": {"order_amount": 500, "interval_minutes": 60, "total_budget": 2000},
        "account_id": account
    })
}

/// The names of an object's fields.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().expect("an object").keys().map(|it| &**it).collect();
    names.sort_unstable();
    names
}
