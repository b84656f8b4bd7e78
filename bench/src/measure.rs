//! The measurements on one database: everybody does the same work in turn, round by round.

use std::{thread, time::Duration};

use crate::{
    Fallible,
    contender::{Contender, Running},
    figures::{Figure, Goal, Line, Ratio, float, median, microseconds, quantile},
    proc::{cpu_time, memory},
    table::{COLUMNS, Dialect, ROWS},
    work::{Query, Work},
};

/// How often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Calls of `SELECT 1` per round; everything else in proportion.
    pub(crate) calls: u32,
}

/// Rows of the smaller of the two large results, and of the one whose text is weighed.
pub(crate) const PAGE: u32 = 1_000;
/// Fresh processes of each contender whose memory is looked at.
const MEMORY_ROUNDS: u32 = 3;

/// What everybody does in every round.
struct Subject {
    title: &'static str,
    work: fn(u32) -> Work,
    /// How often that work is done in a round.
    times: u32,
    unit: &'static str,
    /// Whether there are enough calls for a 99th percentile.
    p99: bool,
    goal: fn(Dialect) -> Option<Goal>,
    /// The line for processor time that this work also gives, if it does.
    cpu: Option<&'static str>,
    how: &'static str,
}

fn calls(query: Query, calls: u32, warm_up: u32, pause_ms: u64) -> Work {
    Work::Calls {
        query,
        calls: calls.max(1),
        warm_up,
        first: 0,
        pause_ms,
    }
}

fn select_one_goal(dialect: Dialect) -> Goal {
    Goal::RatioAtMost(match dialect {
        Dialect::Postgres | Dialect::Mysql => 2.0,
        Dialect::Sqlite => 3.0,
    })
}

const IN_FLIGHT_HOW: &str = "SELECT 1; the direct client: as many tasks on a pool of 10 connections, not tested before use \
     (sqlx pings each one when it is given back); \
     servers: as many requests under way on their one input. Calls divided by the time of all of them";

const SUBJECTS: [Subject; 10] = [
    Subject {
        title: "start to first result",
        work: |_| Work::Start,
        times: 5,
        unit: "ms",
        p99: false,
        goal: |_| Some(Goal::ValueBelow(20.0)),
        cpu: None,
        how: "servers: process started, initialize, SELECT 1 answered; direct: connect, SELECT 1 in a running process",
    },
    Subject {
        title: "SELECT 1, back to back",
        work: |n| calls(Query::SelectOne, n, 50, 0),
        times: 1,
        unit: "µs",
        p99: true,
        goal: |dialect| Some(select_one_goal(dialect)),
        cpu: Some("CPU, SELECT 1 back to back"),
        how: "one connection; from the request's first byte to the answer's last",
    },
    Subject {
        title: "SELECT 1, 2 ms apart",
        work: |n| calls(Query::SelectOne, n / 5, 5, 2),
        times: 1,
        unit: "µs",
        p99: true,
        goal: |dialect| Some(select_one_goal(dialect)),
        cpu: None,
        how: "the same with a pause before each call, as work after the answer would otherwise delay the next call",
    },
    Subject {
        title: "point lookup, bound parameter",
        work: |n| calls(Query::Lookup, n / 2, 50, 0),
        times: 1,
        unit: "µs",
        p99: true,
        goal: |_| None,
        cpu: None,
        how: "one row of 8 columns by primary key, another key each time, the same text",
    },
    Subject {
        title: "point lookup, new text each time",
        work: |n| calls(Query::NewText, n / 5, 5, 0),
        times: 1,
        unit: "µs",
        p99: true,
        goal: |_| None,
        cpu: None,
        how: "the key and a number are written into the text, so that nobody has seen it before",
    },
    Subject {
        title: "1,000 rows × 8",
        work: |n| calls(Query::Rows(PAGE), n / 50, 2, 0),
        times: 1,
        unit: "ms",
        p99: false,
        goal: |_| None,
        cpu: None,
        how: "direct: all rows fetched and every cell looked at (decimal and timestamp as raw bytes); servers: until the \
              whole answer is read",
    },
    Subject {
        title: "50,000 rows × 8",
        work: |n| calls(Query::Rows(ROWS), n / 300, 1, 0),
        times: 1,
        unit: "ms",
        p99: false,
        goal: |_| Some(Goal::RatioAtMost(2.0)),
        cpu: None,
        how: "as 1,000 rows",
    },
    Subject {
        title: "1 call in flight",
        work: |n| Work::InFlight {
            in_flight: 1,
            calls: n,
        },
        times: 1,
        unit: "calls/s",
        p99: false,
        goal: |_| None,
        cpu: None,
        how: IN_FLIGHT_HOW,
    },
    Subject {
        title: "16 calls in flight",
        work: |n| Work::InFlight {
            in_flight: 16,
            calls: 2 * n,
        },
        times: 1,
        unit: "calls/s",
        p99: false,
        goal: |_| None,
        cpu: None,
        how: IN_FLIGHT_HOW,
    },
    Subject {
        title: "64 calls in flight",
        work: |n| Work::InFlight {
            in_flight: 64,
            calls: 2 * n,
        },
        times: 1,
        unit: "calls/s",
        p99: false,
        goal: |_| Some(Goal::RatioAtLeast(1.0 / 3.0)),
        cpu: Some("CPU, 64 SELECT 1 in flight"),
        how: IN_FLIGHT_HOW,
    },
];

