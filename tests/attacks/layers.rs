//! What one statement a call holds with nothing else in the way, and what the role alone does.

use support::{on_every_engine, subject::Subject};

use super::{
    corpus::{Attack, corpus},
    field::field,
    report,
    trial::{By, Ground, Wall},
};

on_every_engine!(
    one_statement_a_call_alone_holds_what_is_stacked,
    async |subject: &Subject| {
        let attacks = attacks(subject.name);
        let stacked = attacks.iter().filter(|(class, _)| class == "stacked");
        let mut ground = Ground::new(corpus(subject.name), field(subject.name).await);
        let mut held = Vec::new();
        for (_, attack) in stacked {
            let withstood = ground.withstand(attack, Wall::Protocol).await;
            held.push((attack.id.as_str(), withstood.is_ok()));
        }
        ground.take_away().await;
        report::tell(subject.name, "stacked", &report::stacked(&held)).unwrap();
    }
);

// SQLite's files have no roles.
on_every_engine!(
    what_the_role_alone_holds: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let server = subject.name;
        let mut ground = Ground::new(corpus(server), field(server).await);
        ground.employ_reader().await;
        let mut held = Vec::new();
        for (class, attack) in attacks(server) {
            let shown = ground.succeed(&attack, By::Reader).await;
            held.push((class, attack.id, shown.is_err()));
        }
        ground.take_away().await;
        report::tell(server, "role", &report::role(&held)).unwrap();
    }
);

fn attacks(server: &str) -> Vec<(String, Attack)> {
    let corpus = corpus(server);
    let attacks = corpus.attacks(server).into_iter();
    attacks
        .map(|(class, attack)| (class.to_owned(), attack))
        .collect()
}
