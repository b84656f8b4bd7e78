//! Kinds of clients, by the names that they give themselves.

use super::OTHER;

/// What a name holds, in lower case, and what it is told as. The first that fits counts.
const CLIENTS: &[(&str, &str)] = &[
    ("claude-code", "claude_code"),
    ("claude", "claude_desktop"),
    ("cursor", "cursor"),
    ("visual studio code", "vscode"),
    ("vscode", "vscode"),
    ("copilot", "copilot"),
    ("windsurf", "windsurf"),
    ("zed", "zed"),
    ("cline", "cline"),
    ("roo", "roo"),
    ("continue", "continue"),
    ("goose", "goose"),
    ("jetbrains", "jetbrains"),
    ("codex", "codex"),
    ("gemini", "gemini"),
    ("openai", "openai"),
    ("chatgpt", "openai"),
    ("librechat", "librechat"),
    ("langchain", "langchain"),
    ("inspector", "inspector"),
];

/// One of few words, whatever the name.
pub(super) fn client_type(name: Option<&str>) -> &'static str {
    // A name can be as long as a message, and what a client is stands at its beginning.
    let name: String = name
        .unwrap_or_default()
        .chars()
        .take(64)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    CLIENTS
        .iter()
        .find(|(part, _)| name.contains(part))
        .map_or(OTHER, |(_, told)| told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_by_kind() {
        for (name, expected) in [
            (Some("claude-code"), "claude_code"),
            (Some("claude-ai"), "claude_desktop"),
            (Some("Visual Studio Code"), "vscode"),
            (Some("Cursor 1.2"), "cursor"),
            (Some("\"} 1\nmy_metric 5"), "other"),
            (Some(""), "other"),
            (None, "other"),
        ] {
            assert_eq!(client_type(name), expected, "{name:?}");
        }
    }
}
