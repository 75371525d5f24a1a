//! Reading by the library's simple consumer: topics, queues and batches of messages.
//!
//! Promises: a message can be looked at only while its batch lives; every message is given back
//! when the batch is cleared or dropped; a partition that is read stays readable until its topic is
//! dropped.
//! Does not know: offsets to start from, what a message means.

#![expect(
    unsafe_code,
    reason = "wraps rd_kafka_consume_start_queue and rd_kafka_consume_batch_queue"
)]

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::types::{
    RDKafkaErrorCode, RDKafkaMessage, RDKafkaQueue, RDKafkaRespErr, RDKafkaTopic,
};
use rdkafka_sys as sys;

use super::super::client::Client;
use super::c_string;
use crate::model::{Header, NOT_TEXT, TimestampType};

/// The error the library set last in this thread.
fn last_error() -> RDKafkaErrorCode {
    // SAFETY: reads a thread-local number.
    unsafe { sys::rd_kafka_last_error() }.into()
}

/// A queue that messages and events arrive on.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The library's queue, owned.
    native: NonNull<RDKafkaQueue>,
    /// Keeps the client alive that the queue belongs to.
    _client: Arc<Client>,
}

// SAFETY: the library guards its queues by locks; any thread may use and destroy them.
unsafe impl Send for Queue {}

impl Queue {
    /// A new queue of this client.
    pub(crate) fn new(client: &Arc<Client>) -> Self {
        // SAFETY: the client's handle is valid while the client lives.
        let native = unsafe { sys::rd_kafka_queue_new(client.native()) };
        let native = NonNull::new(native).expect("the library makes a queue or aborts");
        Self { native, _client: Arc::clone(client) }
    }

    /// The library's queue, valid as long as this one lives.
    pub(super) fn native(&self) -> *mut RDKafkaQueue {
        self.native.as_ptr()
    }

    /// Sends everything that is and will be on this queue to another one of the same client.
    pub(crate) fn forward_to(&self, other: &Self) {
        // SAFETY: both queues are valid while borrowed, and the library counts the reference to
        // `other`.
        unsafe { sys::rd_kafka_queue_forward(self.native(), other.native()) };
    }

    /// Waits for messages until this time is up, and takes as many as are there, up to the batch's
    /// capacity.
    pub(crate) fn wait(&self, at_most: Duration, batch: &mut Messages) {
        batch.clear();
        // One message first: asking for many would wait for all of them or for the end of the time.
        self.take(at_most, 1, batch);
        if !batch.native.is_empty() {
            self.take(Duration::ZERO, batch.native.capacity() - 1, batch);
        }
    }

    /// Appends at most this many messages, which the batch has room for.
    fn take(&self, at_most: Duration, count: usize, batch: &mut Messages) {
        let room = batch.native.spare_capacity_mut();
        assert!(count <= room.len(), "the batch has room for what is asked");
        let timeout_ms = i32::try_from(at_most.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid, and `room` has space for `count` pointers, which the library
        // only writes.
        let taken = unsafe {
            sys::rd_kafka_consume_batch_queue(
                self.native(),
                timeout_ms,
                room.as_mut_ptr().cast::<*mut RDKafkaMessage>(),
                count,
            )
        };
        let taken = usize::try_from(taken).unwrap_or(0);
        // SAFETY: the library wrote `taken` pointers behind the present length, at most `count` of
        // them.
        unsafe { batch.native.set_len(batch.native.len() + taken) };
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: owned, and given back only here.
        unsafe { sys::rd_kafka_queue_destroy(self.native()) };
    }
}

/// A topic of one client, whose partitions can be read.
#[derive(Debug)]
pub(crate) struct Topic {
    /// The library's topic, owned.
    native: NonNull<RDKafkaTopic>,
    /// Keeps the client alive that the topic belongs to.
    _client: Arc<Client>,
}

// SAFETY: the library guards its topics by locks; any thread may use and destroy them.
unsafe impl Send for Topic {}

impl Topic {
    /// The topic with this name.
    ///
    /// # Errors
    /// When the name cannot be one of a topic.
    pub(crate) fn new(client: &Arc<Client>, name: &str) -> Result<Self, RDKafkaErrorCode> {
        let name = c_string(name);
        // SAFETY: the client's handle is valid, the name is zero-terminated, no configuration is
        // passed.
        let native =
            unsafe { sys::rd_kafka_topic_new(client.native(), name.as_ptr(), ptr::null_mut()) };
        let native = NonNull::new(native).ok_or_else(last_error)?;
        Ok(Self { native, _client: Arc::clone(client) })
    }

