//! Why a row cannot be read.
//!
//! Promises: says whose turn it is and what to do; the words of a store are passed on, its password
//! never.
//! Does not know: exit statuses.

use super::kind::StoreKind;

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The address is none of a store.
    #[error("expected a store, got `{scheme}`")]
    Scheme {
        /// Its scheme.
        scheme: String,
    },
    /// What finds a row means nothing to this kind of store.
    #[error("a row of {kind} is found by {}", kind.finder())]
    Finder {
        /// The kind.
        kind: StoreKind,
    },
    /// It does not answer.
    #[error("{store} cannot be reached: {reason}")]
    Unreachable {
        /// Its address.
        store: String,
        /// Why.
        reason: String,
    },
    /// It does not let this user in, or does not let it see the row.
    #[error("{store} refuses: {reason}")]
    Refused {
        /// Its address.
        store: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{store} did not answer within {seconds} s")]
    Slow {
        /// Its address.
        store: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It does not understand the query.
    #[error("the query of {store} fails: {reason}")]
    Query {
        /// Its address.
        store: String,
        /// Why.
        reason: String,
    },
    /// There is no file of this name, or it is none of SQLite.
    #[error("{store} cannot be opened: {reason}")]
    File {
        /// Its address.
        store: String,
        /// Why.
        reason: String,
    },
    /// An entity has several rows.
    #[error("{store} has more than one row of entity `{entity}`")]
    SeveralRows {
        /// Its address.
        store: String,
        /// The entity.
        entity: String,
    },
    /// Two columns have the same name.
    #[error("the query of {store} gives two columns the name `{column}`")]
    SameName {
        /// Its address.
        store: String,
        /// The name.
        column: String,
    },
    /// A type that is not read.
    #[error("{store} holds `{column}` as {type_name}, which is not read")]
    Type {
        /// Its address.
        store: String,
        /// The column.
        column: String,
        /// The type.
        type_name: String,
    },
    /// The entity's id does not fit the type that it is compared with.
    #[error("{store} compares $1 with {type_name}, and the entity `{entity}` is none")]
    Entity {
        /// Its address.
        store: String,
        /// The entity.
        entity: String,
        /// The type.
        type_name: String,
    },
    /// A row is larger than is read.
    #[error("{store} has a row of entity `{entity}` with more than {mebibytes} MiB")]
    TooLarge {
        /// Its address.
        store: String,
        /// The entity.
        entity: String,
        /// How much is read.
        mebibytes: usize,
    },
}

impl StoreError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Scheme { .. } => {
                "a store is sqlite:PATH, postgres://…, mysql://…, http(s)://… or redis://…"
            }
            Self::Finder { .. } => return None,
            Self::Unreachable { .. } => "check host, port and network; is the store running?",
            Self::Refused { .. } => {
                "check user, password and what the user may read; reading is all that is needed"
            }
            Self::Slow { .. } => {
                "is the store overloaded, or is there no index on what the query looks for?"
            }
            Self::Query { .. } => {
                "the query is `query` in foldback.toml or --query, $1 being the entity"
            }
            Self::File { .. } => "the path is relative to the folder of foldback.toml",
            Self::SeveralRows { .. } | Self::SameName { .. } => {
                "let the query give one row for each entity, and each column a name of its own"
            }
            Self::Type { .. } => "cast the column in the query, to text for example",
            Self::Entity { .. } => "cast the column in the query: where id::text = $1",
            Self::TooLarge { .. } => "leave large columns out of the query",
        })
    }

    /// Whether the store could not be asked, rather than asked wrongly.
    pub fn is_no_access(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. } | Self::Slow { .. })
    }
}
