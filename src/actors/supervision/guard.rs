//! The last word of an actor.

use actix::prelude::*;

/// A child is gone.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct ChildDied<I: 'static + Send> {
    /// Which.
    pub child: I,
    /// Which life of it: a late word of an earlier life is not taken for the present one.
    pub life: u64,
    /// Whether it panicked; else it stopped.
    pub panicked: bool,
}

/// Owned by a child; tells the parent when the child is dropped. Never panics.
pub struct ChildGuard<I: 'static + Send + Clone> {
    child: I,
    life: u64,
    parent: Recipient<ChildDied<I>>,
}

impl<I: 'static + Send + Clone> ChildGuard<I> {
    /// A guard for one life of a child.
    #[must_use]
    pub fn new(child: I, life: u64, parent: Recipient<ChildDied<I>>) -> Self {
        Self { child, life, parent }
    }
}

impl<I: 'static + Send + Clone> Drop for ChildGuard<I> {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        self.parent.do_send(ChildDied { child: self.child.clone(), life: self.life, panicked });
    }
}
