//! Every view at every width, scale and theme: whether its layout holds is asked of the layout.
//!
//! Promises: six sizes, four scales, both themes, every view; a window that grows and one that
//! shrinks.
//! Does not know: what a good layout looks like; `layout_faults` knows what a broken one is.

use std::collections::BTreeMap;

use egui::{Theme, Vec2, vec2};
use foldback::gui::Choices;

use crate::gallery::{View, views};
use crate::harness::{Test, Use as _, open_with};
use crate::layout_faults::faults;

/// The sizes of the window, in points at 100 %.
const SIZES: [Vec2; 6] = [
    vec2(900.0, 700.0),
    vec2(1100.0, 760.0),
    vec2(1280.0, 800.0),
    vec2(1600.0, 1000.0),
    vec2(1920.0, 1080.0),
    vec2(2560.0, 1440.0),
];
/// The scales, in percent.
const SCALES: [u16; 4] = [100, 125, 150, 200];
/// How many faults are told.
const TOLD: usize = 60;

/// Faults with the cells they were found in.
#[derive(Default)]
struct Found(BTreeMap<String, Vec<String>>);

impl Found {
    /// Looks at a window.
    fn look(&mut self, test: &mut Test, cell: &str) {
        let faults = faults(test);
        if !faults.is_empty() {
            test.picture(&format!("fault-{}", cell.replace(' ', "-")));
        }
        for fault in faults {
            // Where it is differs from cell to cell; what it is does not.
            let what = fault.split(" [[").next().unwrap_or(&fault).to_owned();
            self.0.entry(what).or_default().push(format!("{cell}: {fault}"));
        }
    }
}

/// Walks over the grid with these views.
fn walk(views: &[View]) {
    let mut found = Found::default();
    for view in views {
        for scale in SCALES {
            for theme in [Theme::Dark, Theme::Light] {
                let mut sizes = SIZES;
                if theme == Theme::Light {
                    sizes.reverse(); // One grows, the other shrinks.
                }
                let choices =
                    Choices { theme: theme.into(), zoom_percent: scale, ..Choices::default() };
                let factor = f32::from(scale) / 100.0;
                let mut test = open_with(view.snapshot.clone(), choices, SIZES[5]);
                test.set_size(SIZES[5]); // Whatever the scale, there is room for the way to it.
                test.run();
                (view.prepare)(&mut test);
                for size in sizes {
                    test.set_size(size / factor);
                    test.run();
                    // What is placed by the size it had follows with the next frame.
                    test.step();
                    test.run();
                    let cell = format!("{} {}×{} {scale} % {theme:?}", view.name, size.x, size.y);
                    found.look(&mut test, &cell);
                }
            }
        }
    }
    let told =
        found.0.values().take(TOLD).map(|cells| format!("{} (in {})", cells[0], cells.len()));
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "{} faults:\n{}", found.0.len(), told.join("\n"));
}

/// The views with a name that this says yes to.
fn views_where(wanted: impl Fn(&str) -> bool) -> Vec<View> {
    let only = std::env::var("FOLDBACK_GRID").ok();
    let is_wanted = |view: &View| {
        wanted(view.name) && only.as_ref().is_none_or(|only| view.name.contains(only.as_str()))
    };
    views().into_iter().filter(is_wanted).collect()
}

#[test]
fn the_layout_of_topics_and_groups_holds_at_every_size_and_scale() {
    walk(&views_where(|name| name.starts_with("topic") || name.starts_with("groups")));
}

#[test]
fn the_layout_of_entities_holds_at_every_size_and_scale() {
    walk(&views_where(|name| name.starts_with("entity")));
}

#[test]
fn the_layout_of_sandboxes_holds_at_every_size_and_scale() {
    walk(&views_where(|name| name.starts_with("sandbox")));
}

#[test]
fn the_layout_of_everything_else_holds_at_every_size_and_scale() {
    let others = ["topic", "groups", "entity", "sandbox"];
    walk(&views_where(|name| others.iter().all(|other| !name.starts_with(other))));
}
