//! The log: lines on the error stream, because the output stream belongs to the protocol.

use std::{
    io::{self, IsTerminal, Write},
    mem,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    log_line::JsonLine,
    settings::{LogFormat, LogLevel, Settings},
};

/// The crates whose lines follow the setting.
const OURS: [&str; 5] = ["adapters", "application", "bootstrap", "domain", "portolan"];

/// What may hold rows or whole statements: a notice is text of the database, and a slow statement is logged in full.
const SILENT: [&str; 2] = ["sqlx::query", "sqlx::postgres::notice"];

/// Which lines are written. Libraries write warnings at most, whatever the level: below that they tell of values.
fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::from_level(Level::WARN)))
        .with_targets(OURS.map(|target| (target, level)))
        .with_targets(SILENT.map(|target| (target, LevelFilter::OFF)))
}

/// The log as a layer, with its own filter, so that other layers may see more.
pub fn layer<S, W>(
    level: LogLevel,
    json: bool,
    colours: bool,
    writer: W,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colours);
    let targets = targets(level);
    if json {
        lines.event_format(JsonLine).with_filter(targets).boxed()
    } else {
        lines.with_filter(targets).boxed()
    }
}

/// Lines that wait to be written. Beyond these they are dropped.
const WAITING_LINES: usize = 4096;

/// How long the writer rests after it wrote. Waking it for every line would cost a busy server half of its processor
/// time; lines that come while it rests wait for the end of it, and are written together.
const REST: Duration = Duration::from_millis(20);

/// Gathers lines, writes them together when there are no more, and rests after that until the log ends.
struct Gathering<W> {
    lines: Vec<u8>,
    writer: W,
    end: Receiver<()>,
}

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self
            .writer
            .write_all(&self.lines)
            .and_then(|()| self.writer.flush());
        self.lines.clear();
        // Nothing is ever sent: it ends early when the log does.
        let _ = self.end.recv_timeout(REST);
        written
    }
}

/// The log while it is written. Dropping it writes what is still waiting, for a second at most.
#[derive(Debug)]
pub struct Log {
    rest: Option<Sender<()>>,
    writing: Option<WorkerGuard>,
    dropped: ErrorCounter,
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.rest.take());
        // Nobody reads the lines: waiting for that is in vain, and the writer would complain on standard output.
        if self.dropped.dropped_lines() > 0 {
            mem::forget(self.writing.take());
        }
    }
}

/// Begins to log to the error stream. A second start changes nothing.
///
/// A thread of its own writes the lines: whoever started the server may never read them, and a full pipe must not
/// stop the server.
#[must_use]
pub fn start(settings: &Settings) -> Log {
    let terminal = io::stderr().is_terminal();
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let (rest, end) = channel();
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        .finish(Gathering {
            lines: Vec::new(),
            writer: io::stderr(),
            end,
        });
    let dropped = writer.error_counter();
    let lines = layer(settings.log_level, json, terminal && !json, writer);
    // Only fails where a log has been started already, and then there is one.
    drop(tracing_subscriber::registry().with(lines).try_init());
    Log {
        rest: Some(rest),
        writing: Some(guard),
        dropped,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, json: bool, say: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber =
            tracing_subscriber::registry().with(layer(level, json, false, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, say);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn our_own_lines_follow_the_level_and_libraries_stop_at_warnings() {
        for (level, expected) in [
            (LogLevel::Error, &["ours error", "theirs error"][..]),
            (
                LogLevel::Warn,
                &["ours error", "theirs error", "ours warn", "theirs warn"],
            ),
            (
                LogLevel::Info,
                &[
                    "ours error",
                    "theirs error",
                    "ours warn",
                    "theirs warn",
                    "ours info",
                ],
            ),
            (
                LogLevel::Debug,
                &[
                    "ours error",
                    "theirs error",
                    "ours warn",
                    "theirs warn",
                    "ours info",
                    "ours debug",
                ],
            ),
        ] {
            let text = logged(level, false, || {
                tracing::error!(target: "portolan::x", "ours error");
                tracing::error!(target: "rmcp", "theirs error");
                tracing::warn!(target: "adapters", "ours warn");
                tracing::warn!(target: "sqlx::pool", "theirs warn");
                tracing::info!(target: "application", "ours info");
                tracing::info!(target: "rmcp::service", "theirs info");
                tracing::debug!(target: "bootstrap", "ours debug");
                tracing::debug!(target: "rustls", "theirs debug");
            });
            let said: Vec<&str> = text
                .lines()
                .map(|line| line.rsplit(": ").next().unwrap())
                .collect();
            assert_eq!(said, expected, "{level:?}");
        }
    }

    #[test]
    fn what_may_hold_rows_is_never_written() {
        let text = logged(LogLevel::Debug, true, || {
            tracing::error!(target: "sqlx::query", "SELECT 'row'");
            tracing::warn!(target: "sqlx::postgres::notice", "row");
        });

        assert_eq!(text, "");
    }

    #[test]
    fn a_line_of_json_has_its_fields_at_the_top() {
        let text = logged(LogLevel::Info, true, || {
            let cause = Some("a \"quote\"\n");
            tracing::info!(target: "portolan", rows = 3, took = 0.5, late = false, cause, none = None::<u64>, "done {}", 'é');
        });

        let (begin, rest) = text.split_once("Z\",").unwrap();
        assert_eq!(
            begin.len(),
            "{\"timestamp\":\"2026-11-21T20:15:49.123456".len(),
            "{text}"
        );
        assert_eq!(
            rest,
            "\"level\":\"INFO\",\"message\":\"done é\",\"rows\":3,\"took\":0.5,\"late\":false,\
             \"cause\":\"a \\\"quote\\\"\\n\",\"target\":\"portolan\"}\n"
        );
    }
}
