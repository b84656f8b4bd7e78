//! What the shipped configurations say, this program understands.

use std::{fs, process::Command};

use serde_json::Value;
use support::{client::binary, scratch::Scratch};

use super::text;

/// What `check` says of a configuration of `deploy/` whose secrets are where its own folder of secrets is.
fn checked(file: &str, mounted: &str, secrets: &[&str]) -> (Option<i32>, Value) {
    let scratch = Scratch::new();
    let folder = scratch.path("secrets");
    fs::create_dir(&folder).unwrap();
    for secret in secrets {
        let value = format!("portolan_{}", "5d0c".repeat(16));
        fs::write(folder.join(secret), value).unwrap();
    }
    let configuration = scratch.path("portolan.toml");
    let moved = text(file).replace(mounted, folder.to_str().unwrap());
    fs::write(&configuration, moved).unwrap();
    let output = Command::new(binary())
        .args(["check", "--json", "--config"])
        .arg(&configuration)
        .env_clear()
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), said)
}

#[test]
fn the_configuration_of_the_compose_file_is_understood() {
    let secrets = ["shop_reader_password", "portolan_token"];
    let (code, said) = checked("compose/portolan.toml", "/run/secrets", &secrets);

    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_configuration_of_the_kubernetes_manifests_is_understood() {
    let secrets = ["shop-password", "shop-ca.pem", "team-token"];
    let (code, said) = checked(
        "kubernetes/portolan.toml",
        "/run/secrets/portolan",
        &secrets,
    );

    assert_eq!(code, Some(0), "{said}");
}
