//! Ends the calls on a connection and closes its pool.

use domain::Failure;
use serde::Serialize;

use crate::registry::View;

#[derive(Debug, Clone)]
pub struct CloseConnection {
    pub connection: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    pub closed: String,
    /// Whether a call that names it would open it again from its configuration.
    pub configured: bool,
}

impl CloseConnection {
    pub async fn execute(self, view: &View<'_>) -> Result<Closed, Failure> {
        let connection = view.close(&self.connection).await?;
        let name = connection.name.as_str();
        Ok(Closed {
            configured: view.known_configuration(name).is_some(),
            closed: name.to_owned(),
        })
    }
}
