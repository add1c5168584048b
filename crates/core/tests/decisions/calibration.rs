//! Confidence against what came of it, by hand-computed examples.

use banyan_core::decision::Calibration;
use banyan_core::money::Rate;

use crate::scene::percent;

#[test]
fn the_score_is_the_mean_squared_distance() {
    let pairs = [
        (percent(80), Some(percent(2))),
        (percent(60), Some(percent(-1))),
        (percent(90), None),
        (percent(50), Some(Rate::ZERO)),
    ];
    let it = Calibration::of("house:rules-v1", &pairs);
    assert_eq!((it.model.as_str(), it.decisions, it.measured), ("house:rules-v1", 4, 3));
    // (0.2² + 0.6² + 0.5²) / 3 = 0.65 / 3
    assert_eq!(it.brier, Some(Rate(2_166_666_667)));
}

#[test]
fn nothing_measured_has_no_score() {
    let it = Calibration::of("m", &[(percent(80), None)]);
    assert_eq!((it.decisions, it.measured, it.brier), (1, 0, None));
    assert!(it.table.is_empty());
}

#[test]
fn the_table_tells_how_often_a_confidence_was_right() {
    let gain = |hit: bool| Some(percent(if hit { 1 } else { -1 }));
    let pairs = [
        (percent(70), gain(true)),
        (percent(74), gain(true)),
        (percent(79), gain(false)),
        (percent(100), gain(true)),
        (percent(0), gain(false)),
    ];
    let it = Calibration::of("m", &pairs);
    let from: Vec<_> = it.table.iter().map(|bin| bin.from).collect();
    assert_eq!(from, [percent(0), percent(70), percent(90)]);
    let seventies = &it.table[1];
    assert_eq!((seventies.to, seventies.count), (percent(80), 3));
    assert_eq!(seventies.mean_confidence, Rate(7_433_333_333));
    assert_eq!(seventies.hit_rate, Rate(6_666_666_667));
    assert_eq!(it.table[2].hit_rate, Rate::ONE);
}
