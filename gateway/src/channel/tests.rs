//! One suite for every channel: its manual is true, and whatever the other side does, nobody is told twice under two
//! keys, nobody too late, and nobody waits for somebody else.

use super::health::Health;
use super::notice::Notice;
use super::runner::{House, Runner};
use super::*;
use crate::alert::cap::Speaker;
use crate::clock::Clock;
use crate::pipeline::Errand;
use crate::store::{DeliveryRow, Fate, Sought};
use crate::web::tests::city::City;
use bongsu_rules::incident::{Cause, Proposal};
use bongsu_sensors::Level;
use bongsu_sensors::document::{self, Reader as Document};
use bongsu_sensors::mistake::{Mistakes, Source};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The settings of a text, and every mistake in it.
fn configured(text: &str) -> (Vec<Arc<dyn Settings>>, Vec<String>) {
    let source = Source::new("bongsu.toml", text);
    let layers = Layers::of(Some(source.clone()), [], &[]);
    let mistakes = Mistakes::new();
    let table = document::parse(&source, &mistakes);
    let reader = Document::document(&table, &source, &mistakes);
    let settings = reader.inner("channel").map(|section| {
        let _ = section.inner("ping").and_then(ping::read);
        read(section, &layers)
    });
    (settings.unwrap_or_default(), mistakes.into_vec().iter().map(ToString::to_string).collect())
}

/// The files of a text that go with messages, and every mistake in it.
fn with_files(text: &str) -> (Vec<crate::alert::resource::Attachment>, Vec<String>) {
    let source = Source::new("bongsu.toml", text);
    let mistakes = Mistakes::new();
    let table = document::parse(&source, &mistakes);
    let reader = Document::document(&table, &source, &mistakes);
    let section = reader.inner("city").expect("a city");
    let files = section.tables("resource").into_iter().filter_map(crate::alert::resource::read).collect();
    (files, mistakes.into_vec().iter().map(ToString::to_string).collect())
}

#[test]
fn every_manual_is_a_good_configuration() {
    let mut manuals = String::from(
        "# Channels\n\nHow what is issued reaches people who do not look. Each table below goes into `bongsu.toml`. \
         A delivery is tried again, with growing waits, until it is taken, its message expires, or a newer one takes its \
         place; every attempt carries the same `Idempotency-Key`. `GET /api/v1/deliveries` on the operators' address \
         lists what became of each.\n",
    );
    for kind in CHANNELS {
        let (settings, mistakes) = configured(kind.manual);
        assert_eq!(mistakes, Vec::<String>::new(), "{}", kind.name);
        assert_eq!(settings.len(), 1, "{}", kind.name);
        assert!(settings[0].name().starts_with(kind.name), "{}", settings[0].name());
        assert!(!format!("{settings:?}").contains("between us"));
        let (_, mistakes) = configured(&format!("{}\nnonsense = 1\n", kind.manual));
        assert!(mistakes.iter().any(|told| told.contains("unknown key `nonsense`")), "{mistakes:?}");
        let twice = format!("{0}\n{0}", kind.manual);
        let (_, mistakes) = configured(&twice);
        assert!(mistakes.iter().any(|told| told.contains("two channels are called")), "{mistakes:?}");
        // What is commented out is a good line too.
        let all: String = kind.manual.lines().map(|line| uncommented(line) + "\n").collect();
        let (_, mistakes) = configured(&all);
        assert_eq!(mistakes, Vec::<String>::new(), "{all}");
        manuals.push_str(&format!("\n## {}\n\n```toml\n{}```\n", kind.name, kind.manual));
    }
    let (_, mistakes) = configured(ping::MANUAL);
    assert_eq!(mistakes, Vec::<String>::new());
    manuals.push_str(&format!("\n## ping\n\n```toml\n{}```\n", ping::MANUAL));
    let manual = crate::alert::resource::MANUAL;
    let (_, mistakes) = with_files(manual);
    assert_eq!(mistakes, Vec::<String>::new());
    let (files, mistakes) = with_files(&manual.lines().map(|line| uncommented(line) + "\n").collect::<String>());
    assert_eq!((files.len(), mistakes), (1, Vec::new()));
    let (_, mistakes) = with_files(&manual.replace("video/mp4", "film").replace("https://", ""));
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    manuals.push_str(&format!("\n## Files that go with a message\n\n```toml\n{manual}```\n"));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/channels.md");
    if std::env::var_os("BONGSU_BLESS").is_some() {
        std::fs::write(&path, &manuals).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, manuals, "docs/channels.md: run this test with BONGSU_BLESS=1");
}

