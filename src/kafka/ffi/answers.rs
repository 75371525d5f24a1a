//! Reading the answers to admin questions into plain, owned data.
//!
//! Promises: nothing that is handed out points into an answer.
//! Does not know: how questions are asked (`admin`), what codes mean.

#![expect(unsafe_code, reason = "reads the library's result objects")]

use std::ffi::{c_char, c_int};
use std::sync::Arc;

use rdkafka::types::{RDKafkaErrorCode, RDKafkaEvent};
use rdkafka_sys as sys;

use super::admin::AdminAnswer;
use super::{pointers, text};
use crate::model::TopicPartition;

/// One offset that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct OffsetAnswer {
    /// Of which partition.
    pub(crate) partition: TopicPartition,
    /// The offset; -1 where no record has the time asked for or nothing was committed.
    pub(crate) offset: i64,
    /// Why there is none.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

/// What is known of a topic.
#[derive(Clone, Debug)]
pub(crate) struct TopicAnswer {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its id; `None` where the broker has none.
    pub(crate) topic_id: Option<Arc<str>>,
    /// Why nothing is known.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

/// The settings of one topic.
#[derive(Clone, Debug)]
pub(crate) struct ConfigAnswer {
    /// Its name.
    pub(crate) topic: Arc<str>,
    /// Names and values; sensitive values are missing.
    pub(crate) entries: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// Why they may not be seen.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

/// One broker.
#[derive(Clone, Debug)]
pub(crate) struct NodeAnswer {
    /// Its number.
    pub(crate) id: i32,
    /// Its host as it advertises it.
    pub(crate) host: Arc<str>,
    /// Its port as it advertises it.
    pub(crate) port: u16,
}

/// One group of a list.
#[derive(Clone, Debug)]
pub(crate) struct GroupListingAnswer {
    /// Its name.
    pub(crate) group: Arc<str>,
    /// Its state in Kafka's word.
    pub(crate) state: Arc<str>,
    /// Its type in Kafka's word.
    pub(crate) group_type: Arc<str>,
}

/// One group with its members.
#[derive(Clone, Debug)]
pub(crate) struct GroupAnswer {
    /// Its name.
    pub(crate) group: Arc<str>,
    /// Its state in Kafka's word.
    pub(crate) state: Arc<str>,
    /// Its type in Kafka's word.
    pub(crate) group_type: Arc<str>,
    /// How its members share partitions.
    pub(crate) assignor: Option<Arc<str>>,
    /// Who belongs to it.
    pub(crate) members: Vec<MemberAnswer>,
    /// Why nothing is known.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

/// One member of a group.
#[derive(Clone, Debug)]
pub(crate) struct MemberAnswer {
    /// The id the coordinator gave it.
    pub(crate) member_id: Arc<str>,
    /// The id it named itself.
    pub(crate) client_id: Arc<str>,
    /// Its fixed id, if it has one.
    pub(crate) instance_id: Option<Arc<str>>,
    /// Where it runs.
    pub(crate) host: Arc<str>,
    /// What it is assigned.
    pub(crate) assignment: Vec<TopicPartition>,
}

/// A getter of the library that says a text.
type TextGetter<T> = unsafe extern "C" fn(*const T) -> *const c_char;

/// Borrowed part of an answer.
///
/// Invariant: the pointer is null or valid as long as the answer lives. Only getters of the library
/// are passed to the methods; those read their object and nothing else.
struct Part<'a, T> {
    /// The library's object.
    native: *const T,
    /// Keeps the answer borrowed.
    answer: &'a AdminAnswer,
}

impl<'a, T> Part<'a, T> {
    /// Another object that this one holds.
    fn part<U>(&self, getter: unsafe extern "C" fn(*const T) -> *const U) -> Option<Part<'a, U>> {
        // SAFETY: the object is valid by the invariant.
        let native = unsafe { getter(self.native) };
        (!native.is_null()).then_some(Part { native, answer: self.answer })
    }

