//! URLs in every form that people write them.

use std::{fmt::Write, path::PathBuf};

use secrecy::ExposeSecret;

use super::{mistakes, told, url};
use crate::connection::{Access, Address, Password, TlsMode};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn urls_are_read() {
    for (text, expected) in [
        ("postgres://u:p@h/db", "postgresql | u | p | h 5432 | db"),
        ("postgresql://u@h", "postgresql | u | - | h 5432 | -"),
        ("PG://u:p@h:6000/", "postgresql | u | p | h 6000 | -"),
        (
            "mariadb://u:p@db.example.com/shop",
            "mysql | u | p | db.example.com 3306 | shop",
        ),
        (
            "mysql://u:p@127.0.0.1:3307/shop",
            "mysql | u | p | 127.0.0.1 3307 | shop",
        ),
        (
            "postgres://u:p@[::1]:5433/db",
            "postgresql | u | p | ::1 5433 | db",
        ),
        (
            "postgres://u:p@[fe80::1%25eth0]/db",
            "postgresql | u | p | fe80::1%eth0 5432 | db",
        ),
        ("postgres://u:@h/db", "postgresql | u | - | h 5432 | db"),
        // Sockets.
        (
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/db",
            "postgresql | u | - | socket /var/run/postgresql 5432 | db",
        ),
        (
            "postgres:///db?host=/var/run/postgresql&user=u",
            "postgresql | u | - | socket /var/run/postgresql 5432 | db",
        ),
        (
            "mysql://u:p@/db?socket=/run/mysqld.sock",
            "mysql | u | p | socket /run/mysqld.sock 3306 | db",
        ),
        // Users and databases with a difference.
        (
            "postgres://user@server:p@h/db",
            "postgresql | user@server | p | h 5432 | db",
        ),
        (
            "postgres://a%3Ab:p@h/my%20db",
            "postgresql | a:b | p | h 5432 | my db",
        ),
        (
            "postgres://u:p@h/db?application_name=me@work",
            "postgresql | u | p | h 5432 | db",
        ),
        (
            "postgres://u@h/db?password=a%26b",
            "postgresql | u | a&b | h 5432 | db",
        ),
        // Files.
        ("sqlite:shop.db", "sqlite | - | - | file shop.db | -"),
        ("sqlite://shop.db", "sqlite | - | - | file shop.db | -"),
        (
            "sqlite://data/shop.db",
            "sqlite | - | - | file data/shop.db | -",
        ),
        (
            "sqlite://a@b/shop:1@2.db",
            "sqlite | - | - | file a@b/shop:1@2.db | -",
        ),
        (
            r"sqlite://C:\data\a@b.db",
            r"sqlite | - | - | file C:\data\a@b.db | -",
        ),
        (
            "sqlite:/srv/shop.db",
            "sqlite | - | - | file /srv/shop.db | -",
        ),
        (
            "sqlite:///srv/shop.db",
            "sqlite | - | - | file /srv/shop.db | -",
        ),
        (
            "sqlite:////srv/shop.db",
            "sqlite | - | - | file /srv/shop.db | -",
        ),
        (
            "sqlite:///C:/data/x.db",
            "sqlite | - | - | file C:/data/x.db | -",
        ),
        (
            r"sqlite:C:\data\shop.db",
            r"sqlite | - | - | file C:\data\shop.db | -",
        ),
        (
            r"sqlite://C:\data\100%.db",
            r"sqlite | - | - | file C:\data\100%.db | -",
        ),
        (
            r"sqlite:///C:\data\shop.db",
            r"sqlite | - | - | file C:\data\shop.db | -",
        ),
        (
            r"sqlite:\\server\share\x.db",
            r"sqlite | - | - | file \\server\share\x.db | -",
        ),
        (
            "sqlite:my%20shop.db?mode=ro",
            "sqlite | - | - | file my shop.db | -",
        ),
        ("sqlite:what?.db", "sqlite | - | - | file what?.db | -"),
        ("sqlite:#1.db", "sqlite | - | - | file #1.db | -"),
        ("sqlite::memory:", "sqlite | - | - | memory | -"),
        ("sqlite://:memory:", "sqlite | - | - | memory | -"),
        ("sqlite:///:memory:", "sqlite | - | - | memory | -"),
    ] {
        let config = url(text)
            .outcome
            .unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        assert_eq!(told(&config), expected, "{text}");
    }
}

