//! `portolan demo`.

use support::client::{Launch, binary};

use super::run;

#[tokio::test]
async fn the_tour_is_printed_whole_and_ends_with_how_to_go_on() {
    let ran = run(&["demo"]).await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr, "");
    let titles: Vec<_> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("──"))
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(titles, ["1.", "2.", "3.", "4.", "5."]);
    let answers = ran.stdout.matches("portolan → answer, ").count();
    let failures = ran.stdout.matches("portolan → failure, ").count();
    assert_eq!((answers, failures), (3, 2), "{}", ran.stdout);
    for told in [
        "Tools: execute_query, ",
        "Did you mean customers.email?",
        "this connection is read-only",
        "|category|orders|revenue|",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let program = binary().display().to_string();
    let added = format!(
        "  Claude Code      claude mcp add portolan -e DATABASE_URL=postgres://user:password@host/name -- '{program}'\n"
    );
    assert!(ran.stdout.contains(&added), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with(
            "To go on with this shop instead, leave the variable out and add: serve --demo\n"
        ),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn the_tour_is_about_the_demo_alone_whatever_is_configured() {
    let ran = Launch::default()
        .arguments(&["demo"])
        .database("unwanted", "postgres://u:hunter2@127.0.0.1:1/db")
        .with("MCP_LOG_LEVEL", "nonsense")
        .run()
        .await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("unwanted"), "{}", ran.stdout);
}
