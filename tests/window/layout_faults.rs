//! What is wrong with a layout, asked of the layout itself: nothing is painted for it.
//!
//! Promises: finds texts that lie over one another, texts that run out of their pane or the window,
//! texts and columns that were cut although there was room, panes that got less than their minimum,
//! and controls beside the window; what lies under something opaque counts as not there.
//! Does not know: views.

use egui::{Pos2, Rect, Role, Shape, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use foldback::gui::LaidOut;

/// How far texts may reach into one another before they count as one over the other, in points:
/// the boxes of letters are larger than the letters.
const OVERLAP: [f32; 2] = [2.0, 2.5];
/// How far a text may reach beyond its place, in points: a letter's box rounded to pixels.
const BEYOND: f32 = 1.5;
/// How much room must be left beside a text that was cut, beyond what it lacks, in points.
const SPARE: f32 = 12.0;
/// The same beside a name that lost its middle, of which the whole is not known, in points.
const SPARE_OF_NAMES: f32 = 48.0;

/// A line of text that was drawn.
struct Line {
    /// What it says.
    words: String,
    /// Its whole box.
    whole: Rect,
    /// The parts of it that can be seen.
    seen: Vec<Rect>,
    /// Where it may be drawn.
    clip: Rect,
    /// How much wider it would be if it had not been cut; 0 when it was not.
    missing: f32,
}

/// Something else that was drawn and that text must not reach.
struct Obstacle(Rect);

/// What a window has drawn.
#[derive(Default)]
struct Drawn {
    /// The lines of text.
    lines: Vec<Line>,
    /// The rest.
    obstacles: Vec<Obstacle>,
}

impl Drawn {
    /// Takes a shape that may be drawn here.
    fn take(&mut self, shape: &Shape, clip: Rect) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.take(shape, clip)),
            Shape::Text(text) if text.opacity_factor > 0.0 && text.angle == 0.0 => {
                let galley = &text.galley;
                let missing = (galley.intrinsic_size().x - galley.rect.width()).max(0.0);
                let rows = galley.rows.len();
                for row in &galley.rows {
                    let mut whole = row.rect().translate(text.pos.to_vec2());
                    // A text that begins in the middle of a line has room before it in its box.
                    let glyphs = (row.glyphs.first(), row.glyphs.last());
                    if let (Some(first), Some(last)) = glyphs {
                        let left = text.pos.x + row.pos.x;
                        whole.min.x = left + first.pos.x;
                        whole.max.x = left + last.pos.x + last.advance_width;
                    }
                    let words = row.text();
                    let seen = whole.intersect(clip);
                    if words.trim().is_empty() || !seen.is_positive() {
                        continue;
                    }
                    let missing = if galley.elided && rows == 1 { missing } else { 0.0 };
                    self.lines.push(Line { words, whole, seen: vec![seen], clip, missing });
                }
            }
            Shape::Rect(rect) => {
                let seen = rect.rect.intersect(clip);
                if !seen.is_positive() || rect.fill.a() == 0 {
                    return;
                }
                if rect.fill.is_opaque() && rect.blur_width == 0.0 {
                    for line in &mut self.lines {
                        line.seen =
                            line.seen.iter().flat_map(|part| without(*part, seen)).collect();
                    }
                    self.obstacles.retain(|obstacle| !seen.contains_rect(obstacle.0));
                }
                self.obstacles.push(Obstacle(seen));
            }
            Shape::LineSegment { points, .. } => {
                let seen = Rect::from_two_pos(points[0], points[1]).intersect(clip.expand(1.0));
                self.obstacles.push(Obstacle(seen));
            }
            _ => {}
        }
    }

    /// How much room there is to the right of a line, until something else comes or its place ends.
    fn room_beside(&self, line: &Line, window: Rect) -> f32 {
        let right = line.whole.right();
        let band = line.whole.shrink2(egui::vec2(0.0, 3.0)).y_range();
        let beside = |rect: &Rect| right - 2.0 <= rect.left() && rect.y_range().intersects(band);
        let texts = self.lines.iter().map(|other| other.whole);
        let others = texts.chain(self.obstacles.iter().map(|obstacle| obstacle.0));
        // What the line stands on ends its room, too: a button, a chip, a dialog.
        let grounds = self.obstacles.iter().map(|obstacle| obstacle.0);
        let ground = grounds.filter(|ground| ground.contains(line.whole.center()));
        let end = others
            .filter(beside)
            .map(|rect| rect.left())
            .chain(ground.map(|ground| ground.right()))
            .fold(line.clip.right().min(window.right()), f32::min);
        end - right
    }
}

