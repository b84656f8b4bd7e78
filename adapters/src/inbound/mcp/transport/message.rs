//! One line into one message, or into the error that answers it.
//!
//! The model's own parser tries one kind of message after the other and forgets why each did not fit. Here the
//! method decides, so a mistake in a known method's parameters is told as such.

use rmcp::model::{ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, RequestId};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use super::request_id;

/// What a line turned out to be.
#[derive(Debug)]
pub(super) enum Parsed {
    Message(Box<ClientJsonRpcMessage>),
    /// Nothing that can be used; the sender is told.
    Refused(Refusal),
    /// Nothing that can be used, and nothing that may be answered: empty, or a notification that nobody knows.
    Ignored,
}

/// An error for a message that never became one.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    jsonrpc: &'static str,
    /// Null where the message's own could not be found.
    id: Option<RequestId>,
    error: Reason,
}

#[derive(Debug, Serialize)]
struct Reason {
    code: ErrorCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, id: Option<RequestId>, message: impl Into<String>) -> Self {
        Self {
            jsonrpc: "2.0",
            id,
            error: Reason {
                code,
                message: message.into(),
            },
        }
    }
}

/// The outside of a message, its values unread.
#[derive(Deserialize)]
struct Envelope<'line> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'line RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'line RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'line RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'line RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'line RawValue>,
}

/// A field that is there, even as null.
fn present<'de: 'line, 'line, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'line RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

pub(super) fn parse(line: &[u8]) -> Parsed {
    let Ok(text) = str::from_utf8(line) else {
        return refused(
            ErrorCode::PARSE_ERROR,
            None,
            "The message is not valid UTF-8.",
        );
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if text.is_empty() {
        return Parsed::Ignored;
    }
    if !text.starts_with('{') {
        let message = if text.starts_with('[') {
            "Batches are not supported: send one message a line."
        } else {
            "A message is a JSON object."
        };
        return not_an_object(text, message);
    }
    let envelope = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => {
            return not_an_object(
                text,
                &format!("Invalid message: {}.", without_place(&error)),
            );
        }
        Err(error) => return parse_error(&error),
    };
    let id = match envelope.id.map(|id| serde_json::from_str(id.get())) {
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            return refused(
                ErrorCode::INVALID_REQUEST,
                None,
                "`id` must be a string or an integer.",
            );
        }
        None => None,
    };
    match read(text, &envelope, id.clone()) {
        Ok(parsed) => parsed,
        Err(message) => refused(ErrorCode::INVALID_REQUEST, id, message),
    }
}

fn read(
    text: &str,
    envelope: &Envelope<'_>,
    id: Option<RequestId>,
) -> Result<Parsed, &'static str> {
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err("`jsonrpc` must be \"2.0\".");
    }
    let answers = envelope.result.is_some() || envelope.error.is_some();
    let Some(method) = envelope.method else {
        if !answers {
            return Err("A message needs a `method`.");
        }
        // An answer is never answered, not even a broken one.
        return Ok(
            serde_json::from_str(text).map_or(Parsed::Ignored, |message| {
                Parsed::Message(Box::new(message))
            }),
        );
    };
    if answers {
        return Err("A message with a `method` has neither `result` nor `error`.");
    }
    let Ok(method) = serde_json::from_str::<String>(method.get()) else {
        return Err("`method` must be a string.");
    };
    let Some(id) = id else {
        return Ok(
            notification(&method, text).map_or(Parsed::Ignored, |notification| {
                Parsed::Message(Box::new(ClientJsonRpcMessage::notification(notification)))
            }),
        );
    };
    Ok(match request(&method, text) {
        Ok(request) => Parsed::Message(Box::new(ClientJsonRpcMessage::request(request, id))),
        Err(error) => refused(
            ErrorCode::INVALID_PARAMS,
            Some(id),
            invalid_params(&method, &error),
        ),
    })
}

fn invalid_params(method: &str, error: &serde_json::Error) -> String {
    format!("Invalid `params` of {method}: {}.", without_place(error))
}

/// Why a request of this method was not read as what it is, where that is the fault of its parameters.
pub(super) fn explain_params(method: &str, params: Option<&Value>) -> Option<String> {
    let message = match params {
        Some(params) => json!({"jsonrpc": "2.0", "method": method, "params": params}),
        None => json!({"jsonrpc": "2.0", "method": method}),
    };
    let read = request(method, &message.to_string());
    read.err().map(|error| invalid_params(method, &error))
}

fn request(method: &str, text: &str) -> Result<ClientRequest, serde_json::Error> {
    fn of<T: DeserializeOwned + Into<ClientRequest>>(
        text: &str,
    ) -> Result<ClientRequest, serde_json::Error> {
        serde_json::from_str::<T>(text).map(Into::into)
    }

    use rmcp::model as m;
    match method {
        "tools/call" => of::<m::CallToolRequest>(text),
        "tools/list" => of::<m::ListToolsRequest>(text),
        "ping" => of::<m::PingRequest>(text),
        "initialize" => of::<m::InitializeRequest>(text),
        "server/discover" => of::<m::DiscoverRequest>(text),
        "completion/complete" => of::<m::CompleteRequest>(text),
        "prompts/get" => of::<m::GetPromptRequest>(text),
        "prompts/list" => of::<m::ListPromptsRequest>(text),
        "resources/list" => of::<m::ListResourcesRequest>(text),
        "resources/read" => of::<m::ReadResourceRequest>(text),
        "resources/templates/list" => of::<m::ListResourceTemplatesRequest>(text),
        "subscriptions/listen" => of::<m::SubscriptionsListenRequest>(text),
        // Methods that this server does not have, known to the library or not.
        _ => serde_json::from_str(text),
    }
}

