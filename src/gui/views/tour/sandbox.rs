//! The chapter of the sandbox: the dashboard's projection, its incident reproduced in one click,
//! and a consumer that passes.
//!
//! Promises: each step goes on by itself when the user has done it; a button does it for them.
//! Does not know: how runs are made and judged.

use std::sync::Arc;

use crate::gui::view::{Action, Outbox, Pane};
use crate::sandbox::Consumer;
use crate::workspace::sandbox::demo_chapter::{CARELESS_CONSUMER, MENDED_CONSUMER};
use crate::workspace::sandbox::{MatrixChoice, TrialCommand};
use crate::workspace::{
    DemoView, HistoryChoice, SandboxCommand, SandboxKey, SandboxView, Snapshot,
};

use super::card::Card;

/// A step of the chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SandboxStep {
    /// Open the dashboard's projection in a sandbox.
    Open,
    /// Reproduce the incident.
    Reproduce,
    /// See what broke, and let another consumer try.
    Mend,
    /// What it means.
    Conclusion,
}

impl SandboxStep {
    /// All steps in their order.
    const ALL: [Self; 4] = [Self::Open, Self::Reproduce, Self::Mend, Self::Conclusion];

    /// The step's number, from 0.
    fn index(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }

    /// The step after this one, once the user has done what it asks for.
    pub(super) fn followed(self, snapshot: &Snapshot, front: Option<&Pane>) -> Self {
        let sandbox = snapshot.sandbox_view(&SandboxKey::Demo);
        let in_front = matches!(front, Some(Pane::Sandbox(SandboxKey::Demo)));
        match self {
            Self::Open if in_front && sandbox.is_some() => Self::Reproduce,
            Self::Reproduce if verdict(sandbox, CARELESS_CONSUMER) == Some(false) => Self::Mend,
            Self::Mend if verdict(sandbox, MENDED_CONSUMER) == Some(true) => Self::Conclusion,
            step => step,
        }
    }

    /// What stands on its card.
    pub(super) fn card(self, demo: &DemoView, snapshot: &Snapshot) -> Card {
        let order = &demo.incident_entity;
        let (title, text, button, other) = match self {
            Self::Open => (
                "The same fault, on purpose".to_owned(),
                "The sandbox runs a projection in virtual consumers over the real events, while chosen things go wrong. No \
                 cluster is touched."
                    .to_owned(),
                "Open the dashboard's projection",
                None,
            ),
            Self::Reproduce => (
                "Reproduce the incident".to_owned(),
                format!(
                    "One click: a careless consumer commits what it was handed, then dies while {order} is being shipped. \
                     Everything else is the log, unchanged."
                ),
                "Reproduce it",
                None,
            ),
            Self::Mend => (
                broken_title(snapshot),
                format!(
                    "The {CARELESS_CONSUMER} consumer ends as the dashboard did: {order} is CREATED where it should be \
                     SHIPPED. Step back with ← to see the commit before the crash. Now the same schedule for a consumer \
                     that keeps its position with its rows."
                ),
                "Try the mended consumer",
                None,
            ),
            Self::Conclusion => (
                "The mended consumer passes".to_owned(),
                format!(
                    "{MENDED_CONSUMER} writes rows and position in one transaction and starts from there: after the crash \
                     it is handed the events again, and every invariant holds. The matrix tries all 30 faults on all six \
                     consumers."
                ),
                "Try every fault",
                Some("Back to the demo panel"),
            ),
        };
        Card {
            number: self.index() + 1,
            count: Self::ALL.len(),
            title,
            text,
            button,
            other,
            at_right: true,
        }
    }

    /// Does the step for the user; the step after it, if there is one.
    pub(super) fn act(
        self,
        demo: &DemoView,
        snapshot: &Snapshot,
        out: &mut Outbox,
    ) -> Option<Self> {
        let key = SandboxKey::Demo;
        match self {
            Self::Open => {
                let history = HistoryChoice::topic(Arc::clone(&demo.incident_topic));
                out.act(Action::OpenSandbox(key, history));
            }
            Self::Reproduce => {
                out.act(Action::ShowSchedule(key.clone()));
                let incident = TrialCommand::OpenIncident(CARELESS_CONSUMER);
                out.sandbox(&key, SandboxCommand::Trial(incident));
            }
            Self::Mend => {
                out.act(Action::ShowSchedule(key.clone()));
                let incident = TrialCommand::OpenIncident(MENDED_CONSUMER);
                out.sandbox(&key, SandboxCommand::Trial(incident));
            }
            Self::Conclusion => {
                out.act(Action::ShowMatrix(key.clone()));
                let tried = snapshot.sandbox_view(&key).is_some_and(|view| {
                    view.trial.matrix.latest().is_some() || view.trial.matrix.is_pending()
                });
                if !tried {
                    let all = TrialCommand::RunMatrix(MatrixChoice::default());
                    out.sandbox(&key, SandboxCommand::Trial(all));
                }
                return None;
            }
        }
        // What was asked for goes on by itself when it is there.
        Some(self)
    }
}

/// Whether the incident's run of this consumer holds every invariant; none while there is no such
/// run.
fn verdict(sandbox: Option<&Arc<SandboxView>>, consumer: Consumer) -> Option<bool> {
    let trial = &sandbox?.trial;
    let run = trial.run.latest().filter(|run| run.consumer == consumer)?;
    (!trial.run.is_pending()).then_some(run.findings.is_empty())
}

/// Which invariants the careless consumer broke.
fn broken_title(snapshot: &Snapshot) -> String {
    let view = snapshot.sandbox_view(&SandboxKey::Demo);
    let run = view.and_then(|view| view.trial.run.latest());
    let names: Vec<&str> = run
        .into_iter()
        .flat_map(|run| run.findings.iter())
        .map(|finding| finding.invariant.as_str())
        .collect();
    match names.as_slice() {
        [] => "It fails".to_owned(),
        names => format!("It breaks {}", names.join(" and ")),
    }
}
