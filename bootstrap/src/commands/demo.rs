//! `portolan demo`: a real client asks the real server about a shop, and the conversation is printed.

use std::{
    io::{self, Write},
    process::Stdio,
};

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, JsonObject},
    service::RunningService,
};
use serde_json::{Value, json};

use crate::environment::Environment;

type Client = RunningService<RoleClient, ()>;

/// A step of the tour: what is said to the person, and what the assistant asks.
struct Step {
    title: &'static str,
    tool: &'static str,
    arguments: Value,
}

/// What a process needs to find its folder for temporary files, and on Windows to start at all.
const KEPT_VARIABLES: [&str; 4] = ["TMPDIR", "TEMP", "TMP", "SYSTEMROOT"];

/// The widest line that is printed; an answer's text is folded to it.
const WIDTH: usize = 110;
/// The longest part of an answer that is printed.
const SHOWN: usize = 1_200;

fn tour() -> Vec<Step> {
    let query = |title, sql: &str| Step {
        title,
        tool: "execute_query",
        arguments: json!({ "sql": sql }),
    };
    vec![
        Step {
            title: "Connect. Nothing was open until now.",
            tool: "connect_from_config",
            arguments: json!({}),
        },
        query(
            "Look around: tables and views.",
            "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY type, name",
        ),
        Step {
            title: "Ask, with a bound parameter. The answer says how many rows there are, and when it was cut.",
            tool: "execute_query",
            arguments: json!({
                "sql": REVENUE_BY_CATEGORY,
                "params": ["2026-04-01"],
                "format": "markdown",
            }),
        },
        query(
            "A mistake. The failure says where it is and what was probably meant.",
            "SELECT emial FROM customers LIMIT 3",
        ),
        query(
            "A write. Connections are read-only unless their configuration says otherwise.",
            "DELETE FROM orders",
        ),
    ]
}

/// What the categories earned since a day.
const REVENUE_BY_CATEGORY: &str = "\
SELECT c.name AS category, count(DISTINCT o.id) AS orders, printf('%.2f', sum(i.quantity * i.unit_price)) AS revenue \
FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id \
JOIN categories c ON c.id = p.category_id \
WHERE o.ordered_at >= ? GROUP BY c.id ORDER BY sum(i.quantity * i.unit_price) DESC LIMIT 5";

/// Runs the tour against a server of this same program, and writes the conversation to `out`.
pub async fn run(out: &mut impl Write) -> io::Result<()> {
    let program = std::env::current_exe()?;
    // The tour is about the demo database alone: whatever is configured here, by variables or by a file in this
    // folder, stays out of it.
    let environment = Environment::of_process();
    let kept = KEPT_VARIABLES
        .into_iter()
        .filter_map(|name| environment.get(name).map(|value| (name, value)));
    let mut server = tokio::process::Command::new(&program)
        .args(["serve", "--demo"])
        .env_clear()
        .envs(kept)
        .env("MCP_LOG_LEVEL", "error")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(stdout), Some(stdin)) = (server.stdout.take(), server.stdin.take()) else {
        return Err(io::Error::other("the server has no standard streams"));
    };
    let client = ().serve((stdout, stdin)).await.map_err(io::Error::other)?;
    let toured = converse(&client, out).await;
    // Ends the server's input; it leaves by itself.
    client.cancel().await.map_err(io::Error::other)?;
    server.wait().await?;
    toured?;
    farewell(&program.display().to_string(), out)
}

async fn converse(client: &Client, out: &mut impl Write) -> io::Result<()> {
    let tools = client.list_all_tools().await.map_err(io::Error::other)?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    writeln!(
        out,
        "Portolan is running on a demo database, and this is what an assistant sees.\n"
    )?;
    writeln!(out, "Tools: {}\n", names.join(", "))?;
    for (number, step) in tour().into_iter().enumerate() {
        writeln!(out, "── {}. {}", number + 1, step.title)?;
        writeln!(out, "   assistant → {} {}", step.tool, step.arguments)?;
        let arguments = match step.arguments {
            Value::Object(arguments) => arguments,
            _ => JsonObject::new(),
        };
        let call = CallToolRequestParams::new(step.tool).with_arguments(arguments);
        let result = client.call_tool(call).await.map_err(io::Error::other)?;
        let who = if result.is_error == Some(true) {
            "failure"
        } else {
            "answer"
        };
        for content in &result.content {
            if let Some(text) = content.as_text() {
                print_answer(who, &text.text, out)?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Prints an answer as it came, folded; a Markdown table is printed as the table it is.
fn print_answer(who: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "   portolan → {who}, {} bytes", text.len())?;
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(table) = answer.get("markdown").and_then(Value::as_str) {
        for line in table.lines() {
            writeln!(out, "     {line}")?;
        }
        // What stands beside the table in the answer.
        for (name, value) in answer.as_object().into_iter().flatten() {
            if name != "markdown" {
                writeln!(out, "     {name}: {value}")?;
            }
        }
        return Ok(());
    }
    let characters: Vec<char> = text.chars().take(SHOWN).collect();
    for line in characters.chunks(WIDTH) {
        writeln!(out, "     {}", line.iter().collect::<String>())?;
    }
    if text.chars().count() > SHOWN {
        writeln!(out, "     …")?;
    }
    Ok(())
}

/// How the program is added to the common clients. `program` is where it is now.
fn farewell(program: &str, out: &mut impl Write) -> io::Result<()> {
    let quoted = Value::from(program);
    writeln!(out, "Add it to your client, with your own database:\n")?;
    writeln!(
        out,
        "  Claude Code      claude mcp add portolan -e DATABASE_URL=postgres://user:password@host/name -- '{program}'"
    )?;
    writeln!(
        out,
        "  Claude Desktop,  {{\"mcpServers\":{{\"portolan\":{{\"command\":{quoted},"
    )?;
    writeln!(
        out,
        "  Cursor           \"env\":{{\"DATABASE_URL\":\"postgres://user:password@host/name\"}}}}}}}}"
    )?;
    writeln!(
        out,
        "  VS Code          code --add-mcp '{{\"name\":\"portolan\",\"command\":{quoted},\"env\":{{\"DATABASE_URL\":\"…\"}}}}'"
    )?;
    writeln!(
        out,
        "  Codex            codex mcp add portolan --env DATABASE_URL=postgres://user:password@host/name -- '{program}'"
    )?;
    writeln!(
        out,
        "\nTo go on with this shop instead, leave the variable out and add: serve --demo"
    )
}
