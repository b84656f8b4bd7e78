//! A child process that is spoken to in lines: the server, a peer, the direct client.
//!
//! Plain blocking threads: the driver adds one write and one read to a call, and no scheduler of its own.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::Fallible;

/// Longest time for one stretch of work. Nothing measured here takes a tenth of it.
const PATIENCE: Duration = Duration::from_mins(3);
/// Longest time for a child to leave once its input has ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a child's standard input and output are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wiring {
    /// As a shell and most languages do it.
    Pipes,
    /// As Node.js does it.
    Socketpairs,
}

pub(crate) struct Child {
    name: String,
    pid: u32,
    process: Arc<Mutex<std::process::Child>>,
    /// None once the child has been told to leave.
    input: Option<Box<dyn Write + Send>>,
    output: BufReader<Box<dyn Read + Send>>,
    errors: PathBuf,
    /// Whether the watchdog has had to kill it.
    killed: Arc<AtomicBool>,
    watchdog: mpsc::Sender<Watch>,
}

/// What the watchdog is told.
enum Watch {
    /// Somebody waits for the child.
    Waiting,
    /// Nobody does.
    Idle,
}

impl Child {
    /// Starts `command`; what it says on its error stream goes to the file `errors`.
    pub(crate) fn start(
        name: &str,
        mut command: Command,
        wiring: Wiring,
        errors: &Path,
    ) -> Fallible<Self> {
        // What interrupts the benchmark at its terminal is not for the child: it leaves when its input ends.
        command.process_group(0);
        // Appended, because the same program may be running twice.
        command.stderr(File::options().create(true).append(true).open(errors)?);
        let ends = match wiring {
            Wiring::Pipes => {
                command.stdin(Stdio::piped()).stdout(Stdio::piped());
                None
            }
            Wiring::Socketpairs => {
                let (our_input, its_input) = UnixStream::pair()?;
                let (our_output, its_output) = UnixStream::pair()?;
                command
                    .stdin(OwnedFd::from(its_input))
                    .stdout(OwnedFd::from(its_output));
                Some((our_input, our_output))
            }
        };
        let mut process = command
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        // The command holds the child's ends of the sockets; they must close with the child.
        drop(command);
        let (input, output): (Box<dyn Write + Send>, Box<dyn Read + Send>) =
            match (ends, process.stdin.take(), process.stdout.take()) {
                (Some((input, output)), ..) => (Box::new(input), Box::new(output)),
                (None, Some(input), Some(output)) => (Box::new(input), Box::new(output)),
                _ => return Err(format!("{name} has no pipes").into()),
            };
        let pid = process.id();
        let process = Arc::new(Mutex::new(process));
        let (watchdog, watched) = mpsc::channel();
        let killed = Arc::new(AtomicBool::new(false));
        let (its_process, its_word) = (Arc::clone(&process), Arc::clone(&killed));
        thread::spawn(move || watch(&watched, &its_process, &its_word));
        Ok(Self {
            name: name.to_owned(),
            pid,
            process,
            input: Some(input),
            output: BufReader::with_capacity(256 * 1_024, output),
            errors: errors.to_owned(),
            killed,
            watchdog,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// From now until the guard is dropped, somebody waits for this child: it is killed should that take
    /// unreasonably long.
    pub(crate) fn wait_within_reason(&self) -> Waiting {
        // The watchdog listens for as long as there is a sender.
        let _ = self.watchdog.send(Watch::Waiting);
        Waiting(self.watchdog.clone())
    }

    /// Sends text that holds whole lines, in one write.
    pub(crate) fn send(&mut self, lines: &str) -> Fallible<()> {
        let Some(input) = &mut self.input else {
            return Err(format!("{} was told to leave", self.name).into());
        };
        input
            .write_all(lines.as_bytes())
            .and_then(|()| input.flush())
            .map_err(|error| self.lost(&error))
    }

    /// Replaces `line` by the child's next line; the time is when the line was whole.
    pub(crate) fn receive(&mut self, line: &mut Vec<u8>) -> Fallible<Instant> {
        line.clear();
        match self.output.read_until(b'\n', line) {
            Ok(0) => Err(self.lost(&io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(_) => Ok(Instant::now()),
            Err(error) => Err(self.lost(&error)),
        }
    }

    /// Whether [`Child::receive`] would return without waiting.
    pub(crate) fn has_line(&self) -> bool {
        self.output.buffer().contains(&b'\n')
    }

    fn lost(&self, error: &io::Error) -> crate::Trouble {
        let said = std::fs::read_to_string(&self.errors).unwrap_or_default();
        let last_lines = said.lines().rev().take(5).collect::<Vec<_>>();
        let last_words = last_lines.into_iter().rev().collect::<Vec<_>>().join("\n");
        let mut trouble = format!("{} was lost: {error}", self.name);
        if self.killed.load(Ordering::Relaxed) {
            trouble = format!(
                "{} was stopped after {} s without an answer",
                self.name,
                PATIENCE.as_secs()
            );
        }
        if !last_words.is_empty() {
            trouble = format!("{trouble}; its last words:\n{last_words}");
        }
        trouble.into()
    }
}

/// While this lives, somebody waits.
pub(crate) struct Waiting(mpsc::Sender<Watch>);

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.send(Watch::Idle);
    }
}

impl Drop for Child {
    /// Ends the child's input, and after a while the child.
    fn drop(&mut self) {
        self.input = None;
        let leave_by = Instant::now() + FAREWELL;
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(None) = process.try_wait() {
            if Instant::now() > leave_by {
                // It may have left in between; either way it is gone after the wait.
                let _ = process.kill();
                let _ = process.wait();
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Kills the process when somebody has waited too long; ends when the child is dropped.
fn watch(
    watched: &mpsc::Receiver<Watch>,
    process: &Mutex<std::process::Child>,
    killed: &AtomicBool,
) {
    while let Ok(watch) = watched.recv() {
        if matches!(watch, Watch::Waiting)
            && matches!(
                watched.recv_timeout(PATIENCE),
                Err(RecvTimeoutError::Timeout)
            )
        {
            killed.store(true, Ordering::Relaxed);
            // Fails only if it has just ended by itself.
            let _ = process
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .kill();
        }
    }
}
