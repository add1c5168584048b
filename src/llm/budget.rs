//! Money for models: reserved before a call is made, settled after it, and refused when there is
//! none left.
//!
//! What is not known costs too much: a model without a price, and a day that cannot be read, are
//! refused. One process reserves at a time, so that two calls cannot spend the same money.

use banyan_core::ids::WorkerId;
use banyan_core::model::{FailureKind, ModelFailure, ModelName, Usage};
use banyan_core::money::{AMOUNT_ONE, Amount};
use banyan_core::time::{DAY, Span, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::settings::LlmSettings;
use super::wire::ToldUsage;
use crate::clock::Clock;
use crate::entropy;
use crate::store::{ANSWERED, ModelCallDraft, ModelSpending, Owner, ProviderModel, Store};

/// What a call that nobody waited for is settled as.
const WITHDRAWN: &str = "withdrawn";
/// How long it is kept what a call cost.
const KEPT: Span = Span(90 * DAY);

/// What tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    /// Dollars for 1000 tokens of the question.
    input: Decimal,
    /// Dollars for 1000 tokens of the answer.
    output: Decimal,
}

impl Price {
    /// The price of a model.
    ///
    /// # Errors
    /// When it is not known and the model is not declared free.
    pub(super) fn of(model: &ProviderModel) -> Result<Self, ModelFailure> {
        let known = |price: Option<Decimal>| price.filter(|it| !it.is_sign_negative());
        if model.free {
            return Ok(Self { input: Decimal::ZERO, output: Decimal::ZERO });
        }
        match (known(model.cost_per_1k_input), known(model.cost_per_1k_output)) {
            (Some(input), Some(output)) => Ok(Self { input, output }),
            _ => {
                let why = format!("the price of {} is not known, and it is not free", model.id);
                Err(ModelFailure::new(FailureKind::Budget, why))
            }
        }
    }

    /// What so many tokens cost, rounded up.
    pub(super) fn cost(&self, input: u64, output: u64) -> Amount {
        let part = |price: Decimal, tokens: u64| price.checked_mul(Decimal::from(tokens));
        let thousandths = part(self.input, input)
            .and_then(|it| it.checked_add(part(self.output, output)?))
            .and_then(|it| it.checked_mul(Decimal::from(AMOUNT_ONE / 1_000)));
        let units = thousandths
            .map(|it| it.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero))
            .and_then(|it| i128::try_from(it).ok());
        Amount(units.unwrap_or(i128::from(i64::MAX)))
    }
}

/// Tokens of one call, as they come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TokenMeter {
    /// Whether the provider may charge for it.
    pub(super) charged: bool,
    /// Of the question, as we count them.
    pub(super) input: u64,
    /// Of the answer, as we count them.
    pub(super) answer: u64,
    /// Of the reasoning, as we count them.
    pub(super) reasoning: u64,
    /// What the provider tells; goes before what we count.
    pub(super) told: Option<ToldUsage>,
}

impl TokenMeter {
    /// Tokens of question, answer with reasoning, and reasoning.
    fn tokens(&self) -> (u64, u64, u64) {
        if !self.charged {
            return (0, 0, 0);
        }
        let told = self.told.unwrap_or_default();
        let output = told.output.unwrap_or(self.answer + self.reasoning);
        let reasoning = told.reasoning.unwrap_or(self.reasoning).min(output);
        (told.input.unwrap_or(self.input), output, reasoning)
    }
}

/// Who pays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payer {
    pub(super) owner: Owner,
    pub(super) worker: WorkerId,
}

/// Reserves and settles.
pub(super) struct Budget {
    store: Store,
    clock: Clock,
    worker: Amount,
    user: Amount,
    /// One at a time; with the last day on which old calls were forgotten.
    swept: Mutex<i64>,
}

/// Money that is set aside for one call. Dropped before it is settled, the call counts as
/// withdrawn, with what came of it so far.
pub(super) struct Reservation {
    id: Uuid,
    store: Store,
    clock: Clock,
    price: Price,
    made_at: Timestamp,
    is_open: bool,
    pub(super) meter: TokenMeter,
}

impl Budget {
    pub(super) fn new(store: Store, clock: Clock, settings: &LlmSettings) -> Self {
        let (worker, user) = (settings.worker_budget(), settings.user_budget());
        Self { store, clock, worker, user, swept: Mutex::new(i64::MIN) }
    }

    /// Sets money aside for a call, durably.
    ///
    /// # Errors
    /// When there is not enough left today, or nobody can tell.
    pub(super) async fn reserve(
        &self,
        payer: Payer,
        (provider, model): (Uuid, &ModelName),
        price: Price,
        cost: Amount,
    ) -> Result<Reservation, ModelFailure> {
        let mut swept = self.swept.lock().await;
        let now = self.clock.now();
        self.sweep(&mut swept, now).await;
        let unknown = |error: crate::store::StoreError| {
            let why = format!("nobody can tell what was spent today: {error}");
            ModelFailure::new(FailureKind::Budget, why)
        };
        let spent = self.store.model_spending(payer.owner, payer.worker, now).await;
        self.refuse(&spent.map_err(unknown)?, cost)?;
        let draft = ModelCallDraft {
            worker: payer.worker,
            provider,
            model: model.as_str().to_owned(),
            reserved: cost,
        };
        // Made before it is written: whoever gives up while it is leaves nothing reserved.
        let mut reservation = self.reservation(price, now);
        let id = reservation.id;
        if let Err(error) = self.store.reserve_model_call(payer.owner, id, &draft, now).await {
            reservation.is_open = false;
            return Err(unknown(error));
        }
        Ok(reservation)
    }

