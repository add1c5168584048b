//! The providers that are known by name: where they are asked and what they offer.
//!
//! Prices are list prices and may have changed; owners can correct them in the list of models of
//! their provider. How a provider wants to be asked is in `dialect`.

use rust_decimal::Decimal;

use crate::store::ProviderModel;

/// A type of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The type, e.g. `deepseek`; the first part of a model's name.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Where it is asked, unless its owner says otherwise; empty when only the owner knows.
    pub base_url: &'static str,
    /// `openai` or `custom`.
    pub api_format: &'static str,
    /// Where people read about it.
    pub website_url: &'static str,
    /// Whether it refuses whoever has no key.
    pub needs_key: bool,
    listed: &'static [Listed],
}

/// A model in the list of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listed {
    id: &'static str,
    description: &'static str,
    context_window: u32,
    max_output_tokens: u32,
    skills: Skills,
    price: Price,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Skills {
    json: bool,
    reasoning: bool,
    vision: bool,
}

/// What tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Price {
    /// Nothing.
    Free,
    /// Cents for a million tokens of the question, and of the answer.
    Cents(i64, i64),
}

const JSON: Skills = Skills { json: true, reasoning: false, vision: false };
const TEXT_REASONING: Skills = Skills { json: false, reasoning: true, vision: false };
const REASONING: Skills = Skills { json: true, reasoning: true, vision: false };
const VISION: Skills = Skills { json: true, reasoning: false, vision: true };
const REASONING_VISION: Skills = Skills { json: true, reasoning: true, vision: true };

const fn listed(
    id: &'static str,
    description: &'static str,
    (context_window, max_output_tokens): (u32, u32),
    skills: Skills,
    price: Price,
) -> Listed {
    Listed { id, description, context_window, max_output_tokens, skills, price }
}

const DEEPSEEK: [Listed; 2] = [
    listed("deepseek-chat", "General model", (128_000, 8_192), JSON, Price::Cents(28, 42)),
    listed(
        "deepseek-reasoner",
        "Reasons before it answers",
        (128_000, 65_536),
        REASONING,
        Price::Cents(28, 42),
    ),
];
const QWEN: [Listed; 3] = [
    listed("qwen3-turbo", "Fast and cheap", (1_000_000, 16_384), JSON, Price::Cents(5, 20)),
    listed("qwen3-plus", "Balanced", (131_072, 16_384), JSON, Price::Cents(40, 120)),
    listed("qwen3-max", "Most capable", (262_144, 32_768), JSON, Price::Cents(120, 600)),
];
const ZHIPU: [Listed; 2] = [
    listed("glm-4.6", "Hybrid reasoning", (200_000, 128_000), REASONING, Price::Cents(60, 220)),
    listed("glm-4.7", "Hybrid reasoning", (200_000, 128_000), REASONING, Price::Cents(60, 220)),
];
const MINIMAX: [Listed; 2] = [
    listed("MiniMax-M2.1", "Reasons", (204_800, 131_072), TEXT_REASONING, Price::Cents(30, 120)),
    listed(
        "MiniMax-M2.1-lightning",
        "Reasons, faster",
        (204_800, 131_072),
        TEXT_REASONING,
        Price::Cents(30, 240),
    ),
];
const KIMI: [Listed; 2] = [
    listed(
        "kimi-k2.5",
        "Reasons; reads pictures",
        (262_144, 32_768),
        REASONING_VISION,
        Price::Cents(60, 300),
    ),
    listed("kimi-k2", "General model", (131_072, 16_384), JSON, Price::Cents(60, 250)),
];
const OPENAI: [Listed; 3] = [
    listed("gpt-4o", "General model", (128_000, 16_384), VISION, Price::Cents(250, 1_000)),
    listed("gpt-4o-mini", "Small and cheap", (128_000, 16_384), VISION, Price::Cents(15, 60)),
    listed("o4-mini", "Reasons", (200_000, 100_000), REASONING_VISION, Price::Cents(110, 440)),
];
const GEMINI: [Listed; 2] = [
    listed(
        "gemini-2.5-flash",
        "Fast; reasons",
        (1_048_576, 65_536),
        REASONING_VISION,
        Price::Cents(30, 250),
    ),
    listed(
        "gemini-2.5-pro",
        "Most capable; reasons",
        (1_048_576, 65_536),
        REASONING_VISION,
        Price::Cents(125, 1_000),
    ),
];
const GROK: [Listed; 2] = [
    listed("grok-4", "Reasons", (256_000, 64_000), REASONING_VISION, Price::Cents(300, 1_500)),
    listed(
        "grok-3-mini-beta",
        "Small; reasons",
        (131_072, 16_384),
        REASONING,
        Price::Cents(30, 50),
    ),
];
const ANTHROPIC: [Listed; 2] = [
    listed(
        "claude-sonnet-4-5",
        "Most capable",
        (200_000, 64_000),
        Skills { json: false, ..VISION },
        Price::Cents(300, 1_500),
    ),
    listed(
        "claude-haiku-4-5",
        "Fast and cheap",
        (200_000, 64_000),
        Skills { json: false, ..VISION },
        Price::Cents(100, 500),
    ),
];
const RULES: &str = "The rule-based demo model, not an AI";
const HOUSE: [Listed; 3] = [
    listed("rules-v1", RULES, (128_000, 4_096), JSON, Price::Free),
    listed("rules-v1-contrarian", RULES, (128_000, 4_096), JSON, Price::Free),
    listed("rules-v1-cautious", RULES, (128_000, 4_096), JSON, Price::Free),
];

