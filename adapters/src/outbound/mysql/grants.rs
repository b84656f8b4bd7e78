//! What an account could do beyond reading, from the lines of `SHOW GRANTS`.

use std::fmt::Write as _;

use domain::connection::{Finding, FindingKind};

/// Places that are told of a kind; more are counted.
const PLACES: usize = 5;

/// What each privilege is, apart from those that only read. One that is not here acts on the server: so do the many
/// that later versions add.
#[rustfmt::skip]
const PRIVILEGES: [(&str, FindingKind, bool); 33] = [
    ("CREATE USER", FindingKind::CreatesRoles, true),
    ("CREATE ROLE", FindingKind::CreatesRoles, true),
    ("DROP ROLE", FindingKind::CreatesRoles, true),
    ("ROLE_ADMIN", FindingKind::CreatesRoles, true),
    ("FILE", FindingKind::ServerFiles, true),
    ("CONNECTION_ADMIN", FindingKind::SignalsSessions, true),
    ("CONNECTION ADMIN", FindingKind::SignalsSessions, true),
    ("PROCESS", FindingKind::SeesSessions, false),
    ("REPLICATION CLIENT", FindingKind::Replication, false),
    ("BINLOG MONITOR", FindingKind::Replication, false),
    ("SLAVE MONITOR", FindingKind::Replication, false),
    ("REPLICA MONITOR", FindingKind::Replication, false),
    ("REPLICATION SLAVE", FindingKind::Replication, false),
    ("REPLICATION REPLICA", FindingKind::Replication, false),
    ("INSERT", FindingKind::WritesTables, true),
    ("UPDATE", FindingKind::WritesTables, true),
    ("DELETE", FindingKind::WritesTables, true),
    ("DELETE HISTORY", FindingKind::WritesTables, true),
    ("DELETE VERSIONING ROWS", FindingKind::WritesTables, true),
    ("ALL PRIVILEGES", FindingKind::WritesTables, true),
    ("CREATE", FindingKind::ChangesSchema, true),
    ("DROP", FindingKind::ChangesSchema, true),
    ("ALTER", FindingKind::ChangesSchema, true),
    ("INDEX", FindingKind::ChangesSchema, true),
    ("REFERENCES", FindingKind::ChangesSchema, true),
    ("CREATE VIEW", FindingKind::ChangesSchema, true),
    ("CREATE ROUTINE", FindingKind::ChangesSchema, true),
    ("ALTER ROUTINE", FindingKind::ChangesSchema, true),
    ("CREATE TABLESPACE", FindingKind::ChangesSchema, true),
    ("EVENT", FindingKind::ChangesSchema, true),
    ("TRIGGER", FindingKind::ChangesSchema, true),
    ("LOCK TABLES", FindingKind::LocksTables, false),
    ("EXECUTE", FindingKind::RunsRoutines, true),
];

const READING: [&str; 9] = [
    "USAGE",
    "SELECT",
    "SHOW VIEW",
    "SHOW DATABASES",
    "SHOW CREATE ROUTINE",
    "SHOW_ROUTINE",
    "CREATE TEMPORARY TABLES",
    "RESOURCE_GROUP_USER",
    "SENSITIVE_VARIABLES_OBSERVER",
];

/// How a kind is told: what stands before the privileges and their places.
fn sentence(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::CreatesRoles => "It can make and change accounts: ",
        FindingKind::GrantsPrivileges => "It can hand its privileges on: ",
        FindingKind::ServerFiles => "It can read and write files of the server: ",
        FindingKind::SignalsSessions => "It can end statements and sessions of others: ",
        FindingKind::SeesSessions => "It can see what others run: ",
        FindingKind::Replication => "It takes part in replication: ",
        FindingKind::WritesTables => "It can write to tables: ",
        FindingKind::ChangesSchema => "It can change the schema: ",
        FindingKind::LocksTables => "It can lock tables: ",
        FindingKind::RunsRoutines => {
            "It may call stored routines, which act with the rights of whoever defined them: "
        }
        FindingKind::OtherRoles => {
            "It can become roles by SET ROLE; what those may do was not looked at: "
        }
        _ => "It can change how the server runs: ",
    }
}

