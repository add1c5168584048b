//! The texts of the demo model's answers, in the language of the prompt.
//!
//! Numbers are cited as the prompt shows them. Decides nothing.

use std::fmt::Write as _;

use banyan_core::prompt::Language;

use super::Temperament;
use super::rules::{Proposed, Why};

/// What is said about a decision.
pub(super) struct Said {
    pub(super) thought: String,
    pub(super) assessment: String,
    /// One for each proposal.
    pub(super) reasons: Vec<String>,
}

/// Puts proposals into words.
pub(super) fn say(
    temperament: Temperament,
    language: Language,
    proposals: &[Proposed<'_>],
) -> Said {
    let reasons: Vec<_> = proposals.iter().map(|it| reason(language, it)).collect();
    let mut thought = introduction(temperament, language).to_owned();
    for (proposal, reason) in proposals.iter().zip(&reasons) {
        let _ = write!(thought, "\n{}: {reason}", proposal.market.symbol);
    }
    Said { thought, assessment: assessment(language, proposals), reasons }
}

fn introduction(temperament: Temperament, language: Language) -> &'static str {
    match (language, temperament) {
        (Language::En, Temperament::Trend) => {
            "I am the rule-based demo model, not an AI. My rule is to follow the trend."
        }
        (Language::En, Temperament::Contrarian) => {
            "I am the rule-based demo model, not an AI. My rule is to trade against extremes."
        }
        (Language::En, Temperament::Cautious) => {
            "I am the rule-based demo model, not an AI. My rule is to follow the trend with small \
             positions, and only when signals agree."
        }
        (Language::Zh, Temperament::Trend) => {
            "我是基于规则的演示模型，不是人工智能。我的规则是顺势交易。"
        }
        (Language::Zh, Temperament::Contrarian) => {
            "我是基于规则的演示模型，不是人工智能。我的规则是逆极端行情交易。"
        }
        (Language::Zh, Temperament::Cautious) => {
            "我是基于规则的演示模型，不是人工智能。我的规则是小仓位顺势交易，且仅在信号一致时入场。"
        }
    }
}

fn assessment(language: Language, proposals: &[Proposed<'_>]) -> String {
    let (mut up, mut down) = (0, 0);
    for proposal in proposals {
        match proposal.signals.trend() {
            trend if trend > 0 => up += 1,
            trend if trend < 0 => down += 1,
            _ => {}
        }
    }
    match (language, proposals.is_empty()) {
        (Language::En, true) => "The question shows no market, so there is nothing to decide. \
             This is the rule-based demo model, not an AI."
            .to_owned(),
        (Language::Zh, true) => {
            "问题中没有行情数据，因此没有可决策的内容。这是基于规则的演示模型，不是人工智能。"
                .to_owned()
        }
        (Language::En, false) => format!("Trends by rule: {up} up, {down} down."),
        (Language::Zh, false) => format!("按规则判断的趋势：{up} 个向上，{down} 个向下。"),
    }
}

fn reason(language: Language, proposal: &Proposed<'_>) -> String {
    let mut text = match language {
        Language::En => english(proposal.why),
        Language::Zh => chinese(proposal.why),
    }
    .to_owned();
    let seen = proposal.signals.seen.iter().map(|(name, value)| format!("{name} = {value}"));
    let seen: Vec<_> = seen.collect();
    if !seen.is_empty() {
        let _ = match language {
            Language::En => write!(text, " Seen: {}.", seen.join(", ")),
            Language::Zh => write!(text, "依据：{}。", seen.join("，")),
        };
    }
    text
}

fn english(why: Why) -> &'static str {
    match why {
        Why::WithTrend => "More signals point this way than the other.",
        Why::AgainstExtreme => "The market has gone far, and I trade against it.",
        Why::StillFits => "What the position was opened for still holds.",
        Why::Turned => "What the position was opened for is gone.",
        Why::HeldAWhile => "The position was held long enough for a demo.",
        Why::NoSignal => "There is no signal that my rule trades.",
        Why::NoRoom => "As many positions are held as the limits allow.",
        Why::TooSmall => "The least order is more than the limits allow.",
    }
}

fn chinese(why: Why) -> &'static str {
    match why {
        Why::WithTrend => "多数信号指向该方向。",
        Why::AgainstExtreme => "行情已走到极端，我逆势交易。",
        Why::StillFits => "持仓的理由仍然成立。",
        Why::Turned => "持仓的理由已不成立。",
        Why::HeldAWhile => "对演示而言，持仓时间已足够长。",
        Why::NoSignal => "没有符合我规则的信号。",
        Why::NoRoom => "持仓数量已达上限。",
        Why::TooSmall => "最小订单超出限制。",
    }
}
