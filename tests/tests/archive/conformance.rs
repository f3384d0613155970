//! One suite for every archive: what its table says is true, and its other side, real or a stand-in, ends up with what
//! was handed over, however often that is.

use bongsu_gateway::archive::point::{Point, Series, Value};
use bongsu_gateway::archive::{ARCHIVES, Answer, Archive, Feeding, Kind};
use bongsu_gateway::config::Layers;
use bongsu_sensors::Time;
use bongsu_sensors::mistake::Source;
use bongsu_tests::influx::{BUCKET, Influx, ORG, TOKEN};
use bongsu_tests::peer::{self, Peer};
use bongsu_tests::victoria;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What stands on the other side while a test runs.
enum Other {
    Influx(Influx),
    Victoria { server: Peer, _folder: tempfile::TempDir },
}

impl Other {
    fn start(kind: &Kind) -> Other {
        match kind.name {
            "influxdb2" => Other::Influx(Influx::start()),
            "victoria_metrics" => {
                let folder = tempfile::tempdir().expect("a folder");
                Other::Victoria { server: victoria::start_at(peer::free(), folder.path()), _folder: folder }
            }
            other => panic!("say here how to start the other side of {other}"),
        }
    }

    fn url(&self) -> String {
        match self {
            Other::Influx(influx) => influx.url(),
            Other::Victoria { server, .. } => victoria::url(server),
        }
    }

    /// Until what was written can be counted.
    fn settle(&self) {
        if let Other::Victoria { server, .. } = self {
            victoria::flush(server);
        }
    }
}

/// A configuration with one archive.
fn text(kind: &Kind, url: &str) -> String {
    let more = if kind.name == "influxdb2" {
        format!("org = \"{ORG}\"\nbucket = \"{BUCKET}\"\ntoken = \"{TOKEN}\"\n")
    } else {
        String::new()
    };
    format!("[archive]\ntimeout = \"2s\"\n[archive.{}]\nurl = \"{url}\"\n{more}", kind.name)
}

fn feeding(text: &str) -> Result<Feeding, Vec<String>> {
    let layers = Layers::of(Some(Source::new("bongsu.toml", text)), [], &[]);
    let config = layers.check().map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(config.archive)
}

fn build(kind: &Kind, url: &str) -> Arc<dyn Archive> {
    let feeding = feeding(&text(kind, url)).expect("a good configuration");
    feeding.archives[0].build(feeding.timeout).expect("it can be built")
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

/// A stage of a station at a moment.
fn stage(station: &str, ms: i64, value: Option<f64>, flag: i64) -> Point {
    let tags = [("area", "seocho"), ("kind", "river_stage"), ("station", station)];
    let tags = tags.map(|(name, value)| (name, value.to_owned()));
    let value = value.map(|value| ("value", Value::Number(value)));
    let fields = value.into_iter().chain([("flag", Value::Whole(flag))]).collect();
    Point { series: Arc::new(Series::new("water", tags)), time_ns: ms * 1_000_000, fields }
}

fn uncommented(line: &str) -> &str {
    let rest = line.strip_prefix("# ").unwrap_or(line);
    let is_key =
        rest.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    if is_key { rest } else { line }
}

#[test]
fn every_manual_is_a_good_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = folder.path().join("archive-ca.pem");
    std::fs::write(&certificate, "").expect("written");
    for kind in ARCHIVES {
        let all: String = kind.manual.lines().map(|line| format!("{}\n", uncommented(line))).collect();
        let found = feeding(&all).unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}", kind.name));
        assert_eq!(found.archives.len(), 1, "{}", kind.name);
        let settings = &found.archives[0];
        assert_eq!(settings.name(), kind.name);
        let documented: Vec<&str> = all.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
        let shown: Vec<&str> = settings.shown().iter().map(|(key, _)| *key).collect();
        assert_eq!(
            shown,
            documented.iter().filter(|key| !key.starts_with('#')).copied().collect::<Vec<_>>(),
            "{}",
            kind.name
        );
        let told = feeding(&format!("{all}nonsense = 1\n")).expect_err("a mistake");
        assert!(told.iter().any(|told| told.contains("unknown key `nonsense`")), "{told:?}");
        let told = feeding(&text(kind, "localhost")).expect_err("a mistake");
        assert!(told[0].contains("is no address of an archive"), "{told:?}");
        assert!(bongsu_gateway::config::begun().contains(&format!("# [archive.{}]", kind.name)), "{}", kind.name);
    }
}

#[test]
fn secrets_of_archives_are_shown_nowhere() {
    for kind in ARCHIVES {
        let text = format!("{}\n", text(kind, "http://127.0.0.1:1").replace("token = ", "# "));
        let found = feeding(&format!("{text}token = \"s3cret\"\n")).expect("good");
        let settings = &found.archives[0];
        assert!(!format!("{settings:?} {:?}", settings.shown()).contains("s3cret"), "{settings:?}");
    }
}

#[test]
fn what_is_handed_over_twice_is_there_once_and_days_end_where_the_next_begins() {
    for kind in ARCHIVES {
        let other = Other::start(kind);
        let archive = build(kind, &other.url());
        let midnight = Time::parse("2026-07-08T00:00:00Z").expect("a time");
        let day = Duration::from_secs(86_400);
        let ms = |hours: i64| midnight.millis() + hours * 3_600_000;
        let points = vec![
            stage("a", ms(0) - 1, Some(100.0), 1),
            stage("a", ms(0), Some(1.5), 1),
            stage("a", ms(12), Some(2.25), 1),
            stage("b", ms(12), Some(-4.0), 1),
            stage("b", ms(13), None, 9),
            stage("a", ms(24) - 1, Some(8.0), 1),
            stage("a", ms(24), Some(1_000.0), 1),
        ];
        run(async {
            assert_eq!(archive.write(&points).await, Answer::Taken, "{}", kind.name);
            assert_eq!(archive.write(&points[..4]).await, Answer::Taken, "{}", kind.name);
            // A later flag changes no value.
            assert_eq!(archive.write(&[stage("a", ms(12), None, 4)]).await, Answer::Taken, "{}", kind.name);
            other.settle();
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                let tally = archive.tally("water", midnight, midnight + day).await.expect("it counts");
                if tally.count == 4 && (tally.sum - 7.75).abs() < 1e-9 {
                    break;
                }
                assert!(Instant::now() < deadline, "{}: {tally:?}", kind.name);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let nothing = archive.tally("charger", midnight, midnight + day).await.expect("it counts");
            assert_eq!((nothing.count, nothing.sum), (0, 0.0), "{}", kind.name);
        });
    }
}

#[test]
fn who_is_away_or_silent_costs_no_more_than_the_time_out() {
    for kind in ARCHIVES {
        let point = [stage("a", 0, Some(1.0), 1)];
        let nobody = build(kind, &format!("http://{}", peer::free()));
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let silent = build(kind, &format!("http://{}", silent.local_addr().expect("an address")));
        let began = Instant::now();
        run(async {
            assert!(matches!(nobody.write(&point).await, Answer::Later(None, _)), "{}", kind.name);
            assert!(matches!(silent.write(&point).await, Answer::Later(None, _)), "{}", kind.name);
            assert!(silent.tally("water", Time::from_millis(0), Time::from_millis(1)).await.is_err(), "{}", kind.name);
        });
        // 2 s each, and whatever a busy machine adds.
        assert!(began.elapsed() < Duration::from_secs(20), "{}: {:?}", kind.name, began.elapsed());
    }
}
