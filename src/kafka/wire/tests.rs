//! Messages as Apache Kafka 4.3.1's own classes write them, read and written here.
//!
//! The bytes come from `kafka-clients`, so that neither side of the codec is its own witness.

use super::codec::{Reader, Writer};
use super::describe::{
    DescribeClassic, DescribeConsumers, DescribeShares, DescribeStreams, DescribedGroup,
    DescribedMember,
};
use super::error::GROUP_ID_NOT_FOUND;
use super::request::{
    FetchOffsets, FindCoordinators, ListGroups, ListGroupsWithoutTypes, ListedGroup, Request,
    read_answer,
};

/// The bytes that these digits stand for.
fn bytes(digits: &str) -> Vec<u8> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16).unwrap()).unwrap();
    digits.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// Reads an answer, all of it, and makes sure that any part of it is none.
fn answer<R: Request>(digits: &str) -> R::Answer {
    let bytes = bytes(digits);
    for end in 0..bytes.len() {
        assert!(read_answer::<R>(&mut Reader::new(&bytes[..end])).is_err(), "cut at {end}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(read_answer::<R>(&mut Reader::new(&longer)).is_err(), "with something behind it");
    read_answer::<R>(&mut Reader::new(&bytes)).unwrap()
}

/// What is sent for a question.
fn question<R: Request>(request: &R) -> Vec<u8> {
    let mut writer = Writer::default();
    request.write(&mut writer);
    writer.into_bytes()
}

/// A member of a group with these partitions.
fn member(id: &str, client: &str, host: &str, assignment: &[(&str, i32)]) -> DescribedMember {
    let assigned = assignment.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition));
    DescribedMember {
        member_id: id.to_owned(),
        client_id: client.to_owned(),
        instance_id: None,
        host: host.to_owned(),
        assignment: assigned.collect(),
    }
}

/// A group with one member.
fn group(
    name: &str,
    state: &str,
    assignor: Option<&str>,
    member: DescribedMember,
) -> DescribedGroup {
    DescribedGroup {
        group: name.to_owned(),
        state: state.to_owned(),
        assignor: assignor.map(str::to_owned),
        members: vec![member],
        error: 0,
    }
}

#[test]
fn a_streams_group_is_described_with_the_partitions_that_its_active_tasks_read() {
    let described = answer::<DescribeStreams<'_>>(concat!(
        "000000000300000007746f74616c7307537461626c6500000004000000040100000001030230",
        "03076f7264657273097061796d656e7473021b746f74616c732d62792d757365722d72657061",
        "72746974696f6e010100023101010217746f74616c732d73746f72652d6368616e67656c6f67",
        "000000020001020f636c65616e75702e706f6c69637908636f6d706163740000021b746f7461",
        "6c732d62792d757365722d7265706172746974696f6e0000000200010100000002046d2d3100",
        "00000400057261636b0b746f74616c732d6170700a2f31302e302e302e370000000104702d31",
        "0102681f900002057a6f6e6502610002023000000000000000000000004d0001030231020000",
        "0001000230020000000000020231020000000000010003023102000000010002300200000000",
        "0002023102000000000001000000800000000000451647726f757020676f6e65206e6f742066",
        "6f756e642e05676f6e65010000000000000000ff01800000000000",
    ));
    let assigned = [("orders", 0), ("payments", 0), ("totals-by-user-repartition", 1)];
    let only = member("m-1", "totals-app", "/10.0.0.7", &assigned);
    assert_eq!(described[0], group("totals", "Stable", None, only));
    assert_eq!((&*described[1].group, described[1].error), ("gone", GROUP_ID_NOT_FOUND));
}

#[test]
fn a_share_group_is_described_with_its_members() {
    let described = answer::<DescribeShares<'_>>(concat!(
        "00000000020000000873656e6465727307537461626c6500000002000000020773696d706c65",
        "0204732d3100000000020773656e6465720a2f31302e302e302e3802066d61696c7302000000",
        "00000000000000000000000002066d61696c73030000000000000002000000800000000000",
    ));
    let only = member("s-1", "sender", "/10.0.0.8", &[("mails", 0), ("mails", 2)]);
    assert_eq!(described, [group("senders", "Stable", Some("simple"), only)]);
}

