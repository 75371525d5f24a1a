//! Copies what is chosen of an entity: a field, events, the state, what changed, the history.
//!
//! Promises: events go before a field while their table has the focus.
//! Does not know: how any of it is written.

use egui::Context;

use super::{EntityState, event_at, events};
use crate::gui::command::UiCommand;
use crate::gui::view::View;
use crate::gui::widgets::copy;
use crate::workspace::{Command, CopyWhat, EntityView, changes_text, value_text};

/// Copies what a command names; whether there was something.
pub(crate) fn copy_chosen(
    ctx: &Context,
    command: UiCommand,
    state: &EntityState,
    entity: &EntityView,
    view: &mut View<'_>,
) -> bool {
    let form = command.copy_form();
    match command {
        UiCommand::CopyHistory => {
            let what = CopyWhat::Events(entity.key.clone(), Vec::new());
            view.out.send(Command::Copy(what, form));
            return true;
        }
        UiCommand::CopyState => {
            let Some(at) = &entity.at else { return false };
            copy(ctx, at.json.to_string(), &format!("state after v{}", at.version));
            return true;
        }
        UiCommand::CopyDiff => {
            let changes = match (&entity.compare, &entity.at) {
                (Some(compare), _) => &compare.changes,
                (None, Some(at)) => &at.changes,
                (None, None) => return false,
            };
            copy(ctx, changes_text(changes, form), "diff");
            return true;
        }
        UiCommand::CopyAddress => {
            let version = entity.at.as_ref().map_or(0, |at| at.version);
            let event = entity.events.latest().and_then(|events| event_at(events, version));
            let Some(event) = event else { return false };
            copy(ctx, event.position.to_string(), "address");
            return true;
        }
        _ => {}
    }
    let in_events = ctx.memory(|memory| memory.has_focus(events::table_id(&entity.key)));
    let field = entity.selected_path.as_ref().filter(|_| !in_events).and_then(|path| {
        entity.at.as_ref()?.rows.iter().map(|row| &row.tree).find(|row| row.path == *path)
    });
    if let Some(row) = field {
        copy(ctx, value_text(&row.value, &row.path, form), "value");
        return true;
    }
    let at = entity.at.as_ref().map(|at| at.version).filter(|version| *version > 0);
    let versions: Vec<u64> = if state.picks.len() > 1 {
        state.picks.iter().copied().collect()
    } else {
        at.into_iter().collect()
    };
    let chosen = !versions.is_empty();
    if chosen {
        view.out.send(Command::Copy(CopyWhat::Events(entity.key.clone(), versions), form));
    }
    chosen
}