    /// Starts to read a partition from this offset into this queue.
    ///
    /// # Errors
    /// When the partition is being read already or the offset is negative.
    pub(crate) fn start(
        &self,
        partition: i32,
        offset: i64,
        queue: &Queue,
    ) -> Result<(), RDKafkaErrorCode> {
        let native = self.native.as_ptr();
        // SAFETY: topic and queue are valid while borrowed; the library counts its references to
        // both.
        let result =
            unsafe { sys::rd_kafka_consume_start_queue(native, partition, offset, queue.native()) };
        if result == 0 { Ok(()) } else { Err(last_error()) }
    }

    /// Stops to read a partition. Without effect when it is not being read.
    pub(crate) fn stop(&self, partition: i32) {
        // SAFETY: the topic is valid while borrowed.
        let result = unsafe { sys::rd_kafka_consume_stop(self.native.as_ptr(), partition) };
        if result != 0 {
            tracing::debug!(target: "kafka", partition, "was not being read");
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: owned, and given back only here.
        unsafe { sys::rd_kafka_topic_destroy(self.native.as_ptr()) };
    }
}

/// A batch of messages, filled again and again by `Queue::wait`.
///
/// Invariant: every pointer is a message of the library that is owned here and not destroyed yet.
#[derive(Debug)]
pub(crate) struct Messages {
    /// The library's messages.
    native: Vec<*mut RDKafkaMessage>,
}

impl Messages {
    /// An empty batch for at most this many messages.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { native: Vec::with_capacity(capacity.max(2)) }
    }

    /// How many messages the batch holds.
    pub(crate) fn len(&self) -> usize {
        self.native.len()
    }

    /// The messages, in the order of their arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.native.iter().map(|message| {
            // SAFETY: a valid message by the invariant, which nobody changes while the batch is
            // borrowed.
            let native = unsafe { &**message };
            Message { native }
        })
    }

    /// Gives all messages back.
    pub(crate) fn clear(&mut self) {
        for message in self.native.drain(..) {
            // SAFETY: owned by the invariant, and taken out of the batch.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.clear();
    }
}

/// One message: a record, the end of a partition, or a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    /// The library's message.
    native: &'a RDKafkaMessage,
}

impl<'a> Message<'a> {
    /// The failure it tells of; `None` for a record.
    pub(crate) fn error(self) -> Option<RDKafkaErrorCode> {
        (self.native.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
            .then(|| self.native.err.into())
    }

    /// The failure in words.
    pub(crate) fn error_text(self) -> String {
        // SAFETY: the message is valid; the text lives as long as the message.
        let text = unsafe { sys::rd_kafka_message_errstr(self.native) };
        // SAFETY: null or zero-terminated.
        let text = unsafe { super::text(text) };
        text.map_or_else(String::new, |text| text.to_string())
    }

    /// A number that two messages of one client share when they are of the same topic.
    pub(crate) fn topic_identity(self) -> usize {
        self.native.rkt.addr()
    }

    /// The topic's name.
    pub(crate) fn topic(self) -> &'a str {
        if self.native.rkt.is_null() {
            return "";
        }
        // SAFETY: the message holds a reference to its topic, which is not null.
        let name = unsafe { sys::rd_kafka_topic_name(self.native.rkt) };
        // SAFETY: a topic has a zero-terminated name that lives as long as the topic, so as long as
        // the message.
        let name = unsafe { CStr::from_ptr::<'a>(name) };
        name.to_str().unwrap_or_default()
    }

    /// The partition's number.
    pub(crate) fn partition(self) -> i32 {
        self.native.partition
    }

    /// The record's offset; at the end of a partition, the offset of what comes next.
    pub(crate) fn offset(self) -> i64 {
        self.native.offset
    }

    /// The key's bytes; `None` is a null key.
    pub(crate) fn key(self) -> Option<&'a [u8]> {
        let first = NonNull::new(self.native.key.cast::<u8>())?;
        // SAFETY: not null, `key_len` bytes long, and unchanged while the message lives.
        Some(unsafe { std::slice::from_raw_parts(first.as_ptr(), self.native.key_len) })
    }

