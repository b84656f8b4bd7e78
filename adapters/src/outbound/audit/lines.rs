//! Lines on their way out: sealed one after the other, and written many at once.

use std::{fmt, io};

use super::chain::{Link, Sealing};

/// Where lines go.
pub(super) trait Output: fmt::Debug + Send {
    /// Whether so many more bytes belong where the last ones went.
    fn has_room(&mut self, bytes: usize) -> bool;

    /// Writes whole lines, the last of which is `last`: all of them or none.
    fn write(&mut self, lines: &[u8], last: Link) -> io::Result<()>;
}

/// A chain that grows.
#[derive(Debug)]
pub(super) struct Lines {
    sealing: Sealing,
    last: Link,
    output: Box<dyn Output>,
}

impl Lines {
    /// Goes on after `last`.
    pub(super) fn new(sealing: Sealing, last: Link, output: Box<dyn Output>) -> Self {
        Self {
            sealing,
            last,
            output,
        }
    }

    /// Appends a line for each body; how many were written, and why not all of them.
    pub(super) fn append<'body>(
        &mut self,
        bodies: impl Iterator<Item = &'body str>,
    ) -> (usize, io::Result<()>) {
        let (mut written, mut gathered) = (0, 0);
        let mut text = Vec::new();
        let mut last = self.last;
        for body in bodies {
            let (line, end) = self.sealing.next(body, last);
            if gathered > 0 && !self.output.has_room(text.len() + line.len() + 1) {
                if let Err(error) = self.write(&text, last) {
                    return (written, Err(error));
                }
                written += gathered;
                gathered = 0;
                text.clear();
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
            last = end;
            gathered += 1;
        }
        match self.write(&text, last) {
            Ok(()) => (written + gathered, Ok(())),
            Err(error) => (written, Err(error)),
        }
    }

    fn write(&mut self, text: &[u8], last: Link) -> io::Result<()> {
        self.output.write(text, last)?;
        self.last = last;
        Ok(())
    }
}
