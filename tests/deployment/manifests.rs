//! Each file by its own tool.

use std::{path::PathBuf, process::Command};

use serde_json::Value;
use support::{client::provided, scratch::Scratch};

use super::{deploy, text};

/// What a tool says of files of `deploy/`; nothing where `tests/run` has not installed it.
fn judged(tool: Option<PathBuf>, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(tool?)
        .args(arguments)
        .current_dir(deploy())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

fn validator(name: &str) -> Option<PathBuf> {
    Some(provided("PORTOLAN_TEST_VALIDATORS")?.join(name))
}

#[test]
fn the_container_file_has_nothing_to_complain_about() {
    let judged = judged(validator("hadolint"), &["container/Dockerfile"]);
    if let Some(judged) = judged {
        assert_eq!(judged, (true, String::new()));
    }
}

#[test]
fn the_compose_file_is_one() {
    let schema = ["--builtin-schema", "vendor.compose-spec"];
    let arguments = [&schema[..], &["compose/compose.yaml"]].concat();
    if let Some((valid, said)) = judged(validator("check-jsonschema"), &arguments) {
        assert!(valid, "{said}");
    }
}

#[test]
fn systemd_takes_the_unit_and_finds_little_that_it_could_do_to_the_machine() {
    // GIVEN the unit with a program that is there
    let folder = Scratch::new();
    let unit = folder.path("portolan.service");
    let shipped = text("systemd/portolan.service");
    let there = shipped.replace("/usr/local/bin/portolan ", "/bin/true ");
    assert_ne!(shipped, there);
    std::fs::write(&unit, there).unwrap();
    let unit = unit.display().to_string();
    let systemd = || provided("PORTOLAN_TEST_SYSTEMD_ANALYZE");

    // WHEN its own tool reads it, THEN it has nothing to say, not even of a key that it does not know
    if let Some(judged) = judged(systemd(), &["verify", &unit]) {
        assert_eq!(judged, (true, String::new()));
    }

    // AND the exposure that it counts is at most 2 of 10
    let arguments = ["security", "--offline=true", "--threshold=20", &unit];
    if let Some((within, said)) = judged(systemd(), &arguments) {
        assert!(within, "{said}");
    }
}

#[test]
fn kubernetes_takes_every_manifest() {
    let kustomization = text("kubernetes/kustomization.yaml");
    let manifests: Vec<String> = kustomization
        .lines()
        .filter_map(|line| line.strip_prefix("  - "))
        .filter(|line| line.contains(".yaml"))
        .map(|file| format!("kubernetes/{file}"))
        .collect();
    assert_eq!(manifests.len(), 7, "{kustomization}");

    for manifest in &manifests {
        let arguments = ["--strict", "--version", "1.37", manifest];
        if let Some((valid, said)) = judged(validator("kubernetes-validate"), &arguments) {
            assert!(valid, "{manifest}: {said}");
        }
    }
}

#[test]
fn the_rules_ring_when_they_should() {
    let rules = [
        &["check", "rules", "prometheus/rules.yml"][..],
        &["test", "rules", "prometheus/rules.test.yml"],
    ];
    for arguments in rules {
        if let Some((passed, said)) = judged(provided("PORTOLAN_TEST_PROMTOOL"), arguments) {
            assert!(passed, "{said}");
        }
    }
}

#[test]
fn prometheus_takes_its_configuration() {
    let arguments = ["check", "config", "--syntax-only", "compose/prometheus.yml"];
    if let Some((valid, said)) = judged(provided("PORTOLAN_TEST_PROMTOOL"), &arguments) {
        assert!(valid, "{said}");
    }
}

#[test]
fn the_bundle_is_valid() {
    let (Some(node), Some(modules)) = (
        provided("PORTOLAN_TEST_NODE"),
        provided("PORTOLAN_TEST_NODE_MODULES"),
    ) else {
        return;
    };
    let cli = modules.join("@anthropic-ai/mcpb/dist/cli/cli.js");
    let arguments = [cli.to_str().unwrap(), "validate", "mcpb/manifest.json"];
    let (valid, said) = judged(Some(node), &arguments).unwrap();
    assert!(valid, "{said}");
}

#[test]
fn every_package_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let json = |file: &str| serde_json::from_str::<Value>(&text(file)).unwrap();
    let (npm, bundle, server) = (
        json("npm/package.json"),
        json("mcpb/manifest.json"),
        json("server.json"),
    );

    assert_eq!(npm["version"], version);
    for (package, required) in npm["optionalDependencies"].as_object().unwrap() {
        assert_eq!(required, version, "{package}");
    }
    assert_eq!(bundle["version"], version);
    assert_eq!(server["version"], version);
    assert_eq!(server["packages"][0]["version"], version);
    assert!(text("kubernetes/kustomization.yaml").contains(&format!("newTag: \"{version}\"")));
}

/// The registry finds out whose a package is by this name in it.
#[test]
fn every_package_has_the_name_of_the_registry() {
    let json = |file: &str| serde_json::from_str::<Value>(&text(file)).unwrap();
    let server = json("server.json");
    let name = server["name"].as_str().unwrap();

    assert_eq!(json("npm/package.json")["mcpName"], name);
    assert_eq!(
        json("npm/package.json")["name"],
        server["packages"][0]["identifier"]
    );
    let label = format!("io.modelcontextprotocol.server.name=\"{name}\"");
    assert!(text("container/Dockerfile").contains(&label));
    // Longer ones are refused.
    assert!(server["description"].as_str().unwrap().chars().count() <= 100);
}
