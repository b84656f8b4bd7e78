//! The report for people.

use std::fmt::Write;

use domain::connection::{
    ConnectionConfig, KnownConfiguration, Mistake, Posture,
    parameters::{Kind, Parameter, effective, whole_number},
};
use serde_json::Value;

use super::{Attempts, milliseconds, shown};
use crate::configuration::Configuration;

/// Sources, settings, connections, mistakes, and a verdict in the last line.
pub fn report_text(configuration: &Configuration, attempts: &Attempts) -> String {
    let mut text = String::new();
    section(&mut text, "Sources, later ones win", &configuration.sources);
    match &configuration.settings {
        Ok(settings) => {
            let lines: Vec<String> = settings
                .effective()
                .into_iter()
                .map(|setting| row(setting.key, &told(&setting.value, ""), setting.is_default))
                .collect();
            section(&mut text, "Settings of the server", &lines);
        }
        Err(mistakes) => mistakes_section(&mut text, "Settings of the server: INVALID", mistakes),
    }
    match &configuration.roles {
        Ok(Some(roles)) => {
            let names: Vec<String> = roles.names().map(str::to_owned).collect();
            section(&mut text, "Roles", &names);
        }
        Ok(None) => {}
        Err(mistakes) => mistakes_section(&mut text, "Roles: INVALID", mistakes),
    }
    if configuration.known.is_empty() {
        text.push_str("No connection is configured. Set DATABASE_URL, or DB_TYPE, DB_HOST, DB_USER, DB_PASSWORD and DB_NAME.\n\n");
    }
    for known in &configuration.known {
        connection(&mut text, known, attempts);
    }
    mistakes_section(&mut text, "Mistakes", &configuration.mistakes);
    mistakes_section(&mut text, "Warnings", &configuration.warnings);
    section(&mut text, "Seen and not used", &configuration.ignored);
    let valid = configuration
        .known
        .iter()
        .filter(|known| known.outcome.is_ok())
        .count();
    let unreached = attempts.values().filter(|attempt| attempt.is_err()).count();
    let verdict = if configuration.is_valid() && unreached == 0 {
        "All is well"
    } else {
        "Something is wrong"
    };
    let of = configuration.known.len();
    let mut line = format!("{verdict}: {valid} of {of} connections valid");
    if !attempts.is_empty() {
        write(
            &mut line,
            format_args!(
                ", {} of {} reached",
                attempts.len() - unreached,
                attempts.len()
            ),
        );
    }
    text.push_str(&line);
    text.push_str(".\n");
    text
}

fn connection(text: &mut String, known: &KnownConfiguration, attempts: &Attempts) {
    let heading = format!("Connection {}", known.name);
    match &known.outcome {
        Err(mistakes) => {
            write(
                text,
                format_args!("{heading}: INVALID, from {}\n", known.source),
            );
            mistake_lines(text, mistakes);
        }
        Ok(config) => {
            write(
                text,
                format_args!("{heading}: valid, from {}\n", known.source),
            );
            write(text, format_args!("  Policy: {}\n", policy(config)));
            for (parameter, value) in effective(config) {
                let facts = parameter.facts();
                let value = shown(known, parameter, value);
                let value = match facts.kind {
                    Kind::Whole { unit: "", .. } => value.to_string(),
                    Kind::Whole {
                        unit: "milliseconds",
                        ..
                    } => told(&value, " ms"),
                    _ => told(&value, ""),
                };
                let line = row(facts.key, &value, is_default(known, parameter));
                write(text, format_args!("  {line}\n"));
            }
        }
    }
    for note in &known.notes {
        write(text, format_args!("  Note: {note}\n"));
    }
    match attempts.get(&known.name) {
        None => {}
        Some(Ok(reached)) => {
            let tls = reached.server.tls.as_deref().unwrap_or("not encrypted");
            write(
                text,
                format_args!(
                    "  Connected: {} {}, {tls}, {} ms\n",
                    reached.server.product,
                    reached.server.version,
                    milliseconds(reached.latency)
                ),
            );
            posture_lines(text, &reached.posture);
        }
        Some(Err(failure)) => {
            let step = failure
                .step
                .map(|step| format!(" (step: {})", word(&step)))
                .unwrap_or_default();
            write(
                text,
                format_args!("  NOT CONNECTED: {}{step}\n", failure.message),
            );
            for further in [&failure.detail, &failure.hint].into_iter().flatten() {
                for line in further.lines() {
                    write(text, format_args!("    {line}\n"));
                }
            }
        }
    }
    text.push('\n');
}

/// What the role could do, and how to have one that cannot.
fn posture_lines(text: &mut String, posture: &Posture) {
    if posture.is_least_privilege() {
        text.push_str("  Posture: least privilege\n");
        return;
    }
    text.push_str("  Posture: more than reading\n");
    for finding in posture.findings() {
        let writes = if finding.writes { ", COULD WRITE" } else { "" };
        let word = finding.kind.as_str();
        write(text, format_args!("    {word}{writes}: {}\n", finding.what));
    }
    if let Some(remedy) = posture.remedy() {
        text.push_str("  A role that can only read:\n");
        for line in remedy.lines() {
            write(text, format_args!("    {line}\n"));
        }
    }
}

fn policy(config: &ConnectionConfig) -> String {
    if config.policy.is_read_only() {
        return "read-only; writes and schema changes are refused".to_owned();
    }
    let mut text = "READ-WRITE; writes and schema changes are allowed".to_owned();
    for allowance in config.policy.allowances.iter() {
        write(&mut text, format_args!(", {}", allowance.setting()));
    }
    text
}

fn is_default(known: &KnownConfiguration, parameter: Parameter) -> bool {
    let given = |parameter| known.exported.get(parameter).is_some();
    let by_another =
        parameter == Parameter::SslMode && (given(Parameter::Ssl) || given(Parameter::SslCa));
    !given(parameter) && !by_another
}

fn row(key: &str, value: &str, is_default: bool) -> String {
    let mark = if is_default { "  (default)" } else { "" };
    format!("{key:<20} {value}{mark}")
}

fn told(value: &Value, unit: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "unset".to_owned(),
        Value::Number(number) => {
            let number = number
                .as_u64()
                .map_or_else(|| number.to_string(), whole_number);
            format!("{number}{unit}")
        }
        other => other.to_string(),
    }
}

fn section<L: std::fmt::Display>(text: &mut String, heading: &str, lines: &[L]) {
    if lines.is_empty() {
        return;
    }
    write(text, format_args!("{heading}:\n"));
    for line in lines {
        write(text, format_args!("  {line}\n"));
    }
    text.push('\n');
}

fn mistakes_section(text: &mut String, heading: &str, mistakes: &[Mistake]) {
    if mistakes.is_empty() {
        return;
    }
    write(text, format_args!("{heading}:\n"));
    mistake_lines(text, mistakes);
    text.push('\n');
}

fn mistake_lines(text: &mut String, mistakes: &[Mistake]) {
    for mistake in mistakes {
        write(
            text,
            format_args!("  {}: {}\n", mistake.key, mistake.message),
        );
        if let Some(expected) = &mistake.expected {
            write(text, format_args!("    expected: {expected}\n"));
        }
        if let Some(meant) = &mistake.did_you_mean {
            write(text, format_args!("    did you mean: {meant}\n"));
        }
    }
}

/// Writing to a string cannot fail.
fn write(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = text.write_fmt(arguments);
}

/// The word of a step on the wire.
fn word(step: &impl serde::Serialize) -> String {
    serde_json::to_value(step)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
