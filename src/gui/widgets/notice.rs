//! What the user should know: toasts that pass, the history that stays, and problems where they
//! belong.
//!
//! Promises: every problem says what failed, why, and what to do, and can be copied; a toast goes
//! by itself but stays in the history; errors stay until they are closed.
//! Does not know: where problems come from.

use egui::{
    Align, Align2, Area, Color32, Frame, Id, Layout, Margin, Order, RichText, Role, ScrollArea,
    Stroke, Ui, WidgetInfo, vec2,
};

use super::IconButton;
use crate::gui::theme::{
    GRID, GUTTER, PANEL_PADDING, TimeFormat, Tokens, body, icon, icons, medium, secondary,
};
use crate::workspace::{Notice, NoticeLevel, Problem};

/// How long a toast stays, in seconds.
const TOAST_SECONDS: f64 = 6.0;
/// How many toasts are shown at once.
const TOASTS_MAX: usize = 4;
/// The width of a toast, in points.
const TOAST_WIDTH: f32 = 360.0;

/// Which notices were shown as toasts already, and which are still.
#[derive(Debug, Default)]
pub struct ToastState {
    /// How many notices there were in the last frame.
    seen: usize,
    /// The numbers of the notices that are shown, and when they go, in seconds of the window's
    /// clock.
    open: Vec<(usize, Option<f64>)>,
}

impl ToastState {
    /// Takes new notices in and lets old toasts go. The number of seconds until the next goes.
    fn update(&mut self, notices: &[Notice], now: f64) -> Option<f64> {
        if notices.len() < self.seen {
            *self = Self { seen: notices.len(), open: Vec::new() };
        }
        for (index, notice) in notices.iter().enumerate().skip(self.seen) {
            let stays = notice.level == NoticeLevel::Error;
            self.open.push((index, (!stays).then_some(now + TOAST_SECONDS)));
        }
        self.seen = notices.len();
        self.open.retain(|(index, until)| {
            *index < notices.len() && until.is_none_or(|until| until > now)
        });
        let surplus = self.open.len().saturating_sub(TOASTS_MAX);
        self.open.drain(..surplus);
        self.open.iter().filter_map(|(_, until)| *until).reduce(f64::min).map(|until| until - now)
    }
}

/// Shows new notices as toasts in the lower right corner, above everything.
pub fn toasts(ctx: &egui::Context, state: &mut ToastState, notices: &[Notice]) {
    let now = ctx.input(|input| input.time);
    if let Some(seconds) = state.update(notices, now) {
        ctx.request_repaint_after_secs(seconds.max(0.0) as f32);
    }
    if state.open.is_empty() {
        return;
    }
    let mut closed = None;
    let area = Area::new(Id::unique("toasts")).order(Order::Foreground);
    area.anchor(Align2::RIGHT_BOTTOM, vec2(-PANEL_PADDING, -72.0)).show(ctx, |ui| {
        ui.set_width(TOAST_WIDTH);
        for (index, _) in &state.open {
            Frame::popup(ui.style()).inner_margin(Margin::same(10)).show(ui, |ui| {
                ui.set_width(TOAST_WIDTH - 20.0);
                let notice = &notices[*index];
                if notice_body(ui, notice, None) {
                    closed = Some(*index);
                }
            });
        }
    });
    state.open.retain(|(index, _)| Some(*index) != closed);
}

/// The icon and the colour of a level, and its word.
fn level_look(level: NoticeLevel, tokens: &Tokens) -> (&'static str, Color32, &'static str) {
    match level {
        NoticeLevel::Info => (icons::INFO, tokens.accent, "info"),
        NoticeLevel::Warning => (icons::WARNING, tokens.warning, "warning"),
        NoticeLevel::Error => (icons::X_CIRCLE, tokens.error, "error"),
    }
}

/// One notice: icon, what, why, what to do; its time when given, a cross when not. True when the
/// cross was clicked.
fn notice_body(ui: &mut Ui, notice: &Notice, time: Option<String>) -> bool {
    let tokens = Tokens::of(ui);
    let (sign, color, word) = level_look(notice.level, tokens);
    let mut closed = false;
    ui.horizontal_top(|ui| {
        let sign = ui.label(RichText::new(sign).font(icon()).color(color));
        sign.widget_info(|| WidgetInfo::labeled(Role::Label, true, word));
        let actions_width = if time.is_some() { 96.0 } else { 60.0 };
        ui.vertical(|ui| {
            ui.set_width(ui.available_width() - actions_width);
            problem_words(ui, &notice.problem);
        });
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            if time.is_none() {
                closed = ui.add(IconButton::new(icons::X, "Close")).clicked();
            }
            if ui.add(IconButton::new(icons::COPY, "Copy")).clicked() {
                super::copy(ui.ctx(), notice.problem.to_string(), "notice");
            }
            if let Some(time) = time {
                ui.add_space(GRID);
                ui.label(RichText::new(time).font(secondary()).color(tokens.text_secondary));
            }
        });
    });
    closed
}