    /// The objects of a list that this one holds.
    fn list<U: 'static>(
        &self,
        getter: unsafe extern "C" fn(*const T, *mut usize) -> *mut *const U,
    ) -> impl Iterator<Item = Part<'a, U>> + use<'a, T, U> {
        let mut count = 0;
        // SAFETY: the object is valid by the invariant, and `count` is a place for the length.
        let first = unsafe { getter(self.native, &raw mut count) };
        // SAFETY: an array of this length that lives as long as the answer.
        let natives = unsafe { pointers::<'a, U>(first, count) };
        let answer = self.answer;
        natives.iter().map(move |native| Part { native: *native, answer })
    }

    /// A text that this object holds.
    fn text(&self, getter: TextGetter<T>) -> Option<Arc<str>> {
        // SAFETY: the object is valid by the invariant.
        let words = unsafe { getter(self.native) };
        // SAFETY: null or zero-terminated, and alive as long as the answer.
        unsafe { text(words) }
    }

    /// A plain value that this object holds.
    fn get<V>(&self, getter: unsafe extern "C" fn(*const T) -> V) -> V {
        // SAFETY: the object is valid by the invariant.
        unsafe { getter(self.native) }
    }

    /// The failure that this object holds.
    fn error(
        &self,
        getter: unsafe extern "C" fn(*const T) -> *const sys::rd_kafka_error_t,
    ) -> Option<RDKafkaErrorCode> {
        let error = self.part(getter)?;
        unless_none(error.get(sys::rd_kafka_error_code))
    }
}

/// The code, unless it says that nothing failed.
fn unless_none(code: sys::rd_kafka_resp_err_t) -> Option<RDKafkaErrorCode> {
    let code = RDKafkaErrorCode::from(code);
    (code != RDKafkaErrorCode::NoError).then_some(code)
}

/// Kafka's word for something the library numbers.
fn word<V>(value: V, getter: unsafe extern "C" fn(V) -> *const c_char) -> Arc<str> {
    // SAFETY: every value of the type has a name.
    let name = unsafe { getter(value) };
    // SAFETY: a constant text of the library.
    unsafe { text(name) }.unwrap_or_else(|| "Unknown".into())
}

/// The partitions of a list with their offsets and failures.
fn elements(list: &Part<'_, sys::rd_kafka_topic_partition_list_t>) -> Vec<OffsetAnswer> {
    // SAFETY: the list is valid as long as the answer lives, by the invariant of `Part`.
    let list = unsafe { &*list.native };
    let count = usize::try_from(list.cnt).unwrap_or(0);
    if list.elems.is_null() || count == 0 {
        return Vec::new();
    }
    // SAFETY: an array of this length that lives as long as the list.
    let elements = unsafe { std::slice::from_raw_parts(list.elems, count) };
    elements.iter().map(element).collect()
}

/// One partition with its offset and failure.
fn element(element: &sys::rd_kafka_topic_partition_t) -> OffsetAnswer {
    // SAFETY: a zero-terminated name that lives as long as the element.
    let topic = unsafe { text(element.topic) }.unwrap_or_default();
    OffsetAnswer {
        partition: TopicPartition { topic, partition: element.partition },
        offset: element.offset,
        error: unless_none(element.err),
    }
}

impl AdminAnswer {
    /// The result object of this kind; `None` when the answer is of another kind.
    fn result<T>(
        &self,
        getter: unsafe extern "C" fn(*mut RDKafkaEvent) -> *const T,
    ) -> Option<Part<'_, T>> {
        // SAFETY: the event is valid while the answer is borrowed; of another kind, the getter says
        // null.
        let native = unsafe { getter(self.native()) };
        (!native.is_null()).then_some(Part { native, answer: self })
    }

