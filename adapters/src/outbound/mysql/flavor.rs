//! Which of the two servers it is, and how old: what decides how it is asked.

use domain::connection::ServerInfo;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flavor {
    pub(super) is_mariadb: bool,
    version: (u32, u32, u32),
}

impl Flavor {
    pub(super) fn of(server: &ServerInfo) -> Self {
        let mut numbers = server
            .version
            .split('.')
            .map(|number| number.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            is_mariadb: server.product == "MariaDB",
            version: (next(), next(), next()),
        }
    }

    /// It is MySQL, of this version or a later one.
    pub(super) fn is_mysql_since(self, major: u32, minor: u32, patch: u32) -> bool {
        !self.is_mariadb && self.version >= (major, minor, patch)
    }

    /// For a text that is not for any server in particular.
    pub(super) const MYSQL: Self = Self {
        is_mariadb: false,
        version: (9, 0, 0),
    };
    #[cfg(test)]
    pub(super) const MARIADB: Self = Self {
        is_mariadb: true,
        version: (10, 11, 0),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_their_numbers() {
        let server = |product: &str, version: &str| {
            Flavor::of(&ServerInfo {
                product: product.to_owned(),
                version: version.to_owned(),
                tls: None,
            })
        };
        assert!(server("MySQL", "8.0.18").is_mysql_since(8, 0, 16));
        assert!(!server("MySQL", "8.0.9").is_mysql_since(8, 0, 16));
        assert!(!server("MySQL", "5.7.44").is_mysql_since(8, 0, 16));
        assert!(!server("MariaDB", "10.11.6").is_mysql_since(8, 0, 16));
    }
}
