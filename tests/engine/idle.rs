//! What costs nothing: traffic that changes nothing on screen.

use std::time::Duration;

use foldback::workspace::Sight;

use super::bench::{Bench, order_1};

/// How many records were looked at for an entity so far, which nobody sees beside the list of jobs.
fn looked_at(bench: &Bench) -> i64 {
    bench.wait("the job that follows order-1", |snapshot| {
        let job = snapshot.entity_view(&order_1())?.job?;
        let job = snapshot.jobs.iter().find(|view| view.id == job)?;
        Some(job.progress.partitions.iter().map(|partition| partition.position).sum())
    })
}

#[test]
fn traffic_that_changes_nothing_in_sight_wakes_no_window() {
    let bench = Bench::new();
    bench.open_order_1();
    bench.look_at(Sight { entities: [order_1()].into(), ..Sight::default() });
    bench.wait_for_quiet(Duration::from_secs(2));
    let (looked_at_before, wakes) = (looked_at(&bench), bench.wakes());
    for total in 0..20_i64 {
        bench.write(
            "order-2",
            &format!(r#"{{"type":"ItemAdded","total":{total}}}"#),
            4_000 + total,
        );
    }
    bench.wait("order-2 looked at", |_| (looked_at_before + 20 <= looked_at(&bench)).then_some(()));
    assert_eq!(bench.wakes(), wakes, "order-1 is as it was");

    bench.write("order-1", r#"{"type":"OrderReturned"}"#, 9_000);
    bench.wait_for_version(4);
    let woken = bench.wakes() - wakes;
    assert!((1..=6).contains(&woken), "woken {woken} times for one event");
}
