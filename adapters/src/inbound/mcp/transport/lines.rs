//! Bytes into lines: one line is one message.
//!
//! What a line says is not decided here.

use std::{io, ops::Range};

use rmcp::model::RequestId;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::request_id;

/// The longest line, in bytes. A longer one is skipped to its end and refused; no more than this is ever held.
pub(crate) const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Room for one read.
const CHUNK_BYTES: usize = 16 * 1024;
/// A buffer that grew beyond this for one long line is given back after it.
const KEEP_BYTES: usize = 256 * 1024;
/// How much of a long line's beginning is searched for its id.
const HEAD_BYTES: usize = 64 * 1024;
/// How much of a long line's end is kept, where some clients write the id.
const TAIL_BYTES: usize = 256;

/// What the input holds next.
#[derive(Debug)]
pub(super) enum Frame {
    /// A line, without its end; read it with [`Lines::text`] before asking for the next one.
    Line(Range<usize>),
    /// A line over the limit. It is gone; its id is here if it stood near one of its ends.
    TooLong(Option<RequestId>),
    End,
}

#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where the current line begins in `buffer`.
    start: usize,
    /// Up to here `buffer` is known to hold no further line end.
    scanned: usize,
    skipping: Option<Skipped>,
    ended: bool,
    max_line_bytes: usize,
}

/// What is left of a line that is being skipped.
#[derive(Debug)]
struct Skipped {
    id: Option<RequestId>,
    tail: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R, max_line_bytes: usize) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            skipping: None,
            ended: false,
            max_line_bytes,
        }
    }

    /// The bytes of a line that [`Lines::next`] has just found.
    pub(super) fn text(&self, line: Range<usize>) -> &[u8] {
        self.buffer.get(line).unwrap_or_default()
    }

    /// Reads on. May be dropped at any time without losing a byte. A last line needs no line end.
    pub(super) async fn next(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(self.judge(line));
            }
            self.drop_excess();
            if self.ended {
                return Ok(self.last_line());
            }
            self.make_room();
            if self.input.read_buf(&mut self.buffer).await? == 0 {
                self.ended = true;
            }
        }
    }

    fn take_line(&mut self) -> Option<Range<usize>> {
        let unscanned = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(length) = unscanned.iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.buffer.len();
            return None;
        };
        let line = self.start..self.scanned + length;
        self.start = line.end + 1;
        self.scanned = self.start;
        Some(line)
    }

    fn judge(&mut self, line: Range<usize>) -> Frame {
        let too_long = line.len() > self.max_line_bytes;
        let mut skipped = self.skipping.take();
        if too_long && skipped.is_none() {
            skipped = Some(Skipped::begin(self.text(line.clone())));
        }
        let Some(mut skipped) = skipped else {
            return Frame::Line(line);
        };
        skipped.go_on(self.text(line));
        Frame::TooLong(skipped.id())
    }

    /// Lets go of what has been read of a line that is already too long.
    fn drop_excess(&mut self) {
        let unfinished = self.buffer.get(self.start..).unwrap_or_default();
        if self.skipping.is_none() {
            if unfinished.len() <= self.max_line_bytes {
                return;
            }
            self.skipping = Some(Skipped::begin(unfinished));
        }
        if let Some(skipped) = &mut self.skipping {
            skipped.go_on(unfinished);
        }
        self.clear();
    }

    fn last_line(&mut self) -> Frame {
        if let Some(skipped) = self.skipping.take() {
            return Frame::TooLong(skipped.id());
        }
        if self.start == self.buffer.len() {
            return Frame::End;
        }
        let line = self.start..self.buffer.len();
        self.start = line.end;
        Frame::Line(line)
    }

    fn make_room(&mut self) {
        if self.start == self.buffer.len() {
            self.clear();
        } else if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.reserve(CHUNK_BYTES);
    }

    fn clear(&mut self) {
        if self.buffer.capacity() > KEEP_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        self.start = 0;
        self.scanned = 0;
    }
}

