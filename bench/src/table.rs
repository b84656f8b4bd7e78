//! The table that everything is measured on: 50,000 orders of a shop, the same in every engine and every run.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Rows in the table.
pub(crate) const ROWS: u32 = 50_000;
/// Columns in the table.
pub(crate) const COLUMNS: u32 = 8;
/// Rows written by one `INSERT`.
const ROWS_PER_INSERT: u32 = 1_000;

const FIRST_NAMES: [&str; 24] = [
    "Ada", "Amélie", "Anton", "Beatriz", "Carlos", "Chidi", "Clara", "Dmitri", "Elena", "Emma",
    "Farid", "Grace", "Hiro", "Ingrid", "Jonas", "Khadija", "Liam", "Mei", "Noah", "Olivia",
    "Priya", "Sofia", "Tomasz", "Zoë",
];
const LAST_NAMES: [&str; 24] = [
    "Andersson",
    "Bauer",
    "Chen",
    "Costa",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Haddad",
    "Ivanov",
    "Jansen",
    "Kowalski",
    "Larsen",
    "Martin",
    "Nakamura",
    "Okafor",
    "Patel",
    "Quinn",
    "Rossi",
    "Santos",
    "Tanaka",
    "Ueda",
    "Weber",
    "Young",
];
const CITIES: [&str; 20] = [
    "Amsterdam",
    "Berlin",
    "Boston",
    "Chicago",
    "Dublin",
    "Genève",
    "Hamburg",
    "Kraków",
    "Lagos",
    "Lisbon",
    "London",
    "Lyon",
    "Madrid",
    "Mumbai",
    "New York",
    "Oslo",
    "San Francisco",
    "São Paulo",
    "Tokyo",
    "Wien",
];
const STATUSES: [&str; 6] = ["new", "paid", "packed", "shipped", "delivered", "returned"];

/// The SQL that a benchmarked database speaks. `MariaDB` is `Mysql` here: nothing below differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

impl Dialect {
    /// By the scheme of a database URL.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }

    /// Asks for the database's version, as one text.
    pub(crate) fn version_sql(self) -> &'static str {
        match self {
            Self::Postgres => "SELECT current_setting('server_version')",
            Self::Mysql => "SELECT version()",
            Self::Sqlite => "SELECT sqlite_version()",
        }
    }

    /// Asks whether the asking connection is encrypted: one text, `yes` or `no`. None where there is no wire.
    pub(crate) fn encryption_sql(self, version: &str) -> Option<&'static str> {
        match self {
            Self::Postgres => Some(
                "SELECT CASE WHEN ssl THEN 'yes' ELSE 'no' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            ),
            Self::Mysql if version.contains("MariaDB") => Some(
                "SELECT IF(VARIABLE_VALUE = '', 'no', 'yes') FROM information_schema.SESSION_STATUS \
                 WHERE VARIABLE_NAME = 'Ssl_cipher'",
            ),
            Self::Mysql => Some(
                "SELECT IF(VARIABLE_VALUE = '', 'no', 'yes') FROM performance_schema.session_status \
                 WHERE VARIABLE_NAME = 'Ssl_cipher'",
            ),
            Self::Sqlite => None,
        }
    }
}

/// The table by its name in one database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) dialect: Dialect,
    pub(crate) name: String,
}

impl Table {
    /// Everything that makes the table, one statement each.
    pub(crate) fn create(&self) -> impl Iterator<Item = String> + '_ {
        let name = &self.name;
        let create = format!(
            "CREATE TABLE {name} (id bigint NOT NULL PRIMARY KEY, customer text NOT NULL, city varchar(60) NOT NULL, \
             status varchar(12) NOT NULL, quantity int NOT NULL, price decimal(10,2) NOT NULL, \
             paid bool NOT NULL, created timestamp NOT NULL)"
        );
        let tidy = match self.dialect {
            // Otherwise the first reads would also write, to mark rows as visible.
            Dialect::Postgres => format!("VACUUM ANALYZE {name}"),
            Dialect::Mysql => format!("ANALYZE TABLE {name}"),
            Dialect::Sqlite => format!("ANALYZE {name}"),
        };
        std::iter::once(create)
            .chain((0..ROWS / ROWS_PER_INSERT).map(|part| self.insert(part)))
            .chain(std::iter::once(tidy))
    }

    pub(crate) fn drop(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.name)
    }

    /// One row by its key, as a parameter.
    pub(crate) fn lookup(&self) -> String {
        let placeholder = match self.dialect {
            Dialect::Postgres => "$1",
            Dialect::Mysql | Dialect::Sqlite => "?",
        };
        format!("{} WHERE id = {placeholder}", self.select())
    }

    /// One row by its key, in a text that differs with `call`.
    pub(crate) fn lookup_of(&self, id: u32, call: u64) -> String {
        format!(
            "SELECT id, customer, city, status, quantity, price, paid, created, {call} AS call_number \
             FROM {} WHERE id = {id}",
            self.name
        )
    }

    /// The first rows by key.
    pub(crate) fn rows(&self, rows: u32) -> String {
        format!("{} ORDER BY id LIMIT {rows}", self.select())
    }

    fn select(&self) -> String {
        format!(
            "SELECT id, customer, city, status, quantity, price, paid, created FROM {}",
            self.name
        )
    }

    fn insert(&self, part: u32) -> String {
        let mut sql = format!("INSERT INTO {} VALUES ", self.name);
        let first = part * ROWS_PER_INSERT + 1;
        for id in first..first + ROWS_PER_INSERT {
            if id > first {
                sql.push(',');
            }
            push_row(&mut sql, id);
        }
        sql
    }
}

/// A key that exists; scattered, the same one for the same number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a remainder of ROWS fits into its type"
)]
pub(crate) fn some_id(number: u64) -> u32 {
    (scatter(number) % u64::from(ROWS)) as u32 + 1
}

/// One order. No text in it needs quoting.
fn push_row(sql: &mut String, id: u32) {
    let mut chance = scatter(u64::from(id));
    let mut draw = |below: u64| {
        let drawn = chance % below;
        chance = scatter(chance);
        drawn
    };
    let first_name = pick(&FIRST_NAMES, draw(24));
    let last_name = pick(&LAST_NAMES, draw(24));
    let city = pick(&CITIES, draw(20));
    let status = pick(&STATUSES, draw(6));
    let quantity = draw(12) + 1;
    // Between 0.99 and 1,000 and then some, most of them small.
    let cents = 99 + draw(10) * draw(10) * draw(1_000) + draw(1_000);
    let paid = draw(4) != 0;
    // Later orders have later times; twelve months of 28 days hold them all, so no calendar is needed.
    let seconds = u64::from(id) * 580 + draw(580);
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let written = write!(
        sql,
        "({id},'{first_name} {last_name}','{city}','{status}',{quantity},{}.{:02},{paid},\
         '2025-{:02}-{:02} {:02}:{:02}:{:02}')",
        cents / 100,
        cents % 100,
        day / 28 + 1,
        day % 28 + 1,
        second / 3_600,
        second / 60 % 60,
        second % 60,
    );
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn pick<'a>(words: &[&'a str], number: u64) -> &'a str {
    usize::try_from(number)
        .ok()
        .and_then(|number| words.get(number))
        .copied()
        .unwrap_or_default()
}

/// Steele, Lea and Flood's `SplitMix64`: neighbours come out far apart, and a run can be repeated.
fn scatter(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
