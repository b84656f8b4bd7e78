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
    ("readfile", Effect::OutsideFile),
    ("writefile", Effect::OutsideFile),
    ("edit", Effect::OutsideFile),
    ("fsdir", Effect::OutsideFile),
    ("zipfile", Effect::OutsideFile),
    ("eval", Effect::OutsideFile),
    ("load_extension", Effect::OutsideFile),
    ("fts3_tokenizer", Effect::OutsideFile),
];
