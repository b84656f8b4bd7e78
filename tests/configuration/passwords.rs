//! Passwords with any character work in every form.

use super::{Setup, told};

const PASSWORDS: [&str; 12] = [
    "p@ss:w/o?r#d[1]% x",
    "@:/?#[]%",
    " leading and trailing ",
    "100%",
    "a'b\"c\\d",
    "$HOME",
    "äöü€",
    "a=b&c",
    "://u:p@h",
    "#",
    "///",
    "***x",
];

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn in_a_variable() {
    for password in PASSWORDS {
        let configuration = Setup::new()
            .variables(&[
                ("X_DB_TYPE", "mysql"),
                ("X_DB_HOST", "h"),
                ("X_DB_USER", "u"),
                ("X_DB_PASSWORD", password),
            ])
            .load();
        assert_eq!(
            told(&configuration),
            [format!("x = mysql u {password} h:3306 -")]
        );
    }
}

#[test]
fn in_a_file_of_either_syntax_as_it_stands_or_from_a_variable() {
    for password in PASSWORDS {
        let json = serde_json::to_string(password).unwrap();
        for (name, text) in [
            ("c.json", format!(r#"{{"connections": {{"x": {{"type": "pg", "host": "h", "user": "u", "password": {json}}}}}}}"#)),
            ("c.toml", format!("[connections.x]\ntype = 'pg'\nhost = 'h'\nuser = 'u'\npassword = {json}\n")),
            ("c.json", r#"{"connections": {"x": {"type": "pg", "host": "h", "user": "u", "password": "${PW}"}}}"#.to_owned()),
        ] {
            let configuration = Setup::new().with("PW", password).with_named_file(name, &text).load();
            assert_eq!(told(&configuration), [format!("x = postgresql u {password} h:5432 -")], "{text}");
        }
    }
}

#[test]
fn in_a_url_encoded() {
    for password in PASSWORDS {
        let url = format!("postgres://u:{}@h/db", encoded(password));
        let configuration = Setup::new()
            .with("DATABASE_URL", &url)
            .with_url(Some("x"), &url)
            .load();
        assert_eq!(
            told(&configuration),
            [
                format!("default = postgresql u {password} h:5432 db"),
                format!("x = postgresql u {password} h:5432 db"),
            ]
        );
    }
}

#[test]
fn in_a_url_raw() {
    for password in PASSWORDS {
        let url = format!("postgres://u:{password}@h/db");
        let json = serde_json::to_string(&url).unwrap().replace("${", "$${");
        let configuration = Setup::new()
            .with("A_DB_URL", &url)
            .with_url(Some("b"), &url)
            .with_named_file(
                "c.json",
                &format!(r#"{{"connections": {{"c": {{"url": {json}}}}}}}"#),
            )
            .load();
        assert_eq!(
            told(&configuration),
            ["a", "b", "c"].map(|name| format!("{name} = postgresql u {password} h:5432 db"))
        );
    }
}
