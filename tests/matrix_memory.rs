//! Memory that a large matrix takes is given back when its sandbox is closed.

#![cfg(test)]
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use foldback::demo::{Milestone, Options, start as start_demo};
use foldback::workspace::sandbox::{MatrixChoice, TrialCommand};
use foldback::workspace::{
    Command, ConnectionState, EngineOptions, Fetch, HistoryChoice, ORDER_EVENTS, SandboxCommand,
    SandboxKey, Snapshot, Target, WorkspacePort, start,
};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(9);

/// What this process holds, in MiB.
fn held_mib() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Waits for a snapshot in which this finds what it looks for.
fn wait<T>(port: &WorkspacePort, what: &str, find: impl Fn(&Snapshot) -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let snapshot: Arc<Snapshot> = port.latest();
        if let Some(found) = find(&snapshot) {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what}: {:?}", snapshot.notices);
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_large_matrix_took_is_given_back_when_its_sandbox_is_closed() {
    let orders = std::env::var("ORDERS").map_or(300, |text| text.parse().unwrap());
    let options = Options { orders, traffic: false, ..Options::embedded(NOW_MS) };
    let running = start_demo(&options).unwrap();
    while !matches!(running.milestones().recv_timeout(PATIENCE).unwrap(), Milestone::Ready(_)) {}
    let connect = Some(Target::Settings(Box::new(running.settings().clone())));
    let port = start(EngineOptions { connect, ..EngineOptions::default() }).unwrap();
    wait(&port, "connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    let before = held_mib();
    let key = SandboxKey::Demo;
    port.send(Command::OpenSandbox(key.clone(), HistoryChoice::topic(ORDER_EVENTS.into())))
        .unwrap();
    let began = Instant::now();
    let events = wait(&port, "run", |snapshot| {
        Some(snapshot.sandbox_view(&key)?.debugger.run.as_ref()?.len())
    });
    println!("{events} events after {:?}, {} MiB", began.elapsed(), held_mib());
    let choice = MatrixChoice { runs: 2, ..MatrixChoice::default() };
    port.send(Command::Sandbox(
        key.clone(),
        SandboxCommand::Trial(TrialCommand::RunMatrix(choice)),
    ))
    .unwrap();
    wait(&port, "matrix", |snapshot| {
        matches!(snapshot.sandbox_view(&key)?.trial.matrix, Fetch::Ready(_)).then_some(())
    });
    let with = held_mib();
    port.send(Command::CloseSandbox(key.clone())).unwrap();
    wait(&port, "end", |snapshot| snapshot.sandbox_view(&key).is_none().then_some(()));
    println!("before {before} MiB, with {with} MiB after {:?}", began.elapsed());
    for second in 0..15 {
        println!("{second} s after closing: {} MiB", held_mib());
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn traffic_wakes() {
    use foldback::model::EntityId;
    use foldback::workspace::{EntityKey, Sight, StartPosition};
    use std::sync::atomic::{AtomicUsize, Ordering};
    let options = Options { orders: 60, traffic: true, ..Options::embedded(NOW_MS) };
    let running = start_demo(&options).unwrap();
    while !matches!(running.milestones().recv_timeout(PATIENCE).unwrap(), Milestone::Ready(_)) {}
    let connect = Some(Target::Settings(Box::new(running.settings().clone())));
    let port = start(EngineOptions { connect, ..EngineOptions::default() }).unwrap();
    let wakes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&wakes);
    port.set_waker(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    wait(&port, "connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    let key = EntityKey {
        entity: EntityId::new(foldback::demo::seed::INCIDENT_ORDER),
        topics: [Arc::from(ORDER_EVENTS)].into(),
    };
    port.send(Command::OpenEntity(key.clone())).unwrap();
    wait(&port, "entity", |snapshot| snapshot.entity_view(&key)?.at.clone());
    let measure = |what: &str, sight: Option<Sight>| {
        port.look_at(sight);
        thread::sleep(Duration::from_secs(4));
        let (before, generation) = (wakes.load(Ordering::Relaxed), port.latest().generation);
        thread::sleep(Duration::from_secs(20));
        let woken = wakes.load(Ordering::Relaxed) - before;
        println!(
            "{what}: woken {woken} times, published {} in 20 s",
            port.latest().generation - generation
        );
    };
    let entity = Sight { entities: [key.clone()].into(), ..Sight::default() };
    measure("entity", Some(entity.clone()));
    port.send(Command::OpenTopic(ORDER_EVENTS.into())).unwrap();
    port.send(Command::Read(ORDER_EVENTS.into(), StartPosition::Live)).unwrap();
    port.send(Command::NeedPages(ORDER_EVENTS.into(), vec![0])).unwrap();
    measure("entity, topic behind", Some(entity));
    let topic = Sight { topics: [ORDER_EVENTS.into()].into(), ..Sight::default() };
    measure("topic", Some(topic));
    measure("everything", None);
}
