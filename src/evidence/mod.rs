//! What is taken along of an answer.

pub mod save;

// Until these have moved here.
pub(crate) use crate::workspace::show::copy::{self as forms, lines, table as csv};
pub(crate) use lines::CopiedRecord;
