//! `portolan call`: one tool from a shell, by the same path as a client's call.

use domain::Cancel;
use serde_json::{Map, Value};

use crate::assembly::Assembly;

/// What to print where, and the exit code: 0 for an answer, 1 for a failure, 2 for a call that cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub struct Called {
    pub text: String,
    pub exit_code: u8,
}

pub async fn run(assembly: Assembly, tool: &str, arguments: &str) -> Called {
    let called = call(&assembly, tool, arguments).await;
    assembly.close().await;
    called
}

async fn call(assembly: &Assembly, tool: &str, arguments: &str) -> Called {
    let arguments: Map<String, Value> = match serde_json::from_str(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            return Called {
                text: format!("The arguments must be one JSON object: {error}."),
                exit_code: 2,
            };
        }
    };
    match assembly
        .server
        .call(
            tool,
            arguments,
            assembly.server.local_caller(),
            Cancel::new(),
        )
        .await
    {
        Ok(outcome) => Called {
            exit_code: u8::from(outcome.is_error),
            text: outcome.text,
        },
        Err(explanation) => Called {
            text: explanation,
            exit_code: 2,
        },
    }
}
