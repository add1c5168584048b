//! One cycle: who was asked, who answered, who is asked again, and when enough is known.
//!
//! Knows nothing of what becomes of the answers.

use serde::{Deserialize, Serialize};

use crate::decision::{
    AnswerError, AnswerRecord, CallParameters, Parsed, Reply, Snapshot, Trigger, Universe, Vote,
    is_settled, parse, rebuttal_request, repair_request,
};
use crate::instrument::Instrument;
use crate::model::{Answer, Message, ModelName, ModelReply, Question, Role, Usage};
use crate::money::Rate;
use crate::strategy::Effects;
use crate::strategy::config::{AiConfig, DebateConfig};
use crate::time::{Span, Timestamp};

/// What a second attempt needs at least, to be worth its money.
const TIME_TO_REPAIR: Span = Span::seconds(2);
/// Characters of an answer that is shown to its model again.
const SHOWN_AGAIN: usize = 12_000;

/// A cycle under way. A restart keeps that there was one, not what it knew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cycle {
    pub(super) trigger: Trigger,
    pub(super) began_at: Timestamp,
    pub(super) deadline: Timestamp,
    #[serde(skip)]
    pub(super) work: Option<Box<Work>>,
}

/// What a cycle knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    pub(super) prompt: Vec<Message>,
    pub(super) sections: Vec<String>,
    pub(super) snapshot: Snapshot,
    pub(super) schema: String,
    pub(super) answers: Vec<AnswerRecord>,
    pub(super) round: u32,
    pub(super) stopped_early: bool,
    seats: Vec<Seat>,
}

/// One model that was asked.
#[derive(Debug, Clone, PartialEq)]
struct Seat {
    model: ModelName,
    /// The question that is out.
    question: Option<u64>,
    attempt: u32,
    follow_up: Vec<Message>,
    /// The latest answer that was understood, and how it read.
    reply: Option<Reply>,
    raw: String,
}

/// What questions are made with.
pub(super) struct Desk<'a> {
    pub(super) config: &'a AiConfig,
    /// What may be traded.
    pub(super) instruments: &'a [&'a Instrument],
    /// Counts questions.
    pub(super) numbers: &'a mut u64,
    pub(super) now: Timestamp,
    pub(super) effects: &'a mut Effects,
}

impl Cycle {
    /// A cycle that asks everybody now.
    pub(super) fn begin(
        trigger: Trigger,
        prompt: Vec<Message>,
        sections: Vec<String>,
        snapshot: Snapshot,
        schema: String,
        desk: &mut Desk<'_>,
    ) -> Self {
        let seats = models(desk.config).into_iter().map(Seat::new).collect();
        let work = Work {
            prompt,
            sections,
            snapshot,
            schema,
            answers: Vec::new(),
            round: 1,
            stopped_early: false,
            seats,
        };
        let began_at = desk.now;
        let deadline = began_at + Span::seconds(i64::from(desk.config.cycle_seconds));
        let mut cycle = Self { trigger, began_at, deadline, work: Some(Box::new(work)) };
        cycle.ask_everybody(desk);
        cycle
    }

    fn ask_everybody(&mut self, desk: &mut Desk<'_>) {
        let deadline = self.round_deadline(desk);
        if let Some(work) = &mut self.work {
            for at in 0..work.seats.len() {
                work.ask(at, deadline, desk);
            }
        }
    }

    /// Each participant of a debate has a deadline of its own in each round.
    fn round_deadline(&self, desk: &Desk<'_>) -> Timestamp {
        let own =
            desk.config.debate.as_ref().map(|it| Span::seconds(i64::from(it.timeout_seconds)));
        own.map_or(self.deadline, |own| self.deadline.min(desk.now + own))
    }

    /// Takes in an answer. Says whether the cycle is over; an answer to a question that is not out
    /// changes nothing.
    pub(super) fn answered(&mut self, number: u64, answer: &Answer, desk: &mut Desk<'_>) -> bool {
        let deadline = self.round_deadline(desk);
        let Some(work) = &mut self.work else {
            return false;
        };
        let Some(at) = work.seats.iter().position(|it| it.question == Some(number)) else {
            return false;
        };
        let repair = work.take(at, answer, desk);
        if let Some(request) = repair.filter(|_| deadline - desk.now >= TIME_TO_REPAIR) {
            work.ask_again(at, request, deadline, desk);
        }
        work.stop_early(desk);
        if work.is_waiting() {
            return false;
        }
        if !work.wants_rebuttal(desk.config) {
            return true;
        }
        work.rebut(desk.config);
        let deadline = self.round_deadline(desk);
        self.work.as_mut().is_none_or(|work| !work.ask_heard(deadline, desk))
    }

