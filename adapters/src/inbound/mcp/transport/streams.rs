//! The process's standard streams, without a thread between where the system allows it.
//!
//! Clients start servers on pipes or, from Node, on socket pairs; both are read and written by the runtime itself.
//! Files, terminals and other systems go through threads.

use std::io::{self, Read as _};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    runtime::Handle,
};

pub(super) type Input = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// How much a thread reads ahead.
const READ_AHEAD_BYTES: usize = 64 * 1024;

/// Standard input. Must be called inside the runtime, and once.
pub(super) fn input() -> io::Result<Input> {
    #[cfg(unix)]
    if let Some(input) = unix::input() {
        return Ok(input);
    }
    threaded_input()
}

/// Standard output. Must be called inside the runtime, and once.
pub(super) fn output() -> Writer {
    #[cfg(unix)]
    if let Some(output) = unix::output() {
        return output;
    }
    Box::new(tokio::io::stdout())
}

/// A thread of our own, because the runtime waits for its threads when it ends, and nobody can end a blocking read.
fn threaded_input() -> io::Result<Input> {
    let (reader, mut writer) = tokio::io::simplex(READ_AHEAD_BYTES);
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            let mut buffer = vec![0; READ_AHEAD_BYTES];
            let mut stdin = io::stdin().lock();
            loop {
                let count = match stdin.read(&mut buffer) {
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => 0,
                };
                let bytes = buffer.get(..count).unwrap_or_default();
                if bytes.is_empty() || runtime.block_on(writer.write_all(bytes)).is_err() {
                    break;
                }
            }
            // The reader is gone if this fails, and then nobody needs to know.
            let _ = runtime.block_on(writer.shutdown());
        })?;
    Ok(Box::new(reader))
}

#[cfg(unix)]
mod unix {
    use std::os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::FileTypeExt, net::UnixStream as Socket},
    };

    use tokio::net::UnixStream;

    use super::{Input, Writer};

    pub(super) fn input() -> Option<Input> {
        #[cfg(target_os = "linux")]
        if let Ok(pipe) =
            tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0")
        {
            return Some(Box::new(pipe));
        }
        Some(Box::new(socket(std::io::stdin().as_fd())?))
    }

    pub(super) fn output() -> Option<Writer> {
        #[cfg(target_os = "linux")]
        if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1")
        {
            return Some(Box::new(pipe));
        }
        Some(Box::new(socket(std::io::stdout().as_fd())?))
    }

    /// A duplicate of the stream, if it is a socket.
    ///
    /// Unlike a pipe opened anew it shares its blocking mode with the original, so nothing else may read or write
    /// that from now on.
    fn socket(stream: impl AsFd) -> Option<UnixStream> {
        let duplicate = std::fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
        if !duplicate.metadata().ok()?.file_type().is_socket() {
            return None;
        }
        let socket = Socket::from(OwnedFd::from(duplicate));
        socket.set_nonblocking(true).ok()?;
        UnixStream::from_std(socket).ok()
    }
}
