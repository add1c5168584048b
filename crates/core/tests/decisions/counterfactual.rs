//! Decisions that are replayed under other limits.

use banyan_core::decision::counterfactual::{Status, replay};
use banyan_core::decision::{
    ConsensusMode, Counterfactual, Decision, DecisionResult, Judged, KeptReview, Proposal, Verdict,
    Vote, consensus,
};
use banyan_core::ids::{Epoch, IntentId};
use banyan_core::instrument::Instrument;
use banyan_core::intent::{ExitReason, Intent, Protection, Sizing};
use banyan_core::kill::KillLevel;
use banyan_core::market::MarketView;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::position::Position;
use banyan_core::risk::{Denial, DenialCode, KeptView, RiskLimits, RiskView, review};
use banyan_core::time::Span;

use crate::scene::{NOW, WORKER, answered, decimal, decision, listed, percent, units};

const ANSWER: &str = r#"{"decisions":[
    {"symbol":"BTC","action":"open_long","leverage":5,"position_size_usd":50000,
     "stop_loss":49000,"take_profit":53000,"confidence":0.7},
    {"symbol":"ETH","action":"hold","confidence":0.6}]}"#;

fn view(instrument: &Instrument) -> RiskView<'_> {
    RiskView {
        now: NOW,
        instrument,
        market: MarketView {
            bid: Some(Price(4_999_990)),
            ask: Some(Price(5_000_010)),
            last: Some(Price(5_000_000)),
            mark: Some(Price(5_000_000)),
            time: Some(NOW - Span::seconds(1)),
        },
        average_true_range: Some(Price(40_000)),
        ready: true,
        journal_available: true,
        kill_level: KillLevel::None,
        live: None,
        worker_equity: units(100_000),
        worker_margin: Amount::ZERO,
        worker_position: Position::default(),
        worker_pending: Quantity::ZERO,
        worker_exiting: Quantity::ZERO,
        exit_failed_before: false,
        worker_positions: 0,
        worker_recent_orders: 0,
        worker_open_orders: 0,
        account_equity: units(1_000_000),
        account_margin: Amount::ZERO,
        account_maintenance: Amount::ZERO,
        account_position: Position::default(),
        drawdown: Rate::ZERO,
        daily_loss: Rate::ZERO,
        leverage: 5,
        leverage_is_free: true,
        others_side: None,
        own_best_bid: None,
        own_best_ask: None,
    }
}

fn wish(it: &Proposal) -> Intent {
    let price =
        |it: Option<rust_decimal::Decimal>| it.and_then(|it| Price::from_decimal(it, 2).ok());
    Intent::Open {
        instrument: it.instrument,
        side: Side::Buy,
        sizing: Sizing::Notional(it.position_size_usd.expect("a size")),
        leverage: it.leverage,
        protection: Protection {
            stop_loss: price(it.stop_loss),
            take_profit: price(it.take_profit),
            trailing: None,
        },
        confidence: Some(it.confidence),
    }
}

/// A decision that was carried out, with its review.
fn carried_out() -> (Decision, Vec<KeptReview>) {
    let mut it = decision(1, vec![answered("house:rules-v1", ANSWER)]);
    let intent = wish(&it.proposals[0].proposal);
    it.proposals[0].verdict = Verdict::Submitted(intent.clone());
    it.proposals[1].verdict = Verdict::Held;
    (it, vec![reviewed(intent)])
}

fn reviewed(intent: Intent) -> KeptReview {
    let (listed, limits) = (listed(), RiskLimits::default());
    let view = view(&listed[0]);
    let outcome = review(&intent, &view, &limits);
    let id = IntentId { worker: WORKER, epoch: Epoch(1), number: 1 };
    KeptReview { id, intent, outcome, view: KeptView::of(&view), limits }
}

fn again(
    decision: &Decision,
    reviews: &[KeptReview],
    change: &dyn Fn(&mut RiskLimits),
) -> Counterfactual {
    let listed = listed();
    let instruments: Vec<&Instrument> = listed.iter().collect();
    replay(decision, &instruments, reviews, change)
}

fn change(it: &Counterfactual, field: &str) -> Option<(Option<String>, Option<String>)> {
    let found = it.changed.iter().find(|it| it.field == field);
    found.map(|it| (it.original.clone(), it.replayed.clone()))
}

