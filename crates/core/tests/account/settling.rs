//! Whatever happened before: when the venue answers again, every exit ends and every promise
//! stands.

use banyan_core::account::{Input, Phase};
use banyan_core::journal::Purpose;
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::money::Quantity;
use banyan_core::order::OrderState;
use banyan_core::time::Span;
use banyan_core::venue::PositionMode;
use proptest::prelude::*;

use crate::chaos::{anything, run};
use crate::desk::{A, B, C, Desk};
use crate::listing::{INVERSE, LINEAR, SPOT};

/// The venue answers everything for a while: it takes, it cancels, and exits trade.
fn calm_down(desk: &mut Desk) {
    for scope in
        [KillScope::Account, KillScope::Worker(A), KillScope::Worker(B), KillScope::Worker(C)]
    {
        desk.handle(Input::SetKillLevel { scope, level: KillLevel::None });
    }
    desk.persist();
    for _ in 0..40 {
        let ids: Vec<_> = desk.account.state().orders.keys().copied().collect();
        for id in ids {
            let entry = desk.order(id);
            let (state, purpose) = (entry.order.state, entry.purpose);
            let request = entry.order.request.clone();
            let held = desk.account.state().share(entry.owner, request.instrument).quantity;
            match (state, purpose) {
                (_, Purpose::Exit(_)) if held.is_zero() => desk.cancelled(id),
                (_, Purpose::Exit(_)) => {
                    let quantity = entry.order.remaining().min(held.abs());
                    let at = desk.account.markets().get(request.instrument).valuation();
                    desk.fill(id, quantity.0, at.unwrap_or_default());
                }
                (OrderState::CancelRequested, _) => desk.cancelled(id),
                (OrderState::InFlight | OrderState::Unknown, _) => desk.accept(id),
                _ => {}
            }
        }
        desk.wait(Span::seconds(16));
        desk.reconcile();
    }
}

fn standing(
    desk: &Desk,
    key: (banyan_core::ledger::SubLedger, banyan_core::instrument::InstrumentId),
    purpose: Purpose,
) -> Quantity {
    let orders = desk.account.state().orders_of(key.0, key.1);
    orders.filter(|it| it.purpose == purpose).map(|it| it.order.remaining()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn exits_end_and_promises_stand(acts in prop::collection::vec(anything(), 1..80)) {
        let mut desk = run(PositionMode::OneWay, &acts);
        calm_down(&mut desk);
        let state = desk.account.state();
        prop_assert_eq!(desk.account.phase(), Phase::Ready);
        prop_assert!(state.exits.is_empty(), "{:?}", state.exits);
        for (key, promise) in &state.protection {
            let held = state.share(key.0, key.1).quantity.abs();
            let stop = standing(&desk, *key, Purpose::StopLoss);
            prop_assert_eq!(stop, if promise.stop_loss.is_some() { held } else { Quantity::ZERO });
        }
        for instrument in [LINEAR, INVERSE, SPOT] {
            for (owner, position) in state.holders(instrument) {
                let key = (owner, instrument);
                let guarded = standing(&desk, key, Purpose::StopLoss);
                prop_assert!(guarded <= position.quantity.abs());
            }
        }
        let late = state.orders.values().filter(|it| it.cancel_wanted).count();
        prop_assert_eq!(late, 0);
    }
}
