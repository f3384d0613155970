//! People decide, and the power is cut between any two steps, or in the middle of one: what was answered stands, the
//! audit is whole, nothing is said twice, and what was decided is said after the restart.

use bongsu_tests::http::{self, Answer};
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, wait, wire};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How often the power is cut; another number for a longer hunt is the environment's `ROUNDS`.
const ROUNDS: usize = 12;

/// The steps of a decision, in order.
const STEPS: [&str; 4] = ["ack", "approve", "note", "cancel"];

const RULE: &str = r#"//! id = "high"
//! hazard = "river_flood"
//! scope = "station"
//! audience = "public"
//! title = { ko = "시험", en = "test" }
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! [release]
//! watch = "propose"
//! [labels]
//! a = { ko = "가", en = "a" }

if check("a", stage.last(), ">=", 2.0) { raise("watch") }
"#;

/// What a step is sent as.
fn body(kim: &Person, program: &Program, incident: &str, step: &str) -> String {
    let body = match step {
        "approve" => json!({ "hash": kim.get(program, &format!("/api/v1/alerts/{incident}"))["proposal_hash"] }),
        "note" => json!({ "text": "the gate is open" }),
        "cancel" => json!({ "reason": "the gauge is broken" }),
        _ => json!({}),
    };
    body.to_string()
}

/// The newest incident of an area.
fn incident_of(kim: &Person, program: &Program, area: &str) -> Option<String> {
    let list = kim.get(program, &format!("/api/v1/alerts?area={area}"));
    list["alerts"][0]["incident"].as_str().map(str::to_owned)
}

/// A station says that its water is high, and is told that it is on the disk.
fn rise(program: &Program, station: &str) {
    let mut bytes = Vec::new();
    wire::connect(&mut bytes, station, None);
    wire::publish(&mut bytes, &format!("bongsu/v1/{station}/obs"), 1, br#"{"river_stage": 2.5}"#);
    let mut socket = TcpStream::connect(program.mqtt).expect("the door is open");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a setting");
    socket.write_all(&bytes).expect("it listens");
    let mut answers = [0; 8];
    // A CONNACK and a PUBACK of four bytes each.
    socket.read_exact(&mut answers).expect("it answers");
    assert_eq!((answers[0], answers[4]), (wire::CONNACK, wire::PUBACK));
}

/// What the store says, read as it lies there after the cut.
fn judge(setup: &Setup) {
    let verified: Value = serde_json::from_str(&setup.run(&["audit", "verify", "--json"])).expect("JSON");
    assert_eq!(verified["faults"], json!([]), "{verified}");
    let store = Connection::open(setup.database()).expect("the store");
    let count = |sql: &str| store.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    let ordered = count("SELECT count(*) FROM log WHERE kind = 5");
    assert_eq!(ordered, count("SELECT count(*) FROM audit JOIN log ON log.seq = record AND kind = 5"));
    // Every message stands in exactly one transition, and the incident stands where its last transition left it.
    let twice = "SELECT count(*) FROM (SELECT json_extract(body, '$.message.identifier') AS name FROM transition
        WHERE name IS NOT NULL GROUP BY name HAVING count(*) > 1)";
    assert_eq!(count(twice), 0);
    let astray = "SELECT count(*) FROM incident WHERE state <> (SELECT json_extract(body, '$.incident.state')
        FROM transition WHERE transition.incident = incident.id ORDER BY transition.id DESC LIMIT 1)";
    assert_eq!(count(astray), 0);
}

/// What citizens read of an area after everything was started again.
fn public_state(program: &Program, area: &str) -> Option<String> {
    let (_, body) = http::get(&format!("{}/api/v1/alerts?area={area}", program.public));
    let list: Value = serde_json::from_str(&body).expect("JSON");
    list["alerts"][0]["state"].as_str().map(str::to_owned)
}

/// Does the steps of a decision up to `cut`, and cuts the power there: after its answer, or before.
fn decide(program: &mut Program, kim: &Person, area: &str, cut: usize, wait: Option<Duration>) -> Option<Answer> {
    rise(program, area);
    let deadline = Instant::now() + Duration::from_secs(60);
    let incident = loop {
        if let Some(incident) = incident_of(kim, program, area) {
            break incident;
        }
        assert!(Instant::now() < deadline, "nothing was proposed");
        std::thread::sleep(Duration::from_millis(10));
    };
    for (at, step) in STEPS.iter().enumerate().take(cut + 1) {
        let url = format!("{}/api/v1/alerts/{incident}/{step}", program.operator);
        let body = body(kim, program, &incident, step);
        match wait.filter(|_| at == cut) {
            Some(wait) => {
                let _socket = http::send("POST", &url, &kim.headers(), &body).expect("it is taken");
                std::thread::sleep(wait);
                program.kill();
                return None;
            }
            None => {
                let answer = http::ask("POST", &url, &kim.headers(), &body).expect("an answer");
                assert_eq!(answer.status, 200, "{step}: {}", answer.body);
                if at == cut {
                    program.kill();
                    return Some(answer);
                }
            }
        }
    }
    None
}

