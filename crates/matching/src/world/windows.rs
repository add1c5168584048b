//! Beginning and end of the faults that come at a time of their own.

use banyan_core::time::Timestamp;

use super::{Delivery, World};
use crate::faults::{Change, Fault, Target, Window};

impl World {
    /// Carries out the change of the dial that is due.
    pub(super) fn change(&mut self, at: Timestamp, deliveries: &mut Vec<Delivery>) {
        match self.dial.pop_change() {
            Some(Change::Begin(fault, target)) => {
                self.begin(fault, target, at, deliveries);
                self.dial.rearm(fault, target, at);
            }
            Some(Change::Force(fault, target)) => self.begin(fault, target, at, deliveries),
            Some(Change::End(fault, target)) => {
                if let Some(window) = self.dial.close(fault, target, at) {
                    self.end(fault, target, window, at, deliveries);
                }
            }
            None => {}
        }
    }

    fn begin(
        &mut self,
        fault: Fault,
        target: Target,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        match (fault, target) {
            (Fault::ExternalTrade, Target::Account(account)) => {
                self.trade_by_hand(account, at, deliveries);
            }
            (Fault::Delisting, Target::Instrument(id)) => self.delist(id, at, deliveries),
            (Fault::Halt | Fault::FilterChange, Target::Instrument(id)) => {
                self.tighten(fault, id, at, deliveries);
            }
            _ => {
                self.dial.open(fault, target, at);
            }
        }
    }

    fn end(
        &mut self,
        fault: Fault,
        target: Target,
        window: Window,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        match (fault, target) {
            (Fault::Halt | Fault::FilterChange, Target::Instrument(id)) => {
                self.loosen(fault, id, at, deliveries);
            }
            (Fault::Stall, Target::Account(account)) => {
                self.end_stall(account, window, at, deliveries);
            }
            (Fault::Outage, Target::Account(account)) => self.interrupt(account, at),
            (Fault::Outage, _) => {
                self.interrupt_all(at);
                self.resume_feed(deliveries);
            }
            (Fault::Stall, _) => self.resume_feed(deliveries),
            _ => {}
        }
    }

    fn interrupt_all(&mut self, at: Timestamp) {
        let accounts: Vec<_> = self.links.keys().copied().collect();
        for account in accounts {
            self.interrupt(account, at);
        }
    }
}
