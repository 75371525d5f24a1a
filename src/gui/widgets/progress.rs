//! How far jobs are.
//!
//! Promises: a job shows records, size, rate and how much is left, per partition when asked; a bar
//! moves only when a job does.
//! Does not know: what a job does.

use egui::{Align, Layout, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::IconButton;
use crate::gui::theme::format::{bytes, count, duration_ms, number};
use crate::gui::theme::{ROW_HEIGHT, Tokens, icon, icons, secondary};
use crate::workspace::{JobState, JobView, PartitionProgress};

/// The height of a bar, in points.
const BAR_HEIGHT: f32 = 3.0;
/// From this width on, in points, what a job did stands beside its title.
const FACTS_BESIDE_WIDTH: f32 = 420.0;
/// The height of a line of a partition, in points.
const PARTITION_HEIGHT: f32 = 16.0;

/// The gap between columns of partitions, in points.
const COLUMN_GAP: f32 = 28.0;

/// A thin bar filled to this share, from 0 to 1, over this width.
pub fn progress_bar(ui: &mut Ui, fraction: f32, width: f32, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, BAR_HEIGHT + 4.0), Sense::hover());
    paint_bar(ui, rect, fraction);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
        info.value = Some(f64::from(fraction) * 100.0);
        info
    });
    response
}

/// Paints a bar along the middle of a rectangle.
fn paint_bar(ui: &Ui, rect: Rect, fraction: f32) {
    let tokens = Tokens::of(ui);
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), BAR_HEIGHT));
    ui.painter().rect_filled(bar, BAR_HEIGHT / 2.0, tokens.pressed);
    let filled = bar.with_max_x(bar.left() + bar.width() * fraction.clamp(0.0, 1.0));
    ui.painter().rect_filled(filled, BAR_HEIGHT / 2.0, tokens.accent);
}

/// A job in a list: its title, how far it is, and a way to stop it. True when the user wants it
/// stopped.
pub fn job_row(ui: &mut Ui, job: &JobView) -> bool {
    let tokens = Tokens::of(ui);
    let (state_icon, color, word) = match &job.state {
        JobState::Running => (icons::CIRCLE_NOTCH, tokens.accent, "running"),
        JobState::Following => (icons::BROADCAST, tokens.accent, "following"),
        JobState::Done => (icons::CHECK_CIRCLE, tokens.added, "done"),
        JobState::Cancelled => (icons::PROHIBIT, tokens.text_secondary, "cancelled"),
        JobState::Stopped(_) => (icons::WARNING_CIRCLE, tokens.error, "stopped early"),
    };
    let running = matches!(job.state, JobState::Running | JobState::Following);
    let mut stop = false;
    let facts = RichText::new(facts(job)).font(secondary()).color(tokens.text_secondary);
    let beside = ui.available_width() >= FACTS_BESIDE_WIDTH;
    ui.horizontal(|ui| {
        ui.set_min_height(ROW_HEIGHT);
        ui.label(RichText::new(state_icon).font(icon()).color(color)).on_hover_text(word);
        ui.label(&*job.title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if running {
                stop = ui.add(IconButton::new(icons::X, "Cancel")).clicked();
            }
            if beside {
                ui.label(facts.clone());
            }
        });
    });
    if !beside {
        ui.label(facts);
    }
    if let (JobState::Running, Some(fraction)) = (&job.state, job.progress.fraction()) {
        let width = ui.available_width();
        progress_bar(ui, fraction, width, &job.title);
    }
    if let JobState::Stopped(problem) = &job.state {
        ui.label(RichText::new(problem.to_string()).color(tokens.error));
    }
    stop
}

/// What a job did so far in one line.
fn facts(job: &JobView) -> String {
    let mut facts = Vec::new();
    if let (JobState::Running, Some(fraction)) = (&job.state, job.progress.fraction()) {
        facts.push(format!("{} %", (fraction * 100.0).floor()));
    }
    if job.progress.records > 0 {
        facts.push(count(job.progress.records, "record"));
        facts.push(bytes(job.progress.bytes));
    }
    if job.progress.records_per_second > 0 {
        facts.push(format!("{} per s", number(job.progress.records_per_second)));
    }
    facts.push(duration_ms(i64::try_from(job.elapsed_ms).unwrap_or(i64::MAX)));
    facts.join(" · ")
}

/// How far a job is in each partition: a bar and the offsets each, in as many columns as fit.
pub fn partition_bars(ui: &mut Ui, partitions: &[PartitionProgress]) {
    let tokens = Tokens::of(ui);
    let columns = (ui.available_width() / 260.0).floor().max(1.0) as usize;
    let width = (ui.available_width() - COLUMN_GAP * (columns - 1) as f32) / columns as f32;
    for row in partitions.chunks(columns) {
        let height = PARTITION_HEIGHT;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        for (column, progress) in row.iter().enumerate() {
            let left = rect.left() + column as f32 * (width + COLUMN_GAP);
            let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, height));
            partition_bar(ui, cell, progress, tokens);
        }
    }
}

/// One partition's number, bar and offsets.
fn partition_bar(ui: &Ui, cell: Rect, progress: &PartitionProgress, tokens: &Tokens) {
    let span = (progress.end - progress.from).max(0);
    let done = (progress.position - progress.from).clamp(0, span);
    let fraction = if span == 0 { 1.0 } else { done as f32 / span as f32 };
    let text = |x: f32, align, text: String| {
        let at = pos2(x, cell.center().y);
        ui.painter().text(at, align, text, secondary(), tokens.text_secondary);
    };
    text(cell.left(), egui::Align2::LEFT_CENTER, progress.partition.to_string());
    let offsets = format!("{} of {}", number(progress.position), number(progress.end));
    text(cell.right(), egui::Align2::RIGHT_CENTER, offsets);
    let bar = Rect::from_x_y_ranges(
        cell.left() + 24.0..=(cell.right() - 120.0).max(cell.left() + 32.0),
        cell.y_range(),
    );
    paint_bar(ui, bar, fraction);
    let name = format!("partition {}", progress.partition);
    let response = ui.interact(bar, ui.scope_id().with(&name), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, &name);
        info.value = Some(f64::from(fraction) * 100.0);
        info
    });
}
