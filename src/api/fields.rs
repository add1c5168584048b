//! Reads the fields of a body, a form or a query, and collects everything that is wrong with them:
//! missing, of another type, out of bounds, or unknown.

use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use banyan_core::money::Amount;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::error::{ApiError, Detail};
use super::state::AppState;
use crate::secret::Secret;

/// Characters of the longest secret.
const LONGEST_SECRET: usize = 4_096;
/// Rows of a list when nobody says how many, and at most.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1_000;
const LARGEST_OFFSET: i64 = 10_000_000;

/// Fields that are being read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    given: Map<String, Value>,
    errors: Vec<Detail>,
}

/// The fields of a body, where there is one.
pub(super) struct MaybeFields(pub(super) Fields);

/// The fields of a query.
pub(super) struct Filter(pub(super) Fields);

/// The fields of a form.
pub(super) struct Form(pub(super) Fields);

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) limit: i64,
    pub(super) offset: i64,
}

impl Fields {
    fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            if fields.given.insert(name.clone(), Value::String(value)).is_some() {
                fields.fail(&name, "is given twice");
            }
        }
        fields
    }

    /// Notes that a field is wrong.
    pub(super) fn fail(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(Detail::new(field, message));
    }

    /// Takes a field as it is; `null` is as good as nothing.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.given.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a field that is ignored.
    pub(super) fn ignore(&mut self, name: &str) {
        self.given.remove(name);
    }

    /// All fields, for whoever reads them as a whole.
    pub(super) fn into_object(self) -> Map<String, Value> {
        self.given
    }

    /// Moves a field into an object beside it, where that does not have it yet.
    pub(super) fn move_into(&mut self, object: &str, name: &str) {
        let Some(value) = self.value(name) else {
            return;
        };
        let empty = || Value::Object(Map::new());
        if let Value::Object(target) = self.given.entry(object).or_insert_with(empty) {
            target.entry(name).or_insert(value);
        }
    }

    /// A list of texts without blanks around them, none longer than `longest`.
    pub(super) fn texts(&mut self, name: &str, longest: usize) -> Option<Vec<String>> {
        let text = |value: &Value| {
            let text = value.as_str()?.trim();
            (1..=longest).contains(&text.chars().count()).then(|| text.to_owned())
        };
        let value = self.value(name)?;
        let texts = value.as_array().and_then(|it| it.iter().map(text).collect());
        if texts.is_none() {
            self.fail(name, format!("must be a list of texts of 1 to {longest} characters"));
        }
        texts
    }

    /// What is there, or a stand-in and an error.
    pub(super) fn require<T: Default>(&mut self, name: &str, value: Option<T>) -> T {
        if value.is_none() && !self.errors.iter().any(|it| it.field == name) {
            self.fail(name, "is required");
        }
        value.unwrap_or_default()
    }

    fn string(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.fail(name, "must be a text");
                None
            }
        }
    }

    /// A text without blanks around it, of so many characters.
    pub(super) fn text(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.string(name)?.trim().to_owned();
        let (low, high) = (length.start(), length.end());
        if !length.contains(&text.chars().count()) {
            self.fail(name, format!("must be {low} to {high} characters long"));
            return None;
        }
        if text.chars().any(|it| it.is_control() && it != '\n' && it != '\t') {
            self.fail(name, "must have no control characters");
            return None;
        }
        Some(text)
    }

    /// A secret, as it is.
    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        let text = self.string(name)?;
        if text.is_empty() || text.len() > LONGEST_SECRET {
            self.fail(name, format!("must be 1 to {LONGEST_SECRET} characters long"));
            return None;
        }
        Some(Secret::new(text))
    }

    /// A truth.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => {
                self.fail(name, "must be true or false");
                None
            }
        }
    }

    /// A positive amount.
    pub(super) fn amount(&mut self, name: &str) -> Option<Amount> {
        let value = self.value(name)?;
        let amount = decimal(&value).and_then(|it| Amount::from_decimal(it).ok());
        let most = Amount::from_units(1_000_000_000_000);
        let amount = amount.filter(|it| it.is_positive() && *it <= most);
        if amount.is_none() {
            self.fail(name, "must be a number above zero, with at most eight decimals");
        }
        amount
    }

    /// One of some words.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.string(name)?;
        match text.trim().parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(name, error.to_string());
                None
            }
        }
    }

    fn whole(&mut self, name: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let whole = match &value {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        };
        let whole = whole.filter(|it| bounds.contains(it));
        if whole.is_none() {
            let (low, high) = (bounds.start(), bounds.end());
            self.fail(name, format!("must be a whole number from {low} to {high}"));
        }
        whole
    }

    /// A number, a truth or a text, as it is written.
    pub(super) fn literal(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => {
                self.fail(name, "must be a number");
                None
            }
        }
    }

    /// Which part of a list is wanted.
    pub(super) fn page(&mut self) -> Page {
        self.page_of(PAGE, LARGEST_PAGE)
    }

    /// The same for lists of another usual and largest length.
    pub(super) fn page_of(&mut self, usual: i64, largest: i64) -> Page {
        let limit = self.whole("limit", 1..=largest).unwrap_or(usual);
        let offset = self.whole("offset", 0..=LARGEST_OFFSET).unwrap_or_default();
        Page { limit, offset }
    }

    /// Fails if anything was wrong, or is left over.
    pub(super) fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<_> = self.given.keys().cloned().collect();
        for name in unknown {
            let name: String = name.chars().take(64).collect();
            self.fail(&name, "is not known here");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(self.errors)) }
    }
}