const fn open(
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    website_url: &'static str,
    listed: &'static [Listed],
) -> Preset {
    Preset { id, name, base_url, api_format: "openai", website_url, needs_key: true, listed }
}

const fn local(
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    website_url: &'static str,
) -> Preset {
    Preset { needs_key: false, ..open(id, name, base_url, website_url, &[]) }
}

/// The type whose address and models only its owner knows.
pub(super) const CUSTOM: &str = "custom";
/// The type of the rule-based demo model.
pub(super) const HOUSE_TYPE: &str = "house";

const PRESETS: [Preset; 14] = [
    open(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        "https://platform.deepseek.com",
        &DEEPSEEK,
    ),
    open(
        "qwen",
        "Qwen",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "https://bailian.console.aliyun.com",
        &QWEN,
    ),
    open(
        "zhipu",
        "Zhipu",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://open.bigmodel.cn",
        &ZHIPU,
    ),
    open(
        "minimax",
        "MiniMax",
        "https://api.minimax.chat/v1",
        "https://platform.minimax.io",
        &MINIMAX,
    ),
    open("kimi", "Kimi", "https://api.moonshot.cn/v1", "https://platform.moonshot.cn", &KIMI),
    open("openai", "OpenAI", "https://api.openai.com/v1", "https://platform.openai.com", &OPENAI),
    open(
        "gemini",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://aistudio.google.com",
        &GEMINI,
    ),
    open("grok", "Grok", "https://api.x.ai/v1", "https://console.x.ai", &GROK),
    open(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        "https://console.anthropic.com",
        &ANTHROPIC,
    ),
    local("ollama", "Ollama", "http://127.0.0.1:11434/v1", "https://ollama.com"),
    local("vllm", "vLLM", "http://127.0.0.1:8000/v1", "https://docs.vllm.ai"),
    local(
        "llamacpp",
        "llama.cpp",
        "http://127.0.0.1:8080/v1",
        "https://github.com/ggml-org/llama.cpp",
    ),
    Preset { api_format: "custom", ..local(CUSTOM, "Custom", "", "") },
    Preset {
        listed: &HOUSE,
        ..local(HOUSE_TYPE, "House rules (the rule-based demo model, not an AI)", "", "")
    },
];

/// All types of providers.
#[must_use]
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// A type by its id.
#[must_use]
pub fn preset(id: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|it| it.id == id)
}

impl Preset {
    /// The models that it is known to offer.
    #[must_use]
    pub fn models(&self) -> Vec<ProviderModel> {
        self.listed.iter().map(Listed::model).collect()
    }
}

impl Listed {
    fn model(&self) -> ProviderModel {
        // Cents for a million are 1e-5 dollars for a thousand.
        let dollars = |cents| Some(Decimal::new(cents, 5).normalize());
        let (input, output) = match self.price {
            Price::Free => (None, None),
            Price::Cents(input, output) => (dollars(input), dollars(output)),
        };
        ProviderModel {
            id: self.id.to_owned(),
            name: self.id.to_owned(),
            description: self.description.to_owned(),
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            supports_json_mode: self.skills.json,
            supports_reasoning: self.skills.reasoning,
            supports_vision: self.skills.vision,
            cost_per_1k_input: input,
            cost_per_1k_output: output,
            free: self.price == Price::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_that_is_listed_has_a_price_or_is_free() {
        for model in presets().iter().flat_map(Preset::models) {
            let priced = model.cost_per_1k_input.is_some() && model.cost_per_1k_output.is_some();
            assert!(priced != model.free, "{}", model.id);
            assert!(model.max_output_tokens < model.context_window, "{}", model.id);
        }
        let chat = &preset("deepseek").unwrap().models()[0];
        assert_eq!(chat.cost_per_1k_input.unwrap().to_string(), "0.00028");
    }

    #[test]
    fn the_house_is_said_to_be_no_ai() {
        let house = preset("house").unwrap();
        assert!(house.name.contains("not an AI"));
        assert!(house.models().iter().all(|it| it.free && it.description.contains("not an AI")));
        assert!(preset("unheard-of").is_none());
    }
}
