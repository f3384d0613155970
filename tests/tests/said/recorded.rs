//! Messages that agencies have sent, read as an independent reader read them: `EVAL_DATA` names the folder.

use bongsu_rules::cap::{Alert, Fault, check, read, write};
use serde_json::Value;
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("EVAL_DATA") else {
        eprintln!("skipped: EVAL_DATA names no folder of recorded messages");
        return None;
    };
    Some(PathBuf::from(data).join("cap_messages"))
}

#[test]
fn data_cap_messages_are_parsed_or_refused() {
    let Some(folder) = folder() else { return };
    let expected = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&expected).expect("JSON");
    let (mut taken, mut refused) = (0, 0);
    let again_folder = tempfile::tempdir().expect("a folder");
    let mut written = Vec::new();
    for (name, expect) in &expected {
        let bytes = std::fs::read(folder.join(name)).expect(name);
        let read_it = read(&bytes);
        if expect["xsd_cap12_valid"] == false {
            eprintln!("{name}: refused: {}", read_it.expect_err(name));
            refused += 1;
            continue;
        }
        let alert = read_it.unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = serde_json::json!({
            "identifier": alert.identifier.trim(),
            "sender": alert.sender.trim(),
            "sent": alert.sent.text(),
            "status": alert.status.name(),
            "msgType": alert.msg_type.name(),
            "scope": alert.scope.name(),
            "references": alert.references.iter().map(|r| [r.sender.as_str(), &r.identifier, r.sent.text()]).collect::<Vec<_>>(),
            "n_info": alert.infos.len(),
            "languages": alert.infos.iter().map(|i| i.language.clone().unwrap_or("en-US(default)".into())).collect::<Vec<_>>(),
            "events": alert.infos.iter().map(|i| i.event.trim()).collect::<Vec<_>>(),
            "severity": alert.infos.iter().map(|i| i.severity.name()).collect::<Vec<_>>(),
            "n_area": alert.infos.iter().map(|i| i.areas.len()).collect::<Vec<_>>(),
            "n_polygon": alert.infos.iter().map(|i| i.areas.iter().map(|a| a.polygons.len()).sum::<usize>()).collect::<Vec<_>>(),
            "n_circle": alert.infos.iter().map(|i| i.areas.iter().map(|a| a.circles.len()).sum::<usize>()).collect::<Vec<_>>(),
            "n_geocode": alert.infos.iter().map(|i| i.areas.iter().map(|a| a.geocodes.len()).sum::<usize>()).collect::<Vec<_>>(),
            "signed": alert.is_signed,
        });
        for (key, value) in found.as_object().expect("an object") {
            assert_eq!(value, &expect[key], "{name}: {key}");
        }
        let path = again_folder.path().join(name);
        std::fs::write(&path, write(&alert)).expect("written");
        written.push(path);
        let again = read(write(&alert).as_bytes()).unwrap_or_else(|error| panic!("{name} again: {error}"));
        assert_eq!(again, Alert { is_signed: false, ..alert.clone() }, "{name} again");
        let faults = check(&alert);
        eprintln!("{name}: {} faults above the schema: {faults:?}", faults.len());
        if name.starts_with("SEMANTIC") {
            assert!(faults.contains(&Fault::NoReferences("Update")), "{name}: {faults:?}");
        }
        taken += 1;
    }
    crate::judge(crate::script("xsd.py").args(&written)).expect("what we write again is valid by the schema");
    eprintln!("{taken} messages taken, {refused} refused, of {}", expected.len());
    assert!(taken > 0 && refused > 0);
}
