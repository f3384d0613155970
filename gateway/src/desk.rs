//! Between people and the pipeline: who asks, what they saw, and the queue their orders wait in. Whoever comes, by the
//! pages, with a token or over the control socket, comes by here.

use crate::alert::text::{Unfilled, sending_class};
use crate::alert::wording::Wording;
use crate::alert::words::Language;
use crate::alert::{Context, cap};
use crate::clock::Clock;
use crate::command::{Check, Command, Outcome, Refused, Work};
use crate::device::{self, Doorkeeper};
use crate::oidc::Provider;
use crate::owed::Owed;
use crate::people::guessing::Guessing;
use crate::people::looked::Looked;
use crate::people::password::Passwords;
use crate::people::vouched::Wanted;
use crate::people::{People, Who};
use crate::pipeline::Errand;
use crate::relay::{Agency, Told};
use crate::reload::Reloader;
use crate::rulebook::Rulebook;
use crate::source::file::Row;
use crate::store::audit::{Draft, hex};
use crate::store::people::Change;
use crate::store::submission::{Decided, Submission};
use crate::store::{Store, StoreError};
use crate::web::Shared;
use bongsu_rules::engine::Explanation;
use bongsu_rules::incident::{Action, CITY, Done, Incident, Message, MessageType, Order, Person, Seen, Status};
use bongsu_sensors::{Catalog, Time};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::mpsc::{Sender, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long somebody waits for a commit.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the desk is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The channels the public hears by.
    pub channels: Vec<String>,
    /// Who warns.
    pub sender_name: String,
    /// The languages the city speaks.
    pub languages: Vec<Language>,
    /// Who approves for more people than this types how many they are.
    pub type_population_above: u64,
    /// Whose CAP messages are believed.
    pub agencies: Vec<Agency>,
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    /// Everybody, as the store knows them.
    pub people: People,
    /// The threads that work on passwords.
    pub passwords: Passwords,
    /// Who guesses.
    pub guessing: Guessing,
    /// Who saw what.
    looked: Looked,
    owed: Arc<Owed>,
    /// Which stations were told what agencies announce.
    pub(crate) told: tokio::sync::Mutex<Told>,
    /// The rules, once they are read.
    rules: OnceLock<Arc<Rulebook>>,
    /// The city's own login, where there is one.
    provider: OnceLock<Arc<Provider>>,
    /// The door, once it is open.
    door: OnceLock<Doorkeeper>,
    /// What the web knows.
    pub shared: Arc<Shared>,
    /// What it was told.
    pub settings: Settings,
    clock: Clock,
    commands: SyncSender<Command>,
    errands: Sender<Errand>,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It must not be done.
    #[error("{0}")]
    Refused(Refused),
    /// Too much waits already.
    #[error("too many orders wait")]
    Busy,
    /// The disk does not answer.
    #[error("the commit has not come yet: look whether it was done before you order it again")]
    Late,
    /// What was to be changed is gone.
    #[error("it was changed by somebody else meanwhile, or no administrator would be left")]
    Gone,
    /// The city has no login of its own.
    #[error("[operator.oidc] is not configured")]
    NoProvider,
    /// This can be nobody there.
    #[error("a subject has 1 to 255 printable ASCII characters")]
    NoSubject,
    /// The program stops.
    #[error("bongsu is stopping")]
    Stopping,
    /// The store says no.
    #[error("{0}")]
    Store(String),
}

/// What would be sent if a proposal were approved now.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// Names all of it: who approves says which one was seen.
    pub hash: String,
    /// The proposal.
    pub seen: Seen,
    /// Every text, in the languages in which it is said; where one lacks something, nothing is said at all.
    #[serde(skip)]
    pub texts: Vec<(Language, Result<Wording, Unfilled>)>,
    /// The class of cell broadcast it is proposed for.
    pub sending_class: &'static str,
    /// Where it goes.
    pub channels: Vec<String>,
    /// Whom it reaches, where the catalog knows.
    pub population: Option<u64>,
    /// How many they are must be typed.
    pub type_population: bool,
    /// The catalog knows shapes of areas, and not of this one.
    pub lacks_geometry: bool,
}

/// How many people live in an area; in the whole city: in all areas that lie in no other.
pub fn population(catalog: Option<&Catalog>, area: &str) -> Option<u64> {
    let catalog = catalog?;
    if let Some(at) = catalog.area_named(area) {
        return catalog.area(at).population;
    }
    let outer = catalog.areas.iter().filter(|area| area.parent.is_none());
    (area == CITY).then(|| outer.filter_map(|area| area.population).sum())
}

