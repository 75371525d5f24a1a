//! The branches of a script as they are kept beside it, and found again over the events they were
//! made on.
//!
//! Promises: a file that cannot be read says so and is never taken for an empty one.
//! Does not know: how branches are changed (`branches`) or run (`debugger`).

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::SandboxEvents;
use super::whole_file::write_whole;
use crate::kafka::read_small_text;
use crate::model::may_take_long;
use crate::workspace::sandbox::{
    Edit, EventList, KeptBranch, KeptEdit, branch_file_of, branches_from_json, branches_to_json,
};
use crate::workspace::{BranchOutcome, DebugRun, Problem};

/// A branch.
#[derive(Debug, Default)]
pub(super) struct Branch {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Its changes, with their words.
    pub(super) edits: Vec<(Edit, Arc<str>)>,
    /// Its changes as they are kept.
    pub(super) kept: Vec<KeptEdit>,
    /// Its run.
    pub(super) run: Option<Arc<DebugRun>>,
    /// How it differs from the log.
    pub(super) outcome: Option<Arc<BranchOutcome>>,
}

/// The branches of a script that are not over the events in front.
#[derive(Debug, Default)]
pub(super) struct KeptBranches {
    /// They.
    pub(super) aside: Vec<Arc<KeptBranch>>,
    /// Whether their file holds what could not be read.
    pub(super) unread: bool,
}

/// Branches found again over events.
#[derive(Debug)]
pub(super) struct Restored {
    /// The events.
    pub(super) events: Arc<SandboxEvents>,
    /// The branches, each with what it was kept as.
    pub(super) branches: Vec<(Arc<KeptBranch>, Branch)>,
    /// Why one is not among them.
    pub(super) problem: Option<Problem>,
}

impl Restored {
    /// Finds those of these branches that were made on these events.
    pub(super) fn new(
        kept: Vec<Arc<KeptBranch>>,
        events: Arc<SandboxEvents>,
        list: &EventList,
    ) -> Self {
        let (mut branches, mut problem) = (Vec::new(), None);
        for kept in kept.into_iter().filter(|kept| kept.is_of(&events.choice)) {
            match kept.edits_over(list) {
                Ok(edits) => {
                    let name = kept.name().into();
                    let branch =
                        Branch { name, edits, kept: kept.edits().to_vec(), ..Branch::default() };
                    branches.push((kept, branch));
                }
                Err(found) => problem = problem.or(Some(found)),
            }
        }
        Self { events, branches, problem }
    }
}

/// Reads the branches of a script; none where there is no file of them.
pub(super) fn read_branches(script: &Path) -> Result<Vec<KeptBranch>, Problem> {
    let file = branch_file_of(script);
    let text = match read_small_text(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Problem::from_error(&error)),
    };
    branches_from_json(&file, &text).map_err(|fault| {
        Problem::new(fault.to_string())
            .with_hint("mend the file or take it away, then open the script again; until then no branch is kept")
    })
}

/// Writes the branches of a script; without any, takes their file away.
pub(super) fn write_branches(script: &Path, branches: Vec<KeptBranch>) -> io::Result<()> {
    may_take_long("writing a file");
    let file = branch_file_of(script);
    if !branches.is_empty() {
        return write_whole(&file, &branches_to_json(branches));
    }
    match fs_err::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
