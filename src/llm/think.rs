//! Parts reasoning that stands in the text of an answer from the answer itself.
//!
//! Some models write `<think>...</think>` before they answer, and providers cut their texts
//! anywhere, so the marks come in pieces. Only a mark at the beginning counts: an answer may speak
//! of one later on. Knows no protocol.

const OPENING: [&str; 3] = ["<think>", "<thinking>", "<reasoning>"];
const CLOSING: [&str; 3] = ["</think>", "</thinking>", "</reasoning>"];

/// What was told apart of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parted {
    pub(super) answer: String,
    pub(super) reasoning: String,
}

#[derive(Debug, Default)]
enum Place {
    /// Nothing but space and perhaps a piece of a mark has come.
    #[default]
    Start,
    /// Within reasoning that ends with this mark.
    Reasoning(&'static str),
    Answer,
}

/// Tells the parts of a text apart as it comes.
#[derive(Debug, Default)]
pub(super) struct ThinkReader {
    place: Place,
    /// What cannot be told yet.
    held: String,
}

impl ThinkReader {
    /// Takes the next piece; returns what is certain by now.
    pub(super) fn push(&mut self, text: &str) -> Parted {
        self.held.push_str(text);
        let mut parted = Parted::default();
        while self.step(&mut parted) {}
        parted
    }

    /// The text has ended; returns the rest.
    pub(super) fn finish(&mut self) -> Parted {
        let rest = std::mem::take(&mut self.held);
        match self.place {
            Place::Reasoning(_) => Parted { reasoning: rest, ..Parted::default() },
            Place::Start | Place::Answer => Parted { answer: rest, ..Parted::default() },
        }
    }

    /// Says whether there is more to tell apart.
    fn step(&mut self, parted: &mut Parted) -> bool {
        match self.place {
            Place::Start => self.begin(),
            Place::Reasoning(mark) => self.reason(mark, parted),
            Place::Answer => {
                parted.answer.push_str(&std::mem::take(&mut self.held));
                false
            }
        }
    }

    fn begin(&mut self) -> bool {
        let begun = self.held.trim_start();
        if let Some(at) = OPENING.iter().position(|mark| begun.starts_with(mark)) {
            self.held = begun[OPENING[at].len()..].to_owned();
            self.place = Place::Reasoning(CLOSING[at]);
            return true;
        }
        let undecided = OPENING.iter().any(|mark| mark.starts_with(begun));
        if !undecided {
            self.place = Place::Answer;
        }
        !undecided
    }

    fn reason(&mut self, mark: &'static str, parted: &mut Parted) -> bool {
        if let Some(at) = self.held.find(mark) {
            parted.reasoning.push_str(&self.held[..at]);
            self.held = self.held[at + mark.len()..].to_owned();
            // Another block may follow.
            self.place = Place::Start;
            return true;
        }
        let kept = (1..mark.len()).rev().find(|length| self.held.ends_with(&mark[..*length]));
        let certain = self.held.len() - kept.unwrap_or(0);
        parted.reasoning.push_str(&self.held[..certain]);
        self.held.drain(..certain);
        false
    }
}

/// Mends what the marks alone do not tell: reasoning whose first mark was left out.
pub(super) fn without_headless_reasoning(parted: Parted) -> Parted {
    let Parted { answer, mut reasoning } = parted;
    let is_json = answer.trim_start().starts_with(['{', '[', '`']);
    let closed = CLOSING.iter().filter_map(|mark| Some((answer.rfind(mark)?, mark.len()))).max();
    match closed {
        Some((at, length)) if !is_json => {
            reasoning.push_str(&answer[..at]);
            Parted { answer: answer[at + length..].to_owned(), reasoning }
        }
        _ => Parted { answer, reasoning },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str, size: usize) -> Parted {
        let mut reader = ThinkReader::default();
        let mut whole = Parted::default();
        let letters: Vec<char> = text.chars().collect();
        let mut add = |piece: Parted| {
            whole.answer.push_str(&piece.answer);
            whole.reasoning.push_str(&piece.reasoning);
        };
        for piece in letters.chunks(size) {
            add(reader.push(&piece.iter().collect::<String>()));
        }
        add(reader.finish());
        whole
    }

    #[test]
    fn reasoning_is_told_apart_however_the_marks_are_cut() {
        let text = "\n<think>价格 < 1 </thin no\n{\"a\":0}</think>\n{\"a\": 1}";
        for size in 1..text.len() {
            let parted = part(text, size);
            assert_eq!(parted.reasoning, "价格 < 1 </thin no\n{\"a\":0}", "in pieces of {size}");
            assert_eq!(parted.answer.trim(), "{\"a\": 1}");
        }
    }

    #[test]
    fn an_answer_may_speak_of_a_mark() {
        let text = "{\"a\": \"<think>no</think>\"}";
        assert_eq!(part(text, 3), Parted { answer: text.to_owned(), reasoning: String::new() });
        assert_eq!(without_headless_reasoning(part(text, 3)).answer, text);
        assert_eq!(part("<th", 1).answer, "<th");
    }

    #[test]
    fn reasoning_without_an_end_is_all_there_is() {
        assert_eq!(part("<think>and so on", 4).reasoning, "and so on");
        assert_eq!(part("<think>and so on", 4).answer, "");
    }

    #[test]
    fn reasoning_without_a_beginning_is_found() {
        let mended = without_headless_reasoning(part("well then</think>{\"a\":1}", 5));
        assert_eq!(mended, Parted { answer: "{\"a\":1}".into(), reasoning: "well then".into() });
    }
}
