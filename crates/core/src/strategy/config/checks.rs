//! Collects every fault of a configuration, not only the first.

use rust_decimal::Decimal;
use serde::Serialize;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name as it is written in the configuration.
    pub field: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

impl FieldError {
    pub(in crate::strategy) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Amounts above this are a slip of the keyboard.
const LARGEST_AMOUNT: i64 = 1_000_000_000_000;

/// The faults found so far.
#[derive(Default)]
pub(super) struct Checks(Vec<FieldError>);

impl Checks {
    pub(super) fn require(&mut self, holds: bool, field: &'static str, message: &str) {
        if !holds {
            self.0.push(FieldError::new(field, message));
        }
    }

    /// Between `low` and `high`, both included.
    pub(super) fn within(
        &mut self,
        field: &'static str,
        value: impl Into<Decimal>,
        low: impl Into<Decimal>,
        high: impl Into<Decimal>,
    ) {
        let (value, low, high) = (value.into(), low.into(), high.into());
        let message = format!("must be between {low} and {high}, not {value}");
        self.require((low..=high).contains(&value), field, &message);
    }

    /// An amount of the settle asset that is greater than zero.
    pub(super) fn amount(&mut self, field: &'static str, value: Decimal) {
        self.require(value > Decimal::ZERO, field, "must be greater than zero");
        self.amount_or_zero(field, value);
    }

    /// An amount of the settle asset.
    pub(super) fn amount_or_zero(&mut self, field: &'static str, value: Decimal) {
        self.require(value >= Decimal::ZERO, field, "must not be negative");
        let fits = value <= Decimal::from(LARGEST_AMOUNT);
        self.require(fits, field, "must be at most 1000000000000");
        self.decimals(field, value);
    }

    pub(super) fn price(&mut self, field: &'static str, value: Decimal) {
        self.require(value > Decimal::ZERO, field, "must be greater than zero");
    }

    /// A percentage within bounds, exact as a rate.
    pub(super) fn percent(&mut self, field: &'static str, value: Decimal, low: Decimal, high: u32) {
        self.within(field, value, low, high);
        self.decimals(field, value);
    }

    /// As `percent`, and zero stands for none.
    pub(super) fn percent_or_zero(
        &mut self,
        field: &'static str,
        value: Decimal,
        low: Decimal,
        high: u32,
    ) {
        if !value.is_zero() {
            self.percent(field, value, low, high);
        }
    }

    pub(super) fn leverage(&mut self, value: Decimal) {
        self.within("leverage", value, 1, 50);
        let whole = value.fract().is_zero();
        self.require(whole, "leverage", "must be a whole number");
    }

    /// Amounts and percentages are held with eight decimals.
    fn decimals(&mut self, field: &'static str, value: Decimal) {
        let fits = value.normalize().scale() <= 8;
        self.require(fits, field, "must have at most eight decimals");
    }

    pub(super) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
