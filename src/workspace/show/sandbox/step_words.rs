//! What happened in a step of a run, in words, and what kind of mark it gets.
//!
//! Promises: every step the sandbox knows has a kind and a sentence.
//! Does not know: why it happened.

use std::sync::Arc;

use crate::model::EntityId;
use crate::sandbox::{CrashPoint, Recording, StepView};

/// What kind of thing happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepKind {
    /// A poll returned a record.
    Delivered,
    /// A record was applied to its row.
    Applied,
    /// A record was passed over, put aside, or recognised as known.
    PassedOver,
    /// A handler failed, or a write was refused.
    Failed,
    /// A position was committed or stored.
    Committed,
    /// A commit was refused.
    Refused,
    /// A process died.
    Crashed,
    /// A process stopped in good order, or stands still.
    Stopped,
    /// A process goes on, or joins its group again.
    Started,
    /// A partition was taken away.
    Revoked,
    /// A partition was given.
    Assigned,
    /// Somebody else moved the group's position or changed the log.
    FromOutside,
    /// Nothing more is read of a partition.
    StoodStill,
}

impl StepKind {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 13] = [
        Self::Delivered,
        Self::Applied,
        Self::PassedOver,
        Self::Failed,
        Self::Committed,
        Self::Refused,
        Self::Assigned,
        Self::Revoked,
        Self::Crashed,
        Self::Stopped,
        Self::Started,
        Self::FromOutside,
        Self::StoodStill,
    ];

    /// The kind of what the sandbox calls by this word.
    pub(super) fn of(what: &str) -> Self {
        match what {
            "delivered" => Self::Delivered,
            "applied" | "released" => Self::Applied,
            "failed" | "rolled_back" => Self::Failed,
            "committed" | "stored" => Self::Committed,
            "commit_refused" => Self::Refused,
            "crashed" => Self::Crashed,
            "closed" | "paused" => Self::Stopped,
            "woke" | "joined" => Self::Started,
            "revoked" => Self::Revoked,
            "assigned" => Self::Assigned,
            "position_set" | "log_changed" | "rebuilt" => Self::FromOutside,
            "stood_still" => Self::StoodStill,
            _ => Self::PassedOver,
        }
    }

    /// What it is, for a legend.
    pub fn words(self) -> &'static str {
        match self {
            Self::Delivered => "handed out",
            Self::Applied => "applied",
            Self::PassedOver => "passed over or put aside",
            Self::Failed => "failed",
            Self::Committed => "position committed or stored",
            Self::Refused => "commit refused",
            Self::Crashed => "process died",
            Self::Stopped => "process stopped or stands still",
            Self::Started => "process goes on",
            Self::Revoked => "partition taken away",
            Self::Assigned => "partition given",
            Self::FromOutside => "log or position changed from outside",
            Self::StoodStill => "reads no further",
        }
    }
}

/// What members and partitions of a run are called.
#[derive(Debug)]
pub(super) struct Names {
    /// Members of a second deployment begin with this number.
    second_from: usize,
    /// The partitions.
    partitions: Vec<String>,
}

impl Names {
    /// The names in a run.
    pub(super) fn of(recording: &Recording) -> Self {
        let end = recording.moment(recording.len());
        let first = end.members.iter().take_while(|member| member.group == 0).count();
        let partitions = recording.partitions().iter().map(ToString::to_string).collect();
        Self { second_from: first, partitions }
    }

    /// What a member is called.
    pub(super) fn member(&self, number: usize) -> Arc<str> {
        match number.checked_sub(self.second_from) {
            None => format!("Member {}", number + 1).into(),
            Some(second) => format!("Second group, member {}", second + 1).into(),
        }
    }

    /// What a partition is called.
    pub(super) fn partition(&self, place: u16) -> &str {
        self.partitions.get(usize::from(place)).map_or("a partition", String::as_str)
    }
}

