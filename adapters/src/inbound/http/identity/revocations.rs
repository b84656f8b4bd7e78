//! Who is not let in any more, before their tokens expire: a file that is read again whenever it has changed.

use std::{
    collections::HashSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use domain::calls::{Principal, RevocationList};
use tokio::task::AbortHandle;

/// Between two looks at the file.
const PAUSE: Duration = Duration::from_secs(1);
/// A file that changed more recently than this may have changed again within the same tick of its clock.
const UNSETTLED: Duration = Duration::from_secs(3);
const LONGEST: u64 = 16 << 20;

/// What the file lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    ids: HashSet<String>,
    subjects: HashSet<String>,
    principals: HashSet<String>,
}

impl Revoked {
    /// A line is `jti`, `sub` or `principal` and what is revoked; `#` begins a remark. The mistake names the first line
    /// that is neither.
    fn parse(text: &str) -> (Self, Option<String>) {
        let mut revoked = Self::default();
        let mut mistake = None;
        // Editors on Windows write a mark in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (kind, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let list = match kind {
                "jti" => Some(&mut revoked.ids),
                "sub" => Some(&mut revoked.subjects),
                "principal" => Some(&mut revoked.principals),
                _ => None,
            };
            match list {
                Some(list) if !value.trim().is_empty() => {
                    list.insert(value.trim().to_owned());
                }
                _ => {
                    mistake.get_or_insert_with(|| {
                        format!(
                            "line {} is neither `jti ID`, `sub SUBJECT` nor `principal NAME`",
                            number + 1
                        )
                    });
                }
            }
        }
        (revoked, mistake)
    }

    /// Blocks. Every line must be right.
    pub fn read(path: &Path) -> Result<Self, String> {
        match Self::read_what_is_right(path)? {
            (revoked, None) => Ok(revoked),
            (_, Some(mistake)) => Err(mistake),
        }
    }

    fn read_what_is_right(path: &Path) -> Result<(Self, Option<String>), String> {
        let mut text = String::new();
        let read =
            File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
        match read {
            Err(error) => Err(error.kind().to_string()),
            Ok(length) if length as u64 > LONGEST => Err("it is too large".to_owned()),
            Ok(_) => Ok(Self::parse(&text)),
        }
    }

    /// What is on either list.
    fn and(mut self, other: &Self) -> Self {
        self.ids.extend(other.ids.iter().cloned());
        self.subjects.extend(other.subjects.iter().cloned());
        self.principals.extend(other.principals.iter().cloned());
        self
    }

    pub(super) fn holds(
        &self,
        principal: &Principal,
        subject: Option<&str>,
        id: Option<&str>,
    ) -> bool {
        self.principals.contains(principal.as_str())
            || subject.is_some_and(|subject| self.subjects.contains(subject))
            || id.is_some_and(|id| self.ids.contains(id))
    }
}

/// A list and the file it is in.
#[derive(Debug, Clone)]
pub struct RevocationFile {
    pub path: PathBuf,
    /// As it was when it was read first.
    pub revoked: Revoked,
}

/// The list in force, read again by a task of its own for as long as this lives.
#[derive(Debug)]
pub(super) struct Revocations {
    list: Arc<RwLock<Arc<Revoked>>>,
    task: Option<AbortHandle>,
}

impl Drop for Revocations {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Revocations {
    pub(super) fn of(file: Option<RevocationFile>) -> Self {
        let (path, revoked) = match file {
            Some(file) => (Some(file.path), file.revoked),
            None => (None, Revoked::default()),
        };
        let list = Arc::new(RwLock::new(Arc::new(revoked)));
        let task = path.map(|path| tokio::spawn(watch(path, Arc::clone(&list))).abort_handle());
        Self { list, task }
    }

