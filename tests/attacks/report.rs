//! What came out, as it stands in `docs/attacks.md`. `UPDATE_ATTACKS=1` writes it there.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use support::databases::variable;

/// One attack, and what held it.
pub(super) struct Tried {
    pub(super) class: String,
    pub(super) name: String,
    /// One statement a call and the engine's own read-only, with the policy switched off.
    pub(super) engine: bool,
    /// The policy, with the rest switched off.
    pub(super) parser: bool,
    pub(super) whole: bool,
}

/// One layer, or all of them.
type Layer = (&'static str, fn(&Tried) -> bool);

const LAYERS: [Layer; 3] = [
    ("the engine alone", |tried| tried.engine),
    ("the parser alone", |tried| tried.parser),
    ("the whole wall", |tried| tried.whole),
];

pub(super) fn attacks(all: &[Tried]) -> String {
    let mut classes: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for tried in all {
        classes.entry(&tried.class).or_default().push(tried);
    }
    let mut text = String::from("| class | tried |");
    for (layer, _) in LAYERS {
        write!(text, " held by {layer} |").unwrap();
    }
    text.push_str("\n| --- | ---: | ---: | ---: | ---: |\n");
    for (class, tried) in classes {
        text.push_str(&line(&format!("`{class}`"), &tried));
    }
    text.push_str(&line("**all**", &all.iter().collect::<Vec<_>>()));
    let through: Vec<_> = all
        .iter()
        .filter(|tried| !tried.whole)
        .map(|tried| format!("`{}`", tried.name))
        .collect();
    if !through.is_empty() {
        write!(text, "\nNot held: {}.\n", through.join(", ")).unwrap();
    }
    text
}

/// Of each class how many the role alone holds, and which it does not.
pub(super) fn role(all: &[(String, String, bool)]) -> String {
    let mut classes: BTreeMap<&str, (usize, usize, Vec<&str>)> = BTreeMap::new();
    for (class, id, held) in all {
        let (tried, holding, through) = classes.entry(class).or_default();
        *tried += 1;
        *holding += usize::from(*held);
        if !held {
            through.push(id);
        }
    }
    let mut text = String::from(
        "| class | tried | held by the role alone | not held by it |\n| --- | ---: | ---: | --- |\n",
    );
    for (class, (tried, holding, through)) in classes {
        let through: Vec<_> = through.iter().map(|id| format!("`{id}`")).collect();
        let through = through.join(", ");
        writeln!(text, "| `{class}` | {tried} | {holding} | {through} |").unwrap();
    }
    let holding = all.iter().filter(|(_, _, held)| *held).count();
    writeln!(text, "| **all** | {} | {holding} | |", all.len()).unwrap();
    text
}

/// How many texts of several statements are held by that alone.
pub(super) fn stacked(all: &[(&str, bool)]) -> String {
    let (held, through): (Vec<_>, Vec<_>) = all.iter().partition(|(_, held)| *held);
    let mut text = format!(
        "Stacked statements: {}, of which {} are held by one statement a call alone",
        all.len(),
        held.len()
    );
    if !through.is_empty() {
        let ids: Vec<_> = through.iter().map(|(id, _)| format!("`{id}`")).collect();
        write!(text, "; not held: {}", ids.join(", ")).unwrap();
    }
    text.push_str(".\n");
    text
}

fn line(name: &str, tried: &[&Tried]) -> String {
    let mut line = format!("| {name} | {} |", tried.len());
    for (_, holds) in LAYERS {
        let held = tried.iter().filter(|tried| holds(tried)).count();
        write!(line, " {held} |").unwrap();
    }
    line.push('\n');
    line
}

pub(super) fn benign(accepted: usize, all: usize) -> String {
    format!("Benign statements: {all}, of which {accepted} are accepted.\n")
}

/// Compares with what is told of this server, or writes it.
pub(super) fn tell(server: &str, part: &str, came: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/attacks.md");
    let update = variable("UPDATE_ATTACKS").as_deref() == Some("1");
    let mut file = File::options()
        .read(true)
        .write(update)
        .open(&path)
        .unwrap();
    // The servers are tried at the same time, each by a process of its own.
    if update {
        file.lock().unwrap();
    }
    let mut told = String::new();
    file.read_to_string(&mut told).unwrap();
    let begin = format!("<!-- {server} {part} -->\n");
    let (before, rest) = told
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{} has no line {begin}", path.display()));
    let (kept, after) = rest.split_once("<!-- end -->").unwrap();
    if update {
        file.rewind().unwrap();
        file.set_len(0).unwrap();
        write!(file, "{before}{begin}{came}<!-- end -->{after}").unwrap();
        return Ok(());
    }
    let differs = kept
        .lines()
        .zip(came.lines())
        .find(|(kept, came)| kept != came);
    match differs {
        Some((kept, came)) => Err(format!(
            "docs/attacks.md tells of {server}: {kept:?}, and {came:?} came; UPDATE_ATTACKS=1 accepts it"
        )),
        None if kept.len() != came.len() => Err(format!(
            "docs/attacks.md tells of {server} more or less than came; UPDATE_ATTACKS=1 accepts it"
        )),
        None => Ok(()),
    }
}
