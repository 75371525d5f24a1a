//! The editor itself.
//!
//! Promises: line numbers stay in view while the code scrolls sideways; a mark stands in the line
//! it is about.
//! Does not know: the parts of the language (`tokens`).

use std::ops::Range;
use std::sync::Arc;

use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::text_edit::{TextEditOutput, TextEditState};
use egui::{
    Align2, Color32, Event, FontId, Galley, Id, Pos2, Rect, Role, ScrollArea, Sense, Stroke,
    TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::keys;
use super::tokens::{Part, parts};
use crate::gui::laid_out::note_sideways;
use crate::gui::theme::{GUTTER, Tokens, icon, icons, mono, mono_small};

/// The space above and below the code, in points.
const MARGIN: i8 = 4;

/// What is wrong or worth an eye in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeMark {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 for the line as a whole.
    pub column: u32,
    /// What it is, in words.
    pub words: String,
    /// Whether nothing runs because of it.
    pub is_error: bool,
}

/// The text as it was laid out last.
#[derive(Debug)]
struct LaidOut {
    /// The text.
    text: String,
    /// What was looked for.
    find: String,
    /// Whether the theme was the dark one.
    dark: bool,
    /// The pixels of a point.
    scale: f32,
    /// The result.
    galley: Arc<Galley>,
}

/// What an editor keeps between frames.
#[derive(Debug, Default)]
pub struct CodeState {
    /// The text as it was laid out last.
    laid_out: Option<LaidOut>,
    /// What is looked for; empty when nothing is.
    find: String,
    /// Where the cursor goes in the next frame: a range of bytes.
    go_to: Option<Range<usize>>,
    /// Whether the editor wants the focus.
    focus_wanted: bool,
    /// What was typed behind a key that the field had to see first.
    waiting: Vec<Event>,
}

impl CodeState {
    /// Puts the cursor at a line and column, from 1.
    pub fn go_to_line(&mut self, text: &str, line: u32, column: u32) {
        let skipped = text.split_inclusive('\n').take(line.saturating_sub(1) as usize);
        let start: usize = skipped.map(str::len).sum();
        let rest = text.get(start..).unwrap_or_default();
        let in_line = rest.chars().take_while(|character| *character != '\n');
        let before = in_line.take(column.saturating_sub(1) as usize);
        let at = start + before.map(char::len_utf8).sum::<usize>();
        self.go_to = Some(at..at);
        self.focus_wanted = true;
    }

    /// What is looked for, for a field to type it into.
    pub fn find_mut(&mut self) -> &mut String {
        &mut self.find
    }

    /// Chooses a range of bytes and brings it into view.
    pub fn choose(&mut self, range: Range<usize>) {
        self.go_to = Some(range);
    }
}

/// The places where a text is found, whatever the case of ASCII letters.
pub(super) fn found(text: &str, find: &str) -> Vec<Range<usize>> {
    if find.is_empty() {
        return Vec::new();
    }
    let (lower, wanted) = (text.to_ascii_lowercase(), find.to_ascii_lowercase());
    lower.match_indices(&wanted).map(|(at, matched)| at..at + matched.len()).collect()
}

/// An editor for JavaScript.
#[derive(Debug)]
#[must_use = "an editor is shown in a ui"]
pub struct CodeEditor<'a> {
    /// Its id.
    id: Id,
    /// Its name for screen readers.
    name: &'a str,
    /// What is wrong.
    marks: &'a [CodeMark],
}

impl<'a> CodeEditor<'a> {
    /// An editor with this id and name.
    pub fn new(id: Id, name: &'a str) -> Self {
        Self { id, name, marks: &[] }
    }

    /// With these marks.
    pub fn marks(mut self, marks: &'a [CodeMark]) -> Self {
        self.marks = marks;
        self
    }

    /// Where the text being looked for is found.
    pub fn found(text: &str, state: &CodeState) -> Vec<Range<usize>> {
        found(text, &state.find)
    }