fn uncommented(line: &str) -> String {
    let rest = line.strip_prefix("# ").unwrap_or(line);
    let is_key =
        rest.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    if is_key { rest.to_owned() } else { line.to_owned() }
}

/// What the other side does at each attempt for a recipient.
#[derive(Clone, Debug)]
enum Does {
    Take,
    Fail,
    Refuse,
    Leave,
    Hang,
}

/// A channel whose other side follows a script.
struct Script {
    audience: Audience,
    targets: Vec<&'static str>,
    does: Mutex<BTreeMap<String, Vec<Does>>>,
    heard: Mutex<Vec<(String, String, String)>>,
    /// The line of each attempt in Korean.
    words: Mutex<Vec<String>>,
}

impl Script {
    fn new(script: &[(&'static str, &[Does])]) -> Arc<Script> {
        Arc::new(Script::of(Audience::Public, script))
    }

    fn of(audience: Audience, script: &[(&'static str, &[Does])]) -> Script {
        Script {
            audience,
            targets: script.iter().map(|(target, _)| *target).collect(),
            does: Mutex::new(script.iter().map(|(target, does)| ((*target).to_owned(), does.to_vec())).collect()),
            heard: Mutex::default(),
            words: Mutex::default(),
        }
    }

    fn heard(&self) -> Vec<(String, String, String)> {
        self.heard.lock().expect("whole").clone()
    }
}

fn target(id: &str) -> Target {
    Target { id: id.into(), address: String::new(), language: "ko".into() }
}

impl Channel for Script {
    fn audience(&self) -> Audience {
        self.audience
    }

    fn pace(&self) -> Pace {
        Pace { per_second: 10_000, at_once: 8, patience: Duration::from_millis(300) }
    }

    fn targets(&self, _: &Notice, _: &Reader) -> rusqlite::Result<Vec<Target>> {
        Ok(self.targets.iter().map(|id| target(id)).collect())
    }

    fn target(&self, id: &str, _: &Reader) -> rusqlite::Result<Option<Target>> {
        Ok(Some(target(id)))
    }

    fn deliver<'a>(&'a self, notice: &'a Notice, target: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let said = (target.id.clone(), notice.message.identifier.clone(), key.to_owned());
            self.heard.lock().expect("whole").push(said);
            let words = notice.words(crate::alert::words::Language::Ko).expect("filled");
            self.words.lock().expect("whole").push(words.headline);
            let does = {
                let mut script = self.does.lock().expect("whole");
                let left = script.entry(target.id.clone()).or_default();
                if left.is_empty() { Does::Take } else { left.remove(0) }
            };
            match does {
                Does::Take => Outcome::Sent("taken".into()),
                Does::Fail => Outcome::Retry(None, "broken".into()),
                Does::Refuse => Outcome::Rejected("never".into()),
                Does::Leave => Outcome::Gone("moved".into()),
                Does::Hang => std::future::pending().await,
            }
        })
    }
}

/// A city with one channel at work.
struct Town {
    city: City,
    errands: mpsc::Receiver<Errand>,
    sender: mpsc::Sender<Errand>,
    stop: CancellationToken,
    work: Option<tokio::task::JoinHandle<()>>,
    start: bongsu_sensors::Time,
}

impl Town {
    fn new() -> Town {
        let (sender, errands) = mpsc::channel();
        let city = City::actual();
        Town { start: city.now, city, errands, sender, stop: CancellationToken::new(), work: None }
    }

    fn begin(&mut self, channel: Arc<Script>) {
        self.stop = CancellationToken::new();
        let speaker = Speaker {
            sender: "bongsu.example.city".into(),
            sender_name: "서초구".into(),
            contact: None,
            languages: vec!["ko".into()],
            base_url: "https://warning.example.city".into(),
            resources: Vec::new(),
            signer: None,
        };
        let house = House {
            store: self.city.path(),
            shared: self.city.shared.clone(),
            errands: self.sender.clone(),
            clock: Clock::running(self.start, 1.0),
            speaker: Arc::new(speaker),
            stop: self.stop.clone(),
        };
        let runner = Runner::new("script".into(), channel, false, house, Arc::new(Health::default()));
        self.work = Some(tokio::spawn(runner.run()));
    }

    /// The power is cut: nothing more is written.
    async fn cut(&mut self) {
        let work = self.work.take().expect("at work");
        work.abort();
        let _ = work.await;
        self.stop.cancel();
        while self.errands.try_recv().is_ok() {}
    }

    fn issue(&mut self, number: u32, level: Level) {
        let transition = self.city.transition("seocho", number, level, Some(level));
        self.city.commit(vec![transition], &[]);
    }

