//! A picture of every view in both themes, and of its further states in one of them, compared with
//! the one that somebody has looked at.
//!
//! Promises: a view that looks otherwise fails here, as does one that asks for a repaint while
//! nothing happens. Drawn on the CPU with the fonts of the program, so the machine does not matter;
//! some pixels at the edges of letters may differ, since those are rounded by the processor at
//! hand.
//! Does not know: what a picture must look like. After a change on purpose:
//! `UPDATE_SNAPSHOTS=1 cargo test --test window baselines`, and look at every picture that changed.

use egui::{Theme, Vec2};
use egui_kittest::{SnapshotOptions, SnapshotResults, try_image_snapshot_options};
use foldback::gui::Choices;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use crate::gallery::{View, views};
use crate::harness::{Test, Use as _, open_with};

/// The size of the pictures.
const SIZE: Vec2 = Vec2::new(1280.0, 800.0);
/// The size of a large window.
const LARGE: Vec2 = Vec2::new(2560.0, 1440.0);
/// The views that are pictured in a large window, too, with the theme.
const LARGE_VIEWS: [(&str, Theme); 2] = [("entity", Theme::Dark), ("topic-lanes", Theme::Light)];
/// The views that are pictured in both themes. The others are further states of these, or lists of
/// the navigator: they take the themes in turns.
const BOTH_THEMES: [&str; 17] = [
    "start",
    "start-recent",
    "welcome",
    "topic-start",
    "topic-lanes",
    "topic-record",
    "groups",
    "entity",
    "entity-moments",
    "sandbox-debugger",
    "sandbox-matrix",
    "sandbox-schedule",
    "sandbox-comparison",
    "demo",
    "palette",
    "keys",
    "settings",
];
/// Where the pictures lie.
const FOLDER: &str = "tests/snapshots/window";
/// How many bits of a colour are kept: pictures stay small, and what a processor rounds otherwise
/// mostly falls into the same step.
const KEPT_BITS: u8 = 0b1111_1000;
/// How far a pixel may be from the one it was, squared and weighted as the eye does: one step of
/// every colour.
const THRESHOLD: f32 = 40.0;
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

/// Compares a view in this theme.
fn compare(view: &View, theme: Theme, size: Vec2, name: &str, results: &mut SnapshotResults) {
    let options = SnapshotOptions::new()
        .output_path(FOLDER)
        .threshold(THRESHOLD)
        .max_failed_pixels(FAILED_PIXELS);
    let mut test = open(view, theme, size);
    test.assert_idle(name);
    let theme = if theme == Theme::Dark { "dark" } else { "light" };
    let name = format!("{name}-{theme}");
    let mut picture = test.render().unwrap();
    for pixel in picture.pixels_mut() {
        let [red, green, blue, _] = &mut pixel.0;
        for channel in [red, green, blue] {
            *channel = (*channel & KEPT_BITS) | ((!KEPT_BITS).div_ceil(2));
        }
    }
    results.add(try_image_snapshot_options(&picture, &name, &options));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        pack(&format!("{FOLDER}/{name}.png"));
    }
}

/// Writes a picture again, as small as it gets: the same pixels in fewer bytes.
fn pack(path: &str) {
    let picture = image::open(path).unwrap().into_rgba8();
    let mut packed = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut packed, CompressionType::Best, FilterType::Adaptive);
    picture.write_with_encoder(encoder).unwrap();
    fs_err::write(path, packed).unwrap();
}

/// Compares those of all views whose number leaves this rest, so that they are drawn side by side.
fn compare_some(rest: usize) {
    let mut results = SnapshotResults::new();
    for (number, view) in views().iter().enumerate().filter(|(number, _)| number % 2 == rest) {
        let both = BOTH_THEMES.contains(&view.name);
        for (turn, theme) in [Theme::Dark, Theme::Light].into_iter().enumerate() {
            if both || number / 2 % 2 == turn {
                compare(view, theme, SIZE, view.name, &mut results);
            }
        }
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
    for view in &views() {
        for (_, theme) in LARGE_VIEWS.iter().filter(|(name, _)| *name == view.name) {
            compare(view, *theme, LARGE, &format!("large-{}", view.name), &mut results);
        }
    }
}
