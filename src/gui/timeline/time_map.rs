//! Which span of time is visible, and where a moment lies on the screen.
//!
//! Promises: times are computed in f64, which holds any millisecond of this age exactly; panning
//! and zooming return a new view and keep what they say they keep.
//! Does not know: what happens at a time.

use egui::Rangef;

/// The shortest span that can be shown, in milliseconds.
const SPAN_MS_MIN: f64 = 5.0;
/// The longest span that can be shown, in milliseconds: a thousand years.
const SPAN_MS_MAX: f64 = 1_000.0 * 365.25 * 86_400_000.0;
/// How much is left free on both sides when a span is fitted, as a share of the span.
const FIT_MARGIN: f64 = 0.04;

/// The visible span of time. Invariant: finite, `from_ms` before `to_ms`, between 5 ms and 1,000
/// years long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeView {
    /// The left edge, in milliseconds since the epoch.
    from_ms: f64,
    /// The right edge, in milliseconds since the epoch.
    to_ms: f64,
}

impl TimeView {
    /// The view around the middle of these two moments that is as long as the limits allow.
    pub fn new(from_ms: f64, to_ms: f64) -> Self {
        let (from_ms, to_ms) = if from_ms <= to_ms { (from_ms, to_ms) } else { (to_ms, from_ms) };
        let middle = f64::midpoint(from_ms, to_ms);
        let middle = if middle.is_finite() { middle } else { 0.0 };
        let span = (to_ms - from_ms).clamp(SPAN_MS_MIN, SPAN_MS_MAX);
        Self { from_ms: middle - span / 2.0, to_ms: middle + span / 2.0 }
    }

    /// The view that shows a range of time whole, with a little room on both sides. A single moment
    /// gets a second.
    pub fn fit(range_ms: (i64, i64)) -> Self {
        let (from, to) = (range_ms.0 as f64, range_ms.1 as f64);
        let margin = ((to - from) * FIT_MARGIN).max(500.0);
        Self::new(from - margin, to + margin)
    }

    /// The left edge, in milliseconds since the epoch.
    pub fn from_ms(self) -> f64 {
        self.from_ms
    }

    /// The right edge, in milliseconds since the epoch.
    pub fn to_ms(self) -> f64 {
        self.to_ms
    }

    /// How long it is, in milliseconds.
    pub fn span_ms(self) -> f64 {
        self.to_ms - self.from_ms
    }

    /// Whether a moment is visible.
    pub fn contains(self, time_ms: i64) -> bool {
        let time_ms = time_ms as f64;
        self.from_ms <= time_ms && time_ms <= self.to_ms
    }

    /// The view this many milliseconds later, as long as before.
    #[must_use]
    pub fn pan(self, by_ms: f64) -> Self {
        Self { from_ms: self.from_ms + by_ms, to_ms: self.to_ms + by_ms }
    }

    /// The view that shows `factor` times as much detail and has the same moment at the same place.
    #[must_use]
    pub fn zoom_at(self, factor: f64, time_ms: f64) -> Self {
        let factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        let span = (self.span_ms() / factor).clamp(SPAN_MS_MIN, SPAN_MS_MAX);
        let share = (time_ms - self.from_ms) / self.span_ms();
        let from_ms = time_ms - share * span;
        Self { from_ms, to_ms: from_ms + span }
    }

    /// The view moved as little as needed to show a moment, with some room around it.
    #[must_use]
    pub fn reveal(self, time_ms: i64) -> Self {
        let time_ms = time_ms as f64;
        let room = self.span_ms() * 0.1;
        if time_ms < self.from_ms + room {
            self.pan(time_ms - self.from_ms - room)
        } else if time_ms > self.to_ms - room {
            self.pan(time_ms - self.to_ms + room)
        } else {
            self
        }
    }
}

/// Where the moments of a view lie on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeMap {
    /// The visible span.
    pub view: TimeView,
    /// From its left edge to its right edge, in points.
    pub x: Rangef,
}

impl TimeMap {
    /// The x of a moment, also outside of the view; very far outside it stays at a distance that
    /// f32 can hold.
    pub fn x_of(&self, time_ms: f64) -> f32 {
        let share = (time_ms - self.view.from_ms) / self.view.span_ms();
        let width = f64::from(self.x.span());
        (f64::from(self.x.min) + share * width).clamp(-1e7, 1e7) as f32
    }

    /// The moment at an x.
    pub fn time_of(&self, x: f32) -> f64 {
        let share = f64::from(x - self.x.min) / f64::from(self.x.span().max(1.0));
        self.view.from_ms + share * self.view.span_ms()
    }

    /// The millisecond at an x.
    pub fn ms_of(&self, x: f32) -> i64 {
        self.time_of(x).round() as i64
    }

    /// How many milliseconds a point is.
    pub fn ms_per_point(&self) -> f64 {
        self.view.span_ms() / f64::from(self.x.span().max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Some view of this age.
    fn views() -> impl Strategy<Value = TimeView> {
        (0.0..4e12_f64, 5.0..1e12_f64).prop_map(|(from, span)| TimeView::new(from, from + span))
    }

    proptest! {
        #[test]
        fn zooming_keeps_the_moment_under_the_pointer(view in views(), factor in 0.01..100.0_f64, share in 0.0..1.0_f64) {
            let x = Rangef::new(100.0, 1300.0);
            let time = view.from_ms() + share * view.span_ms();
            let before = TimeMap { view, x }.x_of(time);
            let after = TimeMap { view: view.zoom_at(factor, time), x }.x_of(time);
            prop_assert!((before - after).abs() < 0.5, "{before} became {after}");
        }

        #[test]
        fn an_x_and_its_moment_lead_to_each_other(view in views(), x in 100.0..1300.0_f32) {
            let map = TimeMap { view, x: Rangef::new(100.0, 1300.0) };
            prop_assert!((map.x_of(map.time_of(x)) - x).abs() < 0.5);
        }

        #[test]
        fn a_view_keeps_its_limits_whatever_is_done_to_it(view in views(), factors in prop::collection::vec(1e-6..1e6_f64, 1..20)) {
            let mut view = view;
            for factor in factors {
                view = view.zoom_at(factor, view.from_ms()).pan(factor);
                prop_assert!(view.span_ms() >= SPAN_MS_MIN * 0.9 && view.span_ms() <= SPAN_MS_MAX * 1.1);
                prop_assert!(view.from_ms().is_finite() && view.to_ms().is_finite());
            }
        }

        #[test]
        fn what_is_revealed_is_visible(view in views(), time in 0..4_000_000_000_000_i64) {
            prop_assert!(view.reveal(time).contains(time));
        }
    }

    #[test]
    fn a_fitted_range_is_whole_and_a_single_moment_gets_a_second() {
        let view = TimeView::fit((1_000, 9_000));
        assert!(view.contains(1_000) && view.contains(9_000), "{view:?}");
        assert!((TimeView::fit((5_000, 5_000)).span_ms() - 1_000.0).abs() < 1.0, "a second");
        assert!(
            TimeView::fit((i64::MIN, i64::MAX)).span_ms().is_finite(),
            "the widest range has a view"
        );
    }
}
