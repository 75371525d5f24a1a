//! The address of a store, as it is written in `foldback.toml` and on the command line.
//!
//! Promises: what is shown of it has no password.
//! Does not know: how a store is opened.

use std::fmt;

use super::error::StoreError;
use super::kind::StoreKind;

/// The address of a store.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress {
    /// The kind.
    kind: StoreKind,
    /// The address, with what logs in.
    text: String,
}

impl StoreAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When its scheme is none of a store.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let kind = match scheme {
            "sqlite" => StoreKind::Sqlite,
            "postgres" | "postgresql" => StoreKind::Postgres,
            "mysql" | "mariadb" => StoreKind::Mysql,
            "http" | "https" => StoreKind::Elastic,
            "redis" | "rediss" => StoreKind::Redis,
            _ => return Err(StoreError::Scheme { scheme: scheme.to_owned() }),
        };
        Ok(Self { kind, text: text.to_owned() })
    }

    /// The kind of store.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The address as it was written, with its password.
    pub(super) fn secret_text(&self) -> &str {
        &self.text
    }

    /// The path of a file of SQLite.
    pub fn path(&self) -> &str {
        let rest = self.text.split_once(':').map_or("", |(_, rest)| rest);
        let path = rest.strip_prefix("//").unwrap_or(rest);
        path.split_once('?').map_or(path, |(path, _)| path)
    }
}

impl fmt::Display for StoreAddress {
    /// The address without its password and without its parameters, which may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.split_once('?').map_or(&*self.text, |(text, _)| text);
        let Some((scheme, rest)) = text.split_once("://") else { return f.write_str(text) };
        let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let user = login.split(':').next().unwrap_or_default();
        let at = if user.is_empty() { "" } else { "@" };
        write!(f, "{scheme}://{user}{at}{place}")
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://ann:p%40ss@db:5432/shop?password=x", "postgres://ann@db:5432/shop"),
            ("mysql://ann:a@b:c@db/shop", "mysql://ann@db/shop"),
            ("redis://:secret@cache:6379/1", "redis://cache:6379/1"),
            ("http://localhost:9200", "http://localhost:9200"),
            ("sqlite:data/shop.db", "sqlite:data/shop.db"),
        ] {
            let address = StoreAddress::parse(text).unwrap();
            assert_eq!((address.to_string(), format!("{address:?}")), (shown.into(), shown.into()));
        }
        assert!(StoreAddress::parse("oracle:thin").is_err());
    }

    #[test]
    fn the_path_of_a_file_is_what_follows_the_scheme() {
        for text in ["sqlite:a/b.db", "sqlite://a/b.db", "sqlite:a/b.db?mode=rwc"] {
            assert_eq!(StoreAddress::parse(text).unwrap().path(), "a/b.db");
        }
    }
}
