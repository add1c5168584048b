//! How many tokens a text has, without asking anybody.
//!
//! The vocabulary lies inside the binary and is unpacked once, when the first text is counted. It
//! is one of OpenAI; other models cut texts otherwise, so a count is an estimate for them.

/// Characters that are counted one by one; what is longer than that is taken in pieces.
const PIECE: usize = 65_536;

/// Tokens of a text.
#[must_use]
pub fn count(text: &str) -> u64 {
    let vocabulary = bpe_openai::o200k_base();
    pieces(text).map(|piece| u64::try_from(vocabulary.count(piece)).unwrap_or(u64::MAX)).sum()
}

/// The text in pieces of bounded length, so that no text is long to count.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_vocabulary() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert!((2..=12).contains(&count("只在趋势明确时交易")));
    }

    #[test]
    fn long_texts_are_counted_in_pieces() {
        let long = "价格 price ".repeat(20_000);
        assert_eq!(pieces(&long).collect::<String>(), long);
        assert!(count(&long) >= 60_000);
    }
}
