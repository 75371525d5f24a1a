//! The picture of a lane: one mesh, made anew only when the lane, the view or the place on the
//! screen changes.
//!
//! Promises: an unchanged lane costs a frame nothing but its mesh's upload; hollow, problem and
//! unknown are shapes, not colours alone.
//! Does not know: what the pointer does.

use std::ops::Range;
use std::sync::Arc;

use egui::{Mesh, Rect, Ui, pos2};

use super::{LaneItem, LaneItems, TimeMap, lane_counts, lane_items};
use crate::gui::theme::Tokens;
use crate::gui::widgets::{EventMark, add_event_mark, add_pill, add_problem_dot};
use crate::workspace::{Lane, LaneMark, TimeCounts, UnknownReason, UnknownSpan};

/// The radius of a mark, in points.
const RADIUS: f32 = 4.5;
/// The height of a bar that stands for several marks, in points.
const PILL_HEIGHT: f32 = 10.0;
/// How far below the top of a density the dots of problems stand, in points.
const PROBLEM_TOP: f32 = 4.0;
/// The height of the lowest bar of a density, in points: one record among millions can be seen.
const BAR_HEIGHT_MIN: f32 = 1.5;
/// How far apart the stripes over unknown spans are, in points.
const HATCH_DISTANCE: f32 = 7.0;

/// What a picture was made for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The lane's marks; kept, so that no others take their address.
    marks: Arc<[LaneMark]>,
    /// How much happened when, where there are no marks.
    counts: Arc<TimeCounts>,
    /// What a bar of full height counts, where there are no marks.
    highest: u64,
    /// The numbers of the marks that have a problem.
    problems: Arc<[usize]>,
    /// The lane's unknown spans.
    unknown: Arc<[UnknownSpan]>,
    /// The view and where it lies.
    map: TimeMap,
    /// Where the lane lies.
    rect: Rect,
    /// Whether the theme is dark.
    dark: bool,
    /// Pixels per point.
    pixels_per_point: f32,
}

impl Key {
    /// Whether a picture made for this key is one for the other, too.
    fn matches(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.marks, &other.marks)
            && Arc::ptr_eq(&self.counts, &other.counts)
            && self.highest == other.highest
            && Arc::ptr_eq(&self.unknown, &other.unknown)
            && self.map == other.map
            && self.rect == other.rect
            && self.dark == other.dark
            && self.pixels_per_point.to_bits() == other.pixels_per_point.to_bits()
    }
}

/// The picture of a lane.
#[derive(Debug)]
pub(super) struct LanePicture {
    /// What it was made for.
    pub(super) key: Key,
    /// What is drawn.
    pub(super) mesh: Arc<Mesh>,
    /// What it is made of.
    pub(super) items: LaneItems,
}

impl LanePicture {
    /// The picture of a lane in this rectangle: that of the last frame if it still is right.
    /// `highest` is what a bar of full height counts.
    pub(super) fn get<'a>(
        slot: &'a mut Option<Self>,
        ui: &Ui,
        lane: &Lane,
        highest: u64,
        map: &TimeMap,
        rect: Rect,
    ) -> &'a Self {
        let key = Key {
            marks: Arc::clone(&lane.marks),
            counts: Arc::clone(&lane.counts),
            highest,
            problems: Arc::clone(&lane.problems),
            unknown: Arc::clone(&lane.unknown),
            map: *map,
            rect,
            dark: ui.visuals().dark_mode,
            pixels_per_point: ui.pixels_per_point(),
        };
        match slot {
            Some(picture) if picture.key.matches(&key) => {}
            _ => *slot = Some(Self::paint(key)),
        }
        slot.as_ref().expect("the slot was filled above")
    }

    /// Makes the picture.
    fn paint(key: Key) -> Self {
        let tokens = Tokens::of_theme(key.dark);
        let items = match &key.counts.counts[..] {
            [] => lane_items(&key.marks, &key.map),
            _ => lane_counts(&key.counts, &key.map),
        };
        let mut mesh = Mesh::default();
        let feather = 1.0 / key.pixels_per_point;
        match &items {
            LaneItems::Items(items) => {
                add_unknown(&mut mesh, &key, tokens);
                for item in items {
                    add_item(&mut mesh, &key, item, tokens, feather);
                }
            }
            LaneItems::Counts(bars) => {
                reserve_bars(&mut mesh, bars.len());
                for bar in bars.clone() {
                    add_count(&mut mesh, &key, bar, tokens);
                }
                add_unknown(&mut mesh, &key, tokens);
            }
            LaneItems::Density { width, buckets } => {
                let highest = buckets.iter().map(|bucket| bucket.marks.len()).max().unwrap_or(1);
                reserve_bars(&mut mesh, buckets.len());
                for bucket in buckets {
                    let share = bucket.marks.len() as f32 / highest as f32;
                    add_bar(&mut mesh, key.rect, bucket.x..bucket.x + width, share, tokens);
                }
                // Bars would hide what lies behind them.
                add_unknown(&mut mesh, &key, tokens);
                add_problems(&mut mesh, &key, tokens, feather);
            }
        }
        Self { key, mesh: Arc::new(mesh), items }
    }
}