    /// The value's bytes; `None` is a tombstone. Of a failure, its words.
    pub(crate) fn value(self) -> Option<&'a [u8]> {
        let first = NonNull::new(self.native.payload.cast::<u8>())?;
        // SAFETY: not null, `len` bytes long, and unchanged while the message lives.
        Some(unsafe { std::slice::from_raw_parts(first.as_ptr(), self.native.len) })
    }

    /// The timestamp in milliseconds since the epoch, -1 where there is none, and whose clock wrote
    /// it.
    pub(crate) fn timestamp(self) -> (i64, TimestampType) {
        let mut clock = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is valid and `clock` is a place for the answer.
        let timestamp_ms = unsafe { sys::rd_kafka_message_timestamp(self.native, &raw mut clock) };
        let appended = clock == sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
        let clock = if appended { TimestampType::LogAppendTime } else { TimestampType::CreateTime };
        (timestamp_ms, clock)
    }

    /// The term of the leader that wrote it; -1 where the broker does not say.
    pub(crate) fn leader_epoch(self) -> i32 {
        // SAFETY: the message is valid.
        unsafe { sys::rd_kafka_message_leader_epoch(self.native) }
    }

    /// The headers in their order, duplicates included. The library parses them at this call.
    pub(crate) fn headers(self) -> Headers<'a> {
        let mut native = ptr::null_mut();
        // SAFETY: the message is valid and `native` is a place for the answer, which the message
        // keeps owning.
        let result = unsafe { sys::rd_kafka_message_headers(self.native, &raw mut native) };
        let found = result == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        Headers { native: if found { native } else { ptr::null_mut() }, next: 0, _message: self }
    }
}

/// A header's name that is not UTF-8, which the protocol demands: a sign that it is none, and its
/// bytes spelled out, so that different names stay different.
fn spelled(name: &[u8]) -> &'static str {
    /// How many names are told apart; they are few, and kept for ever.
    const NAMES_MAX: usize = 1000;
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let spelled = format!("{NOT_TEXT}{}", name.escape_ascii());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(spelled.as_str()) {
        return known;
    }
    if names.len() >= NAMES_MAX {
        return "\u{fffd}";
    }
    let kept: &'static str = Box::leak(spelled.into_boxed_str());
    names.insert(kept);
    kept
}

/// The headers of one message, in their order.
#[derive(Debug)]
pub(crate) struct Headers<'a> {
    /// The library's headers, owned by the message; null when there are none.
    native: *mut sys::rd_kafka_headers_t,
    /// The number of the next header.
    next: usize,
    /// Keeps the message borrowed that they belong to.
    _message: Message<'a>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        if self.native.is_null() {
            return None;
        }
        let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers belong to a message that is borrowed, and the rest are places for the
        // answer.
        let result = unsafe {
            sys::rd_kafka_header_get_all(
                self.native,
                self.next,
                &raw mut name,
                &raw mut value,
                &raw mut length,
            )
        };
        if result != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        self.next += 1;
        // SAFETY: the library keeps names zero-terminated and unchanged as long as the message
        // lives.
        let name = unsafe { CStr::from_ptr::<'a>(name) };
        let value = NonNull::new(value.cast::<u8>().cast_mut()).map(|first| {
            // SAFETY: not null, `length` bytes long, and unchanged as long as the message lives.
            unsafe { std::slice::from_raw_parts(first.as_ptr().cast_const(), length) }
        });
        Some(Header { name: name.to_str().unwrap_or_else(|_| spelled(name.to_bytes())), value })
    }
}
