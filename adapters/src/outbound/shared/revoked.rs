//! Who is not let in any more, as the operator has written it into the shared store for all processes.

use std::sync::Arc;

use async_trait::async_trait;
use domain::calls::RevocationList;

use super::store::{Question, SharedStore};

/// A set, whose members are what stands in a line of the file.
const KEY: &str = "{portolan}:revoked";

/// Reads the set.
#[derive(Debug)]
pub struct SharedRevocations(pub Arc<SharedStore>);

#[async_trait]
impl RevocationList for SharedRevocations {
    async fn lines(&self) -> Option<Vec<String>> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(KEY);
        self.0.ask(Question::Command(&command)).await.ok()
    }
}