    pub(super) fn now(&self) -> Arc<Revoked> {
        Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What all processes are told, asked for by a task of its own for as long as this lives.
#[derive(Debug)]
pub(super) struct SharedList {
    /// Nothing before it could be had once: somebody may stand on it.
    list: Arc<RwLock<Option<Arc<Revoked>>>>,
    task: AbortHandle,
}

impl Drop for SharedList {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SharedList {
    pub(super) fn of(source: Arc<dyn RevocationList>) -> Self {
        let list = Arc::new(RwLock::default());
        let task = tokio::spawn(follow(source, Arc::clone(&list))).abort_handle();
        Self { list, task }
    }

    pub(super) fn now(&self) -> Option<Arc<Revoked>> {
        self.list
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn follow(source: Arc<dyn RevocationList>, list: Arc<RwLock<Option<Arc<Revoked>>>>) {
    let mut complained = false;
    loop {
        // While it cannot be had, the one before stays in force.
        if let Some(lines) = source.lines().await {
            let (revoked, mistake) = Revoked::parse(&lines.join("\n"));
            if mistake.is_none() {
                complained = false;
            } else if !std::mem::replace(&mut complained, true) {
                tracing::error!(
                    "the shared list of revoked tokens has a member that is neither `jti ID`, `sub SUBJECT` nor \
                     `principal NAME`; the others are in force, and those before stay so"
                );
            }
            let mut list = list.write().unwrap_or_else(PoisonError::into_inner);
            let revoked = match (list.as_deref(), mistake) {
                (_, None) => Some(revoked),
                (Some(before), Some(_)) => Some(revoked.and(before)),
                // Whom the member was to name is not known.
                (None, Some(_)) => None,
            };
            if let Some(revoked) = revoked
                && list.as_deref() != Some(&revoked)
            {
                *list = Some(Arc::new(revoked));
                tracing::info!("the shared list of revoked tokens is in force");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// When a file was written, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn is_settled(stamp: Stamp) -> bool {
    stamp.is_some_and(|(written, _)| written.elapsed().is_ok_and(|age| age > UNSETTLED))
}

async fn watch(path: PathBuf, list: Arc<RwLock<Arc<Revoked>>>) {
    let path = Arc::new(path);
    let mut known: Stamp = None;
    let mut complained = false;
    loop {
        tokio::time::sleep(PAUSE).await;
        let asked = Arc::clone(&path);
        let looked = tokio::task::spawn_blocking(move || {
            let now = stamp(&asked);
            (now != known || !is_settled(now)).then(|| (now, Revoked::read_what_is_right(&asked)))
        });
        let Ok(Some((now, outcome))) = looked.await else {
            continue;
        };
        // Whoever was on the list stays out; nobody is let in by a file that is gone, or by a slip in it.
        let reason = match outcome {
            Ok((revoked, mistake)) => {
                if mistake.is_none() {
                    known = now;
                }
                let mut list = list.write().unwrap_or_else(PoisonError::into_inner);
                let revoked = match mistake {
                    None => revoked,
                    Some(_) => revoked.and(&list),
                };
                if **list != revoked {
                    *list = Arc::new(revoked);
                    tracing::info!("the list of revoked tokens was read again and is in force");
                }
                mistake
            }
            Err(reason) => Some(reason),
        };
        let Some(reason) = reason else {
            complained = false;
            continue;
        };
        if !std::mem::replace(&mut complained, true) {
            tracing::error!(
                path = %path.display(),
                reason,
                "the list of revoked tokens cannot be read to its end; who was on it stays out, and what can be read is in force"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(list: &str, principal: &str, subject: Option<&str>, id: Option<&str>) -> bool {
        let (revoked, mistake) = Revoked::parse(list);
        assert_eq!(mistake, None);
        revoked.holds(&Principal::new(principal), subject, id)
    }

    #[test]
    fn a_line_revokes_what_it_names_and_nothing_else() {
        let list = "# left the company\nsub ada\n\n  jti  7f3 # 9 \r\nprincipal ci\n";

        assert!(holds(list, "shop:ada", Some("ada"), None));
        assert!(holds(list, "shop:bob", Some("bob"), Some("7f3 # 9")));
        assert!(holds(list, "ci", None, None));
        assert!(!holds(list, "ada", Some("ci"), Some("ada")));
        assert!(!holds("", "ada", Some("ada"), Some("")));
        assert!(holds("\u{feff}principal ci", "ci", None, None));
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        for (list, line) in [("sub a\nada", 2), ("jti", 1), ("\n\nkid 5", 3), ("sub ", 1)] {
            let told = Revoked::parse(list).1.unwrap();
            assert!(told.starts_with(&format!("line {line} ")), "{list}: {told}");
        }
    }
}
