//! Questions to a cluster through the library's admin requests: asked at once, waited for later.
//!
//! Promises: several questions can be under way at the same time; waiting can be given up within 50
//! ms; an answer that nobody waits for is given back to the library.
//! Does not know: how answers are read (`answers`).

#![expect(
    unsafe_code,
    reason = "wraps the admin requests, which the Rust crate offers to producers only"
)]

use std::ffi::CString;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaEvent};
use rdkafka_sys as sys;
use sys::rd_kafka_admin_op_t as Operation;

use super::super::client::Client;
use super::consume::Queue;
use super::{c_string, text};
use crate::model::Isolation;

/// How long a wait goes on before it asks whether to give up.
const SLICE: Duration = Duration::from_millis(50);

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub(crate) struct AdminFailure {
    /// The library's code.
    pub(crate) code: RDKafkaErrorCode,
    /// The library's words.
    pub(crate) text: String,
}

/// A question under way.
pub(crate) struct Asked {
    /// Where the answer will arrive.
    queue: Queue,
    /// When to give up.
    deadline: Instant,
}

/// Options of one question.
struct Options {
    /// The library's options, owned.
    native: NonNull<sys::rd_kafka_AdminOptions_t>,
}

impl Options {
    /// Options for this kind of question, to be answered within this time.
    fn new(client: &Client, operation: Operation, timeout: Duration) -> Self {
        // SAFETY: the client's handle is valid while the client is borrowed.
        let native = unsafe { sys::rd_kafka_AdminOptions_new(client.native(), operation) };
        let native = NonNull::new(native).expect("the library has options for every operation");
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the options are valid; no room for an error text is passed.
        let result = unsafe {
            sys::rd_kafka_AdminOptions_set_request_timeout(
                native.as_ptr(),
                timeout_ms.clamp(1, 3_600_000),
                ptr::null_mut(),
                0,
            )
        };
        debug_assert_eq!(
            RDKafkaErrorCode::from(result),
            RDKafkaErrorCode::NoError,
            "within the library's bounds"
        );
        Self { native }
    }

    /// The same with an isolation level.
    fn with_isolation(self, isolation: Isolation) -> Self {
        let level = match isolation {
            Isolation::Committed => {
                sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
            }
            Isolation::Uncommitted => {
                sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED
            }
        };
        // SAFETY: the options are valid.
        let error =
            unsafe { sys::rd_kafka_AdminOptions_set_isolation_level(self.native.as_ptr(), level) };
        if !error.is_null() {
            // SAFETY: an error object that was handed out to be destroyed by its receiver.
            unsafe { sys::rd_kafka_error_destroy(error) };
        }
        self
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned, and given back only here.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.native.as_ptr()) };
    }
}

/// Where an answer will arrive, and by when.
fn expect_answer(client: &Arc<Client>, timeout: Duration) -> Asked {
    // The library keeps the time-out itself; the second only guards against waiting for nothing.
    Asked { queue: Queue::new(client), deadline: Instant::now() + timeout + Duration::from_secs(1) }
}

/// Names as C wants them, and the addresses of those.
fn c_names(names: &[&str]) -> (Vec<CString>, Vec<*const std::ffi::c_char>) {
    let owned: Vec<CString> = names.iter().map(|name| c_string(name)).collect();
    let addresses = owned.iter().map(|name| name.as_ptr()).collect();
    (owned, addresses)
}

