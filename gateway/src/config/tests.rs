//! The default text, the layers and the checks, each from what was typed to what is told.

use super::show::values;
use super::{Config, DEFAULT, Layers, Secret, Setting, show};
use bongsu_sensors::document::Reader;
use bongsu_sensors::mistake::{Mistakes, Source};
use std::path::PathBuf;

fn layers(file: &str, variables: &[(&str, &str)], settings: &[Setting]) -> Layers {
    let file = (!file.is_empty()).then(|| Source::new("etc/bongsu.toml", file));
    Layers::of(file, variables.iter().map(|(name, value)| (name.into(), value.into())), settings)
}

fn config(file: &str, variables: &[(&str, &str)], settings: &[Setting]) -> Config {
    layers(file, variables, settings).check().expect("a good configuration")
}

/// Every mistake, one line each.
#[track_caller]
fn check(file: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let told = layers(file, variables, &[]).check().expect_err("mistakes");
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_default_text_is_what_it_was() {
    insta::assert_snapshot!("default", DEFAULT);
}

#[test]
fn the_default_is_shown_with_its_places() {
    let typed =
        layers("[mqtt]\nlisten = \"0.0.0.0:1883\"\n", &[("BONGSU_CITY__LANGUAGES", "ko, en,zh-Hans")], &[data()]);
    insta::assert_snapshot!("show", show(&typed.check().expect("good"), &typed));
}

fn data() -> Setting {
    Setting { key: &["data"], flag: "--data", value: PathBuf::from("/srv/bongsu") }
}

#[test]
fn every_documented_key_is_shown_and_every_shown_key_documented() {
    let mut documented = Vec::new();
    let mut section = String::new();
    for line in DEFAULT.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            documented.push(format!("{section}.{key}"));
        }
    }
    let shown = values(&config("", &[], &[]));
    let shown: Vec<String> =
        shown.iter().flat_map(|(section, keys)| keys.iter().map(move |(key, _)| format!("{section}.{key}"))).collect();
    assert_eq!(shown, documented);
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let typed = layers("data = \"/a \\\"b\\\" \\\\c\"\n[city]\ncontact = \"120\"\n", &[], &[]);
    let shown = show(&typed.check().expect("good"), &typed);
    let back = Layers::of(Some(Source::new("/x.toml", shown)), [], &[]).check().expect("what is shown is good");
    assert_eq!(values(&back)[1..], values(&typed.check().expect("good"))[1..]);
    assert_eq!(back.data, PathBuf::from("/a \"b\" \\c"));
}

#[test]
fn later_layers_win() {
    let file = "data = \"a\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n";
    let variables = [("BONGSU_LOG__LEVEL", "debug"), ("BONGSU_DATA", "b"), ("PATH", "/bin")];
    let found = config(file, &variables, &[]);
    assert_eq!(found.log.level, super::LogLevel::Debug);
    assert_eq!(found.log.format, super::LogFormat::Json);
    assert_eq!(found.data, PathBuf::from("b"));
    assert_eq!(config(file, &variables, &[data()]).store.path, PathBuf::from("/srv/bongsu/city.db"));
}

#[test]
fn paths_in_a_file_are_relative_to_its_folder() {
    let found = config("stations = \"s.toml\"\nrules = \"/r\"\n[store]\npath = \"fast.db\"\n", &[], &[]);
    assert_eq!(found.stations, PathBuf::from("etc/s.toml"));
    assert_eq!(found.rules, Some(PathBuf::from("/r")));
    assert_eq!(found.store.path, PathBuf::from("etc/fast.db"));
    assert_eq!(config("", &[("BONGSU_STATIONS", "s.toml")], &[]).stations, PathBuf::from("s.toml"));
}

#[test]
fn mistakes_of_all_layers_are_told_together() {
    check(
        "[mqtt]\nlistn = \"0.0.0.0:1883\"\n[limits]\nbatch_readings = 0\n[log]\nlevel = \"inof\"\n[ctiy]\n",
        &[("BONGSU_LIMITS__DEAD_LETTERS", "many"), ("BONGSU_LOG__FORMAT", "xml")],
        &[
            "BONGSU_LIMITS__DEAD_LETTERS:1:1: `dead_letters` is text; write a whole number from 0 to 18446744073709551615",
            "BONGSU_LOG__FORMAT:1:1: `format` cannot be \"xml\"; write one of: human, json",
            "etc/bongsu.toml:2:1: unknown key `listn`; did you mean `listen`?",
            "etc/bongsu.toml:4:18: `batch_readings` cannot be 0; write a number from 1 to 1000000",
            "etc/bongsu.toml:6:9: `level` cannot be \"inof\"; did you mean \"info\"?",
            "etc/bongsu.toml:7:2: unknown key `ctiy`; did you mean `city`?",
        ],
    );
}

