//! The parts of a view beside each other: each a share of the width, with a minimum.
//!
//! Promises: no part gets less than its minimum, whatever a user drags and however narrow the window
//! is; where the minimums do not fit, the parts stand in tabs.
//! Does not know: what is in the parts.

use std::ops::RangeInclusive;

use egui::{Frame, Id, Margin, Panel, Ui, vec2};

use crate::gui::laid_out::note_pane;
use crate::gui::theme::ROW_HEIGHT;

/// The least height of a part, in points: some rows of it.
pub(super) const LEAST_HEIGHT: f32 = 3.0 * ROW_HEIGHT;

/// The least height of a part above or below another, in points.
const STACKED_LEAST: f32 = 7.0 * ROW_HEIGHT;

/// A part of a view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// Its name, as a tab says it.
    pub(super) name: &'a str,
    /// The least width it gets, in points.
    pub(super) least: f32,
    /// Which share of the whole width it takes at first. The part that takes what the others leave
    /// has none.
    pub(super) share: Option<f32>,
    /// The most it takes at first, in points.
    pub(super) first_max: f32,
    /// The space around it where it stands beside others.
    pub(super) margin: Margin,
}

impl<'a> Part<'a> {
    /// A part that takes this share of the width at first.
    pub(super) const fn share(name: &'a str, least: f32, share: f32) -> Self {
        Self { name, least, share: Some(share), first_max: 640.0, margin: MARGIN }
    }

    /// The part that takes what the others leave.
    pub(super) const fn rest(name: &'a str, least: f32) -> Self {
        Self { name, least, share: None, first_max: f32::INFINITY, margin: MARGIN }
    }

    /// With this space around it.
    pub(super) const fn margin(mut self, margin: Margin) -> Self {
        self.margin = margin;
        self
    }

    /// Takes at most this width at first, in points.
    pub(super) const fn first_max(mut self, points: f32) -> Self {
        self.first_max = points;
        self
    }
}

/// The space around a part unless it says otherwise.
const MARGIN: Margin = Margin { left: 12, right: 8, top: 6, bottom: 0 };

/// How much more or less room is another room, in points.
const ROOM_STEP: f32 = 480.0;

/// The id of a part in this much room, in points: egui keeps the width of a panel by its id, and a
/// width that a user chose shall stay while the room stays about the same; in much more or less room
/// a part gets its share of that.
fn room_id(id: Id, room: f32) -> Id {
    id.with((room / ROOM_STEP).round() as u32)
}

/// The width of a part: at first, and between which bounds a user can drag it; in points.
#[derive(Clone, Debug, PartialEq)]
struct Share {
    /// The width at first.
    first: f32,
    /// Least and most.
    bounds: RangeInclusive<f32>,
}

