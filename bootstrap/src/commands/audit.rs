//! `portolan audit verify`: whether an audit is whole.

use std::fmt::Write;

use adapters::outbound::{Findings, VerifyOptions, verify};

use crate::{assembly::audit_key, cli::VerifyArguments};

/// Faults that are told one by one.
const TOLD: usize = 100;

/// What to print, and the exit code: 0 for an audit that is whole, 1 for one that is not.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    pub text: String,
    pub exit_code: u8,
}

/// Fails with an explanation if the audit cannot be read.
pub fn verify_files(arguments: &VerifyArguments) -> Result<Report, String> {
    let key = arguments.key_file.as_deref().map(audit_key).transpose()?;
    let options = VerifyOptions {
        key,
        restarts: arguments.restarts,
        anchor: arguments.holds,
    };
    let findings = verify(&arguments.files, &options)?;
    Ok(Report {
        exit_code: u8::from(!findings.faults.is_empty()),
        text: text(&findings),
    })
}

fn text(findings: &Findings) -> String {
    let mut text = String::new();
    let mut say = |line: &dyn std::fmt::Display| {
        // Nothing keeps a text from getting longer.
        let _ = writeln!(text, "{line}");
    };
    for fault in findings.faults.iter().take(TOLD) {
        say(fault);
    }
    let untold = findings.faults.len().saturating_sub(TOLD);
    if untold > 0 {
        say(&format_args!("and {untold} more."));
    }
    for note in &findings.notes {
        say(note);
    }
    let verdict = match findings.faults.len() {
        0 => "The audit is whole".to_owned(),
        1 => "The audit has 1 fault".to_owned(),
        faults => format!("The audit has {faults} faults"),
    };
    say(&format_args!(
        "{verdict}: lines: {}, files: {}.",
        findings.lines, findings.files
    ));
    if let Some(last) = findings.last {
        say(&format_args!(
            "Its last line is {}:{}",
            last.number, last.hash
        ));
    }
    text
}
