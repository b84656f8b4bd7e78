//! The certificate in force: replaced as its files change, and watched for its end.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use domain::health::{CertificateSource, CertificateState, Validity};
use ring::digest::Digest;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::files::{Pair, TlsFiles};

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two warnings of the same end.
const TELL_EVERY: Duration = Duration::from_hours(24);

/// The certificate that is shown to whoever connects. Who is connected keeps the one that was shown then.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Arc<Pair>>,
}

/// A certificate that can be put in force.
#[derive(Debug)]
pub struct Ready(Arc<Pair>);

impl Tls {
    /// Fails with an explanation where the files are not a certificate and its key. May block.
    pub fn load(files: TlsFiles) -> Result<Self, String> {
        let pair = Pair::new(&files, &files.read()?)?;
        Ok(Self {
            files,
            current: RwLock::new(Arc::new(pair)),
        })
    }

    /// What the files hold now; the certificate in force stays. May block.
    pub fn read_again(&self) -> Result<Ready, String> {
        let pair = Pair::new(&self.files, &self.files.read()?)?;
        Ok(Ready(Arc::new(pair)))
    }

    /// For whoever connects from now on.
    pub fn replace(&self, ready: Ready) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = ready.0;
    }

    fn current(&self) -> Arc<Pair> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current().config))
    }

    /// Puts in force what the files hold once they have changed, and tells of a certificate that ends, for as long as it
    /// is polled.
    pub(in super::super) async fn watch(self: Arc<Self>) {
        let mut looks = Looks::default();
        let mut warned = Warned::default();
        loop {
            warned.look(self.certificate());
            tokio::time::sleep(LOOK_EVERY).await;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || {
                this.look(&mut looks);
                looks
            });
            match looked.await {
                Ok(kept) => looks = kept,
                // The runtime is going away.
                Err(_) => return,
            }
        }
    }

    fn look(&self, looks: &mut Looks) {
        let content = self.files.read();
        let found = match &content {
            Ok(content) if same(&content.mark(), &self.current().mark) => {
                looks.changed = None;
                looks.refused = None;
                return;
            }
            Ok(content) => Found::Content(content.mark().as_ref().to_vec()),
            Err(error) => Found::Unreadable(error.clone()),
        };
        if looks.refused.as_ref() == Some(&found) {
            return;
        }
        // Two files do not change at once: what counts is what is still there at the next look.
        if looks.changed.as_ref() != Some(&found) {
            looks.changed = Some(found);
            return;
        }
        match content.and_then(|content| Pair::new(&self.files, &content)) {
            Ok(pair) => {
                let ends = humantime::format_rfc3339_seconds(pair.ends);
                tracing::info!(%ends, "the certificate has changed and is in force");
                self.replace(Ready(Arc::new(pair)));
            }
            Err(error) => {
                tracing::error!(
                    error,
                    "the certificate has changed and cannot be used; the one before stays in force"
                );
                looks.refused = Some(found);
            }
        }
        looks.changed = None;
    }
}

impl CertificateSource for Tls {
    fn certificate(&self) -> CertificateState {
        CertificateState::at(SystemTime::now(), self.current().ends)
    }
}

fn same(one: &Digest, other: &Digest) -> bool {
    one.as_ref() == other.as_ref()
}

/// What the files were found to hold, if that is not what is in force.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Content(Vec<u8>),
    Unreadable(String),
}

/// What the looks before have found.
#[derive(Debug, Default)]
struct Looks {
    /// At the last one.
    changed: Option<Found>,
    /// What was told already.
    refused: Option<Found>,
}

/// What was last told of the end of a certificate, and when.
#[derive(Debug, Default)]
struct Warned(Option<(Validity, SystemTime, Instant)>);

impl Warned {
    fn look(&mut self, certificate: CertificateState) {
        let validity = certificate.validity();
        let is_known = self.0.is_some_and(|(told, ends, when)| {
            told == validity && ends == certificate.ends && when.elapsed() < TELL_EVERY
        });
        if is_known {
            return;
        }
        self.0 = Some((validity, certificate.ends, Instant::now()));
        let ends = humantime::format_rfc3339_seconds(certificate.ends);
        match validity {
            Validity::Good => {}
            Validity::EndsSoon => tracing::warn!(%ends, "the certificate ends soon"),
            Validity::Ended => tracing::error!(%ends, "the certificate has ended"),
        }
    }
}