/// The findings of all the lines. `active` are the roles in force, as the server writes them: their grants are among
/// the lines.
pub(super) fn findings<'a>(lines: impl Iterator<Item = &'a str>, active: &str) -> Vec<Finding> {
    let mut held = Held::default();
    for line in lines {
        if let Some(privileges) = line.strip_prefix("GRANT ") {
            held.add(privileges, active);
        }
    }
    if held.everything {
        let what = "It holds SUPER or every privilege on the whole server.";
        return vec![Finding::new(FindingKind::Superuser, true, what)];
    }
    held.findings()
}

/// What the lines came to so far: places by kind and whether it writes, each in the order of the lines.
#[derive(Default)]
struct Held {
    everything: bool,
    kinds: Vec<(FindingKind, bool, Vec<String>)>,
}

impl Held {
    /// `text` is a line without its first word. The names in it are quoted, and what comes after the account may hold
    /// the hash of its password.
    fn add(&mut self, text: &str, active: &str) {
        let Some(to) = outside_quotes(text, " TO ") else {
            return;
        };
        let after = text.get(to + 4..).unwrap_or_default();
        let Some(on) = outside_quotes(text, " ON ").filter(|on| *on < to) else {
            // What an active role has been given is among the lines.
            if !is_among(after, active) {
                for role in split(text.get(..to).unwrap_or_default()) {
                    if !is_among(role, active) {
                        self.hold(FindingKind::OtherRoles, true, role.to_owned());
                    }
                }
            }
            return;
        };
        let privileges = text.get(..on).unwrap_or_default();
        let place = text.get(on + 4..to).unwrap_or_default();
        if privileges == "PROXY" {
            self.hold(FindingKind::OtherRoles, true, format!("PROXY of {place}"));
            return;
        }
        let global = place == "*.*";
        let mut kinds: Vec<(FindingKind, bool, Vec<&str>)> = Vec::new();
        for privilege in split(privileges) {
            // The columns that it holds for stand in brackets.
            let name = privilege.split(" (").next().unwrap_or(privilege);
            if READING.contains(&name) {
                continue;
            }
            self.everything |= name == "SUPER" || (global && name == "ALL PRIVILEGES");
            let (kind, writes) = PRIVILEGES
                .iter()
                .find(|(known, ..)| *known == name)
                .map_or((FindingKind::ControlsServer, true), |(_, kind, writes)| {
                    (*kind, *writes)
                });
            match kinds
                .iter_mut()
                .find(|known| (known.0, known.1) == (kind, writes))
            {
                Some((_, _, names)) => names.push(name),
                None => kinds.push((kind, writes, vec![name])),
            }
        }
        for (kind, writes, names) in kinds {
            self.hold(kind, writes, format!("{} on {place}", names.join(", ")));
        }
        if after.contains("WITH GRANT OPTION") {
            self.hold(FindingKind::GrantsPrivileges, true, format!("on {place}"));
        }
    }

    fn hold(&mut self, kind: FindingKind, writes: bool, place: String) {
        match self
            .kinds
            .iter_mut()
            .find(|known| (known.0, known.1) == (kind, writes))
        {
            Some((_, _, places)) => places.push(place),
            None => self.kinds.push((kind, writes, vec![place])),
        }
    }

    fn findings(mut self) -> Vec<Finding> {
        self.kinds.sort_by_key(|(kind, ..)| *kind);
        self.kinds
            .into_iter()
            .map(|(kind, writes, places)| {
                let told = places.iter().take(PLACES).cloned().collect::<Vec<_>>();
                let mut what = format!("{}{}", sentence(kind), told.join("; "));
                if places.len() > PLACES {
                    let _ = write!(what, "; and {} more", places.len() - PLACES);
                }
                what.push('.');
                Finding::new(kind, writes, what)
            })
            .collect()
    }
}

fn is_among(role: &str, roles: &str) -> bool {
    split(roles).any(|known| known.trim_matches('`') == role.trim_matches('`'))
}

/// Where the word stands that is not part of a name.
fn outside_quotes(text: &str, word: &str) -> Option<usize> {
    let mut quotes = Quotes::default();
    text.char_indices().find_map(|(at, character)| {
        let here = !quotes.hold(character) && text.get(at..)?.starts_with(word);
        here.then_some(at)
    })
}

/// The items of a list, whose commas stand neither in names nor in brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quotes, mut depth) = (Quotes::default(), 0_i32);
    text.split(move |character| {
        let in_name = quotes.hold(character);
        match character {
            '(' if !in_name => depth += 1,
            ')' if !in_name => depth -= 1,
            _ => {}
        }
        character == ',' && !in_name && depth == 0
    })
    .map(str::trim)
}

