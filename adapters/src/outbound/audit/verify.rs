//! Looks whether an audit is whole.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use super::{
    chain::{ChainKey, Hash, Link, Sealing, Unread},
    head::{self, Ends, Unusable},
    rotated_file,
};

/// A line that somebody noted down: it must still be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub number: u64,
    pub hash: Hash,
}

/// How an audit is looked at.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The key it was written with.
    pub key: Option<ChainKey>,
    /// The chain may begin anew, as it does on a descriptor with each process.
    pub restarts: bool,
    pub anchor: Option<Anchor>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    pub files: usize,
    pub lines: u64,
    /// Of the first line, unless there is none.
    pub first: Option<u64>,
    /// The last line, to be noted down.
    pub last: Option<Anchor>,
    pub faults: Vec<Fault>,
    /// No faults, but good to know.
    pub notes: Vec<String>,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub file: PathBuf,
    /// The line of the file, from 1; nothing for its end.
    pub line: Option<u64>,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.what)
    }
}

/// Reads the files and those that were put aside from them. Fails with an explanation if that is not possible.
pub fn verify(files: &[PathBuf], options: &VerifyOptions) -> Result<Findings, String> {
    let sealing = Sealing::new(options.key.as_ref());
    let files: Vec<PathBuf> = files
        .iter()
        .map(|file| rotated_file::itself(file))
        .collect();
    let files = files.as_slice();
    // Before the lines: those that are added meanwhile must not be missed.
    let mut head = None;
    for file in files {
        let found = head::beside(file, &sealing).map_err(|unusable| match unusable {
            Unusable::NeedsKey => needs_key(file),
            other => format!("{}: {other}.", head::path_of(file).display()),
        })?;
        if let Some(found) = found {
            head = Some((file.clone(), found));
        }
    }
    let mut reading = Reading {
        sealing,
        restarts: options.restarts,
        anchor: options.anchor,
        before: None,
        torn: None,
        findings: Findings::default(),
    };
    let opened = open(files, options.restarts)?;
    reading.findings.files = opened.len();
    for (path, file) in opened {
        reading.file(&path, file)?;
    }
    reading.end(files, head);
    Ok(reading.findings)
}

fn needs_key(file: &Path) -> String {
    format!(
        "{}: was written with a key. Name its file with --key-file.",
        file.display()
    )
}

/// Every file once, the oldest first, by what their first lines say.
fn open(named: &[PathBuf], in_given_order: bool) -> Result<Vec<(PathBuf, File)>, String> {
    let mut seen = BTreeSet::new();
    let mut opened = Vec::new();
    // The heads are among them where a shell named everything that begins alike.
    let named = named
        .iter()
        .filter(|path| path.extension().is_none_or(|extension| extension != "head"));
    for path in named.flat_map(|path| rotated_file::all(path)) {
        if seen.insert(path.clone()) {
            let unread = |error: io::Error| format!("{}: cannot be read: {error}.", path.display());
            let file = File::open(&path).map_err(unread)?;
            let mut line = Vec::new();
            BufReader::new(File::open(&path).map_err(unread)?)
                .read_until(b'\n', &mut line)
                .map_err(unread)?;
            let number = Sealing::number(&String::from_utf8_lossy(&line));
            opened.push((number, path, file));
        }
    }
    // A file whose first line is unreadable stays behind the one it was found behind.
    let mut last = 0;
    for (number, ..) in &mut opened {
        last = number.unwrap_or(last);
        *number = Some(last);
    }
    if !in_given_order {
        opened.sort_by_key(|(number, ..)| *number);
    }
    Ok(opened
        .into_iter()
        .map(|(_, path, file)| (path, file))
        .collect())
}

/// The line before the one that is read.
#[derive(Clone, Copy)]
struct Before {
    number: u64,
    /// Nothing where it could not be read.
    hash: Option<Hash>,
}

struct Reading {
    sealing: Sealing,
    restarts: bool,
    anchor: Option<Anchor>,
    /// The line that the next one must follow.
    before: Option<Before>,
    /// A line without an end, if it was the last one read.
    torn: Option<Fault>,
    findings: Findings,
}