fn lacks_geometry(catalog: Option<&Catalog>, area: &str) -> bool {
    let Some(catalog) = catalog else { return false };
    let knows_shapes = catalog.areas.iter().any(|area| !area.polygon.is_empty());
    knows_shapes && catalog.area_named(area).is_some_and(|at| catalog.area(at).polygon.is_empty())
}

/// What would be sent; `None`: nothing is proposed.
pub fn preview(incident: &Incident, context: Context<'_>, settings: &Settings) -> Option<Preview> {
    let proposal = incident.proposal.as_ref()?;
    // What would be said if it were sent when it was proposed: the only thing that changes is the time of day.
    let message = Message {
        identifier: String::new(),
        sent: proposal.since,
        msg_type: MessageType::Update,
        level: proposal.level,
    };
    let link = cap::link(context.base_url, incident);
    let wording = |language: &Language| {
        let sender = &settings.sender_name;
        (*language, Wording::of(sender, &link, incident, &message, context.catalog, *language))
    };
    let texts: Vec<_> = settings.languages.iter().map(wording).collect();
    let channels = match incident.status {
        Status::Actual => settings.channels.clone(),
        // What is practised goes to its own topics, whatever is configured.
        Status::Exercise | Status::Test => vec!["exercise".to_owned()],
    };
    let population = population(context.catalog, &incident.area);
    let seen = Seen { level: proposal.level, number: proposal.number };
    let mut hash = Sha256::new();
    let number = proposal.number.to_string();
    let reached = population.map_or(String::new(), |population| population.to_string());
    let mut parts = vec![&*incident.id, proposal.level.name(), &number, &incident.area, &reached];
    parts.extend(channels.iter().map(String::as_str));
    for (language, wording) in &texts {
        parts.push(language.code());
        if let Ok(wording) = wording {
            parts.extend(wording.each().map(|(_, text)| text));
        }
    }
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let reaches_many = population.is_some_and(|reached| reached > settings.type_population_above);
    Some(Preview {
        hash: hex(&hash.finalize()),
        seen,
        texts,
        sending_class: sending_class(&incident.hazard, proposal.level),
        channels,
        population,
        type_population: reaches_many && incident.status == Status::Actual,
        lacks_geometry: lacks_geometry(context.catalog, &incident.area),
    })
}

/// What a person says when approving.
#[derive(Clone, Debug, Default)]
pub struct Yes {
    /// The hash of what was seen.
    pub hash: String,
    /// How many people it reaches, typed.
    pub population: Option<u64>,
    /// It may go without a shape.
    pub without_geometry: bool,
}

impl Yes {
    /// Whether it is a yes to what would be sent now.
    ///
    /// # Errors
    /// What is different.
    pub fn fits(&self, preview: Option<&Preview>) -> Result<(), Refused> {
        let changed = |what: &str| Err(Refused::Changed(what.to_owned()));
        let Some(preview) = preview else {
            return changed("nothing is proposed there: it was decided already, or the danger has passed");
        };
        if !crate::people::is_same(&preview.hash, &self.hash) {
            return changed("the level, the area, the texts or the channels have changed since they were shown");
        }
        if let Some(unfilled) = preview.texts.iter().find_map(|(_, wording)| wording.as_ref().err()) {
            return changed(&unfilled.to_string());
        }
        if preview.type_population && self.population != preview.population {
            return changed("it reaches many people: type how many, as they are shown");
        }
        if preview.lacks_geometry && !self.without_geometry {
            return changed("the area has no shape: add it to the geometry, or say that it may go without one");
        }
        Ok(())
    }
}

impl Desk {
    /// A desk before a pipeline.
    pub fn new(
        people: People,
        shared: Arc<Shared>,
        settings: Settings,
        clock: Clock,
        commands: SyncSender<Command>,
        errands: Sender<Errand>,
    ) -> Arc<Desk> {
        Arc::new(Desk {
            people,
            passwords: Passwords::default(),
            guessing: Guessing::default(),
            looked: Looked::default(),
            owed: Owed::new(errands.clone()),
            told: tokio::sync::Mutex::default(),
            rules: OnceLock::new(),
            provider: OnceLock::new(),
            door: OnceLock::new(),
            shared,
            settings,
            clock,
            commands,
            errands,
        })
    }

    /// From now on rules can be read and changed.
    pub fn keep_rules(&self, reloader: Arc<Reloader>) {
        let _ = self.rules.set(Arc::new(Rulebook::new(reloader)));
    }

    /// From now on the door learns of devices that are changed.
    pub fn keep_door(&self, door: Doorkeeper) {
        let _ = self.door.set(door);
    }

