//! How each type of provider wants to be asked: one table, and what was learned on the way.
//!
//! Knows no network and no key. Where a provider refuses a part of a request, the next one is
//! made without it.

use banyan_core::model::AnswerFormat;
use serde_json::{Value, json};

use super::refusal::Dislike;

/// How a type of provider wants to be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// Its type.
    pub(super) id: &'static str,
    /// The strictest format it takes.
    pub(super) format: AnswerFormat,
    /// What it takes for a temperature.
    pub(super) temperature: Temperature,
    /// The field that bounds the answer.
    pub(super) token_field: TokenField,
    /// How thinking is switched on and off.
    pub(super) thinking: Thinking,
    /// Keywords of JSON schema that it refuses.
    pub(super) refused_keywords: &'static [&'static str],
}

/// What a provider takes for a temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Temperature {
    /// Anything that is asked for.
    Free,
    /// Only its own; it must not be told any.
    Own,
    /// Within these bounds, in hundredths.
    Between(u8, u8),
}

/// The field that bounds the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenField {
    /// `max_tokens`, as most know it.
    MaxTokens,
    /// `max_completion_tokens`, as newer ones want it.
    MaxCompletionTokens,
}

impl TokenField {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

/// How thinking is switched on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// By the choice of the model alone.
    ByModel,
    /// `enable_thinking` and `thinking_budget`; no JSON mode while it thinks.
    Enable,
    /// `thinking: {type}`.
    Typed,
    /// `reasoning_split`: apart from the answer.
    Split,
    /// `reasoning_effort: none` switches it off.
    Effort,
    /// `chat_template_kwargs: {enable_thinking}`.
    Template,
}

const PLAIN: Dialect = Dialect {
    id: "custom",
    format: AnswerFormat::JsonSchema,
    temperature: Temperature::Free,
    token_field: TokenField::MaxTokens,
    thinking: Thinking::ByModel,
    refused_keywords: &[],
};

const GEMINI_REFUSES: [&str; 6] = [
    "additionalProperties",
    "$schema",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "default",
];

const DIALECTS: [Dialect; 14] = [
    Dialect { id: "deepseek", format: AnswerFormat::JsonObject, ..PLAIN },
    Dialect { id: "qwen", format: AnswerFormat::JsonObject, thinking: Thinking::Enable, ..PLAIN },
    Dialect {
        id: "zhipu",
        format: AnswerFormat::JsonObject,
        temperature: Temperature::Between(1, 99),
        thinking: Thinking::Typed,
        ..PLAIN
    },
    Dialect {
        id: "minimax",
        format: AnswerFormat::Text,
        temperature: Temperature::Between(1, 100),
        token_field: TokenField::MaxCompletionTokens,
        thinking: Thinking::Split,
        ..PLAIN
    },
    Dialect {
        id: "kimi",
        format: AnswerFormat::JsonObject,
        temperature: Temperature::Own,
        ..PLAIN
    },
    Dialect { id: "openai", token_field: TokenField::MaxCompletionTokens, ..PLAIN },
    Dialect { id: "gemini", refused_keywords: &GEMINI_REFUSES, ..PLAIN },
    Dialect { id: "grok", ..PLAIN },
    Dialect {
        id: "anthropic",
        format: AnswerFormat::Text,
        temperature: Temperature::Between(0, 100),
        ..PLAIN
    },
    Dialect { id: "ollama", thinking: Thinking::Effort, ..PLAIN },
    Dialect { id: "vllm", thinking: Thinking::Template, ..PLAIN },
    Dialect { id: "llamacpp", ..PLAIN },
    Dialect { id: "house", ..PLAIN },
    PLAIN,
];

/// The dialect of a type; that of `custom` for one that is not known.
pub(super) fn dialect(id: &str) -> Dialect {
    DIALECTS.iter().find(|it| it.id == id).copied().unwrap_or(PLAIN)
}

/// What one model of one provider turned out to want.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// The strictest format it takes, if that is less than its dialect says.
    format: Option<AnswerFormat>,
    no_temperature: bool,
    other_token_field: bool,
    no_stream_options: bool,
    no_thinking_fields: bool,
}

