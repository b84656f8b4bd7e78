//! The arrows between the crates, read from what Cargo itself says.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// What each crate depends on, dependencies for its tests left out.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|candidate| candidate["name"] == package)
        .unwrap_or_else(|| panic!("no package is called {package}"));
    package["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_domain_knows_no_runtime_no_driver_and_no_protocol() {
    assert_eq!(
        dependencies("domain"),
        set(&[
            "async-trait",
            "event-listener",
            "hmac",
            "mockall",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "strsim",
            "thiserror",
        ])
    );
}

#[test]
fn the_application_knows_the_domain_and_no_engine() {
    assert_eq!(
        dependencies("application"),
        set(&[
            "async-trait",
            "domain",
            "humantime",
            "serde",
            "serde_json",
            "tokio"
        ])
    );
}

#[test]
fn drivers_and_protocol_are_named_by_the_adapters_alone() {
    for outsider in ["sqlx", "deadpool", "sqlparser"] {
        assert!(dependencies("adapters").contains(outsider), "{outsider}");
        for package in ["domain", "application", "bootstrap"] {
            assert!(
                !dependencies(package).contains(outsider),
                "{package} names {outsider}"
            );
        }
    }
    for package in ["domain", "application"] {
        assert!(
            !dependencies(package).contains("rmcp"),
            "{package} names rmcp"
        );
    }
}

/// Rust files below a folder of the adapters.
fn sources(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn inbound_and_outbound_never_name_each_other() {
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/src");
    for (side, other) in [
        ("inbound", ["crate::outbound", "sqlx::"]),
        ("outbound", ["crate::inbound", "rmcp::"]),
    ] {
        let files = sources(&adapters.join(side));
        assert!(!files.is_empty());
        for (path, text) in files {
            for name in other {
                assert!(!text.contains(name), "{path} names {name}");
            }
        }
    }
}

/// There connections get their limits, and what is sent over them leaves at once.
#[test]
fn connections_are_taken_in_one_place() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [root.join("adapters/src"), root.join("bootstrap/src")]
        .iter()
        .flat_map(|folder| sources(folder))
        .collect::<Vec<_>>();
    let naming = |words: &[&str]| -> Vec<&str> {
        files
            .iter()
            .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
            .map(|(path, _)| path.rsplit_once('/').unwrap().1)
            .collect()
    };

    assert_eq!(naming(&["TcpListener", "axum::serve"]), ["listener.rs"]);
    assert_eq!(
        naming(&["listener.accept()"]),
        ["arrivals.rs", "listener.rs"]
    );
}
