//! What an account remembers does not grow with the number of its trades.

use banyan_core::account::{Input, WorkerCommand};
use banyan_core::order::Side;

use crate::desk::{A, Desk};
use crate::listing::price;

fn size(desk: &Desk) -> usize {
    postcard::to_allocvec(desk.account.state()).expect("a state has bytes").len()
}

/// One position opened and closed, and the worker's state saved.
fn round_trip(desk: &mut Desk) {
    desk.now = desk.now + banyan_core::time::Span::seconds(1);
    desk.mark(crate::listing::LINEAR, price(50_000));
    desk.enter(A, Side::Buy, 10, price(50_000));
    let exit = desk.close(A)[0].client_id;
    desk.fill(exit, 10, price(50_000));
    let seen = desk.account.state().workers[&A].told;
    let (worker, epoch, saved) = (A, desk.epoch(A), Some((seen, vec![7; 100])));
    desk.handle(Input::Submit(WorkerCommand {
        worker,
        epoch,
        saved,
        decisions: Vec::new(),
        intents: Vec::new(),
    }));
    desk.records.clear();
    desk.told.clear();
    desk.venue.fills.clear();
}

#[test]
fn ten_thousand_fills_leave_a_state_of_bounded_size() {
    let mut desk = Desk::ready();
    let mut sizes = Vec::new();
    for trips in 1..=5_000 {
        round_trip(&mut desk);
        if trips % 1_250 == 0 {
            sizes.push(size(&desk));
        }
    }
    assert_eq!(desk.account.state().workers[&A].totals.fills, 10_000);
    let (before, after) = (sizes[1] as f64, sizes[3] as f64);
    // Numbers become a little longer; nothing becomes more.
    assert!(after < before * 1.25, "{sizes:?}");
    assert!(sizes[3] < 600_000, "{sizes:?}");
}
