//! The one clock: step, play, scrub over the density of all that is open, jump to a time, follow.
//!
//! Promises: paused, playing and following look different and say so; the strip can be dragged and
//! moved by keys; amber is the cursor alone.
//! Does not know: what a step leads to, how a time that was typed is read.

use egui::{
    Align, Align2, ComboBox, CursorIcon, EventFilter, Id, Key, Layout, Mesh, Rect, Response,
    RichText, Role, Sense, Shape, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::IconButton;
use super::enter::{entered, left};
use super::icon_button::focus_ring;
use crate::gui::theme::format::number;
use crate::gui::theme::{
    ANIMATION_SECONDS, GUTTER, TimeFormat, Tokens, data, icon, icons, mono, secondary,
};
use crate::workspace::{ClockMode, ClockPoint, ClockView};

/// The height of the strip, in points.
const STRIP_HEIGHT: f32 = 28.0;
/// The greatest width of a bar of the strip, in points: a moment is no block.
const BAR_WIDTH_MAX: f32 = 8.0;
/// Below this width, in points, only the time of day is said.
const NARROW: f32 = 680.0;
/// The width of the field of the time, in points.
const TIME_WIDTH: f32 = 216.0;
/// The least width of the strip, in points.
const STRIP_WIDTH_MIN: f32 = 80.0;
/// Speeds: times real time, and their words. 0 plays an event a second.
const SPEEDS: [(u32, &str); 7] = [
    (0, "1 event/s"),
    (1, "1×"),
    (10, "10×"),
    (60, "1 min/s"),
    (600, "10 min/s"),
    (3_600, "1 h/s"),
    (86_400, "1 d/s"),
];

/// What the user asks of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockAction {
    /// Before the first event.
    First,
    /// To the event before.
    Previous,
    /// To the event after.
    Next,
    /// To the end of what was read.
    Last,
    /// Plays at this many times real time; 0 is an event a second.
    Play(u32),
    /// Stops playing and following.
    Pause,
    /// Stays at the end.
    Follow,
    /// To this moment, in milliseconds.
    SetTime(i64),
    /// To the moment that was typed.
    Jump(String),
}

/// What the bar remembers between frames.
#[derive(Debug, Default)]
pub struct ClockBarState {
    /// The speed that play uses.
    speed: u32,
    /// What is typed into the field of the time while it is open.
    typed: Option<String>,
    /// What is wrong with what was typed last; the caller sets it, the field stays open and shows
    /// it.
    problem: Option<String>,
}

impl ClockBarState {
    /// Opens the field of the time, as if it had been clicked.
    pub fn open_jump(&mut self) {
        self.typed = Some(String::new());
        self.problem = None;
    }

    /// Says what is wrong with the time that was typed: the field opens again with it.
    pub fn refuse_jump(&mut self, typed: String, problem: String) {
        self.typed = Some(typed);
        self.problem = Some(problem);
    }

    /// Takes the next faster or slower speed and says which it is.
    pub fn step_speed(&mut self, faster: bool) -> u32 {
        let at = SPEEDS.iter().position(|(speed, _)| *speed == self.speed).unwrap_or(0);
        let next = if faster { (at + 1).min(SPEEDS.len() - 1) } else { at.saturating_sub(1) };
        self.speed = SPEEDS[next].0;
        self.speed
    }

    /// The speed that play uses: times real time, 0 is an event a second.
    pub fn speed(&self) -> u32 {
        self.speed
    }
}

/// A clock bar about to be shown.
#[derive(Clone, Copy, Debug)]
pub struct ClockBar<'a> {
    /// The clock.
    pub clock: &'a ClockView,
    /// The version at the clock and how many there are, of the entity in front.
    pub version: Option<(u64, u64)>,
    /// How times are written.
    pub times: &'a TimeFormat,
}

