//! Functions of the shell and of extensions that reach beyond the database file: data, not code.

use domain::query::Effect;

/// The side effect of a function, in whatever case.
pub(super) fn effect_of(name: &str) -> Option<Effect> {
    EFFECTS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, effect)| *effect)
}

const EFFECTS: [(&str, Effect); 8] = [
    ("readfile", Effect::ServerFiles),
    ("writefile", Effect::ServerFiles),
    ("edit", Effect::ServerPrograms),
    ("fsdir", Effect::ServerFiles),
    ("zipfile", Effect::ServerFiles),
    ("eval", Effect::SqlInText),
    ("load_extension", Effect::ServerPrograms),
    ("fts3_tokenizer", Effect::ServerPrograms),
];
