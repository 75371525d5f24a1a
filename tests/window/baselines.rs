//! A picture of every view in both themes, compared with the one that somebody has looked at.
//!
//! Promises: a view that looks otherwise fails here, as does one that asks for a repaint while
//! nothing happens. Drawn on the CPU with the fonts of the program, so the machine does not matter;
//! some pixels at the edges of letters may differ, since those are rounded by the processor at hand.
//! Does not know: what a picture must look like. After a change on purpose:
//! `UPDATE_SNAPSHOTS=1 cargo test --test window baselines`, and look at every picture that changed.

use egui::{Theme, Vec2};
use egui_kittest::{SnapshotOptions, SnapshotResults};
use foldback::gui::Choices;

use crate::gallery::{View, views};
use crate::harness::{Test, Use as _, open_with};

/// The size of the pictures.
const SIZE: Vec2 = Vec2::new(1280.0, 800.0);
/// The size of a large window.
const LARGE: Vec2 = Vec2::new(2560.0, 1440.0);
/// The views that are pictured in a large window, too.
const LARGE_VIEWS: [&str; 2] = ["entity", "topic-lanes"];
/// How far a pixel may be from the one it was: what the eye does not see.
const THRESHOLD: f32 = 1.0;
/// How many pixels may be farther away: some letters' edges, less than a word.
const FAILED_PIXELS: usize = 150;

/// A window on a view.
fn open(view: &View, theme: Theme, size: Vec2) -> Test {
    let choices = Choices { theme: theme.into(), ..Choices::default() };
    let mut test = open_with(view.snapshot.clone(), choices, size);
    (view.prepare)(&mut test);
    test.remove_cursor();
    test.run();
    test
}

/// Compares a view in both themes.
fn compare(view: &View, size: Vec2, name: &str, results: &mut SnapshotResults) {
    let options = SnapshotOptions::new()
        .output_path("tests/snapshots/window")
        .threshold(THRESHOLD)
        .max_failed_pixels(FAILED_PIXELS);
    for (theme, theme_name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut test = open(view, theme, size);
        test.assert_idle(name);
        results.add(test.try_snapshot_options(format!("{name}-{theme_name}"), &options));
    }
}

/// Compares those of all views whose number leaves this rest, so that they are drawn side by side.
fn compare_some(rest: usize) {
    let mut results = SnapshotResults::new();
    for (_, view) in views().iter().enumerate().filter(|(number, _)| number % 2 == rest) {
        compare(view, SIZE, view.name, &mut results);
    }
}

#[test]
fn every_view_looks_as_it_was_reviewed() {
    compare_some(0);
}

#[test]
fn every_other_view_looks_as_it_was_reviewed() {
    compare_some(1);
}

#[test]
fn large_windows_look_as_they_were_reviewed() {
    let mut results = SnapshotResults::new();
    for view in views().iter().filter(|view| LARGE_VIEWS.contains(&view.name)) {
        compare(view, LARGE, &format!("large-{}", view.name), &mut results);
    }
}
