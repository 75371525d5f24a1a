//! Keys: which of them set off which commands, and which are left to whoever is typed into.
//!
//! Promises: nothing fires while a field is typed into or a menu is open; what is typed behind a
//! key that opens a field goes into that field, however slowly the window draws.
//! Does not know: what a command does.

use egui::{Context, Event, FocusDirection, Key, KeyboardShortcut, Modifiers};

use super::command::UiCommand;

/// For how many frames what is typed waits for the field that it was typed for.
const WAIT_FRAMES: u8 = 8;

/// What was typed behind a key that opens a field, until that field has the focus.
#[derive(Debug, Default)]
pub(crate) struct TypeAhead {
    /// What was typed.
    events: Vec<Event>,
    /// How many frames it waits at most.
    frames_left: u8,
}

impl TypeAhead {
    /// Keeps what was typed in this frame behind what is kept already, or gives all of it to the
    /// field that has the focus by now. Where no field came, it is forgotten: nobody meant it for
    /// anything else. Call it first in a frame.
    fn take_or_give(&mut self, ctx: &Context) {
        if self.frames_left == 0 {
            return;
        }
        self.frames_left -= 1;
        let mut typed = take_typed(ctx);
        // A character without its key is that of the key that opened the field.
        if self.events.is_empty() && matches!(typed.first(), Some(Event::Text(_))) {
            typed.remove(0);
        }
        self.events.append(&mut typed);
        if ctx.text_edit_focused() {
            self.frames_left = 0;
            let kept = std::mem::take(&mut self.events);
            ctx.input_mut(|input| drop(input.events.splice(0..0, kept)));
        } else if self.frames_left == 0 {
            self.events.clear();
        } else {
            ctx.request_repaint();
        }
    }

    /// A field opens: what was typed behind the key for it waits.
    fn wait(&mut self, ctx: &Context, behind: Vec<Event>) {
        self.events.extend(behind);
        self.frames_left = WAIT_FRAMES;
        ctx.request_repaint();
    }
}

/// Takes what is typed out of the input, as it came.
fn take_typed(ctx: &Context) -> Vec<Event> {
    let is_typed = |event: &mut Event| {
        matches!(event, Event::Text(_) | Event::Paste(_) | Event::Key { .. } | Event::Ime(_))
    };
    ctx.input_mut(|input| input.events.extract_if(.., is_typed).collect())
}

/// Whether something is open that takes keys for itself: a field that is typed into, or a menu.
fn is_typing(ctx: &Context) -> bool {
    ctx.text_edit_focused() || egui::Popup::is_any_open(ctx)
}

/// Takes the keys of commands out of the input and says which commands they set off.
///
/// Call it before anything is drawn. Keys that mean something in a text field are left alone while
/// one has the focus, and so are the keys by which one walks through a list that has it. Space
/// plays even then: Enter presses a control. While a dialog is open its own field alone is typed
/// into.
pub(crate) fn take_pressed(
    ctx: &Context,
    ahead: &mut TypeAhead,
    dialog_is_open: bool,
) -> Vec<UiCommand> {
    ahead.take_or_give(ctx);
    if ahead.frames_left > 0 || dialog_is_open {
        return Vec::new();
    }
    let mut pressed = Vec::new();
    while let Some((at, command)) = first_shortcut(ctx) {
        let behind = ctx.input_mut(|input| {
            let event = input.events.remove(at);
            let is_held = matches!(event, Event::Key { repeat: true, .. });
            if !is_held || command.repeats() {
                pressed.push(command);
            }
            // The character of the key came with it.
            if matches!(input.events.get(at), Some(Event::Text(_))) {
                input.events.remove(at);
            }
            if command.opens_field() { input.events.split_off(at) } else { Vec::new() }
        });
        // The focus was about to walk in the direction of an arrow key.
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
        if command.opens_field() {
            // What is typed from here on is for the field that opens, not for the one before.
            ctx.memory_mut(|memory| {
                if let Some(before) = memory.focused() {
                    memory.surrender_focus(before);
                }
            });
            ahead.wait(ctx, behind);
            break;
        }
    }
    pressed
}