impl Asked {
    /// Asks for offsets; each element's offset says for which: -2 the first, -1 the end, otherwise
    /// a time.
    pub(crate) fn offsets(
        client: &Arc<Client>,
        partitions: &TopicPartitionList,
        isolation: Isolation,
        timeout: Duration,
    ) -> Self {
        let asked = expect_answer(client, timeout);
        let options = Options::new(client, Operation::RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout)
            .with_isolation(isolation);
        // SAFETY: all are valid for the call; the library copies list and options.
        unsafe {
            sys::rd_kafka_ListOffsets(
                client.native(),
                partitions.ptr(),
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        asked
    }

    /// Asks for the descriptions of topics.
    pub(crate) fn topics(client: &Arc<Client>, names: &[&str], timeout: Duration) -> Self {
        let asked = expect_answer(client, timeout);
        let options = Options::new(client, Operation::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout);
        let (_owned, mut addresses) = c_names(names);
        // SAFETY: as many zero-terminated names as said, which the library copies.
        let topics = unsafe {
            sys::rd_kafka_TopicCollection_of_topic_names(addresses.as_mut_ptr(), addresses.len())
        };
        // SAFETY: all are valid for the call; the library copies collection and options.
        unsafe {
            sys::rd_kafka_DescribeTopics(
                client.native(),
                topics,
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        // SAFETY: made above, and given back only here.
        unsafe { sys::rd_kafka_TopicCollection_destroy(topics) };
        asked
    }

    /// Asks for the settings of topics.
    pub(crate) fn topic_configs(client: &Arc<Client>, names: &[&str], timeout: Duration) -> Self {
        let asked = expect_answer(client, timeout);
        let options = Options::new(client, Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        let resource = |name: &&str| {
            let name = c_string(name);
            // SAFETY: a zero-terminated name, which the library copies.
            unsafe { sys::rd_kafka_ConfigResource_new(kind, name.as_ptr()) }
        };
        let mut resources: Vec<_> = names.iter().map(resource).collect();
        // SAFETY: all are valid for the call; the library copies resources and options.
        unsafe {
            sys::rd_kafka_DescribeConfigs(
                client.native(),
                resources.as_mut_ptr(),
                resources.len(),
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        // SAFETY: made above, and given back only here.
        unsafe {
            sys::rd_kafka_ConfigResource_destroy_array(resources.as_mut_ptr(), resources.len());
        }
        asked
    }

    /// Asks for the brokers.
    pub(crate) fn cluster(client: &Arc<Client>, timeout: Duration) -> Self {
        let asked = expect_answer(client, timeout);
        let options = Options::new(client, Operation::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, timeout);
        // SAFETY: all are valid for the call; the library copies the options.
        unsafe {
            sys::rd_kafka_DescribeCluster(
                client.native(),
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        asked
    }

    /// Asks for the names of all groups.
    pub(crate) fn groups(client: &Arc<Client>, timeout: Duration) -> Self {
        let asked = expect_answer(client, timeout);
        let options =
            Options::new(client, Operation::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeout);
        // SAFETY: all are valid for the call; the library copies the options.
        unsafe {
            sys::rd_kafka_ListConsumerGroups(
                client.native(),
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        asked
    }

    /// Asks for the descriptions of groups.
    pub(crate) fn group_descriptions(
        client: &Arc<Client>,
        names: &[&str],
        timeout: Duration,
    ) -> Self {
        let asked = expect_answer(client, timeout);
        let options =
            Options::new(client, Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout);
        let (_owned, mut addresses) = c_names(names);
        // SAFETY: all are valid for the call; the library copies names and options.
        unsafe {
            sys::rd_kafka_DescribeConsumerGroups(
                client.native(),
                addresses.as_mut_ptr(),
                addresses.len(),
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        asked
    }

    /// Asks for the committed offsets of one group: of these partitions, or of all without any.
    pub(crate) fn group_offsets(
        client: &Arc<Client>,
        group: &str,
        partitions: Option<&TopicPartitionList>,
        timeout: Duration,
    ) -> Self {
        let asked = expect_answer(client, timeout);
        let operation = Operation::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
        let options = Options::new(client, operation, timeout);
        let group = c_string(group);
        let list = partitions.map_or(ptr::null_mut(), TopicPartitionList::ptr);
        // SAFETY: a zero-terminated name and a valid list or null; the library copies both.
        let mut request =
            unsafe { sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), list) };
        // SAFETY: all are valid for the call; the library copies request and options.
        unsafe {
            sys::rd_kafka_ListConsumerGroupOffsets(
                client.native(),
                &raw mut request,
                1,
                options.native.as_ptr(),
                asked.queue.native(),
            );
        }
        // SAFETY: made above, and given back only here.
        unsafe { sys::rd_kafka_ListConsumerGroupOffsets_destroy(request) };
        asked
    }

    /// Waits for the answer, or until `give_up` says that there is no point in waiting on.
    ///
    /// # Errors
    /// When the cluster refuses, nothing comes in time, or it is given up.
    pub(crate) fn wait(self, give_up: impl Fn() -> bool) -> Result<AdminAnswer, AdminFailure> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let slice_ms = i32::try_from(left.min(SLICE).as_millis()).unwrap_or(i32::MAX);
            // SAFETY: the queue is valid while borrowed.
            let event = unsafe { sys::rd_kafka_queue_poll(self.queue.native(), slice_ms) };
            if let Some(event) = NonNull::new(event) {
                return AdminAnswer { event }.unless_failed();
            }
            if left.is_zero() || give_up() {
                let code = RDKafkaErrorCode::OperationTimedOut;
                return Err(AdminFailure { code, text: code.to_string() });
            }
        }
    }
}

/// An answer, to be read by `answers`.
pub(crate) struct AdminAnswer {
    /// The library's event, owned.
    event: NonNull<RDKafkaEvent>,
}

impl fmt::Debug for AdminAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminAnswer").finish_non_exhaustive()
    }
}

impl AdminAnswer {
    /// The library's event, valid as long as the answer lives.
    pub(super) fn native(&self) -> *mut RDKafkaEvent {
        self.event.as_ptr()
    }

    /// The answer itself, or the failure it tells of.
    fn unless_failed(self) -> Result<Self, AdminFailure> {
        // SAFETY: the event is valid while owned.
        let code = RDKafkaErrorCode::from(unsafe { sys::rd_kafka_event_error(self.native()) });
        if code == RDKafkaErrorCode::NoError {
            return Ok(self);
        }
        // SAFETY: the event is valid while owned.
        let words = unsafe { sys::rd_kafka_event_error_string(self.native()) };
        // SAFETY: null or zero-terminated, and alive as long as the event.
        let words = unsafe { text(words) };
        let text = words.map_or_else(|| code.to_string(), |words| words.to_string());
        Err(AdminFailure { code, text })
    }
}

impl Drop for AdminAnswer {
    fn drop(&mut self) {
        // SAFETY: owned, and given back only here.
        unsafe { sys::rd_kafka_event_destroy(self.native()) };
    }
}
