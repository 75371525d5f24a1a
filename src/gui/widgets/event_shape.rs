//! The mark of an event type: a hue and a shape, the same on lanes, in tables and in legends.
//!
//! Promises: the mark depends on the type's name alone; two types of one hue number look alike, two
//! whose numbers differ by six share the shape and differ in lightness, all others differ in shape.
//! Does not know: where events are.

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::gui::theme::{ROW_HEIGHT, Tokens, body};
use crate::workspace::event_hue;

/// The radius of a mark in a row, in points.
const ROW_RADIUS: f32 = 4.0;
/// How wide the soft edge of a mark is, in pixels.
const FEATHER_PIXELS: f32 = 1.0;
/// How wide the line of a hollow mark is, in points.
const HOLLOW_WIDTH: f32 = 1.4;

/// How an event is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventMark {
    /// The hue of its type.
    pub hue: u8,
    /// Drawn hollow: aborted or undecided.
    pub hollow: bool,
    /// Has a problem: a small dot above it.
    pub problem: bool,
}

impl EventMark {
    /// The plain mark of an event type.
    pub fn of_type(event_type: &str) -> Self {
        Self { hue: event_hue(event_type), ..Self::default() }
    }
}

/// The corners of a shape around the origin, for a radius of 1. Every shape covers about the same
/// area.
fn corners(hue: u8) -> &'static [Vec2] {
    const CIRCLE: [Vec2; 12] = [
        vec2(1.0, 0.0),
        vec2(0.866, 0.5),
        vec2(0.5, 0.866),
        vec2(0.0, 1.0),
        vec2(-0.5, 0.866),
        vec2(-0.866, 0.5),
        vec2(-1.0, 0.0),
        vec2(-0.866, -0.5),
        vec2(-0.5, -0.866),
        vec2(0.0, -1.0),
        vec2(0.5, -0.866),
        vec2(0.866, -0.5),
    ];
    const SQUARE: [Vec2; 4] = [vec2(0.9, 0.9), vec2(-0.9, 0.9), vec2(-0.9, -0.9), vec2(0.9, -0.9)];
    const DIAMOND: [Vec2; 4] = [vec2(1.3, 0.0), vec2(0.0, 1.3), vec2(-1.3, 0.0), vec2(0.0, -1.3)];
    const UP: [Vec2; 3] = [vec2(1.2, 0.9), vec2(-1.2, 0.9), vec2(0.0, -1.2)];
    const DOWN: [Vec2; 3] = [vec2(0.0, 1.2), vec2(-1.2, -0.9), vec2(1.2, -0.9)];
    const BAR: [Vec2; 4] = [vec2(0.55, 1.3), vec2(-0.55, 1.3), vec2(-0.55, -1.3), vec2(0.55, -1.3)];
    match hue % 6 {
        0 => &CIRCLE,
        1 => &SQUARE,
        2 => &DIAMOND,
        3 => &UP,
        4 => &DOWN,
        _ => &BAR,
    }
}

/// A convex outline that can grow: each corner has a fixed point and the direction away from the
/// inside.
trait Outline {
    /// How many corners it has.
    fn count(&self) -> usize;
    /// The corner with this number when the outline is moved outwards by this many points.
    fn corner(&self, index: usize, offset: f32) -> Pos2;
}

/// A shape of [`corners`] with a center and a radius.
struct MarkOutline {
    /// The center.
    center: Pos2,
    /// The radius.
    radius: f32,
    /// The corners for a radius of 1.
    corners: &'static [Vec2],
}

impl Outline for MarkOutline {
    fn count(&self) -> usize {
        self.corners.len()
    }

    fn corner(&self, index: usize, offset: f32) -> Pos2 {
        self.center + self.corners[index] * (self.radius + offset).max(0.0)
    }
}

/// A bar with round ends.
struct PillOutline(Rect);

impl Outline for PillOutline {
    fn count(&self) -> usize {
        14
    }

    fn corner(&self, index: usize, offset: f32) -> Pos2 {
        let radius = self.0.height() / 2.0;
        let (x, turn) = if index < 7 {
            (self.0.right() - radius, index as f32 / 6.0 - 0.5)
        } else {
            (self.0.left() + radius, (index - 7) as f32 / 6.0 + 0.5)
        };
        let angle = turn * std::f32::consts::PI;
        pos2(x, self.0.center().y) + Vec2::angled(angle) * (radius + offset).max(0.0)
    }
}

/// Adds rings around an outline to a mesh, each with its distance from it and its colour, innermost
/// first.
fn add_rings(mesh: &mut Mesh, outline: &impl Outline, rings: &[(f32, Color32)]) {
    let base = mesh.vertices.len() as u32;
    let count = outline.count() as u32;
    for (offset, color) in rings {
        for index in 0..outline.count() {
            mesh.colored_vertex(outline.corner(index, *offset), *color);
        }
    }
    for ring in 1..rings.len() as u32 {
        for corner in 0..count {
            let next = (corner + 1) % count;
            let (inner, outer) = (base + (ring - 1) * count, base + ring * count);
            mesh.add_triangle(inner + corner, inner + next, outer + corner);
            mesh.add_triangle(inner + next, outer + next, outer + corner);
        }
    }
}

