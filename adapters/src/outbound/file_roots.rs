//! Which database files a caller may name: those within the operator's folders.

use std::path::{Path, PathBuf};

use domain::{Failure, FailureKind, connection::FileRoots};

/// Folders, real and absolute.
#[derive(Debug, Clone)]
pub struct Roots(Vec<PathBuf>);

impl Roots {
    /// Folders that do not exist allow nothing.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(
            folders
                .into_iter()
                .filter_map(|folder| folder.canonicalize().ok())
                .collect(),
        )
    }
}

impl FileRoots for Roots {
    fn admit(&self, path: &Path) -> Result<PathBuf, Failure> {
        // The same words for a file outside and for one that is not there: a caller must not be able to find out
        // what else is on this machine.
        let refused = || {
            Failure::new(
                FailureKind::NotAllowed,
                "There is no database file of that name in the folders that callers may open files from.",
            )
            .with_hint(
                "Name a file in the server's working directory. Whoever runs this server can add folders by MCP_SQLITE_ROOTS.",
            )
        };
        let real = path
            .canonicalize()
            .map_err(|error| refused().with_source(error))?;
        if self.0.iter().any(|root| real.starts_with(root)) {
            return Ok(real);
        }
        Err(refused())
    }
}