fn notification(method: &str, text: &str) -> Option<ClientNotification> {
    let parsed = match method {
        "notifications/cancelled"
        | "notifications/progress"
        | "notifications/initialized"
        | "notifications/roots/list_changed" => serde_json::from_str(text).ok(),
        _ => None,
    };
    parsed.filter(|parsed| !matches!(parsed, ClientNotification::CustomNotification(_)))
}

/// Refuses a text that is no object, or breaks the rules of one; unless it is not even JSON.
fn not_an_object(text: &str, message: &str) -> Parsed {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => refused(
            ErrorCode::INVALID_REQUEST,
            request_id::at_the_beginning(text.as_bytes()),
            message,
        ),
        Err(error) => parse_error(&error),
    }
}

fn parse_error(error: &serde_json::Error) -> Parsed {
    refused(
        ErrorCode::PARSE_ERROR,
        None,
        format!(
            "The message is not JSON: {} at character {}.",
            without_place(error),
            error.column()
        ),
    )
}

fn refused(code: ErrorCode, id: Option<RequestId>, message: impl Into<String>) -> Parsed {
    Parsed::Refused(Refusal::new(code, id, message))
}

/// The library's words without "at line 1 column …".
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ")
        .map_or(text.as_str(), |(words, _)| words)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a line: the refusal's id, code and message; or `message` and the method; or `ignored`.
    fn outcome(line: &str) -> String {
        match parse(line.as_bytes()) {
            Parsed::Message(message) => {
                let value = serde_json::to_value(message).unwrap();
                format!("message {}", value["method"].as_str().unwrap_or("answer"))
            }
            Parsed::Refused(refusal) => {
                let value = serde_json::to_value(refusal).unwrap();
                format!(
                    "{} {} {}",
                    value["id"],
                    value["error"]["code"],
                    value["error"]["message"].as_str().unwrap()
                )
            }
            Parsed::Ignored => "ignored".to_owned(),
        }
    }

    #[test]
    fn messages_are_read_and_what_needs_no_answer_is_ignored() {
        for (line, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
                "message ping",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
                "message tools/list",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#,
                "message tools/call",
            ),
            (
                r#"{"jsonrpc":"2.0","id":"a","method":"no/such"}"#,
                "message no/such",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                "message notifications/initialized",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/none"}"#,
                "ignored",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#,
                "ignored",
            ),
            (r#"{"jsonrpc":"2.0","id":3,"result":{}}"#, "message answer"),
            ("", "ignored"),
            ("  \r", "ignored"),
            (
                "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r",
                "message ping",
            ),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_json_or_no_object_is_refused() {
        for (line, expected) in [
            (
                "nonsense",
                "null -32700 The message is not JSON: expected ident at character 2.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"#,
                "null -32700 The message is not JSON: EOF while parsing a value at character 24.",
            ),
            (
                "[]",
                "null -32600 Batches are not supported: send one message a line.",
            ),
            (
                "[1,",
                "null -32700 The message is not JSON: EOF while parsing a value at character 3.",
            ),
            ("5", "null -32600 A message is a JSON object."),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }

    #[test]
    fn a_message_that_breaks_the_rules_is_refused_under_its_id() {
        for (line, expected) in [
            ("{}", "null -32600 `jsonrpc` must be \"2.0\"."),
            (
                r#"{"jsonrpc":"2.0","id":4}"#,
                "4 -32600 A message needs a `method`.",
            ),
            (
                r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#,
                "4 -32600 `jsonrpc` must be \"2.0\".",
            ),
            (
                r#"{"id":4,"method":"ping"}"#,
                "4 -32600 `jsonrpc` must be \"2.0\".",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":5}"#,
                "4 -32600 `method` must be a string.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
                "null -32600 `id` must be a string or an integer.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
                "null -32600 `id` must be a string or an integer.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"ping","result":1}"#,
                "4 -32600 A message with a `method` has neither `result` nor `error`.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"id":5,"method":"ping"}"#,
                "4 -32600 Invalid message: duplicate field `id`.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"tools/call"}"#,
                "4 -32602 Invalid `params` of tools/call: missing field `params`.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}}"#,
                "4 -32602 Invalid `params` of tools/call: missing field `name`.",
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"x","arguments":[]}}"#,
                "4 -32602 Invalid `params` of tools/call: invalid type: sequence, expected a map.",
            ),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_no_json() {
        let Parsed::Refused(refusal) = parse(b"{\"id\":1,\"x\":\"\xff\"}") else {
            panic!("not refused");
        };

        assert_eq!(refusal.error.code, ErrorCode::PARSE_ERROR);
    }

    #[test]
    fn the_metadata_of_a_request_is_kept() {
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":7}}}"#;
        let Parsed::Message(message) = parse(line.as_bytes()) else {
            panic!("no message");
        };

        assert_eq!(
            serde_json::to_value(message).unwrap()["params"]["_meta"]["progressToken"],
            7
        );
    }
}
