//! The bridge from the tree to the network: questions go to the I/O runtime, answers come back.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::port::{Ask, Models, Pending};
use super::service::ModelService;
use crate::telemetry::ModelMeters;

/// Models behind providers.
#[derive(Clone)]
pub struct NetworkModels {
    service: Arc<ModelService>,
    io: Handle,
}

impl NetworkModels {
    /// Asks through `service`, on the runtime `io`.
    #[must_use]
    pub const fn new(service: Arc<ModelService>, io: Handle) -> Self {
        Self { service, io }
    }

    /// The meters of its calls.
    #[must_use]
    pub fn meters(&self) -> Arc<ModelMeters> {
        self.service.meters().clone()
    }
}

impl Models for NetworkModels {
    fn ask(&mut self, ask: Ask) -> Pending {
        let (mut answer_to, answer) = oneshot::channel();
        let service = self.service.clone();
        self.io.spawn(async move {
            let asked = service.ask(ask);
            tokio::pin!(asked);
            tokio::select! {
                answer = &mut asked => {
                    let _ = answer_to.send(answer);
                }
                () = answer_to.closed() => {}
            }
        });
        Pending::Coming(answer)
    }
}
