//! The ledger: every movement of money as balanced postings, and the balances they add up to.
//!
//! Each worker has a sub-ledger of its own; `External` holds what no worker owns; `Netting` holds
//! the difference between the profit that the venue books on the netted position and the profits
//! that the workers book on their own shares (it returns to zero when the position is flat). So
//! the wallets of all sub-ledgers add up to the venue's wallet to the last digit. Knows nothing of
//! orders or risk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::WorkerId;
use crate::money::Amount;
use crate::symbol::Asset;

/// Whose money it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubLedger {
    /// One worker's.
    Worker(WorkerId),
    /// Nobody's: transfers, manual trades, positions no worker owns.
    External,
    /// Netted profit against the workers' own.
    Netting,
}

impl SubLedger {
    /// The worker, where it is one's.
    #[must_use]
    pub const fn worker(self) -> Option<WorkerId> {
        match self {
            Self::Worker(worker) => Some(worker),
            Self::External | Self::Netting => None,
        }
    }
}

/// What the money is for. `Wallet` is what the venue holds; the others say where it came from or
/// went, with the opposite sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Held at the venue.
    Wallet,
    /// Profit of closed contracts.
    Realized,
    /// Fees.
    Fees,
    /// Funding.
    Funding,
    /// Assets exchanged by spot trades.
    Exchanged,
    /// Deposits, withdrawals, and what reconciliation found.
    Transfers,
}

/// One line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Whose.
    pub sub_ledger: SubLedger,
    /// What for.
    pub bucket: Bucket,
    /// In which asset.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
}

/// Balanced postings in the making.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction(Vec<Posting>);

impl Transaction {
    /// Moves `amount` from `bucket` into the wallet of `sub_ledger` (out of it when negative).
    pub fn move_money(
        &mut self,
        sub_ledger: SubLedger,
        bucket: Bucket,
        asset: &Asset,
        amount: Amount,
    ) {
        if amount.is_zero() {
            return;
        }
        let posting = |bucket, amount| Posting { sub_ledger, bucket, asset: asset.clone(), amount };
        self.0.push(posting(Bucket::Wallet, amount));
        self.0.push(posting(bucket, -amount));
    }

    /// The postings; in every asset they add up to zero.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.0
    }
}

/// All balances. The cost of a posting does not grow with how many there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    balances: BTreeMap<(SubLedger, Bucket, Asset), Amount>,
    wallets: BTreeMap<Asset, Amount>,
}

impl Ledger {
    /// Books a transaction.
    pub fn post(&mut self, transaction: &Transaction) {
        for posting in transaction.postings() {
            let key = (posting.sub_ledger, posting.bucket, posting.asset.clone());
            *self.balances.entry(key).or_default() += posting.amount;
            if posting.bucket == Bucket::Wallet {
                *self.wallets.entry(posting.asset.clone()).or_default() += posting.amount;
            }
        }
    }

    /// The balance of one bucket of one sub-ledger.
    #[must_use]
    pub fn balance(&self, sub_ledger: SubLedger, bucket: Bucket, asset: &Asset) -> Amount {
        self.balances.get(&(sub_ledger, bucket, asset.clone())).copied().unwrap_or_default()
    }

    /// What the venue holds of an asset, by our books: the sum over all sub-ledgers.
    #[must_use]
    pub fn wallet(&self, asset: &Asset) -> Amount {
        self.wallets.get(asset).copied().unwrap_or_default()
    }

    /// All wallets that were ever touched.
    #[must_use]
    pub fn wallets(&self) -> &BTreeMap<Asset, Amount> {
        &self.wallets
    }

    /// All balances that were ever touched.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<(SubLedger, Bucket, Asset), Amount> {
        &self.balances
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usdt() -> Asset {
        Asset::new("USDT").unwrap()
    }

    #[test]
    fn a_transaction_balances_in_every_asset() {
        let mut transaction = Transaction::default();
        transaction.move_money(SubLedger::External, Bucket::Transfers, &usdt(), Amount(500));
        transaction.move_money(SubLedger::External, Bucket::Fees, &usdt(), Amount(-3));
        let sum: Amount = transaction.postings().iter().map(|posting| posting.amount).sum();
        assert_eq!(sum, Amount::ZERO);
        let mut ledger = Ledger::default();
        ledger.post(&transaction);
        assert_eq!(ledger.wallet(&usdt()), Amount(497));
        assert_eq!(ledger.balance(SubLedger::External, Bucket::Fees, &usdt()), Amount(3));
    }

    #[test]
    fn nothing_is_posted_for_nothing() {
        let mut transaction = Transaction::default();
        transaction.move_money(SubLedger::External, Bucket::Fees, &usdt(), Amount::ZERO);
        assert!(transaction.postings().is_empty());
    }

    proptest! {
        #[test]
        fn every_balance_is_the_sum_of_its_entries(
            moves in prop::collection::vec((0_u8..3, 0_u8..3, -1000_i128..1000), 0..60)
        ) {
            let worker = SubLedger::Worker(WorkerId::from_u128(1));
            let owners =
                [SubLedger::External, SubLedger::Netting, worker];
            let buckets = [Bucket::Realized, Bucket::Fees, Bucket::Transfers];
            let (mut ledger, mut entries) = (Ledger::default(), Vec::new());
            for (owner, bucket, amount) in moves {
                let mut transaction = Transaction::default();
                let (owner, bucket) = (owners[owner as usize], buckets[bucket as usize]);
                transaction.move_money(owner, bucket, &usdt(), Amount(amount));
                ledger.post(&transaction);
                entries.extend(transaction.postings().to_vec());
            }
            for ((owner, bucket, asset), balance) in ledger.balances() {
                let sum: Amount = entries
                    .iter()
                    .filter(|it| it.sub_ledger == *owner && it.bucket == *bucket)
                    .map(|it| it.amount)
                    .sum();
                prop_assert_eq!(*balance, sum);
                prop_assert_eq!(asset, &usdt());
            }
            let wallets: Amount = entries
                .iter()
                .filter(|it| it.bucket == Bucket::Wallet)
                .map(|it| it.amount)
                .sum();
            prop_assert_eq!(ledger.wallet(&usdt()), wallets);
        }
    }
}
