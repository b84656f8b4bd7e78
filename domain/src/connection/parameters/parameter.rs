//! The one table of parameters: what each is called, what it holds and who may give it.

use crate::{connection::row_security::RowSecurity, nearest::nearest, query::Allowance};

/// Everything that can be said about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    Type,
    Url,
    Host,
    Port,
    Name,
    Attach,
    Mask,
    User,
    Password,
    PasswordFile,
    Ssl,
    SslMode,
    SslCa,
    SslCert,
    SslKey,
    MaxConnections,
    MinConnections,
    IdleTimeout,
    MaxLifetime,
    ConnectionTimeout,
    AcquireTimeout,
    StatementTimeout,
    ReadOnly,
    AllowServerPrograms,
    AllowServerFiles,
    AllowRemoteServers,
    AllowAdmin,
    MaxRows,
    MaxBytes,
    MaxEstimatedRows,
    Schema,
    TimeZone,
    Pooler,
    RowSecurity,
    RowSecurityFunctions,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word of an engine.
    Engine,
    Url,
    /// A name or address, or the path of a socket.
    Host,
    Text,
    /// Columns that are masked, and how.
    Columns,
    /// A name in a server's catalog of time zones, or an offset.
    TimeZone,
    Secret,
    Path,
    Boolean,
    /// One of the five words of protection.
    TlsMode,
    /// A mapping of claims, as JSON.
    RowSecurity,
    /// A whole number.
    Whole {
        min: u64,
        max: u64,
        /// `milliseconds`, `rows`, ..; empty for a plain number.
        unit: &'static str,
    },
}

/// Whether a parameter may come from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverMcp {
    Allowed,
    /// It names a file of the server's machine, or says whose rows are shown.
    Refused,
    /// `true` only: a client can tighten, never loosen.
    OnlyTrue,
    /// `false` only, for the same reason.
    OnlyFalse,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct ParameterFacts {
    /// As in `PROD_DB_{word}`.
    pub word: &'static str,
    /// As in a file and over MCP. The same in snake case, and [`Self::word`] itself, are accepted too.
    pub key: &'static str,
    pub kind: Kind,
    pub over_mcp: OverMcp,
    /// Has no meaning for an engine whose databases are files.
    pub server_only: bool,
    /// Words of other programs for the same thing: suggested, never accepted.
    pub elsewhere: &'static [&'static str],
}

const DAY_MS: u64 = 86_400_000;
const BOUNDED_MS: Kind = Kind::Whole {
    min: 1,
    max: DAY_MS,
    unit: "milliseconds",
};

const fn row(
    word: &'static str,
    key: &'static str,
    kind: Kind,
    elsewhere: &'static [&'static str],
) -> ParameterFacts {
    ParameterFacts {
        word,
        key,
        kind,
        over_mcp: OverMcp::Allowed,
        server_only: false,
        elsewhere,
    }
}

impl ParameterFacts {
    const fn server_only(mut self) -> Self {
        self.server_only = true;
        self
    }

    const fn over_mcp(mut self, over_mcp: OverMcp) -> Self {
        self.over_mcp = over_mcp;
        self
    }
}

impl Parameter {
    pub const ALL: [Self; 35] = [
        Self::Type,
        Self::Url,
        Self::Host,
        Self::Port,
        Self::Name,
        Self::Attach,
        Self::Mask,
        Self::User,
        Self::Password,
        Self::PasswordFile,
        Self::Ssl,
        Self::SslMode,
        Self::SslCa,
        Self::SslCert,
        Self::SslKey,
        Self::MaxConnections,
        Self::MinConnections,
        Self::IdleTimeout,
        Self::MaxLifetime,
        Self::ConnectionTimeout,
        Self::AcquireTimeout,
        Self::StatementTimeout,
        Self::ReadOnly,
        Self::AllowServerPrograms,
        Self::AllowServerFiles,
        Self::AllowRemoteServers,
        Self::AllowAdmin,
        Self::MaxRows,
        Self::MaxBytes,
        Self::MaxEstimatedRows,
        Self::Schema,
        Self::TimeZone,
        Self::Pooler,
        Self::RowSecurity,
        Self::RowSecurityFunctions,
    ];