/// A problem in words: what failed, why, what to do.
fn problem_words(ui: &mut Ui, problem: &Problem) {
    let tokens = Tokens::of(ui);
    let mut line = |text: &str, font, color| {
        ui.add(egui::Label::new(RichText::new(text).font(font).color(color)).wrap());
    };
    line(&sentence(&problem.what), medium(), tokens.text_strong);
    if let Some(cause) = &problem.cause {
        line(&sentence(cause), body(), tokens.text_secondary);
    }
    if let Some(hint) = &problem.hint {
        line(&sentence(hint), body(), tokens.text);
    }
}

/// The text with a capital first letter, and with quotation marks where a terminal shows backticks.
fn sentence(text: &str) -> String {
    let mut quoted = false;
    let mut mark = |character| {
        if character != '`' {
            return character;
        }
        quoted = !quoted;
        if quoted { '“' } else { '”' }
    };
    let mut characters = text.chars().map(&mut mark);
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// All notices, newest first, in all the space that is left.
pub fn notice_panel(ui: &mut Ui, notices: &[Notice], times: &TimeFormat) {
    if notices.is_empty() {
        let empty = super::EmptyState::new(
            icons::BELL,
            "Nothing to report",
            "What goes wrong, and what is worth knowing, is kept here.",
        );
        empty.show(ui);
        return;
    }
    let tokens = Tokens::of(ui);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for notice in notices.iter().rev() {
            notice_body(ui, notice, Some(times.time_seconds(notice.time_ms)));
            let y = ui.cursor().top();
            ui.painter().hline(ui.max_rect().x_range(), y, Stroke::new(1.0, tokens.separator));
            ui.add_space(GUTTER);
        }
    });
}

/// A problem where it belongs, in a view: what failed, why, what to do; copyable. `action` names a
/// button, such as "Try again"; true when it was clicked.
pub fn problem_box(ui: &mut Ui, problem: &Problem, action: Option<&str>) -> bool {
    let tokens = Tokens::of(ui);
    let mut clicked = false;
    let frame = Frame::new().fill(tokens.raised).corner_radius(4.0).inner_margin(Margin::same(10));
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(icons::WARNING_CIRCLE).font(icon()).color(tokens.error));
            ui.vertical(|ui| {
                ui.set_width(ui.available_width() - 40.0);
                problem_words(ui, problem);
                if let Some(action) = action {
                    ui.add_space(GRID);
                    clicked = ui.button(action).clicked();
                }
            });
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if ui.add(IconButton::new(icons::COPY, "Copy")).clicked() {
                    super::copy(ui.ctx(), problem.to_string(), "problem");
                }
            });
        });
    });
    let rect = shown.response.rect;
    let stripe = rect.with_max_x(rect.left() + 3.0);
    ui.painter().rect_filled(
        stripe,
        egui::CornerRadius { nw: 4, sw: 4, ne: 0, se: 0 },
        tokens.error,
    );
    clicked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A notice of this level.
    fn notice(level: NoticeLevel) -> Notice {
        Notice { time_ms: 0, level, problem: Problem::new("cannot list topics"), read: false }
    }

    #[test]
    fn what_a_terminal_puts_into_backticks_stands_in_quotation_marks() {
        assert_eq!(sentence("check `a.b` and `c`"), "Check “a.b” and “c”");
        assert_eq!(sentence("`foldback topics` lists"), "“foldback topics” lists");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_toast_goes_by_itself_and_an_error_stays() {
        let mut state = ToastState::default();
        let notices = [notice(NoticeLevel::Info), notice(NoticeLevel::Error)];
        assert_eq!(state.update(&notices, 10.0), Some(TOAST_SECONDS));
        assert_eq!(state.open.len(), 2);
        assert_eq!(state.update(&notices, 10.0 + TOAST_SECONDS), None);
        assert_eq!(state.open, [(1, None)]);
    }

    #[test]
    fn a_flood_of_notices_leaves_the_newest_few() {
        let mut state = ToastState::default();
        let notices: Vec<Notice> = (0..50).map(|_| notice(NoticeLevel::Warning)).collect();
        state.update(&notices, 0.0);
        assert_eq!(
            state.open.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
            [46, 47, 48, 49]
        );
    }

    #[test]
    fn a_problem_begins_with_a_capital() {
        assert_eq!(sentence("änderung"), "Änderung");
        assert_eq!(sentence(""), "");
    }
}
