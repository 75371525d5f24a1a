//! The marks of a run: a shape for each kind of step.
//!
//! Promises: every kind has a shape of its own, so that colour only repeats it.
//! Does not know: when anything happened.

use egui::{Color32, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, vec2};

use crate::gui::theme::{GUTTER, LINE_HEIGHT, Tokens, secondary};
use crate::workspace::sandbox::StepKind;

/// The radius of a mark, in points.
pub(super) const RADIUS: f32 = 4.5;

/// The colour of a kind.
fn color(kind: StepKind, tokens: &Tokens) -> Color32 {
    match kind {
        StepKind::Applied => tokens.added,
        StepKind::Committed => tokens.changed,
        StepKind::Failed | StepKind::Crashed | StepKind::StoodStill => tokens.error,
        StepKind::Refused | StepKind::Stopped | StepKind::FromOutside => tokens.warning,
        StepKind::Delivered | StepKind::PassedOver => tokens.text_secondary,
        StepKind::Started | StepKind::Assigned | StepKind::Revoked => tokens.text,
    }
}

/// Paints the mark of a kind of step around this point.
pub(super) fn paint(painter: &Painter, at: Pos2, kind: StepKind, tokens: &Tokens) {
    let color = color(kind, tokens);
    let line = Stroke::new(1.5, color);
    let polygon = |corners: &[(f32, f32)]| {
        let points = corners.iter().map(|(x, y)| at + vec2(*x, *y) * RADIUS).collect();
        painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    };
    let cross = |size: f32| {
        let arm = Vec2::splat(RADIUS * size);
        painter.line_segment([at - arm, at + arm], line);
        let arm = vec2(arm.x, -arm.y);
        painter.line_segment([at - arm, at + arm], line);
    };
    let flag = || {
        let foot = at + vec2(-0.7, 1.1) * RADIUS;
        painter.line_segment([foot, at + vec2(-0.7, -1.2) * RADIUS], line);
    };
    match kind {
        StepKind::Delivered => {
            painter.circle_stroke(at, RADIUS * 0.75, line);
        }
        StepKind::Applied => {
            painter.circle_filled(at, RADIUS, color);
        }
        StepKind::PassedOver => {
            let corners = [(0.0, -1.1), (1.1, 0.0), (0.0, 1.1), (-1.1, 0.0)];
            let points = corners.iter().map(|(x, y)| at + vec2(*x, *y) * RADIUS).collect();
            painter.add(Shape::closed_line(points, line));
        }
        StepKind::Failed => cross(0.8),
        StepKind::Committed => {
            flag();
            polygon(&[(-0.7, -1.2), (1.1, -0.6), (-0.7, 0.1)]);
        }
        StepKind::Refused => {
            flag();
            let points = [(-0.7, -1.2), (1.1, -0.6), (-0.7, 0.1)];
            let points = points.iter().map(|(x, y)| at + vec2(*x, *y) * RADIUS).collect();
            painter.add(Shape::line(points, line));
        }
        StepKind::Crashed => {
            let square = Rect::from_center_size(at, Vec2::splat(RADIUS * 2.3));
            painter.rect_filled(square, 2.0, color);
            let cut = Stroke::new(1.5, tokens.canvas);
            let arm = Vec2::splat(RADIUS * 0.6);
            painter.line_segment([at - arm, at + arm], cut);
            let arm = vec2(arm.x, -arm.y);
            painter.line_segment([at - arm, at + arm], cut);
        }
        StepKind::Stopped => {
            for x in [-0.5, 0.5] {
                let top = at + vec2(x, -0.9) * RADIUS;
                painter.line_segment([top, at + vec2(x, 0.9) * RADIUS], line);
            }
        }
        StepKind::Started => polygon(&[(-0.8, -1.1), (1.1, 0.0), (-0.8, 1.1)]),
        StepKind::Assigned => polygon(&[(-1.1, -0.8), (1.1, -0.8), (0.0, 1.1)]),
        StepKind::Revoked => polygon(&[(-1.1, 0.8), (0.0, -1.1), (1.1, 0.8)]),
        StepKind::FromOutside => {
            polygon(&[(0.0, -1.4), (0.5, 0.0), (0.0, 1.4), (-0.5, 0.0)]);
            polygon(&[(-1.4, 0.0), (0.0, -0.5), (1.4, 0.0), (0.0, 0.5)]);
        }
        StepKind::StoodStill => {
            let bar = Rect::from_center_size(at, vec2(RADIUS * 0.9, RADIUS * 3.4));
            painter.rect_filled(bar, 1.0, color);
        }
    }
}

/// Paints the ring around a step that shows that an invariant does not hold.
pub(super) fn paint_ring(painter: &Painter, at: Pos2, tokens: &Tokens) {
    painter.circle_stroke(at, RADIUS + 4.0, Stroke::new(1.5, tokens.error));
}

/// What the marks mean, those of a run alone.
pub(super) fn legend(ui: &mut Ui, kinds: &[StepKind]) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 2.0);
        for kind in kinds {
            let words = kind.words();
            let galley =
                ui.painter().layout_no_wrap(words.to_owned(), secondary(), tokens.text_secondary);
            let size = vec2(galley.size().x + RADIUS * 2.0 + GUTTER, LINE_HEIGHT);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            paint(ui.painter(), rect.left_center() + vec2(RADIUS + 1.0, 0.0), *kind, tokens);
            let at = rect.left_center() + vec2(RADIUS * 2.0 + GUTTER, -galley.size().y / 2.0);
            ui.painter().galley(at, galley, tokens.text_secondary);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        }
    });
}
