//! Finds the decisions within a value: a document with a list of them, a bare list, one alone, or
//! decisions by symbol.
//!
//! Knows which keys make a decision, not what their values mean.

use super::fields;
use super::value::{Object, Value};

/// How deep wrappers are looked through.
const DEEPEST_WRAPPER: usize = 3;

/// Decisions as they stand in an answer.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// What stands beside the list, where there is such a thing.
    pub(super) document: Option<Object>,
    pub(super) decisions: Vec<Value>,
}

/// The decisions of a value; `None` where there is no place for any.
pub(super) fn decisions_in(value: &Value) -> Option<Shape> {
    within(value, 0)
}

/// Says whether a value names a symbol and an action.
pub(super) fn is_decision(value: &Value) -> bool {
    matches!(value, Value::Object(object) if
        object.get(&fields::SYMBOL).is_some() && object.get(&fields::ACTION).is_some())
}

fn within(value: &Value, depth: usize) -> Option<Shape> {
    match value {
        _ if depth > DEEPEST_WRAPPER => None,
        Value::Text(text) => within(&Value::strict(text)?, depth + 1),
        Value::List(values) => list(values, depth),
        Value::Object(object) => of_object(value, object, depth),
        Value::Null | Value::Flag(_) | Value::Number(_) => None,
    }
}

fn list(values: &[Value], depth: usize) -> Option<Shape> {
    let bare = |value: &Value| match value {
        Value::Object(object) => object.get(&fields::ACTION).is_some(),
        _ => false,
    };
    if values.iter().any(bare) {
        return Some(Shape { document: None, decisions: values.to_vec() });
    }
    values.iter().find_map(|value| within(value, depth + 1))
}

fn of_object(value: &Value, object: &Object, depth: usize) -> Option<Shape> {
    if let Some(inner) = object.get(&fields::DECISIONS)
        && let Some(decisions) = listed(inner)
    {
        return Some(Shape { document: Some(object.clone()), decisions });
    }
    if is_decision(value) {
        return Some(Shape { document: None, decisions: vec![value.clone()] });
    }
    by_symbol(object)
        .map(|decisions| Shape { document: None, decisions })
        .or_else(|| object.members.iter().find_map(|(_, inner)| wrapped(inner, depth)))
}

/// What a wrapper such as `{"response": ...}` holds.
fn wrapped(inner: &Value, depth: usize) -> Option<Shape> {
    matches!(inner, Value::Object(_) | Value::List(_)).then(|| within(inner, depth + 1)).flatten()
}

fn listed(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(values) => Some(values.clone()),
        Value::Object(_) if is_decision(value) => Some(vec![value.clone()]),
        Value::Object(object) => by_symbol(object),
        Value::Text(text) => listed(&Value::strict(text)?),
        Value::Null | Value::Flag(_) | Value::Number(_) => None,
    }
}

/// Decisions whose keys are their symbols.
fn by_symbol(object: &Object) -> Option<Vec<Value>> {
    let named = |(key, value): &(String, Value)| match value {
        Value::Object(inner) if inner.get(&fields::ACTION).is_some() => {
            let mut inner = inner.clone();
            if inner.get(&fields::SYMBOL).is_none() {
                inner.members.push(("symbol".to_owned(), Value::Text(key.clone())));
            }
            Some(Value::Object(inner))
        }
        _ => None,
    };
    let decisions: Vec<_> = object.members.iter().filter_map(named).collect();
    (!decisions.is_empty()).then_some(decisions)
}
