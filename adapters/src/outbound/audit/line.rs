//! What the audit says of a call.

use std::{borrow::Cow, time::Duration};

use domain::{
    calls::{CallRecord, Principal, RefusedSignIns},
    query::{redacted_knowing, redacted_to},
};
use serde::Serialize;

use super::chain::Hash;

/// How much of a statement is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Statements {
    /// Nothing.
    None,
    /// Its beginning without the values in it, and a hash by which the same statement is found again whatever its
    /// values.
    #[default]
    Fingerprint,
    /// As the client sent it, and the hash. Bound parameters are never recorded.
    Full,
}

/// How many characters of a statement count for its fingerprint.
const FINGERPRINTED_CHARACTERS: usize = 64 * 1024;

/// More than most lines have, so that they are written without being moved.
const USUAL_LENGTH: usize = 768;

/// The fields of a line, but for those of the chain. Absent facts are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'call> {
    time: String,
    call: String,
    principal: &'call str,
    #[serde(skip_serializing_if = "Option::is_none")]
    acts_as: Option<&'call str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'call str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'call str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<Cow<'call, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'call str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_ms: Option<f64>,
}

/// A JSON object.
pub(super) fn of_call(call: &CallRecord<'_>, statements: Statements) -> String {
    let redacted = call
        .statement
        .filter(|_| statements != Statements::None)
        .map(|sql| (sql, redacted_to(FINGERPRINTED_CHARACTERS, sql)));
    let statement = redacted.as_ref().map(|(sql, redacted)| match statements {
        Statements::Full => Cow::Borrowed(*sql),
        _ => redacted_knowing(redacted, sql),
    });
    let fingerprint = redacted.as_ref().map(|(_, redacted)| fingerprint(redacted));
    json(&Line {
        time: humantime::format_rfc3339_millis(call.began).to_string(),
        call: call.id.to_string(),
        principal: call.caller.principal.as_str(),
        acts_as: call.acts_as,
        client: call.caller.client.as_deref(),
        address: call.caller.address.map(|address| address.to_string()),
        trace: call.trace(),
        method: call.method,
        tool: call.tool,
        connection: call.connection,
        engine: call.engine,
        statement,
        fingerprint,
        outcome: call.outcome(),
        sqlstate: call.failure.and_then(|failure| failure.sqlstate.as_deref()),
        rows: call.rows,
        bytes: call.bytes,
        duration_ms: milliseconds(call.duration),
        database_ms: call.database.map(milliseconds),
    })
}

/// Says that so many calls are not in the audit, because it could not be written.
pub(super) fn of_unrecorded(calls: u64, now: std::time::SystemTime) -> String {
    #[derive(Serialize)]
    struct Unrecorded {
        time: String,
        method: &'static str,
        calls: u64,
    }
    json(&Unrecorded {
        time: humantime::format_rfc3339_millis(now).to_string(),
        method: "audit/unrecorded",
        calls,
    })
}

/// Says that somebody was not let in.
pub(super) fn of_refused(sign_ins: &RefusedSignIns<'_>) -> String {
    #[derive(Serialize)]
    struct Refused<'told> {
        time: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        principal: Option<&'told str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        method: &'static str,
        outcome: &'static str,
        reason: &'static str,
        times: u64,
    }
    json(&Refused {
        time: humantime::format_rfc3339_millis(sign_ins.told).to_string(),
        principal: sign_ins.principal.map(Principal::as_str),
        address: sign_ins.address.map(|address| address.to_string()),
        method: "sign-in",
        outcome: "refused",
        reason: sign_ins.reason,
        times: sign_ins.times,
    })
}

/// The same object, saying that its caller got a failure instead of the answer: the line came too late.
pub(super) fn withheld(body: &str) -> String {
    let fields = body.strip_suffix('}').unwrap_or(body);
    format!("{fields},\"withheld\":true}}")
}

