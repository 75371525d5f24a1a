//! Addresses of records in files: `order-events-3@81204`.
//!
//! Promises: what is written is read back as the same address.
//! Does not know: which records there are.

use serde::{Deserialize as _, Deserializer, Serializer, de};

use crate::model::Position;

/// Writes an address.
pub(super) fn serialize<S: Serializer>(
    position: &Position,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(position)
}

/// Reads an address.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Position, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// A list of addresses, or none.
pub(super) mod places {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::model::Position;

    /// Writes a list of addresses.
    #[expect(clippy::ref_option, reason = "serde hands the field over like this")]
    pub(in crate::sandbox) fn serialize<S: Serializer>(
        positions: &Option<Vec<Position>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(positions.iter().flatten().map(ToString::to_string))
    }

    /// Reads a list of addresses.
    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<Position>>, D::Error> {
        let texts = Option::<Vec<String>>::deserialize(deserializer)?;
        let read = |texts: Vec<String>| texts.iter().map(|text| text.parse()).collect();
        texts.map(read).transpose().map_err(de::Error::custom)
    }
}