    /// The rules, and how they are changed.
    ///
    /// # Errors
    /// The program is just starting.
    pub fn rulebook(&self) -> Result<Arc<Rulebook>, Fault> {
        self.rules.get().cloned().ok_or(Fault::Busy)
    }

    /// From now on the city's own login says who people are.
    pub fn ask_provider(&self, provider: Arc<Provider>) {
        let _ = self.provider.set(provider);
    }

    /// The city's own login, where there is one.
    pub fn provider(&self) -> Option<&Arc<Provider>> {
        self.provider.get()
    }

    /// What lets the city's own login vouch for an account, or no longer.
    ///
    /// # Errors
    /// There is no such login, or this can be nobody there.
    pub fn vouch(&self, username: &str, wanted: Option<Wanted>) -> Result<Change, Fault> {
        let vouched = match wanted {
            None => None,
            Some(wanted) => {
                let provider = self.provider().ok_or(Fault::NoProvider)?;
                Some(wanted.of(&provider.settings.issuer, self.now()).ok_or(Fault::NoSubject)?)
            }
        };
        Ok(Change::Vouch { username: username.to_owned(), vouched })
    }

    /// Keeps a text of a rule for a second person; answers its number, or nothing where too many wait.
    ///
    /// # Errors
    /// The store cannot be written, or the program stops.
    pub async fn submit_rule(&self, wanted: Submission, audit: Draft) -> Result<Option<i64>, Fault> {
        self.errand(move |store| store.submit_rule(&wanted, audit)).await
    }

    /// Writes down that a submitted text does not become a rule.
    ///
    /// # Errors
    /// It was decided already, the store cannot be written, or the program stops.
    pub async fn refuse_rule(&self, decided: Decided, audit: Draft) -> Result<(), Fault> {
        let waited = self.errand(move |store| store.refuse_rule(&decided, audit)).await?;
        if waited { Ok(()) } else { Err(Fault::Gone) }
    }

    /// The system's time, by which sessions and links end.
    pub fn now(&self) -> Time {
        Clock::System.now()
    }

    /// The city's time, by which incidents live.
    pub fn city_now(&self) -> Time {
        self.clock.now()
    }

    /// Whether the city's time is the system's.
    pub fn is_by_system_clock(&self) -> bool {
        self.clock.is_system()
    }

    /// What the audit says of something somebody does.
    pub fn draft(&self, who: &Who, address: &str, action: &str, subject: &str, detail: &str) -> Draft {
        Draft {
            time: self.now(),
            who: who.name.clone(),
            role: who.role.name().to_owned(),
            from_address: address.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            record: None,
        }
    }

