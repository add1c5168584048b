//! The way to models, and in a demo the rule-based demo model that answers without a key.
//!
//! Composes only; how models are asked is not known here.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::io::on;
use super::{ServerError, folder};
use crate::auth::Auth;
use crate::clock::Clock;
use crate::llm::house::{self, HouseServer};
use crate::llm::{ModelService, ModelServiceParts, NetworkModels};
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry::ModelMeters;

/// Where the port of the rule-based demo model is kept: providers that name it go on working.
const PORT_FILE: &str = "house-model.port";

/// The way to models.
pub(super) struct Models {
    pub(super) service: Arc<ModelService>,
    /// The rule-based demo model, in a demo.
    pub(super) house: Option<HouseServer>,
    io: Handle,
}

impl Models {
    /// Opens the way to models.
    pub(super) async fn open(
        settings: &Settings,
        store: &Store,
        auth: &Auth,
        clock: Clock,
        io: &Handle,
    ) -> Result<Self, ServerError> {
        let house = if settings.server.demo {
            Some(open_house(&settings.store.data_dir, io).await?)
        } else {
            None
        };
        let service = ModelService::new(ModelServiceParts {
            store: store.clone(),
            vault: auth.vault_shared(),
            clock,
            settings: settings.llm.clone(),
            meters: Arc::new(ModelMeters::default()),
            trusted_origins: house.iter().map(|it| it.origin().to_owned()).collect(),
            house: house.as_ref().map(HouseServer::url),
        });
        Ok(Self { service, house, io: io.clone() })
    }

    /// What the engine asks.
    pub(super) fn for_engine(&self) -> NetworkModels {
        NetworkModels::new(self.service.clone(), self.io.clone())
    }

    /// Where the rule-based demo model is asked, in a demo.
    pub(super) fn house_url(&self) -> Option<String> {
        self.house.as_ref().map(HouseServer::url)
    }

    /// Ends the rule-based demo model, once nobody asks any more.
    pub(super) async fn close(self) {
        if let Some(house) = self.house {
            let _ = on(&self.io, async move {
                house.stop().await;
                Ok(())
            })
            .await;
        }
    }
}

/// Serves the rule-based demo model, on the port that it had before where that is free.
async fn open_house(data: &Path, io: &Handle) -> Result<HouseServer, ServerError> {
    let file = data.join(PORT_FILE);
    let before = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
    let served = on(io, async move {
        house::serve(before).await.map_err(|error| ServerError::Listen {
            address: "a port of loopback for the rule-based demo model".to_owned(),
            why: error.to_string(),
        })
    });
    let served = served.await?;
    folder::write_private(&file, &format!("{}\n", served.port())).map_err(|error| {
        ServerError::Folder { folder: file.display().to_string(), why: error.to_string() }
    })?;
    Ok(served)
}
