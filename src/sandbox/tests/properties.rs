//! What holds for any history: runs without faults, the same seed, schedules that were shrunk.

use proptest::prelude::*;

use super::*;
use crate::model::Cancel;

/// Histories of a few entities, each in one partition, with values that meet in a member.
fn any_history() -> impl Strategy<Value = Vec<GivenEvent>> {
    proptest::collection::vec((0_i32..3, 0_u8..2, 0_u8..4, 0_i64..3), 1..40).prop_map(|drawn| {
        let mut offsets = [0_i64; 3];
        let event = |(partition, name, member, gap): (i32, u8, u8, i64)| {
            let next = &mut offsets[usize::try_from(partition).unwrap()];
            *next += gap + 1;
            let value = format!(r#"{{"m{member}":{next},"last":{next}}}"#);
            given(&format!("{partition}-{name}"), event("t", partition, *next, "Set", &value))
        };
        drawn.into_iter().map(event).collect()
    })
}

/// Any way to consume without a fault.
fn any_schedule() -> impl Strategy<Value = Schedule> {
    let commit = prop_oneof![
        Just(CommitPolicy::PerBatch),
        Just(CommitPolicy::PerRecord),
        Just(CommitPolicy::Auto),
        Just(CommitPolicy::BeforeApply),
    ];
    (any::<u64>(), 1_u16..5, 1_u32..9, commit).prop_map(|(seed, members, poll_records, commit)| {
        Schedule { seed, members, poll_records, commit, ..Schedule::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_without_faults_is_the_plain_fold_for_every_consumer(
        history in any_history(), schedule in any_schedule(),
    ) {
        for fold in ["count", "merge", "last"] {
            let trial = trial(history.clone(), fold);
            for consumer in Consumer::ALL {
                let recording = trial.record(consumer, &schedule).unwrap();
                prop_assert!(recording.outcome().survives(), "{consumer} {:?}", recording.outcome());
                for (row, state) in recording.final_states() {
                    let mut expected = trial.fold().init();
                    for given in trial.source().events() {
                        if given.row.as_ref() == Some(row) {
                            trial.fold().apply(&mut expected, &given.event);
                        }
                    }
                    prop_assert_eq!(state, &expected);
                }
            }
        }
    }

    #[test]
    fn whatever_is_made_up_can_be_run_and_repeated_and_what_fails_still_fails_when_shrunk(
        history in any_history(), seed in any::<u64>(), number in 1_u8..=30,
    ) {
        let trial = trial(history, "merge");
        let question = MatrixQuestion {
            faults: vec![format!("F{number}").parse().unwrap()],
            consumers: Consumer::ALL.to_vec(),
            seed,
            runs: 1,
            workers: 1,
        };
        let cells = trial.matrix(&question, &Cancel::new(), &|_, _| {}).unwrap();
        let again = MatrixQuestion { workers: 3, ..question };
        prop_assert_eq!(&cells, &trial.matrix(&again, &Cancel::new(), &|_, _| {}).unwrap());
        for cell in cells {
            prop_assert!(!cell.broken.contains(&Invariant::I6));
            let Some(first) = cell.broken.first() else { continue };
            let schedule = Schedule::from_json(&cell.schedule.unwrap().to_json()).unwrap();
            prop_assert!(!trial.run(cell.consumer, &schedule).unwrap().holds(*first));
        }
    }
}