    /// An order to the engine.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn order(&self, who: &Who, address: &str, action: Action, check: Check) -> Result<Done, Fault> {
        let subject = action.incident().unwrap_or_default();
        let detail = serde_json::to_string(&action).unwrap_or_default();
        let audit = self.draft(who, address, action.name(), subject, &detail);
        let by = Person { user: who.name.clone(), session: who.session.clone() };
        let work = Work::Order(Box::new(Order { by, action }), check);
        match self.send(work, audit).await? {
            Outcome::Ordered(done) => Ok(done),
            Outcome::Reported { .. } | Outcome::Taken | Outcome::Explained(_) => Err(Fault::Stopping),
        }
    }

    /// What a rule says at a place now; `None`: it does not look there. Nothing is changed by it, and nobody is named.
    ///
    /// # Errors
    /// Too much waits, or the program stops.
    pub async fn explain(&self, rule: &str, place: &str) -> Result<Option<Box<Explanation>>, Fault> {
        let work = Work::Explain { rule: rule.to_owned(), place: place.to_owned() };
        match self.hand_over(work, None).await? {
            Outcome::Explained(found) => Ok(found),
            Outcome::Ordered(_) | Outcome::Reported { .. } | Outcome::Taken => Err(Fault::Stopping),
        }
    }

    /// Observations that people report.
    ///
    /// # Errors
    /// Why they were not taken in.
    pub async fn report(&self, who: &Who, address: &str, rows: Vec<Row>) -> Result<Outcome, Fault> {
        let detail = format!("{} observations", rows.len());
        let audit = self.draft(who, address, "report", "", &detail);
        self.send(Work::Report(rows), audit).await
    }

    /// Takes in what the system itself says at stations; the audit has had its word.
    ///
    /// # Errors
    /// Why it was not taken in.
    pub async fn tell(&self, rows: Vec<Row>) -> Result<Outcome, Fault> {
        self.hand_over(Work::Report(rows), None).await
    }

    async fn send(&self, work: Work, audit: Draft) -> Result<Outcome, Fault> {
        self.hand_over(work, Some(audit)).await
    }

    async fn hand_over(&self, work: Work, audit: Option<Draft>) -> Result<Outcome, Fault> {
        let (reply, answered) = oneshot::channel();
        self.commands.try_send(Command { work, audit, reply }).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Disconnected(_) => Fault::Stopping,
        })?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer.map_err(Fault::Refused),
            Ok(Err(_)) => Err(Fault::Stopping),
            Err(_) => Err(Fault::Late),
        }
    }

    /// Approves what was seen, if it is still what would be sent.
    ///
    /// # Errors
    /// What has changed, or stands against it.
    pub async fn approve(&self, who: &Who, address: &str, incident: &str, yes: Yes) -> Result<Done, Fault> {
        let seen = self.preview(incident).map(|preview| preview.seen);
        // What is proposed nowhere is denied by the engine, whatever was seen.
        let seen = seen.unwrap_or(Seen { level: bongsu_sensors::Level::None, number: 0 });
        let (id, settings) = (incident.to_owned(), self.settings.clone());
        let base_url = self.shared.base_url().to_owned();
        let check: Check = Box::new(move |engine| {
            let Some(incident) = engine.book().incident(&id) else { return Ok(()) };
            let context = Context { catalog: engine.catalog().map(|catalog| &**catalog), base_url: &base_url };
            yes.fits(preview(incident, context, &settings).as_ref())
        });
        let action = Action::Approve { incident: incident.to_owned(), seen };
        self.order(who, address, action, check).await
    }

    /// What would be sent if an incident's proposal were approved now.
    pub fn preview(&self, incident: &str) -> Option<Preview> {
        let said = self.shared.incident(incident)?;
        self.preview_of(&said.transition.incident)
    }

    /// The same of an incident at hand.
    pub fn preview_of(&self, incident: &Incident) -> Option<Preview> {
        let catalog = self.shared.catalog();
        preview(incident, self.shared.context(&catalog), &self.settings)
    }

    /// Changes what the store knows of people, with the audit's word; then what everybody asks.
    ///
    /// # Errors
    /// The store cannot be written, or the program stops.
    pub async fn change(&self, changes: Vec<Change>, audit: Vec<Draft>) -> Result<(), Fault> {
        let people = self.people.clone();
        let changed = self.errand(move |store| {
            let changed = store.change_people(&changes, &audit)?;
            people.refresh(store)?;
            Ok(changed)
        });
        if changed.await? { Ok(()) } else { Err(Fault::Gone) }
    }

    /// Writes down what somebody saw. Nobody waits for it; what the disk does not take now is written with the next.
    pub fn saw(&self, who: &Who, address: &str, action: &str, subject: &str) {
        let draft = self.draft(who, address, action, subject, "");
        if self.looked.saw(&draft) {
            self.owed.write(draft);
        }
    }

    /// The devices, as the store knows them.
    ///
    /// # Errors
    /// The store cannot be read, or the program stops.
    pub async fn devices(&self) -> Result<Vec<device::Listed>, Fault> {
        match self.device(device::Request::List, None).await? {
            device::Answer::Devices(devices) => Ok(devices),
            _ => Err(Fault::Stopping),
        }
    }

    /// Does what is asked about devices. The door knows it before it is answered.
    ///
    /// # Errors
    /// The store cannot be written, or the program stops.
    pub async fn device(&self, request: device::Request, audit: Option<Draft>) -> Result<device::Answer, Fault> {
        let door = self.door.get();
        let known = door.map(|door| door.devices.clone());
        let done = self.errand(move |store| {
            let answer = device::execute(store, &request, audit)?;
            if let Some(known) = known {
                known.refresh(store)?;
            }
            Ok((request, answer))
        });
        let (request, answer) = done.await?;
        if let (Some(username), Some(door)) = (request.cuts(), door) {
            (door.cut)(username);
        }
        Ok(answer)
    }

    /// Asks the store's owner to do something, and waits for it.
    pub(crate) async fn errand<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answered) = oneshot::channel();
        let errand: Errand = Box::new(move |store| {
            let _ = reply.send(work(store));
        });
        self.errands.send(errand).map_err(|_| Fault::Stopping)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer.map_err(|error| Fault::Store(error.to_string())),
            Ok(Err(_)) => Err(Fault::Stopping),
            Err(_) => Err(Fault::Late),
        }
    }
}

/// For orders that need no more than the engine knows.
pub fn unchecked() -> Check {
    Box::new(|_| Ok(()))
}