    /// The table.
    #[rustfmt::skip]
    pub const fn facts(self) -> ParameterFacts {
        match self {
            Self::Type => row("TYPE", "type", Kind::Engine, &["engine", "driver", "dialect", "adapter", "client", "kind"]),
            Self::Url => row("URL", "url", Kind::Url, &["uri", "dsn", "connectionString", "connectionUrl"]),
            Self::Host => row("HOST", "host", Kind::Host, &["hostname", "server", "address", "socket", "hostaddr"]).server_only(),
            Self::Port => row("PORT", "port", Kind::Whole { min: 1, max: 65_535, unit: "" }, &[]).server_only(),
            Self::Name => row("NAME", "database", Kind::Text, &["db", "dbname", "databaseName", "file", "filename", "path", "storage"]),
            Self::Attach => row("ATTACH", "attach", Kind::Text, &["attached"]).over_mcp(OverMcp::Refused),
            Self::Mask => row("MASK", "mask", Kind::Columns, &["masks", "masking", "redact"]).over_mcp(OverMcp::Refused),
            Self::User => row("USER", "user", Kind::Text, &["username", "userName", "login", "role"]).server_only(),
            Self::Password => row("PASSWORD", "password", Kind::Secret, &["pass", "passwd", "pwd", "secret"]).server_only(),
            Self::PasswordFile => row("PASSWORD_FILE", "passwordFile", Kind::Path, &["passfile", "secretFile"]).server_only().over_mcp(OverMcp::Refused),
            Self::Ssl => row("SSL", "ssl", Kind::Boolean, &["tls", "useSsl"]).server_only(),
            Self::SslMode => row("SSL_MODE", "sslMode", Kind::TlsMode, &["tlsMode"]).server_only(),
            Self::SslCa => row("SSL_CA", "sslCa", Kind::Path, &["ca", "sslRootCert", "caFile", "tlsCa"]).server_only().over_mcp(OverMcp::Refused),
            Self::SslCert => row("SSL_CERT", "sslCert", Kind::Path, &["cert", "certFile", "tlsCert"]).server_only().over_mcp(OverMcp::Refused),
            Self::SslKey => row("SSL_KEY", "sslKey", Kind::Path, &["key", "keyFile", "tlsKey"]).server_only().over_mcp(OverMcp::Refused),
            Self::MaxConnections => row("MAX_CONNECTIONS", "maxConnections", Kind::Whole { min: 1, max: 10_000, unit: "connections" }, &["poolSize", "maxPoolSize", "connectionLimit", "max"]),
            Self::MinConnections => row("MIN_CONNECTIONS", "minConnections", Kind::Whole { min: 0, max: 10_000, unit: "connections" }, &["minPoolSize", "min"]),
            Self::IdleTimeout => row("IDLE_TIMEOUT", "idleTimeout", BOUNDED_MS, &["idleTimeoutMs", "idleTimeoutMillis"]),
            Self::MaxLifetime => row("MAX_LIFETIME", "maxLifetime", Kind::Whole { min: 0, max: DAY_MS, unit: "milliseconds" }, &["maxLifetimeMs", "maxAge"]),
            Self::ConnectionTimeout => row("CONNECTION_TIMEOUT", "connectionTimeout", BOUNDED_MS, &["connectTimeout", "connectionTimeoutMs", "connectionTimeoutMillis"]),
            Self::AcquireTimeout => row("ACQUIRE_TIMEOUT", "acquireTimeout", BOUNDED_MS, &["acquireTimeoutMs", "poolTimeout"]),
            Self::StatementTimeout => row("STATEMENT_TIMEOUT", "statementTimeout", BOUNDED_MS, &["queryTimeout", "timeout", "statementTimeoutMs"]),
            Self::ReadOnly => row("READ_ONLY", "readOnly", Kind::Boolean, &["ro"]).over_mcp(OverMcp::OnlyTrue),
            Self::AllowServerPrograms => row("ALLOW_SERVER_PROGRAMS", "allowServerPrograms", Kind::Boolean, &[]).over_mcp(OverMcp::OnlyFalse),
            Self::AllowServerFiles => row("ALLOW_SERVER_FILES", "allowServerFiles", Kind::Boolean, &[]).over_mcp(OverMcp::OnlyFalse),
            Self::AllowRemoteServers => row("ALLOW_REMOTE_SERVERS", "allowRemoteServers", Kind::Boolean, &[]).over_mcp(OverMcp::OnlyFalse),
            Self::AllowAdmin => row("ALLOW_ADMIN", "allowAdmin", Kind::Boolean, &[]).over_mcp(OverMcp::OnlyFalse),
            Self::MaxRows => row("MAX_ROWS", "maxRows", Kind::Whole { min: 1, max: 1_000_000_000, unit: "rows" }, &["rowLimit"]),
            Self::MaxBytes => row("MAX_BYTES", "maxBytes", Kind::Whole { min: 1, max: 1 << 30, unit: "bytes" }, &["byteLimit"]),
            Self::MaxEstimatedRows => row("MAX_ESTIMATED_ROWS", "maxEstimatedRows", Kind::Whole { min: 1, max: 1_000_000_000_000, unit: "rows" }, &["maxCost"]).server_only(),
            Self::Schema => row("SCHEMA", "schema", Kind::Text, &["searchPath", "currentSchema"]).server_only(),
            Self::TimeZone => row("TIME_ZONE", "timeZone", Kind::TimeZone, &["tz"]).server_only(),
            Self::Pooler => row("POOLER", "pooler", Kind::Boolean, &["pgbouncer"]).server_only(),
            Self::RowSecurity => row("ROW_SECURITY", "rowSecurity", Kind::RowSecurity, &["rls"]).over_mcp(OverMcp::Refused),
            Self::RowSecurityFunctions => row("ROW_SECURITY_FUNCTIONS", "rowSecurityFunctions", Kind::Text, &["rlsFunctions"]).over_mcp(OverMcp::Refused),
        }
    }