    /// The offsets.
    pub(crate) fn offsets(&self) -> Vec<OffsetAnswer> {
        let Some(result) = self.result(sys::rd_kafka_event_ListOffsets_result) else {
            return Vec::new();
        };
        let infos = result.list(sys::rd_kafka_ListOffsets_result_infos);
        infos
            .filter_map(|info| info.part(sys::rd_kafka_ListOffsetsResultInfo_topic_partition))
            .map(|partition| {
                // SAFETY: valid as long as the answer lives, by the invariant of `Part`.
                element(unsafe { &*partition.native })
            })
            .collect()
    }

    /// The topics' descriptions.
    pub(crate) fn topics(&self) -> Vec<TopicAnswer> {
        /// What the library prints for no id.
        const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
        let Some(result) = self.result(sys::rd_kafka_event_DescribeTopics_result) else {
            return Vec::new();
        };
        let topics = result.list(sys::rd_kafka_DescribeTopics_result_topics);
        topics
            .map(|topic| TopicAnswer {
                name: topic.text(sys::rd_kafka_TopicDescription_name).unwrap_or_default(),
                topic_id: topic
                    .part(sys::rd_kafka_TopicDescription_topic_id)
                    .and_then(|id| id.text(sys::rd_kafka_Uuid_base64str))
                    .filter(|id| &**id != NO_ID),
                error: topic.error(sys::rd_kafka_TopicDescription_error),
            })
            .collect()
    }

    /// The topics' settings.
    pub(crate) fn topic_configs(&self) -> Vec<ConfigAnswer> {
        let Some(result) = self.result(sys::rd_kafka_event_DescribeConfigs_result) else {
            return Vec::new();
        };
        let resources = result.list(sys::rd_kafka_DescribeConfigs_result_resources);
        resources
            .map(|resource| ConfigAnswer {
                topic: resource.text(sys::rd_kafka_ConfigResource_name).unwrap_or_default(),
                error: unless_none(resource.get(sys::rd_kafka_ConfigResource_error)),
                entries: resource
                    .list(sys::rd_kafka_ConfigResource_configs)
                    .filter_map(|entry| {
                        let name = entry.text(sys::rd_kafka_ConfigEntry_name)?;
                        Some((name, entry.text(sys::rd_kafka_ConfigEntry_value)))
                    })
                    .collect(),
            })
            .collect()
    }

    /// The cluster's id, its brokers, and which of them is the controller.
    pub(crate) fn cluster(&self) -> (Option<Arc<str>>, Vec<NodeAnswer>, Option<i32>) {
        let Some(result) = self.result(sys::rd_kafka_event_DescribeCluster_result) else {
            return (None, Vec::new(), None);
        };
        let nodes = result.list(sys::rd_kafka_DescribeCluster_result_nodes);
        let nodes = nodes
            .map(|node| NodeAnswer {
                id: number(node.get(sys::rd_kafka_Node_id)),
                host: node.text(sys::rd_kafka_Node_host).unwrap_or_default(),
                port: node.get(sys::rd_kafka_Node_port),
            })
            .collect();
        let controller = result.part(sys::rd_kafka_DescribeCluster_result_controller);
        let controller = controller.map(|node| number(node.get(sys::rd_kafka_Node_id)));
        (result.text(sys::rd_kafka_DescribeCluster_result_cluster_id), nodes, controller)
    }

    /// The groups' names, and the failures of brokers that could not say theirs.
    pub(crate) fn groups(&self) -> (Vec<GroupListingAnswer>, Vec<RDKafkaErrorCode>) {
        let Some(result) = self.result(sys::rd_kafka_event_ListConsumerGroups_result) else {
            return (Vec::new(), Vec::new());
        };
        let groups = result.list(sys::rd_kafka_ListConsumerGroups_result_valid);
        let groups = groups
            .map(|group| GroupListingAnswer {
                group: group.text(sys::rd_kafka_ConsumerGroupListing_group_id).unwrap_or_default(),
                state: word(
                    group.get(sys::rd_kafka_ConsumerGroupListing_state),
                    sys::rd_kafka_consumer_group_state_name,
                ),
                group_type: word(
                    group.get(sys::rd_kafka_ConsumerGroupListing_type),
                    sys::rd_kafka_consumer_group_type_name,
                ),
            })
            .collect();
        let errors = result.list(sys::rd_kafka_ListConsumerGroups_result_errors);
        (groups, errors.filter_map(|e| unless_none(e.get(sys::rd_kafka_error_code))).collect())
    }

