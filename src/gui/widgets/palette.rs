//! The command palette: type a few letters, press Enter.
//!
//! Promises: letters match in order, best match first, matched letters stand out; arrows and Enter
//! work while typing; what cannot be done now is shown greyed and does nothing.
//! Does not know: what its items do.

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Align2, Area, Color32, Frame, Id, Key, Margin, Modal, Modifiers, Rect, Role, ScrollArea,
    Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use xxhash_rust::xxh3::Xxh3;

use super::cut_galley;
use crate::gui::theme::{
    GRID, GUTTER, ROW_HEIGHT, Tokens, body, icon, icons, medium, mono_small, secondary,
};

/// The width of the palette in a small and in a large window, in points.
const WIDTHS: [f32; 2] = [560.0, 760.0];
/// How narrow what an item is about may become, in points.
const DETAIL_LEAST: f32 = 72.0;
/// How many rows are visible at once.
const ROWS_VISIBLE: usize = 12;
/// How many matches are kept.
const MATCHES_MAX: usize = 200;

/// Something that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaletteItem {
    /// An icon of [`icons`].
    pub icon: &'static str,
    /// What is matched and shown.
    pub label: String,
    /// Said on the right: what kind of thing it is, or how many records.
    pub detail: String,
    /// The keys that do the same.
    pub shortcut: String,
    /// Whether it can be done now.
    pub enabled: bool,
}

/// The palette while it is open.
#[derive(Debug, Default)]
pub struct PaletteState {
    /// What was typed.
    query: String,
    /// The chosen row among the matches.
    row: usize,
    /// The matches, best first: item, its score, and the matched letters of its label.
    matches: Vec<Match>,
    /// What the matches were found for: the query and the fingerprint of the items.
    matched_for: Option<(String, u64)>,
    /// Whether Enter was pressed in the same frame as something was typed: items made from that
    /// come a frame later.
    enter_waits: bool,
}

/// An item that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Match {
    /// The item's number.
    item: usize,
    /// The numbers of the characters of its label that matched.
    characters: Vec<u32>,
}

/// What became of the palette in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaletteOutcome {
    /// It stays open.
    Open,
    /// It was closed without a choice.
    Closed,
    /// The item with this number was chosen. The palette closes.
    Chosen(usize),
}

impl PaletteState {
    /// Opened with this text typed already.
    pub fn with_query(query: &str) -> Self {
        Self { query: query.to_owned(), ..Self::default() }
    }

    /// What was typed.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Finds the matches anew when the query or the items changed.
    fn update(&mut self, items: &[PaletteItem]) {
        let matched_for = (self.query.clone(), fingerprint(items));
        if self.matched_for.as_ref() == Some(&matched_for) {
            return;
        }
        self.matched_for = Some(matched_for);
        self.matches = matches(&self.query, items);
        self.row = 0;
    }
}

/// Differs for different items: items made from what was typed change while their number stays.
fn fingerprint(items: &[PaletteItem]) -> u64 {
    let mut hash = Xxh3::new();
    for item in items {
        hash.update(item.label.as_bytes());
        hash.update(&[u8::from(item.enabled)]);
    }
    hash.digest()
}

/// The items that match a query, best first; all in their order for an empty query.
fn matches(query: &str, items: &[PaletteItem]) -> Vec<Match> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut characters = Vec::new();
    let mut scored: Vec<(u32, Match)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        characters.clear();
        let mut buffer = Vec::new();
        let label = Utf32Str::new(&item.label, &mut buffer);
        if let Some(score) = pattern.indices(label, &mut matcher, &mut characters) {
            characters.sort_unstable();
            scored.push((score, Match { item: index, characters: characters.clone() }));
        }
    }
    scored.sort_by_key(|(score, found)| {
        (std::cmp::Reverse((items[found.item].enabled, *score)), found.item)
    });
    scored.truncate(MATCHES_MAX);
    scored.into_iter().map(|(_, found)| found).collect()
}

