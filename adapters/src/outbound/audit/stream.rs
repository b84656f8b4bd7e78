//! Lines to a descriptor or a device, for whoever collects them there.
//!
//! What was written cannot be read back, so each process begins a chain of its own, and nothing rotates.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use super::{chain::Link, lines::Output};

#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// The last line may have come out in part.
    is_torn: bool,
}

impl Stream {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new().append(true).open(path)?,
            is_torn: false,
        })
    }
}

impl Output for Stream {
    fn has_room(&mut self, _: usize) -> bool {
        true
    }

    fn write(&mut self, lines: &[u8], _: Link) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut rest = lines;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    rest = rest.get(bytes..).unwrap_or_default();
                    self.is_torn = true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.is_torn = false;
        Ok(())
    }
}
