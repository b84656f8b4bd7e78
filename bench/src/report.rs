//! The report, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::figures::{Figure, Line};

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// What the server says of itself.
    pub(crate) server: String,
    pub(crate) databases: Vec<DatabaseReport>,
    /// What does not depend on a database.
    pub(crate) anywhere: Vec<Line>,
    /// What could not be measured, and why.
    pub(crate) troubles: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processors: u16,
    pub(crate) load_before: String,
    pub(crate) load_after: String,
    pub(crate) rounds: u32,
    pub(crate) calls_per_round: u32,
    pub(crate) optimized: bool,
    pub(crate) stdio: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct DatabaseReport {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether the connections are encrypted, by contender; empty where there is no wire.
    pub(crate) encrypted: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
}

impl Report {
    pub(crate) fn table(&self) -> String {
        let Machine {
            processors,
            load_before,
            load_after,
            rounds,
            calls_per_round,
            optimized,
            stdio,
        } = &self.machine;
        let mut text = format!(
            "{} beside a direct sqlx client · {processors} processors, load {load_before} before and {load_after} after\n\
             {rounds} interleaved rounds, {calls_per_round} calls of SELECT 1 in each · server's stdio: {stdio}\n\
             Values are medians of the rounds' medians; × direct is the median of the rounds' ratios (smallest–largest).\n",
            self.server
        );
        if !optimized {
            text.push_str("NOT OPTIMIZED: this is a debug build, its figures mean nothing.\n");
        }
        let busy = |load: &str| {
            load.parse::<f32>()
                .is_ok_and(|load| load >= f32::from(*processors))
        };
        if busy(load_before) {
            text.push_str(
                "THE MACHINE IS BUSY with other work: a direct client and its database then share a processor and hand \
                 calls over faster than\nthey do on an idle machine, so ratios of single calls come out too high, and \
                 everything swings.\n",
            );
        }
        for database in &self.databases {
            let _ = write!(text, "\n{} {}", database.name, database.version);
            for (who, encrypted) in &database.encrypted {
                let _ = write!(text, " · {who} encrypted: {encrypted}");
            }
            text.push('\n');
            push_lines(&mut text, &database.lines);
        }
        text.push_str("\nAny database\n");
        push_lines(&mut text, &self.anywhere);
        text.push_str("\nHow\n");
        let lines = self.databases.iter().flat_map(|database| &database.lines);
        push_how(&mut text, lines.chain(&self.anywhere));
        if !self.troubles.is_empty() {
            text.push_str("\nCOULD NOT BE MEASURED\n");
            for trouble in &self.troubles {
                let _ = writeln!(text, "- {trouble}");
            }
        }
        text
    }
}

/// These lines alone, with how they were got.
pub(crate) fn lines(lines: &[Line]) -> String {
    let mut text = String::new();
    push_lines(&mut text, lines);
    text.push_str("\nHow\n");
    push_how(&mut text, lines.iter());
    text
}

/// Each explanation once, with all that it is for.
fn push_how<'a>(text: &mut String, lines: impl Iterator<Item = &'a Line>) {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        match told.iter_mut().find(|(how, _)| *how == line.how) {
            Some((_, subjects)) if subjects.contains(&line.subject.as_str()) => {}
            Some((_, subjects)) => subjects.push(&line.subject),
            None => told.push((line.how, vec![&line.subject])),
        }
    }
    for (how, subjects) in told {
        let _ = writeln!(text, "- {}: {how}.", subjects.join("; "));
    }
}

fn push_lines(text: &mut String, lines: &[Line]) {
    let mut table =
        vec![["", "unit", "who", "median", "p99", "× direct", "target"].map(str::to_owned)];
    for line in lines {
        for (place, figure) in line.figures.iter().enumerate() {
            let first = place == 0;
            table.push([
                if first {
                    line.subject.clone()
                } else {
                    String::new()
                },
                if first {
                    line.unit.to_owned()
                } else {
                    String::new()
                },
                figure.who.clone(),
                number(figure.value),
                figure.p99.map(number).unwrap_or_default(),
                ratio(figure),
                target(line, figure),
            ]);
        }
    }
    let widths: [usize; 7] = std::array::from_fn(|column| {
        table
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    });
    for row in table {
        let mut printed = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // The figures stand under each other by their right ends.
            let _ = match column {
                3 | 4 => write!(printed, "{cell:>width$}  "),
                _ => write!(printed, "{cell:<width$}  "),
            };
        }
        text.push_str(printed.trim_end());
        text.push('\n');
    }
}

fn ratio(figure: &Figure) -> String {
    match figure.ratio {
        None => String::new(),
        Some(ratio) => match ratio.range {
            Some((least, most)) => format!("{:.2}× ({least:.2}–{most:.2})", ratio.median),
            None => format!("{:.2}×", ratio.median),
        },
    }
}

fn target(line: &Line, figure: &Figure) -> String {
    match &line.target {
        Some(target) if figure.who == "portolan" => {
            let verdict = if target.met { "met" } else { "MISSED" };
            format!("{}: {verdict}", target.text)
        }
        _ => String::new(),
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