/// Makes room for this many bars.
fn reserve_bars(mesh: &mut Mesh, bars: usize) {
    mesh.reserve_vertices(bars * 4);
    mesh.reserve_triangles(bars * 2);
}

/// Adds a bar of a density that counts this share of the highest. Heights grow with the root, so
/// that little is seen beside much.
fn add_bar(mesh: &mut Mesh, lane: Rect, x: Range<f32>, share: f32, tokens: &Tokens) {
    let bottom = lane.bottom() - 4.0;
    let height = (share.sqrt() * (lane.height() - 8.0)).max(BAR_HEIGHT_MIN);
    let bar = Rect::from_min_max(pos2(x.start, bottom - height), pos2(x.end, bottom));
    mesh.add_colored_rect(bar, tokens.density);
}

/// Adds a bucket of counts, unless it is empty. It is a point wide at least.
fn add_count(mesh: &mut Mesh, key: &Key, index: usize, tokens: &Tokens) {
    let TimeCounts { from_ms, bucket_ms, counts } = &*key.counts;
    if counts[index] == 0 {
        return;
    }
    let time_ms = |index: usize| *from_ms as f64 + *bucket_ms as f64 * index as f64;
    let (left, right) = (key.map.x_of(time_ms(index)), key.map.x_of(time_ms(index + 1)));
    let left = left.max(key.map.x.min);
    let right = right.max(left + 1.0).min(key.map.x.max);
    if left < right {
        add_bar(mesh, key.rect, left..right, counts[index] as f32 / key.highest as f32, tokens);
    }
}

/// Adds a mark or a group of marks.
fn add_item(mesh: &mut Mesh, key: &Key, item: &LaneItem, tokens: &Tokens, feather: f32) {
    let y = key.rect.center().y;
    match item {
        LaneItem::Mark { index, x } => {
            let LaneMark { hue, hollow, problem, .. } = key.marks[*index];
            let mark = EventMark { hue, hollow, problem };
            add_event_mark(mesh, pos2(*x, y), RADIUS, mark, tokens, feather);
        }
        LaneItem::Merged { marks, from_x, to_x } => {
            let group = &key.marks[marks.clone()];
            let hue = group.first().map(|mark| mark.hue);
            let color = match hue {
                Some(hue) if group.iter().all(|mark| mark.hue == hue) => tokens.event(hue),
                _ => tokens.density,
            };
            let half = PILL_HEIGHT / 2.0;
            let rect =
                Rect::from_min_max(pos2(from_x - half, y - half), pos2(to_x + half, y + half));
            add_pill(mesh, rect, color, feather);
            if group.iter().any(|mark| mark.problem) {
                add_problem_dot(mesh, pos2(rect.right() - 1.0, rect.top()), tokens, feather);
            }
        }
    }
}

/// Adds the dots of the marks with problems above a density: those that would cover each other
/// once.
fn add_problems(mesh: &mut Mesh, key: &Key, tokens: &Tokens, feather: f32) {
    let x_of = |number: &usize| key.map.x_of(key.marks[*number].time_ms as f64);
    let first = key.problems.partition_point(|number| x_of(number) < key.map.x.min - RADIUS);
    let mut last = f32::NEG_INFINITY;
    for number in &key.problems[first..] {
        let x = x_of(number);
        if x > key.map.x.max + RADIUS {
            return;
        }
        if x - last >= RADIUS {
            add_problem_dot(mesh, pos2(x, key.rect.top() + PROBLEM_TOP), tokens, feather);
            last = x;
        }
    }
}

