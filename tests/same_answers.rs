//! Every question asked both ways, on the reference system, in its own cluster and on a real Apache
//! Kafka: as the command line asks it and as the window does.
//!
//! Promises: the log stands still, so that two answers to the same question must be equal; both
//! ways get the same workspace file, or none.
//! Does not know: how answers are printed or drawn.

#![cfg(test)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use foldback::demo::seed::INCIDENT_ORDER;
use foldback::demo::{Milestone, Options, Running};
use foldback::fold::{History, Program};
use foldback::kafka::{NewRecord, Settings, Writer};
use foldback::model::{
    Cancel, Clock, Completeness, EntityId, Isolation, KeyFilter, Position, ReadEvent, Transaction,
    When,
};
use foldback::partition_log::{Keeping, LogCache};
use foldback::workspace::projection::{EventOrder, ProjectionHistory, ProjectionQuestion};
use foldback::workspace::sandbox::TrialQuestion;
use foldback::workspace::sandbox::demo_chapter::DASHBOARD_SCRIPT;
use foldback::workspace::{
    ACCOUNT_EVENTS, Command, Config, ConnectionState, EngineOptions, EntityCountQuestion,
    EntityKey, EntityQuestion, Fetch, GroupOffset, GroupSummary, HistoryChoice, JobState,
    ORDER_EVENTS, PartitionFacts, Permissions, SandboxCommand, SandboxKey, ScanQuestion, Session,
    Snapshot, StartPosition, Target, TypeCountQuestion, WorkspacePort, default_fold,
};
use serde_json::Value as Json;
use support::kafka::Kafka;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Both topics of the reference system.
const TOPICS: [&str; 2] = [ORDER_EVENTS, ACCOUNT_EVENTS];

/// A workspace file that names the entity's id in the value of one topic, and that values are JSON.
const CONFIG: &str = r#"
[entity.order]
topics = ["order-events"]
id = "value:/orderId"
type = "value:/type"
time = "value:/occurredAt"

[entity.account]
topics = ["account-events"]
preset = "cloudevents"
"#;

/// The two ways of asking.
struct Ways {
    /// As the command line asks.
    session: Session,
    /// As the window asks.
    port: WorkspacePort,
    /// Says that there is a new snapshot.
    woken: Receiver<()>,
    /// The workspace file that both have.
    config: Option<Config>,
    /// Where the window's way keeps what it has read.
    _kept: tempfile::TempDir,
}

impl Ways {
    /// Both ways to this cluster.
    fn new(settings: &Settings, config: Option<&str>) -> Self {
        let config = config.map(read_config);
        let session = Session::open(
            settings,
            config.clone().map(Arc::new),
            Isolation::Committed,
            Cancel::new(),
            Keeping::nothing(),
        );
        let connect = Some(Target::Settings(Box::new(settings.clone())));
        // What one view has read is kept for the next: the answers are the same.
        let kept = tempfile::tempdir().unwrap();
        let cache = Some(Arc::new(LogCache::new(kept.path().to_owned(), u64::MAX)));
        let options =
            EngineOptions { config: config.clone(), connect, cache, ..EngineOptions::default() };
        let port = foldback::workspace::start(options).unwrap();
        let (wake, woken) = sync_channel(1);
        port.set_waker(move || wake.try_send(()).unwrap_or_default());
        let ways = Self { session: session.unwrap(), port, woken, config, _kept: kept };
        ways.wait("a connection", |snapshot| {
            matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
        });
        ways
    }

