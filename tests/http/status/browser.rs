//! The page in headless Chromium, driven by Playwright, and looked at by axe.

use std::path::Path;

use serde_json::{Value, json};
use support::client::provided;
use tokio::process::Command;

use super::{ADA, BOB, OPS, Team};
use crate::http::ENDLESS;

/// What the browser found; nothing where this run has none.
pub(super) async fn look(script: &str, team: &Team, more: &[&str]) -> Option<Value> {
    let node = provided("PORTOLAN_TEST_NODE")?;
    let modules = provided("PORTOLAN_TEST_NODE_MODULES")?;
    let chromium = provided("PORTOLAN_TEST_CHROMIUM")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("http/status");
    let output = Command::new(node)
        .arg(folder.join(script))
        .args([&modules, &chromium])
        .arg(format!("http://{}/", team.server.address))
        .args(more)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_str(&told).unwrap())
}

#[tokio::test]
async fn somebody_signs_in_by_keyboard_and_sees_what_there_is() {
    let team = Team::start().await;
    // A name, which stays in the statement that is shown, where a literal would not.
    team.query("SELECT 1 AS [<img src=x onerror=alert()>]", ADA)
        .await;
    team.query("SELECT nothing", BOB).await;

    let Some(found) = look("sign_in.mjs", &team, &[OPS]).await else {
        return;
    };

    assert_eq!(found["focusedAtFirst"], "token");
    assert_eq!(found["afterAWrongToken"], "The token is not known here.");
    assert_eq!(found["name"], "ops (operator)");
    assert_eq!(found["connections"], json!(["shop"]));
    assert_eq!(found["outcomes"], json!(["invalid_sql", "ok"]));
    // What a client wrote is text.
    assert_eq!(
        found["statements"],
        json!([
            "SELECT nothing",
            "SELECT ? AS [<img src=x onerror=alert()>]"
        ])
    );
    assert_eq!(found["images"], 0);
    // Nobody else was asked for anything, and nothing of the page was refused by its own policy.
    assert_eq!(found["foreignRequests"], json!([]));
    assert_eq!(found["console"], json!([]));
    assert_eq!(found["signedOut"], true);
}

#[tokio::test]
async fn it_reads_well_on_a_phone_in_the_dark_and_in_the_light() {
    let team = Team::start().await;
    team.query(
        "SELECT 'a statement that is as long as statements are' AS one, 'and longer' AS two",
        ADA,
    )
    .await;

    let Some(found) = look("looks.mjs", &team, &[OPS]).await else {
        return;
    };

    for look in found.as_array().unwrap() {
        assert_eq!(look["violations"], json!([]), "{look}");
        assert_eq!(look["isWiderThanTheScreen"], false, "{look}");
    }
    let named: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|look| &look["name"])
        .collect();
    assert_eq!(
        named,
        ["desktop light", "desktop dark", "phone light", "phone dark"]
    );
    let background = |at: usize| found[at]["background"].as_str().unwrap();
    assert_eq!(
        (background(0), background(1)),
        ("rgb(255, 255, 255)", "rgb(13, 17, 23)")
    );
}

#[tokio::test]
async fn an_operator_cancels_a_call_by_keyboard() {
    let team = Team::start().await;
    let answer = async {
        let answer = team.query(ENDLESS, ADA).await.json();
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let looking = async {
        team.running().await;
        let found = look("cancel.mjs", &team, &[OPS]).await;
        if found.is_none() {
            let call = team.running().await;
            team.cancel(&call, OPS).await;
        }
        found
    };

    let (answer, found) = tokio::join!(answer, looking);

    assert!(answer.contains("ended by hand"), "{answer}");
    let Some(found) = found else {
        return;
    };
    assert_eq!(found["focusStaysOnTheButton"], true);
    assert_eq!(found["rowsAfterwards"], 0);
    assert_eq!(found["lastOutcome"], "cancelled");
    let told = found["told"].as_str().unwrap();
    assert!(told.ends_with(" was told to end."), "{told}");
}