    fn rows(&self) -> BTreeMap<String, DeliveryRow> {
        let reader = Reader::open(&self.city.path()).expect("reader");
        let rows = reader.deliveries(i64::MAX, 100, &Sought::default()).expect("rows").into_iter();
        rows.map(|(_, row)| (format!("{} {}", row.target, row.identifier.rsplit('.').next().unwrap_or_default()), row))
            .collect()
    }

    /// Lets errands be done until something holds.
    #[track_caller]
    fn until(&mut self, what: &'static str, holds: impl Fn(&Town) -> bool) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
            loop {
                while let Ok(errand) = self.errands.try_recv() {
                    self.city.run(errand);
                }
                if holds(self) {
                    return;
                }
                assert!(tokio::time::Instant::now() < deadline, "{place}: {what}: {:#?}", self.rows());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    fn fate(&self, at: &str) -> Option<(Fate, u32)> {
        self.rows().get(at).map(|row| (row.state, row.attempts))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_other_side_does_the_others_are_told() {
    let mut town = Town::new();
    let script = Script::new(&[
        ("good", &[]),
        ("flaky", &[Does::Fail, Does::Fail]),
        ("closed", &[Does::Refuse]),
        ("moved", &[Does::Leave]),
        ("stuck", &[Does::Hang, Does::Hang, Does::Hang, Does::Hang]),
    ]);
    town.begin(script.clone());
    town.until("it stands where the store stands", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    town.issue(1, Level::Watch);
    town.until("all but one are done", |town| {
        town.fate("good 1") == Some((Fate::Sent, 1))
            && town.fate("flaky 1") == Some((Fate::Sent, 3))
            && town.fate("closed 1") == Some((Fate::Rejected, 1))
            && town.fate("moved 1") == Some((Fate::Rejected, 1))
    })
    .await;
    assert!(matches!(town.fate("stuck 1"), Some((Fate::Pending, _))));
    // A newer message takes the place of the one that hangs.
    town.issue(2, Level::Warning);
    town.until("the newer one is told", |town| town.fate("good 2") == Some((Fate::Sent, 1))).await;
    town.until("the older one is given up", |town| matches!(town.fate("stuck 1"), Some((Fate::Superseded, _)))).await;
    let heard = script.heard();
    let keys = |target: &str, number: &str| {
        let of = heard.iter().filter(|(to, identifier, _)| to == target && identifier.ends_with(number));
        of.map(|(.., key)| key.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(keys("flaky", ".1").len(), 1, "one key for all attempts");
    assert_ne!(keys("flaky", ".1"), keys("good", ".1"));
    assert_ne!(keys("good", ".1"), keys("good", ".2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_owed_survives_a_power_cut_under_the_same_key() {
    let mut town = Town::new();
    let script = Script::new(&[("good", &[]), ("down", &[Does::Fail, Does::Fail, Does::Fail, Does::Fail])]);
    town.begin(script.clone());
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    town.issue(1, Level::Watch);
    town.until("one is told", |town| town.fate("good 1") == Some((Fate::Sent, 1)) && town.fate("down 1").is_some())
        .await;
    town.cut().await;
    // What is issued while it is down is told after the start, too.
    let before = script.heard();
    let after = Script::new(&[("good", &[]), ("down", &[])]);
    town.begin(after.clone());
    town.until("the other is told", |town| matches!(town.fate("down 1"), Some((Fate::Sent, _)))).await;
    let heard = after.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(before.contains(&heard[0]), "the same key, the same identifier");
    town.cut().await;
    town.issue(2, Level::None);
    let late = Script::new(&[("good", &[]), ("down", &[])]);
    town.begin(late.clone());
    town.until("the all-clear is told", |town| {
        town.fate("good 2") == Some((Fate::Sent, 1)) && town.fate("down 2").is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_before_anything_is_written_repeats_and_never_forgets() {
    let mut town = Town::new();
    town.begin(Script::new(&[("good", &[])]));
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    town.cut().await;
    let first = Script::new(&[("good", &[])]);
    town.begin(first.clone());
    town.issue(1, Level::Watch);
    // It is told, but no errand is done: the books know nothing of it.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while first.heard().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "it is never told");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    town.cut().await;
    assert_eq!(town.fate("good 1"), None);
    let second = Script::new(&[("good", &[])]);
    town.begin(second.clone());
    town.until("it is told again", |town| town.fate("good 1") == Some((Fate::Sent, 1))).await;
    assert_eq!(first.heard(), second.heard(), "the same key, the same identifier");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stale_is_told() {
    let mut town = Town::new();
    town.begin(Script::new(&[("good", &[])]));
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    town.cut().await;
    town.issue(1, Level::Watch);
    // Seven hours later its message has expired.
    town.start = town.start + Duration::from_secs(7 * 3600);
    let script = Script::new(&[("good", &[])]);
    town.begin(script.clone());
    town.until("it is written off", |town| town.fate("good 1") == Some((Fate::Expired, 0))).await;
    assert!(script.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_channel_tells_no_old_stories_and_nobody_hears_of_exercises_or_proposals() {
    let mut town = Town::new();
    town.issue(1, Level::Watch);
    let script = Script::new(&[("good", &[])]);
    town.begin(script.clone());
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    let mut exercise = town.city.transition("yongsan", 1, Level::Watch, Some(Level::Watch));
    exercise.incident.status = bongsu_rules::incident::Status::Exercise;
    let proposed = town.city.transition("evil", 0, Level::Warning, None);
    town.city.commit(vec![exercise, proposed], &[]);
    town.issue(2, Level::Warning);
    town.until("only the last is told", |town| town.fate("good 2") == Some((Fate::Sent, 1))).await;
    assert_eq!(script.heard().len(), 1, "{:?}", script.heard());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_are_told_what_waits_for_whom_and_no_longer_when_it_is_decided() {
    let mut town = Town::new();
    let script = Arc::new(Script::of(Audience::Operators, &[("pager", &[])]));
    town.begin(script.clone());
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    let begins = town.city.now;
    let asks = |town: &Town, minutes: u64, cause: Cause, asked: &str| {
        let mut asks = town.city.transition("seocho", 0, Level::Warning, None);
        let minute = |n: u64| begins + Duration::from_secs(60 * n);
        asks.incident.proposal = Some(Proposal {
            level: Level::Warning,
            since: begins,
            deadline: minute(5),
            escalated: cause == Cause::Escalated,
            asked: Some(asked.into()),
            next: (cause == Cause::Escalated).then(|| minute(10)),
            two: false,
            number: 1,
            approvals: Vec::new(),
        });
        (asks.cause, asks.time) = (cause, minute(minutes));
        asks
    };
    let proposed = asks(&town, 0, Cause::Rule, "kim");
    let noted = asks(&town, 1, Cause::Noted, "kim");
    town.city.commit(vec![proposed, noted], &[]);
    town.until("the first is asked", |_| script.heard().len() == 1).await;
    let escalated = asks(&town, 5, Cause::Escalated, "lee");
    town.city.commit(vec![escalated], &[]);
    town.until("the next is asked", |_| script.heard().len() == 2).await;
    // What citizens are told is not repeated to the pager, and an exercise does not ring.
    let mut exercise = asks(&town, 6, Cause::Escalated, "lee");
    exercise.incident.status = bongsu_rules::incident::Status::Exercise;
    town.city.commit(vec![exercise], &[]);
    town.issue(1, Level::Warning);
    let mut own = town.city.transition("yongsan", 1, Level::Watch, Some(Level::Watch));
    own.incident.audience = Audience::Operators;
    town.city.commit(vec![own], &[]);
    town.until("what is theirs alone", |_| script.heard().len() >= 3).await;
    let words = script.words.lock().expect("whole").clone();
    assert_eq!(words.len(), 3, "{words:?}");
    assert_eq!(words[0], "[결정 필요: kim, 21:05까지] 서초구 잠수교 하천 범람 매우 위험");
    assert_eq!(words[1], "[결정 필요: lee, 21:10까지] 서초구 잠수교 하천 범람 매우 위험");
    assert_eq!(words[2], "용산구 잠수교 하천 범람 위험");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_was_answered_is_asked_no_more() {
    let mut town = Town::new();
    town.begin(Arc::new(Script::of(Audience::Operators, &[("pager", &[])])));
    town.until("begun", |town| {
        Reader::open(&town.city.path()).is_ok_and(|reader| reader.spoken("script").is_ok_and(|at| at.is_some()))
    })
    .await;
    town.cut().await;
    let mut asks = town.city.transition("seocho", 0, Level::Watch, None);
    asks.incident.proposal = Some(Proposal {
        level: Level::Watch,
        since: asks.time,
        deadline: asks.time + Duration::from_secs(300),
        escalated: false,
        asked: None,
        next: None,
        two: false,
        number: 1,
        approvals: Vec::new(),
    });
    town.city.commit(vec![asks], &[]);
    town.issue(1, Level::Watch);
    let script = Arc::new(Script::of(Audience::Operators, &[("pager", &[])]));
    town.begin(script.clone());
    town.until("it is written off", |town| town.rows().values().any(|row| row.state == Fate::Superseded)).await;
    assert_eq!(script.heard(), []);
}
