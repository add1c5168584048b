//! What accounts ask for: submit, cancel, query, snapshot, leverage.
//!
//! Every command is answered at once; an account that was never opened gets no answer.

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::money::Amount;
use banyan_core::time::Timestamp;
use banyan_core::venue::{MarginMode, RejectReason, ReportedStatus, VenueCommand, VenueReport};

use super::account::Exposure;
use super::engine::{Exchange, Output};
use super::margin;
use super::open_order::OrderKey;

impl Exchange {
    /// Carries out a command of an account at the time `now` and appends all that comes of it, in
    /// the order in which a venue would say it: acceptance before fills.
    pub fn execute(
        &mut self,
        account: AccountId,
        command: &VenueCommand,
        now: Timestamp,
        out: &mut Vec<Output>,
    ) {
        self.set_time(now);
        if let Some(index) = self.accounts.get_index_of(&account) {
            self.obey(index, command, now);
            self.settle_down();
        }
        out.append(&mut self.outbox);
    }

    fn obey(&mut self, account: usize, command: &VenueCommand, now: Timestamp) {
        match command {
            VenueCommand::SubmitOrder { request, expires } => {
                self.submit(account, request, *expires);
            }
            VenueCommand::CancelOrder { instrument, client_id } => {
                self.cancel(OrderKey { account, client_id: *client_id }, *instrument);
            }
            VenueCommand::QueryOrder { instrument, client_id } => {
                self.query(account, *instrument, *client_id);
            }
            VenueCommand::FetchSnapshot { since } => {
                let id = self.accounts[account].id;
                if let Some(snapshot) = self.snapshot(id, *since, now) {
                    self.tell(account, VenueReport::SnapshotTaken(Box::new(snapshot)));
                }
            }
            VenueCommand::SetLeverage { instrument, leverage, margin_mode } => {
                self.set_leverage(account, *instrument, *leverage, *margin_mode);
            }
        }
    }

    fn cancel(&mut self, key: OrderKey, instrument: InstrumentId) {
        let is_open = self.open_order(key).is_some_and(|it| it.request.instrument == instrument);
        if is_open {
            return self.finish(key, ReportedStatus::Cancelled);
        }
        let reason = Some(RejectReason::OrderNotFound);
        self.tell(key.account, VenueReport::CancelRejected { client_id: key.client_id, reason });
    }

    fn query(&mut self, account: usize, instrument: InstrumentId, client_id: ClientOrderId) {
        let report = self.order(self.accounts[account].id, client_id);
        let report = report.filter(|report| report.request.instrument == instrument);
        self.tell(account, VenueReport::OrderReported { client_id, report });
    }

    fn set_leverage(
        &mut self,
        account: usize,
        instrument: InstrumentId,
        leverage: u32,
        margin_mode: MarginMode,
    ) {
        let report = match self.try_leverage(account, instrument, leverage, margin_mode) {
            Ok(()) => VenueReport::LeverageSet { instrument, leverage, margin_mode },
            Err(reason) => VenueReport::LeverageRejected { instrument, reason: Some(reason) },
        };
        self.tell(account, report);
    }

    /// Sets leverage and mode, unless a tier forbids the leverage for what is open, the mode would
    /// change under a position, or the margin that is then demanded is not there.
    fn try_leverage(
        &mut self,
        account: usize,
        id: InstrumentId,
        leverage: u32,
        margin_mode: MarginMode,
    ) -> Result<(), RejectReason> {
        let instrument = self.listed(id).filter(|it| it.is_contract());
        let instrument = instrument.ok_or(RejectReason::BadRequest)?;
        let before = self.accounts[account].exposure_mut(&instrument).clone();
        let changes_mode = before.margin_mode != margin_mode && before.is_open();
        if leverage == 0 || leverage > self.allowed_leverage(&instrument, &before) || changes_mode {
            return Err(RejectReason::BadRequest);
        }
        let free_before = margin::free(&self.accounts[account], instrument.settle(), self.valuer());
        let after = self.with_leverage(&before, id, leverage, margin_mode);
        *self.accounts[account].exposure_mut(&instrument) = after;
        let free = margin::free(&self.accounts[account], instrument.settle(), self.valuer());
        if free.is_negative() && free < free_before {
            *self.accounts[account].exposure_mut(&instrument) = before;
            return Err(RejectReason::BadRequest);
        }
        Ok(())
    }

    fn allowed_leverage(&self, instrument: &Instrument, exposure: &Exposure) -> u32 {
        let demands = exposure
            .slots()
            .map(|(_, slot)| margin::slot_demand(self.valuer(), instrument.id, exposure, slot).0);
        instrument.max_leverage(demands.max().unwrap_or(Amount::ZERO))
    }

    /// An isolated position that is to have less leverage gets more margin; none is ever released.
    fn with_leverage(
        &self,
        exposure: &Exposure,
        id: InstrumentId,
        leverage: u32,
        margin_mode: MarginMode,
    ) -> Exposure {
        let mut after = exposure.clone();
        (after.leverage, after.margin_mode) = (leverage, margin_mode);
        if margin_mode == MarginMode::Isolated {
            for (side, slot) in exposure.slots() {
                let needed = after.initial_margin(margin::notional(self.valuer(), id, slot));
                let margin = slot.margin.max(needed);
                after.slot_mut(side).margin = margin;
            }
        }
        after
    }
}
