//! Under which texts a session keeps statements prepared.
//!
//! The driver keeps them by their texts. One that it closes is a message without an answer, and whatever is sent next waits for
//! the network's delayed acknowledgement, 40 ms. So nothing is closed after a call: what must not be run as it was
//! prepared is prepared under another text, the same with a comment before it.

use std::{collections::HashMap, sync::Arc};

use domain::query::{ActsAs, Statement};

use super::parameters::{self, Types};

/// So many texts are told apart; after that all of them are to be forgotten.
const MOST: usize = 200;

/// Which statements of a session were prepared for what.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// For what each text was prepared that has no comment of ours.
    plain: HashMap<Arc<str>, Manner>,
    /// What our comments say.
    numbers: HashMap<Manner, usize>,
}

/// What a prepared statement is tied to.
///
/// MySQL settles the types of parameters when a statement first runs, and converts what comes later to them: a text that comes
/// after a number arrives as 0. And what it has found out about constants for one caller must not be what another is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Manner {
    types: Types,
    caller: Option<Arc<ActsAs>>,
}

impl Prepared {
    /// The text under which `statement` may be kept, and found again: no other statement, caller or types have the same.
    pub(super) fn text(&mut self, statement: &Statement) -> Arc<str> {
        let sql = statement.sql.as_str();
        let manner = Manner {
            types: parameters::types(statement),
            caller: statement.acts_as.clone(),
        };
        // A text that begins as ours do could be one of ours.
        if !sql.starts_with("/*") {
            match self.plain.get_key_value(sql) {
                Some((text, first)) if *first == manner => return Arc::clone(text),
                Some(_) => {}
                None => {
                    let text: Arc<str> = sql.into();
                    self.plain.insert(Arc::clone(&text), manner);
                    return text;
                }
            }
        }
        let next = self.numbers.len();
        let number = *self.numbers.entry(manner).or_insert(next);
        format!("/*{number}*/{sql}").into()
    }

    pub(super) fn is_full(&self) -> bool {
        self.plain.len().max(self.numbers.len()) >= MOST
    }

    pub(super) fn forget(&mut self) {
        self.plain.clear();
        self.numbers.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement(sql: &str, params: Vec<Value>, tenant: Option<&str>) -> Statement {
        let mut statement = Statement::new(sql.to_owned(), params).unwrap();
        statement.acts_as = tenant.map(|tenant| {
            Arc::new(ActsAs {
                settings: vec![("tenant".to_owned(), tenant.to_owned())],
                ..ActsAs::default()
            })
        });
        statement
    }

    #[test]
    fn no_two_that_differ_share_a_text() {
        let mut prepared = Prepared::default();
        let mut texts = HashMap::new();
        for sql in [
            "SELECT ?",
            "/*0*/SELECT ?",
            "/*1*/SELECT ?",
            "/*1*//*1*/SELECT ?",
        ] {
            for params in [vec![], vec![json!(1)], vec![json!("a")], vec![json!(null)]] {
                for tenant in [None, Some("a"), Some("b"), Some("a', @tenant = 'b")] {
                    let which = format!("{sql} {params:?} {tenant:?}");
                    let statement = statement(sql, params.clone(), tenant);
                    let text = prepared.text(&statement);

                    assert_eq!(prepared.text(&statement), text, "{which}");
                    assert!(text.ends_with(sql), "{which}: {text}");
                    assert_eq!(texts.insert(text, which), None);
                }
            }
        }
    }

    #[test]
    fn most_texts_are_sent_as_they_came() {
        let mut prepared = Prepared::default();
        for (sql, params) in [
            ("SELECT 1", vec![]),
            ("SELECT ?", vec![json!(1)]),
            ("SELECT ?, 1", vec![json!("a")]),
        ] {
            let text = prepared.text(&statement(sql, params, None));
            assert_eq!(&*text, sql);
        }
    }

    #[test]
    fn callers_and_types_without_end_are_noticed() {
        let mut prepared = Prepared::default();
        for tenant in 0..=MOST {
            assert!(!prepared.is_full(), "{tenant}");
            prepared.text(&statement("SELECT 1", vec![], Some(&tenant.to_string())));
        }
        assert!(prepared.is_full());
        prepared.forget();
        assert!(!prepared.is_full());
    }
}
