//! Starting and stopping the channels of a configuration.

use super::client::Client;
use super::device::Acks;
use super::health::Health;
use super::push::Vapid;
use super::runner::{House, Runner};
use super::{Settings, Tools, ping};
use crate::command::Reports;
use crate::config::Config;
use crate::outreach::{Furniture, Links, Office};
use crate::store::{Reader, Store};
use bongsu_broker::Outlet;
use miette::{IntoDiagnostic, WrapErr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long channels may take to end.
const ENDING: Duration = Duration::from_secs(4);

/// Gives channels that are new their place: what was said before is not theirs to tell, and everything from now on is.
/// Done before anything is decided, so that a crash right after the first warning does not find them new again.
///
/// # Errors
/// The store cannot be read or written.
pub fn begin(store: &mut Store, path: &Path, channels: &[Arc<dyn Settings>]) -> miette::Result<()> {
    let failed = "failed to read how far the channels have spoken";
    let reader = Reader::open(path).into_diagnostic().wrap_err(failed)?;
    let newest = reader.newest_transition().into_diagnostic().wrap_err(failed)?;
    for name in channels.iter().map(|settings| settings.name()) {
        if reader.spoken(&name).into_diagnostic().wrap_err(failed)?.is_none() {
            store.put_deliveries(&name, &[], Some(newest))?;
        }
    }
    Ok(())
}

/// The channels at work.
#[derive(Debug)]
pub struct Channels {
    tasks: TaskTracker,
    house: House,
}

impl Channels {
    /// Builds and starts every channel, and opens the office where people subscribe and report.
    ///
    /// # Errors
    /// What is configured cannot be used.
    pub fn start(
        config: &Config,
        house: House,
        outlet: Outlet,
        acks: Acks,
        reports: Reports,
    ) -> miette::Result<Channels> {
        let failed = || format!("failed to keep the keys of channels in {}", config.data.display());
        let base_url = house.speaker.base_url.clone();
        let links = Links::open(&config.data, base_url.clone()).into_diagnostic().wrap_err_with(failed)?;
        let vapid = Vapid::open(&config.data, contact(config, &base_url)).into_diagnostic().wrap_err_with(failed)?;
        let (links, vapid) = (Arc::new(links), Arc::new(vapid));
        let client = Client::new()?;
        let speaker = house.speaker.clone();
        let tools = Tools {
            client: client.clone(),
            speaker,
            outlet,
            acks,
            reports: reports.clone(),
            vapid: vapid.clone(),
            links: links.clone(),
        };
        let tasks = TaskTracker::new();
        for settings in &config.channels {
            let (name, channel) = (settings.name(), settings.build(&tools)?);
            let health = Arc::new(Health::default());
            health.register(&name, &house.shared);
            let is_for_exercises = settings.is_for_exercises();
            tasks.spawn(Runner::new(name, channel, is_for_exercises, house.clone(), health).run());
        }
        if let Some(settings) = config.ping.clone() {
            tasks.spawn(ping::run(settings, client, house.shared.clone(), house.stop.clone()));
        }
        let find = |all: &[Arc<dyn Settings>]| all.iter().find_map(|settings| settings.mailer(&tools));
        house.shared.open_office(Arc::new(Office::new(Furniture {
            errands: house.errands.clone(),
            reports,
            clock: house.clock,
            links,
            mailer: find(&config.channels).transpose()?,
            services: config.channels.iter().find_map(|settings| settings.services()),
            vapid_key: vapid.public_key().to_owned(),
            sender_name: config.city.sender_name.clone(),
        })));
        tasks.close();
        Ok(Channels { tasks, house })
    }

    /// Ends them while the store can still be written: what is not delivered by then is owed after the next start.
    pub async fn stop(self) {
        self.house.stop.cancel();
        let _ = tokio::time::timeout(ENDING, self.tasks.wait()).await;
    }
}

/// Where push services find us when something is wrong: a mail address or a page.
fn contact(config: &Config, base_url: &str) -> String {
    let contact = config.city.contact.as_deref().filter(|contact| contact.contains('@'));
    contact.map_or_else(|| base_url.to_owned(), |contact| format!("mailto:{contact}"))
}