/// One contender's work on one subject in one round.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// In the subject's unit.
    value: f64,
    p99: f64,
    cpu: Duration,
    calls: u64,
    text_bytes: Option<u64>,
}

/// A contender in the course of the rounds.
struct Runner<'a> {
    contender: &'a dyn Contender,
    running: Box<dyn Running + 'a>,
    /// For each subject: its rounds so far, or None once it has failed.
    series: Vec<Option<Vec<Round>>>,
}

/// Does all rounds and tells the result, and the troubles there were. The first contender is what the others are
/// compared with.
pub(crate) fn compare(
    contenders: &[&dyn Contender],
    dialect: Dialect,
    effort: Effort,
    say: &dyn Fn(&str),
) -> Fallible<(Vec<Line>, Vec<String>)> {
    let mut troubles = Vec::new();
    let mut runners = Vec::new();
    for contender in contenders {
        match contender.launch() {
            Ok(running) => runners.push(Runner {
                contender: *contender,
                running,
                series: vec![Some(Vec::new()); SUBJECTS.len()],
            }),
            Err(trouble) => troubles.push(format!("{}: {trouble}", contender.name())),
        }
    }
    for round in 0..effort.rounds {
        say(&format!("round {} of {}", round + 1, effort.rounds));
        for (index, subject) in SUBJECTS.iter().enumerate() {
            // Nobody is always the one that finds the caches as somebody else left them.
            let shift = usize::try_from(round)? % runners.len().max(1);
            runners.rotate_left(shift);
            for runner in &mut runners {
                if let Err(trouble) = runner.run(index, subject, round, effort.calls) {
                    troubles.push(format!(
                        "{}: {}: {trouble}",
                        runner.contender.name(),
                        subject.title
                    ));
                }
            }
            runners.rotate_right(shift);
        }
    }
    let mut lines = Vec::new();
    let mut cpu_lines = Vec::new();
    for (index, subject) in SUBJECTS.iter().enumerate() {
        lines.push(time_line(&runners, index, subject, dialect));
        cpu_lines.extend(cpu_line(&runners, index, subject));
    }
    lines.extend(cpu_lines);
    lines.extend(peer_text_line(&runners));
    Ok((lines, troubles))
}

impl Runner<'_> {
    fn run(&mut self, index: usize, subject: &Subject, round: u32, calls: u32) -> Fallible<()> {
        let mut work = (subject.work)(calls);
        if let Work::Calls { query, first, .. } = &mut work {
            if !self.contender.can(*query) {
                return Ok(());
            }
            *first = u64::from(round) * 1_000_000;
        }
        let Some(Some(rounds)) = self.series.get_mut(index) else {
            return Ok(());
        };
        match measure(&mut *self.running, subject, &work) {
            Ok(measured) => rounds.push(measured),
            Err(trouble) => {
                if let Some(series) = self.series.get_mut(index) {
                    *series = None;
                }
                return Err(trouble);
            }
        }
        Ok(())
    }

    fn rounds(&self, index: usize) -> Option<&[Round]> {
        let rounds = self.series.get(index)?.as_deref()?;
        (!rounds.is_empty()).then_some(rounds)
    }
}

fn measure(running: &mut dyn Running, subject: &Subject, work: &Work) -> Fallible<Round> {
    let cpu_before = cpu_time(running.pid())?;
    let mut times = Vec::new();
    let mut text_bytes = None;
    for _ in 0..subject.times {
        let performed = running.perform(work)?;
        times.extend(performed.times_ns.into_iter().map(microseconds));
        text_bytes = performed.text_bytes;
    }
    let cpu = cpu_time(running.pid())?.saturating_sub(cpu_before);
    let nothing = || format!("{}: nothing was timed", subject.title);
    let middle = median(&mut times).ok_or_else(nothing)?;
    let p99 = quantile(&mut times, 99).ok_or_else(nothing)?;
    let in_unit = |time: f64| match (subject.unit, work) {
        ("ms", _) => time / 1e3,
        ("calls/s", Work::InFlight { calls, .. }) => f64::from(*calls) * 1e6 / time,
        _ => time,
    };
    Ok(Round {
        value: in_unit(middle),
        p99: in_unit(p99),
        cpu,
        calls: work.calls_made() * u64::from(subject.times),
        text_bytes,
    })
}