    /// Gives up waiting: those who have not answered did not take part.
    pub(super) fn give_up(&mut self, effects: &mut Effects) {
        if let Some(work) = &mut self.work {
            work.withdraw(effects);
        }
    }
}

impl Seat {
    fn new(model: ModelName) -> Self {
        let (follow_up, raw) = (Vec::new(), String::new());
        Self { model, question: None, attempt: 0, follow_up, reply: None, raw }
    }
}

impl Work {
    fn ask(&mut self, at: usize, deadline: Timestamp, desk: &mut Desk<'_>) {
        let seat = &mut self.seats[at];
        *desk.numbers += 1;
        (seat.question, seat.attempt) = (Some(*desk.numbers), seat.attempt + 1);
        let config = desk.config;
        let mut messages = self.prompt.clone();
        messages.extend(seat.follow_up.iter().cloned());
        desk.effects.questions.push(Question {
            number: *desk.numbers,
            model: seat.model.clone(),
            fallback: config.fallback_model.clone().filter(|it| *it != seat.model),
            messages,
            schema: self.schema.clone(),
            deadline,
            temperature: temperature(config),
            max_answer_tokens: config.max_answer_tokens,
            max_reasoning_tokens: config.max_reasoning_tokens,
        });
    }

    /// Shows a model its answer and what is wrong with it.
    fn ask_again(&mut self, at: usize, request: String, deadline: Timestamp, desk: &mut Desk<'_>) {
        let seat = &mut self.seats[at];
        let shown: String = seat.raw.chars().take(SHOWN_AGAIN).collect();
        seat.follow_up.push(Message { role: Role::Assistant, content: shown });
        seat.follow_up.push(Message { role: Role::User, content: request });
        self.ask(at, deadline, desk);
    }

    /// Takes in the answer of a seat; what to tell its model when it is worth asking again.
    fn take(&mut self, at: usize, answer: &Answer, desk: &Desk<'_>) -> Option<String> {
        let round = self.round;
        let seat = &mut self.seats[at];
        seat.question = None;
        let mut record = seat.record(round, desk.config);
        let mut repair = None;
        match answer {
            Ok(reply) => {
                let held = &self.snapshot.positions;
                let parsed = read(reply, &Universe { instruments: desk.instruments, held });
                record.take(reply, &parsed);
                seat.raw.clone_from(&record.raw);
                repair = error_to_show(&parsed)
                    .filter(|_| seat.attempt == 1)
                    .map(|it| repair_request(&it, &parsed.dropped, desk.config.language));
                if parsed.reply.is_some() {
                    seat.reply = parsed.reply;
                }
            }
            Err(failure) => {
                record.raw.clone_from(&failure.partial);
                record.error = Some(AnswerError::of_call(failure.kind, &failure.message));
                record.usage = failure.usage;
            }
        }
        self.answers.push(record);
        repair
    }

    /// Whoever has not answered yet need not, once that could change nothing.
    fn stop_early(&mut self, desk: &mut Desk<'_>) {
        let Some(debate) = &desk.config.debate else {
            return;
        };
        let last_round = self.round > 1 || !debate.rebuttal;
        if !last_round || !self.is_waiting() {
            return;
        }
        let (mode, quorum) = (debate.consensus_mode, debate.min_participants as usize);
        // Whoever is asked again may change its mind: what it said before is no vote yet.
        let cast = self.seats.iter().filter(|seat| seat.question.is_none());
        let cast: Vec<_> = cast.filter_map(Seat::vote).collect();
        if is_settled(mode, quorum, self.seats.len(), &cast) {
            self.stopped_early = true;
            self.withdraw(desk.effects);
        }
    }

    fn withdraw(&mut self, effects: &mut Effects) {
        let open = self.seats.iter_mut().filter_map(|seat| seat.question.take());
        effects.withdrawn.extend(open);
    }

    fn is_waiting(&self) -> bool {
        self.seats.iter().any(|seat| seat.question.is_some())
    }

    fn wants_rebuttal(&self, config: &AiConfig) -> bool {
        let wanted = config.debate.as_ref().is_some_and(|debate| debate.rebuttal);
        wanted && self.round == 1 && self.votes().len() > 1
    }

    /// Lets each participant see what the others say.
    fn rebut(&mut self, config: &AiConfig) {
        self.round = 2;
        let heard: Vec<_> = self.seats.iter().filter(|it| it.reply.is_some()).cloned().collect();
        for seat in &mut self.seats {
            let others: Vec<_> =
                heard.iter().filter(|it| it.model != seat.model).filter_map(Seat::vote).collect();
            let request = rebuttal_request(&seat.model, &others, config.language);
            let shown: String = seat.raw.chars().take(SHOWN_AGAIN).collect();
            seat.follow_up = vec![
                Message { role: Role::Assistant, content: shown },
                Message { role: Role::User, content: request },
            ];
            seat.attempt = 0;
        }
    }

