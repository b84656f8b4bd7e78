//! Fixtures that ask the client for something and are called again with the answer (SEP-2322).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, GetPromptRequestParams, GetPromptResponse,
        InputRequiredResult, InputResponses,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use super::{complete, of};

pub(super) const PROMPT: &str = "test_input_required_result_prompt";

pub(super) const TOOLS: &[&str] = &[
    "test_input_required_result_capabilities",
    "test_input_required_result_elicitation",
    "test_input_required_result_list_roots",
    "test_input_required_result_multi_round",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_request_state",
    "test_input_required_result_sampling",
    "test_input_required_result_tampered_state",
];

fn elicitation(message: &str, field: &str, kind: &str) -> Value {
    json!({"method": "elicitation/create", "params": {
        "mode": "form",
        "message": message,
        "requestedSchema": {"type": "object", "properties": {field: {"type": kind}}, "required": [field]},
    }})
}

fn sampling(question: &str) -> Value {
    json!({"method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": question}}],
        "maxTokens": 100,
    }})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

/// What is asked for, and with which state it comes back.
fn asked(requests: &Value, state: Option<&str>) -> InputRequiredResult {
    let mut result = json!({"resultType": "input_required", "inputRequests": requests});
    if let Some(state) = state {
        result["requestState"] = json!(sealed(state));
    }
    of(result)
}

fn done() -> CallToolResponse {
    CallToolResponse::Complete(complete(
        json!({"content": [{"type": "text", "text": "state-ok"}]}),
    ))
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"known to this test alone")
}

/// A state that nobody else can make.
fn sealed(state: &str) -> String {
    let seal = hmac::sign(&key(), state.as_bytes());
    format!("{state}.{}", URL_SAFE_NO_PAD.encode(seal))
}

/// The state that was sealed, if it was.
fn opened(sealed: &str) -> Result<&str, ErrorData> {
    let (state, seal) = sealed.split_once('.').unwrap_or_default();
    let is_ours = URL_SAFE_NO_PAD
        .decode(seal)
        .is_ok_and(|seal| hmac::verify(&key(), state.as_bytes(), &seal).is_ok());
    if is_ours {
        Ok(state)
    } else {
        Err(ErrorData::invalid_params("This state is not ours.", None))
    }
}

/// Whether everything that was asked for has been answered, with an object each.
fn is_answered(requests: &Value, answers: Option<&InputResponses>) -> bool {
    let keys = requests.as_object().unwrap().keys();
    keys.into_iter().all(|key| {
        answers
            .and_then(|answers| answers.get(key))
            .is_some_and(Value::is_object)
    })
}

/// The answer of one of these tools.
pub(super) fn of_tool(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let kind = request.name.strip_prefix("test_input_required_result_")?;
    Some(answer(kind, request, context))
}

fn answer(
    kind: &str,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let answers = request.input_responses.as_ref();
    let state = request.request_state.as_deref().map(opened).transpose()?;
    let name = elicitation("What is your name?", "name", "string");
    let confirm = elicitation("Please confirm", "ok", "boolean");
    let (requests, next) = match (kind, state) {
        ("elicitation", _) => (json!({"user_name": name}), None),
        ("sampling", _) => (
            json!({"capital_question": sampling("What is the capital of France?")}),
            None,
        ),
        ("list_roots", _) => (json!({"client_roots": roots()}), None),
        ("request_state" | "tampered_state", _) => (json!({"confirm": confirm}), Some("confirm")),
        ("multiple_inputs", _) => (
            json!({"user_name": name, "greeting": sampling("Generate a greeting"), "client_roots": roots()}),
            Some("all"),
        ),
        ("multi_round", Some("round-1")) => {
            let color = elicitation("Step 2: What is your favorite color?", "color", "string");
            (json!({"step2": color}), Some("round-2"))
        }
        ("multi_round", Some(_)) => return Ok(done()),
        ("multi_round", None) => (json!({"step1": name}), Some("round-1")),
        ("capabilities", _) => {
            let mut requests = json!({});
            let declared = context.client_capabilities().unwrap_or_default();
            if declared.sampling.is_some() {
                requests["question"] = sampling("What can you do?");
            }
            if declared.elicitation.is_some() {
                requests["name"] = name;
            }
            (requests, None)
        }
        _ => return Err(ErrorData::invalid_params("There is no such tool.", None)),
    };
    if is_answered(&requests, answers) {
        return Ok(done());
    }
    Ok(CallToolResponse::InputRequired(asked(&requests, next)))
}

/// The answer of the prompt that asks.
pub(super) fn of_prompt(request: &GetPromptRequestParams) -> GetPromptResponse {
    let context = elicitation("What context should the prompt use?", "context", "string");
    let requests = json!({"user_context": context});
    if is_answered(&requests, request.input_responses.as_ref()) {
        let said = json!({"role": "user", "content": {"type": "text", "text": "Go on."}});
        return GetPromptResponse::Complete(complete(json!({"messages": [said]})));
    }
    GetPromptResponse::InputRequired(asked(&requests, None))
}