    fn reservation(&self, price: Price, now: Timestamp) -> Reservation {
        Reservation {
            id: entropy::id(now),
            store: self.store.clone(),
            clock: self.clock,
            price,
            made_at: now,
            is_open: true,
            meter: TokenMeter::default(),
        }
    }

    /// Forgets old calls, once a day; it is no harm when that fails.
    async fn sweep(&self, swept: &mut i64, now: Timestamp) {
        if *swept == now.day() {
            return;
        }
        *swept = now.day();
        if let Err(error) = self.store.forget_model_calls(now - KEPT).await {
            tracing::warn!(%error, "old calls of models could not be forgotten");
        }
    }

    fn refuse(&self, spent: &ModelSpending, cost: Amount) -> Result<(), ModelFailure> {
        if cost.is_zero() {
            return Ok(());
        }
        let whose = [("strategy", spent.worker, self.worker), ("user", spent.user, self.user)];
        for (who, spent, budget) in whose {
            if spent.0.saturating_add(cost.0) > budget.0 {
                let why = format!(
                    "the {who} may spend {budget} dollars a day on models; {spent} are spent or \
                     reserved, and this call may cost {cost}"
                );
                return Err(ModelFailure::new(FailureKind::Budget, why));
            }
        }
        Ok(())
    }

    /// What may still be spent, after what was.
    pub(super) fn left(&self, spent: &ModelSpending) -> (Amount, Amount) {
        let left = |budget: Amount, spent: Amount| Amount((budget.0 - spent.0).max(0));
        let user = left(self.user, spent.user);
        (left(self.worker, spent.worker).min(user), user)
    }
}

impl Reservation {
    /// What the call took so far.
    fn usage(&self) -> Usage {
        let (input_tokens, output_tokens, reasoning_tokens) = self.meter.tokens();
        Usage {
            input_tokens,
            output_tokens,
            reasoning_tokens,
            cost: self.price.cost(input_tokens, output_tokens),
            latency: self.clock.now() - self.made_at,
            attempts: 1,
        }
    }

    /// Writes down what became of the call. What cannot be written stays reserved.
    pub(super) async fn settle(mut self, failure: Option<FailureKind>) -> Usage {
        self.is_open = false;
        let usage = self.usage();
        let outcome = failure.map_or(ANSWERED, FailureKind::name);
        let settled =
            self.store.settle_model_call(self.id, outcome, &usage, self.clock.now()).await;
        if let Err(error) = settled {
            tracing::error!(%error, call = %self.id, "the cost of a call could not be settled");
        }
        usage
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        // Without a runtime the engine is ending, and what was reserved counts.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (store, id, usage, now) = (self.store.clone(), self.id, self.usage(), self.clock.now());
        runtime.spawn(async move {
            if let Err(error) = store.settle_model_call(id, WITHDRAWN, &usage, now).await {
                tracing::error!(%error, call = %id, "the cost of a call could not be settled");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::catalogue;

    fn model(id: &str) -> ProviderModel {
        let models = catalogue::presets().iter().flat_map(catalogue::Preset::models);
        models.into_iter().find(|it| it.id == id).unwrap()
    }

    #[test]
    fn costs_are_exact_and_rounded_up() {
        let price = Price::of(&model("deepseek-chat")).unwrap();
        assert_eq!(price.cost(1_000, 0), Amount(28_000));
        assert_eq!(price.cost(0, 1_000), Amount(42_000));
        assert_eq!(price.cost(1, 1), Amount(70));
        let cheap = Price { input: Decimal::new(1, 9), output: Decimal::ZERO };
        assert_eq!(cheap.cost(1, 0), Amount(1));
        assert!(price.cost(u64::MAX, u64::MAX).0 > AMOUNT_ONE);
    }

    #[test]
    fn a_model_without_a_price_is_refused_unless_it_is_free() {
        let unpriced = ProviderModel { cost_per_1k_output: None, ..model("deepseek-chat") };
        assert_eq!(Price::of(&unpriced).unwrap_err().kind, FailureKind::Budget);
        let negative = ProviderModel {
            cost_per_1k_input: Some(Decimal::NEGATIVE_ONE),
            ..model("deepseek-chat")
        };
        assert_eq!(Price::of(&negative).unwrap_err().kind, FailureKind::Budget);
        let free = ProviderModel { free: true, ..unpriced };
        assert_eq!(Price::of(&free).unwrap().cost(9_999, 9_999), Amount::ZERO);
    }

    #[test]
    fn what_a_provider_tells_goes_before_what_we_count() {
        let mut meter = TokenMeter { input: 10, answer: 5, reasoning: 3, ..Default::default() };
        assert_eq!(meter.tokens(), (0, 0, 0));
        meter.charged = true;
        assert_eq!(meter.tokens(), (10, 8, 3));
        meter.told = Some(ToldUsage { input: Some(12), output: Some(7), reasoning: Some(9) });
        assert_eq!(meter.tokens(), (12, 7, 7));
    }
}
