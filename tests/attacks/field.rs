//! Where attacks are made: a database of the test's own, which can be put back as it was.

use async_trait::async_trait;
use domain::connection::ConnectionConfig;

use super::bare::Bare;

/// One engine's database.
#[async_trait]
pub(super) trait Field: Send {
    /// Puts everything back, whatever an attack has done.
    async fn reset(&mut self, scrap: &str, make: &str);

    /// An unprotected connection of its own.
    async fn bare(&self) -> Bare;

    /// Makes a role by the SQL that the posture tells; what must be said again after a reset comes back.
    async fn employ(&mut self, _remedy: &str) -> String {
        unreachable!("files have no roles")
    }

    /// An unprotected connection of that role.
    async fn reader(&mut self) -> Bare {
        unreachable!("files have no roles")
    }

    /// The unprotected connection that looks from beside.
    fn beside(&mut self) -> &mut Bare;

    /// Everything that an attack may change; `sql` is the corpus' own question for it.
    async fn state(&mut self, sql: &str) -> String;

    /// A read-only connection with room for one call at a time.
    fn config(&self) -> ConnectionConfig;

    /// The statement that tells a session its number; `None` where nobody could use it.
    fn session_number(&self) -> Option<&'static str>;

    /// What takes and gives back the right to do what shows on the whole server.
    fn alone(&self) -> Option<(&'static str, &'static str)>;

    /// Whether a reset puts another database into the place of the old one, behind the back of who has it open.
    fn is_replaced(&self) -> bool {
        false
    }

    /// A text of the corpus with the names of this run in it.
    fn named(&self, text: &str) -> String;

    async fn take_away(self: Box<Self>);
}

/// The field of a server, or of `SQLite`, ready to be reset.
pub(super) async fn field(server: &'static str) -> Box<dyn Field> {
    match server {
        "sqlite" => Box::new(super::sqlite::SqliteField::new()),
        server if server.starts_with("postgres") => {
            Box::new(super::postgres::PostgresField::new(server).await)
        }
        server => Box::new(super::mysql::MySqlField::new(server).await),
    }
}