/// The least width that all of them need, in points.
fn least_of(parts: &[Part<'_>]) -> f32 {
    parts.iter().map(|part| part.least).sum()
}

/// Whether there is room for all of them beside each other.
pub(super) fn fit(parts: &[Part<'_>], width: f32) -> bool {
    least_of(parts) <= width
}

/// The width of a part where this much of the whole is left for it and for those that come after
/// it.
fn share_of(part: &Part<'_>, whole: f32, left: f32, others_least: f32) -> Share {
    let most = (left - others_least).max(part.least);
    let first = whole * part.share.unwrap_or(0.0);
    let first = first.clamp(part.least, part.first_max.max(part.least)).min(most);
    Share { first, bounds: part.least..=most }
}

/// In which order parts take their width: those before the rest from the left, those behind it from
/// the right, then the rest.
fn order(parts: &[Part<'_>]) -> (Vec<usize>, usize) {
    let rest = parts.iter().position(|part| part.share.is_none()).unwrap_or(0);
    let order = (0..rest).chain((rest + 1..parts.len()).rev()).collect();
    (order, rest)
}

/// Draws the parts beside each other, or in tabs where there is no room. The number of the part in
/// front is kept by the caller.
pub(super) fn show(
    ui: &mut Ui,
    id: Id,
    parts: &[Part<'_>],
    front: &mut usize,
    draw: &mut dyn FnMut(&mut Ui, usize),
) {
    if fit(parts, ui.available_width()) {
        beside_each_other(ui, id, parts, draw);
    } else {
        in_tabs(ui, parts, front, draw);
    }
}

/// All of them from left to right.
fn beside_each_other(
    ui: &mut Ui,
    id: Id,
    parts: &[Part<'_>],
    draw: &mut dyn FnMut(&mut Ui, usize),
) {
    let whole = ui.available_width();
    let (order, rest) = order(parts);
    let mut others_least = least_of(parts);
    for number in order {
        let Some(part) = parts.get(number) else { continue };
        others_least -= part.least;
        let share = share_of(part, whole, ui.available_width(), others_least);
        let id = room_id(id.with(part.name), whole);
        let panel = if number < rest { Panel::left(id) } else { Panel::right(id) };
        let shown = panel
            .default_size(share.first)
            .size_range(share.bounds)
            .frame(Frame::new().inner_margin(part.margin))
            .show(ui, |ui| draw(ui, number));
        let least = vec2(part.least, LEAST_HEIGHT);
        note_pane(ui, part.name, shown.response.rect, least);
    }
    let Some(part) = parts.get(rest) else { return };
    let shown = egui::CentralPanel::default()
        .frame(Frame::new().inner_margin(part.margin))
        .show(ui, |ui| draw(ui, rest));
    note_pane(ui, part.name, shown.response.rect, vec2(part.least, LEAST_HEIGHT));
}

/// The same of two parts, which stand above each other where there is no room for both side by side
/// and the view is high enough; that of the two that is no rest is this high at first, in points.
pub(super) fn show_or_stack(
    ui: &mut Ui,
    id: Id,
    parts: &[Part<'_>; 2],
    height: f32,
    front: &mut usize,
    draw: &mut dyn FnMut(&mut Ui, usize),
) {
    let room = ui.available_height();
    if fit(parts, ui.available_width()) || room < 2.0 * STACKED_LEAST {
        return show(ui, id, parts, front, draw);
    }
    let rest = usize::from(parts[0].share.is_some());
    let other = 1 - rest;
    let most = room - STACKED_LEAST;
    let id = id.with((parts[other].name, "stacked"));
    let panel = if other < rest { Panel::top(id) } else { Panel::bottom(id) };
    let shown = panel
        .resizable(true)
        .default_size(height.clamp(STACKED_LEAST, most.min(room * 0.6)))
        .size_range(STACKED_LEAST..=most)
        .frame(Frame::new().inner_margin(parts[other].margin))
        .show(ui, |ui| draw(ui, other));
    note_pane(ui, parts[other].name, shown.response.rect, vec2(0.0, STACKED_LEAST));
    let shown = egui::CentralPanel::default()
        .frame(Frame::new().inner_margin(parts[rest].margin))
        .show(ui, |ui| draw(ui, rest));
    note_pane(ui, parts[rest].name, shown.response.rect, vec2(0.0, STACKED_LEAST));
}

/// One at a time, with a tab for each.
pub(super) fn in_tabs(
    ui: &mut Ui,
    parts: &[Part<'_>],
    front: &mut usize,
    draw: &mut dyn FnMut(&mut Ui, usize),
) {
    *front = (*front).min(parts.len().saturating_sub(1));
    let margin = Margin { left: 12, right: 12, top: 4, bottom: 0 };
    let shown =
        egui::CentralPanel::default().frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (number, part) in parts.iter().enumerate() {
                    ui.selectable_value(front, number, part.name);
                }
            });
            draw(ui, *front);
        });
    let rect = shown.response.rect;
    let name = parts.get(*front).map_or("", |part| part.name);
    let least = parts.get(*front).map_or(0.0, |part| part.least.min(rect.width()));
    note_pane(ui, name, rect, vec2(least, LEAST_HEIGHT));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Three parts as an entity has them.
    const PARTS: [Part<'_>; 3] = [
        Part::share("Events", 384.0, 0.395),
        Part::rest("State", 260.0),
        Part::share("Inspector", 312.0, 0.30),
    ];

    /// The widths that parts get when a user drags each of them this far between its bounds.
    fn dragged(parts: &[Part<'_>], whole: f32, how_far: [f32; 2]) -> Vec<f32> {
        let (order, rest) = order(parts);
        let mut widths = vec![0.0; parts.len()];
        let (mut left, mut others_least) = (whole, least_of(parts));
        for (number, part_of_way) in order.into_iter().zip(how_far) {
            others_least -= parts[number].least;
            let share = share_of(&parts[number], whole, left, others_least);
            assert!(share.bounds.contains(&share.first), "{share:?}");
            let (least, most) = (share.bounds.start(), share.bounds.end());
            widths[number] = least + (most - least) * part_of_way;
            left -= widths[number];
        }
        widths[rest] = left;
        widths
    }

    proptest! {
        #[test]
        fn every_part_keeps_its_minimum_however_the_others_are_dragged(
            whole in 200.0_f32..2560.0,
            how_far in [0.0_f32..1.0, 0.0..1.0],
        ) {
            if !fit(&PARTS, whole) {
                prop_assert!(whole < 956.0, "there is room at {whole}");
                return Ok(());
            }
            let widths = dragged(&PARTS, whole, how_far);
            for (part, width) in PARTS.iter().zip(&widths) {
                prop_assert!(*width > part.least - 0.01, "{} has {width} of {whole}", part.name);
            }
            prop_assert!((widths.iter().sum::<f32>() - whole).abs() < 0.01, "{widths:?} of {whole}");
        }
    }

    #[test]
    fn a_part_is_another_where_the_room_is_another() {
        let of = |room| room_id(Id::unique("part"), room);
        assert_eq!(of(1_000.0), of(1_040.0), "a scroll bar more or less");
        assert_ne!(of(1_000.0), of(2_300.0), "the window was made as large as the screen");
    }

    #[test]
    fn a_large_room_goes_to_the_part_that_takes_the_rest() {
        let share = share_of(&PARTS[0], 2300.0, 2300.0, 572.0);
        assert!(share.first <= 640.0, "{share:?}");
        let share = share_of(&PARTS[2], 2300.0, 2300.0 - share.first, 260.0);
        assert!(share.first <= 640.0, "{share:?}");
    }
}
