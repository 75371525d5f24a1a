use std::net::TcpListener;

use super::*;

/// The steps of a check as `name outcome` and their details and remedies.
fn check(settings: &Settings) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    check_connection(settings, &mut |step| steps.push(step));
    steps
}

/// Every check reports every step once, in order, and a failed one has a remedy.
fn assert_whole(steps: &[CheckStep]) {
    let names: Vec<&str> = steps.iter().map(|step| &*step.name).collect();
    assert_eq!(names, CHECK_STEPS);
    for step in steps {
        assert_eq!(step.remedy.is_some(), step.outcome == CheckOutcome::Failed, "{step:?}");
        assert!(!step.detail.is_empty(), "{step:?}");
    }
}

/// The first step that failed.
fn failure(steps: &[CheckStep]) -> &CheckStep {
    let failed = steps.iter().find(|step| step.outcome == CheckOutcome::Failed);
    failed.unwrap_or_else(|| panic!("no step failed: {steps:?}"))
}

#[test]
fn a_host_that_does_not_exist_fails_at_its_name() {
    let steps = check(&Settings::from_brokers("no-such-host.invalid:9092").unwrap());
    assert_whole(&steps);
    let step = failure(&steps);
    assert_eq!(&*step.name, "DNS");
    assert!(step.detail.starts_with("no-such-host.invalid does not resolve"), "{}", step.detail);
    assert!(steps[1..].iter().all(|step| step.outcome == CheckOutcome::Skipped), "{steps:?}");
}

#[test]
fn a_closed_port_fails_at_tcp() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let steps = check(&Settings::from_brokers(&address.to_string()).unwrap());
    assert_whole(&steps);
    let step = failure(&steps);
    assert_eq!(&*step.name, "TCP");
    assert_eq!(step.detail, format!("{address}: connection refused"));
}

#[test]
fn a_port_that_is_no_broker_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || listener.incoming().for_each(drop);
    thread::Builder::new().name("mute-port".to_owned()).spawn(serve).unwrap();
    let started = Instant::now();
    let steps = check(&Settings::from_brokers(&address.to_string()).unwrap());
    assert_whole(&steps);
    let step = failure(&steps);
    assert_eq!(&*step.name, "TLS");
    assert!(step.detail.contains("neither in Kafka's protocol nor in TLS"), "{}", step.detail);
    assert!(started.elapsed() < STEP_LIMIT * 2, "{:?}", started.elapsed());
}

#[test]
fn one_bootstrap_address_that_works_is_enough() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let brokers = format!("no-such-host.invalid:1,{closed},{}", open.local_addr().unwrap());
    let settings = Settings::from_brokers(&brokers).unwrap();
    let mut seen = Vec::new();
    let mut report = |step: CheckStep| seen.push((step.outcome, step.detail));
    let mut check = Check { settings: &settings, report: &mut report, next: 0 };
    let resolved = check.names().unwrap();
    assert_eq!(check.ports(&resolved), Some(open.local_addr().unwrap()));
    assert_eq!(seen[0].0, CheckOutcome::Passed);
    assert!(seen[0].1.contains("no-such-host.invalid does not resolve"), "{}", seen[0].1);
    assert!(seen[1].1.contains(&format!("{closed}: connection refused")), "{}", seen[1].1);
}
