//! What the program says of itself, and of a command line that it cannot use.

use super::run;

#[tokio::test]
async fn the_version_is_one_line() {
    for flag in ["--version", "-V"] {
        let ran = run(&[flag]).await;

        let expected = format!("portolan {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            (ran.code, ran.stdout, ran.stderr),
            (0, expected, String::new())
        );
    }
}

#[tokio::test]
async fn the_help_names_every_command() {
    let help = run(&["--help"]).await;

    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    for command in ["serve", "check", "call", "health", "demo"] {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{}",
            help.stdout
        );
        let own = run(&[command, "--help"]).await;
        assert_eq!((own.code, own.stderr.as_str()), (0, ""), "{command}");
        assert!(
            own.stdout.contains(&format!("Usage: portolan {command}")),
            "{}",
            own.stdout
        );
    }
}

#[tokio::test]
async fn a_command_line_that_cannot_be_used_is_told_on_the_error_stream_alone() {
    for (arguments, told) in [
        (&["chek"][..], "Did you mean `check`?"),
        (&["something"], "neither a command"),
        (&["--unknown"], "--unknown"),
        (&["call"], "<TOOL>"),
        (&["check", "--conect"], "--connect"),
        (&["demo", "more"], "unexpected argument"),
    ] {
        let ran = run(arguments).await;

        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_password_on_a_wrong_command_line_is_not_repeated() {
    let url = "postgres://u:hunter2@127.0.0.1:1/db";
    for arguments in [
        &["check", url, url][..],
        &["check", "--unknown", url],
        &["call", "--url", url, "no_such_tool"],
    ] {
        let ran = run(arguments).await;

        assert_ne!(ran.code, 0, "{arguments:?}");
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    }
}