fn json(line: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(USUAL_LENGTH);
    // Nothing in a line can fail to serialize; should that ever change, that there was a call is still told.
    serde_json::to_writer(&mut text, line)
        .ok()
        .and_then(|()| String::from_utf8(text).ok())
        .unwrap_or_else(|| "{\"method\":\"audit/unreadable\"}".to_owned())
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Of a statement without its values: 32 hexadecimal digits.
fn fingerprint(redacted: &str) -> String {
    let mut digits = Hash::of(redacted).to_string();
    digits.truncate(32);
    digits
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use domain::{
        Failure, FailureKind,
        access::Grant,
        calls::{CallId, Caller, Claims, TraceContext},
    };
    use serde_json::{Value, json};

    use super::*;

    fn recorded(statement: Option<&str>, statements: Statements) -> Value {
        let failure = Failure::new(FailureKind::InvalidSql, "no").with_sqlstate("42703");
        let caller = Caller {
            address: Some([192, 0, 2, 7].into()),
            client: Some("suite 0".to_owned()),
            trace: Some(TraceContext {
                trace: 0xab,
                span: 1,
                sampled: true,
                state: String::new(),
            }),
            ..Caller::new(Principal::new("ada\n\"x\""), Claims::default())
        };
        let record = CallRecord {
            id: CallId {
                process: 0x1a,
                number: 3,
            },
            caller: &caller,
            grant: &Grant::everything(),
            span: None,
            method: "tools/call",
            tool: Some("execute_query"),
            connection: Some("shop"),
            engine: Some("sqlite"),
            opened: None,
            acts_as: None,
            statement,
            rows: Some(2),
            bytes: Some(40),
            failure: Some(&failure),
            began: UNIX_EPOCH + Duration::from_millis(1),
            duration: Duration::from_micros(1_234),
            waited: Duration::ZERO,
            database: Some(Duration::from_millis(1)),
            before_database: None,
            questions: None,
        };
        let text = of_call(&record, statements);
        assert!(!text.contains('\n'), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_says_who_when_from_where_what_and_what_came_of_it() {
        assert_eq!(
            recorded(None, Statements::Full),
            json!({
                "time": "1970-01-01T00:00:00.001Z",
                "call": "0000001a-3",
                "principal": "ada\n\"x\"",
                "client": "suite 0",
                "address": "192.0.2.7",
                "trace": "000000000000000000000000000000ab",
                "method": "tools/call",
                "tool": "execute_query",
                "connection": "shop",
                "engine": "sqlite",
                "outcome": "invalid_sql",
                "sqlstate": "42703",
                "rows": 2,
                "bytes": 40,
                "durationMs": 1.234,
                "databaseMs": 1.0,
            })
        );
    }

    #[test]
    fn a_statement_is_recorded_as_far_as_was_asked_for() {
        let sql = "SELECT *  FROM t WHERE a = 'secret'";
        let said = |statements| {
            let line = recorded(Some(sql), statements);
            (line["statement"].clone(), line["fingerprint"].is_string())
        };
        assert_eq!(said(Statements::None), (Value::Null, false));
        assert_eq!(
            said(Statements::Fingerprint),
            (json!("SELECT * FROM t WHERE a = ?"), true)
        );
        assert_eq!(said(Statements::Full), (json!(sql), true));
    }

    #[test]
    fn a_fingerprint_is_the_same_whatever_the_values_and_the_space() {
        let of = |sql| recorded(Some(sql), Statements::Fingerprint)["fingerprint"].clone();
        let one = of("SELECT a FROM t WHERE b = 'x' AND c = 1");
        assert_eq!(one, of("SELECT a\nFROM t  WHERE b = 'yy' AND c = 22"));
        assert_ne!(one, of("SELECT a FROM t WHERE c = 'x' AND b = 1"));
        assert_eq!(one.as_str().unwrap().len(), 32);
    }

    #[test]
    fn a_line_that_came_too_late_says_so() {
        assert_eq!(withheld(r#"{"a":1}"#), r#"{"a":1,"withheld":true}"#);
    }
}
