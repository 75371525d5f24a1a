//! What OpenSSL says of the certificate that a broker shows: a connection that is made to hear it.
//!
//! librdkafka's own words for any certificate that is not trusted are the same; the reason is told
//! to a callback alone, which the Rust crate does not offer.
//!
//! Promises: bounded in time; the certificate counts exactly as it would for any other client with
//! these settings.
//! Does not know: words for the reasons.

#![expect(unsafe_code, reason = "the Rust crate does not offer the callback for certificates")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka_sys as sys;

/// How long one try of a request lasts.
const SLICE_MS: c_int = 250;

/// What became of a broker's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CertificateVerdict {
    /// None was shown, or nobody looked at it.
    #[default]
    Unseen,
    /// It is trusted.
    Trusted,
    /// It is not.
    Refused {
        /// OpenSSL's number for the reason (`X509_V_ERR_…`).
        code: i32,
        /// Whose certificate it is about: 0 the broker's own, above that who signed it.
        depth: i32,
    },
}

/// Connects with these settings until a certificate was looked at, within this time.
pub(crate) fn look_at_certificate(config: &ClientConfig, limit: Duration) -> CertificateVerdict {
    let seen = Mutex::new(CertificateVerdict::Unseen);
    let Ok(native) = config.create_native_config() else { return CertificateVerdict::Unseen };
    // SAFETY: the configuration is valid; its copy belongs to this function until a client takes
    // it.
    let own = unsafe { sys::rd_kafka_conf_dup(native.ptr()) };
    let mut no_text: [c_char; 1] = [0];
    // SAFETY: the copy is valid. `seen` outlives the client, which is destroyed below with all of
    // its threads.
    unsafe { sys::rd_kafka_conf_set_opaque(own, ptr::from_ref(&seen).cast_mut().cast()) };
    // SAFETY: the copy is valid.
    unsafe { sys::rd_kafka_conf_set_log_cb(own, None) };
    // SAFETY: the copy is valid, and `hear` has the signature that the library calls.
    unsafe { sys::rd_kafka_conf_set_ssl_cert_verify_cb(own, Some(hear)) };
    // SAFETY: the copy is valid and taken by the client; the text has room for its end.
    let client = unsafe {
        sys::rd_kafka_new(
            sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            own,
            no_text.as_mut_ptr(),
            no_text.len(),
        )
    };
    if client.is_null() {
        // SAFETY: a client that could not be made leaves the configuration to its owner.
        unsafe { sys::rd_kafka_conf_destroy(own) };
        return CertificateVerdict::Unseen;
    }
    let deadline = Instant::now() + limit;
    let verdict = loop {
        let mut metadata: *const sys::rd_kafka_metadata = ptr::null();
        // SAFETY: the client is valid, and the answer has a place.
        let code = unsafe {
            sys::rd_kafka_metadata(client, 0, ptr::null_mut(), &raw mut metadata, SLICE_MS)
        };
        if !metadata.is_null() {
            // SAFETY: an answer that was handed out to be given back.
            unsafe { sys::rd_kafka_metadata_destroy(metadata) };
        }
        let answered = code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        let verdict = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        if verdict != CertificateVerdict::Unseen || answered || Instant::now() >= deadline {
            break verdict;
        }
    };
    // SAFETY: made above and destroyed once; afterwards no thread of it calls back.
    unsafe { sys::rd_kafka_destroy(client) };
    verdict
}

/// Hears what OpenSSL says of one certificate of a chain, and leaves it at that. The broker's own
/// comes last.
unsafe extern "C" fn hear(
    _client: *mut sys::rd_kafka_t,
    _broker_name: *const c_char,
    _broker_id: i32,
    x509_error: *mut c_int,
    depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    _text: *mut c_char,
    _text_size: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the library hands a valid number.
    let code = unsafe { *x509_error };
    // SAFETY: the opaque pointer that was set with the callback; what it points to outlives the
    // client.
    let seen = unsafe { &*opaque.cast::<Mutex<CertificateVerdict>>() };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if code != 0 {
        *seen = CertificateVerdict::Refused { code, depth };
    } else if depth == 0 && *seen == CertificateVerdict::Unseen {
        *seen = CertificateVerdict::Trusted;
    }
    c_int::from(code == 0)
}