    /// Waits for a snapshot in which this finds what it looks for.
    fn wait<T>(&self, what: &str, find: impl Fn(&Snapshot) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let snapshot = self.port.latest();
            if let Some(found) = find(&snapshot) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what}; notices: {:#?}", snapshot.notices);
            self.woken.recv_timeout(left.min(Duration::from_secs(1))).unwrap_or_default();
        }
    }

    /// Sends what the window sends.
    fn send(&self, command: Command) {
        self.port.send(command).unwrap();
    }

    /// Asks everything both ways.
    fn compare_all(&self) {
        self.compare_topics();
        self.compare_groups();
        for topic in TOPICS {
            self.send(Command::OpenTopic(topic.into()));
            self.send(Command::Read(topic.into(), StartPosition::Oldest(None)));
            self.compare_mapping(topic);
            self.compare_scan(topic);
            self.compare_entities(topic);
            self.compare_types(topic);
        }
        let entities =
            self.session.entities(&entity_question(ACCOUNT_EVENTS, Some(1)), &mut |_| {});
        let account = entities.unwrap().entities[0].entity.clone();
        self.compare_history(ORDER_EVENTS, &EntityId::new(INCIDENT_ORDER));
        self.compare_history(ACCOUNT_EVENTS, &account);
        self.compare_projection();
    }

    /// The topics, their sizes and settings. Kafka's own grow whenever a group commits.
    fn compare_topics(&self) {
        let asked = self.session.topics().unwrap();
        let by_session: Vec<_> = asked
            .iter()
            .filter(|topic| !topic.internal)
            .map(|topic| {
                let records: i64 =
                    topic.partitions.iter().filter_map(PartitionFacts::records_at_most).sum();
                let name = topic.name.to_string();
                (
                    name,
                    topic.internal,
                    topic.partitions.len(),
                    records,
                    topic.cleanup_policy.clone(),
                )
            })
            .collect();
        let by_window = self.wait("sizes and settings of topics", |snapshot| {
            let topics = snapshot.topics.latest()?;
            let told = topics.iter().filter(|topic| !topic.internal).map(|topic| {
                let records = i64::try_from(topic.records_at_most()?).ok()?;
                let (name, policy) = (topic.name.to_string(), topic.cleanup_policy.clone());
                policy.is_some().then_some(())?;
                Some((name, topic.internal, topic.partitions.len(), records, policy))
            });
            told.collect::<Option<Vec<_>>>()
        });
        assert_eq!(by_window, by_session);
    }

    /// The consumer groups. The projectors go on until they have read the last record.
    fn compare_groups(&self) {
        type Told = (String, Vec<(String, i32, i64, Option<i64>, Option<i64>)>);
        let told = |groups: &[GroupSummary]| -> Vec<Told> {
            let offsets = |group: &GroupSummary| {
                let offset = |at: &GroupOffset| {
                    (at.topic.to_string(), at.partition, at.committed, at.end, at.lag)
                };
                group.offsets.iter().map(offset).collect()
            };
            groups.iter().map(|group| (group.group.to_string(), offsets(group))).collect()
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let by_session = told(&self.session.groups().unwrap());
            self.send(Command::RefreshGroups);
            let by_window = self.wait("the groups", |snapshot| match &snapshot.groups {
                Fetch::Ready(groups) => Some(told(groups)),
                _ => None,
            });
            let has_offsets = by_session.iter().any(|(_, offsets)| !offsets.is_empty());
            if has_offsets && by_window == by_session {
                return;
            }
            assert!(Instant::now() < deadline, "{by_window:#?} is not {by_session:#?}");
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// How the records of a topic are read.
    fn compare_mapping(&self, topic: &str) {
        let report = self.session.mapping_report(&topic.into(), false).unwrap();
        let by_session: Vec<_> = report
            .topic_mapping
            .decision
            .evidence
            .iter()
            .map(|found| (found.what.to_string(), found.choice.clone(), found.why.clone()))
            .collect();
        let by_window: Vec<_> = self.wait("the mapping", |snapshot| {
            let choices = &snapshot.topic_view(topic)?.mapping.choices;
            let told = choices
                .iter()
                .map(|(what, choice, why)| (what.to_string(), choice.to_string(), why.to_string()));
            (!choices.is_empty()).then(|| told.collect())
        });
        assert_eq!(by_window, by_session);
    }

    /// All records of a topic: how many, those that cannot be decoded, the verdict, and what each
    /// record is.
    fn compare_scan(&self, topic: &str) {
        let question = ScanQuestion {
            topics: vec![topic.into()],
            partitions: Vec::new(),
            from: When::Start,
            to: When::End,
            clock: Clock::Log,
            only_timed: false,
            keys: KeyFilter::All,
            filter: None,
            limit: None,
            count_only: false,
            values: true,
            follow: false,
            unordered: false,
        };
        let mut records = Vec::new();
        let summary = self.session.scan(
            &question,
            &mut |scanned| {
                let entity = scanned.entity.as_ref().map(ToString::to_string);
                let failed = scanned.value.checked().failed;
                let event_type = scanned.event_type.to_string();
                records.push((scanned.record.offset(), event_type, entity, failed));
                ControlFlow::Continue(())
            },
            &mut |_: &ReadEvent| {},
        );
        let summary = summary.unwrap();
        let pages: Vec<u64> = (0..records.len().div_ceil(64) as u64).collect();
        let view = self.wait("the rows and the verdict", |snapshot| {
            let view = snapshot.topic_view(topic)?;
            let whole = view.rows.len() == records.len() && view.completeness.is_some();
            (whole && !view.mapping.choices.is_empty()).then(|| Arc::clone(view))
        });
        self.send(Command::NeedPages(topic.into(), pages.clone()));
        let by_window: Vec<_> = self.wait("the texts of the rows", |snapshot| {
            let view = snapshot.topic_view(topic)?;
            let texts: Option<Vec<_>> = pages.iter().map(|page| view.pages.get(page)).collect();
            let texts = texts?.into_iter().flat_map(|page| page.iter());
            let rows = texts.zip(view.rows.iter()).map(|(text, row)| {
                let entity = text.entity.as_ref().map(ToString::to_string);
                (row.offset, text.event_type.to_string(), entity, text.failure.is_some())
            });
            Some(rows.collect())
        });
        assert_eq!(by_window, records);
        assert_eq!(view.records_matching, summary.matched);
        assert_eq!(view.decode_failures, summary.decode_failures);
        assert_eq!(view.completeness.as_deref(), Some(&summary.completeness));
    }

    /// The entities of a topic.
    fn compare_entities(&self, topic: &str) {
        let counts = self.session.entities(&entity_question(topic, None), &mut |_| {}).unwrap();
        let by_session: BTreeMap<_, _> =
            counts.entities.iter().map(|count| (count.entity.to_string(), count.events)).collect();
        let by_window: BTreeMap<_, _> = self.wait("the entities", |snapshot| {
            let list = snapshot.topic_view(topic)?.entities.latest()?;
            let rows = list.rows.iter().map(|row| (row.entity.to_string(), row.events));
            (list.total == by_session.len() as u64).then(|| rows.collect())
        });
        assert_eq!(by_window, by_session);
    }

    /// The types of a topic's events.
    fn compare_types(&self, topic: &str) {
        let question = TypeCountQuestion {
            topics: vec![topic.into()],
            partitions: Vec::new(),
            from: When::Start,
            to: When::End,
            clock: Clock::Log,
            filter: None,
        };
        let (by_session, read) = self.session.types(question, &mut |_| {}).unwrap();
        self.send(Command::CountTypes(topic.into()));
        let by_window = self.wait("the types", |snapshot| {
            let types = snapshot.topic_view(topic)?.types.clone()?;
            let job = snapshot.jobs.iter().find(|job| job.id == types.job)?;
            (types.complete && job.state == JobState::Done).then_some(types)
        });
        assert_eq!(by_window.counts, by_session);
        let ranges: BTreeSet<_> = read
            .ranges
            .iter()
            .filter(|range| !range.is_empty())
            .map(|range| (range.partition, range.span()))
            .collect();
        let covers: BTreeSet<_> =
            by_window.covers.iter().map(|range| (range.partition, range.span())).collect();
        assert_eq!(covers, ranges);
    }

    /// The history of an entity, how complete it is, and its state.
    fn compare_history(&self, topic: &str, entity: &EntityId) {
        let topics = vec![Arc::from(topic)];
        let question =
            EntityQuestion { entity: entity.clone(), topics: topics.clone(), partitions: vec![] };
        let mut history = self.session.entity_history(&question, &mut |_| {}).unwrap();
        assert!(!history.events.is_empty(), "{entity} has events");
        let by_session: Vec<_> = history
            .events
            .iter()
            .map(|event| {
                let facts = (event.version, event.position.clone(), event.event_type.to_string());
                let causes =
                    (event.correlation.clone(), event.causation.clone(), event.actor.clone());
                (facts, causes, event.transaction, event.problems.clone())
            })
            .collect();
        let fold = default_fold(&topics, self.config.as_ref()).unwrap();
        let fold_name = fold.name().to_owned();
        let mut folded = History::new(fold, history.events.clone());
        let everything = self.session.select(&mut history, &When::End, Clock::Log).unwrap();
        let state: Json = serde_json::to_value(folded.state_of(&everything)).unwrap();

        let key = EntityKey { entity: entity.clone(), topics: topics.into() };
        self.send(Command::OpenEntity(key.clone()));
        let view = self.wait("the history and the state", |snapshot| {
            let view = snapshot.entity_view(&key)?;
            let read = matches!(&view.events, Fetch::Ready(events)
                if events.len() == history.events.len());
            (read && !view.at_pending && view.at.is_some()).then(|| Arc::clone(view))
        });
        type Told =
            ((u64, Position, String), Causes, Transaction, Vec<foldback::model::EventProblem>);
        type Causes = (Option<Arc<str>>, Option<Arc<str>>, Option<Arc<str>>);
        let by_window: Vec<Told> = view
            .events
            .latest()
            .unwrap()
            .iter()
            .map(|event| {
                let facts = (event.version, event.position.clone(), event.event_type.to_string());
                let causes =
                    (event.correlation.clone(), event.causation.clone(), event.actor.clone());
                (facts, causes, event.transaction, event.problems.to_vec())
            })
            .collect();
        assert_eq!(by_window, by_session);
        assert_eq!(&*view.fold, fold_name);
        let shown: Json = serde_json::from_str(&view.at.as_ref().unwrap().json).unwrap();
        assert_eq!(shown, state);
        let completeness: Option<&Completeness> = view.completeness.as_deref();
        assert_eq!(completeness, Some(&history.completeness));
        self.send(Command::CloseEntity(key));
    }

    /// A projection over a topic: the events it is given, and what it counts.
    fn compare_projection(&self) {
        let topics: Vec<Arc<str>> = vec![ORDER_EVENTS.into()];
        let question =
            TrialQuestion { topics: topics.clone(), partitions: vec![], entities: vec![] };
        let given = self.session.trial_history(&question, &mut |_| {}).unwrap();
        let question = ProjectionQuestion {
            program: Program::read("dashboard.js", DASHBOARD_SCRIPT).unwrap(),
            history: ProjectionHistory {
                topics: topics.clone(),
                partitions: Vec::new(),
                entities: Vec::new(),
                at: When::End,
                clock: Clock::Log,
                order: EventOrder::Log,
            },
            workers: 1,
        };
        let answer = self.session.project(&question, &mut |_| {}).unwrap();
        let key = SandboxKey::Demo;
        let choice = HistoryChoice { topics, entities: Vec::new(), order: EventOrder::Log };
        self.send(Command::OpenSandbox(key.clone(), choice));
        self.send(Command::Sandbox(key.clone(), SandboxCommand::Run(DASHBOARD_SCRIPT.into())));
        let (run, source) = self.wait("the run of the projection", |snapshot| {
            let view = snapshot.sandbox_view(&key)?;
            let run = view.debugger.run.clone().filter(|_| !view.debugger.run_pending)?;
            Some((run, view.source.latest()?.clone()))
        });
        assert_eq!(source.events, given.events.len() as u64);
        assert_eq!(*source.completeness, given.completeness);
        assert_eq!(source.completeness.verdict, answer.read.completeness.verdict);
        assert_eq!(run.counts(), &answer.outcome.counts);
        assert!(run.failure().is_none() && answer.failure.is_none());
    }
}

/// The entities of a topic, all or those with the most events.
fn entity_question(topic: &str, top: Option<usize>) -> EntityCountQuestion {
    EntityCountQuestion { topics: vec![topic.into()], partitions: vec![], contains: None, top }
}

/// A workspace file with this text.
fn read_config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(Path::new("foldback.toml"));
    fs_err::write(&path, text).unwrap();
    Config::load(&path, Permissions::default()).unwrap()
}