#[test]
fn the_power_is_cut_between_any_two_steps() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let seed = rand::random::<u64>();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(rounds, "river_stage", ""), &[("high.rhai", RULE)]);
    let setup = Setup::anonymous(folder.path());
    let mut program = setup.serve();
    let kim = Person::first(&program);
    for round in 0..rounds {
        let area = city::station(round);
        let cut = round % STEPS.len();
        let in_the_middle = (round / STEPS.len()) % 2 == 1;
        let wait = in_the_middle.then(|| Duration::from_micros(dice.random_range(0..60_000)));
        let answer = decide(&mut program, &kim, &area, cut, wait);
        judge(&setup);
        program = setup.serve();
        assert_eq!(program.welcome, None, "somebody can log in");
        let incident = incident_of(&kim, &program, &area).expect("it is remembered");
        let now = kim.get(&program, &format!("/api/v1/alerts/{incident}"))["state"].clone();
        let after = ["proposed", "issued", "issued", "cancelled"];
        let before = ["proposed", "proposed", "issued", "issued"];
        match answer {
            Some(answer) => {
                assert_eq!(answer.json()["state"], now, "what was answered stands: {}", STEPS[cut]);
                assert_eq!(now, after[cut]);
            }
            None => assert!(now == after[cut] || now == before[cut], "{now} after {}", STEPS[cut]),
        }
        // What is decided is said, and what is not decided is not.
        let public = public_state(&program, &area);
        let expected = now.as_str().filter(|state| *state != "proposed");
        assert_eq!(public.as_deref(), expected, "round {round}, {}", STEPS[cut]);
    }
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl FnMut() -> bool) {
    wait::until(Duration::from_secs(60), what, holds);
}

#[test]
fn a_policy_is_read_again_with_a_hang_up_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(1, "river_stage", ""), &[("high.rhai", RULE)]);
    let policy = folder.path().join("policy.toml");
    let write = |text: &str| std::fs::write(&policy, text).expect("written");
    write("");
    let mut setup = Setup::anonymous(folder.path());
    setup.env.push(("BONGSU_RELEASE__POLICY".into(), policy.display().to_string()));
    let mut program = setup.serve();
    let kim = Person::first(&program);
    let area = city::station(0);
    rise(&program, &area);
    until("nothing was proposed", || incident_of(&kim, &program, &area).is_some());
    let incident = incident_of(&kim, &program, &area).expect("proposed");
    let asks = |program: &Program| kim.get(program, &format!("/api/v1/alerts/{incident}"))["required"].clone();
    assert_eq!(asks(&program), "one");
    write("duty = [\"kim\"]\n[[release]]\nlevel = \"watch\"\nrelease = \"two_person\"\n");
    program.hang_up();
    until("two must agree now", || asks(&program) == "two");
    write("[[release]]\nlevel = \"high\"\n");
    program.hang_up();
    until("the mistake is told", || program.log().contains("the policy cannot be used"));
    assert_eq!(asks(&program), "two");
    // Also after a start that reads it back.
    write("duty = [\"kim\"]\n[[release]]\nlevel = \"watch\"\nrelease = \"two_person\"\n");
    program.kill();
    program = setup.serve();
    assert_eq!(asks(&program), "two");
}

/// Where `make setup` put Schemathesis.
fn schemathesis() -> std::path::PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let found = own.ancestors().map(|folder| folder.join("clients/schemathesis/bin/st")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("Schemathesis is not installed below the target folder: run `make setup`"))
}

/// What would end the session that asks, or the account behind it.
const OWN_END: [&str; 5] = [
    "/api/v1/logout",
    "/api/v1/me/password",
    "/api/v1/me/totp",
    "/api/v1/users/{name}/role",
    "/api/v1/users/{name}/disable",
];

#[test]
fn the_api_keeps_to_its_description_whatever_is_asked() {
    let st = schemathesis();
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(3, "river_stage", ""), &[("high.rhai", RULE)]);
    let setup = Setup::anonymous(folder.path());
    let program = setup.serve();
    let kim = Person::first(&program);
    (0..3).for_each(|place| rise(&program, &city::station(place)));
    let mut command = std::process::Command::new(st);
    command.current_dir(folder.path()).arg("run").arg(format!("{}/api/openapi.json", program.operator));
    for path in OWN_END {
        command.args(["--exclude-path", path]);
    }
    // Streams do not end by themselves.
    command.args(["--exclude-path", "/api/v1/events", "--phases", "examples,coverage,fuzzing"]);
    command.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    // What is there is asked for as well, not only what is not.
    let known = format!("[parameters]\nstation = \"{0}\"\narea = \"{0}\"\nkind = \"river_stage\"\n", city::station(0));
    std::fs::write(folder.path().join("schemathesis.toml"), known).expect("written");
    command.args(["--max-examples", "20", "--seed", "20260708", "--workers", "2", "--continue-on-failure"]);
    for (name, value) in [("Cookie", &kim.cookie), ("x-bongsu-csrf", &kim.csrf)] {
        command.arg("--header").arg(format!("{name}: {value}"));
    }
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", program.log());
    judge(&setup);
}