/// The quotes of a name, on the way through a text. With `ANSI_QUOTES` they are double ones.
#[derive(Default)]
struct Quotes(Option<char>);

impl Quotes {
    /// Whether the next character stands in quotes or is one.
    fn hold(&mut self, character: char) -> bool {
        match (self.0, character) {
            (None, '`' | '"') => self.0 = Some(character),
            (Some(open), _) if open == character => {
                self.0 = None;
                return true;
            }
            _ => {}
        }
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], active: &str) -> Vec<(FindingKind, bool, String)> {
        findings(lines.iter().copied(), active)
            .into_iter()
            .map(|finding| (finding.kind, finding.writes, finding.what))
            .collect()
    }

    #[test]
    fn an_account_that_only_reads_has_no_findings() {
        let lines = [
            "GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
            "GRANT SELECT, SHOW VIEW ON `portolan\\_%`.* TO `reader`@`%`",
            "GRANT SELECT (`a`, `b`) ON `shop`.`t` TO `reader`@`%`",
        ];

        assert_eq!(told(&lines, "NONE"), []);
    }

    #[test]
    fn a_superuser_is_told_as_nothing_else() {
        for line in [
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION",
            "GRANT SELECT, INSERT, SUPER ON *.* TO `root`@`%`",
        ] {
            let kinds: Vec<_> = findings([line].into_iter(), "")
                .into_iter()
                .map(|finding| finding.kind)
                .collect();
            assert_eq!(kinds, [FindingKind::Superuser], "{line}");
        }
    }

    #[test]
    fn each_privilege_is_told_with_its_place() {
        let lines = [
            "GRANT PROCESS, FILE, NEW_ADMIN ON *.* TO `u`@`%`",
            "GRANT SELECT, INSERT (`a`, `b`), UPDATE ON `shop`.`t` TO `u`@`%` WITH GRANT OPTION",
            "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `u`@`%`",
        ];

        assert_eq!(
            told(&lines, ""),
            [
                (FindingKind::GrantsPrivileges, true, "It can hand its privileges on: on `shop`.`t`.".to_owned()),
                (FindingKind::ServerFiles, true, "It can read and write files of the server: FILE on *.*.".to_owned()),
                (FindingKind::ControlsServer, true, "It can change how the server runs: NEW_ADMIN on *.*.".to_owned()),
                (FindingKind::SeesSessions, false, "It can see what others run: PROCESS on *.*.".to_owned()),
                (FindingKind::WritesTables, true, "It can write to tables: INSERT, UPDATE on `shop`.`t`.".to_owned()),
                (
                    FindingKind::RunsRoutines,
                    true,
                    "It may call stored routines, which act with the rights of whoever defined them: EXECUTE on \
                     PROCEDURE `shop`.`p`."
                        .to_owned()
                ),
            ]
        );
    }

    #[test]
    fn names_that_look_like_grammar_are_names() {
        let lines = [
            "GRANT SELECT ON `a TO b, INSERT ON c`.* TO `u`@`%`",
            r#"GRANT SELECT ("a ON b"), UPDATE (`c"d`) ON "t" TO "u"@"%""#,
        ];

        let kinds: Vec<_> = told(&lines, "")
            .into_iter()
            .map(|(kind, ..)| kind)
            .collect();

        assert_eq!(kinds, [FindingKind::WritesTables]);
    }

    #[test]
    fn a_role_that_is_not_active_is_told_for_itself() {
        let given = ["GRANT `on`@`%`,`off`@`%` TO `u`@`%`"];
        let nested = ["GRANT `on` TO `u`@`%`", "GRANT `inner` TO `on`"];

        let of_mysql = told(&given, "`on`@`%`");

        assert_eq!(
            of_mysql,
            [(
                FindingKind::OtherRoles,
                true,
                "It can become roles by SET ROLE; what those may do was not looked at: `off`@`%`."
                    .to_owned()
            )]
        );
        assert_eq!(told(&nested, "on"), []);
    }

    #[test]
    fn many_places_are_counted() {
        let lines: Vec<String> = (0..7)
            .map(|number| format!("GRANT DELETE ON `d{number}`.* TO `u`@`%`"))
            .collect();

        let found = findings(lines.iter().map(String::as_str), "");

        assert!(
            found[0].what.ends_with("DELETE on `d4`.*; and 2 more."),
            "{}",
            found[0].what
        );
    }
}