/// The first event that sets off a command, and which: of two that its key fits, the one with the
/// most modifiers.
fn first_shortcut(ctx: &Context) -> Option<(usize, UiCommand)> {
    let typing = is_typing(ctx);
    let focused = ctx.memory(|memory| memory.focused().is_some());
    let fits = |key: Key, modifiers: Modifiers, shortcut: KeyboardShortcut| {
        key == shortcut.logical_key
            && modifiers.matches_logically(shortcut.modifiers)
            && !(typing && is_typed(shortcut))
            && !(focused && walks_in_lists(shortcut))
    };
    let command_of = |key: Key, modifiers: Modifiers| {
        UiCommand::ALL
            .into_iter()
            .flat_map(|command| command.shortcuts().iter().map(move |keys| (command, *keys)))
            .filter(|(_, shortcut)| fits(key, modifiers, *shortcut))
            .max_by_key(|(_, shortcut)| modifier_count(shortcut.modifiers))
            .map(|(command, _)| command)
    };
    let copies = !typing && !has_selected_text(ctx);
    ctx.input(|input| {
        input.events.iter().enumerate().find_map(|(at, event)| match event {
            Event::Key { key, pressed: true, modifiers, .. } => {
                Some((at, command_of(*key, *modifiers)?))
            }
            // The window system's own sign for copying is no key any more when it comes here.
            Event::Copy if copies => Some((at, UiCommand::Copy)),
            _ => None,
        })
    })
}

/// Whether text in a label is selected, which the sign for copying means then.
fn has_selected_text(ctx: &Context) -> bool {
    ctx.plugin_opt::<egui::text_selection::LabelSelectionState>()
        .is_some_and(|labels| labels.lock().has_selection())
}

/// Whether this key means something in a text field: all keys without Ctrl or Alt, and those that
/// move or undo in it.
fn is_typed(shortcut: KeyboardShortcut) -> bool {
    let undoes = shortcut.modifiers.command && matches!(shortcut.logical_key, Key::Z | Key::Y);
    shortcut.conflicts_with_text_editing()
        || undoes
        || (!shortcut.modifiers.any() || shortcut.modifiers.shift_only())
            && !matches!(shortcut.logical_key, Key::F1 | Key::F5)
}

/// Whether a list that has the focus takes this key.
fn walks_in_lists(shortcut: KeyboardShortcut) -> bool {
    !shortcut.modifiers.any() && matches!(shortcut.logical_key, Key::ArrowUp | Key::ArrowDown)
}

/// How many modifiers there are.
fn modifier_count(modifiers: Modifiers) -> u32 {
    [modifiers.command || modifiers.ctrl, modifiers.shift, modifiers.alt]
        .into_iter()
        .map(u32::from)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands that pressing this key sets off while nothing has the focus.
    fn pressed(modifiers: Modifiers, key: Key) -> Vec<UiCommand> {
        let ctx = Context::default();
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let input = egui::RawInput { events: vec![event], ..Default::default() };
        let mut pressed = Vec::new();
        let mut output = ctx.run_ui(input, |ui| {
            pressed.extend(take_pressed(ui.ctx(), &mut TypeAhead::default(), false));
        });
        output.textures_delta.clear();
        pressed
    }

    #[test]
    fn shift_and_arrow_step_along_the_field_and_not_along_the_events() {
        assert_eq!(pressed(Modifiers::SHIFT, Key::ArrowLeft), [UiCommand::PreviousChange]);
        assert_eq!(pressed(Modifiers::NONE, Key::ArrowLeft), [UiCommand::PreviousEvent]);
    }

    #[test]
    fn a_question_mark_shows_the_keys_although_it_takes_shift_to_type_one() {
        assert_eq!(pressed(Modifiers::SHIFT, Key::Questionmark), [UiCommand::ShowKeys]);
    }
}
