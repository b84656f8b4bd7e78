//! What the role of a connection could do in its database beyond reading.
//!
//! It is found out when the database is opened, and told; what runs is the business of the policy and the engine.

use serde::Serialize;

use super::policy::Policy;
use crate::failure::{Failure, FailureKind};

/// What kind of thing a role could do. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Everything, so that other findings would add nothing.
    Superuser,
    CreatesRoles,
    CreatesDatabases,
    /// Hands its privileges on.
    GrantsPrivileges,
    /// Takes on a role whose rights were not looked at.
    OtherRoles,
    ServerPrograms,
    ServerFiles,
    /// Changes how the server runs.
    ControlsServer,
    Replication,
    SignalsSessions,
    SeesSessions,
    BypassesRowSecurity,
    WritesTables,
    AdvancesSequences,
    ChangesSchema,
    MaintainsTables,
    LocksTables,
    RunsRoutines,
    DangerousExtension,
    DangerousFunction,
    ForeignServers,
    WritableFile,
    /// It could not be found out.
    Unknown,
}

impl FindingKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superuser => "superuser",
            Self::CreatesRoles => "creates_roles",
            Self::CreatesDatabases => "creates_databases",
            Self::GrantsPrivileges => "grants_privileges",
            Self::OtherRoles => "other_roles",
            Self::ServerPrograms => "server_programs",
            Self::ServerFiles => "server_files",
            Self::ControlsServer => "controls_server",
            Self::Replication => "replication",
            Self::SignalsSessions => "signals_sessions",
            Self::SeesSessions => "sees_sessions",
            Self::BypassesRowSecurity => "bypasses_row_security",
            Self::WritesTables => "writes_tables",
            Self::AdvancesSequences => "advances_sequences",
            Self::ChangesSchema => "changes_schema",
            Self::MaintainsTables => "maintains_tables",
            Self::LocksTables => "locks_tables",
            Self::RunsRoutines => "runs_routines",
            Self::DangerousExtension => "dangerous_extension",
            Self::DangerousFunction => "dangerous_function",
            Self::ForeignServers => "foreign_servers",
            Self::WritableFile => "writable_file",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that the role could do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub kind: FindingKind,
    /// One sentence, with some names where there are many.
    pub what: String,
    /// It could change something by it that others see: data, schema, files, other sessions.
    pub writes: bool,
}

impl Finding {
    pub fn new(kind: FindingKind, writes: bool, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            writes,
        }
    }
}

