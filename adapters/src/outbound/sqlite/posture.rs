//! What this process could do to the file beyond reading it.
//!
//! There is no role that could be given less: what holds is that the file is opened for reading alone. So nothing here
//! counts as writing, and there is nothing to grant.

use std::path::Path;

use domain::connection::{Address, ConnectionConfig, Finding, FindingKind, Posture};

use super::handle;

pub(super) async fn find(config: &ConnectionConfig) -> Posture {
    let Address::File(path) = config.address.clone() else {
        return Posture::new(Vec::new(), None);
    };
    // A file system that is far away may be slow to answer.
    let found = tokio::task::spawn_blocking(move || findings(&path)).await;
    found.map_or_else(
        |_| Posture::unknown(),
        |findings| Posture::new(findings, None),
    )
}

fn findings(path: &Path) -> Vec<Finding> {
    let folder = std::path::absolute(path)
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned));
    let found = [
        (
            handle::may_write(path),
            "The operating system lets this process write to the file.",
        ),
        (
            folder.is_some_and(|folder| handle::may_write(&folder)),
            "The operating system lets this process write to the file's folder.",
        ),
    ];
    found
        .into_iter()
        .filter(|(may_write, _)| *may_write)
        .map(|(_, what)| Finding::new(FindingKind::WritableFile, false, what))
        .collect()
}
