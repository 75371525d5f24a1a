//! A long text in the typeface of data, wrapped, of which only the visible lines are laid out.
//!
//! Promises: a text of megabytes scrolls as smoothly as one of a page; where its lines break is
//! found once for each text and width, not once per frame.
//! Does not know: what the text says.

use std::sync::Arc;

use egui::{Id, Role, Sense, Ui, WidgetInfo, pos2};

use super::copy_menu;
use super::virtual_rows::VirtualRows;
use crate::gui::theme::{GUTTER, Tokens, drawable, mono};

/// Where the lines of a text begin.
#[derive(Debug, Default)]
pub struct TextState {
    /// The text; kept, so that no other takes its address.
    text: Option<Arc<str>>,
    /// How many characters a line holds.
    columns: usize,
    /// The byte offset at which each line begins.
    starts: Vec<usize>,
}

impl TextState {
    /// Finds the lines anew if the text or the width is another.
    fn update(&mut self, text: &Arc<str>, columns: usize) {
        let same = self.text.as_ref().is_some_and(|before| Arc::ptr_eq(before, text));
        if !same || self.columns != columns {
            self.text = Some(Arc::clone(text));
            self.columns = columns;
            self.starts = line_starts(text, columns);
        }
    }

    /// A line without what ends it.
    fn line<'t>(&self, text: &'t str, number: usize) -> &'t str {
        let start = self.starts.get(number).copied().unwrap_or(text.len());
        let end = self.starts.get(number + 1).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n'])
    }
}

/// The byte offsets at which lines of at most this many characters begin: after every line break,
/// and where one is full.
fn line_starts(text: &str, columns: usize) -> Vec<usize> {
    let mut starts = vec![0];
    let mut length = 0;
    for (offset, character) in text.char_indices() {
        if character == '\n' {
            starts.push(offset + 1);
            length = 0;
            continue;
        }
        if length == columns {
            starts.push(offset);
            length = 0;
        }
        length += 1;
    }
    starts
}

/// Shows a text in all the space that is left.
pub fn text_view(ui: &mut Ui, id: Id, state: &mut TextState, text: &Arc<str>) {
    let glyph = ui.fonts_mut(|fonts| fonts.glyph_width(&mono(), '0')).max(1.0);
    let width = ui.available_width() - ui.spacing().scroll.allocated_width() - GUTTER;
    let columns = (width / glyph).floor().max(8.0) as usize;
    state.update(text, columns);
    let tokens = Tokens::of(ui);
    let rows = VirtualRows { id, name: "Text", count: state.starts.len(), chosen: None };
    let outcome = rows.show(ui, |ui, row, rect| {
        let line = state.line(text, row);
        let galley = ui.painter().layout_no_wrap(drawable(line).into_owned(), mono(), tokens.text);
        let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.text);
        let response = ui.interact(rect, id.with(row), Sense::CLICK);
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, line));
        response.context_menu(|ui| {
            copy_menu(ui, |menu| {
                menu.text("Line", "", || Some(line.to_owned()));
                menu.text("Whole text", "", || Some(text.to_string()));
            });
        });
    });
    drop(outcome);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of a text.
    fn lines(text: &str, columns: usize) -> Vec<String> {
        let text: Arc<str> = text.into();
        let mut state = TextState::default();
        state.update(&text, columns);
        (0..state.starts.len()).map(|row| state.line(&text, row).to_owned()).collect()
    }

    #[test]
    fn lines_break_where_the_text_does_and_where_they_are_full() {
        assert_eq!(lines("ab\r\ncdefg\n", 3), ["ab", "cde", "fg", ""]);
        assert_eq!(lines("äöüß", 2), ["äö", "üß"]);
        assert_eq!(lines("", 5), [""]);
    }

    proptest! {
        #[test]
        fn no_character_is_lost_and_no_line_too_long(text in "[a-zäß\n]{0,200}", columns in 1..20_usize) {
            let lines = lines(&text, columns);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns));
            prop_assert_eq!(lines.concat(), text.replace('\n', ""));
        }
    }
}
