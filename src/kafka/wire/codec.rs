//! The protocol's bytes: numbers, texts, lists and tagged fields, read and written.
//!
//! Promises: reading takes no byte that is not there and allocates nothing for a length that the
//! bytes at hand cannot hold; whatever the bytes are, it ends with a value or an error.
//! Does not know: which fields a message has.
//!
//! Rules: <https://kafka.apache.org/protocol#protocol_types>. "Compact" lengths are unsigned
//! varints of the length plus one, with 0 for null; messages that use them end every structure with
//! tagged fields.

/// What is wrong with bytes, by the part that was being read.
pub(super) type Malformed = &'static str;

/// Reads values from the front of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// What was not read yet.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next bytes.
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next bytes of a fixed number.
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or("it ends too early")?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A byte that is 0 or not.
    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        self.fixed::<1>().map(|[byte]| byte != 0)
    }

    /// A signed byte.
    pub(super) fn i8(&mut self) -> Result<i8, Malformed> {
        self.fixed().map(i8::from_be_bytes)
    }

    /// 16 bits.
    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.fixed().map(i16::from_be_bytes)
    }

    /// 32 bits.
    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        self.fixed().map(i32::from_be_bytes)
    }

    /// 64 bits.
    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// The id of a topic.
    pub(super) fn uuid(&mut self) -> Result<[u8; 16], Malformed> {
        self.fixed()
    }

    /// An unsigned number of up to 32 bits, seven of them in a byte.
    fn varint(&mut self) -> Result<u32, Malformed> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                return Err("a length that is no length");
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a length that is no length")
    }

    /// A compact length; `None` for null.
    fn compact(&mut self) -> Result<Option<usize>, Malformed> {
        let length = self.varint()?.checked_sub(1);
        length
            .map(|length| usize::try_from(length).map_err(|_too_long| "a length beyond memory"))
            .transpose()
    }

    /// A text, compact; `None` for null.
    pub(super) fn text_or_null(&mut self) -> Result<Option<&'a str>, Malformed> {
        let Some(length) = self.compact()? else { return Ok(None) };
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(Some).map_err(|_not_text| "a text that is not UTF-8")
    }

    /// A text, compact.
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        self.text_or_null()?.ok_or("a text that must not be null")
    }

    /// Bytes, compact.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.compact()?.ok_or("bytes that must not be null")?;
        self.take(length)
    }

    /// A text with its length in 16 bits.
    pub(super) fn short_text(&mut self) -> Result<&'a str, Malformed> {
        let length =
            usize::try_from(self.i16()?).map_err(|_null| "a text that must not be null")?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_not_text| "a text that is not UTF-8")
    }

    /// So many items. Every item takes a byte at least, so a number that the bytes cannot hold is
    /// refused at once.
    fn items<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        if count > self.rest.len() {
            return Err("a list that is longer than the message");
        }
        (0..count).map(|_| item(self)).collect()
    }

    /// A list, compact; null is an empty one.
    pub(super) fn list<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.compact()?.unwrap_or(0);
        self.items(count, item)
    }

    /// A list with its length in 32 bits; null is an empty one.
    pub(super) fn long_list<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.i32()?;
        self.items(usize::try_from(count).unwrap_or(0), item)
    }

    /// A structure that may be null: a byte below zero says that it is.
    pub(super) fn or_null<T>(
        &mut self,
        structure: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        if self.i8()? < 0 { Ok(None) } else { structure(self).map(Some) }
    }

    /// Skips the tagged fields at the end of a structure: those of later versions.
    pub(super) fn tags(&mut self) -> Result<(), Malformed> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let size = self.varint()?;
            self.take(usize::try_from(size).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }
}

/// Writes values one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    /// What was written.
    bytes: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A byte that is 0 or 1.
    pub(super) fn bool(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    /// A signed byte.
    pub(super) fn i8(&mut self, value: i8) {
        self.bytes.extend(value.to_be_bytes());
    }

    /// 16 bits.
    pub(super) fn i16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    /// 32 bits.
    pub(super) fn i32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    /// An unsigned number, seven bits in a byte.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits fit into a byte")]
    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A compact length.
    fn compact(&mut self, length: usize) {
        let length = u32::try_from(length).ok().and_then(|length| length.checked_add(1));
        self.varint(length.expect("a request is shorter than 4 GiB"));
    }

    /// A text, compact.
    pub(super) fn text(&mut self, text: &str) {
        self.compact(text.len());
        self.bytes.extend(text.as_bytes());
    }

    /// A text with its length in 16 bits.
    pub(super) fn short_text(&mut self, text: &str) {
        let length = i16::try_from(text.len()).expect("a short text");
        self.i16(length);
        self.bytes.extend(text.as_bytes());
    }

    /// A list, compact.
    pub(super) fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.compact(items.len());
        items.for_each(|one| item(self, one));
    }

    /// A list that is null.
    pub(super) fn no_list(&mut self) {
        self.varint(0);
    }

    /// No tagged fields.
    pub(super) fn tags(&mut self) {
        self.varint(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads something of every kind, in an order that the bytes choose.
    fn read_anything(bytes: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(bytes);
        while !reader.is_at_end() {
            match reader.i8()?.rem_euclid(9) {
                0 => drop(reader.text_or_null()?),
                1 => drop(reader.short_text()?),
                2 => drop(reader.list(|reader| reader.i64())?),
                3 => drop(reader.long_list(|reader| reader.list(Reader::text_or_null))?),
                4 => reader.tags()?,
                5 => drop(reader.or_null(|reader| reader.uuid())?),
                6 => drop(reader.bytes()?),
                7 => drop(reader.i32()?),
                _ => drop((reader.bool()?, reader.i16()?)),
            }
        }
        Ok(())
    }

    #[test]
    fn a_list_that_says_it_is_longer_than_the_message_is_refused_before_anything_is_allocated() {
        let mut long = Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0, 0]);
        assert!(long.long_list(|reader| reader.bool()).is_err(), "two billion items of two bytes");
        let mut compact = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
        assert!(compact.list(|reader| reader.bool()).is_err(), "four billion items of two bytes");
    }

    #[test]
    fn lengths_are_the_protocols_varints() {
        let mut writer = Writer::default();
        writer.varint(300);
        writer.varint(0);
        writer.varint(u32::MAX);
        let bytes = writer.into_bytes();
        assert_eq!(bytes, [0xac, 0x02, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        let mut reader = Reader::new(&bytes);
        assert_eq!(
            [reader.varint(), reader.varint(), reader.varint()],
            [Ok(300), Ok(0), Ok(u32::MAX)]
        );
        assert!(Reader::new(&[0x80; 6]).varint().is_err(), "a length without an end");
    }

    proptest! {
        #[test]
        fn whatever_arrives_reading_it_ends(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            // A value or an error; anything else would be a panic or no end.
            match read_anything(&bytes) {
                Ok(()) | Err(_) => {}
            }
        }

        #[test]
        fn what_was_written_is_read_back(texts in prop::collection::vec(".{0,40}", 0..8), number: i32) {
            let mut writer = Writer::default();
            writer.list(texts.iter(), |writer, text| writer.text(text));
            writer.i32(number);
            writer.tags();
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.list(Reader::text).unwrap(), texts);
            prop_assert_eq!(reader.i32().unwrap(), number);
            reader.tags().unwrap();
            prop_assert!(reader.is_at_end());
        }
    }
}