    /// The groups' descriptions.
    pub(crate) fn group_descriptions(&self) -> Vec<GroupAnswer> {
        let Some(result) = self.result(sys::rd_kafka_event_DescribeConsumerGroups_result) else {
            return Vec::new();
        };
        let groups = result.list(sys::rd_kafka_DescribeConsumerGroups_result_groups);
        groups.map(|group| description(&group)).collect()
    }

    /// The committed offsets of the one group that was asked about, and its failure.
    pub(crate) fn group_offsets(&self) -> (Vec<OffsetAnswer>, Option<RDKafkaErrorCode>) {
        let Some(result) = self.result(sys::rd_kafka_event_ListConsumerGroupOffsets_result) else {
            return (Vec::new(), None);
        };
        let mut groups = result.list(sys::rd_kafka_ListConsumerGroupOffsets_result_groups);
        let Some(group) = groups.next() else { return (Vec::new(), None) };
        let partitions = group.part(sys::rd_kafka_group_result_partitions);
        let offsets = partitions.map_or_else(Vec::new, |list| elements(&list));
        (offsets, group.error(sys::rd_kafka_group_result_error))
    }
}

/// A broker's number as the protocol has it.
fn number(id: c_int) -> i32 {
    id
}

/// One group's description.
fn description(group: &Part<'_, sys::rd_kafka_ConsumerGroupDescription_t>) -> GroupAnswer {
    let member = |index| {
        // SAFETY: the group is valid by the invariant of `Part`, and the index is below the count.
        unsafe { sys::rd_kafka_ConsumerGroupDescription_member(group.native, index) }
    };
    let count = group.get(sys::rd_kafka_ConsumerGroupDescription_member_count);
    let members = (0..count)
        .map(|index| Part { native: member(index), answer: group.answer })
        .filter(|member| !member.native.is_null())
        .map(|member| MemberAnswer {
            member_id: member.text(sys::rd_kafka_MemberDescription_consumer_id).unwrap_or_default(),
            client_id: member.text(sys::rd_kafka_MemberDescription_client_id).unwrap_or_default(),
            instance_id: member.text(sys::rd_kafka_MemberDescription_group_instance_id),
            host: member.text(sys::rd_kafka_MemberDescription_host).unwrap_or_default(),
            assignment: member
                .part(sys::rd_kafka_MemberDescription_assignment)
                .and_then(|assignment| assignment.part(sys::rd_kafka_MemberAssignment_partitions))
                .map_or_else(Vec::new, |list| elements(&list))
                .into_iter()
                .map(|element| element.partition)
                .collect(),
        })
        .collect();
    GroupAnswer {
        group: group.text(sys::rd_kafka_ConsumerGroupDescription_group_id).unwrap_or_default(),
        state: word(
            group.get(sys::rd_kafka_ConsumerGroupDescription_state),
            sys::rd_kafka_consumer_group_state_name,
        ),
        group_type: word(
            group.get(sys::rd_kafka_ConsumerGroupDescription_type),
            sys::rd_kafka_consumer_group_type_name,
        ),
        assignor: group
            .text(sys::rd_kafka_ConsumerGroupDescription_partition_assignor)
            .filter(|assignor| !assignor.is_empty()),
        members,
        error: group.error(sys::rd_kafka_ConsumerGroupDescription_error),
    }
}
