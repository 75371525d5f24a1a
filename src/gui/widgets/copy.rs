//! Taking something along: it goes to the system's clipboard, and a word says that it did.
//!
//! Promises: whatever is copied says so, in the same place and in the same way; a menu works a text
//! out only when it is wanted.
//! Does not know: what is copied (`workspace::copy`).

use egui::{
    Align2, Area, Button, Context, Frame, Id, Margin, Order, RichText, Role, Ui, WidgetInfo,
};

use crate::gui::theme::{GRID, Tokens, body, icon, icons, secondary};
use crate::model::{Change, JsonPointer, Value};
use crate::workspace::{CopyForm, TreeRow, assignment, changes_text, value_text};

/// How long a word stays, in seconds.
const STAYS_SECONDS: f64 = 1.8;

/// How far below the upper edge of the window it stands, in points: beside the tabs, where nothing
/// is covered.
const BELOW_EDGE: f32 = 34.0;

/// A word that passes.
#[derive(Clone, Debug)]
struct Word {
    /// Its icon.
    icon: &'static str,
    /// What it says.
    text: String,
    /// Said more quietly beside it.
    detail: String,
    /// When it goes, in seconds of the window's clock.
    until: f64,
}

/// Where the word is kept.
fn word_id() -> Id {
    Id::unique("passing word")
}

/// Puts a text into the clipboard and says so: `what` is what it is, in a few words.
#[expect(clippy::disallowed_methods, reason = "the one place that copies, and says so")]
pub fn copy(ctx: &Context, text: String, what: &str) {
    let lines = text.lines().count();
    let detail = if lines > 1 { format!("{lines} lines") } else { String::new() };
    ctx.copy_text(text);
    say_with(ctx, icons::CHECK, &format!("Copied {what}"), detail);
}

/// Says something that passes by itself.
pub(crate) fn say(ctx: &Context, icon: &'static str, text: &str) {
    say_with(ctx, icon, text, String::new());
}

/// The same with something quieter beside it.
fn say_with(ctx: &Context, icon: &'static str, text: &str, detail: String) {
    let until = ctx.input(|input| input.time) + STAYS_SECONDS;
    let word = Word { icon, text: text.to_owned(), detail, until };
    ctx.data_mut(|data| data.insert_temp(word_id(), word));
    ctx.request_repaint();
}

/// Shows the word that was said last, while it stays.
pub fn passing_word(ctx: &Context) {
    let Some(word) = ctx.data(|data| data.get_temp::<Word>(word_id())) else { return };
    let left = word.until - ctx.input(|input| input.time);
    if left <= 0.0 {
        ctx.data_mut(|data| data.remove::<Word>(word_id()));
        return;
    }
    ctx.request_repaint_after_secs(left as f32);
    let area = Area::new(word_id()).order(Order::Tooltip).interactable(false);
    area.anchor(Align2::CENTER_TOP, egui::vec2(0.0, BELOW_EDGE)).show(ctx, |ui| {
        let tokens = Tokens::of(ui);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::symmetric(12, 7));
        frame.corner_radius(14.0).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = GRID * 1.5;
                ui.label(RichText::new(word.icon).font(icon()).color(tokens.accent));
                let text =
                    ui.label(RichText::new(&word.text).font(body()).color(tokens.text_strong));
                text.widget_info(|| WidgetInfo::labeled(Role::Status, true, &word.text));
                if !word.detail.is_empty() {
                    let detail = RichText::new(&word.detail).font(secondary());
                    ui.label(detail.color(tokens.text_secondary));
                }
            });
        });
    });
}

/// The menu of what can be copied of something that was pointed at.
pub(crate) struct CopyMenu<'u> {
    /// Where its entries stand.
    ui: &'u mut Ui,
}

impl CopyMenu<'_> {
    /// An entry that copies a text: `what` it is in a few words, as the entry and the word that
    /// passes say it. A text that is not there cannot be copied.
    pub(crate) fn text(&mut self, what: &str, keys: &str, text: impl FnOnce() -> Option<String>) {
        if self.asked(what, keys)
            && let Some(text) = text()
        {
            let (first, rest) = what.split_at(1);
            copy(self.ui.ctx(), text, &format!("{}{rest}", first.to_lowercase()));
        }
    }

    /// An entry for what somebody else copies; whether it was chosen.
    pub(crate) fn asked(&mut self, what: &str, keys: &str) -> bool {
        let chosen = self.ui.add(menu_entry(what, keys)).clicked();
        if chosen {
            self.ui.close();
        }
        chosen
    }

    /// A line between entries.
    pub(crate) fn separator(&mut self) {
        self.ui.separator();
    }
}

