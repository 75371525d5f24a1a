//! The keys that mean more in the editor than in other fields: Enter, Tab, Shift+Tab and closing
//! brackets indent.
//!
//! Promises: what is typed faster than frames come is applied in the order it was typed; any other
//! key is the field's own.
//! Does not know: how lines are indented (`indent`).

use std::ops::Range;

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Event, Id, Key, Modifiers, Ui};

use super::indent::{self, Change};

/// A key that indents.
#[derive(Clone, Debug, PartialEq, Eq)]
enum IndentKey {
    /// Enter.
    LineBreak,
    /// Tab.
    Deeper,
    /// Shift+Tab.
    Back,
    /// A closing bracket.
    Close(String),
}

impl IndentKey {
    /// The key of an event, if it is one.
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Key { key: Key::Enter, pressed: true, modifiers: Modifiers::NONE, .. } => {
                Some(Self::LineBreak)
            }
            Event::Key { key: Key::Tab, pressed: true, modifiers: Modifiers::NONE, .. } => {
                Some(Self::Deeper)
            }
            Event::Key { key: Key::Tab, pressed: true, modifiers: Modifiers::SHIFT, .. } => {
                Some(Self::Back)
            }
            Event::Text(text) if matches!(text.as_str(), "}" | ")" | "]") => {
                Some(Self::Close(text.clone()))
            }
            _ => None,
        }
    }

    /// What it makes of a text; nothing where the field's own way will do.
    fn change(&self, text: &str, chosen: Range<usize>) -> Option<Change> {
        match self {
            Self::LineBreak => Some(indent::line_break(text, chosen)),
            Self::Deeper => Some(indent::indent(text, chosen)),
            Self::Back => Some(indent::outdent(text, chosen)),
            Self::Close(bracket) => indent::closing_bracket(text, chosen, bracket),
        }
    }
}

/// Whether an event may change the text or move the cursor.
fn is_edit(event: &Event) -> bool {
    matches!(
        event,
        Event::Text(_)
            | Event::Paste(_)
            | Event::Cut
            | Event::Ime(_)
            | Event::Key { pressed: true, .. }
    )
}

/// Applies the keys that indent, before the field sees them. Those behind others that the field
/// comes to first wait for the next frame. Says whether the text was changed.
pub(super) fn take(ui: &Ui, id: Id, text: &mut String, waiting: &mut Vec<Event>) -> bool {
    if !ui.memory(|memory| memory.has_focus(id)) {
        waiting.clear();
        return false;
    }
    let came = ui.input_mut(|input| std::mem::take(&mut input.events));
    let mut events: Vec<Event> = waiting.drain(..).chain(came).collect();
    let mut changed = false;
    while let Some(at) = events.iter().position(|event| IndentKey::of(event).is_some()) {
        if events.iter().take(at).any(is_edit) {
            waiting.extend(events.drain(at..));
            ui.ctx().request_repaint();
            break;
        }
        let event = events.remove(at);
        let applied = IndentKey::of(&event).is_some_and(|key| apply(ui, id, text, &key));
        changed |= applied;
        if !applied {
            events.insert(at, event);
            let behind = at + 1;
            if events.iter().skip(behind).any(|event| IndentKey::of(event).is_some()) {
                waiting.extend(events.drain(behind..));
                ui.ctx().request_repaint();
            }
            break;
        }
    }
    ui.input_mut(|input| input.events = events);
    changed
}

/// Applies a key where the cursor is. Says whether it did.
fn apply(ui: &Ui, id: Id, text: &mut String, key: &IndentKey) -> bool {
    let Some(mut edit) = TextEditState::load(ui.ctx(), id) else { return false };
    let Some(range) = edit.cursor.char_range() else { return false };
    let [from, to] = range.sorted_cursors().map(|cursor| byte_index(text, cursor.index.into()));
    let Some(change) = key.change(text, from..to) else { return false };
    text.replace_range(change.range.clone(), &change.with);
    let [from, to] =
        [change.chosen.start, change.chosen.end].map(|at| CCursor::new(char_index(text, at)));
    edit.cursor.set_char_range(Some(CCursorRange::two(from, to)));
    edit.store(ui.ctx(), id);
    true
}

/// The number of characters before a byte.
pub(super) fn char_index(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |before| before.chars().count())
}

/// The byte that a character begins at.
fn byte_index(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}
