//! States at any point of a history, however they are asked for.

use proptest::prelude::*;

use super::*;
use crate::fold::builtin::{BUILTIN_NAMES, builtin};
use crate::fold::testing::{any_events, event, events, folded};
use crate::model::Decoded;

/// A history of these values under `merge`.
fn merged(values: &[Option<&str>]) -> History {
    History::new(builtin("merge").unwrap(), events(values))
}

/// A history of this many events that each set one of a few members to its number.
fn long(count: u64) -> History {
    let bodies = (1..=count).map(|version| {
        let name = format!("m{}", version % 7);
        let value = Value::object([(name, Value::from(version))]);
        event(version, "Set", Decoded::Json { value, duplicate_members: false })
    });
    History::new(builtin("merge").unwrap(), bodies.collect())
}

impl History {
    /// Folds everything anew and compares every state that was kept. Gives the version of the first
    /// that differs.
    pub(crate) fn check(&self) -> Result<(), u64> {
        let kept = self.frames.iter().chain((self.recent.first..).zip(&self.recent.states));
        let mut kept: Vec<(u64, &Value)> = kept.chain([(self.len(), &self.end)]).collect();
        kept.sort_by_key(|(version, _)| *version);
        let mut run = self.fold.start(self.fold.init());
        let mut folded = 0;
        for (version, expected) in kept {
            while folded < version.min(self.applied()) {
                folded += 1;
                run.apply(&self.events[index(folded)]);
            }
            if run.state().as_ref() != Ok(expected) {
                return Err(version);
            }
        }
        Ok(())
    }
}