#[test]
fn a_consumer_group_of_the_new_protocol_is_described_with_what_its_members_have_now() {
    let described = answer::<DescribeConsumers<'_>>(concat!(
        "000000000200000008726561646572730c5265636f6e63696c696e6700000003000000020875",
        "6e69666f726d0204632d310666697865640000000002077265616465720a2f31302e302e302e",
        "3902076f7264657273010200000000000000000000000000000002076f726465727302000000",
        "010000010000800000000000",
    ));
    let only = member("c-1", "reader", "/10.0.0.9", &[("orders", 1)]);
    let only = DescribedMember { instance_id: Some("fixed".to_owned()), ..only };
    assert_eq!(described, [group("readers", "Reconciling", Some("uniform"), only)]);
}

#[test]
fn a_classic_group_is_described_with_what_its_leader_assigned() {
    let described = answer::<DescribeClassic<'_>>(concat!(
        "00000000020000046f6c6407537461626c6509636f6e73756d65720672616e676502046f2d31",
        "00077265616465720a2f31302e302e302e390301021f00000000000100066f72646572730000",
        "00020000000000000001ffffffff00800000000000",
    ));
    let only = member("o-1", "reader", "/10.0.0.9", &[("orders", 0), ("orders", 1)]);
    assert_eq!(described, [group("old", "Stable", Some("range"), only)]);
}

#[test]
fn groups_are_listed_with_their_types_where_the_broker_knows_types() {
    let listed = |group: &str, state: &str, kind: Option<&str>| ListedGroup {
        group: group.to_owned(),
        state: state.to_owned(),
        kind: kind.map(str::to_owned),
    };
    let with_types = answer::<ListGroups>(concat!(
        "00000000000003046f6c6409636f6e73756d657207537461626c6508636c6173736963000873",
        "656e6465727306736861726506456d7074790673686172650000",
    ));
    let expected =
        vec![listed("old", "Stable", Some("classic")), listed("senders", "Empty", Some("share"))];
    assert_eq!(with_types, (0, expected));
    let without = answer::<ListGroupsWithoutTypes>(concat!(
        "00000000000003046f6c6409636f6e73756d657207537461626c65000873656e646572730673",
        "6861726506456d7074790000",
    ));
    assert_eq!(without.1[1], listed("senders", "Empty", None));
}

#[test]
fn coordinators_and_commits_are_read_with_the_errors_of_each() {
    let found = answer::<FindCoordinators<'_>>(concat!(
        "0000000003046f6c64000000010a6c6f63616c686f73740000238400000100036e6fffffffff",
        "01ffffffff000f066c617465720000",
    ));
    assert_eq!((&*found[0].group, &found[0].address), ("old", &("localhost".to_owned(), 9092)));
    assert_eq!((found[0].error, found[1].error), (0, 15));
    let commits = answer::<FetchOffsets<'_>>(concat!(
        "0000000002046f6c6402076f72646572730300000003000000000000002affffffff01000000",
        "00000004ffffffffffffffffffffffff000000000000000000",
    ));
    let partitions = [("orders".to_owned(), 3, 42, 0), ("orders".to_owned(), 4, -1, 0)];
    assert_eq!(commits[0].partitions, partitions);
}

#[test]
fn questions_are_written_as_kafkas_own_clients_write_them() {
    assert_eq!(question(&FindCoordinators(&["old", "no"])), bytes("0003046f6c64036e6f00"));
    assert_eq!(question(&ListGroups), bytes("010100"));
    assert_eq!(question(&ListGroupsWithoutTypes), bytes("0100"));
    assert_eq!(question(&FetchOffsets(&["old"])), bytes("02046f6c6400000000"));
    assert_eq!(question(&DescribeStreams(&["totals"])), bytes("0207746f74616c730000"));
}