/// The parts of a rectangle that another does not cover.
fn without(part: Rect, cover: Rect) -> Vec<Rect> {
    let hidden = part.intersect(cover);
    if !hidden.is_positive() {
        return vec![part];
    }
    let parts = [
        Rect::from_min_max(part.min, pos2(hidden.left(), part.bottom())),
        Rect::from_min_max(pos2(hidden.right(), part.top()), part.max),
        Rect::from_min_max(pos2(hidden.left(), part.top()), pos2(hidden.right(), hidden.top())),
        Rect::from_min_max(
            pos2(hidden.left(), hidden.bottom()),
            pos2(hidden.right(), part.bottom()),
        ),
    ];
    parts.into_iter().filter(|part| 0.5 < part.width() && 0.5 < part.height()).collect()
}

/// Everything that is wrong with what a window shows now.
pub(crate) fn faults<State>(test: &Harness<'_, State>) -> Vec<String> {
    let window = test.ctx.content_rect();
    let said = LaidOut::of(&test.ctx);
    let mut drawn = Drawn::default();
    for clipped in &test.output().shapes {
        drawn.take(&clipped.shape, clipped.clip_rect.intersect(window));
    }
    let mut faults = texts_over_texts(&drawn);
    faults.extend(texts_beyond_their_place(&drawn, &said, window));
    faults.extend(texts_cut_with_room(&drawn, window));
    faults.extend(columns_cut_with_room(&said));
    faults.extend(panes_under_their_minimum(&said, window));
    faults.extend(controls_beside_the_window(test, &said, window));
    faults
}

/// Texts that lie over one another.
fn texts_over_texts(drawn: &Drawn) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in drawn.lines.iter().enumerate() {
        for other in &drawn.lines[..number] {
            let over = line.seen.iter().any(|part| {
                other.seen.iter().any(|other| {
                    let both = part.intersect(*other);
                    OVERLAP[0] < both.width() && 2.0 * OVERLAP[1] < both.height()
                })
            });
            let is_same = line.words == other.words && line.whole == other.whole;
            if over && !is_same {
                faults
                    .push(format!("“{}” lies over “{}” {:?}", line.words, other.words, line.whole));
            }
        }
    }
    faults
}

/// Texts that run out of their pane or the window.
fn texts_beyond_their_place(drawn: &Drawn, said: &LaidOut, window: Rect) -> Vec<String> {
    let is_beyond = |line: &&Line| {
        let place = line.clip.intersect(window);
        let beyond = (line.whole.right() - place.right()).max(place.left() - line.whole.left());
        let scrolls = said.sideways.iter().any(|area| {
            area.expand(2.0).contains(line.seen.first().map_or(Pos2::ZERO, Rect::center))
        });
        BEYOND < beyond && !scrolls && !line.seen.is_empty()
    };
    let faults = drawn.lines.iter().filter(is_beyond);
    faults.map(|line| format!("“{}” runs out of its place {:?}", line.words, line.whole)).collect()
}

/// Texts that were cut although there was room.
fn texts_cut_with_room(drawn: &Drawn, window: Rect) -> Vec<String> {
    let mut faults = Vec::new();
    for line in drawn.lines.iter().filter(|line| !line.seen.is_empty()) {
        let inner = line.words.trim_end_matches('…');
        let lost_its_middle = line.missing == 0.0 && inner.contains('…');
        if line.missing < 1.0 && !lost_its_middle {
            continue;
        }
        let room = drawn.room_beside(line, window);
        let enough = if lost_its_middle { SPARE_OF_NAMES } else { line.missing + SPARE };
        if enough < room {
            faults.push(format!(
                "“{}” was cut and has {room:.0} points of room (it lacks {:.0}) {:?}",
                line.words, line.missing, line.whole
            ));
        }
    }
    faults
}

/// Columns that were cut although another had room to spare.
fn columns_cut_with_room(said: &LaidOut) -> Vec<String> {
    let mut faults = Vec::new();
    for table in said.tables.iter().filter(|table| !table.set_by_hand) {
        let cut = table.columns.iter().find(|column| column.width < column.needed - 1.0);
        let spare = |column: &&foldback::gui::ColumnWidth| {
            column.needed.max(column.least).max(32.0) + 1.0 < column.width
        };
        let roomy = table.columns.iter().find(spare);
        if let (Some(cut), Some(roomy)) = (cut, roomy) {
            let name = &table.name;
            faults.push(format!("{name}: {cut:?} was cut while there is room in {roomy:?}"));
        }
        let taken: f32 = table.columns.iter().map(|column| column.width).sum();
        if table.rect.width() + 1.0 < taken {
            let name = &table.name;
            faults.push(format!("{name}: columns take {taken:.0} of {:.0}", table.rect.width()));
        }
    }
    faults
}