/// Adds the ground and the stripes of spans of which not everything is known: rising where records
/// were deleted, falling where they were not read.
fn add_unknown(mesh: &mut Mesh, key: &Key, tokens: &Tokens) {
    for UnknownSpan { from_ms, to_ms, reason, .. } in key.unknown.iter() {
        let clamp = |x: f32| x.clamp(key.map.x.min, key.map.x.max);
        let left = clamp(key.map.x_of(*from_ms as f64));
        let right = clamp(key.map.x_of(*to_ms as f64));
        if right - left < 1.0 {
            continue;
        }
        let rect =
            Rect::from_x_y_ranges(left..=right, key.rect.shrink2(egui::vec2(0.0, 3.0)).y_range());
        mesh.add_colored_rect(rect, tokens.hatch.gamma_multiply(0.3));
        let height = rect.height();
        // Stripes lie on a grid of the screen, so that they do not crawl when the view moves.
        let mut x = ((left - height) / HATCH_DISTANCE).ceil() * HATCH_DISTANCE;
        while x < right {
            add_stripe(mesh, rect, x, *reason, tokens.hatch);
            x += HATCH_DISTANCE;
        }
    }
}

/// Adds one stripe that begins at this x and rises or falls, cut at both sides of the rectangle.
fn add_stripe(mesh: &mut Mesh, rect: Rect, x: f32, reason: UnknownReason, color: egui::Color32) {
    let from = x.max(rect.left());
    let to = (x + rect.height()).min(rect.right());
    if to <= from {
        return;
    }
    let y_of = |at: f32| match reason {
        UnknownReason::Deleted => rect.bottom() - (at - x),
        UnknownReason::NotRead => rect.top() + (at - x),
    };
    let base = mesh.vertices.len() as u32;
    for (at, shift) in [(from, 0.0), (from, 1.2), (to, 0.0), (to, 1.2)] {
        let y = (y_of(at) + shift).clamp(rect.top(), rect.bottom());
        mesh.colored_vertex(pos2(at, y), color);
    }
    mesh.add_triangle(base, base + 1, base + 2);
    mesh.add_triangle(base + 1, base + 3, base + 2);
}

#[cfg(test)]
mod tests {
    use egui::Rangef;

    use super::super::TimeView;
    use super::*;

    /// The mesh of a lane at this height, and whether it is that of the last frame.
    fn mesh(ui: &Ui, slot: &mut Option<LanePicture>, lane: &Lane, top: f32) -> (Arc<Mesh>, bool) {
        let before = slot.as_ref().map(|picture| Arc::clone(&picture.mesh));
        let map = TimeMap { view: TimeView::new(0.0, 1_000.0), x: Rangef::new(0.0, 1_000.0) };
        let rect = Rect::from_x_y_ranges(map.x, top..=top + 24.0);
        let mesh = Arc::clone(&LanePicture::get(slot, ui, lane, 1, &map, rect).mesh);
        let same = before.is_some_and(|before| Arc::ptr_eq(&before, &mesh));
        (mesh, same)
    }

    #[test]
    fn a_picture_is_made_anew_only_when_the_lane_or_its_place_changes() {
        let mark =
            |time_ms| LaneMark { time_ms, version: 1, hue: 0, hollow: false, problem: false };
        let span = UnknownSpan {
            from_ms: i64::MIN,
            to_ms: 100,
            reason: UnknownReason::Deleted,
            detail: "t-0 starts at offset 7".into(),
        };
        let lane = |time_ms| Lane {
            unknown: [span.clone()].into(),
            ..Lane::new("order-events".into(), [mark(time_ms)].into())
        };
        let ctx = egui::Context::default();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let mut slot = None;
            let first = lane(500);
            let (drawn, same) = mesh(ui, &mut slot, &first, 0.0);
            assert!(!same && drawn.is_valid() && !drawn.is_empty(), "the first frame draws");
            assert!(mesh(ui, &mut slot, &first, 0.0).1, "nothing changed");
            assert!(!mesh(ui, &mut slot, &first, 24.0).1, "the lane moved");
            assert!(!mesh(ui, &mut slot, &lane(600), 24.0).1, "another event");
            assert!(drawn.calc_bounds().right() < 520.0, "the stripes end where the unknown ends");
        });
        output.textures_delta.clear();
    }
}