    /// The parameter that grants an allowance.
    pub const fn granting(allowance: Allowance) -> Self {
        match allowance {
            Allowance::ServerPrograms => Self::AllowServerPrograms,
            Allowance::ServerFiles => Self::AllowServerFiles,
            Allowance::RemoteServers => Self::AllowRemoteServers,
            Allowance::Admin => Self::AllowAdmin,
        }
    }

    /// The parameter that an environment's `{NAME}_DB_{word}` means. Exact: variables are upper-case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|parameter| parameter.facts().word == word)
    }

    /// The parameter that a key of a file or an argument means: `maxRows`, `max_rows` or `MAX_ROWS`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| {
            let facts = parameter.facts();
            facts.key == key || facts.word == key || facts.word.to_ascii_lowercase() == key
        })
    }

    /// What a misspelt or borrowed word was meant to be.
    pub fn nearest(word: &str) -> Option<Self> {
        let bare = plain(word);
        let borrowed = Self::ALL.into_iter().find(|parameter| {
            let facts = parameter.facts();
            plain(facts.key) == bare || facts.elsewhere.iter().any(|other| plain(other) == bare)
        });
        if borrowed.is_some() {
            return borrowed;
        }
        let words: Vec<(String, Self)> = Self::ALL
            .into_iter()
            .flat_map(|parameter| {
                let facts = parameter.facts();
                [
                    (plain(facts.word), parameter),
                    (plain(facts.key), parameter),
                ]
            })
            .collect();
        let found = nearest(&bare, words.iter().map(|(word, _)| word.as_str()))?;
        words
            .iter()
            .find(|(word, _)| word == found)
            .map(|(_, parameter)| *parameter)
    }
}

/// Letter case and joints do not count.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|character| !matches!(character, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// `86400000` as `86,400,000`.
pub fn whole_number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Kind {
    /// What would be right, to be read after "expected". Engines are named by whoever knows them.
    pub fn expectation(self) -> String {
        match self {
            Self::Engine => "the name of an engine".to_owned(),
            Self::Url => {
                "a URL such as postgres://user:password@host:5432/database or sqlite:shop.db"
                    .to_owned()
            }
            Self::Host => "a host name, an address, or the path of a socket".to_owned(),
            Self::Text | Self::Secret => "text".to_owned(),
            Self::Columns => crate::masking::MaskRules::EXPECTED.to_owned(),
            Self::TimeZone => "the name of a time zone such as UTC or Europe/Lisbon".to_owned(),
            Self::Path => "the path of a file".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::RowSecurity => RowSecurity::EXPECTED.to_owned(),
            Self::TlsMode => "disable, prefer, require, verify-ca or verify-full".to_owned(),
            Self::Whole { min, max, unit } => {
                let (min, max) = (whole_number(min), whole_number(max));
                if unit.is_empty() {
                    format!("a whole number from {min} to {max}")
                } else {
                    format!("a whole number of {unit} from {min} to {max}")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_found_by_each_of_its_words() {
        for parameter in Parameter::ALL {
            let facts = parameter.facts();
            assert_eq!(Parameter::from_word(facts.word), Some(parameter));
            for key in [facts.key, facts.word, &facts.word.to_lowercase()] {
                assert_eq!(Parameter::from_key(key), Some(parameter), "{key}");
            }
        }
    }

    #[test]
    fn an_allowance_names_the_parameter_that_grants_it() {
        for allowance in Allowance::ALL {
            let facts = Parameter::granting(allowance).facts();
            assert_eq!(facts.word, allowance.setting());
        }
    }

    #[test]
    fn misspelt_and_borrowed_words_are_recognised() {
        for (word, expected) in [
            ("PASWORD", Some(Parameter::Password)),
            ("TYP", Some(Parameter::Type)),
            ("SSLMODE", Some(Parameter::SslMode)),
            ("maxConection", Some(Parameter::MaxConnections)),
            ("username", Some(Parameter::User)),
            ("DATABASE", Some(Parameter::Name)),
            ("connectionString", Some(Parameter::Url)),
            ("CHARSET", None),
        ] {
            assert_eq!(Parameter::nearest(word), expected, "{word}");
        }
    }

    #[test]
    fn expectations_name_range_and_unit() {
        assert_eq!(
            Parameter::IdleTimeout.facts().kind.expectation(),
            "a whole number of milliseconds from 1 to 86,400,000"
        );
        assert_eq!(
            Parameter::Port.facts().kind.expectation(),
            "a whole number from 1 to 65,535"
        );
    }
}
