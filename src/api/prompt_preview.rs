//! What a model would be told: the prompt of a strategy that does not run, with the markets of the
//! moment and an account that holds nothing.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use banyan_core::decision::Snapshot;
use banyan_core::ids::WorkerId;
use banyan_core::instrument::Instrument;
use banyan_core::money::Amount;
use banyan_core::prompt::{self, BuiltPrompt, Observer};
use banyan_core::strategy::config::AiConfig;
use banyan_core::worker::{WorkerBook, WorkerView};
use serde::Serialize;

use super::ai_strategy_form;
use super::error::ApiError;
use super::fields::Fields;
use super::state::AppState;
use crate::auth::Caller;
use crate::fleet;
use crate::llm::tokens;

/// What the account of a preview has.
const CAPITAL: Amount = Amount::from_units(10_000);

#[derive(Serialize)]
pub(super) struct PreviewShape {
    system_prompt: String,
    user_prompt: String,
    estimated_tokens: u64,
    system_tokens: u64,
    user_tokens: u64,
    sections: Vec<String>,
}

pub(super) async fn preview(
    State(state): State<AppState>,
    _: Caller,
    fields: Fields,
) -> Result<Json<PreviewShape>, ApiError> {
    let config = ai_strategy_form::read_preview(fields)?;
    let BuiltPrompt { system, user, sections } = build(&state, &config).await;
    // The vocabulary is read when it is needed first, which takes a moment.
    let counted = tokio::task::spawn_blocking(move || {
        (tokens::count(&system), tokens::count(&user), system, user)
    });
    let (system_tokens, user_tokens, system_prompt, user_prompt) =
        counted.await.map_err(|_| ApiError::internal("tokens could not be counted"))?;
    let estimated_tokens = system_tokens + user_tokens;
    Ok(Json(PreviewShape {
        system_prompt,
        user_prompt,
        estimated_tokens,
        system_tokens,
        user_tokens,
        sections,
    }))
}

async fn build(state: &AppState, config: &AiConfig) -> BuiltPrompt {
    let listed = state.engine.instruments();
    let names = config.symbols.iter();
    let traded: Vec<_> = names.filter_map(|name| fleet::resolve(name, listed).ok()).collect();
    let observer = observe(state, config, &traded).await;
    let (markets, limits) = (state.engine.prices().await, config.limits());
    let view = WorkerView {
        worker: WorkerId::default(),
        strategy_version: 1,
        now: state.clock.now(),
        instruments: listed,
        markets: &markets,
        book: &WorkerBook::default(),
        capital: CAPITAL,
        limits: &limits,
    };
    let (account, positions) =
        prompt::standing(&view, Amount::ZERO, Amount::ZERO, &BTreeMap::new());
    let (shown, left_out) = observer.markets(&view);
    let snapshot = Snapshot {
        time: view.now,
        account,
        positions,
        markets: shown,
        left_out,
        closed_trades: Vec::new(),
        external: Vec::new(),
    };
    prompt::build(&config.prompt_spec(&limits), &snapshot)
}

/// Looks at the candles that a strategy would be warmed up with.
async fn observe(state: &AppState, config: &AiConfig, traded: &[&Instrument]) -> Observer {
    let mut observer = Observer::new(&config.timeframes, &config.indicators, traded);
    for instrument in traded {
        for timeframe in &config.timeframes {
            let needed = observer.candles_needed(*timeframe);
            for candle in state.engine.candles(instrument.id, *timeframe, needed).await {
                observer.observe(instrument.id, *timeframe, &candle);
            }
        }
    }
    observer
}
