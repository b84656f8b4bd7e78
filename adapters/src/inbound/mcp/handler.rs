//! The server as a client sees it: who it is, and an answer to each request of the protocol.

use std::sync::LazyLock;

use application::registry::Visitor;
use domain::Cancel;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
        CompleteResult, ContentBlock, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
        GetPromptRequestParams, GetPromptResponse, Implementation, InitializeRequestParams,
        InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
        ListToolsResult, MetaObject, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};

use super::{completion, prompts, resources, server::McpServer, transport::explain_params};

/// What every client is told first. Clients show the model little more than this before a tool is chosen.
const INSTRUCTIONS: &str = include_str!("instructions.md");

/// How long a client may take for granted what does not change while the process runs.
const FIXED_TTL_MS: u64 = 300_000;
/// And which connections there are: a call can add some.
const CONNECTIONS_TTL_MS: u64 = 10_000;
/// And what a database holds: as long as we do.
const SCHEMA_TTL_MS: u64 = 2_000;

fn implementation() -> Implementation {
    Implementation::new("portolan", env!("CARGO_PKG_VERSION")).with_title("Portolan")
}

/// Without a handshake every result says who answers.
fn who_answers() -> MetaObject {
    static IT: LazyLock<MetaObject> = LazyLock::new(|| {
        let mut meta = MetaObject::new();
        if let Ok(implementation) = serde_json::to_value(implementation()) {
            meta.0.insert(
                "io.modelcontextprotocol/serverInfo".to_owned(),
                implementation,
            );
        }
        meta
    });
    IT.clone()
}

/// Whether the request belongs to a revision without a handshake.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| !version.has_initialize())
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_resources()
                .enable_prompts()
                .enable_completions()
                .build(),
        )
        .with_server_info(implementation())
        .with_instructions(INSTRUCTIONS.trim_end())
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.observed("ping", &context, async { Ok(()) }).await
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let begun = async {
            context.peer.set_peer_info(request.clone());
            self.negotiate_initialize(&request)
        };
        let result = self.observed("initialize", &context, begun).await?;
        self.joined(&request.client_info, &context);
        Ok(result)
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let found = async {
            Ok(DiscoverResult::from_server_info(
                self.supported_protocol_versions().into_owned(),
                self.get_info(),
            ))
        };
        self.observed("server/discover", &context, found).await
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let answer = async {
            let grant = self.grant(&self.caller_of(&context));
            let mut tools = ListToolsResult::with_all_items(self.toolbox().definitions(&grant));
            if is_modern(&context) {
                tools.meta = Some(who_answers());
                tools = tools
                    .with_ttl_ms(FIXED_TTL_MS)
                    .with_cache_scope(CacheScope::Private);
            }
            Ok(tools)
        };
        self.observed("tools/list", &context, answer).await
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.toolbox().definition(name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let cancel = Cancel::new();
        let arguments = request.arguments.unwrap_or_default();
        let call = self.call(
            &request.name,
            arguments,
            self.caller_of(&context),
            cancel.clone(),
        );
        let outcome = self
            .attend(call, &cancel, &context)
            .await
            .map_err(|unknown| ErrorData::invalid_params(unknown, None))?;
        let structured = self.toolbox().is_structured(&request.name) && !outcome.is_error;
        let mut result = CallToolResult::default();
        result.is_error = Some(outcome.is_error);
        result.structured_content = structured
            .then(|| serde_json::from_str(&outcome.text).ok())
            .flatten();
        result.meta = is_modern(&context).then(who_answers);
        result.content = vec![ContentBlock::text(outcome.text)];
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let answer = async {
            let caller = self.caller_of(&context);
            let grant = self.grant(&caller);
            let view = self.seen_by(Visitor {
                caller: &caller,
                grant: &grant,
                tool: Some(resources::BY_RIGHT_OF),
            });
            let mut resources = ListResourcesResult::with_all_items(resources::list(&view));
            if is_modern(&context) {
                resources.meta = Some(who_answers());
                resources = resources
                    .with_ttl_ms(CONNECTIONS_TTL_MS)
                    .with_cache_scope(CacheScope::Private);
            }
            Ok(resources)
        };
        self.observed("resources/list", &context, answer).await
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let answer = async {
            let mut templates = ListResourceTemplatesResult::with_all_items(resources::templates());
            if is_modern(&context) {
                templates.meta = Some(who_answers());
                templates = templates
                    .with_ttl_ms(FIXED_TTL_MS)
                    .with_cache_scope(CacheScope::Private);
            }
            Ok(templates)
        };
        self.observed("resources/templates/list", &context, answer)
            .await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let cancel = Cancel::new();
        // On the heap: rmcp keeps room for the largest of all answers in each of them.
        let reading = Box::pin(resources::read(
            self,
            &request.uri,
            self.caller_of(&context),
            cancel.clone(),
        ));
        let contents = self.attend(reading, &cancel, &context).await?;
        let mut result = ReadResourceResult::new(vec![contents]);
        if is_modern(&context) {
            result.meta = Some(who_answers());
            result = result
                .with_ttl_ms(SCHEMA_TTL_MS)
                .with_cache_scope(CacheScope::Private);
        }
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let cancel = Cancel::new();
        let completing = Box::pin(completion::complete(
            self,
            &request,
            self.caller_of(&context),
            cancel.clone(),
        ));
        let mut result = CompleteResult::new(self.attend(completing, &cancel, &context).await);
        result.meta = is_modern(&context).then(who_answers);
        Ok(result)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let answer = async {
            let mut prompts = ListPromptsResult::with_all_items(prompts::list());
            if is_modern(&context) {
                prompts.meta = Some(who_answers());
                prompts = prompts
                    .with_ttl_ms(FIXED_TTL_MS)
                    .with_cache_scope(CacheScope::Private);
            }
            Ok(prompts)
        };
        self.observed("prompts/list", &context, answer).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let answer = async {
            let arguments = request.arguments.unwrap_or_default();
            let caller = self.caller_of(&context);
            let grant = self.grant(&caller);
            let view = self.seen_by(Visitor {
                caller: &caller,
                grant: &grant,
                tool: None,
            });
            let mut result = prompts::get(&view, &request.name, &arguments)?;
            result.meta = is_modern(&context).then(who_answers);
            Ok(result.into())
        };
        self.observed("prompts/get", &context, answer).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // The library takes what it cannot read for a method that it does not know. Where there is no handshake there is
        // no such method either.
        let is_known = !is_modern(&context) || request.method != "initialize";
        let mistake = explain_params(&request.method, request.params.as_ref());
        let refused = match mistake {
            Some(mistake) if is_known => ErrorData::invalid_params(mistake, None),
            _ => ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                format!("There is no method `{}`.", request.method),
                None,
            ),
        };
        // Clients can make up any number of names.
        self.observed("other", &context, async { Err(refused) })
            .await
    }
}