#[test]
fn passwords_with_any_character_are_read_raw_and_encoded() {
    for password in [
        "p@ss:w/o?r#d[1]% x",
        "@",
        ":",
        "/",
        "?",
        "#",
        "[",
        "]",
        "%",
        " ",
        "a@b",
        "a:b",
        "a/b",
        "a?b",
        "a#b",
        "a[b",
        "a]b",
        "100%",
        "50%off",
        "a b",
        "@@",
        "://",
        "a@b:c/d",
        "12/34",
        "12?a",
        "1#2",
        "a@b/c?d",
        "pässwörd",
        "~!$&'()*+,;=",
    ] {
        for text in [
            format!("postgres://u:{password}@host:5432/db"),
            format!("postgres://u:{password}@host/db?sslmode=require"),
            format!("mysql://u:{password}@host"),
            format!("postgres://u:{}@host/db", encoded(password)),
        ] {
            let config = url(&text)
                .outcome
                .unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
            let Some(Password::Given(secret)) = config.password else {
                panic!("{text} has no password");
            };
            assert_eq!(secret.expose_secret(), password, "{text}");
            assert!(
                matches!(config.address, Address::Tcp { host, .. } if host == "host"),
                "{text}"
            );
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

#[test]
fn what_can_be_read_in_two_ways_is_a_mistake_that_says_so() {
    for (text, expected) in [
        (
            "postgres://u:p@h/db?x=a@b",
            "Can be read in more than one way, because of an `@`.",
        ),
        (
            "postgres://u:a@b:99/c?y=1@h/db",
            "Can be read in more than one way, because of an `@`.",
        ),
        (
            "postgres://u:%41%zz@h/db",
            "Its password is percent-encoded in one place and not in another",
        ),
        (
            "postgres://u:a/b%41@h/db",
            "Its password is percent-encoded in one place and not in another",
        ),
    ] {
        let mistakes = mistakes(url(text));
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(
            mistakes[0].starts_with(&format!("--url x: {expected}")),
            "{mistakes:?}"
        );
        assert!(mistakes[0].contains("percent-encoded"), "{mistakes:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_url_that_is_wrong_says_how() {
    for (text, expected) in [
        ("secret", "--url x: Is not a URL."),
        ("h/db", "--url x: Is not a URL."),
        (
            r"C:\data\shop.db",
            "--url x: Is a path, not a URL. Expected `sqlite:` before the path of a database file.",
        ),
        (
            "postgress://h/db",
            "--url x: `postgress` is not the scheme of a known engine.",
        ),
        ("jdbc:postgresql://h/db", "Did you mean postgresql:?"),
        ("postgresql+asyncpg://h/db", "Did you mean postgresql:?"),
        (
            "oracle://h/db",
            "--url x: `oracle` is not the scheme of a known engine. Expected one of postgresql: postgres:",
        ),
        (
            "hunter2:x",
            "--url x: Does not begin with the scheme of a known engine.",
        ),
        (
            "postgres:u:p@h/db",
            "--url x: Lacks the `//` after its scheme.",
        ),
        (
            "postgres://u:p@/db",
            "--url x: Names no host. Expected the server's name or address, or the path of its socket.",
        ),
        (
            "postgres://h/db",
            "--url x: Names no user. Expected the user to sign in as.",
        ),
        (
            "postgres://u@::1/db",
            "--url x: Has an IPv6 address without brackets.",
        ),
        (
            "postgres://u@[::x]/db",
            "--url x: Its `host` is neither a host name nor an IPv6 address.",
        ),
        (
            "postgres://u@a,b/db",
            "--url x: Lists several hosts. Expected one host.",
        ),
        (
            "postgres://u@a:1,b:2/db",
            "--url x: Lists several hosts. Expected one host.",
        ),
        (
            "postgres://u@h:99999/db",
            "--url x: Its `port` 99,999 is out of range. Expected a whole number from 1 to 65,535.",
        ),
        (
            "postgres://u@h:x/db",
            "--url x: Has a port that is not a number.",
        ),
        (
            "postgres://u@h/a/b",
            "--url x: Has more than a database after its host.",
        ),
        (
            "postgres://u@h/db#x",
            "--url x: Has a `#` that is not encoded.",
        ),
        (
            "postgres://u@h/db?sslmod=require",
            "--url x: Its `sslmod` after the question mark is not known. Did you mean sslmode?",
        ),
        (
            "postgres://u@h/db?target_session_attrs=any",
            "--url x: Has an unknown word after the question mark.",
        ),
        (
            "postgres://u@h/db?sslmode=requir",
            "--url x: Its `sslmode` `requir` is not a mode of protection.",
        ),
        (
            "postgres://u@h/db?port=1&port=2",
            "--url x: Gives its port twice; `port` says it again.",
        ),
        (
            "postgres://u@h/db?host=g",
            "--url x: Gives its host twice; `host` says it again.",
        ),
        ("postgres://u@h/db?mode=ro", "--url x: "),
        (
            "postgres://u@h/db?connect_timeout=soon",
            "--url x: Its `connect_timeout` is not a whole number. Expected a whole number of seconds.",
        ),
        ("sqlite:", "--url x: Names no file."),
        (
            "sqlite://u:hunter2@h/shop",
            "--url x: Gives a user and a password, which a file does not have. Expected sqlite: and a path.",
        ),
        (
            "sqlite:x.db?mode=rwc",
            "--url x: Its `mode` is not one that is supported; files are never created. Expected ro or rw.",
        ),
        (
            "postgres://u:%FF@h/db",
            "--url x: Its password is not valid UTF-8 once decoded.",
        ),
    ] {
        let mistakes = mistakes(url(text));
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{text}: {mistakes:?}");
    }
}

#[test]
fn words_after_the_question_mark_are_parameters() {
    let config = url(
        "postgres://u@h/db?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&connect_timeout=7\
         &max_connections=3&readOnly=false&schema=a,b&timeZone=Europe/Lisbon&statement_timeout=900&pooler=true",
    )
    .outcome
    .unwrap();

    assert_eq!(config.tls.mode, TlsMode::VerifyFull);
    assert_eq!(config.tls.ca, Some(PathBuf::from("/ca.pem")));
    assert_eq!(config.tls.key, Some(PathBuf::from("/k.pem")));
    assert_eq!(config.pool.connect_timeout.as_millis(), 7_000);
    assert_eq!(config.pool.max_connections, 3);
    assert_eq!(config.policy.access, Access::ReadWrite);
    assert_eq!(config.schema.as_deref(), Some("a,b"));
    assert_eq!(config.time_zone, "Europe/Lisbon");
    assert_eq!(config.statement_timeout.as_millis(), 900);
    assert!(config.pooler);
}

#[test]
fn the_words_of_mysql_for_protection_are_understood_in_a_url() {
    for (word, expected) in [
        ("DISABLED", TlsMode::Disable),
        ("PREFERRED", TlsMode::Prefer),
        ("REQUIRED", TlsMode::Require),
        ("VERIFY_CA", TlsMode::VerifyCa),
        ("VERIFY_IDENTITY", TlsMode::VerifyFull),
    ] {
        let config = url(&format!("mysql://u@h/db?ssl-mode={word}"))
            .outcome
            .unwrap();
        assert_eq!(config.tls.mode, expected, "{word}");
    }
}
