//! Records as no client library would write them, put into a broker byte by byte.
//!
//! Promises: `send` returns when the broker has taken them.
//! Does not know: what is strange about them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// `Produce` in its version 7, the last without tagged fields.
const PRODUCE: [i16; 2] = [0, 7];

/// A record whose header names may be any bytes.
#[derive(Clone, Debug)]
pub(crate) struct RawRecord<'a> {
    /// The key.
    pub(crate) key: &'a [u8],
    /// The value.
    pub(crate) value: &'a [u8],
    /// Milliseconds since 1970.
    pub(crate) timestamp_ms: i64,
    /// Names and values of headers.
    pub(crate) headers: &'a [(&'a [u8], &'a [u8])],
}

impl RawRecord<'_> {
    /// Writes it to partition 0 of a topic, which the broker at this address leads.
    pub(crate) fn send(&self, broker: &str, topic: &str) {
        let batch = self.batch();
        let mut request = Vec::new();
        for number in PRODUCE {
            request.extend(number.to_be_bytes());
        }
        request.extend(1_i32.to_be_bytes());
        text(&mut request, "raw");
        request.extend((-1_i16).to_be_bytes());
        request.extend((-1_i16).to_be_bytes());
        request.extend(30_000_i32.to_be_bytes());
        request.extend(1_i32.to_be_bytes());
        text(&mut request, topic);
        request.extend(1_i32.to_be_bytes());
        request.extend(0_i32.to_be_bytes());
        request.extend(length(&batch).to_be_bytes());
        request.extend(batch);
        let mut stream = TcpStream::connect(broker).expect("a broker");
        stream.write_all(&length(&request).to_be_bytes()).expect("a request");
        stream.write_all(&request).expect("a request");
        let mut size = [0; 4];
        stream.read_exact(&mut size).expect("an answer");
        let mut answer = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut answer).expect("an answer");
        // Number of the request, topics, the topic's name, partitions, the partition, its error.
        let at = 4 + 4 + 2 + topic.len() + 4 + 4;
        assert_eq!(answer[at..at + 2], [0, 0], "the broker takes the record: {answer:?}");
    }

    /// A batch of format 2 with this record alone.
    fn batch(&self) -> Vec<u8> {
        let mut record = vec![0, 0, 0];
        for bytes in [self.key, self.value] {
            sized(&mut record, bytes);
        }
        varint(&mut record, length(self.headers));
        for (name, value) in self.headers {
            sized(&mut record, name);
            sized(&mut record, value);
        }
        let mut checked = Vec::new();
        checked.extend(0_i16.to_be_bytes());
        checked.extend(0_i32.to_be_bytes());
        checked.extend(self.timestamp_ms.to_be_bytes());
        checked.extend(self.timestamp_ms.to_be_bytes());
        checked.extend((-1_i64).to_be_bytes());
        checked.extend((-1_i16).to_be_bytes());
        checked.extend((-1_i32).to_be_bytes());
        checked.extend(1_i32.to_be_bytes());
        sized(&mut checked, &record);
        let mut batch = Vec::new();
        batch.extend(0_i64.to_be_bytes());
        batch.extend((length(&checked) + 9).to_be_bytes());
        batch.extend((-1_i32).to_be_bytes());
        batch.push(2);
        batch.extend(crc32c(&checked).to_be_bytes());
        batch.extend(checked);
        batch
    }
}

/// A length as the protocol has it.
fn length<T>(parts: &[T]) -> i32 {
    i32::try_from(parts.len()).expect("small")
}

/// A text with its length before it.
fn text(to: &mut Vec<u8>, text: &str) {
    to.extend(i16::try_from(text.len()).expect("short").to_be_bytes());
    to.extend(text.as_bytes());
}

/// Bytes with their length before them.
fn sized(to: &mut Vec<u8>, bytes: &[u8]) {
    varint(to, length(bytes));
    to.extend(bytes);
}

/// A number in zig-zag and as many bytes as it needs.
fn varint(to: &mut Vec<u8>, number: i32) {
    let mut rest = ((number << 1) ^ (number >> 31)).cast_unsigned();
    while rest >= 0x80 {
        to.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// The checksum of Castagnoli, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}
