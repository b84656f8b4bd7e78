//! Judged statements that the server keeps.
//!
//! What the server has parsed and rewritten reads the same relations by the same rules until it is parsed anew. The server does
//! that by itself before the next use, once something has changed that the statement is made of: a relation, a view, a policy, a
//! function, or where names are looked for. Beside each kept statement stands another one, which holds the same text in a place
//! that is never reached, and the word `now`, which becomes a moment when it is parsed. The same changes have it parsed anew; as
//! long as it tells the same moment, neither has been, and nobody can change the relations of either up to the end of the
//! transaction, because asking has locked them.
//!
//! That does not show what was added and what the text would mean if it were parsed now: a table of the same name further ahead in the
//! search path, a function that fits better. The kept statement goes on reading what it read when it was judged, but an
//! answer should not be old: after [`FRESH`] everything is asked again. Nor does it show membership of roles, by which row security
//! chooses policies, or children of children: a statement that touches such tables is not kept, and neither is one in which
//! a word becomes a moment. The server holds the result of a kept statement before it sends the first row, so none is kept that had
//! many.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use super::super::parameters::quoted;

/// For how long a table or a function that was added may be overlooked.
const FRESH: Duration = Duration::from_millis(100);
/// To have a statement kept takes the server longer than to judge it; one that is run less often is not kept.
pub(super) const OFTEN: Duration = Duration::from_millis(10);
/// A statement of more rows is not kept.
pub(in super::super) const SHORT: u64 = 1_000;
/// Each holds memory on the server.
const MOST: usize = 32;

#[derive(Debug, Clone)]
pub(in super::super) struct Kept {
    number: u32,
    /// When the server had parsed it, as the server writes it.
    moment: String,
    asked: Instant,
}

/// The names under which a session keeps statements.
#[derive(Debug, Default)]
pub(in super::super) struct Keeping {
    last: u32,
    count: usize,
    /// Those that the server still holds and nobody needs.
    gone: Vec<u32>,
}

impl Keeping {
    pub(super) fn let_go(&mut self, kept: Option<Kept>) {
        if let Some(kept) = kept {
            self.count = self.count.saturating_sub(1);
            self.gone.push(kept.number);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= MOST
    }

    /// A number that nothing has, and what frees the names of those that are gone, with the count of its commands.
    pub(super) fn begin(&mut self) -> (u32, String, usize) {
        self.last = self.last.wrapping_add(1);
        let mut sql = String::new();
        for number in &self.gone {
            let [judged, same] = names(*number);
            let _ = write!(sql, "DEALLOCATE {judged};DEALLOCATE {same};");
        }
        let commands = 2 * self.gone.len();
        self.gone.clear();
        (self.last, sql, commands)
    }

    /// The server has it.
    pub(super) fn begun(&mut self, number: u32, moment: &str, asked: Instant) -> Kept {
        self.count += 1;
        Kept {
            number,
            moment: moment.to_owned(),
            asked,
        }
    }

    pub(super) fn none_is_held(&mut self) {
        self.gone.clear();
    }
}

impl Kept {
    pub(super) fn is_fresh(&self) -> bool {
        self.asked.elapsed() < FRESH
    }

    /// Fails if it has been parsed anew.
    pub(super) fn same(&self) -> String {
        let [_, same] = names(self.number);
        format!(
            "SET LOCAL {PARSED} = {};EXECUTE {same};",
            quoted(&self.moment)
        )
    }