#[test]
fn a_version_beyond_the_last_means_the_last_and_0_is_before_the_first() {
    let mut history = merged(&[Some(r#"{"a":1}"#), Some(r#"{"b":2}"#)]);
    assert_eq!(history.state_after(0), Value::Null);
    assert_eq!(history.state_after(9).to_json(), r#"{"a":1,"b":2}"#);
    assert!(history.event(0).is_none() && history.event(3).is_none());
    assert_eq!(history.changes_of(0), []);
    assert_eq!(history.changes_of(2).len(), 1);
}

#[test]
fn events_that_were_not_applied_are_told() {
    let history = merged(&[Some("{}"), Some("[]"), Some("oops"), None]);
    let told: Vec<(u64, bool)> = history
        .not_applied()
        .iter()
        .map(|(version, effect)| (*version, effect.not_taken().is_some()))
        .collect();
    assert_eq!(told, [(2, true), (3, false)], "what cannot be decoded is told as that");
    assert!(history.not_taken(2).is_some() && history.not_taken(3).is_none());
    let counted = |selection| history.not_taken_in(&selection).into_values().sum::<u64>();
    assert_eq!(counted(Selection::Prefix(1)), 0);
    assert_eq!(counted(Selection::Prefix(4)), 1);
    assert_eq!(counted(Selection::Subset(vec![2, 4])), 1);
    assert_eq!(counted(Selection::Subset(vec![1, 3])), 0);
}

/// Counts events and fails on those of the type `Boom`.
#[derive(Debug)]
struct Fragile;

impl Fold for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        if &*event.event_type == "Boom" {
            return Effect::Failed("boom".into());
        }
        *state = Value::from(state.to_json().parse::<u64>().unwrap_or(0) + 1);
        Effect::Applied
    }
}

#[test]
fn a_history_stands_still_before_the_event_its_fold_fails_on() {
    let of_type =
        |version: u64| event(version, if version == 70 { "Boom" } else { "Set" }, Decoded::Empty);
    let mut history = History::new(Arc::new(Fragile), (1..=100).map(of_type).collect());
    assert_eq!(history.failure(), Some((70, "boom")));
    for (version, state) in [(0, "null"), (69, "69"), (70, "69"), (71, "69"), (100, "69")] {
        assert_eq!(history.state_after(version).to_json(), state, "after {version}");
    }
    history.extend((101..=200).map(of_type).collect());
    assert_eq!(history.state_after(200), Value::from(69_u64), "nothing after it is applied");
    assert_eq!(history.versions_changing(&JsonPointer::root()).last(), Some(&69));
    assert_eq!(history.check(), Ok(()));
    let without = Selection::Subset((1..=100).filter(|version| *version != 70).collect());
    assert_eq!(history.state_of(&without), Value::from(99_u64), "what is left out cannot fail");
    assert_eq!(history.failure_in(&without), None);
    let beyond = Selection::Subset(vec![1, 70, 71]);
    assert_eq!(history.state_of(&beyond), Value::from(1_u64));
    assert_eq!(history.failure_in(&beyond), Some((70, "boom".into())));
    assert_eq!(history.failure_in(&Selection::Prefix(69)), None);
}

#[test]
fn a_long_history_gives_the_folded_state_at_every_version_in_any_order() {
    let mut history = long(1000);
    let mut version = 1;
    for _ in 0..1000 {
        version = (version * 37 + 11) % 1001;
        let expected =
            folded(&**history.fold(), history.events(), usize::try_from(version).unwrap());
        assert_eq!(history.state_after(version), expected);
    }
    for version in (900..=1000).rev().chain(100..200) {
        let expected =
            folded(&**history.fold(), history.events(), usize::try_from(version).unwrap());
        assert_eq!(history.state_after(version), expected);
    }
    assert_eq!(history.check(), Ok(()));
}

#[test]
fn a_state_far_from_any_frame_is_folded_from_the_frame_alone() {
    /// Counts how often it applies an event.
    #[derive(Debug, Default)]
    struct Counting(std::sync::atomic::AtomicU64);
    impl Fold for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn apply(&self, _: &mut Value, _: &Event) -> Effect {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Effect::Applied
        }
    }
    let fold = Arc::new(Counting::default());
    let applied = || fold.0.load(std::sync::atomic::Ordering::Relaxed);
    let mut history =
        History::new(Arc::clone(&fold) as Arc<dyn Fold>, events(&vec![Some("{}"); 10_000]));
    assert_eq!(applied(), 10_000);
    history.state_after(5099);
    assert_eq!(applied(), 10_099, "from the frame at 5000");
    for version in (5036..5099).rev() {
        history.state_after(version);
    }
    assert_eq!(applied(), 10_099, "stepping back a little is free");
    history.state_after(5100);
    assert_eq!(applied(), 10_099, "a frame itself is free");
    history.state_after(5099);
    history.state_after(5103);
    assert_eq!(applied(), 10_102, "and stepping on costs a step each");
}

#[test]
fn a_frame_that_is_not_true_is_found() {
    let mut history = long(200);
    history.frames = KeyFrames::new(&Value::Null, 0, usize::MAX);
    for version in 1..=200 {
        history.frames.offer(version, &Value::from(version));
    }
    assert_eq!(history.check(), Err(64));
}

#[test]
fn a_subset_is_folded_in_the_order_of_the_log() {
    let mut history = merged(&[Some(r#"{"a":1,"b":1}"#), Some(r#"{"a":2}"#), Some(r#"{"b":3}"#)]);
    let state = history.state_of(&Selection::Subset(vec![1, 3]));
    assert_eq!(state.to_json(), r#"{"a":1,"b":3}"#);
    let blamed = history.blame(&Selection::Subset(vec![1, 3]));
    let writers: Vec<_> =
        blamed.iter().map(|blame| (blame.path.as_str(), blame.written_by)).collect();
    assert_eq!(writers, [("/a", 1), ("/b", 3)]);
}

proptest! {
    #[test]
    fn states_are_those_folded_from_nothing_and_changes_lead_from_one_to_the_next(
        events in any_events(), asked in proptest::collection::vec(0_u64..40, 0..20), split in 0_usize..30,
    ) {
        for name in BUILTIN_NAMES {
            let fold = builtin(name).unwrap();
            let (first, rest) = events.split_at(split.min(events.len()));
            let mut history = History::new(Arc::clone(&fold), first.to_vec());
            history.versions_changing(&JsonPointer::root());
            history.extend(rest.to_vec());
            for version in &asked {
                let count = usize::try_from(*version).unwrap().min(events.len());
                prop_assert_eq!(history.state_after(*version), folded(&*fold, &events, count));
                let before = folded(&*fold, &events, count.saturating_sub(1));
                let changed = crate::fold::apply_changes(&before, &history.changes_of(count as u64)).unwrap();
                prop_assert_eq!(changed, folded(&*fold, &events, count));
            }
            prop_assert_eq!(history.check(), Ok(()));
        }
    }

    #[test]
    fn a_subset_is_what_folding_only_its_events_gives(
        events in any_events(), picks in proptest::collection::vec(any::<bool>(), 30),
    ) {
        let fold = builtin("merge").unwrap();
        let picked: Vec<u64> = (1..).zip(&events).zip(&picks).filter(|(_, pick)| **pick).map(|((version, _), _)| version).collect();
        let chosen: Vec<Event> = picked.iter().map(|version| events[index(*version)].clone()).collect();
        let mut history = History::new(Arc::clone(&fold), events);
        prop_assert_eq!(history.state_of(&Selection::Subset(picked)), folded(&*fold, &chosen, chosen.len()));
    }
}