impl Reading {
    fn file(&mut self, path: &Path, file: File) -> Result<(), String> {
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            let read = reader
                .read_until(b'\n', &mut bytes)
                .map_err(|error| format!("{}: cannot be read: {error}.", path.display()))?;
            if read == 0 {
                break;
            }
            self.findings.faults.extend(self.torn.take());
            let is_whole = bytes.pop_if(|byte| *byte == b'\n').is_some();
            if is_whole {
                self.line(path, number, &bytes)?;
            } else {
                self.torn = Some(Fault {
                    file: path.to_owned(),
                    line: Some(number),
                    what: "ends in the middle of a line".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn fault(&mut self, file: &Path, line: Option<u64>, what: String) {
        self.findings.faults.push(Fault {
            file: file.to_owned(),
            line,
            what,
        });
    }

    fn line(&mut self, path: &Path, at: u64, bytes: &[u8]) -> Result<(), String> {
        self.findings.lines += 1;
        let text = String::from_utf8_lossy(bytes);
        let sealed = match self.sealing.read(&text) {
            Ok(sealed) => sealed,
            Err(Unread::NeedsKey) => return Err(needs_key(path)),
            Err(unread) => {
                self.fault(
                    path,
                    Some(at),
                    match unread {
                        Unread::HasNoKey => "was written without the key",
                        _ => "is not a line of an audit",
                    }
                    .to_owned(),
                );
                // Whatever it was, it stands where the next one should.
                if let Some(before) = &mut self.before {
                    before.number += 1;
                    before.hash = None;
                }
                return Ok(());
            }
        };
        let Link { number, hash } = sealed.link;
        let begins_anew = self.restarts && number == 1 && sealed.previous == Hash::NONE;
        let what = if !sealed.is_unchanged {
            Some("was changed".to_owned())
        } else if begins_anew {
            if self.before.is_some() {
                self.findings
                    .notes
                    .push(format!("{}:{at}: the chain begins anew.", path.display()));
            }
            None
        } else {
            self.before
                .and_then(|before| misplaced(before, number, sealed.previous))
        };
        if self.findings.first.is_none() {
            self.findings.first = Some(number);
        }
        if let Some(what) = what {
            self.fault(path, Some(at), what);
        }
        if self.anchor == Some(Anchor { number, hash }) {
            self.anchor = None;
        }
        self.findings.last = Some(Anchor { number, hash });
        self.before = Some(Before {
            number,
            hash: Some(hash),
        });
        Ok(())
    }

    /// What only the end shows.
    fn end(&mut self, named: &[PathBuf], head: Option<(PathBuf, Ends)>) {
        let last = self.findings.last.map_or(0, |last| last.number);
        let first = self.findings.first.unwrap_or(0);
        if let Some((path, ends)) = head {
            if first > ends.first {
                let what = format!(
                    "begins with line {first} of the chain; {} missing before it",
                    range(ends.first, first - 1)
                );
                self.fault(&path, None, what);
            }
            if last < ends.last.number {
                let what = format!(
                    "ends with line {last} of the chain; {} missing",
                    range(last + 1, ends.last.number)
                );
                self.fault(&path, None, what);
            }
            // Nobody was answered who waited for it: it is being written, or its process died of it.
            if self.torn.take().is_some() {
                self.findings
                    .notes
                    .push("The last line is not written to its end yet.".to_owned());
            }
        } else {
            let unseen =
                "There is no head beside it: lines that were cut off at the end would not show.";
            // Nobody has one of what was collected, and a line that was noted down vouches for what comes before it.
            match named.first() {
                Some(file) if !self.restarts && self.anchor.is_none() => {
                    let what = "has no head beside it, without which lines that were cut off at the end do not show";
                    self.fault(file, None, what.to_owned());
                }
                _ => self.findings.notes.push(unseen.to_owned()),
            }
            if first > 1 {
                self.findings
                    .notes
                    .push(format!("Begins with line {first} of the chain."));
            }
        }
        self.findings.faults.extend(self.torn.take());
        if let (Some(anchor), Some(file)) = (self.anchor, named.first()) {
            let what = format!(
                "line {} of the chain is not the one that was noted",
                anchor.number
            );
            self.fault(file, None, what);
        }
    }
}

/// Why a line cannot follow another.
fn misplaced(before: Before, number: u64, previous: Hash) -> Option<String> {
    let due = before.number + 1;
    if number > due {
        Some(format!(
            "is line {number} of the chain; {} missing before it",
            range(due, number - 1)
        ))
    } else if number < due {
        Some(format!(
            "is line {number} of the chain, and stands where {due} should"
        ))
    } else if before.hash.is_some_and(|hash| hash != previous) {
        Some(
            "does not follow the line before it: that one was put there, or written anew"
                .to_owned(),
        )
    } else {
        None
    }
}

fn range(from: u64, to: u64) -> String {
    if from == to {
        format!("line {from} is")
    } else {
        format!("lines {from} to {to} are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::audit::{
        lines::Lines,
        rotated_file::{RotatedFile, Rotation},
    };

    /// A folder of one test, with an audit in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("portolan-audit-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn audit(&self) -> PathBuf {
            self.0.join("audit.jsonl")
        }

        /// Writes lines as a process would, from its start to its end.
        fn write(&self, lines: usize, max_bytes: Option<u64>, key: Option<&ChainKey>) {
            let sealing = Sealing::new(key);
            let rotation = Rotation {
                max_bytes,
                keep: 3,
                sync: false,
            };
            let (file, last) = RotatedFile::open(&self.audit(), rotation, &sealing).unwrap();
            let mut chain = Lines::new(sealing, last, Box::new(file));
            let bodies = vec![r#"{"tool":"x"}"#; lines];
            let (written, outcome) = chain.append(bodies.into_iter());
            outcome.unwrap();
            assert_eq!(written, lines);
        }

        fn lines(&self) -> Vec<String> {
            let text = std::fs::read_to_string(self.audit()).unwrap();
            text.lines().map(str::to_owned).collect()
        }

        fn put(&self, lines: &[String]) {
            let ended: Vec<_> = lines
                .iter()
                .map(|line| [line.as_str(), "\n"].concat())
                .collect();
            std::fs::write(self.audit(), ended.concat()).unwrap();
        }

        fn findings(&self, options: &VerifyOptions) -> Findings {
            verify(&[self.audit()], options).unwrap()
        }

        fn faults(&self) -> Vec<(Option<u64>, String)> {
            self.findings(&VerifyOptions::default())
                .faults
                .into_iter()
                .map(|fault| (fault.line, fault.what))
                .collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    fn key() -> ChainKey {
        ChainKey::from_file(b"0123456789abcdef".to_vec()).unwrap()
    }

    #[test]
    fn a_head_that_was_removed_is_a_fault_unless_something_else_vouches_for_the_end() {
        let folder = Folder::new("no-head");
        folder.write(3, None, None);
        let last = folder.findings(&VerifyOptions::default()).last;
        std::fs::remove_file(head::path_of(&folder.audit())).unwrap();
        folder.put(&folder.lines()[..2]);

        let what =
            "has no head beside it, without which lines that were cut off at the end do not show";
        assert_eq!(folder.faults(), [(None, what.to_owned())]);
        folder.put(&folder.lines()[..1]);
        let anchored = folder.findings(&VerifyOptions {
            anchor: last,
            ..VerifyOptions::default()
        });
        assert_eq!(anchored.faults.len(), 1, "{:?}", anchored.faults);
        let collected = folder.findings(&VerifyOptions {
            restarts: true,
            ..VerifyOptions::default()
        });
        assert!(collected.faults.is_empty(), "{:?}", collected.faults);
    }

    #[test]
    fn whatever_is_done_to_a_line_is_told_with_its_place() {
        type Deed = fn(&mut Vec<String>);
        type Told = (Option<u64>, &'static str);
        let table: &[(&str, Deed, &[Told])] = &[
            ("nothing", |_| {}, &[]),
            (
                "changed",
                |lines| lines[2] = lines[2].replace("\"x\"", "\"y\""),
                &[(Some(3), "was changed")],
            ),
            (
                "removed",
                |lines| {
                    lines.remove(2);
                },
                &[(
                    Some(3),
                    "is line 4 of the chain; line 3 is missing before it",
                )],
            ),
            (
                "reordered",
                |lines| lines.swap(1, 2),
                &[
                    (
                        Some(2),
                        "is line 3 of the chain; line 2 is missing before it",
                    ),
                    (Some(3), "is line 2 of the chain, and stands where 4 should"),
                    (
                        Some(4),
                        "is line 4 of the chain; line 3 is missing before it",
                    ),
                ],
            ),
            (
                "doubled",
                |lines| lines.insert(3, lines[2].clone()),
                &[(Some(4), "is line 3 of the chain, and stands where 4 should")],
            ),
            (
                "no line",
                |lines| lines[2] = "hello".to_owned(),
                &[(Some(3), "is not a line of an audit")],
            ),
            (
                "written anew without those behind it",
                |lines| {
                    let sealing = Sealing::new(None);
                    let before = sealing.read(&lines[1]).unwrap().link;
                    lines[2] = sealing.next(r#"{"tool":"y"}"#, before).0;
                },
                &[(
                    Some(4),
                    "does not follow the line before it: that one was put there, or written anew",
                )],
            ),
            (
                "the end cut",
                |lines| lines.truncate(3),
                &[(
                    None,
                    "ends with line 3 of the chain; lines 4 to 5 are missing",
                )],
            ),
            (
                "the beginning cut",
                |lines| {
                    lines.drain(..2);
                },
                &[(
                    None,
                    "begins with line 3 of the chain; lines 1 to 2 are missing before it",
                )],
            ),
            (
                "everything cut",
                Vec::clear,
                &[(
                    None,
                    "ends with line 0 of the chain; lines 1 to 5 are missing",
                )],
            ),
        ];
        for (name, deed, expected) in table {
            let folder = Folder::new("deeds");
            folder.write(5, None, None);
            let mut lines = folder.lines();
            deed(&mut lines);
            folder.put(&lines);

            let faults = folder.faults();

            let told: Vec<_> = faults
                .iter()
                .map(|(line, what)| (*line, what.as_str()))
                .collect();
            assert_eq!(&told, expected, "{name}");
        }
    }

    #[test]
    fn a_chain_that_was_written_anew_shows_by_its_key_or_by_a_line_that_was_noted() {
        let folder = Folder::new("anew");
        folder.write(5, None, Some(&key()));
        let options = VerifyOptions {
            key: Some(key()),
            ..VerifyOptions::default()
        };
        let noted = folder.findings(&options).last;
        let other = Folder::new("anew-other");
        other.write(5, None, None);

        // WHEN somebody without the key writes all of it again
        for name in ["audit.jsonl", "audit.jsonl.head"] {
            std::fs::copy(other.0.join(name), folder.0.join(name)).unwrap();
        }

        // THEN
        assert_eq!(folder.faults(), []);
        let explanation = verify(&[folder.audit()], &options).unwrap_err();
        assert!(
            explanation.contains("written without a key"),
            "{explanation}"
        );
        let faults = folder
            .findings(&VerifyOptions {
                anchor: noted,
                ..VerifyOptions::default()
            })
            .faults;
        assert_eq!(
            faults[0].what,
            "line 5 of the chain is not the one that was noted"
        );
    }

    #[test]
    fn a_chain_goes_on_in_the_next_file_and_in_the_next_process() {
        let folder = Folder::new("rotation");
        for _ in 0..3 {
            folder.write(4, Some(700), None);
        }

        let findings = folder.findings(&VerifyOptions::default());

        assert_eq!(findings.faults, []);
        // Four lines a file, and two files put aside.
        assert_eq!(
            (findings.files, findings.first, findings.lines),
            (3, Some(1), 12)
        );
        assert_eq!(findings.last.map(|last| last.number), Some(12));
    }

    #[test]
    fn what_was_put_away_by_rotation_is_not_missed_and_what_was_by_hand_is() {
        let folder = Folder::new("kept");
        folder.write(20, Some(700), None);
        assert_eq!(folder.faults(), []);
        let first = folder.findings(&VerifyOptions::default()).first;
        assert_eq!(first, Some(5));

        std::fs::remove_file(folder.0.join("audit.jsonl.3")).unwrap();

        assert_eq!(
            folder.faults(),
            [(
                None,
                "begins with line 9 of the chain; lines 5 to 8 are missing before it".to_owned()
            )]
        );
    }

    #[test]
    fn what_was_cut_off_while_nobody_wrote_shows_after_the_next_lines_too() {
        let folder = Folder::new("cut");
        folder.write(5, None, None);
        let mut lines = folder.lines();
        lines.truncate(3);
        folder.put(&lines);

        folder.write(2, None, None);

        assert_eq!(
            folder.faults(),
            [(
                Some(4),
                "is line 6 of the chain; lines 4 to 5 are missing before it".to_owned()
            )]
        );
    }

    #[test]
    fn a_line_that_was_not_written_to_its_end_is_cut_off_by_the_next_process() {
        let folder = Folder::new("torn");
        folder.write(2, None, None);
        let mut text = std::fs::read_to_string(folder.audit()).unwrap();
        text.push_str("{\"seq\":3,\"to");
        std::fs::write(folder.audit(), text).unwrap();
        let findings = folder.findings(&VerifyOptions::default());
        assert_eq!(findings.faults, []);
        assert_eq!(
            findings.notes,
            ["The last line is not written to its end yet."]
        );

        folder.write(1, None, None);

        let findings = folder.findings(&VerifyOptions::default());
        assert_eq!((findings.faults, findings.lines), (Vec::new(), 3));
    }

    #[test]
    fn a_line_longer_than_what_is_looked_at_first_is_found_as_the_last_one() {
        let folder = Folder::new("long");
        let sealing = Sealing::new(None);
        let rotation = Rotation {
            max_bytes: None,
            keep: 1,
            sync: true,
        };
        for _ in 0..2 {
            let (file, last) = RotatedFile::open(&folder.audit(), rotation, &sealing).unwrap();
            let mut chain = Lines::new(sealing.clone(), last, Box::new(file));
            let body = format!("{{\"statement\":\"{}\"}}", "a".repeat(300_000));
            chain
                .append([body.as_str(), body.as_str()].into_iter())
                .1
                .unwrap();
        }

        assert_eq!(folder.faults(), []);
        assert_eq!(folder.lines().len(), 4);
    }

    #[test]
    fn files_that_a_shell_named_in_its_own_order_are_read_in_the_chains() {
        let folder = Folder::new("order");
        folder.write(9, Some(700), None);
        let files: Vec<_> = [
            "audit.jsonl",
            "audit.jsonl.1",
            "audit.jsonl.2",
            "audit.jsonl.head",
        ]
        .iter()
        .map(|name| folder.0.join(name))
        .collect();

        let findings = verify(&files, &VerifyOptions::default()).unwrap();

        assert_eq!((findings.faults, findings.files), (Vec::new(), 3));
    }

    #[test]
    fn a_chain_begins_anew_only_where_that_was_said() {
        let folder = Folder::new("restarts");
        folder.write(2, None, None);
        let lines = folder.lines();
        folder.put(&[lines.clone(), lines].concat());
        std::fs::remove_file(folder.0.join("audit.jsonl.head")).unwrap();

        assert_eq!(
            folder.faults()[0],
            (
                Some(3),
                "is line 1 of the chain, and stands where 3 should".to_owned()
            )
        );
        let options = VerifyOptions {
            restarts: true,
            ..VerifyOptions::default()
        };
        assert_eq!(folder.findings(&options).faults, []);
    }

    #[test]
    fn a_file_that_is_no_audit_is_not_written_to() {
        let folder = Folder::new("other");
        std::fs::write(folder.audit(), "my own notes\n").unwrap();
        let rotation = Rotation {
            max_bytes: None,
            keep: 1,
            sync: false,
        };

        let unopened = RotatedFile::open(&folder.audit(), rotation, &Sealing::new(None));

        assert!(unopened.is_err());
        let text = std::fs::read_to_string(folder.audit()).unwrap();
        assert_eq!(text, "my own notes\n");
    }
}
