//! Those who want to hear: subscribing, confirming, unsubscribing, and what citizens report.
//!
//! Nothing personal is kept that is not needed: an address, what it is to hear of, and when it was confirmed. What
//! confirms and unsubscribes is a token that only its owner's letters carry; the store knows its digest. Erasing takes
//! the deliveries along.

// Who may say what how often, without knowing who they are.
mod throttle;

use crate::alert::wording::Wording;
use crate::alert::words::Language;
use crate::channel::email::{Letter, Mailer};
use crate::channel::push::{Services, Subscription};
use crate::channel::{Outcome, Target};
use crate::clock::Clock;
use crate::command::Reports;
use crate::pipeline::Errand;
use crate::store::{Report, Store, StoreError, Subscriber};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_rules::record;
use bongsu_sensors::Level;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use throttle::Throttle;

/// Bytes of the key that tokens are made with.
const KEY_BYTES: usize = 32;

/// Makes the addresses that letters carry. A subscriber's token is computed from its id, so that it need not be stored.
#[derive(Clone)]
pub struct Links {
    key: [u8; KEY_BYTES],
    base_url: String,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Links {
    /// Links with the key of a data folder, made at the first start.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(data: &Path, base_url: String) -> std::io::Result<Links> {
        let made = crate::channel::push::kept(&data.join("links.key"), || {
            let key: [u8; KEY_BYTES] = rand::random();
            key.to_vec()
        })?;
        // Whatever the file holds, the key is 32 bytes.
        Ok(Links { key: Sha256::digest(&made).into(), base_url })
    }

    /// What confirms and unsubscribes the subscriber of an id.
    pub fn token(&self, id: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(id.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// The page that confirms.
    pub fn confirm(&self, id: &str) -> String {
        format!("{}/subscriptions/{}/confirm", self.base_url, self.token(id))
    }

    /// The page that unsubscribes.
    pub fn unsubscribe(&self, id: &str) -> String {
        format!("{}/subscriptions/{}/unsubscribe", self.base_url, self.token(id))
    }
}

/// What the store keeps of a token.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The letter that carries a message.
pub fn letter(links: &Links, words: &Wording, target: &Target, language: Language, key: &str) -> Letter {
    let unsubscribe = links.unsubscribe(&target.id);
    let leave = language.one(["받지 않으려면", "To unsubscribe", "退订", "配信を止めるには"]);
    Letter {
        to: target.address.clone(),
        subject: words.headline.clone(),
        body: format!("{}\n\n{}\n\n--\n{leave}: {unsubscribe}\n", words.whole, words.plain),
        unsubscribe,
        key: key.to_owned(),
    }
}

/// The letter that asks whether somebody really wants to hear.
pub fn question(links: &Links, id: &str, address: &str, sender: &str, language: Language) -> Letter {
    let (confirm, unsubscribe) = (links.confirm(id), links.unsubscribe(id));
    let subject =
        language.one(["재난 알림 신청 확인", "Confirm your warnings", "确认接收灾害通知", "災害のお知らせの確認"]);
    let ask = language.one([
        "이 주소로 재난 알림을 신청하셨다면 아래 주소를 열어 확인해 주세요. 신청하지 않으셨다면 아무것도 하지 않으셔도 됩니다. 이틀 뒤에 지워집니다.",
        "If you asked for warnings at this address, open the page below to confirm. If you did not, do nothing: the address is erased after two days.",
        "如果您申请了用这个地址接收灾害通知，请打开下面的网页确认。如果没有申请，请不用理会，两天后会删除。",
        "このアドレスで災害のお知らせを申し込んだ方は、下のページを開いて確認してください。申し込んでいない方は何もしなくて大丈夫です。二日後に消去します。",
    ]);
    Letter {
        to: address.to_owned(),
        subject: format!("[{sender}] {subject}"),
        body: format!("{ask}\n\n{confirm}\n"),
        unsubscribe,
        key: format!("confirm-{id}"),
    }
}

/// How long somebody has to confirm.
const CONFIRM_WITHIN: Duration = Duration::from_secs(48 * 3600);

/// One device is heard once on one hazard in one area in so long.
const REPORT_AGAIN: Duration = Duration::from_secs(6 * 3600);

/// Most subscribers: what a city of millions may have, and no more than the store carries easily.
const SUBSCRIBERS: u64 = 2_000_000;

/// How often a question that could not be sent is tried again.
const QUESTIONS: [u64; 3] = [2, 20, 120];

/// Why something is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The city has no such channel.
    #[error("this city sends no {0}")]
    NoChannel(&'static str),
    /// The address is none.
    #[error("{0}")]
    Address(String),
    /// Too often.
    #[error("too many requests; try again later")]
    TooOften,
    /// The store says no.
    #[error("it could not be stored; try again later")]
    Store,
}

/// What somebody asks to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Codes of areas; empty: all.
    pub areas: Vec<String>,
    /// Names of hazards; empty: all.
    pub hazards: Vec<String>,
    /// From which level on.
    pub level: Level,
    /// In which language.
    pub language: Language,
}

/// Takes subscriptions and reports.
pub struct Office {
    errands: Sender<Errand>,
    reports: Reports,
    clock: Clock,
    /// The addresses that letters carry.
    pub links: Arc<Links>,
    mailer: Option<Mailer>,
    services: Option<Services>,
    vapid_key: String,
    sender_name: String,
    throttle: Throttle,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("links", &self.links).finish_non_exhaustive()
    }
}

