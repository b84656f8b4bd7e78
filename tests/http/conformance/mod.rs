//! The official conformance suite over HTTP: against the built server, and against a server of its own fixtures that
//! shares our transport.
//!
//! The suite wants tools, resources and prompts of certain names, which no database has. So the built server passes
//! what needs none of them, and a server that has them shows that nothing else was in the way.

#![expect(
    deprecated,
    reason = "the suite asks for what older clients still have, and what the library will drop one day"
)]

mod fixture;
mod rounds;
mod tools;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{
    client::{LEGACY, MODERN, provided},
    scratch::Scratch,
};
use tokio::process::Command;

use self::fixture::FixtureServer;
use super::demo;

/// Some of its scenarios give an answer half a second. On a busy machine that can pass before Node has looked.
const ATTEMPTS: usize = 3;

/// What needs no fixtures, of 2025-11-25.
const LEGACY_WITHOUT_FIXTURES: &[&str] = &[
    "completion-complete",
    "dns-rebinding-protection",
    "ping",
    "prompts-list",
    "resources-list",
    "server-initialize",
    "server-session-lifecycle",
    "server-sse-multiple-streams",
    "server-sse-polling",
    "tools-list",
];

/// What needs the suite's tools, resources and prompts, or what databases have no use for: levels of a log that a client
/// reads, resources that it subscribes to.
const LEGACY_WITH_FIXTURES: &[&str] = &[
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "json-schema-2020-12",
    "logging-set-level",
    "prompts-get-embedded-resource",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-with-image",
    "resources-read-binary",
    "resources-read-text",
    "resources-subscribe",
    "resources-templates-read",
    "resources-unsubscribe",
    "tools-call-audio",
    "tools-call-elicitation",
    "tools-call-embedded-resource",
    "tools-call-error",
    "tools-call-image",
    "tools-call-mixed-content",
    "tools-call-sampling",
    "tools-call-simple-text",
    "tools-call-with-logging",
    "tools-call-with-progress",
];

/// What needs no fixtures, of 2026-07-28.
const MODERN_WITHOUT_FIXTURES: &[&str] = &[
    "caching",
    "completion-complete",
    "dns-rebinding-protection",
    "http-header-validation",
    "input-required-result-ignore-extra-params",
    "input-required-result-missing-input-response",
    "input-required-result-unsupported-methods",
    "input-required-result-validate-input",
    "prompts-list",
    "resources-list",
    "sep-2164-resource-not-found",
    "server-sse-multiple-streams",
    "tasks-status-notifications",
    "tools-list",
];

/// What needs them, of 2026-07-28. Of `server-stateless` four checks do.
const MODERN_WITH_FIXTURES: &[&str] = &[
    "http-custom-header-server-validation",
    "input-required-result-basic-elicitation",
    "input-required-result-basic-list-roots",
    "input-required-result-basic-sampling",
    "input-required-result-capability-check",
    "input-required-result-multi-round",
    "input-required-result-multiple-input-requests",
    "input-required-result-non-tool-request",
    "input-required-result-request-state",
    "input-required-result-result-type",
    "input-required-result-tampered-state",
    "json-schema-2020-12",
    "prompts-get-embedded-resource",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-with-image",
    "resources-read-binary",
    "resources-read-text",
    "resources-templates-read",
    "server-stateless",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-error",
    "tools-call-image",
    "tools-call-mixed-content",
    "tools-call-simple-text",
    "tools-call-with-progress",
];

/// An extension that neither server has; the suite runs it and does not score it.
const TASKS: &[&str] = &[
    "tasks-capability-negotiation",
    "tasks-dispatch-and-envelope",
    "tasks-lifecycle",
    "tasks-mrtr-composition",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-request-state-removal",
    "tasks-required-task-error",
    "tasks-wire-fields",
];

/// What the protocol's JSON says, as the library has it.
fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// The same of a result that is complete. The library leaves that out again for older clients.
fn complete<T: DeserializeOwned>(mut value: Value) -> T {
    value["resultType"] = "complete".into();
    of(value)
}

/// How each scenario went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
    /// Failures of checks, by the scenario and the check.
    checks: BTreeSet<String>,
}

