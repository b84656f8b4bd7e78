//! As whom a statement runs in its database.

/// What an engine sets for a statement, and only for it, before it runs: so that the database's own policies know whose
/// rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ActsAs {
    /// The role to take on; the connection's own if there is none.
    pub role: Option<String>,
    /// Settings of the session, or variables of it, with their values.
    pub settings: Vec<(String, String)>,
    /// The user that the caller acts as in the place of itself, as an operator allows it.
    pub on_behalf_of: Option<String>,
}
