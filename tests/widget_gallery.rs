//! Every widget in both themes, as a picture without a GPU and as a window that is used by keyboard
//! and pointer.
//!
//! Promises: an idle window asks for no repaint, every widget has a name, pictures can be looked at
//! in `target/gallery/`.
//! Does not know: views.

#[path = "gallery/sample.rs"]
mod sample;
#[path = "support/soft_renderer.rs"]
mod soft_renderer;

use egui_kittest::Harness;
use foldback::gui::theme::{self, TimeFormat};
use sample::Gallery;
use soft_renderer::SoftRenderer;

/// A window of this size that shows one page of the gallery.
fn window(
    page: fn(&mut Gallery, &mut egui::Ui),
    size: [f32; 2],
    theme: egui::Theme,
    scale: f32,
) -> Harness<'static, Gallery> {
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_theme(theme)
        .with_render_cursor(false)
        .with_max_steps(32)
        .renderer(SoftRenderer::default())
        .with_context_setup(theme::apply)
        .build_ui_state(
            move |ui, gallery: &mut Gallery| page(gallery, ui),
            Gallery::new(TimeFormat::utc()),
        )
}

/// Draws a page in both themes into `target/gallery/`.
fn draw(name: &str, page: fn(&mut Gallery, &mut egui::Ui), size: [f32; 2], scale: f32) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery");
    fs_err::create_dir_all(&folder).expect("a folder can be made");
    for (theme, theme_name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = window(page, size, theme, scale);
        window.run();
        let idle = window.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert_eq!(
            idle,
            std::time::Duration::MAX,
            "{name} asks for a repaint while nothing happens"
        );
        let picture = window.render().expect("the window can be drawn");
        picture
            .save(folder.join(format!("{name}-{theme_name}.png")))
            .expect("a picture can be saved");
    }
}

#[test]
fn small_widgets_can_be_drawn_in_both_themes_and_stay_still() {
    draw("small", Gallery::small_page, [900.0, 620.0], 1.5);
}

#[test]
fn an_entity_can_be_drawn_in_both_themes_and_stays_still() {
    draw("entity", Gallery::entity_page, [1280.0, 800.0], 1.0);
}

#[test]
fn a_topic_can_be_drawn_in_both_themes_and_stays_still() {
    draw("topic", Gallery::topic_page, [1280.0, 800.0], 1.0);
}

#[test]
fn the_palette_can_be_drawn_in_both_themes_and_stays_still() {
    draw("palette", Gallery::palette_page, [900.0, 520.0], 1.5);
}