    /// Shows it in all the space that is left. Says whether the text was changed.
    pub fn show(self, ui: &mut Ui, text: &mut String, state: &mut CodeState) -> bool {
        let tokens = Tokens::of(ui);
        let outer = ui.available_rect_before_wrap();
        let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let digit = ui.fonts_mut(|fonts| fonts.glyph_width(&mono_small(), '0'));
        let gutter = 16.0 + digit * lines.to_string().len().max(3) as f32 + GUTTER;
        ui.painter().rect_filled(outer, 0.0, tokens.canvas);
        let code = outer.with_min_x(outer.left() + gutter);
        let indented = keys::take(ui, self.id.with("text"), text, &mut state.waiting);
        let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(code).id_salt(self.id));
        let shown = ScrollArea::both().id_salt(self.id.with("scroll")).auto_shrink(false).show(
            &mut inside,
            |ui| {
                let output = self.edit(ui, text, state);
                self.paint_marks(ui, &output, text);
                output
            },
        );
        note_sideways(ui, outer);
        ui.advance_cursor_after_rect(outer);
        self.paint_gutter(ui, outer.with_max_x(code.left()), &shown.inner);
        indented || shown.inner.response.response.changed()
    }

    /// The field.
    fn edit(&self, ui: &mut Ui, text: &mut String, state: &mut CodeState) -> TextEditOutput {
        let edit_id = self.id.with("text");
        move_cursor(ui, edit_id, text, state);
        let CodeState { laid_out, find, .. } = state;
        let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, _: f32| {
            laid_out_galley(ui, laid_out, text.as_str(), find)
        };
        let margin = egui::Margin { left: 8, right: 8, top: MARGIN, bottom: MARGIN };
        let output = TextEdit::multiline(text)
            .id(edit_id)
            .frame(egui::Frame::new().inner_margin(margin))
            .lock_focus(true)
            .desired_width(f32::INFINITY)
            .min_size(ui.available_size())
            .layouter(&mut layouter)
            .show(ui);
        let (name, value) = (self.name, text.clone());
        output.response.response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::MultilineTextInput, true, name);
            info.current_text_value = Some(value.clone());
            info
        });
        if std::mem::take(&mut state.focus_wanted) {
            output.response.response.request_focus();
        }
        if let Some(range) = state.go_to.take() {
            let at = keys::char_index(text, range.start);
            let rect = output.galley.pos_from_cursor(CCursor::new(at));
            let rect = rect.translate(output.galley_pos.to_vec2());
            ui.scroll_to_rect(rect.expand2(vec2(24.0, 48.0)), None);
        }
        output
    }

    /// Underlines what is wrong.
    fn paint_marks(&self, ui: &Ui, output: &TextEditOutput, text: &str) {
        let tokens = Tokens::of(ui);
        for mark in self.marks.iter().filter(|mark| 0 < mark.column) {
            let Some(row) = output.galley.rows.get(mark.line.saturating_sub(1) as usize) else {
                continue;
            };
            let line = text.split('\n').nth(mark.line.saturating_sub(1) as usize).unwrap_or("");
            let column = mark.column.saturating_sub(1) as usize;
            let word = line
                .chars()
                .skip(column)
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .count()
                .max(1);
            let x = |column: usize| row.row.x_offset(column.into()) + row.pos.x;
            let from = output.galley_pos + vec2(x(column), row.pos.y + row.row.size.y - 1.0);
            let color = if mark.is_error { tokens.error } else { tokens.warning };
            let width = (x(column + word) - x(column)).max(6.0);
            wave(ui, from, width, color);
        }
    }

    /// Numbers the lines, and marks those with something wrong.
    fn paint_gutter(&self, ui: &Ui, rect: Rect, output: &TextEditOutput) {
        let tokens = Tokens::of(ui);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let cursor =
            output.cursor_range.map(|range| output.galley.layout_from_cursor(range.primary).row);
        for (number, row) in output.galley.rows.iter().enumerate() {
            let middle = output.galley_pos.y + row.pos.y + row.row.size.y / 2.0;
            if middle < rect.top() - 20.0 || rect.bottom() + 20.0 < middle {
                continue;
            }
            let marks: Vec<_> =
                self.marks.iter().filter(|mark| mark.line as usize == number + 1).collect();
            let is_error = marks.iter().any(|mark| mark.is_error);
            let color = match (marks.is_empty(), is_error) {
                (true, _) if cursor == Some(number) => tokens.text_strong,
                (true, _) => tokens.text_secondary,
                (false, true) => tokens.error,
                (false, false) => tokens.warning,
            };
            let at = pos2(rect.right() - GUTTER, middle);
            let words = (number + 1).to_string();
            painter.text(at, Align2::RIGHT_CENTER, words, mono_small(), color);
            if !marks.is_empty() {
                self.paint_mark(ui, pos2(rect.left() + 9.0, middle), number, &marks, color);
            }
        }
        let x = rect.right() - 1.0;
        painter.vline(x, rect.y_range(), Stroke::new(1.0, tokens.separator));
    }

    /// A mark in the gutter, which says on hover what is wrong.
    fn paint_mark(&self, ui: &Ui, at: Pos2, number: usize, marks: &[&CodeMark], color: Color32) {
        let font = FontId::new(12.0, icon().family);
        ui.painter().text(at, Align2::CENTER_CENTER, icons::WARNING_CIRCLE, font, color);
        let rect = Rect::from_center_size(at, vec2(16.0, 18.0));
        let response = ui.interact(rect, self.id.with(("mark", number)), Sense::hover());
        let words: Vec<&str> = marks.iter().map(|mark| mark.words.as_str()).collect();
        let words = words.join("\n");
        let name = format!("Line {}: {words}", number + 1);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
        response.on_hover_text(words);
    }
}