/// A small reference system with one value that is no JSON, in its own cluster or in this one.
fn reference_system(cluster: Option<Settings>) -> Running {
    let options = Options { orders: 60, traffic: false, cluster, ..Options::embedded(NOW_MS) };
    let running = foldback::demo::start(&options).unwrap();
    loop {
        match running.milestones().recv_timeout(PATIENCE).unwrap() {
            Milestone::Seeded { .. } => {}
            Milestone::Ready(_) => break,
            Milestone::Failed(problem) => panic!("the demo failed: {problem}"),
        }
    }
    let broken = NewRecord {
        topic: ORDER_EVENTS,
        key: INCIDENT_ORDER,
        value: b"no JSON",
        timestamp_ms: NOW_MS,
        headers: &[],
    };
    Writer::open(running.settings()).unwrap().write(&broken, PATIENCE).unwrap();
    running
}

#[test]
fn window_and_command_line_give_the_same_answers_without_a_workspace_file() {
    let running = reference_system(None);
    Ways::new(running.settings(), None).compare_all();
}

#[test]
fn window_and_command_line_give_the_same_answers_with_a_workspace_file() {
    let running = reference_system(None);
    Ways::new(running.settings(), Some(CONFIG)).compare_all();
}

#[test]
fn window_and_command_line_give_the_same_answers_on_a_real_cluster_with_and_without_a_file() {
    let kafka = Kafka::shared();
    let running = reference_system(Some(Settings::from_brokers(kafka.brokers()).unwrap()));
    for config in [None, Some(CONFIG)] {
        Ways::new(running.settings(), config).compare_all();
    }
}
