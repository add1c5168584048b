//! Speaks to the engine as its users do: over HTTP. An engine may die while it answers, so that
//! only the beginning insists on answers.

use std::time::Duration;

use banyan_core::ids::AccountId;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

const PASSWORD: &str = "SecurePass123";
const EMAIL: &str = "trader@example.com";

/// A user with accounts and strategies.
pub(crate) struct House {
    http: reqwest::Client,
    url: String,
    token: String,
    pub(crate) accounts: Vec<AccountId>,
    /// Paths of strategies, such as `/quant-strategies/id`.
    pub(crate) strategies: Vec<String>,
    random: Pcg64Mcg,
}

impl House {
    /// Registers a user.
    pub(crate) async fn open(told: &str, seed: u64) -> Self {
        let random = Pcg64Mcg::seed_from_u64(seed);
        let (accounts, strategies) = (Vec::new(), Vec::new());
        let http = crate::web::http(Duration::from_secs(10));
        let url = String::new();
        let mut house = Self { http, url, token: String::new(), accounts, strategies, random };
        house.move_to(told);
        let form = json!({"email": EMAIL, "password": PASSWORD, "name": "Trader"});
        house.must("/auth/register", &form).await;
        house.log_in().await;
        house
    }

    /// Speaks from now on to the engine that told this of itself; returns its process id.
    pub(crate) fn move_to(&mut self, told: &str) -> String {
        let (url, id) = told.split_once(' ').expect("an engine tells its address and its process");
        self.url = url.to_owned();
        id.to_owned()
    }

    async fn log_in(&mut self) {
        let form = [("username", EMAIL), ("password", PASSWORD)];
        let url = format!("{}/api/v1/auth/login", self.url);
        let answer = self.http.post(url).form(&form).send().await.expect("the server answers");
        let tokens: Value = answer.json().await.expect("tokens are JSON");
        self.token = word(&tokens["access_token"]);
    }

    /// Makes the accounts and their strategies, and lets them run.
    /// `models` is where the rule-based model answers.
    pub(crate) async fn furnish(&mut self, models: &str) {
        let provider = json!({"provider_type": "deepseek", "base_url": models, "api_key": "x"});
        self.must("/providers", &provider).await;
        for number in 0..2 {
            let form = json!({
                "name": format!("Paper {number}"), "exchange": "paper",
                "initial_balance": 100_000,
            });
            let account = word(&self.must("/accounts", &form).await["id"]);
            self.accounts.push(AccountId(account.parse().expect("an account has a UUID")));
            for (symbol, kind, config) in strategies() {
                let form = json!({
                    "name": format!("{kind} {symbol} {number}"), "strategy_type": kind,
                    "symbol": format!("{symbol}/USDT:USDT"), "config": config,
                    "account_id": account, "allocated_capital": 15_000,
                });
                self.begin("/quant-strategies", &form).await;
            }
            self.begin("/strategies", &in_words(&account, number)).await;
        }
    }

    /// Makes a strategy and lets it run.
    async fn begin(&mut self, family: &str, form: &Value) {
        let id = word(&self.must(family, form).await["id"]);
        let path = format!("{family}/{id}");
        self.must(&format!("{path}/status"), &json!({"status": "active"})).await;
        self.strategies.push(path);
    }

    /// Asks for what has to work.
    async fn must(&self, path: &str, body: &Value) -> Value {
        let (code, text) = self.post(path, body).await.expect("the server answers");
        assert_eq!(code, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(u16, String), reqwest::Error> {
        let url = format!("{}/api/v1{path}", self.url);
        let answer = self.http.post(url).bearer_auth(&self.token).json(body).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}/api/v1{path}", self.url);
        match self.http.get(url).bearer_auth(&self.token).send().await {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    /// Does something that users do, whatever comes of it.
    pub(crate) async fn meddle(&mut self) {
        let strategy = self.strategies[self.random.random_range(0..self.strategies.len())].clone();
        match self.random.random_range(0..12) {
            0..=2 => self.set(&strategy, "stopped").await,
            3..=6 => self.set(&strategy, "active").await,
            7 => self.set(&strategy, "paused").await,
            8 | 9 => self.close_a_position().await,
            _ => {
                let id = strategy.rsplit('/').next().unwrap_or_default();
                let _ = self.post(&format!("/workers/{id}/trigger"), &json!({})).await;
            }
        }
    }

    async fn close_a_position(&mut self) {
        let positions = self.get("/positions").await;
        let Some(positions) = positions.as_array().filter(|it| !it.is_empty()) else {
            return;
        };
        let id = word(&positions[self.random.random_range(0..positions.len())]["id"]);
        let _ = self.post(&format!("/positions/{id}/close"), &json!({})).await;
    }

    async fn set(&self, strategy: &str, wanted: &str) {
        let _ = self.post(&format!("{strategy}/status"), &json!({"status": wanted})).await;
    }

    /// Sets all strategies to a status, as soon as the engine has opened their accounts.
    pub(crate) async fn set_all(&self, wanted: &str) {
        for strategy in &self.strategies {
            let mut answer = None;
            for _ in 0..300 {
                let path = format!("{strategy}/status");
                answer = self.post(&path, &json!({"status": wanted})).await.ok();
                if answer.as_ref().is_some_and(|(code, _)| *code == 200) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let became = answer.as_ref().is_some_and(|(code, _)| *code == 200);
            assert!(became, "{strategy} was not {wanted}: {answer:?}");
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A strategy in words, asked as often as can be. It shares its symbol with one of the others.
fn in_words(account: &str, number: u32) -> Value {
    json!({
        "name": format!("In words {number}"), "account_id": account,
        "prompt": "Follow the trend, and leave when it turns.",
        "trading_mode": "aggressive", "ai_model": "deepseek:deepseek-chat",
        "config": {
            "symbols": ["DOGE/USDT:USDT", "XRP/USDT:USDT"], "timeframes": ["1m"],
            "interval_minutes": 1, "min_review_minutes": 1,
        },
    })
}

/// What trades much in little time.
fn strategies() -> [(&'static str, &'static str, Value); 5] {
    let grid = |price: f64| {
        json!({
            "upper_price": price * 1.005, "lower_price": price * 0.97, "grid_count": 50,
            "total_investment": 12_000, "leverage": 1, "trailing": true, "initial_position": true,
        })
    };
    let dca = json!({
        "order_amount": 300, "interval_minutes": 1, "take_profit_percent": 0.1,
        "safety_order_amount": 300, "safety_order_count": 6, "price_deviation_percent": 0.1,
        "stop_loss_percent": 1,
    });
    let rsi = json!({
        "rsi_period": 2, "oversold": 49, "overbought": 51, "timeframe": "1m",
        "order_amount": 2_000, "stop_loss_percent": 0.6, "take_profit_percent": 1.2,
    });
    let cross = json!({
        "fast_period": 2, "slow_period": 3, "timeframe": "1m", "order_amount": 2_000,
        "allow_short": true, "stop_loss_percent": 0.5,
    });
    [
        ("BTC", "grid", grid(60_000.0)),
        ("ETH", "grid", grid(3_000.0)),
        ("SOL", "rsi", rsi),
        ("XRP", "ema_cross", cross),
        ("DOGE", "dca", dca),
    ]
}
