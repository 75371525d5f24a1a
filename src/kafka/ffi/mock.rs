//! The library's mock cluster, as far as its Rust wrapper does not reach: which requests it saw.
//!
//! Promises: the requests are those since tracking was started or last cleared, in the order of
//! their arrival.
//! Does not know: which requests are allowed.

#![expect(unsafe_code, reason = "wraps the request tracking of the mock cluster")]

use std::fmt;
use std::ptr::NonNull;

use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka_sys as sys;

use super::text;

/// The mock cluster that lives in a producer made with `test.mock.num.brokers`.
pub(crate) struct MockHandle {
    /// The library's cluster. Invariant: lives as long as the producer.
    native: NonNull<sys::rd_kafka_mock_cluster_t>,
    /// The producer that owns the cluster.
    producer: BaseProducer,
}

// SAFETY: the mock cluster serves calls from any thread through its own queue and locks.
unsafe impl Send for MockHandle {}
// SAFETY: as above; every call is guarded inside the library.
unsafe impl Sync for MockHandle {}

impl fmt::Debug for MockHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockHandle").finish_non_exhaustive()
    }
}

impl MockHandle {
    /// The cluster in this producer; `None` when it was made without one.
    pub(crate) fn of(producer: BaseProducer) -> Option<Self> {
        // SAFETY: the producer's handle is valid while the producer is borrowed.
        let native = unsafe { sys::rd_kafka_handle_mock_cluster(producer.client().native_ptr()) };
        Some(Self { native: NonNull::new(native)?, producer })
    }

    /// The producer the cluster lives in.
    pub(crate) fn producer(&self) -> &BaseProducer {
        &self.producer
    }

    /// The addresses to connect to.
    pub(crate) fn brokers(&self) -> String {
        // SAFETY: the cluster is valid by the invariant.
        let brokers = unsafe { sys::rd_kafka_mock_cluster_bootstraps(self.native.as_ptr()) };
        // SAFETY: a zero-terminated text that the cluster keeps.
        let brokers = unsafe { text(brokers) };
        brokers.map_or_else(String::new, |brokers| brokers.to_string())
    }

    /// How long the cluster waits for further members before it assigns partitions to a new group.
    pub(crate) fn set_group_rebalance_delay(&self, delay_ms: i32) {
        let native = self.native.as_ptr();
        // SAFETY: the cluster is valid by the invariant.
        unsafe { sys::rd_kafka_mock_group_initial_rebalance_delay_ms(native, delay_ms) };
    }

    /// Notes every request from now on.
    pub(crate) fn start_tracking(&self) {
        // SAFETY: the cluster is valid by the invariant.
        unsafe { sys::rd_kafka_mock_start_request_tracking(self.native.as_ptr()) };
    }

    /// Forgets the requests noted so far.
    pub(crate) fn clear_tracked(&self) {
        // SAFETY: the cluster is valid by the invariant.
        unsafe { sys::rd_kafka_mock_clear_requests(self.native.as_ptr()) };
    }

    /// The API keys of the requests noted, in the order of their arrival.
    pub(crate) fn tracked_api_keys(&self) -> Vec<i16> {
        let mut count = 0;
        let native = self.native.as_ptr();
        // SAFETY: the cluster is valid by the invariant, and `count` is a place for the length.
        let requests = unsafe { sys::rd_kafka_mock_get_requests(native, &raw mut count) };
        if requests.is_null() {
            return Vec::new();
        }
        // SAFETY: an array of this length that was handed out to be destroyed below.
        let natives = unsafe { std::slice::from_raw_parts(requests, count) };
        let api_key = |request: &*mut sys::rd_kafka_mock_request_t| {
            // SAFETY: an element of the array, not destroyed yet.
            unsafe { sys::rd_kafka_mock_request_api_key(*request) }
        };
        let keys = natives.iter().map(api_key).collect();
        // SAFETY: the array from above, given back only here and not used after.
        unsafe { sys::rd_kafka_mock_request_destroy_array(requests, count) };
        keys
    }
}
