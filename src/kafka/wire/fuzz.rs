//! Arbitrary bytes as the answer of a broker.
//!
//! Promises: the first byte chooses the question, the others are read as its answer: each question
//! has a number of its own.
//! Does not know: connections.

use super::codec::{Malformed, Reader};
use super::describe::{DescribeClassic, DescribeConsumers, DescribeShares, DescribeStreams};
use super::request::{
    ApiVersions, FetchOffsets, FindCoordinators, ListGroups, ListGroupsWithoutTypes, Request,
    read_answer,
};

/// Reads an answer, and says whether it was one.
type Read = fn(&[u8]) -> Result<(), Malformed>;

/// Every question whose answer is read.
const QUESTIONS: [Read; 9] = [
    read::<ApiVersions>,
    read::<FindCoordinators<'_>>,
    read::<ListGroups>,
    read::<ListGroupsWithoutTypes>,
    read::<FetchOffsets<'_>>,
    read::<DescribeClassic<'_>>,
    read::<DescribeConsumers<'_>>,
    read::<DescribeShares<'_>>,
    read::<DescribeStreams<'_>>,
];

/// Reads bytes as an answer. One with something behind it is none.
fn read<R: Request>(bytes: &[u8]) -> Result<(), Malformed> {
    read_answer::<R>(&mut Reader::new(bytes))?;
    let longer = [bytes, &[0]].concat();
    let refused = read_answer::<R>(&mut Reader::new(&longer)).is_err();
    assert!(refused, "an answer ends where it ends");
    Ok(())
}

/// Reads bytes as an answer to the question that the first of them chooses.
pub(crate) fn answer(bytes: &[u8]) {
    let Some((question, answer)) = bytes.split_first() else { return };
    let read = QUESTIONS[usize::from(*question) % QUESTIONS.len()];
    match read(answer) {
        Ok(()) | Err(_) => {}
    }
}
