//! An editor for JavaScript: colours, indentation, line numbers, marks for what is wrong, finding
//! text.
//!
//! Promises: laid out anew only when the text, the theme or what is found changes; what is wrong
//! can be read on hover and by a screen reader.
//! Does not know: what a script does.

mod editor;
mod indent;
mod keys;
mod tokens;

pub use editor::{CodeEditor, CodeMark, CodeState};
