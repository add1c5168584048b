//! The runtime of simulations: one thread, and a clock that may jump.

use std::future::Future;

use actix::System;

use crate::actors::InjectPanic;

/// How fast time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Time jumps whenever nobody has anything to do.
    Unlimited,
    /// This many times as fast as real time.
    Times(u32),
}

/// Runs a future on an actor system of its own.
pub fn run<T>(pace: Pace, future: impl Future<Output = T>) -> T {
    System::with_tokio_rt(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(pace == Pace::Unlimited)
            .build()
            .expect("a runtime without sockets needs nothing from the system")
    })
    .block_on(future)
}

/// Keeps panics that were injected on purpose from filling the screen; all others are told.
pub fn silence_injected_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let injected = info.payload().downcast_ref::<&str>() == Some(&InjectPanic::PAYLOAD);
        if !injected {
            tell(info);
        }
    }));
}
