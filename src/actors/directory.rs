//! The directory: account id to address. Asked when something starts, never on the tick path.

use actix::prelude::*;
use banyan_core::ids::AccountId;
use indexmap::IndexMap;

use super::AccountConnection;

/// Where accounts live. Bounded by the number of accounts.
#[derive(Default)]
pub struct Directory {
    accounts: IndexMap<AccountId, Addr<AccountConnection>>,
}

/// An account has a new address.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Register(pub(super) AccountId, pub(super) Addr<AccountConnection>);

/// Asks for the address of an account.
#[derive(Message)]
#[rtype(result = "Option<Addr<AccountConnection>>")]
pub struct Lookup(pub AccountId);

impl Actor for Directory {
    type Context = Context<Self>;
}

impl Handler<Register> for Directory {
    type Result = ();

    fn handle(&mut self, Register(account, address): Register, _: &mut Self::Context) {
        self.accounts.insert(account, address);
    }
}

impl Handler<Lookup> for Directory {
    type Result = Option<Addr<AccountConnection>>;

    fn handle(&mut self, Lookup(account): Lookup, _: &mut Self::Context) -> Self::Result {
        self.accounts.get(&account).cloned()
    }
}
