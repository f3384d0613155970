//! The wiring: everything the program is made of, started in order and stopped in the opposite one.

use crate::alert;
use crate::alert::cap::Speaker;
use crate::alert::sign::Signer;
use crate::alert::words::Language;
use crate::archive::exporter::Exporters;
use crate::authority::denied::Denied;
use crate::authority::{City, CityAuthority};
use crate::certificate::Certificates;
use crate::channel::device::Acks;
use crate::channel::runner::House;
use crate::channel::start::{self, Channels};
use crate::clock::Clock;
use crate::command;
use crate::config::Config;
use crate::control::{self, Addresses, Lock, Question, Reply, Socket};
use crate::desk::{self, Desk};
use crate::device::{Devices, Doorkeeper};
use crate::dialect::Scripts;
use crate::door;
use crate::gauge;
use crate::herald::Herald;
use crate::inventory;
use crate::oidc::Provider;
use crate::owed::Owed;
use crate::people::People;
use crate::pipeline::{Errand, Pipeline, Reload};
use crate::reception;
use crate::relay;
use crate::reload::{self, InForce, Reloader};
use crate::restart;
use crate::shelf::Shelf;
use crate::source::door::DoorSource;
use crate::source::own::Own;
use crate::store::history::Sealer;
use crate::store::{Reader, Store};
use crate::trouble::Trouble;
use crate::voice::{MqttVoice, WebVoice};
use crate::web::{self, Shared};
use bongsu_broker::Door;
use bongsu_rules::incident::Status;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How the program is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What was configured.
    pub config: Config,
    /// What `now` is made of.
    pub clock: Clock,
    /// Whether what is said is meant.
    pub status: Status,
}

