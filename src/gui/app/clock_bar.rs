//! The one clock at the bottom of the window.
//!
//! Promises: stepping means the entity in front; a time that is not understood moves nothing and
//! says so.
//! Does not know: how the bar is drawn (`widgets::ClockBar`).

use egui::{Id, Ui};

use super::states::ViewStates;
use crate::gui::time_entry;
use crate::gui::view::View;
use crate::gui::widgets::{ClockAction, ClockBar};
use crate::workspace::{ClockCommand, ClockPoint, StepTarget};

/// Draws the bar.
pub(crate) fn show(ui: &mut Ui, states: &mut ViewStates, view: &mut View<'_>) {
    let front = states.front_entity().cloned();
    let entity = front.as_ref().and_then(|key| view.snapshot.entity_view(key));
    let version = entity.and_then(|entity| {
        let events = entity.events.latest()?.len() as u64;
        Some((entity.at.as_ref().map_or(0, |at| at.version), events))
    });
    let bar = ClockBar { clock: &view.snapshot.clock, version, times: view.times };
    let Some(action) = bar.show(ui, Id::unique("clock bar"), &mut states.clock_bar) else { return };
    let step = |target| front.clone().map(|key| ClockCommand::Step(key, target));
    let command = match action {
        ClockAction::First => step(StepTarget::First),
        ClockAction::Previous => step(StepTarget::PreviousEvent),
        ClockAction::Next => step(StepTarget::NextEvent),
        ClockAction::Last => step(StepTarget::Last),
        ClockAction::Play(speed) => Some(ClockCommand::Play(speed)),
        ClockAction::Pause => Some(ClockCommand::Pause),
        ClockAction::Follow => Some(ClockCommand::Follow),
        ClockAction::SetTime(time_ms) => Some(ClockCommand::Set(ClockPoint::Time(time_ms))),
        ClockAction::Jump(typed) => jump(typed, states, view),
    };
    if let Some(command) = command {
        view.out.clock(command);
    }
}

/// To a time that was typed. Relative times count from the newest record.
fn jump(typed: String, states: &mut ViewStates, view: &View<'_>) -> Option<ClockCommand> {
    let newest_ms = view.snapshot.clock.range_ms.map(|(_, to_ms)| to_ms);
    let read = time_entry::read(&typed, view.times, newest_ms);
    if read.is_none() {
        let problem = "not a time: try 14:02, 2026-11-23 14:02 or -15m".to_owned();
        states.clock_bar.refuse_jump(typed, problem);
    }
    read.map(|time_ms| ClockCommand::Set(ClockPoint::Time(time_ms)))
}
