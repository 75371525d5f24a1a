//! The consumer groups, and where they stand on open entities.
//!
//! Promises: all groups are asked for only while somebody looks at them; where an entity is shown,
//! those with a commit in its partitions are kept fresh, so that no marker stands where the group
//! was long ago, and a few that may commit there for the first time are looked at now and then;
//! what changed nothing paints nothing.
//! Does not know: how lag is computed (`workspace::groups`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lag_history::with_sample;
use super::{Outbox, State};
use crate::workspace::clock::now_ms;
use crate::workspace::{Fetch, GroupSummary, JobSubject, NoticeLevel, Problem, groups};

/// How often groups somebody looks at are asked for anew.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// How often it is looked whether a group has committed for the first time where an entity is
/// shown.
const LOOK_EVERY: Duration = Duration::from_secs(6);

/// How many groups are looked at for that.
const LOOKED_AT_MAX: usize = 16;

/// When groups are asked for by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupTimes {
    /// All of them, while their view is open.
    pub(crate) all: Option<Instant>,
    /// Those that have a marker on an entity that is shown.
    pub(crate) marked: Option<Instant>,
    /// When those that may get one were looked at last.
    pub(crate) looked: Option<Instant>,
}

impl State {
    /// Reads the consumer groups anew.
    pub(crate) fn refresh_groups(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        if self.view.groups.is_pending() {
            return;
        }
        self.view.groups = std::mem::take(&mut self.view.groups).asked_again();
        self.group_times.all = self.group_times.all.map(|_| Instant::now() + REFRESH_EVERY);
        self.group_times.marked = None;
        let isolation = self.view.isolation;
        let title = "Reading the consumer groups";
        let (job, cancel) = self.jobs.start_for(JobSubject::Groups, title, now_ms());
        let ask = move |_: &Outbox| {
            let asked = groups::summaries(&connection, isolation);
            let cancelled = Problem::new("reading the consumer groups was cancelled");
            if cancel.is_cancelled() { Err(cancelled) } else { asked }
        };
        self.spawn("groups", Some(job), ask, |state, asked| {
            let before = std::mem::take(&mut state.view.groups);
            state.view.groups = match asked.flatten() {
                Ok(summaries) => {
                    let history = with_sample(&state.view.group_lags, &summaries, now_ms());
                    state.view.group_lags = Arc::new(history);
                    Fetch::Ready(summaries.into())
                }
                Err(problem) => before.failed(problem),
            };
            state.mark_groups();
        });
    }

    /// Keeps the groups fresh, or no longer.
    pub(crate) fn watch_groups(&mut self, watch: bool) {
        self.group_times.all = watch.then(Instant::now);
    }

    /// Asks for what is due.
    pub(crate) fn refresh_due_groups(&mut self, now: Instant) {
        if self.group_times.all.is_some_and(|due| due <= now) {
            self.refresh_groups();
        } else if self.group_times.marked.is_some_and(|due| due <= now) {
            self.group_times.marked = None;
            self.refresh_marked_groups();
        }
    }

    /// Reads those groups anew that have a marker on an entity that is shown, and now and then
    /// those that may get one.
    fn refresh_marked_groups(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        let shown = || self.entities.iter().filter(|open| open.shown);
        let markers = shown().flat_map(|open| open.view.group_markers.iter());
        let marked: BTreeSet<Arc<str>> = markers.map(|marker| Arc::clone(&marker.group)).collect();
        let topics: BTreeSet<Arc<str>> =
            shown().flat_map(|open| open.view.key.topics.iter().cloned()).collect();
        let known = self.view.groups.latest().cloned().unwrap_or_default();
        let looks = self.group_times.looked.is_none_or(|last| LOOK_EVERY <= last.elapsed());
        if looks {
            self.group_times.looked = Some(Instant::now());
        }
        let isolation = self.view.isolation;
        let (asked_for, known_before) = (marked.clone(), Arc::clone(&known));
        let ask = move |_: &Outbox| {
            let mut names: Vec<Arc<str>> = marked.iter().cloned().collect();
            if looks {
                let new = groups::beside(&connection, &known);
                let silent = known.iter().filter(|group| may_commit_in(group, &topics));
                let silent = silent.map(|group| Arc::clone(&group.group));
                let others = silent.filter(|name| !marked.contains(name)).chain(new);
                names.extend(others.take(LOOKED_AT_MAX));
            }
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            groups::named(&connection, &names, isolation)
        };
        self.spawn("marked groups", None, ask, move |state, asked| {
            match asked {
                Ok(asked) => state.take_groups(asked, &asked_for, &known_before),
                Err(problem) => state.notify(NoticeLevel::Warning, problem),
            }
            state.mark_groups();
        });
    }