/// Panes that got less than their minimum, or lie beside the window.
fn panes_under_their_minimum(said: &LaidOut, window: Rect) -> Vec<String> {
    let is_broken = |pane: &&foldback::gui::LaidPane| {
        pane.rect.width() + 0.5 < pane.least.x
            || pane.rect.height() + 0.5 < pane.least.y
            || !window.expand(1.0).x_range().contains(pane.rect.left())
            || !window.expand(1.0).x_range().contains(pane.rect.right())
            || window.bottom() + 1.0 < pane.rect.bottom() && !said.scrolls
    };
    let faults = said.panes.iter().filter(is_broken);
    let words = |pane: &foldback::gui::LaidPane| {
        format!("the pane {} has {:?} and needs {:?}", pane.name, pane.rect, pane.least)
    };
    faults.map(words).collect()
}

/// Controls that were pushed off the window.
fn controls_beside_the_window<State>(
    test: &Harness<'_, State>,
    said: &LaidOut,
    window: Rect,
) -> Vec<String> {
    let roles = [Role::Button, Role::CheckBox, Role::TextInput, Role::Label, Role::ComboBox];
    let mut faults = Vec::new();
    for node in test.query_all(egui_kittest::kittest::by()) {
        let role = node.accesskit_node().role();
        if !roles.contains(&role) {
            continue;
        }
        let rect = node.rect();
        // What lies in a place that scrolls sideways lies to its right, or below what is seen.
        let scrolls = said
            .sideways
            .iter()
            .any(|area| area.left() <= rect.left() && area.top() <= rect.bottom());
        let beside = rect.right() > window.right() + 1.0 || rect.left() < window.left() - 1.0;
        if beside && !scrolls && rect.width() > 0.0 {
            let name = node.accesskit_node().label().unwrap_or_default();
            faults.push(format!("{role:?} “{name}” lies beside the window {rect:?}"));
        }
    }
    faults
}

/// A small window that shows this.
fn small(mut draw: impl FnMut(&mut egui::Ui) + 'static) -> Vec<String> {
    let mut test = Harness::builder()
        .with_size([300.0, 200.0])
        .with_context_setup(foldback::gui::theme::apply)
        .build_ui(move |ui| {
            ui.set_min_size(egui::vec2(280.0, 180.0));
            draw(ui);
        });
    test.run();
    faults(&test)
}

#[test]
fn texts_over_one_another_are_found() {
    let found = small(|ui| {
        let at = |ui: &mut egui::Ui, x: f32, words: &str| {
            let rect = Rect::from_min_size(pos2(x, 20.0), egui::vec2(120.0, 20.0));
            ui.put(rect, egui::Label::new(words).extend());
        };
        at(ui, 20.0, "one over the other");
        at(ui, 60.0, "the other");
    });
    assert!(found.iter().any(|fault| fault.contains("lies over")), "{found:?}");
}

#[test]
fn what_lies_under_something_opaque_is_not_there() {
    let found = small(|ui| {
        ui.label("under a dialog");
        let rect = Rect::from_min_size(Pos2::ZERO, egui::vec2(300.0, 100.0));
        ui.painter().rect_filled(rect, 0.0, ui.visuals().panel_fill);
        ui.put(
            Rect::from_min_size(pos2(8.0, 8.0), egui::vec2(80.0, 20.0)),
            egui::Label::new("over"),
        );
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_text_that_runs_out_of_its_pane_is_found() {
    let found = small(|ui| {
        ui.set_clip_rect(Rect::from_min_size(Pos2::ZERO, egui::vec2(60.0, 200.0)));
        ui.add(egui::Label::new("longer than sixty points of room").extend());
    });
    assert!(found.iter().any(|fault| fault.contains("runs out")), "{found:?}");
}

#[test]
fn a_text_that_was_cut_although_there_was_room_is_found() {
    let narrow = |ui: &mut egui::Ui, words: &str| {
        ui.scope(|ui| {
            ui.set_max_width(60.0);
            ui.add(egui::Label::new(words).truncate());
        });
    };
    let found = small(move |ui| narrow(ui, "longer than sixty points"));
    assert!(found.iter().any(|fault| fault.contains("was cut and has")), "{found:?}");
    let found = small(move |ui| {
        ui.horizontal(|ui| {
            narrow(ui, "longer than sixty points");
            ui.label("what stands beside takes it");
        });
    });
    assert!(found.is_empty(), "there is no room: {found:?}");
    let found = small(|ui| {
        ui.label("order-1…1042");
    });
    assert!(found.iter().any(|fault| fault.contains("was cut and has")), "{found:?}");
}

#[test]
fn a_control_beside_the_window_is_found() {
    let found = small(|ui| {
        let rect = Rect::from_min_size(pos2(280.0, 20.0), egui::vec2(80.0, 20.0));
        ui.put(rect, egui::Button::new("pushed off"));
    });
    assert!(found.iter().any(|fault| fault.contains("lies beside the window")), "{found:?}");
}