/// Shows the palette above everything. The caller drops the state when the outcome is not `Open`.
pub fn palette(
    ctx: &egui::Context,
    state: &mut PaletteState,
    items: &[PaletteItem],
    hint: &str,
) -> PaletteOutcome {
    let tokens = Tokens::of_theme(ctx.theme() == egui::Theme::Dark);
    let id = Id::unique("command palette");
    let area =
        Area::new(id).anchor(Align2::CENTER_TOP, vec2(0.0, 72.0)).order(egui::Order::Foreground);
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(8)).corner_radius(8.0);
    let modal = Modal::new(id).area(area).frame(frame).backdrop_color(tokens.dim);
    let response = modal.show(ctx, |ui| {
        let window = ctx.content_rect().width();
        ui.set_width((window * 0.4).clamp(WIDTHS[0], WIDTHS[1]).min(window - 48.0));
        let mut entered = keys(ui, state) | std::mem::take(&mut state.enter_waits);
        let before = state.query.clone();
        query_field(ui, state, hint);
        if state.query != before {
            // Items may be made from what was typed.
            ui.ctx().request_repaint();
            state.enter_waits = std::mem::take(&mut entered);
        }
        state.update(items);
        let clicked = list(ui, state, items);
        let entered =
            entered.then(|| state.matches.get(state.row).map(|found| found.item)).flatten();
        clicked.or(entered).filter(|item| items.get(*item).is_some_and(|item| item.enabled))
    });
    match response.inner {
        Some(item) => PaletteOutcome::Chosen(item),
        None if response.should_close() => PaletteOutcome::Closed,
        None => PaletteOutcome::Open,
    }
}

/// Moves the chosen row by the arrows, before the text field sees them; whether Enter was pressed.
fn keys(ui: &Ui, state: &mut PaletteState) -> bool {
    let count = state.matches.len().max(1);
    ui.input_mut(|input| {
        if input.consume_key(Modifiers::NONE, Key::ArrowDown) {
            state.row = (state.row + 1) % count;
        }
        if input.consume_key(Modifiers::NONE, Key::ArrowUp) {
            state.row = (state.row + count - 1) % count;
        }
        input.consume_key(Modifiers::NONE, Key::Enter)
    })
}

/// The field one types into; it has the focus.
fn query_field(ui: &mut Ui, state: &mut PaletteState, hint: &str) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(
            egui::RichText::new(icons::MAGNIFYING_GLASS).font(icon()).color(tokens.text_secondary),
        );
        let field = TextEdit::singleline(&mut state.query)
            .hint_text(hint)
            .frame(Frame::NONE)
            .font(medium())
            .align(Align2::LEFT_CENTER)
            .min_size(vec2(0.0, ROW_HEIGHT))
            .desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name(hint);
        if !response.has_focus() {
            response.request_focus();
        }
    });
    ui.add_space(GRID);
    let y = ui.cursor().top() - 2.0;
    ui.painter().hline(ui.max_rect().x_range(), y, (1.0, tokens.separator));
}

