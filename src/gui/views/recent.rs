//! The connections used before: one click goes on where the user left off.
//!
//! Promises: says how each connection is made, what was open on it and when; shows no secret, for
//! none is kept.
//! Does not know: what is opened again.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::gui::theme::{GUTTER, Tokens, format, icon, icons, medium, secondary};
use crate::gui::view::View;
use crate::gui::widgets::IconButton;
use crate::workspace::{Command, ConnectionChoice, RecentConnection};

/// The height of a connection, in points: two lines.
pub(crate) const ROW_HEIGHT: f32 = 44.0;

/// The space of the icon before it, in points.
const ICON_SPACE: f32 = 28.0;

/// The space of the button that takes it off the list, in points.
const BUTTON_SPACE: f32 = 32.0;

/// Draws the connections, newest first.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for recent in view.snapshot.recent_connections.iter() {
            row(ui, recent, view);
        }
    });
}

/// How it is made, and what was open.
fn facts(recent: &RecentConnection) -> String {
    let how = match &recent.key.choice {
        ConnectionChoice::Brokers(_) => "by its address".to_owned(),
        ConnectionChoice::ConfigFile(path) => format!("by {}", path.display()),
        ConnectionChoice::Saved(_) => format!("from foldback.toml · {}", recent.brokers),
    };
    let folder = recent.key.workspace.as_ref().map(|folder| format!("in {}", folder.display()));
    let tabs = recent.session.tab_count() as u64;
    let tabs = (tabs > 0).then(|| format::count(tabs, "tab"));
    let unkept = (!recent.unkept.is_empty()).then(|| "needs its -X options".to_owned());
    [Some(how), folder, tabs, unkept].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// One connection.
fn row(ui: &mut Ui, recent: &RecentConnection, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    let (name, facts) = (recent.key.name(), facts(recent));
    let id = ui.scope_id().with(&recent.brokers).with(&facts);
    let response = ui.interact(rect.with_max_x(rect.right() - BUTTON_SPACE), id, Sense::click());
    let label = format!("Connect to {name}, used before");
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.hover);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.0, tokens.accent);
        painter.rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
    }
    let sign = match &recent.key.choice {
        ConnectionChoice::Brokers(_) => icons::PLUGS,
        ConnectionChoice::ConfigFile(_) => icons::FILE_TEXT,
        ConnectionChoice::Saved(_) => icons::BOOKMARK_SIMPLE,
    };
    let left = rect.left() + GUTTER;
    let center = pos2(left + 8.0, rect.center().y);
    painter.text(center, Align2::CENTER_CENTER, sign, icon(), tokens.text_secondary);
    let used = view.times.print(recent.used_ms, "%Y-%m-%d %H:%M");
    let right = rect.right() - BUTTON_SPACE - GUTTER;
    let at = pos2(right, rect.top() + 14.0);
    let used = painter.text(at, Align2::RIGHT_CENTER, used, secondary(), tokens.text_secondary);
    let left = left + ICON_SPACE;
    let line = |text: &str, font, color, top: f32, right: f32| {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width((right - left).max(0.0));
        let galley = painter.layout_job(job);
        let elided = galley.elided;
        painter.galley(pos2(left, top - galley.size().y / 2.0), galley, color);
        elided
    };
    let name_elided =
        line(&name, medium(), tokens.text_strong, rect.top() + 14.0, used.left() - GUTTER);
    let facts_elided = line(&facts, secondary(), tokens.text_secondary, rect.top() + 31.0, right);
    let clicked = response.clicked();
    if name_elided || facts_elided {
        response.on_hover_text(format!("{name}\n{facts}"));
    }
    if clicked {
        view.out.send(Command::ConnectRecent(recent.key.clone()));
    }
    let button = Rect::from_center_size(
        pos2(rect.right() - BUTTON_SPACE / 2.0, rect.center().y),
        vec2(24.0, 24.0),
    );
    let forget = format!("Forget {name} and what was open on it");
    if ui.put(button, IconButton::new(icons::X, &forget)).clicked() {
        view.out.send(Command::ForgetRecent(recent.key.clone()));
    }
}