/// What a revision requires, run against a server. `None` where the suite was not provided.
async fn run(url: &str, revision: &str) -> Option<Outcome> {
    let node = provided("PORTOLAN_TEST_NODE")?;
    let modules = provided("PORTOLAN_TEST_NODE_MODULES")?;
    let results = Scratch::new();
    let output = Command::new(node)
        .arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", url, "--requirements", revision, "-o"])
        .arg(results.path("all"))
        .current_dir(results.path(""))
        .output()
        .await
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let (_, summary) = told.split_once("=== SUMMARY ===").unwrap_or_else(|| {
        let complained = String::from_utf8_lossy(&output.stderr);
        panic!("the suite did not come to its end: {told}{complained}")
    });
    let mut outcome = Outcome::default();
    for line in summary
        .lines()
        .take_while(|line| !line.starts_with("Total"))
    {
        let scenarios = match line.chars().next() {
            Some('✓') => &mut outcome.passed,
            Some('✗') => &mut outcome.failed,
            _ => continue,
        };
        let (name, _) = line[3..].trim().split_once(':').unwrap();
        scenarios.insert(name.to_owned());
    }
    for scenario in &outcome.failed {
        outcome
            .checks
            .extend(failed_checks(&results, scenario).map(|check| format!("{scenario}: {check}")));
    }
    Some(outcome)
}

/// The checks of a scenario that failed.
fn failed_checks(results: &Scratch, scenario: &str) -> impl Iterator<Item = String> {
    let prefix = format!("server-{scenario}-20");
    let folder = std::fs::read_dir(results.path("all"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .find(|entry| entry.file_name().to_str().unwrap().starts_with(&prefix))
        .unwrap_or_else(|| panic!("nothing was written of {scenario}"));
    let text = std::fs::read_to_string(folder.path().join("checks.json")).unwrap();
    let checks: Vec<Value> = serde_json::from_str(&text).unwrap();
    checks
        .into_iter()
        .filter(|check| check["status"] == "FAILURE")
        .map(|check| check["id"].as_str().unwrap().to_owned())
}

fn set(lists: &[&[&str]]) -> BTreeSet<String> {
    lists
        .iter()
        .flat_map(|list| list.iter().map(|&name| name.to_owned()))
        .collect()
}

/// Runs what a revision requires until the scenarios that pass and those that do not are these.
async fn expect(url: &str, revision: &str, passed: &[&[&str]], failed: &[&[&str]]) -> Outcome {
    let (passed, failed) = (set(passed), set(failed));
    for attempt in 1.. {
        let Some(outcome) = run(url, revision).await else {
            break;
        };
        if outcome.passed == passed && outcome.failed == failed {
            return outcome;
        }
        if attempt == ATTEMPTS {
            let (passed, failed) = (&outcome.passed ^ &passed, &outcome.failed ^ &failed);
            panic!(
                "otherwise than expected: {passed:?}, {failed:?}; {:?}",
                outcome.checks
            );
        }
    }
    Outcome::default()
}

#[tokio::test]
async fn the_built_server_passes_what_needs_no_fixtures_of_2025_11_25() {
    let server = demo().await;

    expect(
        &server.url(),
        LEGACY,
        &[LEGACY_WITHOUT_FIXTURES],
        &[LEGACY_WITH_FIXTURES],
    )
    .await;
}

#[tokio::test]
async fn the_built_server_passes_what_needs_no_fixtures_of_2026_07_28() {
    let server = demo().await;

    let outcome = expect(
        &server.url(),
        MODERN,
        &[MODERN_WITHOUT_FIXTURES],
        &[MODERN_WITH_FIXTURES, TASKS],
    )
    .await;

    let stateless = outcome
        .checks
        .iter()
        .filter_map(|check| check.strip_prefix("server-stateless: "));
    assert!(
        outcome.checks.is_empty()
            || stateless.eq([
                "sep-2575-http-server-no-independent-requests-on-stream",
                "sep-2575-missing-capability-http-400",
                "sep-2575-server-no-log-without-loglevel",
                "sep-2575-server-rejects-undeclared-capability",
            ]),
        "{:?}",
        outcome.checks
    );
}

#[tokio::test]
async fn with_its_fixtures_all_of_2025_11_25_passes() {
    let server = FixtureServer::start().await;

    expect(
        &server.url(),
        LEGACY,
        &[LEGACY_WITHOUT_FIXTURES, LEGACY_WITH_FIXTURES],
        &[],
    )
    .await;
}

#[tokio::test]
async fn with_its_fixtures_all_of_2026_07_28_passes() {
    let server = FixtureServer::start().await;

    expect(
        &server.url(),
        MODERN,
        &[MODERN_WITHOUT_FIXTURES, MODERN_WITH_FIXTURES],
        &[TASKS],
    )
    .await;
}
