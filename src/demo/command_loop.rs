//! The loop of the running system: it writes the past, then takes commands, keeps traffic going and
//! tells how things are.
//!
//! Promises: everything asked is answered in the next view; a view that nobody fetched is replaced
//! by the next, and none is sent that tells nothing new.
//! Does not know: what stands at the other end of its channels.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};

use super::aggregate::Aggregate as _;
use super::command_side::{CommandError, CommandSide};
use super::error::DemoError;
use super::order::Order;
use super::projector::{Lookup, Missed, Progress, ReadModel, RunningProjector};
use super::request::Request;
use super::seed::{self, INCIDENT_ORDER, Scale};
use super::topics::{TOPICS, partitions};
use super::traffic::{Call, Traffic};
use crate::kafka::{Connection, KafkaError, Watermarks, Writer};
use crate::model::{Cancel, TopicPartition};
use crate::workspace::clock::now_ms;
use crate::workspace::{
    DemoCommand, DemoFault, DemoOutcome, DemoView, OrderRow, Problem, ProjectorView,
};

/// How long it waits for a command before it looks around.
const TICK: Duration = Duration::from_millis(200);

/// How long the broker may take to have the whole past.
const SEED_PATIENCE: Duration = Duration::from_mins(2);

/// How long the broker may take to say where logs end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many outcomes are told.
const OUTCOMES_MAX: usize = 20;

/// Who sends the window's commands.
const OPERATOR: &str = "operator";

/// What the system reached.
#[derive(Clone, Debug)]
pub enum Milestone {
    /// The past is written: how many records each topic got, and how long it took.
    Seeded {
        /// Records by topic.
        records: BTreeMap<&'static str, i64>,
        /// How long it took.
        took: Duration,
    },
    /// The past is projected and the command side knows it: the system is ready.
    Ready(Arc<Readiness>),
    /// It cannot go on.
    Failed(Problem),
}

/// The system when its past is projected.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// How far each projector is.
    pub projectors: Vec<(ReadModel, Progress)>,
    /// The read models' rows of the incident's order.
    pub incident_rows: Vec<OrderRow>,
    /// The incident's order as the log tells it.
    pub incident: Option<Order>,
    /// How long it took since the start.
    pub took: Duration,
}

impl Readiness {
    /// What the dashboard committed and never applied.
    pub fn missed(&self) -> impl Iterator<Item = &Missed> {
        let dashboard = |entry: &&(ReadModel, Progress)| entry.0 == ReadModel::Dashboard;
        self.projectors.iter().filter(dashboard).flat_map(|(_, progress)| &progress.missed)
    }
}

/// The loop before it runs.
pub(super) struct CommandLoop {
    /// Where the system runs, in words.
    pub(super) place: Arc<str>,
    /// The projectors.
    pub(super) projectors: Vec<RunningProjector>,
    /// Looks rows up.
    pub(super) lookup: Lookup,
    /// Takes requests.
    pub(super) command_side: CommandSide,
    /// The customers.
    pub(super) traffic: Traffic,
    /// Asks where logs end.
    pub(super) connection: Connection,
    /// Writes the past.
    pub(super) writer: Arc<Writer>,
    /// How much past.
    pub(super) scale: Scale,
    /// Commands come in here.
    pub(super) commands: Receiver<DemoCommand>,
    /// Views go out here; the other end takes back a view that nobody fetched.
    pub(super) views: (Sender<Arc<DemoView>>, Receiver<Arc<DemoView>>),
    /// Milestones go out here.
    pub(super) milestones: Sender<Milestone>,
    /// Thrown when the system is to end.
    pub(super) stop: Cancel,
}

/// The loop while it runs.
struct Open {
    /// What it works with.
    system: CommandLoop,
    /// The view that was sent last.
    view: DemoView,
    /// The outcomes, newest last.
    outcomes: VecDeque<DemoOutcome>,
    /// The entity looked up last.
    looked_up: String,
    /// Whether traffic is to run once the past is projected.
    traffic: bool,
    /// When the next customer calls; none while traffic stands.
    next_call: Option<Instant>,
    /// When everything began.
    started: Instant,
}

