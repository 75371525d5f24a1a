//! Bytes to values and back to text: JSON, text, bytes; chosen per topic, detected by sampling.
//!
//! Promises: numbers keep their digits; what cannot be decoded is data with its reason and its
//! bytes, never a loss and never a panic, whatever the bytes are.
//! Does not know: entities, events, or where the bytes came from.

mod decoder;
mod detect;
pub mod json;
pub mod text;
pub mod time_text;

#[cfg(test)]
pub(crate) mod testing;

pub use decoder::{Checked, Decoder, output_value};
pub use detect::{Detection, detect};