fn some(old: &str, new: &str) -> Option<(Option<String>, Option<String>)> {
    Some((Some(old.to_owned()), Some(new.to_owned())))
}

#[test]
fn under_the_same_limits_nothing_changes() {
    let (decision, reviews) = carried_out();
    let it = again(&decision, &reviews, &|_| {});
    assert_eq!((it.changed.clone(), it.id), (vec![], decision.id));
    assert_eq!(it.original, it.replayed);
    let order = it.original[0].order.as_ref().expect("it was approved");
    assert_eq!((it.original[0].status, it.original[1].status), (Status::Approved, Status::Held));
    assert_eq!((order.leverage, order.stop_loss), (5, Some(decimal("49000"))));
    assert!(order.notional <= decimal("50000") && order.notional > decimal("49000"));
    assert_eq!(order.margin, order.notional / decimal("5"));
    assert_eq!(order.expected_fee, order.notional * decimal("0.0004"));
}

#[test]
fn less_leverage_is_told_with_what_follows_from_it() {
    let (decision, reviews) = carried_out();
    let it = again(&decision, &reviews, &|limits| limits.max_leverage = 2);
    assert_eq!(change(&it, "leverage"), some("5", "2"));
    let (before, after) = (&it.original[0].order, &it.replayed[0].order);
    let (before, after) = (before.as_ref().expect("was"), after.as_ref().expect("is"));
    // 20 % of 100,000 as margin at leverage 2 is 40,000 at most.
    assert!(after.notional <= decimal("40000") && after.quantity < before.quantity);
    let clamped = after.clamps.iter().find(|it| it.field == "leverage").expect("a clamp");
    assert_eq!((clamped.wished, clamped.approved), (Some(decimal("5")), decimal("2")));
    assert!(change(&it, "quantity").is_some() && change(&it, "clamps").is_some());
    assert!(it.changed.iter().all(|it| it.symbol.base().as_str() == "BTC"));
}

#[test]
fn a_limit_that_refuses_is_named() {
    let (decision, reviews) = carried_out();
    let it = again(&decision, &reviews, &|limits| limits.min_confidence = percent(90));
    assert_eq!(change(&it, "status"), some("approved", "denied"));
    assert_eq!(change(&it, "code"), Some((None, Some("LOW_CONFIDENCE".to_owned()))));
    assert_eq!(it.replayed[0].order, None);
}

#[test]
fn a_limit_that_lets_through_what_was_refused_is_told() {
    let (mut decision, _) = carried_out();
    let mut proposal = decision.proposals[0].proposal.clone();
    proposal.confidence = percent(40);
    let raw = ANSWER.replace("0.7", "0.4");
    decision.answers = vec![answered("house:rules-v1", &raw)];
    let intent = wish(&proposal);
    decision.proposals[0] = Judged { proposal, verdict: Verdict::Submitted(intent.clone()) };
    let reviews = [reviewed(intent)];
    assert_eq!(again(&decision, &reviews, &|_| {}).original[0].status, Status::Denied);
    let it = again(&decision, &reviews, &|limits| limits.min_confidence = percent(30));
    assert_eq!(change(&it, "status"), some("denied", "approved"));
}

#[test]
fn what_never_came_to_review_says_so() {
    let (mut decision, reviews) = carried_out();
    decision.proposals[0].verdict = Verdict::Skipped("tainted".to_owned());
    let it = again(&decision, &reviews, &|limits| limits.max_leverage = 1);
    assert_eq!((it.original[0].status, it.changed.len()), (Status::Skipped, 0));
    assert_eq!(it.original[0].code.as_deref(), Some("tainted"));
    let (mut waiting, reviews) = carried_out();
    waiting.proposals[0].verdict = Verdict::AwaitingApproval(reviews[0].intent.clone());
    assert_eq!(again(&waiting, &[], &|_| {}).original[0].status, Status::AwaitingApproval);
    assert_eq!(again(&waiting, &reviews, &|_| {}).original[0].status, Status::Approved);
    let (submitted, _) = carried_out();
    assert_eq!(again(&submitted, &[], &|_| {}).original[0].status, Status::NotReviewed);
}

