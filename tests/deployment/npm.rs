//! The launcher of the npm package.

use std::process::{Command, Output};

use support::client::{binary, provided};

use super::deploy;

fn launched(binary: Option<&str>, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(provided("PORTOLAN_TEST_NODE")?);
    command.arg(deploy().join("npm/bin/portolan.js"));
    command.args(arguments).env_remove("PORTOLAN_BINARY");
    if let Some(binary) = binary {
        command.env("PORTOLAN_BINARY", binary);
    }
    Some(command.output().unwrap())
}

#[test]
fn the_launcher_says_and_ends_as_the_binary_does() {
    let binary = binary().display().to_string();
    let Some(version) = launched(Some(&binary), &["--version"]) else {
        return;
    };
    let unknown = launched(Some(&binary), &["chek"]).unwrap();

    let expected = format!("portolan {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("Did you mean `check`?"));
}

#[test]
fn where_the_package_of_this_system_is_missing_the_launcher_says_what_to_do() {
    let Some(output) = launched(None, &["--version"]) else {
        return;
    };

    assert_eq!(output.status.code(), Some(127));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--include=optional"), "{said}");
}
