//! A server of the suite's fixtures, over the transport of the built one.

use std::{net::Ipv4Addr, sync::Arc};

use adapters::inbound::http::{Anonymous, HttpOptions, HttpServer, Listener, Routes};
use domain::calls::Caller;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities,
        ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
        UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{
    complete, of, rounds,
    tools::{self, Changes, PNG, image},
};

/// It serves until it is dropped.
pub(super) struct FixtureServer {
    port: u16,
    serving: JoinHandle<()>,
}

impl FixtureServer {
    pub(super) async fn start() -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())
            .await
            .unwrap();
        let port = listener.address().unwrap().port();
        let server = HttpServer::new(
            Fixture::default(),
            Ipv4Addr::LOCALHOST.into(),
            Arc::new(Anonymous(Arc::new(Caller::local()))),
            HttpOptions::default(),
            Routes::default(),
        );
        let serving = server.serve(listener, std::future::pending(), || {});
        Self {
            port,
            serving: tokio::spawn(serving),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }
}

impl Drop for FixtureServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone, Default)]
struct Fixture {
    changes: Changes,
}

/// Whether the request belongs to a revision without a handshake.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| !version.has_initialize())
}

/// A list, and in the newer revision for how long it holds.
fn listed<T: DeserializeOwned>(mut list: Value, context: &RequestContext<RoleServer>) -> T {
    if is_modern(context) {
        list["ttlMs"] = json!(1_000);
        list["cacheScope"] = json!("private");
    }
    complete(list)
}

fn prompt(name: &str, arguments: &Value) -> Option<Value> {
    let said = |content: Value| json!({"role": "user", "content": content});
    let text = |text: &str| json!({"type": "text", "text": text});
    let argument = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
    let messages = match name {
        "test_simple_prompt" => json!([said(text("This is a simple prompt for testing."))]),
        "test_prompt_with_arguments" => json!([said(text(&format!(
            "Prompt with arguments: arg1='{}', arg2='{}'",
            argument("arg1"),
            argument("arg2")
        )))]),
        "test_prompt_with_embedded_resource" => json!([
            said(json!({"type": "resource", "resource": {
                "uri": argument("resourceUri"),
                "mimeType": "text/plain",
                "text": "Embedded resource content for testing.",
            }})),
            said(text("Please process the embedded resource above.")),
        ]),
        "test_prompt_with_image" => {
            json!([said(image()), said(text("Please analyze the image above."))])
        }
        _ => return None,
    };
    Some(json!({"messages": messages}))
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities: ServerCapabilities = of(json!({
            "tools": {"listChanged": true},
            "prompts": {"listChanged": true},
            "resources": {"subscribe": true, "listChanged": true},
            "logging": {},
            "completions": {},
        }));
        ServerConfig::new(capabilities).with_server_info(Implementation::new("fixture", "0"))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let names = tools::TOOLS.iter().chain(rounds::TOOLS);
        let tools: Vec<Value> = names.map(|name| tools::tool(name)).collect();
        Ok(listed(json!({"tools": tools}), &context))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::TOOLS.contains(&name).then(|| of(tools::tool(name)))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(answer) = rounds::of_tool(&request, &context) {
            return answer;
        }
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let answer = self
            .changes
            .run(&request.name, &arguments, &context)
            .await?;
        Ok(CallToolResponse::Complete(complete(answer)))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |name: &str, arguments: &[&str]| {
            let arguments: Vec<Value> = arguments
                .iter()
                .map(|name| json!({"name": name, "description": "Any.", "required": true}))
                .collect();
            json!({"name": name, "description": "For the conformance suite.", "arguments": arguments})
        };
        let prompts = json!({"prompts": [
            prompt(rounds::PROMPT, &[]),
            prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
            prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
            prompt("test_prompt_with_image", &[]),
            prompt("test_simple_prompt", &[]),
        ]});
        Ok(listed(prompts, &context))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name == rounds::PROMPT {
            return Ok(rounds::of_prompt(&request));
        }
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        match prompt(&request.name, &arguments) {
            Some(messages) => Ok(GetPromptResponse::Complete(complete(messages))),
            None => Err(ErrorData::invalid_params("There is no such prompt.", None)),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources = json!({"resources": [
            {"uri": "test://static-text", "name": "text", "mimeType": "text/plain"},
            {"uri": "test://static-binary", "name": "binary", "mimeType": "image/png"},
            {"uri": "test://watched-resource", "name": "watched", "mimeType": "text/plain"},
        ]});
        Ok(listed(resources, &context))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = json!({"resourceTemplates": [
            {"uriTemplate": "test://template/{id}/data", "name": "data", "mimeType": "application/json"},
        ]});
        Ok(listed(templates, &context))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let of_template = uri
            .strip_prefix("test://template/")
            .and_then(|rest| rest.strip_suffix("/data"));
        let mut found = match (uri, of_template) {
            ("test://static-text", _) => {
                json!({"mimeType": "text/plain", "text": "This is the content of the static text resource."})
            }
            ("test://static-binary", _) => json!({"mimeType": "image/png", "blob": PNG}),
            ("test://watched-resource", _) => json!({"mimeType": "text/plain", "text": "watched"}),
            (_, Some(id)) => {
                let data =
                    json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                json!({"mimeType": "application/json", "text": data.to_string()})
            }
            _ => {
                let data = json!({"uri": uri});
                return Err(ErrorData::resource_not_found(
                    "There is no such resource.",
                    Some(data),
                ));
            }
        };
        found["uri"] = json!(uri);
        let result: ReadResourceResult = listed(json!({"contents": [found]}), &context);
        Ok(result.into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(complete(
            json!({"completion": {"values": ["paris", "park", "party"]}}),
        ))
    }

    async fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        asked: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(asked.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut tools = self.changes.tools.subscribe();
        let mut prompts = self.changes.prompts.subscribe();
        loop {
            // What the client did not ask for is not sent, and it may leave at any time.
            let _ = tokio::select! {
                () = context.cancelled() => return Ok(()),
                _ = tools.changed() => context.sink().notify_tool_list_changed().await,
                _ = prompts.changed() => context.sink().notify_prompt_list_changed().await,
            };
        }
    }
}
