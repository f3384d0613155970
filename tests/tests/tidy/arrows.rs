//! Which crate may know which. The arrows are the architecture: a new one is a decision, not an import.

use crate::{assert_tidy, source};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Our crates and which of ours each may know, in tests too.
const ARROWS: [(&str, &[&str]); 7] = [
    ("bongsu-sensors", &[]),
    ("bongsu-dashboards", &[]),
    ("bongsu-broker", &[]),
    ("bongsu-rules", &["bongsu-sensors"]),
    ("bongsu-simulators", &["bongsu-sensors"]),
    ("bongsu-gateway", &["bongsu-sensors", "bongsu-rules", "bongsu-broker", "bongsu-simulators", "bongsu-dashboards"]),
    (
        "bongsu-tests",
        &[
            "bongsu-sensors",
            "bongsu-rules",
            "bongsu-broker",
            "bongsu-simulators",
            "bongsu-gateway",
            "bongsu-dashboards",
        ],
    ),
];

/// Crates that only some of ours may know, in tests too.
const KEPT: [(&str, &[&str]); 2] =
    [("rumqttd", &["bongsu-broker"]), ("rumqttc", &["bongsu-broker", "bongsu-simulators", "bongsu-tests"])];

/// Crates that decide: same input, same effects.
const PURE: [&str; 2] = ["bongsu-sensors", "bongsu-rules"];

/// What brings a clock, a disk, a network or chance with it.
const IMPURE: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "rustix",
    "libc",
    "rand",
    "getrandom",
    "fastrand",
    "rusqlite",
    "reqwest",
];

/// A dependency as declared.
struct Arrow {
    from: String,
    to: String,
    in_tests: bool,
}

fn complaints(arrows: &[Arrow]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Arrow { from, to, in_tests } in arrows {
        let row = ARROWS.iter().find(|(name, _)| name == from);
        if to.starts_with("bongsu-") && !row.is_some_and(|(_, may)| may.contains(&to.as_str())) {
            complaints.push(format!("{from} knows {to}: move what it needs to a crate it may know"));
        }
        if let Some((_, keepers)) = KEPT.iter().find(|(name, _)| name == to)
            && !keepers.contains(&from.as_str())
        {
            complaints.push(format!("{from} knows {to}: only {} may", keepers.join(", ")));
        }
        if PURE.contains(&from.as_str()) && IMPURE.contains(&to.as_str()) && !in_tests {
            complaints.push(format!("{from} is pure and knows {to}: let the gateway do it and pass the result in"));
        }
    }
    complaints
}

/// The members of the workspace, from the manifests alone: no network, no lock file.
fn members() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.manifest_path(source::root().join("Cargo.toml")).no_deps().other_options(vec!["--offline".into()]);
    command.exec().expect("cargo metadata reads the manifests").packages
}

#[test]
fn crates_know_only_whom_they_may() {
    let members = members();
    let unknown = members.iter().filter(|member| !ARROWS.iter().any(|(name, _)| **name == *member.name));
    let unknown: Vec<String> = unknown.map(|member| format!("{} has no row in ARROWS", member.name)).collect();
    assert_tidy("every crate says whom it may know", &unknown);
    let arrows = members.iter().flat_map(|member| {
        member.dependencies.iter().map(|dependency| Arrow {
            from: member.name.to_string(),
            to: dependency.name.clone(),
            in_tests: dependency.kind == DependencyKind::Development,
        })
    });
    assert_tidy("a crate knows one that it may not know", &complaints(&arrows.collect::<Vec<_>>()));
}

#[test]
fn a_wrong_arrow_is_found() {
    let found = |from: &str, to: &str, in_tests| {
        complaints(&[Arrow { from: from.to_owned(), to: to.to_owned(), in_tests }]).len()
    };
    assert_eq!(found("bongsu-rules", "bongsu-sensors", false), 0);
    assert_eq!(found("bongsu-rules", "bongsu-gateway", false), 1);
    assert_eq!(found("bongsu-sensors", "bongsu-rules", true), 1);
    assert_eq!(found("bongsu-stranger", "bongsu-sensors", false), 1);
    assert_eq!(found("bongsu-gateway", "rumqttd", false), 1);
    assert_eq!(found("bongsu-gateway", "rumqttc", true), 1);
    assert_eq!(found("bongsu-tests", "rumqttc", false), 0);
    assert_eq!(found("bongsu-rules", "tokio", false), 1);
    assert_eq!(found("bongsu-rules", "rand", true), 0);
}

#[test]
fn every_crate_inherits_the_lints() {
    let manifests = source::all().into_iter().filter(|source| source.path.matches('/').count() == 1);
    let manifests = manifests.filter(|source| source.ends_with(&["/Cargo.toml"]));
    let without = manifests.filter(|source| !inherits_lints(&source.text));
    let without: Vec<String> = without.map(|source| format!("{}: add [lints] workspace = true", source.path)).collect();
    assert_tidy("every crate takes the lints of the workspace", &without);
    assert!(inherits_lints("[package]\n\n[lints]\nworkspace = true\n"));
    assert!(!inherits_lints("[package]\n[lints.clippy]\nall = \"allow\"\n"));
    assert!(!inherits_lints("[lints]\n# workspace = true\n[dependencies]\nworkspace = true\n"));
}

fn inherits_lints(manifest: &str) -> bool {
    let after = manifest.lines().skip_while(|line| line.trim() != "[lints]").skip(1);
    after.take_while(|line| !line.starts_with('[')).any(|line| line.trim() == "workspace = true")
}