#[test]
fn variables_are_checked_like_keys() {
    check("", &[("BONGSU_LGO__LEVEL", "info")], &["BONGSU_LGO__LEVEL:1:1: unknown key `lgo`; did you mean `log`?"]);
    check(
        "",
        &[("BONGSU_MQTT_LISTEN", "127.0.0.1:1")],
        &["BONGSU_MQTT_LISTEN:1:1: unknown variable BONGSU_MQTT_LISTEN; did you mean BONGSU_MQTT__LISTEN?"],
    );
    check("", &[("BONGSU_MQTT", "x")], &["BONGSU_MQTT:1:1: `mqtt` is text; write a table: [mqtt]"]);
    config("", &[("BONGSU_BLESS", "1")], &[]);
}

#[test]
fn keys_are_checked_against_each_other() {
    check(
        "[mqtt]\nlisten = \"0.0.0.0:8080\"\n[operator]\nlisten = \"[::1]:8081\"\n",
        &[],
        &[
            "etc/bongsu.toml:2:10: `mqtt.listen` 0.0.0.0:8080 is taken by `public.listen` 127.0.0.1:8080; give each its own port",
        ],
    );
    let any = "[mqtt]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n";
    assert_eq!(config(any, &[], &[]).public.listen.port(), 0);
}

#[test]
fn city_and_addresses_are_checked() {
    check(
        "[city]\nlanguages = [\"ko\", \"KO\", \"ko\"]\nsender = \"a b\"\n[public]\nbase_url = \"x.kr\"\n[mqtt]\nlisten = \"1883\"\n",
        &[],
        &[
            "etc/bongsu.toml:2:13: \"KO\" is no language code; write codes such as \"ko\", \"en\" or \"zh-Hans\"",
            "etc/bongsu.toml:2:13: language \"ko\" stands twice; write it once",
            "etc/bongsu.toml:3:10: \"a b\" cannot be the sender; write a name such as \"bongsu.seoul.go.kr\": CAP allows no spaces, commas, < or &",
            "etc/bongsu.toml:5:12: \"x.kr\" is no web address; write it as \"https://warning.example.city\"",
            "etc/bongsu.toml:7:10: \"1883\" is no address to listen on; write an IP address and a port such as \"127.0.0.1:1883\", \"0.0.0.0:1883\" or \"[::]:1883\"",
        ],
    );
    let found = config("[public]\nbase_url = \"https://x.kr/bongsu/\"\n", &[], &[]);
    assert_eq!(found.public.base_url.as_deref(), Some("https://x.kr/bongsu"));
}

#[test]
fn anonymous_devices_on_an_open_port_are_warned_about() {
    let open = "[mqtt]\nallow_anonymous_devices = true\nlisten = \"0.0.0.0:1883\"\n";
    let told: Vec<String> = config(open, &[], &[]).warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("anyone who reaches 0.0.0.0:1883"), "{told:?}");
    assert!(config("[mqtt]\nallow_anonymous_devices = true\n", &[], &[]).warnings.is_empty());
}

/// What becomes of the keys `token` and `token_file`.
fn secret(file: &str) -> Result<Option<Secret>, String> {
    let typed = layers(file, &[], &[]);
    let mistakes = Mistakes::new();
    let source = typed.file.clone().expect("file");
    let reader = Reader::document(&typed.table, &source, &mistakes);
    let found = Secret::read(&reader, "token", "token_file", &typed);
    match mistakes.into_vec().first() {
        None => Ok(found),
        Some(mistake) => Err(mistake.to_string()),
    }
}

#[test]
fn secrets_come_from_a_key_or_a_file_and_are_never_shown() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").expect("write");
    let by_file = format!("token_file = {:?}\n", file.display().to_string());
    for text in ["token = \"s3cret\"\n", &by_file] {
        let found = secret(text).expect("good").expect("there");
        assert_eq!(found.reveal(), "s3cret");
        assert!(!format!("{found} {found:?}").contains("s3cret"));
    }
    let both = format!("token = \"other\"\n{by_file}");
    let told = secret(&both).expect_err("both");
    assert!(told.contains("both `token` and `token_file`") && !told.contains("other"), "{told}");
    assert!(secret("token_file = \"nowhere\"\n").expect_err("no file").contains("`token_file` \"nowhere\""));
    assert_eq!(secret("data = \"x\"\n"), Ok(None));
}
