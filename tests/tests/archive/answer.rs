//! Whatever the archive answers: nothing is lost, a wrong point costs only itself, whoever must look is told, and no
//! commit waits.

use crate::{archived_in, assert_verified, metric, printed, readiness, say, stored, until};
use bongsu_tests::influx::{Does, Field, Influx};
use bongsu_tests::{http, storm};
use std::time::{Duration, Instant};

/// The day before a plan begins, so that few days are compared.
fn day_before(plan: &bongsu_tests::load::Plan) -> String {
    bongsu_sensors::Time::from_millis(plan.first_ms - 86_400_000).to_string()
}

#[test]
fn what_the_documentation_of_influxdb_lets_it_answer_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 3));
    archived_in(&mut setup, &influx, &[("TIMEOUT", "1s")]);
    let plan = storm::plan(1, None);
    influx.takes_at_most(4_000);
    influx.next([
        // The second one answers the question how long to wait.
        Does::Answer(503, "the storage engine is not ready"),
        Does::Answer(503, "the storage engine is not ready"),
        Does::HangUp,
        Does::Answer(500, "internal error"),
        Does::TakeAndHang,
    ]);
    let program = setup.serve();
    say(&program, &plan, 3, 0, 100);
    until("everything is in the archive", || influx.values("weather").0 == 300);
    assert_eq!(assert_verified(&setup, &day_before(&plan)), 300);
    until("each failure is counted", || metric(&program, "bongsu_archive_failures_total") >= 4.0);
    until("a batch that was too large was halved", || influx.too_large() > 0);
    until("it has caught up", || metric(&program, "bongsu_archive_behind_records") == 0.0);

    // Who wants to be left alone for two seconds is left alone; the question after how long costs one point.
    let before = influx.requests().len();
    influx.next([Does::Busy(429, 2), Does::Busy(429, 2)]);
    say(&program, &plan, 3, 100, 101);
    until("it is asked again", || influx.values("weather").0 == 303);
    let asked = influx.requests();
    let pause = asked[before + 2] - asked[before + 1];
    assert!(pause >= Duration::from_secs(2), "it was left alone for {pause:?}");
}

#[test]
fn a_wrong_token_is_told_and_nothing_is_lost_until_it_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 2));
    archived_in(&mut setup, &influx, &[]);
    let plan = storm::plan(1, None);
    influx.always(Some(Does::Answer(401, "unauthorized access")));
    let program = setup.serve();
    say(&program, &plan, 2, 0, 10);
    until("operators are told", || {
        let (is_ready, why) = readiness(&program);
        !is_ready && why.contains("influxdb2: 401") && why.contains("unauthorized access")
    });
    let status = &printed(&setup, &["archive", "status", "--json"])[0];
    assert!(status["behind_records"].as_u64() >= Some(10), "{status}");
    until("the numbers say it, too", || metric(&program, "bongsu_archive_behind_records") >= 10.0);
    influx.always(None);
    until("everything is in the archive", || influx.values("weather").0 == 20);
    until("it is ready again", || readiness(&program).0);
    assert!(metric(&program, "bongsu_archive_points_total") >= 20.0);
}

#[test]
fn points_of_another_type_than_the_archive_has_are_put_aside_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 3));
    archived_in(&mut setup, &influx, &[]);
    let plan = storm::plan(1, None);
    // Somebody wrote text into one series before.
    let line = "weather,area=s00001,kind=wind_speed,station=s00001 value=\"calm\" 1000000000";
    let url = format!("{}/api/v2/write?org=city&bucket=bongsu&precision=ns", influx.url());
    let wrote = http::ask("POST", &url, &[("Authorization", "Token s3cret-token")], line).expect("it answers");
    assert_eq!(wrote.status, 204, "{}", wrote.body);
    let program = setup.serve();
    say(&program, &plan, 3, 0, 40);
    until("the others are in the archive", || influx.values("weather").0 == 80);
    assert_eq!(assert_verified(&setup, &day_before(&plan)), 80, "what was put aside is no difference");
    until("the others are put aside", || printed(&setup, &["archive", "status", "--json"])[0]["refused"] == 40);
    let status = &printed(&setup, &["archive", "status", "--json"])[0];
    assert!(status["newest_refused"].as_str().is_some_and(|why| why.contains("field type conflict")), "{status}");
    assert_eq!(metric(&program, "bongsu_archive_refused_total"), 40.0);
    assert!(readiness(&program).0, "a wrong series is no reason not to be ready");
}

#[test]
fn a_hanging_archive_delays_no_commit_no_warning_and_no_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 4));
    archived_in(&mut setup, &influx, &[("TIMEOUT", "5m")]);
    let plan = storm::plan(1, None);
    influx.always(Some(Does::Hang));
    let mut program = setup.serve();
    say(&program, &plan, 4, 0, 1);
    until("the archive hangs", || influx.requests().len() == 1);
    let told = std::sync::Arc::default();
    let ear = storm::listen(program.operator_mqtt, &told);
    // Each of these waits for its commit, one after another, while one and the same request hangs.
    say(&program, &plan, 4, 1, 300);
    until("a warning is heard", || !told.lock().expect("nobody panics").sent.is_empty());
    assert_eq!(influx.requests().len(), 1, "the archive answered in between");
    assert_eq!((stored(&setup), influx.held().len()), (1_200, 0));
    drop(ear);
    let asked = Instant::now();
    program.ask_to_end();
    assert!(program.wait().success(), "{}", program.log());
    assert!(asked.elapsed() < Duration::from_secs(25), "it waited for the archive: {:?}", asked.elapsed());
}

#[test]
fn changes_of_incidents_and_flags_that_came_later_are_archived() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 2));
    archived_in(&mut setup, &influx, &[]);
    let plan = storm::plan(1, None);
    let program = setup.serve();
    say(&program, &plan, 2, 0, 250);
    let count =
        |sql: &str| bongsu_tests::store::value(&setup.database(), sql).and_then(|text| text.parse::<usize>().ok());
    let archived = || {
        let held = influx.held();
        held.keys().filter(|(series, field, _)| series.starts_with("incident,") && field == "level").count()
    };
    until("changes are in the archive", || {
        Some(archived()) == count("SELECT count(*) FROM transition") && archived() > 0
    });
    until("observations are in the archive", || influx.values("weather").0 == 500);
    let held = influx.held();
    let (_, level) =
        held.iter().find(|((series, field, _), _)| series.contains("state=issued") && field == "level").expect("one");
    assert_eq!(*level, Field::Whole(3));
    assert!(held.keys().all(|(series, ..)| !series.contains("incident=")), "an incident's name is no tag");
    // Every observation has a flag, and each value is that of the store.
    let flags = held.iter().filter(|((series, field, _), _)| series.starts_with("weather,") && field == "flag").count();
    assert_eq!((influx.values("weather").0, flags), (500, 500));
    assert_eq!(assert_verified(&setup, &day_before(&plan)), 500);
}