/// Adds what is inside of an outline to a mesh, with a soft edge.
fn add_filled(mesh: &mut Mesh, outline: &impl Outline, color: Color32, feather: f32) {
    let base = mesh.vertices.len() as u32;
    let soft = feather / 2.0;
    add_rings(mesh, outline, &[(-soft, color), (soft, Color32::TRANSPARENT)]);
    for corner in 2..outline.count() as u32 {
        mesh.add_triangle(base, base + corner - 1, base + corner);
    }
}

/// Adds a bar with round ends to a mesh: marks that lie too close to be told apart.
pub(crate) fn add_pill(mesh: &mut Mesh, rect: Rect, color: Color32, feather: f32) {
    add_filled(mesh, &PillOutline(rect), color, feather);
}

/// Adds a mark to a mesh. `feather` is the width of a soft edge in points: one pixel.
pub(crate) fn add_event_mark(
    mesh: &mut Mesh,
    center: Pos2,
    radius: f32,
    mark: EventMark,
    tokens: &Tokens,
    feather: f32,
) {
    let outline = MarkOutline { center, radius, corners: corners(mark.hue) };
    let color = tokens.event(mark.hue);
    if mark.hollow {
        add_filled(mesh, &outline, tokens.canvas, feather);
        let (soft, clear) = (feather / 2.0, Color32::TRANSPARENT);
        let inner = -HOLLOW_WIDTH;
        let rings = [(inner - soft, clear), (inner + soft, color), (-soft, color), (soft, clear)];
        add_rings(mesh, &outline, &rings);
    } else {
        add_filled(mesh, &outline, color, feather);
    }
    if mark.problem {
        add_problem_dot(mesh, pos2(center.x + radius, center.y - radius), tokens, feather);
    }
}

/// Adds the dot that says that something has a problem to a mesh.
pub(crate) fn add_problem_dot(mesh: &mut Mesh, center: Pos2, tokens: &Tokens, feather: f32) {
    let dot = |radius| MarkOutline { center, radius, corners: corners(0) };
    add_filled(mesh, &dot(2.8), tokens.canvas, feather);
    add_filled(mesh, &dot(2.0), tokens.error, feather);
}

/// Paints one mark.
pub fn paint_event_mark(
    painter: &Painter,
    center: Pos2,
    radius: f32,
    mark: EventMark,
    tokens: &Tokens,
) {
    let mut mesh = Mesh::default();
    add_event_mark(
        &mut mesh,
        center,
        radius,
        mark,
        tokens,
        FEATHER_PIXELS / painter.pixels_per_point(),
    );
    painter.add(mesh);
}

/// An event type in a row: its mark and its name, cut where the row ends.
pub fn event_label(ui: &mut Ui, event_type: &str, mark: EventMark) -> Response {
    let tokens = Tokens::of(ui);
    let width = ui.available_width();
    let text = if event_type.is_empty() { "no type" } else { event_type };
    let color =
        if event_type.is_empty() { tokens.text_secondary } else { ui.visuals().text_color() };
    let inset = ROW_RADIUS * 2.0 + 8.0;
    let galley = super::cut_galley(ui, text, body(), color, width - inset);
    let size = vec2((inset + galley.size().x).min(width), ROW_HEIGHT.min(ui.available_height()));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let center = pos2(rect.left() + ROW_RADIUS + 1.0, rect.center().y);
    paint_event_mark(ui.painter(), center, ROW_RADIUS, mark, tokens);
    let text_pos = pos2(rect.left() + inset, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(text_pos, galley, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_valid_mesh_around_its_center() {
        for hue in 0..12 {
            for (hollow, problem) in [(false, false), (true, false), (false, true)] {
                let mut mesh = Mesh::default();
                let mark = EventMark { hue, hollow, problem };
                let tokens = Tokens::of_theme(true);
                add_event_mark(&mut mesh, pos2(100.0, 50.0), 4.0, mark, tokens, 1.0);
                assert!(mesh.is_valid(), "{mark:?} has a corner that is not there");
                let bounds = mesh.calc_bounds();
                assert!(bounds.width() < 16.0 && bounds.contains(pos2(100.0, 50.0)), "{bounds:?}");
            }
        }
    }

    #[test]
    fn neighbouring_hues_have_different_shapes() {
        for hue in 0..6 {
            for other in (0..6).filter(|other| *other != hue) {
                assert_ne!(corners(hue), corners(other), "hues {hue} and {other}");
            }
        }
    }
}