#[test]
fn what_the_account_refused_before_any_review_stays_refused() {
    let (decision, mut reviews) = carried_out();
    reviews[0].outcome = Err(Denial::plain(DenialCode::AlreadyClosing));
    let it = again(&decision, &reviews, &|limits| limits.max_leverage = 2);
    assert_eq!((it.replayed[0].status, it.changed.len()), (Status::Denied, 0));
}

#[test]
fn limits_of_entries_change_no_exit() {
    let raw = r#"[{"symbol":"BTC","action":"close_long"}]"#;
    let mut it = decision(1, vec![answered("house:rules-v1", raw)]);
    let instrument = it.proposals[0].proposal.instrument;
    let intent = Intent::Close { instrument, quantity: None, reason: ExitReason::ExitSignal };
    it.proposals[0].verdict = Verdict::Submitted(intent.clone());
    let mut kept = reviewed(intent);
    kept.view.worker_position = Position { quantity: Quantity(500), ..Position::default() };
    kept.outcome = review(&kept.intent, &kept.view.view(), &kept.limits);
    let it = again(&it, &[kept], &|limits| {
        limits.min_confidence = Rate::ONE;
        limits.max_leverage = 1;
        limits.max_positions = 1;
    });
    assert_eq!((it.original[0].status, it.changed.len()), (Status::Approved, 0));
    assert_eq!(it.original[0].order.as_ref().map(|it| it.margin), Some(decimal("0")));
}

#[test]
fn a_debate_is_counted_again() {
    let other = ANSWER.replace("50000", "30000");
    let silent = "I cannot say.";
    let answers =
        vec![answered("house:b", &other), answered("house:c", silent), answered("house:a", ANSWER)];
    let mut it = decision(1, answers.clone());
    let names = ["house:a", "house:b", "house:c"].map(|it| it.parse().expect("a name"));
    let replies = [answers[2].reply.clone(), answers[0].reply.clone()].map(|it| it.expect("one"));
    let votes: Vec<_> =
        names.iter().zip(&replies).map(|(model, reply)| Vote { model, reply }).collect();
    let agreed = consensus(ConsensusMode::MajorityVote, 2, &names, &votes).expect("a quorum");
    let judged = |proposal| Judged { proposal, verdict: Verdict::Held };
    it.proposals = agreed.reply.proposals.into_iter().map(judged).collect();
    it.debate = Some(agreed.summary);
    assert_eq!(again(&it, &[], &|_| {}).changed, []);
    it.proposals[0].proposal.position_size_usd = Some(units(1));
    let it = again(&it, &[], &|_| {});
    assert_eq!(change(&it, "proposal.position_size_usd"), some("1", "40000"));
}

#[test]
fn an_answer_that_is_read_otherwise_today_is_told() {
    let (mut it, reviews) = carried_out();
    it.proposals.remove(1);
    let it = again(&it, &reviews, &|_| {});
    assert_eq!(change(&it, "proposal.action"), Some((None, Some("hold".to_owned()))));
}

#[test]
fn a_cycle_without_a_decision_has_nothing_to_replay() {
    let mut it = decision(1, vec![answered("house:rules-v1", "no JSON")]);
    it.result =
        DecisionResult::Failed { code: "unreadable".to_owned(), message: "none".to_owned() };
    assert!(again(&it, &[], &|_| {}).changed.is_empty());
    let mut late = decision(1, vec![answered("house:rules-v1", ANSWER)]);
    late.proposals.clear();
    late.result = DecisionResult::Failed { code: "timeout".to_owned(), message: "late".to_owned() };
    assert!(again(&late, &[], &|_| {}).changed.is_empty());
}

#[test]
fn the_answer_is_for_programs_too() {
    let (decision, reviews) = carried_out();
    let it = again(&decision, &reviews, &|limits| limits.max_leverage = 2);
    let json = serde_json::to_value(&it).expect("it can be written");
    assert_eq!(json["original"][0]["status"], "approved");
    assert_eq!(json["original"][0]["order"]["leverage"], 5);
    assert!(json["changed"].as_array().is_some_and(|it| !it.is_empty()));
    assert_eq!(serde_json::from_value::<Counterfactual>(json).expect("it can be read"), it);
}
