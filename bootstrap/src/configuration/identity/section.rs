//! The section as a whole.

use std::{collections::BTreeMap, path::Path};

use adapters::inbound::http::identity::{IdentityOptions, RevocationFile, Revoked};
use domain::connection::Mistake;

use super::{issuers::issuer, tokens::token};
use crate::{
    configuration::{section::Section, syntax::Node},
    environment::Environment,
};

/// What the section is read amid.
#[derive(Debug, Clone, Copy)]
pub(in crate::configuration) struct Surroundings<'a> {
    pub(in crate::configuration) environment: &'a Environment,
    /// Where relative paths begin.
    pub(in crate::configuration) working_directory: &'a Path,
    /// Under which clients reach this server, if that is set.
    pub(in crate::configuration) public_url: Option<&'a str>,
}

/// Reads all of it, or tells every mistake in it.
pub(in crate::configuration) fn read(
    node: Node,
    around: Surroundings<'_>,
) -> Result<IdentityOptions, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut options = IdentityOptions {
        public_url: around.public_url.map(str::to_owned),
        ..IdentityOptions::default()
    };
    if let Some(mut section) = Section::open("identity", node, around.environment, &mut mistakes) {
        let (mut hashes, mut urls) = (BTreeMap::new(), BTreeMap::new());
        let mut entries = 0;
        section.named("tokens", |name, entry| {
            entries += 1;
            let token = token(name, entry, around.working_directory, &mut hashes);
            options.tokens.extend(token);
        });
        section.named("issuers", |name, entry| {
            entries += 1;
            let issuer = issuer(name, entry, around, &mut urls);
            options.issuers.extend(issuer);
        });
        options.revocations = revocations(&mut section, around.working_directory);
        if entries == 0 {
            section.complain_of_all(
                "Names nobody who may sign in.",
                "an entry in `tokens` or `issuers`",
            );
        }
        section.finish();
    }
    if mistakes.is_empty() {
        Ok(options)
    } else {
        Err(mistakes)
    }
}

fn revocations(section: &mut Section<'_>, working_directory: &Path) -> Option<RevocationFile> {
    let path = working_directory.join(section.text("revocationsFile")?);
    match Revoked::read(&path) {
        Ok(revoked) => Some(RevocationFile { path, revoked }),
        Err(reason) => {
            section.complain(
                "revocationsFile",
                format!("Cannot be read: {reason}."),
                None,
            );
            None
        }
    }
}
