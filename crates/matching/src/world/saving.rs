//! A world as bytes, and back: the restored one goes on as the saved one would have.
//!
//! Two worlds whose bytes agree are the same in everything that can ever show. Knows nothing of
//! files.

use serde::de::DeserializeOwned;

use super::World;
use crate::market::Market;

/// The layout of the bytes. It counts up whenever a value within a world gains, loses or changes a
/// field, so that older bytes are told from damaged ones.
pub const LAYOUT: u32 = 1;

/// Why bytes are no world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They were written by another version.
    #[error("the saved world has layout {found}, and this version reads layout {LAYOUT} alone")]
    Layout {
        /// The layout they have.
        found: u32,
    },
    /// They cannot be read.
    #[error("the saved world is damaged: {0}")]
    Damaged(String),
}

impl From<postcard::Error> for RestoreError {
    fn from(error: postcard::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl World {
    /// The whole world as bytes; `None` when its market cannot be saved.
    ///
    /// # Panics
    /// Never: a world is made of plain values, which memory takes as they are.
    #[must_use]
    pub fn save(&self) -> Option<Vec<u8>> {
        let market = self.market.save()?;
        let parts = (
            LAYOUT,
            (market, &self.exchange, &self.delays, &self.dial, &self.queue),
            (&self.links, &self.feed, &self.listings, self.trades_by_hand, self.clock),
        );
        Some(postcard::to_stdvec(&parts).expect("plain values can be written to memory"))
    }

    /// The world that was saved, with a market of the same kind as it had.
    ///
    /// # Errors
    /// When the bytes were written by another version, or are damaged.
    pub fn restore<M: Market + DeserializeOwned + 'static>(
        bytes: &[u8],
    ) -> Result<Self, RestoreError> {
        let (found, rest) = postcard::take_from_bytes(bytes)?;
        if found != LAYOUT {
            return Err(RestoreError::Layout { found });
        }
        let (there, here) = postcard::from_bytes(rest)?;
        let (market, exchange, delays, dial, queue): (Vec<u8>, _, _, _, _) = there;
        let (links, feed, listings, trades_by_hand, clock) = here;
        Ok(Self {
            market: Box::new(postcard::from_bytes::<M>(&market)?),
            exchange,
            delays,
            dial,
            queue,
            links,
            feed,
            listings,
            trades_by_hand,
            clock,
            outputs: Vec::new(),
        })
    }
}