/// What happened in a step, in a sentence.
pub(super) fn step_words(step: &StepView, names: &Names) -> String {
    let member = names.member(usize::from(step.member));
    let place = step.place.as_ref().map(ToString::to_string).unwrap_or_default();
    let (partition, offset) = place.rsplit_once('@').unwrap_or((&place, ""));
    let record = || match &step.row {
        Some(row) if !row.as_bytes().is_empty() => format!("{place} of {}", name(row)),
        _ => place.clone(),
    };
    match step.what {
        "delivered" => format!("{member} is handed {}", record()),
        "applied" => format!("{member} applies {}", record()),
        "released" => format!("{member} applies {}, which had waited", record()),
        "ignored" => format!("{member} passes over {place}: it is no event of the projection"),
        "recognised" => format!("{member} recognises {} and skips it", record()),
        "parked" => format!("{member} puts {} aside to wait", record()),
        "dead_lettered" => format!("{member} sends {} to the dead letters", record()),
        "skipped" => format!("{member} passes over {} without a word", record()),
        "failed" => format!("{member} fails on {}", record()),
        "rolled_back" => format!("{member} writes {} too late: refused", record()),
        "committed" => format!("{member} commits {partition} up to {offset}"),
        "commit_refused" => format!("{member} may not commit {partition} up to {offset}"),
        "stored" => format!("The read model stores {partition} up to {offset}"),
        "crashed" => format!("{member} dies {}", step.crash.map_or("", crash_words)),
        "closed" => format!("{member} stops in good order"),
        "paused" => format!("{member} stands still"),
        "woke" => format!("{member} goes on"),
        "joined" => format!("{member} has lost its partitions and joins again"),
        "revoked" => format!("A partition is taken from {member}"),
        "assigned" => format!("{member} is given {partition} from {offset} on"),
        "position_set" => format!("The position of {partition} is set to {offset} from outside"),
        "log_changed" => "The log is another from here on".to_owned(),
        "stood_still" => {
            let why = step.standstill.map_or("", |why| why.words());
            format!("{member} reads {partition} no further than {offset}: {why}")
        }
        "rebuilt" => "The read model is emptied, to be built anew".to_owned(),
        other => format!("{member}: {}", other.replace('_', " ")),
    }
}

/// Where a process was when it died.
fn crash_words(point: CrashPoint) -> &'static str {
    match point {
        CrashPoint::BeforeApply => "before it applies what it was handed",
        CrashPoint::BetweenWrites => "between its two writes",
        CrashPoint::AfterApply => "after it applied, before it commits",
        CrashPoint::AfterCommit => "after it committed",
    }
}

/// The name of a row, as short as it can be told.
fn name(row: &EntityId) -> String {
    row.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of the second of two members.
    fn step(what: &'static str) -> StepView {
        StepView {
            member: 1,
            what,
            place: Some("orders-0@7".parse().unwrap()),
            event: Some("orders-0@7".parse().unwrap()),
            row: Some(EntityId::new("order-1")),
            standstill: None,
            crash: Some(CrashPoint::BetweenWrites),
        }
    }

    #[test]
    fn every_kind_of_step_has_a_sentence_of_its_own() {
        let names = Names { second_from: 1, partitions: vec!["orders-0".to_owned()] };
        let told = |what| step_words(&step(what), &names);
        assert_eq!(told("delivered"), "Second group, member 1 is handed orders-0@7 of order-1");
        assert_eq!(told("committed"), "Second group, member 1 commits orders-0 up to 7");
        let all = [
            "delivered",
            "applied",
            "released",
            "ignored",
            "recognised",
            "parked",
            "dead_lettered",
            "skipped",
            "failed",
            "rolled_back",
            "committed",
            "commit_refused",
            "stored",
            "crashed",
            "closed",
            "paused",
            "woke",
            "joined",
            "revoked",
            "assigned",
            "position_set",
            "log_changed",
            "stood_still",
            "rebuilt",
        ];
        let sentences: std::collections::BTreeSet<String> = all.into_iter().map(told).collect();
        assert_eq!(sentences.len(), all.len());
        let kinds: std::collections::BTreeSet<StepKind> =
            all.into_iter().map(StepKind::of).collect();
        assert_eq!(kinds.len(), StepKind::ALL.len());
    }
}