    pub(super) fn execute(&self) -> String {
        execute(self.number)
    }
}

/// The moment that the text's companion has to tell.
const PARSED: &str = "portolan.parsed";
/// What the names of kept statements begin with, and how SQL finds them.
pub(in super::super) const OURS: &str = "^portolan_(judged|same)(_[0-9]+)?$";

fn names(number: u32) -> [String; 2] {
    [
        format!("portolan_judged_{number}"),
        format!("portolan_same_{number}"),
    ]
}

pub(super) fn execute(number: u32) -> String {
    let [judged, _] = names(number);
    format!("EXECUTE {judged}")
}

/// Has the server keep a text that it accepts as one query, and what tells whether it has parsed that anew.
pub(super) fn prepare(number: u32, text: &str) -> String {
    let [judged, same] = names(number);
    let query = text.trim_end_matches([';', ' ', '\t', '\r', '\n']);
    // The text may end in a comment. Whatever a moment is, it is no number.
    format!(
        "PREPARE {judged} AS {text}\n;\
         PREPARE {same} AS SELECT CASE \
         WHEN {NOW} OPERATOR(pg_catalog.=) pg_catalog.current_setting('{PARSED}') THEN NULL \
         ELSE CAST(pg_catalog.concat({NOW}, '?') AS pg_catalog.int4) END WHERE true OR EXISTS ({query}\n);"
    )
}

/// Tells the moment, once everything is kept.
pub(super) fn told(moment: &str) -> String {
    format!("SELECT pg_catalog.concat_ws(' ', '{TOLD}', {NOW}, {moment});")
}

/// When everything was parsed, and the server's moment, of what [`told`] has told.
pub(super) fn moments(told: &str) -> Option<(&str, Option<&str>)> {
    let moments = told.strip_prefix(TOLD)?.trim_start();
    match moments.split_once(' ') {
        Some((parsed, moment)) => Some((parsed, Some(moment))),
        None => Some((moments, None)),
    }
}

/// What is told begins with it, and with nothing else what comes before.
const TOLD: &str = "parsed";
/// The word becomes the beginning of the transaction in which it is parsed; that does not depend on how a session writes times.
const NOW: &str =
    "pg_catalog.encode(pg_catalog.timestamptz_send(CAST('now' AS pg_catalog.timestamptz)), 'hex')";

/// Whether nothing in a text becomes a moment when it is parsed.
pub(super) fn lasts(sql: &str) -> bool {
    let values = sql.to_ascii_lowercase().replace("now()", "");
    let is_written = |word: &&str| values.contains(*word);
    !["now", "today", "tomorrow", "yesterday", "\\", "u&"]
        .iter()
        .any(is_written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_which_a_word_becomes_a_moment_does_not_last() {
        for sql in [
            "SELECT 'now'::timestamptz",
            "SELECT now(), DATE ' Today '",
            "SELECT 'TOMORROW 12:00'::timestamp",
            "SELECT date 'yesterday'",
            r"SELECT E'n\x6fw'::timestamptz",
            r"SELECT U&'n\006fw'::timestamptz",
            "SELECT U&'n!006fw' UESCAPE '!'",
        ] {
            assert!(!lasts(sql), "{sql}");
        }
        for sql in [
            "SELECT now(), current_date FROM orders",
            "SELECT 'n'||'ow'",
            "SELECT id FROM orders WHERE placed > now() - interval '1 day';",
        ] {
            assert!(lasts(sql), "{sql}");
        }
    }

    #[test]
    fn moments_are_told_apart() {
        assert_eq!(
            moments("parsed 0a 1:1:/a b/on"),
            Some(("0a", Some("1:1:/a b/on")))
        );
        assert_eq!(moments("parsed 0a"), Some(("0a", None)));
        assert_eq!(moments("1:1:/parsed/on"), None);
    }

    #[test]
    fn what_is_gone_is_freed_once() {
        let mut keeping = Keeping::default();
        let (number, ..) = keeping.begin();
        let kept = keeping.begun(number, "0", Instant::now());

        keeping.let_go(Some(kept));

        let (next, sql, commands) = keeping.begin();
        assert_eq!((next, commands), (2, 2));
        assert_eq!(
            sql,
            "DEALLOCATE portolan_judged_1;DEALLOCATE portolan_same_1;"
        );
        assert_eq!(keeping.begin(), (3, String::new(), 0));
    }

    #[test]
    fn as_many_are_kept_as_the_server_should_hold() {
        let mut keeping = Keeping::default();
        let mut kept = Vec::new();
        for _ in 0..MOST {
            assert!(!keeping.is_full());
            let (number, ..) = keeping.begin();
            kept.push(keeping.begun(number, "0", Instant::now()));
        }
        assert!(keeping.is_full());

        keeping.let_go(kept.pop());

        assert!(!keeping.is_full());
    }
}
