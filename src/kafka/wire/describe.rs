//! The requests that describe groups: one for each type of group.
//!
//! Promises: whatever the type, a description has the state in Kafka's word and the members with
//! the partitions that they are assigned.
//! Does not know: which groups are of which type.
//!
//! A member of a Streams group is assigned tasks of subtopologies; the partitions that its active
//! tasks read are what it is shown with.

use super::codec::{Malformed, Reader, Writer};
use super::request::Request;

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct DescribedGroup {
    /// Its name.
    pub(in crate::kafka) group: String,
    /// Its state in Kafka's word.
    pub(in crate::kafka) state: String,
    /// How its members share the partitions, where it is said.
    pub(in crate::kafka) assignor: Option<String>,
    /// Who belongs to it now.
    pub(in crate::kafka) members: Vec<DescribedMember>,
    /// Why nothing is known; 0 if it is.
    pub(in crate::kafka) error: i16,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct DescribedMember {
    /// The id the coordinator gave it.
    pub(in crate::kafka) member_id: String,
    /// The id it named itself.
    pub(in crate::kafka) client_id: String,
    /// Its fixed id, if it has one.
    pub(in crate::kafka) instance_id: Option<String>,
    /// Where it runs.
    pub(in crate::kafka) host: String,
    /// What it is assigned: topics and partitions.
    pub(in crate::kafka) assignment: Vec<(String, i32)>,
}

/// Describes classic groups.
#[derive(Debug)]
pub(super) struct DescribeClassic<'a>(pub(super) &'a [&'a str]);

/// Describes consumer groups of the new protocol (KIP-848).
#[derive(Debug)]
pub(super) struct DescribeConsumers<'a>(pub(super) &'a [&'a str]);

/// Describes share groups (KIP-932).
#[derive(Debug)]
pub(super) struct DescribeShares<'a>(pub(super) &'a [&'a str]);

/// Describes Streams groups (KIP-1071).
#[derive(Debug)]
pub(super) struct DescribeStreams<'a>(pub(super) &'a [&'a str]);

/// Writes the names of groups; nobody asks what we would be allowed to do with them.
fn write_names(writer: &mut Writer, groups: &[&str]) {
    writer.list(groups.iter(), |writer, group| writer.text(group));
    writer.bool(false);
    writer.tags();
}

/// A text of its own.
fn owned(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.text().map(str::to_owned)
}

/// A text of its own that may be null.
fn owned_or_null(reader: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    Ok(reader.text_or_null()?.map(str::to_owned))
}

impl Request for DescribeClassic<'_> {
    type Answer = Vec<DescribedGroup>;
    const API_KEY: i16 = 15;
    const VERSION: i16 = 5;

    fn write(&self, writer: &mut Writer) {
        write_names(writer, self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        reader.i32()?;
        reader.list(|reader| {
            let error = reader.i16()?;
            let (group, state) = (owned(reader)?, owned(reader)?);
            let consumers = reader.text()? == "consumer";
            let assignor = Some(owned(reader)?).filter(|assignor| !assignor.is_empty());
            let members = reader.list(|reader| {
                let member_id = owned(reader)?;
                let instance_id = owned_or_null(reader)?;
                let (client_id, host) = (owned(reader)?, owned(reader)?);
                reader.bytes()?;
                let bytes = reader.bytes()?;
                reader.tags()?;
                // Of other protocols, such as Connect's, only their own clients know what it says.
                let assignment = if consumers { classic_assignment(bytes)? } else { Vec::new() };
                Ok(DescribedMember { member_id, client_id, instance_id, host, assignment })
            })?;
            reader.i32()?;
            reader.tags()?;
            Ok(DescribedGroup { group, state, assignor, members, error })
        })
    }
}

/// What consumers wrote for each other into an assignment (`ConsumerProtocolAssignment.json`). A
/// member that has none yet has no bytes.
fn classic_assignment(bytes: &[u8]) -> Result<Vec<(String, i32)>, Malformed> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    reader.i16()?;
    let topics = reader.long_list(|reader| {
        let topic = reader.short_text()?;
        let partitions = reader.long_list(Reader::i32)?;
        Ok(partitions.into_iter().map(move |partition| (topic.to_owned(), partition)))
    })?;
    Ok(topics.into_iter().flatten().collect())
}

/// The partitions in the assignment of a member of a consumer or share group.
fn assignment(reader: &mut Reader<'_>) -> Result<Vec<(String, i32)>, Malformed> {
    let topics = reader.list(|reader| {
        reader.uuid()?;
        let topic = reader.text()?;
        let partitions = reader.list(Reader::i32)?;
        reader.tags()?;
        Ok(partitions.into_iter().map(move |partition| (topic.to_owned(), partition)))
    })?;
    reader.tags()?;
    Ok(topics.into_iter().flatten().collect())
}

/// Reads descriptions of groups whose coordinator assigns, with what the types differ in.
fn read_assigned(
    reader: &mut Reader<'_>,
    mut member: impl FnMut(&mut Reader<'_>) -> Result<DescribedMember, Malformed>,
) -> Result<Vec<DescribedGroup>, Malformed> {
    reader.i32()?;
    reader.list(|reader| {
        let error = reader.i16()?;
        reader.text_or_null()?;
        let (group, state) = (owned(reader)?, owned(reader)?);
        reader.i32()?;
        reader.i32()?;
        let assignor = Some(owned(reader)?).filter(|assignor| !assignor.is_empty());
        let members = reader.list(&mut member)?;
        reader.i32()?;
        reader.tags()?;
        Ok(DescribedGroup { group, state, assignor, members, error })
    })
}

impl Request for DescribeConsumers<'_> {
    type Answer = Vec<DescribedGroup>;
    const API_KEY: i16 = 69;
    const VERSION: i16 = 0;

    fn write(&self, writer: &mut Writer) {
        write_names(writer, self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        read_assigned(reader, |reader| {
            let member_id = owned(reader)?;
            let instance_id = owned_or_null(reader)?;
            reader.text_or_null()?;
            reader.i32()?;
            let (client_id, host) = (owned(reader)?, owned(reader)?);
            reader.list(Reader::text)?;
            reader.text_or_null()?;
            let current = assignment(reader)?;
            assignment(reader)?; // The one that the coordinator aims at.
            reader.tags()?;
            Ok(DescribedMember { member_id, client_id, instance_id, host, assignment: current })
        })
    }
}

impl Request for DescribeShares<'_> {
    type Answer = Vec<DescribedGroup>;
    const API_KEY: i16 = 77;
    const VERSION: i16 = 1;

    fn write(&self, writer: &mut Writer) {
        write_names(writer, self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        read_assigned(reader, |reader| {
            let member_id = owned(reader)?;
            reader.text_or_null()?;
            reader.i32()?;
            let (client_id, host) = (owned(reader)?, owned(reader)?);
            reader.list(Reader::text)?;
            let current = assignment(reader)?;
            reader.tags()?;
            let instance_id = None;
            Ok(DescribedMember { member_id, client_id, instance_id, host, assignment: current })
        })
    }
}

/// A part of a topology that is worked on as one: its name, and the topics it reads.
type Subtopology = (String, Vec<String>);

/// The tasks of a part of a topology: its name, and the partitions of its topics.
type Tasks = (String, Vec<i32>);

impl Request for DescribeStreams<'_> {
    type Answer = Vec<DescribedGroup>;
    const API_KEY: i16 = 89;
    const VERSION: i16 = 0;

    fn write(&self, writer: &mut Writer) {
        write_names(writer, self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        reader.i32()?;
        reader.list(|reader| {
            let error = reader.i16()?;
            reader.text_or_null()?;
            let (group, state) = (owned(reader)?, owned(reader)?);
            reader.i32()?;
            reader.i32()?;
            let topology = reader.or_null(|reader| {
                reader.i32()?;
                let subtopologies = reader.list(subtopology)?;
                reader.tags()?;
                Ok(subtopologies)
            })?;
            let topology = topology.unwrap_or_default();
            let members = reader.list(|reader| streams_member(reader, &topology))?;
            reader.i32()?;
            reader.tags()?;
            Ok(DescribedGroup { group, state, assignor: None, members, error })
        })
    }
}

/// A part of a topology.
fn subtopology(reader: &mut Reader<'_>) -> Result<Subtopology, Malformed> {
    let name = owned(reader)?;
    let mut sources = reader.list(owned)?;
    reader.list(Reader::text)?;
    reader.list(topic_info)?;
    sources.extend(reader.list(topic_info)?);
    reader.tags()?;
    Ok((name, sources))
}

/// The name of a topic that a topology makes itself.
fn topic_info(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    let name = owned(reader)?;
    reader.i32()?;
    reader.i16()?;
    reader.list(key_value)?;
    reader.tags()?;
    Ok(name)
}

/// Skips a name with its value.
fn key_value(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    reader.text()?;
    reader.text()?;
    reader.tags()
}

/// Skips how far a task is.
fn task_offset(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    reader.text()?;
    reader.i32()?;
    reader.i64()?;
    reader.tags()
}

/// The active tasks of an assignment.
fn active_tasks(reader: &mut Reader<'_>) -> Result<Vec<Tasks>, Malformed> {
    let tasks = |reader: &mut Reader<'_>| {
        let tasks = (owned(reader)?, reader.list(Reader::i32)?);
        reader.tags()?;
        Ok(tasks)
    };
    let active = reader.list(tasks)?;
    reader.list(tasks)?;
    reader.list(tasks)?;
    reader.tags()?;
    Ok(active)
}

/// A member of a Streams group.
fn streams_member(
    reader: &mut Reader<'_>,
    topology: &[Subtopology],
) -> Result<DescribedMember, Malformed> {
    let member_id = owned(reader)?;
    reader.i32()?;
    let instance_id = owned_or_null(reader)?;
    reader.text_or_null()?;
    let (client_id, host) = (owned(reader)?, owned(reader)?);
    reader.i32()?;
    reader.text()?;
    reader.or_null(|reader| {
        reader.text()?;
        reader.i16()?;
        reader.tags()
    })?;
    reader.list(key_value)?;
    reader.list(task_offset)?;
    reader.list(task_offset)?;
    let tasks = active_tasks(reader)?;
    active_tasks(reader)?;
    reader.bool()?;
    reader.tags()?;
    let mut assignment: Vec<(String, i32)> = tasks
        .iter()
        .flat_map(|(name, partitions)| {
            let sources = topology.iter().filter(move |(known, _)| known == name);
            let topics = sources.flat_map(|(_, topics)| topics);
            topics.flat_map(|topic| partitions.iter().map(|number| (topic.clone(), *number)))
        })
        .collect();
    assignment.sort();
    assignment.dedup();
    Ok(DescribedMember { member_id, client_id, instance_id, host, assignment })
}