impl ClockBar<'_> {
    /// Shows the bar in one row.
    pub fn show(self, ui: &mut Ui, id: Id, state: &mut ClockBarState) -> Option<ClockAction> {
        let mut action = None;
        let narrow = ui.available_width() < NARROW;
        ui.horizontal(|ui| {
            ui.set_min_height(STRIP_HEIGHT);
            ui.add_enabled_ui(self.version.is_some(), |ui| step_buttons(ui, &mut action));
            ui.add_enabled_ui(self.clock.range_ms.is_some(), |ui| {
                self.play_buttons(ui, id, state, &mut action);
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_enabled_ui(self.clock.range_ms.is_some(), |ui| {
                    self.follow_button(ui, &mut action);
                });
                if !narrow {
                    self.version_label(ui);
                }
                self.time_field(ui, state, narrow, &mut action);
                let width = ui.available_width() - GUTTER;
                if width >= STRIP_WIDTH_MIN {
                    let strip = self.strip(ui, id, width);
                    action = action.take().or(strip);
                }
            });
        });
        action
    }

    /// Play or pause, and the speed.
    fn play_buttons(
        &self,
        ui: &mut Ui,
        id: Id,
        state: &mut ClockBarState,
        action: &mut Option<ClockAction>,
    ) {
        let playing = matches!(self.clock.mode, ClockMode::Playing(_));
        if let ClockMode::Playing(speed) = self.clock.mode {
            state.speed = speed;
        }
        let (sign, name) = if playing { (icons::PAUSE, "Pause") } else { (icons::PLAY, "Play") };
        let button = IconButton::new(sign, name).shortcut("Space").selected(playing);
        if ui.add(button).clicked() {
            *action =
                Some(if playing { ClockAction::Pause } else { ClockAction::Play(state.speed) });
        }
        let word = |speed: u32| {
            SPEEDS.iter().find(|(of, _)| *of == speed).map_or("custom", |(_, word)| word)
        };
        let before = state.speed;
        let combo =
            ComboBox::from_id_salt(id.with("speed")).selected_text(word(state.speed)).width(76.0);
        let combo = combo.icon(|ui, rect, visuals, _| {
            let color = visuals.fg_stroke.color;
            let font = egui::FontId::new(12.0, icon().family);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, icons::CARET_DOWN, font, color);
        });
        let shown = combo.show_ui(ui, |ui| {
            for (speed, word) in SPEEDS {
                ui.selectable_value(&mut state.speed, speed, word);
            }
        });
        let enabled = ui.is_enabled();
        shown.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, enabled, "Speed"));
        if playing && before != state.speed {
            *action = Some(ClockAction::Play(state.speed));
        }
    }

    /// The switch that stays at the end.
    fn follow_button(&self, ui: &mut Ui, action: &mut Option<ClockAction>) {
        let following = self.clock.mode == ClockMode::Following;
        let button = IconButton::new(icons::BROADCAST, "Follow").text("follow").selected(following);
        if ui.add(button).clicked() {
            *action = Some(if following { ClockAction::Pause } else { ClockAction::Follow });
        }
    }

    /// Which version of how many.
    fn version_label(&self, ui: &mut Ui) {
        if let Some((version, all)) = self.version {
            let text = format!("v{} of {}", number(version), number(all));
            ui.label(RichText::new(text).color(Tokens::of(ui).text));
        }
    }

    /// The time; a click opens a field to type another into.
    fn time_field(
        &self,
        ui: &mut Ui,
        state: &mut ClockBarState,
        narrow: bool,
        action: &mut Option<ClockAction>,
    ) {
        let tokens = Tokens::of(ui);
        let Some(typed) = &mut state.typed else {
            let place = match self.clock.at {
                ClockPoint::Start => " · start",
                ClockPoint::End => " · end",
                ClockPoint::Time(_) | ClockPoint::Record { .. } => "",
            };
            let time = self.clock.time_ms.map(|time_ms| {
                if narrow {
                    self.times.time_seconds(time_ms)
                } else {
                    self.times.date_time_zone(time_ms)
                }
            });
            let text = time.map_or_else(|| "no time yet".to_owned(), |time| time + place);
            let button = egui::Button::new(data(text).color(tokens.text_strong)).frame(false);
            let response = ui.add_enabled(self.clock.range_ms.is_some(), button);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Jump to time"));
            if response.on_hover_text("Jump to a time").clicked() {
                state.open_jump();
            }
            return;
        };
        let field = TextEdit::singleline(typed)
            .font(mono())
            .desired_width(TIME_WIDTH)
            .hint_text("14:02, 2026-11-23 14:02, 5 min ago")
            .return_key(None);
        let response = ui.add(field).accessible_name("Time to jump to");
        if let Some(problem) = &state.problem {
            response.show_tooltip_text(RichText::new(problem).color(tokens.error));
        }
        let entered = entered(&response);
        if entered || left(&response) {
            let meant = entered && !typed.trim().is_empty();
            *action = meant.then(|| ClockAction::Jump(typed.trim().to_owned()));
            state.typed = None;
            state.problem = None;
        } else if !response.has_focus() {
            // Not in every frame: that would give the arrows to whoever walks from field to field.
            response.request_focus();
        }
    }

    /// The strip of density with the cursor.
    fn strip(&self, ui: &mut Ui, id: Id, width: f32) -> Option<ClockAction> {
        let tokens = Tokens::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(width, STRIP_HEIGHT), Sense::hover());
        let response = ui.interact(rect, id.with("strip"), Sense::click_and_drag());
        let enabled = ui.is_enabled() && self.clock.range_ms.is_some();
        let time =
            self.clock.time_ms.map(|time_ms| self.times.date_time(time_ms)).unwrap_or_default();
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Slider, enabled, format!("Clock {time}"));
            info.value = self.clock.time_ms.map(|time_ms| time_ms as f64);
            info
        });
        ui.painter().rect_filled(rect, 4.0, tokens.canvas);
        let inner = rect.shrink2(vec2(6.0, 3.0));
        let Some((from_ms, to_ms)) = self.clock.range_ms else {
            focus_ring(ui, &response, tokens);
            return None;
        };
        paint_density(ui, inner, &self.clock.density, (from_ms, to_ms));
        if let Some(time_ms) = self.clock.time_ms {
            self.paint_cursor(ui, &response, inner, share_of(time_ms, from_ms, to_ms));
        }
        focus_ring(ui, &response, tokens);
        let time_at = |x: f32| {
            let share = f64::from(((x - inner.left()) / inner.width()).clamp(0.0, 1.0));
            from_ms + ((to_ms - from_ms) as f64 * share).round() as i64
        };
        let pointer =
            response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged());
        let chosen = pointer
            .map(|pointer| time_at(pointer.x))
            .or_else(|| self.key_step(ui, &response, from_ms, to_ms));
        if pointer.is_none()
            && let Some(hovered) = response.hover_pos()
        {
            let text = self.times.date_time(time_at(hovered.x));
            response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text_at_pointer(text);
        }
        chosen.filter(|time_ms| Some(*time_ms) != self.clock.time_ms).map(ClockAction::SetTime)
    }

    /// A hundredth of the range by the arrows while the strip has the focus.
    fn key_step(&self, ui: &Ui, response: &Response, from_ms: i64, to_ms: i64) -> Option<i64> {
        if !response.has_focus() {
            return None;
        }
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let presses =
            |key| ui.input_mut(|input| i64::from(input.consume_key(egui::Modifiers::NONE, key)));
        let steps = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
        let step_ms = ((to_ms - from_ms) / 100).max(1);
        let at = self.clock.time_ms.unwrap_or(to_ms);
        (steps != 0).then(|| (at + steps * step_ms).clamp(from_ms, to_ms))
    }

    /// The cursor: a line with a handle above; it glides when the clock jumps.
    fn paint_cursor(&self, ui: &Ui, response: &Response, inner: Rect, share: f32) {
        let tokens = Tokens::of(ui);
        let seconds = if response.dragged() || response.is_pointer_button_down_on() {
            0.0
        } else {
            ANIMATION_SECONDS
        };
        let share = ui.animate_value_with_time(response.id.with("cursor"), share, seconds);
        let x = ui.painter().round_to_pixel_center(inner.left() + inner.width() * share);
        ui.painter().vline(x, inner.y_range(), Stroke::new(1.5, tokens.cursor));
        let top = response.rect.top();
        let handle = vec![pos2(x - 5.0, top), pos2(x + 5.0, top), pos2(x, top + 6.0)];
        ui.painter().add(Shape::convex_polygon(handle, tokens.cursor, Stroke::NONE));
        if self.clock.mode == ClockMode::Following {
            let at = pos2(x - 6.0, inner.center().y);
            ui.painter().text(at, Align2::RIGHT_CENTER, "live", secondary(), tokens.text);
        }
    }
}

