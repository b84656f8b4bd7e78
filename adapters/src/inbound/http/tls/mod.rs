//! TLS: the certificate that clients are shown, kept up to date while the server runs, and how a connection begins.

mod certificate;
mod files;
mod handshake;

pub(super) use self::handshake::shake_hands;
pub use self::{certificate::Tls, files::TlsFiles};
