//! Masked columns: which there are, what a statement may do with them, and which columns of a result are theirs.
//!
//! A result says of each of its columns which column of which relation it is, if it is one and nothing else. Of a view
//! it names the view, so views are followed to what they read (`lineage.rs`).

mod lineage;
mod origins;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Failure, FailureKind,
    masking::{Mask, Masking, Masks},
};
use sqlx::{Column as _, Error, PgConnection, Row as _, postgres::PgRow};

use super::{
    super::{
        lexer::character,
        masking::{Kind, Reading, Token, Touch, judge, refused},
    },
    syntax::name_of,
    tokens::{self, first_word},
};
pub(super) use lineage::Lineage;

/// How long what was read of the schema is trusted: a view that somebody makes is known after that.
const TRUSTED: Duration = Duration::from_secs(2);

const READING: Reading = Reading {
    whole_rows: true,
    strings_are_names: false,
};

/// Longer names are cut by the server, so they may mean another.
pub(super) const LONGEST_NAME: usize = 63;

/// What the schema says of masked columns, for all sessions of a connection.
#[derive(Debug, Default)]
pub(super) struct Known(tokio::sync::Mutex<Option<(Instant, Arc<Lineage>)>>);

impl Known {
    pub(super) async fn lineage(
        &self,
        connection: &mut PgConnection,
        masking: &Masking,
    ) -> Result<Arc<Lineage>, Error> {
        let mut known = self.0.lock().await;
        if let Some((read, lineage)) = &*known
            && read.elapsed() < TRUSTED
        {
            return Ok(Arc::clone(lineage));
        }
        let reading = Instant::now();
        let lineage = Arc::new(Lineage::read(connection, &masking.rules).await?);
        *known = Some((reading, Arc::clone(&lineage)));
        Ok(lineage)
    }
}

/// What holds for one statement on a connection with masked columns.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    lineage: Arc<Lineage>,
    masking: Masking,
    touch: Touch,
    explains: bool,
}

impl Guard {
    /// Refuses a statement that could tell more of masked columns than their masked values.
    pub(super) fn of(sql: &str, lineage: Arc<Lineage>, masking: &Masking) -> Result<Self, Failure> {
        let read: Vec<tokens::Token<'_>> = tokens::significant(sql).collect();
        let position = |at: usize| read.get(at).map(|token| character(sql, token.at));
        let tokens: Vec<Token> = read.iter().map(token).collect();
        let first = first_word(sql);
        if !matches!(
            first.as_str(),
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "EXPLAIN" | "SHOW"
        ) {
            return Err(refused(
                format!("{first} is not run on a connection with masked columns."),
                "Read with SELECT.",
            ));
        }
        if let Some((at, why)) = lineage.reads_aside(sql, &tokens) {
            let failure = refused(why, "Do without it, or read the tables themselves.");
            return Err(match position(at) {
                Some(position) => failure.with_position(position),
                None => failure,
            });
        }
        let touch = judge(&tokens, &lineage.relations, READING).map_err(|refusal| {
            let at = refusal.token;
            refusal.into_failure(position(at))
        })?;
        Ok(Self {
            lineage,
            masking: masking.clone(),
            touch,
            explains: first == "EXPLAIN",
        })
    }

    /// Whether the statement names anything with masked columns.
    pub(super) fn touches(&self) -> bool {
        self.touch != Touch::Nothing
    }

    /// What masks the cells of a result with the columns of this row.
    pub(super) fn masks(&self, row: &PgRow) -> Result<Masks, Failure> {
        let masks: Vec<Option<Mask>> = row
            .columns()
            .iter()
            .map(|column| {
                match (column.relation_id(), column.relation_attribute_no()) {
                    (Some(relation), Some(number)) => self.lineage.mask_of(relation.0, number),
                    // Nobody but a masked column should be called so.
                    _ if self.touches() && !self.explains => self
                        .lineage
                        .is_masked_name(column.name())
                        .then_some(Mask::Full),
                    _ => None,
                }
            })
            .collect();
        let is_masked = |place: &usize| masks.get(*place).is_some_and(Option::is_some);
        match &self.touch {
            Touch::Allowed { shown, star }
                if !self.explains
                    && !(if *star {
                        shown.len() <= masks.iter().flatten().count()
                    } else {
                        shown.keys().all(is_masked)
                    }) =>
            {
                Err(refused(
                    "The database does not tell which columns of the result are masked ones.",
                    "Select the columns from their table, without anything else.",
                ))
            }
            _ => Ok(Masks::new(masks, &self.masking)),
        }
    }
}

/// The server's own judgement of a text, which quotes no row: what is wrong with names, types and privileges, and why a
/// call was ended.
pub(super) fn quotes_no_value(failure: &Failure) -> bool {
    match failure.sqlstate.as_deref() {
        Some(state) => ["08", "25", "26", "34", "40", "42", "53", "54", "55", "57"]
            .iter()
            .any(|class| state.starts_with(class)),
        None => failure.kind != FailureKind::InvalidSql,
    }
}

fn token(token: &tokens::Token<'_>) -> Token {
    let text = token.text;
    let first = text.bytes().next().unwrap_or_default();
    let is_escaped = text.len() > 2
        && text
            .as_bytes()
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"U&"));
    match first {
        b'"' => Token::new(Kind::Quoted, &name_of(text)),
        _ if is_escaped && text.ends_with('"') => Token::new(Kind::Quoted, &name_of(text)),
        _ if token.word().is_some() => Token::new(Kind::Word, text),
        b'0'..=b'9' => Token::new(Kind::Number, text),
        b'$' if text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
            Token::new(Kind::Parameter, text)
        }
        _ if text.ends_with('\'') || text.ends_with('$') => Token::new(Kind::Text, text),
        _ => Token::new(Kind::Sign, text),
    }
}