impl Learned {
    /// Learns from a refusal; says whether there is something new to try.
    pub(super) fn learn(&mut self, dialect: &Dialect, dislike: Dislike) -> bool {
        let before = *self;
        match dislike {
            Dislike::Format => self.format = Some(looser(self.format(dialect))),
            Dislike::Temperature => self.no_temperature = true,
            Dislike::TokenField => self.other_token_field = true,
            Dislike::StreamOptions => self.no_stream_options = true,
            Dislike::Thinking => self.no_thinking_fields = true,
        }
        *self != before
    }

    /// The format to ask for.
    pub(super) fn format(&self, dialect: &Dialect) -> AnswerFormat {
        self.format.unwrap_or(dialect.format)
    }

    pub(super) const fn takes_temperature(&self) -> bool {
        !self.no_temperature
    }

    pub(super) const fn takes_stream_options(&self) -> bool {
        !self.no_stream_options
    }

    pub(super) const fn token_field(&self, dialect: &Dialect) -> TokenField {
        if self.other_token_field { dialect.token_field.other() } else { dialect.token_field }
    }

    /// Fields that switch thinking, with what they are to say.
    pub(super) fn thinking_fields(
        &self,
        dialect: &Dialect,
        (reasons, thinks, budget): (bool, bool, u32),
    ) -> Vec<(&'static str, Value)> {
        if self.no_thinking_fields {
            return Vec::new();
        }
        match dialect.thinking {
            Thinking::Enable if thinks => {
                vec![("enable_thinking", json!(true)), ("thinking_budget", json!(budget))]
            }
            Thinking::Enable => vec![("enable_thinking", json!(false))],
            Thinking::Typed if reasons => {
                let kind = if thinks { "enabled" } else { "disabled" };
                vec![("thinking", json!({"type": kind}))]
            }
            Thinking::Split => vec![("reasoning_split", json!(true))],
            Thinking::Effort if !thinks => vec![("reasoning_effort", json!("none"))],
            Thinking::Template if reasons => {
                vec![("chat_template_kwargs", json!({"enable_thinking": thinks}))]
            }
            Thinking::Typed | Thinking::Effort | Thinking::Template | Thinking::ByModel => {
                Vec::new()
            }
        }
    }
}

/// The next looser format.
const fn looser(format: AnswerFormat) -> AnswerFormat {
    match format {
        AnswerFormat::JsonSchema => AnswerFormat::JsonObject,
        AnswerFormat::JsonObject | AnswerFormat::Text => AnswerFormat::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::catalogue;

    #[test]
    fn every_type_has_a_dialect_of_its_own() {
        for preset in catalogue::presets() {
            assert_eq!(dialect(preset.id).id, preset.id);
        }
        assert_eq!(dialect("unheard-of").id, "custom");
    }

    #[test]
    fn formats_step_down_until_nothing_is_left_to_try() {
        let (dialect, mut learned) = (dialect("openai"), Learned::default());
        assert_eq!(learned.format(&dialect), AnswerFormat::JsonSchema);
        assert!(learned.learn(&dialect, Dislike::Format));
        assert_eq!(learned.format(&dialect), AnswerFormat::JsonObject);
        assert!(learned.learn(&dialect, Dislike::Format));
        assert_eq!(learned.format(&dialect), AnswerFormat::Text);
        assert!(!learned.learn(&dialect, Dislike::Format));
        assert!(learned.learn(&dialect, Dislike::TokenField));
        assert!(!learned.learn(&dialect, Dislike::TokenField));
    }

    #[test]
    fn thinking_is_switched_as_each_wants_it() {
        let fields = |id: &str, how| Learned::default().thinking_fields(&dialect(id), how);
        assert_eq!(fields("qwen", (false, false, 0)), [("enable_thinking", json!(false))]);
        assert_eq!(fields("qwen", (true, true, 9))[1], ("thinking_budget", json!(9)));
        assert_eq!(fields("zhipu", (true, false, 0)), [("thinking", json!({"type": "disabled"}))]);
        assert_eq!(fields("ollama", (true, false, 0)), [("reasoning_effort", json!("none"))]);
        assert_eq!(fields("openai", (true, true, 9)), []);
    }
}