impl CommandLoop {
    /// Runs until it is stopped.
    pub(super) fn run(self, with_traffic: bool) {
        let mut open = Open {
            view: DemoView {
                place: Arc::clone(&self.place),
                seeding: true,
                incident_entity: INCIDENT_ORDER.into(),
                incident_topic: Order::TOPIC.into(),
                ..DemoView::default()
            },
            system: self,
            outcomes: VecDeque::new(),
            looked_up: INCIDENT_ORDER.to_owned(),
            traffic: with_traffic,
            next_call: None,
            started: Instant::now(),
        };
        open.send_view();
        if let Err(error) = open.write_past() {
            let problem = told(&error, error.hint());
            open.tell("write the past", Err(problem.clone()));
            open.reach(Milestone::Failed(problem));
        }
        open.serve();
    }
}

impl Open {
    /// Writes the past and makes sure that the cluster keeps all of it.
    fn write_past(&mut self) -> Result<(), DemoError> {
        let publications = seed::history(&self.system.scale);
        let mut records: BTreeMap<&'static str, i64> = BTreeMap::new();
        for publication in &publications {
            let sent = publication.with_record(|record| self.system.writer.send(record));
            sent.map_err(DemoError::Seed)?;
            *records.entry(publication.topic).or_default() += 1;
        }
        self.system.writer.flush(SEED_PATIENCE).map_err(DemoError::Seed)?;
        let ends = self.ends().map_err(DemoError::Seed)?;
        for (topic, _) in TOPICS {
            let of_topic = ends.iter().filter(|(partition, _)| &*partition.topic == topic);
            let kept = of_topic.map(|(_, marks)| marks.high - marks.low).sum();
            let sent = records.get(topic).copied().unwrap_or(0);
            if kept < sent {
                return Err(DemoError::Dropped { topic, sent, kept });
            }
        }
        self.reach(Milestone::Seeded { records, took: self.started.elapsed() });
        Ok(())
    }