/// What an office is made of.
#[derive(Debug)]
pub struct Furniture {
    /// Where things are written.
    pub errands: Sender<Errand>,
    /// Where what citizens see reaches the engine.
    pub reports: Reports,
    /// What `now` is made of.
    pub clock: Clock,
    /// The addresses that letters carry.
    pub links: Arc<Links>,
    /// What sends letters, where the city sends any.
    pub mailer: Option<Mailer>,
    /// The push services that may be asked, where the city asks any.
    pub services: Option<Services>,
    /// The key that browsers subscribe with.
    pub vapid_key: String,
    /// Who writes, for people.
    pub sender_name: String,
}

impl Office {
    /// An office.
    pub fn new(furniture: Furniture) -> Office {
        let Furniture { errands, reports, clock, links, mailer, services, vapid_key, sender_name } = furniture;
        let throttle = Throttle::default();
        Office { errands, reports, clock, links, mailer, services, vapid_key, sender_name, throttle }
    }

    /// The key that browsers subscribe with; `None`: the city sends no web push.
    pub fn push_key(&self) -> Option<&str> {
        self.services.as_ref().map(|_| self.vapid_key.as_str())
    }

    /// Whether the city writes e-mails.
    pub fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Takes an e-mail address; it counts when its owner has confirmed.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn subscribe_email(&self, address: &str, wish: Wish) -> Result<(), Refused> {
        let mailer = self.mailer.clone().ok_or(Refused::NoChannel("e-mail"))?;
        let address = address.trim().to_lowercase();
        if address.len() > 254 || address.parse::<lettre::Address>().is_err() {
            return Err(Refused::Address("that is no e-mail address; write it as name@example.com".into()));
        }
        // Whoever types a stranger's address sends that stranger one letter, and no second one soon.
        if !self.throttle.letter(&address) {
            return Err(Refused::TooOften);
        }
        let id = new_id();
        let letter = question(&self.links, &id, &address, &self.sender_name, wish.language);
        self.put(id, "email", address, wish, false).await?;
        tokio::spawn(async move {
            for wait in QUESTIONS {
                match mailer.send(&letter).await {
                    Outcome::Retry(_, why) => tracing::warn!(%why, "a question for confirmation could not be sent"),
                    _ => return,
                }
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        });
        Ok(())
    }

    /// Takes a browser's subscription; answers the token it unsubscribes with. A browser asks its user itself.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn subscribe_push(&self, subscription: &Subscription, wish: Wish) -> Result<String, Refused> {
        let services = self.services.as_ref().ok_or(Refused::NoChannel("web push"))?;
        let wrong = |error: crate::channel::push::PushError| Refused::Address(error.to_string());
        services.origin(&subscription.endpoint).map_err(wrong)?;
        crate::channel::push::check(&subscription.keys).map_err(wrong)?;
        if !self.throttle.anybody() {
            return Err(Refused::TooOften);
        }
        let id = new_id();
        let token = self.links.token(&id);
        // Two texts always have a JSON form.
        let address = serde_json::to_string(subscription).unwrap_or_default();
        self.put(id, "push", address, wish, true).await?;
        Ok(token)
    }

    async fn put(
        &self,
        id: String,
        channel: &str,
        address: String,
        wish: Wish,
        is_confirmed: bool,
    ) -> Result<(), Refused> {
        let now = self.clock.now();
        let subscriber = Subscriber {
            token: digest(&self.links.token(&id)),
            id,
            channel: channel.to_owned(),
            address,
            areas: wish.areas,
            hazards: wish.hazards,
            level: wish.level,
            language: wish.language.code().to_owned(),
            confirmed: is_confirmed.then_some(now),
            created: now,
        };
        let taken = self.ask(move |store| {
            store.forget_unconfirmed(now - CONFIRM_WITHIN)?;
            if store.subscriber_count()? >= SUBSCRIBERS {
                return Ok(false);
            }
            store.put_subscriber(&subscriber).map(|()| true)
        });
        if taken.await? { Ok(()) } else { Err(Refused::TooOften) }
    }

    /// Confirms; answers whether there is anybody of that token.
    ///
    /// # Errors
    /// The store says no.
    pub async fn confirm(&self, token: &str) -> Result<bool, Refused> {
        let (token, now) = (digest(token), self.clock.now());
        self.ask(move |store| store.confirm_subscriber(&token, now)).await
    }

    /// Erases; answers whether there was anybody of that token.
    ///
    /// # Errors
    /// The store says no.
    pub async fn erase(&self, token: &str) -> Result<bool, Refused> {
        let token = digest(token);
        self.ask(move |store| store.erase_subscriber(&token, "")).await
    }

    /// Takes what a citizen saw; answers whether it was new. `device` is a random number that the device made itself.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn report(&self, device: &str, report: Report) -> Result<bool, Refused> {
        if !self.throttle.reporter(device) {
            return Err(Refused::TooOften);
        }
        let now = self.clock.now();
        let report = Report { received: now, token: digest(device), ..report };
        let (hazard, area) = (report.hazard.clone(), report.area.clone());
        let device = report.token.iter().take(8).fold(0, |name, byte| name << 8 | u64::from(*byte));
        let is_new = self.ask(move |store| store.put_report(&report, now - REPORT_AGAIN)).await?;
        if is_new {
            self.reports.tell(record::Report::Sighting { hazard, area, device });
        }
        Ok(is_new)
    }

    /// Has something done in the store, between two batches.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let (done, is_done) = tokio::sync::oneshot::channel();
        let errand: Errand = Box::new(move |store| {
            let _ = done.send(work(store));
        });
        self.errands.send(errand).map_err(|_| Refused::Store)?;
        is_done.await.map_err(|_| Refused::Store)?.map_err(|error| {
            tracing::error!(%error, "a subscription or a report could not be stored");
            Refused::Store
        })
    }
}

/// A name that says nothing.
fn new_id() -> String {
    let bytes: [u8; 16] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