impl Skipped {
    fn begin(head: &[u8]) -> Self {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        Self {
            id: request_id::at_the_beginning(head),
            tail: Vec::new(),
        }
    }

    fn go_on(&mut self, bytes: &[u8]) {
        let new = bytes
            .get(bytes.len().saturating_sub(TAIL_BYTES)..)
            .unwrap_or_default();
        self.tail.extend_from_slice(new);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
    }

    fn id(self) -> Option<RequestId> {
        self.id.or_else(|| request_id::at_the_end(&self.tail))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::ReadBuf;

    use super::*;

    /// Gives its bytes a few at a time.
    struct Trickle {
        bytes: Vec<u8>,
        at: usize,
        step: usize,
    }

    impl AsyncRead for Trickle {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let end = (self.at + self.step.min(buffer.remaining())).min(self.bytes.len());
            buffer.put_slice(&self.bytes[self.at..end]);
            self.at = end;
            Poll::Ready(Ok(()))
        }
    }

    /// Every frame of `input`, whatever sizes it arrives in: a line as its text, a long one as `long:` and its id.
    async fn frames(input: &[u8], limit: usize) -> Vec<String> {
        let mut seen: Option<Vec<String>> = None;
        for step in [1, 2, 3, 7, 64, 4096] {
            let trickle = Trickle {
                bytes: input.to_vec(),
                at: 0,
                step,
            };
            let mut lines = Lines::new(trickle, limit);
            let mut frames = Vec::new();
            loop {
                match lines.next().await.unwrap() {
                    Frame::Line(line) => {
                        frames.push(String::from_utf8(lines.text(line).to_vec()).unwrap());
                    }
                    Frame::TooLong(id) => {
                        frames.push(format!(
                            "long:{}",
                            id.map(|id| id.to_string()).unwrap_or_default()
                        ));
                    }
                    Frame::End => break,
                }
            }
            if let Some(seen) = &seen {
                assert_eq!(&frames, seen, "in steps of {step}");
            }
            seen = Some(frames);
        }
        seen.unwrap()
    }

    #[tokio::test]
    async fn lines_are_found_however_they_arrive() {
        assert_eq!(
            frames(b"one\ntwo\n\nthree", 100).await,
            ["one", "two", "", "three"]
        );
    }

    #[tokio::test]
    async fn empty_input_has_no_line() {
        assert!(frames(b"", 100).await.is_empty());
        assert_eq!(frames(b"\n", 100).await, [""]);
    }

    #[tokio::test]
    async fn a_line_as_long_as_the_limit_is_read_and_a_longer_one_is_skipped() {
        assert_eq!(
            frames(b"12345678\n123456789\n1\n", 8).await,
            ["12345678", "long:", "1"]
        );
    }

    #[tokio::test]
    async fn a_long_last_line_without_an_end_is_reported() {
        assert_eq!(frames(b"123456789", 8).await, ["long:"]);
    }

    #[tokio::test]
    async fn the_id_of_a_long_line_is_found_at_either_end() {
        let filler = "x".repeat(1_000);
        let first = format!("{{\"id\":7,\"params\":\"{filler}\"}}\n");
        let last = format!("{{\"params\":\"{filler}\",\"id\":\"a-1\"}}\n");
        let none = format!("{{\"params\":\"{filler}\"}}\n");
        let input = format!("{first}{last}{none}ok\n");

        assert_eq!(
            frames(input.as_bytes(), 100).await,
            ["long:7", "long:a-1", "long:", "ok"]
        );
    }

    #[tokio::test]
    async fn a_long_line_is_not_held() {
        let mut bytes = vec![b'x'; 8 * 1024 * 1024];
        bytes.push(b'\n');
        let mut lines = Lines::new(bytes.as_slice(), 64 * 1024);

        assert!(matches!(lines.next().await.unwrap(), Frame::TooLong(None)));
        assert!(
            lines.buffer.capacity() <= KEEP_BYTES,
            "{}",
            lines.buffer.capacity()
        );
    }
}
