//! The attacks and the benign statements, as they stand in their files.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Corpus {
    /// Tells everything that an attack may change and that is not told by a probe of its own.
    #[serde(default)]
    pub(super) state: String,
    /// Takes away whatever an attack has left, however long that takes.
    #[serde(default)]
    pub(super) scrap: String,
    /// Makes what is not there.
    #[serde(default)]
    pub(super) make: String,
    /// Puts back the rows.
    #[serde(default)]
    pub(super) fill: String,
    pub(super) class: BTreeMap<String, Class>,
    pub(super) benign: BTreeMap<String, Vec<Benign>>,
}

/// Attacks of one kind. What is said here holds for each of them that does not say otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    /// What they have in common, for the reader.
    pub(super) what: String,
    #[serde(flatten)]
    defaults: Terms,
    attacks: Vec<Attack>,
}

/// How an attack is made and how it shows.
#[derive(Deserialize, Clone, Default)]
pub(super) struct Terms {
    /// Run beforehand on the unprotected connection that looks.
    pub(super) setup: Option<String>,
    /// Asked from beside, before and after. The state is looked at as well.
    pub(super) probe: Option<String>,
    /// Asked by the next call on the same session, before and after.
    pub(super) leak: Option<String>,
    /// What the answer must not hold.
    pub(super) reveals: Option<String>,
    /// Run afterwards, for what a reset does not put back.
    pub(super) clean: Option<String>,
    /// Servers, by the beginning of their names; all if left out.
    pub(super) on: Option<Vec<String>>,
    /// It shows on the whole server, so that no other run may make it at the same time.
    pub(super) alone: Option<bool>,
    /// It shows only a moment after it was accepted.
    pub(super) late: Option<bool>,
    /// How often it is made until it changes nothing, where the server and others change the same at their own times.
    pub(super) tries: Option<u32>,
    /// Why only the role of the connection can hold it, which here may do everything.
    pub(super) not_held: Option<String>,
}

#[derive(Deserialize, Clone)]
pub(super) struct Attack {
    pub(super) id: String,
    /// The text of the only call, or the texts of several.
    sql: Option<String>,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(flatten)]
    pub(super) terms: Terms,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Benign {
    pub(super) sql: String,
    pub(super) on: Option<Vec<String>>,
}

impl Attack {
    pub(super) fn calls(&self) -> Vec<&str> {
        let only = self.sql.iter();
        only.chain(&self.calls).map(String::as_str).collect()
    }
}

impl Corpus {
    pub(super) fn of(text: &str) -> Self {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The attacks on one server, each with its class.
    pub(super) fn attacks(&self, server: &str) -> Vec<(&str, Attack)> {
        let mut attacks = Vec::new();
        for (name, class) in &self.class {
            for attack in &class.attacks {
                let mut attack = attack.clone();
                attack.terms.fall_back_to(&class.defaults);
                if is_on(attack.terms.on.as_deref(), server) {
                    attacks.push((name.as_str(), attack));
                }
            }
        }
        attacks
    }

    /// The benign statements on one server.
    pub(super) fn benign(&self, server: &str) -> Vec<&str> {
        let all = self.benign.values().flatten();
        all.filter(|benign| is_on(benign.on.as_deref(), server))
            .map(|benign| benign.sql.as_str())
            .collect()
    }
}

impl Terms {
    fn fall_back_to(&mut self, defaults: &Self) {
        let terms = [
            (&mut self.setup, &defaults.setup),
            (&mut self.probe, &defaults.probe),
            (&mut self.leak, &defaults.leak),
            (&mut self.reveals, &defaults.reveals),
            (&mut self.clean, &defaults.clean),
        ];
        for (own, default) in terms {
            if own.is_none() {
                own.clone_from(default);
            }
        }
        self.on = self.on.take().or_else(|| defaults.on.clone());
        self.alone = self.alone.or(defaults.alone);
        self.late = self.late.or(defaults.late);
        self.tries = self.tries.or(defaults.tries);
    }
}

fn is_on(servers: Option<&[String]>, server: &str) -> bool {
    servers.is_none_or(|servers| servers.iter().any(|name| server.starts_with(name.as_str())))
}

/// The file of a server's family.
pub(super) fn corpus(server: &str) -> Corpus {
    Corpus::of(match server {
        "sqlite" => include_str!("sqlite.toml"),
        server if server.starts_with("postgres") => include_str!("postgres.toml"),
        _ => include_str!("mysql.toml"),
    })
}

const SERVERS: [&str; 5] = [
    "postgres_15",
    "postgres_18",
    "mariadb_10_11",
    "mysql_9",
    "sqlite",
];

#[test]
fn every_engine_is_attacked_in_a_hundred_ways_and_asked_eighty_honest_questions() {
    for server in SERVERS {
        let corpus = corpus(server);
        let (attacks, benign) = (corpus.attacks(server).len(), corpus.benign(server).len());
        assert!(
            attacks >= 100 && benign >= 80,
            "{server}: {attacks} attacks, {benign} benign"
        );
    }
}

#[test]
fn every_attack_has_a_name_of_its_own_and_a_text() {
    for server in SERVERS {
        let mut seen = HashSet::new();
        for (class, attack) in corpus(server).attacks(server) {
            assert!(
                !attack.calls().is_empty(),
                "{server}: {class}/{}",
                attack.id
            );
            assert!(
                seen.insert(attack.id.clone()),
                "{server}: {} stands twice",
                attack.id
            );
        }
    }
}

#[test]
fn every_class_says_what_it_is() {
    for server in SERVERS {
        for (name, class) in &corpus(server).class {
            assert!(!class.what.is_empty(), "{server}: {name}");
        }
    }
}