    /// Answers commands and keeps traffic going until it is stopped.
    fn serve(&mut self) {
        while !self.system.stop.is_cancelled() {
            let until_call = self.next_call.map(|at| at.saturating_duration_since(Instant::now()));
            match self.system.commands.recv_timeout(until_call.unwrap_or(TICK).min(TICK)) {
                Ok(command) => self.carry_out(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.next_call.is_some_and(|at| at <= Instant::now()) {
                self.take_call();
            }
            self.send_view();
        }
    }

    /// Does what the window asks.
    fn carry_out(&mut self, command: DemoCommand) {
        match command {
            DemoCommand::Send { name, arguments } => {
                let entity = arguments.first().map_or("", |(_, text)| text);
                let words = format!("{name} {entity}");
                let result = self.request(&name, &arguments);
                self.tell(&words, result);
            }
            DemoCommand::SetFault { projector, fault, on } => {
                self.set_fault(&projector, fault, on);
            }
            DemoCommand::LookUp(entity) => self.looked_up = entity,
            DemoCommand::SetTraffic(on) => {
                self.traffic = on;
                self.schedule_call();
            }
        }
    }

    /// Hands a command of the window to the command side.
    fn request(&mut self, name: &str, arguments: &[(String, String)]) -> Result<Arc<str>, Problem> {
        let request = Request::parse(name, arguments).map_err(|error| told(&error, None))?;
        let accepted = self.system.command_side.handle(&request, OPERATOR, now_ms());
        let accepted = accepted.map_err(|error| told(&error, error.hint()))?;
        request.entity.clone_into(&mut self.looked_up);
        Ok(format!("{} v{} at {}", accepted.event_type, accepted.version, accepted.position).into())
    }

    /// Switches a fault of a projector.
    fn set_fault(&mut self, name: &str, fault: DemoFault, on: bool) {
        let named = |projector: &&RunningProjector| projector.read_model().name() == name;
        let taken = match self.system.projectors.iter().find(named) {
            Some(projector) => projector.set_fault(fault, on),
            None => false,
        };
        if !taken {
            let problem = Problem::new(format!("no projector `{name}` takes a fault"));
            self.tell(&format!("SetFault {name}"), Err(problem));
        }
    }

    /// Takes the call of a customer. What the system refuses is between it and the customer; a
    /// broker's trouble is told.
    fn take_call(&mut self) {
        let Call { request, user } = self.system.traffic.next_call();
        let answer = self.system.command_side.handle(&request, &user, now_ms());
        if let Err(error @ (CommandError::Read(_) | CommandError::Publish(_))) = answer {
            let problem = told(&error, error.hint());
            self.tell("live traffic", Err(problem));
            self.traffic = false;
        }
        self.schedule_call();
    }

    /// Says when the next customer calls.
    fn schedule_call(&mut self) {
        let runs = self.traffic && !self.view.seeding;
        self.next_call = runs.then(|| Instant::now() + self.system.traffic.pause());
    }

    /// Remembers an outcome.
    fn tell(&mut self, command: &str, result: Result<Arc<str>, Problem>) {
        self.outcomes.push_back(DemoOutcome { command: command.into(), result });
        while self.outcomes.len() > OUTCOMES_MAX {
            self.outcomes.pop_front();
        }
    }

    /// Tells a milestone to whoever listens.
    fn reach(&self, milestone: Milestone) {
        if self.system.milestones.try_send(milestone).is_err() {
            tracing::debug!("nobody listens to the demo's milestones");
        }
    }

    /// Where the logs begin and end.
    fn ends(&self) -> Result<BTreeMap<TopicPartition, Watermarks>, KafkaError> {
        self.system.connection.watermarks(&partitions(), PATIENCE)
    }

    /// Sends how things are, if that is news.
    fn send_view(&mut self) {
        let mut view = self.view.clone();
        let progress: Vec<(ReadModel, Progress)> =
            self.system.projectors.iter().map(|one| (one.read_model(), one.progress())).collect();
        match self.ends() {
            Ok(ends) => {
                let projector = |(read_model, progress): &(ReadModel, Progress)| {
                    projector_view(*read_model, progress, &ends)
                };
                view.projectors = progress.iter().map(projector).collect();
            }
            Err(error) => tracing::warn!(%error, "the lag of the projectors is unknown"),
        }
        match self.system.lookup.rows(&self.looked_up) {
            Ok(rows) => view.rows = rows.into(),
            Err(error) => tracing::warn!(%error, "the read models cannot be looked into"),
        }
        view.traffic = self.traffic;
        view.outcomes = self.outcomes.iter().cloned().collect();
        if view.seeding && is_projected(&view, &progress) {
            view.seeding = !self.get_ready(progress, &view);
        }
        let opened = self.view.seeding && !view.seeding;
        if view == self.view && !opened {
            return;
        }
        self.view = view;
        if opened {
            self.schedule_call();
        }
        self.hand_out(Arc::new(self.view.clone()));
    }

    /// Lets the command side read the past. Whether it could.
    fn get_ready(&mut self, projectors: Vec<(ReadModel, Progress)>, view: &DemoView) -> bool {
        if let Err(error) = self.system.command_side.catch_up(now_ms()) {
            tracing::warn!(%error, "the command side cannot read the past");
            return false;
        }
        self.reach(Milestone::Ready(Arc::new(Readiness {
            projectors,
            incident_rows: view.rows.to_vec(),
            incident: self.system.command_side.order(INCIDENT_ORDER).cloned(),
            took: self.started.elapsed(),
        })));
        true
    }

    /// Puts a view in the place of one that nobody fetched.
    fn hand_out(&self, view: Arc<DemoView>) {
        let (out, back) = &self.system.views;
        if let Err(TrySendError::Full(view)) = out.try_send(view) {
            // Whoever fetches at this moment makes room just as well.
            drop(back.try_recv());
            if out.try_send(view).is_err() {
                tracing::debug!("a view was fetched and replaced at the same moment");
            }
        }
    }
}

/// How a projector is shown.
fn projector_view(
    read_model: ReadModel,
    progress: &Progress,
    ends: &BTreeMap<TopicPartition, Watermarks>,
) -> ProjectorView {
    let reads = |partition: &TopicPartition| read_model.topics().contains(&&*partition.topic);
    let lag = ends.iter().filter(|(partition, _)| reads(partition)).map(|(partition, marks)| {
        marks.high - progress.committed.get(partition).copied().unwrap_or(marks.low)
    });
    ProjectorView {
        name: read_model.name().into(),
        group: read_model.group().into(),
        applied: progress.applied,
        lag: lag.sum(),
        faults: progress.faults.iter().copied().collect(),
        trouble: progress.trouble.clone(),
    }
}

/// Whether the past is written and every projector has seen all of it.
fn is_projected(view: &DemoView, progress: &[(ReadModel, Progress)]) -> bool {
    let seen_something = progress.iter().all(|(_, progress)| !progress.committed.is_empty());
    let crashed = progress.iter().any(|(_, progress)| progress.crashes > 0);
    seen_something && crashed && view.projectors.iter().all(|projector| projector.lag == 0)
}

/// A failure in the words of the window.
fn told(error: &dyn std::error::Error, hint: Option<&str>) -> Problem {
    let problem = Problem::from_error(error);
    match hint {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}
