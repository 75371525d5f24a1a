//! How far a consumer group was behind, over time.
//!
//! Promises: nothing is drawn where nothing was measured: a pause between samples is a gap, not a
//! line; a single sample is said in words.
//! Does not know: when samples are taken.

use std::ops::RangeInclusive;

use egui::{Id, Role, Ui, Vec2b, WidgetInfo, vec2};
use egui_plot::{GridMark, HoverPosition, Line, Plot, PlotPoint, PlotPoints};

use crate::gui::theme::{TimeFormat, Tokens, format, secondary};
use crate::workspace::LagSample;

/// Samples further apart than this, in milliseconds, were not taken one after the other.
const GAP_MS: i64 = 12_000;
/// The shortest span of time that is shown, in milliseconds.
const SPAN_MS_MIN: f64 = 60_000.0;
/// The distances that time ticks may have, in milliseconds.
const TICKS_MS: [f64; 9] = [5e3, 15e3, 60e3, 300e3, 900e3, 3_600e3, 14_400e3, 43_200e3, 86_400e3];

/// Which lag is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LagUnit {
    /// How many records.
    #[default]
    Records,
    /// How old the oldest record is that was not committed.
    Time,
}

impl LagUnit {
    /// The lag of a sample; none where it is unknown.
    fn of(self, sample: &LagSample) -> Option<i64> {
        match self {
            Self::Records => Some(sample.lag),
            Self::Time => sample.lag_ms,
        }
    }

    /// A lag as a figure of an axis.
    fn figure(self, lag: i64) -> String {
        match self {
            Self::Records => format::number(lag),
            Self::Time => format::duration_ms(lag),
        }
    }

    /// A lag in words.
    fn words(self, lag: i64) -> String {
        match self {
            Self::Records => format::count(lag.unsigned_abs(), "record"),
            Self::Time => format::duration_ms(lag),
        }
    }
}

/// Shows samples in all the space that is left.
pub fn lag_chart(
    ui: &mut Ui,
    id: Id,
    name: &str,
    samples: &[LagSample],
    unit: LagUnit,
    times: &TimeFormat,
) {
    let known: Vec<(i64, i64)> =
        samples.iter().filter_map(|sample| Some((sample.time_ms, unit.of(sample)?))).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
    let words = summary(&known, unit);
    if known.len() < 2 {
        let color = Tokens::of(ui).text_secondary;
        let text = format!("{words} A line appears with the next sample.");
        let text = egui::RichText::new(text).font(secondary()).color(color);
        ui.centered_and_justified(|ui| ui.label(text));
        return;
    }
    let highest = known.iter().map(|(_, lag)| *lag).max().unwrap_or(0).max(1);
    let end = last.0 as f64;
    let start = (first.0 as f64).min(end - SPAN_MS_MIN);
    let tokens = Tokens::of(ui);
    let size = ui.available_size();
    ui.scope(|ui| {
        ui.style_mut().text_styles.insert(egui::TextStyle::Body, secondary());
        let response = Plot::new(id)
            .height(size.y)
            .include_x(start)
            .include_x(end)
            .include_y(0.0)
            .include_y(highest as f64 * 1.1)
            .set_margin_fraction(vec2(0.0, 0.0))
            .show_background(false)
            .show_grid([false, true])
            .grid_color(tokens.separator)
            .allow_drag(Vec2b::FALSE)
            .allow_zoom(Vec2b::FALSE)
            .allow_scroll(Vec2b::FALSE)
            .allow_boxed_zoom(false)
            .allow_axis_zoom_drag(Vec2b::FALSE)
            .y_axis_min_width(56.0)
            .x_grid_spacer(|input| time_ticks(input.bounds))
            .x_axis_formatter(|mark, _: &RangeInclusive<f64>| times.time_seconds(mark.value as i64))
            .y_axis_formatter(move |mark, _: &RangeInclusive<f64>| axis_text(mark.value, unit))
            .label_formatter(move |position: &HoverPosition<'_>| {
                let HoverPosition::NearDataPoint { position, .. } = position else { return None };
                let lag = unit.words(position.y.round() as i64);
                Some(format!("{lag}\n{}", times.time_seconds(position.x as i64)))
            })
            .show(ui, |plot| {
                for segment in segments(&known) {
                    let points = segment
                        .iter()
                        .map(|(time_ms, lag)| PlotPoint::new(*time_ms as f64, *lag as f64));
                    let points = PlotPoints::Owned(points.collect());
                    plot.line(Line::new("lag", points).color(tokens.text).width(1.5).fill(0.0));
                }
            })
            .response;
        response.widget_info(|| {
            WidgetInfo::labeled(Role::GraphicsObject, true, format!("{name}: {words}"))
        });
    });
}

/// Samples taken one after the other, without a pause.
fn segments(samples: &[(i64, i64)]) -> impl Iterator<Item = &[(i64, i64)]> {
    samples.chunk_by(|before, after| after.0 - before.0 <= GAP_MS)
}

/// What the samples say, in words.
fn summary(samples: &[(i64, i64)], unit: LagUnit) -> String {
    let now = samples.last().map_or_else(String::new, |(_, lag)| unit.words(*lag));
    if samples.len() < 2 {
        return format!("One sample so far: {now} behind.");
    }
    let highest = samples.iter().map(|(_, lag)| *lag).max().unwrap_or(0);
    format!("now {now} behind, at most {} in {} samples", unit.words(highest), samples.len())
}

/// Which share of the width has no tick, at the left.
const LEFT_FREE: f64 = 0.04;

/// The same at the right.
const RIGHT_FREE: f64 = 0.07;

/// The ticks of the time axis: as close as there is room for their labels.
fn time_ticks((from, to): (f64, f64)) -> Vec<GridMark> {
    let room = (to - from) / 8.0;
    let step = TICKS_MS.into_iter().find(|step| *step >= room).unwrap_or(TICKS_MS[8]);
    // A label right at the beginning would lie on the one of the lowest lag.
    let first = ((from + (to - from) * LEFT_FREE) / step).ceil() as i64;
    // Half a label would be a wrong one.
    let last = ((to - (to - from) * RIGHT_FREE) / step).floor() as i64;
    (first..=last).map(|tick| GridMark { value: tick as f64 * step, step_size: step }).collect()
}

/// A tick of the axis of lags; nothing between whole records.
fn axis_text(value: f64, unit: LagUnit) -> String {
    let whole = value.round();
    if (value - whole).abs() > 1e-6 { String::new() } else { unit.figure(whole as i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_between_samples_is_a_gap() {
        let samples = [(0, 1), (3_000, 2), (6_000, 3), (60_000, 9), (63_000, 8)];
        let lengths: Vec<usize> = segments(&samples).map(<[_]>::len).collect();
        assert_eq!(lengths, [3, 2]);
    }

    #[test]
    fn samples_are_told_in_words() {
        assert_eq!(summary(&[(0, 12)], LagUnit::Records), "One sample so far: 12 records behind.");
        let two = [(0, 90_000), (3_000, 0)];
        assert_eq!(summary(&two, LagUnit::Time), "now 0 ms behind, at most 1 m 30 s in 2 samples");
    }

    #[test]
    fn ticks_stand_at_round_times_and_never_crowd() {
        let ticks = time_ticks((1_000.0, 61_000.0)).into_iter();
        let ticks: Vec<f64> = ticks.map(|mark| mark.value).collect();
        assert_eq!(ticks, [15e3, 30e3, 45e3]);
    }
}
