//! Which partition a producer puts a key into, for the client families that are in use.
//!
//! Promises: the same partition as the client for every key that is not empty; evidence is counted
//! over distinct keys.
//! Does not know: which client wrote a topic. It is inferred from samples and never relied on
//! without proof, because partition counts are raised and partitioners replaced.

use std::collections::BTreeSet;

/// A hash by which producers place keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Partitioner {
    /// Kafka's Java client, and librdkafka's `murmur2` and `murmur2_random`.
    Murmur2,
    /// librdkafka's default `consistent_random`, and `consistent`: clients for Python, Go, .NET and
    /// others.
    Crc32,
    /// Sarama's hash partitioner, and librdkafka's `fnv1a`.
    Fnv1a,
}

impl Partitioner {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Murmur2, Self::Crc32, Self::Fnv1a];

    /// The name it is known by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2",
            Self::Crc32 => "crc32 (consistent)",
            Self::Fnv1a => "fnv1a",
        }
    }

    /// The partition of a key in a topic with this many partitions, which is at least one.
    pub fn partition_of(self, key: &[u8], partition_count: i32) -> i32 {
        let count = partition_count.max(1).unsigned_abs();
        let hash = match self {
            Self::Murmur2 => murmur2(key) & 0x7fff_ffff,
            Self::Crc32 => crc32fast::hash(key),
            // Sarama takes the remainder of the signed hash and drops its sign.
            Self::Fnv1a => fnv1a(key).cast_signed().unsigned_abs(),
        };
        (hash % count).cast_signed()
    }
}

/// `MurmurHash2` with the seed of Kafka's Java client
/// (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const FACTOR: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).expect("a key is shorter than 4 GiB");
    let mut hash = SEED ^ length;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(FACTOR) ^ mixed.wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u32::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}

/// FNV-1a in 32 bits (Fowler, Noll, Vo).
fn fnv1a(data: &[u8]) -> u32 {
    const OFFSET_BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    data.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME))
}

/// How well each partitioner explains where sampled keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionerEvidence {
    /// How many partitions the topic has.
    pub partition_count: i32,
    /// How many distinct pairs of key and partition were looked at.
    pub sampled: u64,
    /// How many of them each partitioner explains.
    pub explained: [(Partitioner, u64); Partitioner::ALL.len()],
}

impl PartitionerEvidence {
    /// Counts over samples of keys and the partitions they are in. Empty keys say nothing: clients
    /// spread them.
    pub fn of_samples<'k>(
        samples: impl IntoIterator<Item = (&'k [u8], i32)>,
        partition_count: i32,
    ) -> Self {
        let distinct: BTreeSet<(&[u8], i32)> =
            samples.into_iter().filter(|(key, _)| !key.is_empty()).collect();
        let explained = Partitioner::ALL.map(|partitioner| {
            let explains = |(key, partition): &&(&[u8], i32)| {
                partitioner.partition_of(key, partition_count) == *partition
            };
            (partitioner, distinct.iter().filter(explains).fold(0, |count, _| count + 1))
        });
        let sampled = distinct.iter().fold(0, |count, _| count + 1);
        Self { partition_count, sampled, explained }
    }

    /// The partitioner that explains the most.
    pub fn best(&self) -> (Partitioner, u64) {
        let [mut best, others @ ..] = self.explained;
        for other in others {
            if other.1 > best.1 {
                best = other;
            }
        }
        best
    }

    /// The partitioner that explains every sample, when that is no coincidence: less than one
    /// chance in 2^30.
    pub fn proven(&self) -> Option<Partitioner> {
        const BITS_OF_CERTAINTY: u64 = 30;
        let (partitioner, explained) = self.best();
        let bits_per_sample = u64::from(self.partition_count.max(1).ilog2());
        (explained == self.sampled
            && explained.saturating_mul(bits_per_sample) >= BITS_OF_CERTAINTY)
            .then_some(partitioner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_that_of_the_java_client() {
        let expected = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in expected {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
        assert_eq!((murmur2(b""), murmur2(b"kafka")), (0x106e_08d9, 0xd067_cf64));
    }

    #[test]
    fn keys_go_where_librdkafka_puts_them() {
        let keys = ["23456", "this is another string with more length to it perhaps", "hejsan"];
        let hashes = [
            (Partitioner::Murmur2, [0x058d_780f, 0x4f77_03da, 0x5ec1_9395]),
            (Partitioner::Crc32, [0xb1b4_51d7_u32, 0xb015_0df7, 0xd077_037e]),
            (Partitioner::Fnv1a, [0x27e6_f469, 0x155e_3e5f, 0x17b1_e27a]),
        ];
        for (partitioner, hashes) in hashes {
            for (key, hash) in keys.iter().zip(hashes) {
                let partition = partitioner.partition_of(key.as_bytes(), 17);
                assert_eq!(
                    partition.unsigned_abs(),
                    hash % 17,
                    "{} of {key}",
                    partitioner.as_str()
                );
            }
        }
    }

    #[test]
    fn a_partitioner_is_proven_by_enough_keys_that_all_agree() {
        let keys: Vec<String> = (0..40).map(|number| format!("order-{number}")).collect();
        let place = |key: &String| Partitioner::Crc32.partition_of(key.as_bytes(), 12);
        let samples =
            |count: usize| keys.iter().take(count).map(|key| (key.as_bytes(), place(key)));
        let evidence = PartitionerEvidence::of_samples(samples(40), 12);
        assert_eq!((evidence.sampled, evidence.proven()), (40, Some(Partitioner::Crc32)));
        assert_eq!(PartitionerEvidence::of_samples(samples(5), 12).proven(), None, "too few");
        let moved = samples(40).chain([(&b"order-0"[..], (place(&keys[0]) + 1) % 12)]);
        let evidence = PartitionerEvidence::of_samples(moved, 12);
        assert_eq!((evidence.best(), evidence.proven()), ((Partitioner::Crc32, 40), None));
    }

    #[test]
    fn one_partition_proves_nothing() {
        let evidence = PartitionerEvidence::of_samples([(&b"a"[..], 0), (b"b", 0)], 1);
        assert_eq!((evidence.sampled, evidence.proven()), (2, None));
    }
}