impl std::fmt::Debug for CopyMenu<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CopyMenu")
    }
}

/// What the list that has the focus offers to be copied.
#[derive(Clone, Debug)]
pub(crate) enum Offer {
    /// A field with its value.
    Field(JsonPointer, Value),
    /// A change.
    Change(Change),
}

impl Offer {
    /// Copies it in this form.
    pub(crate) fn copy(&self, ctx: &Context, form: CopyForm) {
        match self {
            Self::Field(path, value) => copy(ctx, value_text(value, path, form), "value"),
            Self::Change(change) => {
                copy(ctx, changes_text(std::slice::from_ref(change), form), "change");
            }
        }
    }
}

/// An entry of a menu, with the keys that do the same where there are any.
pub(crate) fn menu_entry<'t>(what: &'t str, keys: &'t str) -> Button<'t> {
    let button = Button::new(what);
    if keys.is_empty() { button } else { button.shortcut_text(keys) }
}

/// Where the offer is kept, with the frame it was made in.
fn offer_id() -> Id {
    Id::unique("copy offer")
}

/// Offers something to whoever presses the keys for copying. A list does so in every frame in which
/// it has the focus.
pub(super) fn offer(ctx: &Context, offer: Offer) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| data.insert_temp(offer_id(), (frame, offer)));
}

/// What was offered in this frame.
pub(crate) fn offered(ctx: &Context) -> Option<Offer> {
    let (frame, offer) = ctx.data(|data| data.get_temp::<(u64, Offer)>(offer_id()))?;
    (frame == ctx.cumulative_frame_nr()).then_some(offer)
}

/// The entries of a field: opens a link, copies its value, where it stands, both.
pub(super) fn field_entries(ui: &mut Ui, row: &TreeRow) {
    if let Some(link) = link_in(&row.value)
        && ui.button("Open link").on_hover_text(link).clicked()
    {
        ui.ctx().open_url(egui::OpenUrl::new_tab(link));
        ui.close();
    }
    copy_menu(ui, |menu| field_texts(menu, row));
}

/// The link that a value is: to a page, and to nothing else that the system might open.
fn link_in(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    let is_page = text.starts_with("https://") || text.starts_with("http://");
    (is_page && !text.contains(char::is_whitespace)).then_some(text)
}

/// The same within a menu.
pub(super) fn field_texts(menu: &mut CopyMenu<'_>, row: &TreeRow) {
    let TreeRow { path, value, .. } = row;
    let in_form = |form| move || Some(value_text(value, path, form));
    menu.text("Value", "Ctrl+C", in_form(CopyForm::Text));
    menu.text("Value as JSON", "Ctrl+Shift+C", in_form(CopyForm::Json));
    if 0 < row.descendants {
        menu.text("Value as CSV", "", in_form(CopyForm::Csv));
    }
    menu.text("Path", "", || Some(path.to_string()));
    menu.text("Path and value", "", || Some(assignment(path, value)));
}

/// The forms of something that is copied whole, each with its entry and its keys.
pub(crate) fn copy_forms(what: &str) -> [(CopyForm, String, &'static str); 3] {
    [
        (CopyForm::Text, what.to_owned(), "Ctrl+C"),
        (CopyForm::Json, format!("{what} as JSON"), "Ctrl+Shift+C"),
        (CopyForm::Csv, format!("{what} as CSV"), ""),
    ]
}

/// The part of a context menu that copies: an entry that opens what can be copied.
pub(crate) fn copy_menu(ui: &mut Ui, entries: impl FnOnce(&mut CopyMenu<'_>)) {
    ui.menu_button("Copy", |ui| entries(&mut CopyMenu { ui }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_address_of_a_page_and_nothing_else() {
        assert_eq!(
            link_in(&Value::from("https://shop.example/o/1")),
            Some("https://shop.example/o/1")
        );
        for other in ["file:///etc/passwd", "javascript:alert(1)", "https://a b", "see https://a"] {
            assert_eq!(link_in(&Value::from(other)), None, "{other}");
        }
        assert_eq!(link_in(&Value::Null), None);
    }
}