fn time_line(runners: &[Runner<'_>], index: usize, subject: &Subject, dialect: Dialect) -> Line {
    let values = |rounds: &[Round]| rounds.iter().map(|round| round.value).collect::<Vec<_>>();
    let direct = runners
        .first()
        .and_then(|direct| direct.rounds(index))
        .map(values);
    let figures = runners.iter().enumerate().filter_map(|(place, runner)| {
        let rounds = runner.rounds(index)?;
        let ours = values(rounds);
        let mut p99s = rounds.iter().map(|round| round.p99).collect::<Vec<_>>();
        Some(Figure {
            who: runner.contender.name().to_owned(),
            value: median(&mut ours.clone())?,
            p99: subject.p99.then(|| median(&mut p99s)).flatten(),
            ratio: match &direct {
                Some(direct) if place > 0 => Ratio::of_rounds(&ours, direct),
                _ => None,
            },
        })
    });
    Line::new(
        subject.title,
        subject.unit,
        subject.how,
        figures.collect(),
        (subject.goal)(dialect),
    )
}

fn cpu_line(runners: &[Runner<'_>], index: usize, subject: &Subject) -> Option<Line> {
    let per_thousand_calls = |runner: &Runner<'_>| {
        let rounds = runner.rounds(index)?;
        let cpu = rounds.iter().map(|round| round.cpu).sum::<Duration>();
        let calls = rounds.iter().map(|round| round.calls).sum::<u64>();
        Some(cpu.as_secs_f64() * 1e6 / float(calls))
    };
    let direct = runners.first().and_then(per_thousand_calls);
    let figures = runners.iter().enumerate().filter_map(|(place, runner)| {
        let value = per_thousand_calls(runner)?;
        Some(Figure {
            ratio: direct
                .filter(|_| place > 0)
                .and_then(|direct| Ratio::of_totals(value, direct)),
            ..Figure::plain(runner.contender.name(), value)
        })
    });
    Some(Line::new(
        subject.cpu?,
        "ms per 1,000 calls",
        "user and system time of the process alone, over all rounds, from /proc/<pid>/stat (steps of 10 ms); neither the \
         database nor the driver of this benchmark is in it",
        figures.collect(),
        Some(Goal::ValueBelow(40.0)),
    ))
}

/// What peers answer 1,000 rows with. Portolan's own formats have lines of their own.
fn peer_text_line(runners: &[Runner<'_>]) -> Option<Line> {
    let index = SUBJECTS
        .iter()
        .position(|subject| (subject.work)(1).is_rows(PAGE))?;
    let figures = runners
        .iter()
        .skip(2)
        .filter_map(|runner| {
            let bytes = runner.rounds(index)?.last()?.text_bytes?;
            Some(Figure::plain(runner.contender.name(), per_cell(bytes)))
        })
        .collect::<Vec<_>>();
    (!figures.is_empty()).then(|| {
        Line::new(
            "text of 1,000 rows, peers",
            "bytes per cell",
            "bytes of result text divided by 8,000; whether a peer sent all the rows is not checked",
            figures,
            None,
        )
    })
}

/// Bytes of a page's text, told per cell.
pub(crate) fn per_cell(bytes: u64) -> f64 {
    float(bytes) / f64::from(PAGE * COLUMNS)
}

/// Looks at the memory of fresh processes: after their first answer, and after 50,000 rows.
pub(crate) fn compare_memory(
    contenders: &[&dyn Contender],
    say: &dyn Fn(&str),
) -> (Vec<Line>, Vec<String>) {
    let mut seen = vec![Vec::new(); contenders.len()];
    let mut troubles = Vec::new();
    let mut failed = vec![false; contenders.len()];
    for round in 0..MEMORY_ROUNDS {
        say(&format!("memory {} of {MEMORY_ROUNDS}", round + 1));
        for ((contender, seen), failed) in contenders.iter().zip(&mut seen).zip(&mut failed) {
            if *failed {
                continue;
            }
            match memory_of(*contender) {
                Ok(sizes) => seen.push(sizes),
                Err(trouble) => {
                    *failed = true;
                    troubles.push(format!("{}: memory: {trouble}", contender.name()));
                }
            }
        }
    }
    let line = |title: &str, how, which: usize, goal| {
        let figures = contenders
            .iter()
            .zip(&seen)
            .filter_map(|(contender, seen)| {
                let mut sizes = seen
                    .iter()
                    .filter_map(|sizes: &[u64; 3]| sizes.get(which))
                    .map(|bytes| float(*bytes) / 1e6)
                    .collect::<Vec<_>>();
                Some(Figure::plain(contender.name(), median(&mut sizes)?))
            });
        Line::new(title, "MB", how, figures.collect(), goal)
    };
    let lines = vec![
        line(
            "memory, idle",
            "VmRSS of a fresh process half a second after its first SELECT 1; MB of a million bytes",
            0,
            Some(Goal::ValueBelow(12.0)),
        ),
        line(
            "memory, after 50,000 rows",
            "VmRSS of the same process a second after that answer was read",
            1,
            Some(Goal::ValueBelow(40.0)),
        ),
        line("memory, peak", "VmHWM of the same process", 2, None),
    ];
    (lines, troubles)
}

fn memory_of(contender: &dyn Contender) -> Fallible<[u64; 3]> {
    let mut running = contender.launch()?;
    thread::sleep(Duration::from_millis(500));
    let idle = memory(running.pid())?;
    running.perform(&calls(Query::Rows(ROWS), 1, 0, 0))?;
    thread::sleep(Duration::from_secs(1));
    let after = memory(running.pid())?;
    Ok([idle.resident, after.resident, after.peak])
}
