//! What goes over the wire, kept in files that are read in review like code.

use std::path::Path;

use serde_json::Value;

use crate::databases::variable;

/// Compares with `tests/snapshots/<name>.json`; `UPDATE_SNAPSHOTS=1` writes it instead.
pub fn assert_snapshot(name: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(format!("{name}.json"));
    let text = format!("{value:#}\n");
    if variable("UPDATE_SNAPSHOTS").as_deref() == Some("1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = text
        .lines()
        .zip(kept.lines())
        .position(|(came, kept)| came != kept)
        .or_else(|| {
            (text.len() != kept.len()).then(|| text.lines().count().min(kept.lines().count()))
        });
    if let Some(line) = differs {
        panic!(
            "{} line {} differs: {:?} came, {:?} was kept; UPDATE_SNAPSHOTS=1 accepts it",
            path.display(),
            line + 1,
            text.lines().nth(line).unwrap_or_default(),
            kept.lines().nth(line).unwrap_or_default(),
        );
    }
}
