//! What a frame of the timeline costs the CPU: 200 lanes with a million marks together, 1600 × 1000
//! points.
//!
//! Promises: a frame is the widget and its tessellation, without upload to a GPU; marks are
//! computed, the same in every run.
//! Does not know: the rest of the window; whole frames are measured by `foldback bench frames`.

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Event, Id, RawInput, Rect, pos2, vec2};
use foldback::gui::theme::{self, TimeFormat};
use foldback::gui::timeline::{Timeline, TimelineState};
use foldback::workspace::{Lane, LaneMark};

/// How many lanes there are.
const LANES: u64 = 200;
/// How many marks a lane has.
const MARKS: u64 = 5_000;
/// The time from one mark to the next, on average, in milliseconds.
const STEP_MS: i64 = 1_000;

/// A lane of computed marks.
fn lane(number: u64) -> Lane {
    let mut random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut time_ms = 1_795_000_000_000;
    let marks = (1..=MARKS).map(|version| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        time_ms += i64::try_from(random >> 33).expect("31 bits fit") % (2 * STEP_MS);
        let hue = u8::try_from(version % 12).expect("a remainder by 12 fits");
        LaneMark { time_ms, version, hue, hollow: version % 50 == 0, problem: version % 97 == 0 }
    });
    Lane::new(format!("topic-{number}").into(), marks.collect())
}

/// A window that shows the timeline alone.
struct Window {
    /// The window.
    ctx: egui::Context,
    /// The lanes.
    lanes: Vec<Lane>,
    /// What the timeline remembers.
    state: TimelineState,
    /// How times are written.
    times: TimeFormat,
    /// The number of the frame.
    frame: u32,
}

impl Window {
    /// A window that shows all lanes at the first zoom.
    fn new() -> Self {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let lanes = (0..LANES).map(lane).collect();
        let mut window = Self {
            ctx,
            lanes,
            state: TimelineState::default(),
            times: TimeFormat::utc(),
            frame: 0,
        };
        window.frame(Vec::new());
        window
    }

    /// One frame with these events of the pointer: the number of triangles it hands to the GPU.
    fn frame(&mut self, events: Vec<Event>) -> usize {
        let Self { ctx, lanes, state, times, frame } = self;
        *frame += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1_600.0, 1_000.0))),
            time: Some(f64::from(*frame) / 60.0),
            events,
            ..RawInput::default()
        };
        let range_ms = (1_795_000_000_000, 1_795_000_000_000 + STEP_MS * MARKS.cast_signed());
        let mut output = ctx.run_ui(input, |ui| {
            let timeline = Timeline {
                lanes,
                markers: &[],
                range_ms: Some(range_ms),
                cursor_ms: Some(range_ms.0 + 1_000_000),
                pinned_ms: None,
                version: None,
                times,
                describe: &|_, mark| format!("v{}", mark.version),
            };
            timeline.show(ui, Id::unique("timeline"), state);
        });
        output.textures_delta.clear();
        let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
        let triangles = primitives.iter().map(|primitive| match &primitive.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len() / 3,
            egui::epaint::Primitive::Callback(_) => 0,
        });
        triangles.sum()
    }
}

/// Frames at several zooms, still and moving.
fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timeline frame");
    for (zoom, name) in
        [(1.0, "all"), (10.0, "a tenth"), (40.0, "a fortieth"), (200.0, "a two-hundredth")]
    {
        let mut window = Window::new();
        window.state.zoom(zoom);
        window.frame(Vec::new());
        group.bench_function(format!("still, {name} of the time"), |bencher| {
            bencher.iter(|| window.frame(Vec::new()));
        });
        let mut direction = 1.0;
        group.bench_function(format!("panning, {name} of the time"), |bencher| {
            bencher.iter(|| {
                direction = -direction;
                window.state.pan(0.003 * direction);
                window.frame(Vec::new())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
