//! Links that the engine follows: to a cluster, an entity, a moment.
//!
//! Promises: what the link says is what is open afterwards.
//! Does not know: how links are written (`config::link`).

use foldback::workspace::{
    ClockPoint, Command, ConnectionState, EngineOptions, Link, LinkedPlace, NoticeLevel,
};

use crate::bench::{Bench, order_1};

/// The link to the order after its second event.
fn link(brokers: &str) -> Link {
    let text = format!(
        "foldback://open?brokers={brokers}&topic=order-events&entity=order-1\
         &at=1970-01-01T00:00:02Z&isolation=uncommitted"
    );
    Link::parse(&text).unwrap()
}

#[test]
fn a_link_connects_to_its_cluster_and_leads_to_its_entity_at_its_moment() {
    let mut bench = Bench::new();
    let link = link(&bench.brokers());
    bench.restart_with(|| EngineOptions { link: Some(link), ..EngineOptions::default() });
    let linked = bench.wait("where it leads", |snapshot| snapshot.linked.clone());
    assert_eq!(linked.place, LinkedPlace::Entity(order_1()));
    bench.send(Command::OpenEntity(order_1()));
    let view = bench.wait_for_version(2);
    assert!(view.at.as_ref().is_some_and(|at| at.json.contains("12.75")), "{view:?}");
    let (at, isolation) =
        bench.wait("the moment", |snapshot| Some((snapshot.clock.at.clone(), snapshot.isolation)));
    assert_eq!((at, isolation.as_str()), (ClockPoint::Time(2_000), "uncommitted"));
}

#[test]
fn a_link_to_a_cluster_that_nobody_knows_leads_nowhere_and_what_is_open_stays() {
    let bench = Bench::new();
    bench.open_order_1();
    let unknown = Link::parse("foldback://open?cluster=elsewhere&topic=order-events").unwrap();
    bench.send(Command::OpenLink(Box::new(unknown)));
    let problem = bench.wait("a word about it", |snapshot| {
        let notice = snapshot.notices.iter().find(|notice| notice.level == NoticeLevel::Error)?;
        Some(notice.problem.to_string())
    });
    assert!(problem.contains("not known here"), "{problem}");
    bench.wait("the connection", |snapshot| {
        let is_open = snapshot.entity_view(&order_1()).is_some();
        (is_open && matches!(snapshot.connection, ConnectionState::Connected(_))).then_some(())
    });
}