    /// Asks those who took part; says whether anybody was asked.
    fn ask_heard(&mut self, deadline: Timestamp, desk: &mut Desk<'_>) -> bool {
        for at in 0..self.seats.len() {
            if self.seats[at].reply.is_some() {
                self.ask(at, deadline, desk);
            }
        }
        self.is_waiting()
    }

    /// The replies that were understood, with who gave them.
    pub(super) fn votes(&self) -> Vec<Vote<'_>> {
        self.seats.iter().filter_map(Seat::vote).collect()
    }

    /// What all calls took together; latency is that of the slowest round trip.
    pub(super) fn usage(&self) -> Usage {
        let mut total = Usage::default();
        for usage in self.answers.iter().map(|answer| answer.usage) {
            total.input_tokens += usage.input_tokens;
            total.output_tokens += usage.output_tokens;
            total.reasoning_tokens += usage.reasoning_tokens;
            total.cost += usage.cost;
            total.latency = total.latency.max(usage.latency);
            total.attempts += usage.attempts;
        }
        total
    }
}

impl Seat {
    fn vote(&self) -> Option<Vote<'_>> {
        self.reply.as_ref().map(|reply| Vote { model: &self.model, reply })
    }

    fn record(&self, round: u32, config: &AiConfig) -> AnswerRecord {
        AnswerRecord {
            model: self.model.clone(),
            answered_by: None,
            round,
            attempt: self.attempt,
            parameters: CallParameters {
                temperature: temperature(config),
                max_answer_tokens: config.max_answer_tokens,
                max_reasoning_tokens: config.max_reasoning_tokens,
                format: None,
            },
            follow_up: self.follow_up.clone(),
            raw: String::new(),
            reasoning: String::new(),
            finish: None,
            trail: Vec::new(),
            reply: None,
            dropped: Vec::new(),
            error: None,
            usage: Usage::default(),
        }
    }
}

impl AnswerRecord {
    fn take(&mut self, reply: &ModelReply, parsed: &Parsed) {
        self.answered_by = (reply.model != self.model).then(|| reply.model.clone());
        self.parameters.format = Some(reply.format);
        self.raw.clone_from(&reply.text);
        self.reasoning.clone_from(&reply.reasoning);
        self.finish = Some(reply.finish);
        self.trail.clone_from(&parsed.trail);
        self.reply.clone_from(&parsed.reply);
        self.dropped.clone_from(&parsed.dropped);
        self.error.clone_from(&parsed.error);
        self.usage = reply.usage;
    }
}

/// Some servers put the answer where reasoning belongs.
fn read(reply: &ModelReply, universe: &Universe<'_>) -> Parsed {
    let parsed = parse(&reply.text, universe);
    if parsed.reply.is_some() || !reply.text.trim().is_empty() || reply.reasoning.is_empty() {
        return parsed;
    }
    let mut other = parse(&reply.reasoning, universe);
    other.trail.insert(0, "the answer is empty; the reasoning was read instead".to_owned());
    if other.reply.is_some() { other } else { parsed }
}

/// What a model is to be shown: that nothing was understood, or that no proposal was.
fn error_to_show(parsed: &Parsed) -> Option<AnswerError> {
    if let Some(error) = &parsed.error {
        return Some(error.clone());
    }
    let nothing = parsed.reply.as_ref().is_none_or(|reply| reply.proposals.is_empty());
    (nothing && !parsed.dropped.is_empty()).then(|| AnswerError {
        kind: "no_decisions".to_owned(),
        message: "none of the decisions could be used".to_owned(),
    })
}

fn temperature(config: &AiConfig) -> Option<Rate> {
    config.temperature.and_then(|it| Rate::from_decimal(it).ok())
}

/// Who is asked.
pub(super) fn models(config: &AiConfig) -> Vec<ModelName> {
    match &config.debate {
        Some(DebateConfig { models, .. }) => models.clone(),
        None => config.ai_model.iter().cloned().collect(),
    }
}

impl Work {
    /// The work of a cycle that asked nobody.
    pub(super) fn of_nobody(snapshot: Snapshot) -> Self {
        Self {
            prompt: Vec::new(),
            sections: Vec::new(),
            snapshot,
            schema: String::new(),
            answers: Vec::new(),
            round: 1,
            stopped_early: false,
            seats: Vec::new(),
        }
    }
}
