//! Every attack succeeds where nothing is in its way, and changes nothing through a read-only connection.

use support::{on_every_engine, subject::Subject};

use super::{
    corpus::corpus,
    field::field,
    report::{self, Tried},
    trial::{By, Ground, Wall},
};

on_every_engine!(no_attack_changes_anything, async |subject: &Subject| {
    let corpus = corpus(subject.name);
    let attacks: Vec<_> = corpus
        .attacks(subject.name)
        .into_iter()
        .map(|(class, attack)| (class.to_owned(), attack))
        .collect();
    let mut ground = Ground::new(corpus, field(subject.name).await);
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for (class, attack) in attacks {
        let sql = attack.calls().join(" ⏎ ");
        if let Err(answer) = ground.succeed(&attack, By::Owner).await {
            wrong.push(format!(
                "{class}/{} | {sql} | IS NO ATTACK: without a wall it changes nothing: {answer}",
                attack.id
            ));
        }
        let engine = ground.withstand(&attack, Wall::Engine).await;
        let whole = ground.withstand(&attack, Wall::Whole).await;
        let parser = ground.is_refused_by_its_text(&attack).await;
        match (&whole, &attack.terms.not_held) {
            (Err(change), None) => {
                wrong.push(format!("{class}/{} | {sql} | {change}", attack.id));
            }
            (Ok(()), Some(_)) => {
                wrong.push(format!("{class}/{} | {sql} | is held after all", attack.id));
            }
            _ => {}
        }
        all.push(Tried {
            name: format!("{class}/{}", attack.id),
            class,
            engine: engine.is_ok(),
            parser,
            whole: whole.is_ok(),
        });
    }
    ground.take_away().await;
    let told = report::tell(subject.name, "attacks", &report::attacks(&all));
    assert!(
        wrong.is_empty(),
        "{} of {} on {}:\n{}",
        wrong.len(),
        all.len(),
        subject.name,
        wrong.join("\n")
    );
    told.unwrap();
});
