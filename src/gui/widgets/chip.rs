//! Chips: short facts in a rounded ground, some of them removable.
//!
//! Promises: a chip's colour only repeats what its icon and words say.
//! Does not know: what is filtered, how a verdict was reached.

use egui::{Align2, Color32, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::fitting_name;
use super::icon_button::focus_ring;
use crate::gui::theme::{GUTTER, Tokens, icon, icons, secondary};
use crate::model::{Completeness, Verdict};

/// The height of a chip, in points.
const HEIGHT: f32 = 20.0;
/// The width of an icon within a chip, in points.
const ICON_WIDTH: f32 = 16.0;
/// How narrow the words of a chip may become, in points.
const LEAST_WIDTH: f32 = 48.0;
/// The size of an icon within a chip, in points.
const ICON_SIZE: f32 = 13.0;

/// What a chip's colour repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// A plain fact.
    #[default]
    Neutral,
    /// What is chosen.
    Accent,
    /// All is well.
    Good,
    /// It needs an eye.
    Warning,
    /// It failed.
    Error,
}

impl Tone {
    /// The colour of this tone's text.
    pub fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Neutral => tokens.text,
            Self::Accent => tokens.accent,
            Self::Good => tokens.added,
            Self::Warning => tokens.warning,
            Self::Error => tokens.error,
        }
    }
}

/// What happened to a chip.
#[derive(Debug)]
pub struct ChipResponse {
    /// The chip; clicked when the user wants to see or change it.
    pub response: Response,
    /// Whether the user took it away: by its cross, or by the delete key while it had the focus.
    pub removed: bool,
}

/// A short fact in a rounded ground.
#[derive(Debug)]
#[must_use = "a chip is shown in a ui"]
pub struct Chip<'a> {
    /// The words.
    text: &'a str,
    /// The icon before them.
    icon: Option<&'a str>,
    /// The tone.
    tone: Tone,
    /// Whether it has a cross.
    removable: bool,
    /// Whether a click on it does something.
    clickable: bool,
    /// What it is called by those who do not see it; its words unless something else is said.
    name: &'a str,
}

impl<'a> Chip<'a> {
    /// A neutral chip with these words.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            icon: None,
            tone: Tone::Neutral,
            removable: false,
            clickable: false,
            name: text,
        }
    }

    /// Called this by those who do not see it.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// With an icon before the words.
    pub fn icon(mut self, icon: &'a str) -> Self {
        self.icon = Some(icon);
        self
    }

    /// In this tone.
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// With a cross that takes it away.
    pub fn removable(mut self) -> Self {
        self.removable = true;
        self
    }

    /// A click on it does something.
    pub fn clickable(mut self) -> Self {
        self.clickable = true;
        self
    }

    /// Shows it.
    pub fn show(self, ui: &mut Ui) -> ChipResponse {
        let Self { text, icon: icon_text, tone, removable, clickable, name } = self;
        let clickable = clickable || removable;
        let tokens = Tokens::of(ui);
        let color = tone.color(tokens);
        let icon_width = if icon_text.is_some() { ICON_WIDTH } else { 0.0 };
        let cross_width = if removable { ICON_WIDTH + 6.0 } else { 0.0 };
        // Where it does not fit into the line it goes to the next, and there it has all of it.
        let room = ui.max_rect().width() - 2.0 * GUTTER - icon_width - cross_width;
        let shown = fitting_name(ui, text, &secondary(), room.max(LEAST_WIDTH));
        let galley = ui.painter().layout_no_wrap(shown, secondary(), color);
        let width = GUTTER + icon_width + galley.size().x + cross_width.max(GUTTER);
        let sense = if clickable { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), sense);
        let hovered = clickable && response.contains_pointer();
        let fill = if hovered { tokens.hover } else { tokens.raised };
        ui.painter().rect_filled(rect, HEIGHT / 2.0, fill);
        let font = egui::FontId::new(ICON_SIZE, icon().family);
        if let Some(icon_text) = icon_text {
            let center = pos2(rect.left() + GUTTER + ICON_SIZE / 2.0 - 1.0, rect.center().y);
            ui.painter().text(center, Align2::CENTER_CENTER, icon_text, font.clone(), color);
        }
        let text_pos =
            pos2(rect.left() + GUTTER + icon_width, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(text_pos, galley, color);
        focus_ring(ui, &response, tokens);
        let enabled = ui.is_enabled();
        let role = if clickable { Role::Button } else { Role::Label };
        response.widget_info(|| WidgetInfo::labeled(role, enabled, name));
        let mut removed = response.has_focus()
            && ui.input(|input| {
                input.key_pressed(egui::Key::Delete) || input.key_pressed(egui::Key::Backspace)
            });
        if removable {
            let cross = rect.with_min_x(rect.right() - cross_width);
            let cross_response = ui.interact(cross, response.id.with("remove"), Sense::click());
            let color =
                if cross_response.hovered() { tokens.text_strong } else { tokens.text_secondary };
            let center = cross.center() - vec2(1.0, 0.0);
            let cross_font = egui::FontId::new(11.0, font.family);
            ui.painter().text(center, Align2::CENTER_CENTER, icons::X, cross_font, color);
            let name = format!("Remove {text}");
            cross_response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &name));
            removed |= cross_response.on_hover_text("Remove").clicked();
        }
        ChipResponse { response, removed }
    }
}

/// What a verdict means, in a sentence without full stop.
pub(crate) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "Every record there ever was has been read",
        Verdict::CompleteSince => "Everything that is left has been read; older records are gone",
        Verdict::Partial => "Something is missing, or may be",
        Verdict::Unknown => "Whether something is missing cannot be known",
    }
}

/// How complete a history is, as a chip; the reasons on hover. A click wants to see what it rests
/// on.
pub fn verdict_chip(ui: &mut Ui, completeness: &Completeness) -> Response {
    let (text, icon, tone) = match completeness.verdict {
        Verdict::Complete => ("complete", icons::CHECK_CIRCLE, Tone::Good),
        Verdict::CompleteSince => ("complete since", icons::CLOCK_COUNTER_CLOCKWISE, Tone::Neutral),
        Verdict::Partial => ("partial", icons::WARNING, Tone::Warning),
        Verdict::Unknown => ("unknown", icons::QUESTION, Tone::Warning),
    };
    let since =
        completeness.since.as_ref().map(|since| format!("{text} offset {}", since.position.offset));
    let chip = Chip::new(since.as_deref().unwrap_or(text)).icon(icon).tone(tone);
    let chip = chip.clickable().show(ui);
    if completeness.reasons.is_empty() {
        return chip.response.on_hover_text("every record of this history was read");
    }
    chip.response.on_hover_ui(|ui| {
        for reason in &completeness.reasons {
            ui.label(&reason.detail);
        }
    })
}
