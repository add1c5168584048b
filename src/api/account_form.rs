//! What is entered for an account: which exchange needs what, and nothing it does not need.

use banyan_core::ids::AccountId;
use banyan_core::money::Amount;
use banyan_core::terms::AccountMode;

use super::error::ApiError;
use super::fields::Fields;
use crate::auth::vault::Vault;
use crate::fleet::PAPER;
use crate::secret::Secret;
use crate::store::{AccountDraft, AccountRow, SealedCredentials};

/// What a paper account starts with when nobody says otherwise.
const INITIAL_BALANCE: Amount = Amount::from_units(10_000);

/// Which credentials an exchange needs, and which it may have besides.
struct Exchange {
    name: &'static str,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
}

const EXCHANGES: [Exchange; 5] = [
    Exchange { name: PAPER, needs: &[], takes: &[] },
    Exchange { name: "binance", needs: &["api_key", "api_secret"], takes: &[] },
    Exchange { name: "bybit", needs: &["api_key", "api_secret"], takes: &[] },
    Exchange { name: "okx", needs: &["api_key", "api_secret", "passphrase"], takes: &[] },
    Exchange { name: "hyperliquid", needs: &["private_key"], takes: &["api_key", "api_secret"] },
];

/// Credentials as they were entered.
#[derive(Default)]
pub(super) struct Credentials([(&'static str, Option<Secret>); 4]);

/// A new account.
#[derive(Default)]
pub(super) struct NewAccount {
    name: String,
    exchange: String,
    mode: AccountMode,
    initial_balance: Amount,
    credentials: Credentials,
}

/// A change of an account.
pub(super) struct Change {
    pub(super) name: Option<String>,
    pub(super) mode: Option<AccountMode>,
    pub(super) credentials: Credentials,
}

impl Credentials {
    fn read(fields: &mut Fields) -> Self {
        const NAMES: [&str; 4] = ["api_key", "api_secret", "private_key", "passphrase"];
        Self(NAMES.map(|name| (name, fields.secret(name))))
    }

    /// Whether anything was entered.
    pub(super) fn any(&self) -> bool {
        self.0.iter().any(|(_, secret)| secret.is_some())
    }

    /// What the exchange does not know is refused: nothing is kept that nobody needs.
    fn check(&self, exchange: &Exchange, all: bool, fields: &mut Fields) {
        for (name, secret) in &self.0 {
            let needed = exchange.needs.contains(name);
            if needed && secret.is_none() && all {
                fields.fail(name, format!("is required for {}", exchange.name));
            }
            if !needed && secret.is_some() && !exchange.takes.contains(name) {
                fields.fail(name, format!("is not used by {}", exchange.name));
            }
        }
    }
}

impl NewAccount {
    /// The account as it is kept.
    pub(super) fn draft(self, vault: &Vault, id: AccountId) -> AccountDraft {
        let mut credentials = SealedCredentials::default();
        seal(&self.credentials, vault, id, &mut credentials);
        AccountDraft {
            name: self.name,
            exchange: self.exchange,
            mode: self.mode,
            initial_balance: self.initial_balance,
            credentials,
        }
    }
}

/// Seals what was entered, each for its account and field; what was not entered stays.
pub(super) fn seal(
    entered: &Credentials,
    vault: &Vault,
    account: AccountId,
    kept: &mut SealedCredentials,
) {
    for (name, secret) in &entered.0 {
        let Some(secret) = secret else {
            continue;
        };
        let sealed = Some(vault.seal(secret, &format!("{account}/{name}")));
        match *name {
            "api_key" => kept.api_key = sealed,
            "api_secret" => kept.api_secret = sealed,
            "private_key" => kept.private_key = sealed,
            _ => kept.passphrase = sealed,
        }
    }
}

/// Reads a new account.
pub(super) fn read_new(mut fields: Fields) -> Result<NewAccount, ApiError> {
    let name = fields.text("name", 1..=100);
    let name = fields.require("name", name);
    let given = fields.text("exchange", 1..=32).map(|it| it.to_ascii_lowercase());
    let given = fields.require("exchange", given);
    let is_testnet = fields.flag("is_testnet");
    let mode = read_mode(&mut fields);
    let initial_balance = fields.amount("initial_balance");
    let credentials = Credentials::read(&mut fields);
    let exchange = EXCHANGES.iter().find(|it| it.name == given);
    if let Some(exchange) = exchange {
        credentials.check(exchange, true, &mut fields);
        if exchange.name != PAPER && initial_balance.is_some() {
            fields.fail("initial_balance", "is for paper accounts");
        }
    } else if !given.is_empty() {
        let known = EXCHANGES.map(|it| it.name).join(", ");
        fields.fail("exchange", format!("must be one of {known}"));
    }
    let mode = mode_of(&mut fields, given == PAPER, mode, is_testnet);
    fields.finish()?;
    let initial_balance = initial_balance.unwrap_or(INITIAL_BALANCE);
    Ok(NewAccount { name, exchange: given, mode, initial_balance, credentials })
}

fn read_mode(fields: &mut Fields) -> Option<AccountMode> {
    let text = fields.text("mode", 1..=16)?;
    let mode = match text.as_str() {
        "paper" => Some(AccountMode::Paper),
        "testnet" => Some(AccountMode::Testnet),
        "live" => Some(AccountMode::Live),
        _ => None,
    };
    if mode.is_none() {
        fields.fail("mode", "must be one of paper, testnet, live");
    }
    mode
}

/// The mode that was named, or follows from `is_testnet`; the two must agree.
fn mode_of(
    fields: &mut Fields,
    paper: bool,
    mode: Option<AccountMode>,
    is_testnet: Option<bool>,
) -> AccountMode {
    let usual = match (is_testnet, paper) {
        (Some(true), _) => AccountMode::Testnet,
        (_, true) => AccountMode::Paper,
        (_, false) => AccountMode::Live,
    };
    let mode = mode.unwrap_or(usual);
    if is_testnet.is_some_and(|it| it != (mode == AccountMode::Testnet)) {
        fields.fail("is_testnet", "contradicts mode");
    }
    if mode == AccountMode::Paper && !paper {
        fields.fail("mode", "must be testnet or live on a real exchange");
    }
    mode
}

/// Reads a change.
pub(super) fn read_change(mut fields: Fields, account: &AccountRow) -> Result<Change, ApiError> {
    let name = fields.text("name", 1..=100);
    let is_testnet = fields.flag("is_testnet");
    let credentials = Credentials::read(&mut fields);
    let draft = &account.draft;
    if let Some(exchange) = EXCHANGES.iter().find(|it| it.name == draft.exchange) {
        credentials.check(exchange, false, &mut fields);
    }
    let other = is_testnet.filter(|it| *it != (draft.mode == AccountMode::Testnet));
    if other.is_some() && draft.exchange == PAPER {
        fields.fail("is_testnet", "cannot be changed for a paper account; make another one");
    }
    fields.finish()?;
    let mode = other.map(|it| if it { AccountMode::Testnet } else { AccountMode::Live });
    Ok(Change { name, mode, credentials })
}