/// A number, or a text that is one, digit by digit.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

fn content_type(headers: &HeaderMap) -> &str {
    let given = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim()
}

fn require_content_type(headers: &HeaderMap, expected: &str) -> Result<(), ApiError> {
    if content_type(headers).eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let message = format!("the body must be {expected}; say so in Content-Type");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message))
}

/// Reads a body that is not too long.
pub(super) async fn read_body(
    request: Request,
    longest: usize,
) -> Result<axum::body::Bytes, ApiError> {
    let body = to_bytes(request.into_body(), longest).await;
    body.map_err(|_| ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE))
}

impl FromRequest<AppState> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        require_content_type(request.headers(), "application/json")?;
        let body = read_body(request, state.settings.body_bytes).await?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(given)) => Ok(Self { given, errors: Vec::new() }),
            Ok(_) => Err(ApiError::field("body", "must be a JSON object")),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let message = format!("is not JSON: line {line}, column {column}");
                let error = ApiError::field("body", message);
                Err(ApiError { code: "INVALID_JSON", ..error })
            }
        }
    }
}

impl FromRequest<AppState> for MaybeFields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if request.headers().contains_key(CONTENT_TYPE) {
            return Fields::from_request(request, state).await.map(Self);
        }
        Ok(Self(Fields::default()))
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        require_content_type(request.headers(), "application/x-www-form-urlencoded")?;
        let pairs = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
        let axum::Form(pairs) =
            pairs.map_err(|_| ApiError::field("body", "must be fields of a form"))?;
        Ok(Self(Fields::of_pairs(pairs)))
    }
}

impl FromRequestParts<AppState> for Filter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|_| ApiError::field("query", "is malformed"))?;
        Ok(Self(Fields::of_pairs(pairs)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(given) = value else {
            panic!("an object is expected");
        };
        Fields { given, errors: Vec::new() }
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        let mut it = fields(json!({
            "name": "", "flag": 1, "amount": -1, "limit": 0, "extra": true, "secret": 5,
            "gone": null
        }));
        let name = it.text("name", 1..=10);
        it.require("name", name);
        assert_eq!(it.flag("flag"), None);
        assert_eq!(it.amount("amount"), None);
        assert_eq!(it.secret("secret"), None);
        it.page();
        let gone = it.text("gone", 1..=10);
        it.require("gone", gone);
        let error = it.finish().unwrap_err();
        let named: Vec<_> = error.details.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(named, ["name", "flag", "amount", "secret", "limit", "gone", "extra"]);
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn what_is_right_is_read_exactly() {
        let mut it = fields(json!({
            "name": " a b ", "amount": 0.1, "text_amount": "12345678901.12345678", "limit": "7"
        }));
        assert_eq!(it.text("name", 1..=10).as_deref(), Some("a b"));
        assert_eq!(it.amount("amount"), Some(Amount(10_000_000)));
        assert_eq!(it.amount("text_amount"), Some(Amount(1_234_567_890_112_345_678)));
        assert_eq!(it.page(), Page { limit: 7, offset: 0 });
        assert!(it.finish().is_ok());
        let twice = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        let mut it = Fields::of_pairs(twice);
        it.ignore("a");
        assert_eq!(it.finish().unwrap_err().message, "a is given twice");
    }
}
