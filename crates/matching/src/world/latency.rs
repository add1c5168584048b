//! How long commands and messages are under way.

use banyan_core::time::Span;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// The least time each way takes, and by how much it varies. A way of zero takes no time at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// From an account to the exchange.
    pub order: Span,
    /// From the exchange to an account: answers and user stream.
    pub user_stream: Span,
    /// From the exchange to those who listen to the public feed.
    pub feed: Span,
    /// The most that is added, evenly spread, to each way that takes time.
    pub jitter: Span,
}

/// Draws latencies; the feed has its own generator, so that what accounts do never moves it.
#[derive(Serialize, Deserialize)]
pub(super) struct Delays {
    latency: Latency,
    links: Pcg64Mcg,
    feed: Pcg64Mcg,
}

impl Delays {
    pub(super) fn new(latency: Latency, seed: u64) -> Self {
        let mut seeds = Pcg64Mcg::seed_from_u64(seed);
        let links = Pcg64Mcg::seed_from_u64(seeds.random());
        let feed = Pcg64Mcg::seed_from_u64(seeds.random());
        Self { latency, links, feed }
    }

    pub(super) const fn set(&mut self, latency: Latency) {
        self.latency = latency;
    }

    pub(super) const fn latency(&self) -> Latency {
        self.latency
    }

    pub(super) fn order(&mut self) -> Span {
        vary(self.latency.order, self.latency.jitter, &mut self.links)
    }

    pub(super) fn user_stream(&mut self) -> Span {
        vary(self.latency.user_stream, self.latency.jitter, &mut self.links)
    }

    pub(super) fn feed(&mut self) -> Span {
        vary(self.latency.feed, self.latency.jitter, &mut self.feed)
    }

    pub(super) const fn is_feed_immediate(&self) -> bool {
        self.latency.feed.0 <= 0
    }
}

fn vary(least: Span, jitter: Span, random: &mut Pcg64Mcg) -> Span {
    if least.0 <= 0 || jitter.0 <= 0 {
        return Span(least.0.max(0));
    }
    Span(least.0 + random.random_range(0..=jitter.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_lies_between_the_least_and_the_most() {
        let latency =
            Latency { order: Span(10), feed: Span(100), jitter: Span(5), ..Latency::default() };
        let mut delays = Delays::new(latency, 1);
        let drawn: Vec<_> = (0..200).map(|_| delays.order().0).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&10), Some(&15)));
        assert_eq!(delays.user_stream(), Span(0));
    }

    #[test]
    fn the_feed_does_not_depend_on_what_accounts_do() {
        let latency =
            Latency { order: Span(1), feed: Span(1), jitter: Span(1000), ..Latency::default() };
        let feed = |orders: usize| {
            let mut delays = Delays::new(latency, 9);
            (0..50)
                .map(|_| {
                    (0..orders).for_each(|_| {
                        delays.order();
                    });
                    delays.feed()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(feed(0), feed(3));
    }
}