/// What the role of a connection could do beyond reading, and how to have one that cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Posture {
    least_privilege: bool,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Posture {
    /// `remedy` is the SQL by which an administrator makes a role that can only read; it is told only where something
    /// was found.
    pub fn new(findings: Vec<Finding>, remedy: Option<String>) -> Self {
        Self {
            least_privilege: findings.is_empty(),
            remedy: remedy.filter(|_| !findings.is_empty()),
            findings,
        }
    }

    /// With one thing more that is worth knowing.
    #[must_use]
    pub fn with(mut self, finding: Option<Finding>) -> Self {
        self.findings.extend(finding);
        self
    }

    /// The server did not tell. Nobody should take that for a role that can only read.
    pub fn unknown() -> Self {
        let what = "The server did not tell what the role may do.";
        Self::new(vec![Finding::new(FindingKind::Unknown, true, what)], None)
    }

    /// The role can read and nothing else.
    pub fn is_least_privilege(&self) -> bool {
        self.least_privilege
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// What is to be told where a read-only connection is opened by a role that could write.
    pub fn notice(&self, policy: Policy) -> Option<String> {
        if !policy.is_read_only() {
            return None;
        }
        let words = self.writing_words()?;
        Some(format!(
            "The connection is read-only, but its database role could write ({words}). connection_info tells how to \
             make one that can only read."
        ))
    }

    /// Refuses a read-only connection whose role could write.
    pub fn must_only_read(&self, policy: Policy) -> Result<(), Failure> {
        if !policy.is_read_only() {
            return Ok(());
        }
        let Some(words) = self.writing_words() else {
            return Ok(());
        };
        let failure = Failure::new(
            FailureKind::NotAllowed,
            format!(
                "The connection is read-only, but its database role could write ({words}), which \
                 MCP_REQUIRE_LEAST_PRIVILEGE forbids."
            ),
        );
        Err(match &self.remedy {
            Some(remedy) => failure.with_hint(format!(
                "Have an administrator of the database make a role that can only read, and connect as it:\n{remedy}"
            )),
            None => failure.with_hint("Connect as a role that can only read."),
        })
    }

    /// The kinds by which the role could write, each once.
    fn writing_words(&self) -> Option<String> {
        let mut kinds: Vec<FindingKind> = self
            .findings
            .iter()
            .filter(|finding| finding.writes)
            .map(|finding| finding.kind)
            .collect();
        kinds.dedup();
        let words: Vec<&str> = kinds.into_iter().map(FindingKind::as_str).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posture(findings: &[(FindingKind, bool)]) -> Posture {
        let findings = findings
            .iter()
            .map(|(kind, writes)| Finding::new(*kind, *writes, "what"))
            .collect();
        Posture::new(findings, Some("CREATE ROLE r".to_owned()))
    }

    #[test]
    fn the_word_of_a_kind_is_its_word_on_the_wire() {
        for kind in [
            FindingKind::Superuser,
            FindingKind::CreatesRoles,
            FindingKind::CreatesDatabases,
            FindingKind::GrantsPrivileges,
            FindingKind::OtherRoles,
            FindingKind::ServerPrograms,
            FindingKind::ServerFiles,
            FindingKind::ControlsServer,
            FindingKind::Replication,
            FindingKind::SignalsSessions,
            FindingKind::SeesSessions,
            FindingKind::BypassesRowSecurity,
            FindingKind::WritesTables,
            FindingKind::AdvancesSequences,
            FindingKind::ChangesSchema,
            FindingKind::MaintainsTables,
            FindingKind::LocksTables,
            FindingKind::RunsRoutines,
            FindingKind::DangerousExtension,
            FindingKind::DangerousFunction,
            FindingKind::ForeignServers,
            FindingKind::WritableFile,
            FindingKind::Unknown,
        ] {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{}\"", kind.as_str()));
        }
    }

    #[test]
    fn a_role_without_findings_needs_no_remedy() {
        let json = serde_json::to_string(&posture(&[])).unwrap();

        assert_eq!(json, r#"{"leastPrivilege":true,"findings":[]}"#);
    }

    #[test]
    fn findings_come_with_the_remedy() {
        let json = serde_json::to_string(&posture(&[(FindingKind::Superuser, true)])).unwrap();

        assert_eq!(
            json,
            r#"{"leastPrivilege":false,"findings":[{"kind":"superuser","what":"what","writes":true}],"remedy":"CREATE ROLE r"}"#
        );
    }

    #[test]
    fn only_a_read_only_connection_whose_role_could_write_is_refused() {
        let writes = [(FindingKind::WritesTables, true)];
        let looks = [(FindingKind::SeesSessions, false)];
        for (findings, policy, refused) in [
            (&writes[..], Policy::READ_ONLY, true),
            (&writes, Policy::READ_WRITE, false),
            (&looks, Policy::READ_ONLY, false),
            (&[], Policy::READ_ONLY, false),
        ] {
            let posture = posture(findings);
            assert_eq!(posture.must_only_read(policy).is_err(), refused);
            assert_eq!(posture.notice(policy).is_some(), refused);
        }
    }

    #[test]
    fn a_refusal_names_what_was_found_and_tells_the_remedy() {
        let failure = posture(&[
            (FindingKind::ServerFiles, true),
            (FindingKind::ServerFiles, true),
            (FindingKind::SeesSessions, false),
            (FindingKind::WritesTables, true),
        ])
        .must_only_read(Policy::READ_ONLY)
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert_eq!(
            failure.message,
            "The connection is read-only, but its database role could write (server_files, writes_tables), which \
             MCP_REQUIRE_LEAST_PRIVILEGE forbids."
        );
        assert!(failure.hint.unwrap().ends_with(":\nCREATE ROLE r"));
    }

    #[test]
    fn what_is_not_known_counts_as_writing() {
        assert!(
            Posture::unknown()
                .must_only_read(Policy::READ_ONLY)
                .is_err()
        );
    }
}
