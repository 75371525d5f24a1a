//! The requests that can be asked, each with its answer. They all read; there are no others.
//!
//! Promises: of each request one version is spoken, the first that says all that is needed; fields
//! of later versions are skipped.
//! Does not know: whom to ask, and what to make of an answer.
//!
//! Rules: the message definitions of Apache Kafka 4.3 (`common/message/*.json` in its clients'
//! archive).

use super::codec::{Malformed, Reader, Writer};

/// A question to a broker.
pub(super) trait Request {
    /// What comes back.
    type Answer;
    /// Its number in the protocol.
    const API_KEY: i16;
    /// The version that is spoken.
    const VERSION: i16;
    /// Whether its headers have tagged fields. The list of versions is answered without, so that
    /// brokers of any age can.
    const HAS_TAGS: bool = true;

    /// Writes what stands behind the header.
    fn write(&self, writer: &mut Writer);

    /// Reads what stands behind the header of the answer.
    ///
    /// # Errors
    /// When it is no such answer.
    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed>;
}

/// Reads all of what stands behind the header of an answer.
///
/// # Errors
/// When it is no such answer, or more than one.
pub(super) fn read_answer<R: Request>(reader: &mut Reader<'_>) -> Result<R::Answer, Malformed> {
    let answer = R::read(reader)?;
    if R::HAS_TAGS {
        reader.tags()?;
    }
    if reader.is_at_end() { Ok(answer) } else { Err("something stands behind its end") }
}

/// Which requests a broker speaks.
#[derive(Debug)]
pub(super) struct ApiVersions;

/// One request that a broker speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoken {
    /// Its number in the protocol.
    pub(super) api_key: i16,
    /// The first version and the last.
    pub(super) versions: (i16, i16),
}

impl Request for ApiVersions {
    type Answer = (i16, Vec<Spoken>);
    const API_KEY: i16 = 18;
    const VERSION: i16 = 0;
    const HAS_TAGS: bool = false;

    fn write(&self, _writer: &mut Writer) {}

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let error = reader.i16()?;
        let spoken = reader.long_list(|reader| {
            Ok(Spoken { api_key: reader.i16()?, versions: (reader.i16()?, reader.i16()?) })
        })?;
        Ok((error, spoken))
    }
}

/// Which broker coordinates each of these groups.
#[derive(Debug)]
pub(super) struct FindCoordinators<'a>(pub(super) &'a [&'a str]);

/// The coordinator of a group.
#[derive(Debug)]
pub(super) struct Coordinator {
    /// The group.
    pub(super) group: String,
    /// Its host and port, as the broker advertises them.
    pub(super) address: (String, u16),
    /// Why there is none; 0 if there is one.
    pub(super) error: i16,
}

impl Request for FindCoordinators<'_> {
    type Answer = Vec<Coordinator>;
    const API_KEY: i16 = 10;
    const VERSION: i16 = 4;

    fn write(&self, writer: &mut Writer) {
        writer.i8(0); // Of groups.
        writer.list(self.0.iter(), |writer, group| writer.text(group));
        writer.tags();
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        reader.i32()?;
        reader.list(|reader| {
            let group = reader.text()?.to_owned();
            reader.i32()?;
            let host = reader.text()?.to_owned();
            let port = u16::try_from(reader.i32()?).unwrap_or(0);
            let error = reader.i16()?;
            reader.text_or_null()?;
            reader.tags()?;
            Ok(Coordinator { group, address: (host, port), error })
        })
    }
}

/// The groups that a broker coordinates, of all types and states.
#[derive(Debug)]
pub(super) struct ListGroups;

/// The same, of a broker that does not know types yet: all its groups are classic.
#[derive(Debug)]
pub(super) struct ListGroupsWithoutTypes;

/// A group of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct ListedGroup {
    /// Its name.
    pub(in crate::kafka) group: String,
    /// Its state in Kafka's word.
    pub(in crate::kafka) state: String,
    /// Its type in Kafka's word; none where a broker does not know types.
    pub(in crate::kafka) kind: Option<String>,
}

/// Reads a list of groups, with their types or without.
fn read_list(reader: &mut Reader<'_>, types: bool) -> Result<(i16, Vec<ListedGroup>), Malformed> {
    reader.i32()?;
    let error = reader.i16()?;
    let groups = reader.list(|reader| {
        let group = reader.text()?.to_owned();
        reader.text()?; // The protocol's type.
        let state = reader.text()?.to_owned();
        let kind = if types { Some(reader.text()?.to_owned()) } else { None };
        reader.tags()?;
        Ok(ListedGroup { group, state, kind })
    })?;
    Ok((error, groups))
}

impl Request for ListGroups {
    type Answer = (i16, Vec<ListedGroup>);
    const API_KEY: i16 = 16;
    const VERSION: i16 = 5;

    fn write(&self, writer: &mut Writer) {
        let all = || std::iter::empty::<&str>();
        writer.list(all(), Writer::text);
        writer.list(all(), Writer::text);
        writer.tags();
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        read_list(reader, true)
    }
}

impl Request for ListGroupsWithoutTypes {
    type Answer = (i16, Vec<ListedGroup>);
    const API_KEY: i16 = 16;
    const VERSION: i16 = 4;

    fn write(&self, writer: &mut Writer) {
        writer.list(std::iter::empty::<&str>(), Writer::text);
        writer.tags();
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        read_list(reader, false)
    }
}

/// What these groups have committed. Each answer has the group's own error, and its topics.
#[derive(Debug)]
pub(super) struct FetchOffsets<'a>(pub(super) &'a [&'a str]);

/// What a group has committed.
#[derive(Debug)]
pub(super) struct GroupOffsets {
    /// The group.
    pub(super) group: String,
    /// Topic, partition, committed offset and error of each.
    pub(super) partitions: Vec<(String, i32, i64, i16)>,
    /// Why nothing is known; 0 if it is.
    pub(super) error: i16,
}

impl Request for FetchOffsets<'_> {
    type Answer = Vec<GroupOffsets>;
    const API_KEY: i16 = 9;
    const VERSION: i16 = 8;

    fn write(&self, writer: &mut Writer) {
        writer.list(self.0.iter(), |writer, group| {
            writer.text(group);
            writer.no_list(); // All topics.
            writer.tags();
        });
        writer.bool(false); // Also while a transaction is about to change them.
        writer.tags();
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        reader.i32()?;
        reader.list(|reader| {
            let group = reader.text()?.to_owned();
            let topics = reader.list(|reader| {
                let topic = reader.text()?;
                let partitions = reader.list(|reader| {
                    let (partition, offset) = (reader.i32()?, reader.i64()?);
                    reader.i32()?;
                    reader.text_or_null()?;
                    let error = reader.i16()?;
                    reader.tags()?;
                    Ok((topic.to_owned(), partition, offset, error))
                })?;
                reader.tags()?;
                Ok(partitions)
            })?;
            let error = reader.i16()?;
            reader.tags()?;
            Ok(GroupOffsets { group, partitions: topics.into_iter().flatten().collect(), error })
        })
    }
}