/// The running program.
pub struct App {
    /// Where it listens.
    pub addresses: Addresses,
    door: Option<Arc<Door>>,
    channels: Option<Channels>,
    exporters: Exporters,
    sealer: Sealer,
    pipeline: Option<JoinHandle<miette::Result<()>>>,
    is_stopping: Arc<AtomicBool>,
    /// Cancelled when the pipeline has ended, whether it was asked to or not.
    ended: CancellationToken,
    pages: CancellationToken,
    trouble: Arc<Trouble>,
    certificates: Option<Arc<Certificates>>,
    reloader: Arc<Reloader>,
    _socket: Socket,
    _lock: Lock,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl App {
    /// Starts everything. When it returns, devices are heard and pages are served.
    ///
    /// # Errors
    /// What is configured cannot be used, or another program holds the data folder.
    pub async fn start(options: Options) -> miette::Result<App> {
        let Options { config, clock, status } = options;
        let lock = control::lock(&config.data)?.ok_or_else(|| control::held(&config.data))?;
        // A first start with a mistake in its catalog or its rules leaves no store behind.
        let is_first = !config.store.path.exists();
        let first = is_first.then(|| inventory::catalog(&config.stations)).transpose()?;
        let first_rules = is_first.then(|| inventory::rules(&Shelf::of(&config))).transpose()?;
        let mut store = Store::open(&config.store.path, status, config.limits.dead_letters)?;
        store.checkpoint_apart()?;
        let trouble = Arc::new(Trouble::watch(&config.data));
        let (engine, seq) = restart::restore(&store, status)?;
        let (catalog, parsed) = match first {
            Some(read) => read,
            None => inventory::catalog_unless(&config.stations, &engine)?,
        };
        let scripts = Scripts::read(&config.stations, &parsed)?;
        let filters = door::filters(&parsed);
        let policy = inventory::policy(config.release.policy.as_deref(), &parsed)?;
        let city = City::default();
        city.set(parsed);
        let (rules, mistakes) = match first_rules {
            Some(rules) => (rules, Vec::new()),
            None => {
                let shelf = Shelf::of(&config);
                reload::settle(&shelf, engine.rules_text())?;
                inventory::rules_beside(&shelf, engine.rules_text(), None)?
            }
        };
        if let Err(error) = reload::left_as_they_were(mistakes) {
            reload::tell(error);
        }
        let last = store.newest()?.map(|(_, now)| now).unwrap_or_default();
        let devices = Devices::default();
        devices.refresh(&store)?;
        let people = People::default();
        let welcome = reception::open(&mut store, &people, Clock::System.now())?;

        let (errands, errand_queue) = channel::<Errand>();
        let certificates = config.mqtt.tls.as_ref().map(Certificates::load).transpose()?.map(Arc::new);
        let allow_anonymous_devices = config.mqtt.allow_anonymous_devices;
        let authority = CityAuthority {
            devices: devices.clone(),
            people: people.clone(),
            trusts_operators: config.operator.is_local(),
            allow_anonymous_devices,
            has_remote: config.mqtt.remote.is_some(),
            city,
            denied: Denied::new(Owed::new(errands.clone())),
        };
        let (door, intake, outlet) = Door::start(
            door::config(&config, certificates.as_deref(), filters, store.receipts()?)?,
            Arc::new(authority),
        )
        .await
        .into_diagnostic()?;
        let door = Arc::new(door);
        let mut addresses = door::addresses(&config, door.addresses());
        let public = listener(config.public.listen).await?;
        let operator = listener(config.operator.listen).await?;
        addresses.public = format!("http://{}", public.local_addr().into_diagnostic()?);
        addresses.operator = format!("http://{}", operator.local_addr().into_diagnostic()?);
        let base_url = config.public.base_url.clone().unwrap_or_else(|| addresses.public.clone());
        let console = config.operator.base_url.clone().unwrap_or_else(|| addresses.operator.clone());
        let shared = Shared::new(web::Settings {
            store: config.store.path.clone(),
            basemap: crate::basemap::folder(&config.data),
            base_url: base_url.clone(),
            operator_url: console.clone(),
            sender_name: config.city.sender_name.clone(),
            languages: config.city.languages.clone(),
            status,
        });
        shared.recall(last).into_diagnostic().wrap_err("failed to read the store for the pages")?;
        shared.recall_newest(engine.newest());
        // Before the channels go on with what they owe: they speak of places by their names, and of hours as clocks here
        // show them.
        if let Some(catalog) = engine.catalog() {
            shared.set_city(catalog.clone());
        }
        gauge::register(&shared, &door, &trouble, config.limits.intake_messages);
        let speaker = Speaker {
            sender: config.city.sender.clone(),
            sender_name: config.city.sender_name.clone(),
            contact: config.city.contact.clone(),
            languages: config.city.languages.clone(),
            base_url: base_url.clone(),
            resources: config.city.resources.clone(),
            signer: signer(&config)?,
        };
        let herald = Herald::new(speaker.clone(), &store)?;
        let refusals = herald.refusals();
        shared.check("cap", Box::new(move || refusals.newest()));
        let pages = CancellationToken::new();

        let is_stopping = Arc::new(AtomicBool::new(false));
        let ended = CancellationToken::new();
        let (commands, command_queue) = sync_channel(command::WAITING);
        addresses.welcome = welcome.map(|secret| shared.welcome(&secret));
        let settings = desk::Settings {
            channels: crate::channel::heard_by(&config.channels),
            sender_name: config.city.sender_name.clone(),
            languages: Language::of_tags(&config.city.languages),
            type_population_above: config.release.type_population_above,
            agencies: config.city.agencies.clone(),
        };
        reload::tell_of_absent(&policy, &people);
        let reports = command::Reports::new(commands.clone());
        let desk = Desk::new(people.clone(), shared.clone(), settings, clock, commands, errands.clone());
        let seals = errands.clone();
        let (reloads, reload_queue) = channel::<Reload>();
        let in_force = InForce { catalog: catalog.clone(), rules: rules.clone() };
        let reloader = Arc::new(Reloader::new(&config, people, reloads, in_force));
        desk.keep_rules(reloader.clone());
        if let Some(settings) = &config.operator.oidc {
            let provider = Arc::new(Provider::new(settings.clone(), &console)?);
            let asked = provider.clone();
            shared.note("oidc", Box::new(move || asked.trouble()));
            tokio::spawn(provider.clone().watch(pages.clone()));
            desk.ask_provider(provider);
        }
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let own = Own::new(door.stats());
        let source = DoorSource::new(intake, own, clock, last, config.limits.batch_readings, is_stopping.clone());
        let limit = config.limits.batch_readings;
        let house = House {
            store: config.store.path.clone(),
            shared: shared.clone(),
            errands: errands.clone(),
            clock,
            speaker: Arc::new(speaker),
            stop: CancellationToken::new(),
        };
        let mut acks = Acks::default();
        start::begin(&mut store, &config.store.path, &config.channels)?;
        let channels = Channels::start(&config, house, outlet.clone(), acks.clone(), reports)?;
        let pipeline = {
            let (trouble, ended) = (trouble.clone(), ended.clone());
            let mut mqtt = MqttVoice::new(outlet, base_url, config.mqtt.remote.is_some());
            let mut web = WebVoice::new(shared.clone(), trouble.clone());
            if let Some(catalog) = engine.catalog() {
                let standing = Reader::open(&config.store.path)
                    .and_then(|reader| reader.standing_transitions(last - alert::RAISED_LASTS))
                    .into_diagnostic()
                    .wrap_err("failed to read what was said last")?;
                mqtt.repeat(&standing, catalog, clock.now().max(last))?;
            }
            spawn(move || {
                let _guard = ended.drop_guard();
                let mut pipeline = Pipeline::new(source, engine, store, seq, limit)
                    .with_voice(&mut mqtt)
                    .with_voice(&mut web)
                    .with_voice(&mut acks)
                    .with_errands(errand_queue)
                    .with_scripts(scripts)
                    .with_commands(command_queue)
                    .with_herald(herald)
                    .with_reloads(reload_queue)
                    .with_patience(trouble);
                pipeline.take_up(clock.now().max(last), catalog, rules, policy)?;
                let _ = ready.send(());
                pipeline.run(|_, _| {}).map(|_| ())
            })?
        };
        if let Some(certificates) = &certificates {
            tokio::spawn(certificates.clone().watch(pages.clone()));
        }
        tokio::spawn(web::serve_public(public, shared.clone(), pages.clone()));
        tokio::spawn(web::serve_operator(operator, desk.clone(), pages.clone()));
        tokio::spawn(relay::run(Arc::downgrade(&desk), pages.clone()));
        let (door_kept, desk_kept) = (Arc::downgrade(&door), Arc::downgrade(&desk));
        let cut = Box::new(move |username: &str| {
            if let Some(door) = door_kept.upgrade() {
                door.disconnect(username);
            }
        });
        desk.keep_door(Doorkeeper { devices, cut });
        let socket = listen(&config, &addresses, desk_kept, reloader.clone())?;
        let mut app = App {
            addresses,
            door: Some(door),
            channels: Some(channels),
            exporters: Exporters::default(),
            sealer: Sealer::default(),
            pipeline: Some(pipeline),
            is_stopping,
            ended,
            pages,
            trouble,
            certificates,
            reloader,
            _socket: socket,
            _lock: lock,
        };
        if is_ready.await.is_err() {
            return Err(app.stop().await.err().unwrap_or_else(|| miette!("the pipeline ended before it began")));
        }
        match Exporters::start(&config.archive, &config.store.path, &config.data, clock, &shared) {
            Ok(exporters) => app.exporters = exporters,
            Err(error) => return Err(app.stop().await.err().unwrap_or(error)),
        }
        match Sealer::start(&config, seals, clock, &shared) {
            Ok(sealer) => app.sealer = sealer,
            Err(error) => return Err(app.stop().await.err().unwrap_or(error)),
        }
        Ok(app)
    }

    /// What reads the city and the rules again.
    pub fn reloader(&self) -> Arc<Reloader> {
        self.reloader.clone()
    }

    /// Waits until the pipeline ends by itself, which it only does when something is broken for good.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Reads certificates again, as SIGHUP asks; they are also looked at every few seconds.
    pub fn renew_certificates(&self) {
        if let Some(certificates) = &self.certificates {
            certificates.renew_and_tell(&mut String::new());
        }
    }

    /// Stops everything, last in first out: what sockets still held is taken in, decided, stored and answered.
    ///
    /// # Errors
    /// What made the pipeline end.
    pub async fn stop(&mut self) -> miette::Result<()> {
        if let Some(door) = &self.door {
            door.stop_listening().await;
        }
        if let Some(channels) = self.channels.take() {
            channels.stop().await;
        }
        std::mem::take(&mut self.sealer).stop().await;
        std::mem::take(&mut self.exporters).stop().await;
        self.is_stopping.store(true, Ordering::Release);
        let ended = self.ended.clone();
        if tokio::time::timeout(Duration::from_secs(20), ended.cancelled()).await.is_err() {
            self.trouble.give_up();
            ended.cancelled().await;
        }
        let result = match self.pipeline.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(miette!("the pipeline panicked; this is a bug in bongsu")),
            None => Ok(()),
        };
        self.pages.cancel();
        // A command that is just being answered may hold the door; its end closes it then.
        if let Some(door) = self.door.take().and_then(Arc::into_inner) {
            door.stop().await;
        }
        result
    }
}

