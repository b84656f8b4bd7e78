//! What code that is stored in the database has done to a session. A view calls functions and a write fires triggers,
//! which no text tells, but the server counts the statements of each session, those of stored code among them.
//!
//! Only expressions are not counted. `MariaDB` shows the variables themselves; on `MySQL` one that a function assigns
//! outside of any statement of its own (`RETURN @a := 1`) is not seen.

use sqlx::mysql::MySqlRow;

use super::{
    result,
    session::After,
    text::{self, first_word},
};

/// The rows that a look may take. The bound on rows that is in force cuts them too.
pub(super) const ROWS: u64 = 8;

/// What is to be asked when a session is opened, before its server is known.
pub(super) const FIRST_LOOK: &str = "SHOW SESSION STATUS WHERE Variable_name IN \
     ('Ssl_version', 'Com_set_option', 'Com_set_role', 'Com_create_table', 'Com_select')";

/// What makes either of them forget how many rows it has found, as it does between two calls.
pub(super) const FORGET_FIRST: &str = "DO (SELECT COUNT(*) FROM (SELECT 1) AS one)";

/// The counters of a server, each in a row of its own.
#[derive(Debug)]
struct Server {
    after_read: &'static str,
    after_write: &'static str,
    /// Makes the session forget how many rows it has found, and its warnings.
    forget: &'static str,
    /// A look does so too.
    forgets_by_looking: bool,
    /// It counts what is selected, whoever asks.
    counts_selects: bool,
}

const MYSQL: Server = Server {
    after_read: "SHOW SESSION STATUS WHERE Variable_name IN \
         ('Com_set_option', 'Com_set_role', 'Com_create_table', 'Com_select'); ",
    after_write: "SHOW SESSION STATUS WHERE Variable_name IN \
         ('Com_set_option', 'Com_set_role', 'Com_create_table', 'Com_select'); ",
    forget: "DO 0; ",
    forgets_by_looking: false,
    counts_selects: true,
};

/// `LIKE` is twice as fast as a list here. What may only read makes no temporary table.
const MARIADB: Server = Server {
    after_read: "SHOW SESSION STATUS LIKE 'Com_set_option'; \
         SELECT 'Variables', COUNT(*) FROM information_schema.USER_VARIABLES; ",
    after_write: "SHOW SESSION STATUS LIKE 'Com_set_option'; \
         SELECT 'Variables', COUNT(*) FROM information_schema.USER_VARIABLES; \
         SHOW SESSION STATUS LIKE 'Com_create_temporary_table'; ",
    // What reads no table leaves the warnings of the statement before as they are.
    forget: "DO (SELECT COUNT(*) FROM (SELECT 1) AS one); ",
    forgets_by_looking: true,
    counts_selects: false,
};

/// How much of what a session counts is known to be ours and the client's own.
#[derive(Debug)]
pub(super) struct Traces {
    server: &'static Server,
    /// The counters there are: an old server has no roles.
    counters: usize,
    expected: u64,
}

impl Traces {
    /// `rows` are those of [`FIRST_LOOK`].
    pub(super) fn new(product: &str, rows: &[MySqlRow]) -> Self {
        let server = if product == "MariaDB" {
            &MARIADB
        } else {
            &MYSQL
        };
        let counters: Vec<(String, u64)> = rows.iter().filter_map(count).collect();
        let expected = counters
            .iter()
            .filter(|(name, _)| server.counts_selects || name != "Com_select")
            .map(|(_, count)| count)
            .sum();
        Self {
            server,
            counters: counters.len(),
            expected,
        }
    }

    /// So many `SET`s are our own.
    pub(super) fn set(&mut self, times: u64) {
        self.expected += times;
    }

    /// So many variables are our own, from now on.
    pub(super) fn keeps(&mut self, variables: usize) {
        if !self.server.counts_selects {
            self.expected += u64::try_from(variables).unwrap_or(u64::MAX);
        }
    }

    /// So many queries are our own, or the client's.
    pub(super) fn selected(&mut self, times: u64) {
        if self.server.counts_selects {
            self.expected += times;
        }
    }

    /// The client's statement ran.
    pub(super) fn ran(&mut self, sql: &str) {
        let is_query = matches!(
            first_word(sql).as_str(),
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "EXPLAIN"
        );
        self.selected(u64::from(is_query));
    }

    /// The statements that look after `sql`; nothing where it reaches no stored code that its text does not name.
    /// Whether one that was refused has been counted is not known before a look.
    pub(super) fn look(&self, after: After, sql: &str, was_refused: bool) -> &'static str {
        match after {
            After::Write => self.server.after_write,
            After::Query | After::Read if was_refused || text::may_name_tables(sql) => {
                self.server.after_read
            }
            After::Query | After::Read => "",
        }
    }

    /// What makes the session forget the statement before, behind that look.
    pub(super) fn forget(&self, look: &str) -> &'static str {
        if self.server.forgets_by_looking && !look.is_empty() {
            ""
        } else {
            self.server.forget
        }
    }

    /// Whether the session has done no more than it was sent, by the rows of the look after it.
    pub(super) fn are_ours(&mut self, after: After, rows: &[MySqlRow]) -> bool {
        let asked = match (self.server.counts_selects, after) {
            (true, _) => self.counters,
            (false, After::Write) => 3,
            (false, After::Query | After::Read) => 2,
        };
        let counted: Vec<u64> = rows.iter().filter_map(count).map(|(_, n)| n).collect();
        let found = counted.iter().sum();
        // A bound that stored code has set may have cut the look. A statement that was refused early may not have
        // been counted.
        let are_ours = counted.len() == asked && found <= self.expected;
        self.expected = found;
        are_ours
    }
}

fn count(row: &MySqlRow) -> Option<(String, u64)> {
    Some((result::text(row, 0)?, result::text(row, 1)?.parse().ok()?))
}
