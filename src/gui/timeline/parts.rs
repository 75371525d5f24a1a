//! Where the parts of a timeline lie: the ruler, the column of labels, the lanes.
//!
//! Promises: worked out from the space alone.
//! Does not know: what is drawn there.

use egui::{Rangef, Rect};

/// The height of the ruler, in points.
pub const RULER_HEIGHT: f32 = 24.0;
/// The least and the greatest width of the column of labels, in points.
const LABEL_WIDTHS: [f32; 2] = [112.0, 360.0];
/// Its greatest share of the whole.
const LABEL_SHARE: f32 = 0.3;
/// How close the pointer must be to something to mean it, in points.
pub(super) const REACH: f32 = 7.0;

/// Where the parts of a timeline lie.
pub(super) struct Parts {
    /// The labels of the lanes.
    pub(super) labels: Rangef,
    /// The ruler, without the column of labels.
    pub(super) ruler: Rect,
    /// The lanes with their labels.
    pub(super) lanes: Rect,
    /// Ruler and lanes without the column of labels.
    pub(super) plot: Rect,
}

impl Parts {
    /// Divides the whole, where labels need this width, in points.
    pub(super) fn new(whole: Rect, labels: f32) -> Self {
        let labels = labels.clamp(LABEL_WIDTHS[0], LABEL_WIDTHS[1]);
        let left = whole.left() + labels.min(whole.width() * LABEL_SHARE);
        let plot = whole.with_min_x(left);
        let ruler = plot.with_max_y(whole.top() + RULER_HEIGHT);
        let lanes = whole.with_min_y(ruler.bottom());
        Self { labels: Rangef::new(whole.left(), left), ruler, lanes, plot }
    }
}