    /// Takes what some groups are like now; those that could not be asked stay as they were, and so
    /// do those without a marker that committed nothing since. While all of them are asked for,
    /// that answer is newer.
    fn take_groups(
        &mut self,
        groups: Vec<GroupSummary>,
        marked: &BTreeSet<Arc<str>>,
        known_before: &Arc<[GroupSummary]>,
    ) {
        let Fetch::Ready(known) = &self.view.groups else { return };
        if !Arc::ptr_eq(known, known_before) {
            return; // Another answer came meanwhile, and may be newer.
        }
        let mut fresh: BTreeMap<Arc<str>, GroupSummary> =
            groups.into_iter().map(|group| (Arc::clone(&group.group), group)).collect();
        let newest = |group: &GroupSummary| match fresh.remove(&group.group) {
            Some(fresh) if marked.contains(&group.group) || commits(&fresh).ne(commits(group)) => {
                fresh
            }
            _ => group.clone(),
        };
        let mut newest: Vec<GroupSummary> = known.iter().map(newest).collect();
        newest.extend(fresh.into_values());
        newest.sort_by(|one, other| one.group.cmp(&other.group));
        if newest != **known {
            self.view.groups = Fetch::Ready(newest.into());
        }
    }

    /// Puts the groups' committed positions onto the timelines of open entities.
    pub(crate) fn mark_groups(&mut self) {
        let Some(groups) = self.view.groups.latest().cloned() else { return };
        for entity in &mut self.entities {
            entity.mark_groups(&groups);
        }
        let mut shown = self.entities.iter().filter(|open| open.shown).peekable();
        let is_due = self.group_times.all.is_none() && shown.peek().is_some();
        let is_marked = shown.any(|open| !open.view.group_markers.is_empty());
        let every = if is_marked { REFRESH_EVERY } else { LOOK_EVERY };
        let due = self.group_times.marked.unwrap_or_else(|| Instant::now() + every);
        self.group_times.marked = is_due.then_some(due);
    }
}

/// What a group has committed: topic, partition and offset.
fn commits(group: &GroupSummary) -> impl Iterator<Item = (&Arc<str>, i32, i64)> {
    group.offsets.iter().map(|offset| (&offset.topic, offset.partition, offset.committed))
}

/// Whether a group may commit in one of these topics: it has done so, it reads one of them, or it
/// has committed nothing yet.
fn may_commit_in(group: &GroupSummary, topics: &BTreeSet<Arc<str>>) -> bool {
    let mut assigned = group.members.iter().flat_map(|member| member.assignment.iter());
    let is_new = group.offsets.is_empty() && group.problem.is_none();
    is_new
        || commits(group).any(|(topic, ..)| topics.contains(topic))
        || assigned.any(|partition| topics.contains(&partition.topic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TopicPartition;
    use crate::workspace::{GroupMember, GroupOffset};

    #[test]
    fn a_group_may_commit_where_it_did_where_it_reads_and_anywhere_while_it_is_new() {
        let group = |committed: &[&str], assigned: &[&str]| {
            let offset = |topic: &&str| GroupOffset {
                topic: (*topic).into(),
                partition: 0,
                committed: 1,
                end: Some(1),
                lag: Some(0),
                lag_ms: None,
                open_transaction: None,
                problem: None,
            };
            let member = GroupMember {
                member_id: "m".into(),
                client_id: "c".into(),
                instance_id: None,
                host: "h".into(),
                assignment: assigned.iter().map(|topic| TopicPartition::new(*topic, 0)).collect(),
            };
            GroupSummary {
                group: "g".into(),
                state: "Stable".into(),
                group_type: None,
                members: [member].into(),
                offsets: committed.iter().map(offset).collect(),
                problem: None,
            }
        };
        let topics = BTreeSet::from([Arc::from("orders")]);
        assert!(may_commit_in(&group(&["orders"], &[]), &topics));
        assert!(may_commit_in(&group(&["payments"], &["orders"]), &topics));
        assert!(may_commit_in(&group(&[], &[]), &topics));
        assert!(!may_commit_in(&group(&["payments"], &["payments"]), &topics));
        let hidden = GroupSummary { problem: Some("not permitted".into()), ..group(&[], &[]) };
        assert!(!may_commit_in(&hidden, &topics), "asking again would tell nothing");
    }
}
