//! Whatever text comes as an answer, reading it ends and panics nowhere, and checking its claims
//! does neither.

#![no_main]

use banyan_core::decision::{Snapshot, Universe, claims, parse};
use banyan_core::instrument::Instrument;
use libfuzzer_sys::fuzz_target;

/// Two instruments and a snapshot, as the tests of the crate have them.
const SCENE: &str = include_str!("../scene.json");

fuzz_target!(|text: &str| {
    let (listed, snapshot): (Vec<Instrument>, Snapshot) =
        serde_json::from_str(SCENE).expect("the scene is written by a test");
    let instruments: Vec<&Instrument> = listed.iter().collect();
    let parsed = parse(text, &Universe { instruments: &instruments, held: &snapshot.positions });
    assert_eq!(parsed.reply.is_some(), parsed.error.is_none());
    if let Some(reply) = parsed.reply {
        let _ = claims::check(&reply, &snapshot, 50.into());
    }
});
