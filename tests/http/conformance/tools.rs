//! The tools of the suite that answer at once, or tell and ask something on the way.

use std::time::Duration;

use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{
        ElicitRequest, ElicitRequestParams, LoggingMessageNotificationParam,
        ProgressNotificationParam, ServerRequest,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};

use super::of;

/// The smallest picture and the smallest sound.
pub(super) const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
/// Between two things that a tool tells of.
const PAUSE: Duration = Duration::from_millis(50);

/// Counts what tells clients that the list of tools, or of prompts, has changed.
#[derive(Clone, Default)]
pub(super) struct Changes {
    pub(super) tools: watch::Sender<u32>,
    pub(super) prompts: watch::Sender<u32>,
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

pub(super) fn image() -> Value {
    json!({"type": "image", "data": PNG, "mimeType": "image/png"})
}

/// As it is listed.
pub(super) fn tool(name: &str) -> Value {
    let schema = match name {
        "test_sampling" => {
            json!({"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]})
        }
        "test_elicitation" => {
            json!({"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]})
        }
        "test_headers" => json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
        }}),
        "json_schema_2020_12_tool" => json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {
                "street": {"type": "string"},
                "city": {"type": "string"},
            }}},
            "properties": {
                "name": {"type": "string"},
                "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"},
                "email": {"type": "string"},
            },
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false,
        }),
        _ => json!({"type": "object", "properties": {}}),
    };
    json!({"name": name, "description": "For the conformance suite.", "inputSchema": schema})
}

pub(super) const TOOLS: &[&str] = &[
    "json_schema_2020_12_tool",
    "test_audio_content",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_embedded_resource",
    "test_error_handling",
    "test_headers",
    "test_image_content",
    "test_logging_tool",
    "test_missing_capability",
    "test_multiple_content_types",
    "test_sampling",
    "test_simple_text",
    "test_streaming_elicitation",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_trigger_prompt_change",
    "test_trigger_tool_change",
];

/// What a tool answers that has nothing to do for it.
fn constant(name: &str) -> Option<Value> {
    let resource = |uri: &str, kind: &str, text: &str| json!({"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": text}});
    Some(match name {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => json!({"content": [image()]}),
        "test_audio_content" => {
            json!({"content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]})
        }
        "test_embedded_resource" => json!({"content": [
            resource("test://embedded-resource", "text/plain", "This is an embedded resource content."),
        ]}),
        "test_multiple_content_types" => json!({"content": [
            {"type": "text", "text": "Multiple content types test:"},
            image(),
            resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ]}),
        "test_error_handling" => {
            let mut failed = text("This tool intentionally returns an error for testing");
            failed["isError"] = json!(true);
            failed
        }
        "test_headers" | "test_streaming_elicitation" | "json_schema_2020_12_tool" => text("done"),
        _ => return None,
    })
}

/// The form that a tool asks for.
fn form(name: &str, arguments: &Value) -> Option<Value> {
    let options = json!(["option1", "option2", "option3"]);
    let titled = |first: &str, second: &str| json!([{"const": "value1", "title": first}, {"const": "value2", "title": second}]);
    let (message, properties) = match name {
        "test_elicitation" => (
            arguments["message"].clone(),
            json!({
                "username": {"type": "string", "description": "User's response"},
                "email": {"type": "string", "description": "User's email address"},
            }),
        ),
        "test_elicitation_sep1034_defaults" => (
            json!("Please review"),
            json!({
                "name": {"type": "string", "default": "John Doe"},
                "age": {"type": "integer", "default": 30},
                "score": {"type": "number", "default": 95.5},
                "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                "verified": {"type": "boolean", "default": true},
            }),
        ),
        "test_elicitation_sep1330_enums" => (
            json!("Please choose"),
            json!({
                "untitledSingle": {"type": "string", "enum": options},
                "titledSingle": {"type": "string", "oneOf": titled("First Option", "Second Option")},
                "legacyEnum": {
                    "type": "string",
                    "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"],
                },
                "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
                "titledMulti": {"type": "array", "items": {"anyOf": titled("First Choice", "Second Choice")}},
            }),
        ),
        _ => return None,
    };
    Some(json!({
        "mode": "form",
        "message": message,
        "requestedSchema": {"type": "object", "properties": properties},
    }))
}

async fn ask(peer: &Peer<RoleServer>, request: ServerRequest) -> Result<Value, ErrorData> {
    let answer = peer
        .send_request(request)
        .await
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(text(&serde_json::to_string(&answer).unwrap()))
}

async fn log(peer: &Peer<RoleServer>, told: &str) {
    let message: LoggingMessageNotificationParam = of(json!({"level": "info", "data": told}));
    peer.notify_logging_message(message).await.unwrap();
}

impl Changes {
    /// What a tool answers.
    pub(super) async fn run(
        &self,
        name: &str,
        arguments: &Value,
        context: &RequestContext<RoleServer>,
    ) -> Result<Value, ErrorData> {
        let peer = &context.peer;
        if let Some(answer) = constant(name) {
            return Ok(answer);
        }
        if let Some(form) = form(name, arguments) {
            let form: ElicitRequestParams = of(form);
            return ask(peer, ServerRequest::ElicitRequest(ElicitRequest::new(form))).await;
        }
        match name {
            "test_sampling" => {
                let request = json!({"method": "sampling/createMessage", "params": {
                    "messages": [{"role": "user", "content": {"type": "text", "text": arguments["prompt"]}}],
                    "maxTokens": 100,
                }});
                ask(peer, of(request)).await
            }
            "test_tool_with_logging" => {
                log(peer, "Tool execution started").await;
                sleep(PAUSE).await;
                log(peer, "Tool processing data").await;
                sleep(PAUSE).await;
                log(peer, "Tool execution completed").await;
                Ok(text("done"))
            }
            "test_logging_tool" => {
                if context.meta.log_level().is_some() {
                    log(peer, "asked for").await;
                }
                Ok(text("done"))
            }
            "test_tool_with_progress" => {
                for progress in [0.0, 50.0, 100.0] {
                    if let Some(token) = context.meta.get_progress_token() {
                        let told =
                            ProgressNotificationParam::new(token, progress).with_total(100.0);
                        peer.notify_progress(told).await.unwrap();
                    }
                    sleep(PAUSE).await;
                }
                Ok(text("done"))
            }
            "test_missing_capability" => {
                let declared = context.client_capabilities();
                if declared.is_none_or(|declared| declared.sampling.is_none()) {
                    let needed = of(json!({"sampling": {}}));
                    return Err(ErrorData::missing_required_client_capability(needed));
                }
                Ok(text("done"))
            }
            "test_trigger_tool_change" => {
                self.tools.send_modify(|count| *count += 1);
                Ok(text("done"))
            }
            "test_trigger_prompt_change" => {
                self.prompts.send_modify(|count| *count += 1);
                Ok(text("done"))
            }
            _ => Err(ErrorData::invalid_params("There is no such tool.", None)),
        }
    }
}