/// The four buttons that step.
fn step_buttons(ui: &mut Ui, action: &mut Option<ClockAction>) {
    ui.spacing_mut().item_spacing.x = 0.0;
    for (sign, name, keys, step) in [
        (icons::SKIP_BACK, "Before the first event", "Home", ClockAction::First),
        (icons::CARET_LEFT, "Previous event", "←", ClockAction::Previous),
        (icons::CARET_RIGHT, "Next event", "→", ClockAction::Next),
        (icons::SKIP_FORWARD, "Last event", "End", ClockAction::Last),
    ] {
        if ui.add(IconButton::new(sign, name).shortcut(keys)).clicked() {
            *action = Some(step);
        }
    }
}

/// Where a moment lies in a range, from 0 to 1.
fn share_of(time_ms: i64, from_ms: i64, to_ms: i64) -> f32 {
    let span = to_ms.saturating_sub(from_ms).max(1) as f64;
    (time_ms.saturating_sub(from_ms) as f64 / span).clamp(0.0, 1.0) as f32
}

/// Paints how much happened when.
fn paint_density(
    ui: &Ui,
    rect: Rect,
    density: &crate::workspace::TimeCounts,
    range_ms: (i64, i64),
) {
    let color = Tokens::of(ui).density;
    let highest = density.counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let mut mesh = Mesh::default();
    let x_of =
        |time_ms: i64| rect.left() + rect.width() * share_of(time_ms, range_ms.0, range_ms.1);
    for (bucket, count) in (0_i64..).zip(density.counts.iter()).filter(|(_, count)| **count > 0) {
        let start_ms = density.from_ms.saturating_add(density.bucket_ms.saturating_mul(bucket));
        let left = x_of(start_ms);
        let right = x_of(start_ms.saturating_add(density.bucket_ms));
        let right = right.clamp(left + 1.0, left + BAR_WIDTH_MAX).min(rect.right());
        let height = ((*count as f32 / highest).sqrt() * rect.height()).max(1.5);
        mesh.add_colored_rect(
            Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(right, rect.bottom())),
            color,
        );
    }
    ui.painter().add(mesh);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_outside_the_range_lies_at_its_edge() {
        assert!((share_of(50, 0, 100) - 0.5).abs() < 1e-6, "the middle");
        assert!(share_of(-5, 0, 100) <= 0.0 && share_of(500, 0, 100) >= 1.0, "both edges");
        assert!(share_of(7, 7, 7).is_finite(), "a range of one moment");
        assert!(share_of(i64::MAX, i64::MIN, i64::MAX) <= 1.0, "the widest range");
    }
}
