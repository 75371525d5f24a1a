//! Which entity.
//!
//! Promises: the same entity over the same topics has the same key.
//! Does not know: what is known of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::EntityId;

/// Which entity, over which topics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityKey {
    /// The entity.
    pub entity: EntityId,
    /// The topics its events are in, sorted.
    pub topics: Arc<[Arc<str>]>,
}
