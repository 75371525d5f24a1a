//! The one place with unsafe code: owned, safe wrappers of the parts of librdkafka that its Rust
//! crate does not wrap.
//!
//! Promises: what is handed out is owned or borrows its owner, and is given back to the library
//! exactly once; every wrapper keeps its client alive.
//!
//! Does not know: what questions mean, how failures are worded.

mod admin;
mod answers;
mod certificate;
mod consume;
mod mock;

use std::ffi::{CStr, CString, c_char};
use std::sync::Arc;

pub(crate) use admin::{AdminAnswer, Asked};
pub(crate) use answers::{GroupAnswer, GroupListingAnswer};
pub(crate) use certificate::{CertificateVerdict, look_at_certificate};
pub(crate) use consume::{Message, Messages, Queue, Topic};
pub(crate) use mock::MockHandle;

/// A name as C wants it. A name with a zero byte cannot exist on a broker; it is cut there.
fn c_string(name: &str) -> CString {
    let until_zero = name.split('\0').next().unwrap_or_default();
    CString::new(until_zero).unwrap_or_default()
}

/// The text at this address, or nothing for a null pointer.
///
/// # Safety
/// `text` is null or points to a zero-terminated string that lives during the call.
#[expect(unsafe_code, reason = "reads a C string")]
unsafe fn text(text: *const c_char) -> Option<Arc<str>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and zero-terminated by the contract of this function.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into())
}

/// The pointers of a C array, or none for a null pointer.
///
/// # Safety
/// `first` is null or points to `count` pointers that live for `'a`.
#[expect(unsafe_code, reason = "reads a C array")]
unsafe fn pointers<'a, T>(first: *mut *const T, count: usize) -> &'a [*const T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: not null, and as long as `count` by the contract of this function.
    unsafe { std::slice::from_raw_parts(first, count) }
}
