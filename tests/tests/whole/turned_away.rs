//! Who is turned away at the door becomes an observation of the station that stands for the gateway, and a rule looks at
//! it like at any other.

use bongsu_tests::program::Setup;
use bongsu_tests::{store, wire};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CITY: &str = r#"timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu" }
[[station]]
id = "door"
name = { ko = "관문", en = "Gateway" }
position = [37.5, 127.0]
area = "seocho"
tags = ["gateway"]
[[station.datastream]]
kind = "auth_failures"
[[station.datastream]]
kind = "access_denials"
"#;

/// Guesses in a row before it is asked whether anybody was told; a rule speaks from a hundred within ten minutes on.
const GUESSES: usize = 50;

#[test]
fn a_stranger_who_guesses_is_told_to_operators() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), CITY).expect("the folder can be written");
    // A minute of the city's in each second of ours.
    let setup = Setup::strict(folder.path()).with_clock("2026-07-08T00:00:00Z@60");
    let program = setup.serve();
    let found = "SELECT count(*) FROM transition WHERE body LIKE '%\"hazard\":\"security\"%'";
    let deadline = Instant::now() + Duration::from_secs(120);
    while store::value(&setup.database(), found).is_none_or(|count| count == "0") {
        assert!(Instant::now() < deadline, "nobody was told: {}", program.log());
        for guess in 0..GUESSES {
            let mut socket = TcpStream::connect(program.mqtt).expect("the door is open");
            socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
            let mut out = Vec::new();
            wire::connect(&mut out, &format!("stranger-{guess}"), Some(("jamsu", "guess")));
            socket.write_all(&out).expect("it is heard");
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).expect("it is answered");
            assert_ne!(answer[3], 0, "a stranger was let in");
        }
    }
    let counted = "SELECT count(*) FROM datastream WHERE station = 'door' AND name = 'auth_failures'";
    assert_eq!(store::value(&setup.database(), counted).as_deref(), Some("1"));
}