/// Puts the cursor where it is wanted; the field shows it there in this frame.
fn move_cursor(ui: &Ui, edit_id: Id, text: &str, state: &CodeState) {
    let Some(range) = &state.go_to else { return };
    let [from, to] = [range.start, range.end].map(|at| CCursor::new(keys::char_index(text, at)));
    let mut edit = TextEditState::load(ui.ctx(), edit_id).unwrap_or_default();
    edit.cursor.set_char_range(Some(CCursorRange::two(from, to)));
    edit.store(ui.ctx(), edit_id);
}

/// A wavy line to the right.
fn wave(ui: &Ui, from: Pos2, width: f32, color: Color32) {
    let steps = (width / 2.0).ceil() as usize;
    let points = (0..=steps).map(|step| {
        let y = if step.is_multiple_of(2) { 0.0 } else { 2.0 };
        from + vec2(step as f32 * 2.0, y)
    });
    ui.painter().line(points.collect(), Stroke::new(1.0, color));
}

/// The text laid out, anew only when something about it is another.
fn laid_out_galley(ui: &Ui, kept: &mut Option<LaidOut>, text: &str, find: &str) -> Arc<Galley> {
    let (dark, scale) = (ui.visuals().dark_mode, ui.ctx().pixels_per_point());
    let known = kept.as_ref().filter(|kept| {
        kept.dark == dark
            && (kept.scale - scale).abs() < 1e-6
            && kept.find == find
            && kept.text == text
    });
    if let Some(known) = known {
        return Arc::clone(&known.galley);
    }
    let job = layout_job(Tokens::of(ui), text, find);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    *kept = Some(LaidOut {
        text: text.to_owned(),
        find: find.to_owned(),
        dark,
        scale,
        galley: Arc::clone(&galley),
    });
    galley
}

/// The text with its colours.
fn layout_job(tokens: &Tokens, text: &str, find: &str) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    let found = found(text, find);
    for (part, range) in parts(text) {
        let color = match part {
            Part::Keyword => tokens.code_keyword,
            Part::Call => tokens.text_strong,
            Part::Text => tokens.code_text,
            Part::Number => tokens.code_number,
            Part::Comment => tokens.text_secondary,
            Part::Plain => tokens.text,
        };
        let mut at = range.start;
        while at < range.end {
            let inside = found.iter().find(|found| found.contains(&at));
            let next = found.iter().map(|found| found.start).find(|start| at < *start);
            let end = inside.map_or_else(|| next.unwrap_or(range.end), |found| found.end);
            let end = end.min(range.end);
            let background = if inside.is_some() { tokens.selection } else { Color32::TRANSPARENT };
            let format = TextFormat { font_id: mono(), color, background, ..TextFormat::default() };
            job.append(text.get(at..end).unwrap_or_default(), 0.0, format);
            at = end;
        }
    }
    if text.is_empty() {
        job.append("", 0.0, TextFormat::simple(mono(), tokens.text));
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_the_case_and_shown_with_every_byte_of_the_script() {
        let script = "State state // STATE ü";
        assert_eq!(found(script, "state"), [0..5, 6..11, 15..20]);
        assert!(found(script, "").is_empty(), "nothing is looked for");
        let tokens = Tokens::of_theme(true);
        assert_eq!(layout_job(tokens, script, "state").text, script);
        let marked = layout_job(tokens, script, "state");
        let marked = marked.sections.iter().filter(|one| one.format.background == tokens.selection);
        assert_eq!(marked.count(), 3);
    }

    #[test]
    fn a_line_and_column_is_a_place_in_the_text() {
        let mut state = CodeState::default();
        let text = "one\nzwölf drei\n";
        for (line, column, at) in [(1, 1, 0), (2, 1, 4), (2, 7, 11), (2, 99, 15), (9, 9, 16)] {
            state.go_to_line(text, line, column);
            assert_eq!(state.go_to.clone(), Some(at..at), "{line}:{column}");
        }
    }
}