/// The matches; the item that was clicked.
fn list(ui: &mut Ui, state: &mut PaletteState, items: &[PaletteItem]) -> Option<usize> {
    let mut clicked = None;
    let tokens = Tokens::of(ui);
    if state.matches.is_empty() {
        ui.label(egui::RichText::new("nothing matches").color(tokens.text_secondary));
        return None;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let room = ui.ctx().content_rect().bottom() - ui.cursor().top() - ROW_HEIGHT;
    let rows = state.matches.len().min(ROWS_VISIBLE) as f32;
    let height = (ROW_HEIGHT * rows).min(room.max(ROW_HEIGHT));
    // The palette is as high as it was with the matches before: without the least height it would
    // never grow again.
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
    area.auto_shrink(false).show(ui, |ui| {
        for (row, found) in state.matches.iter().enumerate() {
            let Some(item) = items.get(found.item) else { continue };
            let (rect, _) =
                ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
            if row == state.row {
                // Pixels and points do not meet at every scale: a row that sticks out by less than
                // one of either is in view, or it would be scrolled to for ever.
                ui.scroll_to_rect(rect.shrink2(vec2(0.0, 2.0)), None);
            }
            if !ui.is_rect_visible(rect) {
                continue;
            }
            if row_ui(ui, rect, item, &found.characters, row == state.row) {
                clicked = Some(found.item);
            }
        }
    });
    clicked
}

/// Draws one match; whether it was clicked.
fn row_ui(ui: &Ui, rect: Rect, item: &PaletteItem, characters: &[u32], chosen: bool) -> bool {
    let tokens = Tokens::of(ui);
    let response =
        ui.interact(rect, ui.scope_id().with((&item.label, rect.top().to_bits())), Sense::CLICK);
    let ground = match (chosen, response.hovered()) {
        (true, _) => tokens.selection,
        (false, true) => tokens.hover,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, 4.0, ground);
    let quiet = tokens.text_secondary;
    let color = if item.enabled { tokens.text } else { quiet.gamma_multiply(0.7) };
    let y = rect.center().y;
    ui.painter().text(pos2(rect.left() + 14.0, y), Align2::CENTER_CENTER, item.icon, icon(), quiet);
    let mut right = rect.right() - GUTTER;
    if !item.shortcut.is_empty() {
        let at = pos2(right, y);
        let keys = &item.shortcut;
        let drawn = ui.painter().text(at, Align2::RIGHT_CENTER, keys, mono_small(), quiet);
        right = drawn.left() - GUTTER;
    }
    let mut label = highlighted(&item.label, characters, color, tokens.accent);
    let left = rect.left() + 30.0;
    label.wrap = egui::text::TextWrapping::truncate_at_width((right - left).max(0.0));
    let label = ui.painter().layout_job(label);
    // The label comes first; what it is about has the room that is left.
    let room = right - left - label.size().x - GUTTER * 2.0;
    ui.painter().galley(pos2(left, y - label.size().y / 2.0), label, color);
    if !item.detail.is_empty() && DETAIL_LEAST <= room {
        let detail = cut_galley(ui, &item.detail, secondary(), quiet, room);
        let at = pos2(right - detail.size().x, y - detail.size().y / 2.0);
        ui.painter().galley(at, detail, quiet);
    }
    response
        .widget_info(|| WidgetInfo::selected(Role::ListItem, item.enabled, chosen, &item.label));
    response.clicked()
}

/// A label whose matched characters stand out by weight and colour.
fn highlighted(label: &str, characters: &[u32], color: Color32, accent: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (index, character) in label.chars().enumerate() {
        let matched =
            u32::try_from(index).is_ok_and(|index| characters.binary_search(&index).is_ok());
        let (font, color) = if matched { (medium(), accent) } else { (body(), color) };
        let format =
            TextFormat { font_id: font, color, valign: Align::Center, ..TextFormat::default() };
        job.append(character.encode_utf8(&mut [0; 4]), 0.0, format);
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items with these labels that can be done.
    fn items(labels: &[&str]) -> Vec<PaletteItem> {
        let item = |label: &&str| PaletteItem {
            label: (*label).to_owned(),
            enabled: true,
            ..PaletteItem::default()
        };
        labels.iter().map(item).collect()
    }

    #[test]
    fn letters_match_in_order_and_the_best_match_comes_first() {
        let items = items(&["Go to bookmark", "Open topic order-events", "Toggle theme"]);
        let found = matches("oev", &items);
        assert_eq!(found.iter().map(|found| found.item).collect::<Vec<_>>(), [1]);
        assert_eq!(found[0].characters.len(), 3);
    }

    #[test]
    fn items_made_from_what_was_typed_are_matched_anew_though_their_number_stays() {
        let mut state = PaletteState::with_query("order-12");
        state.update(&items(&["order-1"]));
        assert!(state.matches.is_empty(), "the item is still that of the text before");
        state.update(&items(&["order-12"]));
        assert_eq!(state.matches.len(), 1);
    }

    #[test]
    fn an_empty_query_shows_all_in_their_order_but_what_cannot_be_done_last() {
        let mut items = items(&["first", "second", "third"]);
        items[0].enabled = false;
        let order: Vec<usize> = matches("", &items).iter().map(|found| found.item).collect();
        assert_eq!(order, [1, 2, 0]);
    }
}