/// What CAP messages are signed with.
fn signer(config: &Config) -> miette::Result<Option<Signer>> {
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("failed to read {}", path.display()))
    };
    let Some(path) = &config.city.signing_key else { return Ok(None) };
    let certificate = config.city.signing_certificate.as_deref().map(read).transpose()?;
    let signer = Signer::new(&read(path)?, certificate.as_deref());
    signer.map(Some).map_err(|error| miette!("the signing key or certificate cannot be used: {error}"))
}

async fn listener(address: SocketAddr) -> miette::Result<TcpListener> {
    TcpListener::bind(address).await.into_diagnostic().wrap_err_with(|| format!("failed to listen on {address}"))
}

fn spawn(work: impl FnOnce() -> miette::Result<()> + Send + 'static) -> miette::Result<JoinHandle<miette::Result<()>>> {
    std::thread::Builder::new()
        .name("pipeline".into())
        .spawn(work)
        .into_diagnostic()
        .wrap_err("failed to start the pipeline")
}

/// Answers commands: each is an errand of the pipeline, done between two batches.
fn listen(config: &Config, addresses: &Addresses, desk: Weak<Desk>, reloader: Arc<Reloader>) -> miette::Result<Socket> {
    // Who asks where it listens does not ask for the key.
    let addresses = Addresses { welcome: None, ..addresses.clone() };
    let runtime = tokio::runtime::Handle::current();
    control::listen(&config.data, move |question, uid| match question {
        Question::People(request) => match desk.upgrade() {
            Some(desk) => runtime.block_on(reception::answer(&desk, &request, uid)),
            None => Reply::Failed("bongsu is stopping".into()),
        },
        Question::Addresses => Reply::Addresses(Box::new(addresses.clone())),
        Question::Reload => match reloader.reload() {
            Ok(()) => Reply::Reloaded,
            Err(error) => {
                let reason = error.to_string();
                reload::tell(error);
                Reply::Failed(reason)
            }
        },
        Question::Devices(request) => match desk.upgrade().map(|desk| runtime.block_on(desk.device(request, None))) {
            Some(Ok(answer)) => Reply::Devices(answer),
            Some(Err(fault)) => Reply::Failed(fault.to_string()),
            None => Reply::Failed("bongsu is stopping".into()),
        },
    })
}
