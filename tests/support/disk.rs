//! A disk that can be filled up.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{client::left_out, scratch::Scratch};

/// A file system of its own with little room; only root can make one.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Says why there is none.
    pub fn mounted(scratch: &Scratch) -> Option<Self> {
        let path = scratch.path("disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(&path)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            Some(Self(path))
        } else {
            left_out("no file system can be mounted here: run the suite as root");
            None
        }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Takes all the room there is left.
    pub fn fill(&self) {
        let full = std::fs::write(self.path("filler"), vec![b'x'; 1 << 20]);
        assert!(full.is_err());
    }

    pub fn empty(&self) {
        std::fs::remove_file(self.path("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
