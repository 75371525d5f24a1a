//! Sizes, spacing and egui's own widgets in our look.
//!
//! Promises: both themes differ in colour alone; everything sits on a 4-pt grid; an idle window
//! stays still.
//! Does not know: any view.

use std::collections::BTreeMap;

use egui::style::{ScrollAnimation, ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme,
    Vec2, Visuals, vec2,
};

use super::fonts::{
    BODY_PT, MONO_PT, SECONDARY_PT, TITLE_PT, definitions, medium_family, semibold_family,
};
use super::tokens::Tokens;

/// The grid everything sits on, in points.
pub const GRID: f32 = 4.0;
/// The height of a row of a table or a list, in points.
pub const ROW_HEIGHT: f32 = 24.0;
/// The height of a line of data, such as one of a tree, of a difference or of bytes, in points:
/// lines are read in a stream, so they stand closer than rows that one picks.
pub const LINE_HEIGHT: f32 = 20.0;
/// The gap between things side by side, in points.
pub const GUTTER: f32 = 8.0;
/// The space between a panel's edge and what is in it, in points.
pub const PANEL_PADDING: f32 = 12.0;
/// How long panels and the clock's jump take, in seconds.
pub const ANIMATION_SECONDS: f32 = 0.12;

/// The radius of the corners of buttons and fields.
const RADIUS: CornerRadius = CornerRadius::same(4);
/// The radius of the corners of menus and dialogs.
const WINDOW_RADIUS: CornerRadius = CornerRadius::same(8);

/// Gives the whole window its fonts and both themes. Call once before the first frame.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
    ctx.set_style_of(Theme::Dark, style(true));
    ctx.set_style_of(Theme::Light, style(false));
}

/// The style of one theme.
fn style(dark: bool) -> Style {
    let mut style = Style {
        text_styles: text_styles(),
        visuals: visuals(dark),
        animation_time: ANIMATION_SECONDS,
        scroll_animation: ScrollAnimation::duration(ANIMATION_SECONDS),
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(GUTTER);
    spacing.item_spacing.y = GRID;
    spacing.button_padding = vec2(GUTTER, 3.0);
    spacing.interact_size = vec2(ROW_HEIGHT, ROW_HEIGHT);
    spacing.window_margin = Margin::same(PANEL_PADDING as i8);
    spacing.menu_margin = Margin::same(GRID as i8);
    spacing.indent = 16.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = 80.0;
    spacing.tooltip_width = 480.0;
    spacing.scroll = scroll_style();
    style.interaction.tooltip_delay = 0.3;
    style.interaction.selectable_labels = false;
    style
}

/// Bars beside the content, thin, brighter under the pointer.
fn scroll_style() -> ScrollStyle {
    ScrollStyle {
        bar_width: 8.0,
        floating_width: 4.0,
        floating_allocated_width: 8.0,
        handle_min_length: ROW_HEIGHT,
        bar_inner_margin: 0.0,
        bar_outer_margin: 0.0,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        dormant_handle_opacity: 0.5,
        active_handle_opacity: 0.7,
        ..ScrollStyle::floating()
    }
}

/// The text styles: weight and colour lead, size hardly.
fn text_styles() -> BTreeMap<TextStyle, FontId> {
    [
        (TextStyle::Small, FontId::new(SECONDARY_PT, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(BODY_PT, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(BODY_PT, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(TITLE_PT, semibold_family())),
        (TextStyle::Monospace, FontId::new(MONO_PT, FontFamily::Monospace)),
        (TextStyle::Name("medium".into()), FontId::new(BODY_PT, medium_family())),
    ]
    .into()
}

/// The colours of egui's own widgets.
fn visuals(dark: bool) -> Visuals {
    let tokens = Tokens::of_theme(dark);
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.widgets = widgets(tokens);
    visuals.weak_text_color = Some(tokens.text_secondary);
    visuals.selection =
        Selection { bg_fill: tokens.selection, stroke: Stroke::new(1.0, tokens.accent) };
    visuals.hyperlink_color = tokens.accent;
    visuals.faint_bg_color = tokens.panel;
    visuals.extreme_bg_color = tokens.canvas;
    visuals.text_edit_bg_color = Some(tokens.canvas);
    visuals.code_bg_color = tokens.raised;
    visuals.warn_fg_color = tokens.warning;
    visuals.error_fg_color = tokens.error;
    visuals.window_corner_radius = WINDOW_RADIUS;
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_fill = tokens.raised;
    visuals.window_stroke = Stroke::new(1.0, tokens.separator);
    visuals.window_highlight_topmost = false;
    visuals.panel_fill = tokens.panel;
    visuals.window_shadow = shadow(tokens, 24);
    visuals.popup_shadow = shadow(tokens, 12);
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(1.5, tokens.accent);
    visuals.indent_has_left_vline = false;
    visuals.striped = false;
    visuals.slider_trailing_fill = true;
    visuals.image_loading_spinners = false;
    visuals.disabled_alpha = 0.45;
    visuals
}

/// The shadow of what lies above, this soft.
fn shadow(tokens: &Tokens, blur: u8) -> Shadow {
    Shadow { offset: [0, (blur / 4).cast_signed()], blur, spread: 0, color: tokens.shadow }
}

/// Buttons and fields: flat, an outline only where one can type or switch.
fn widgets(tokens: &Tokens) -> Widgets {
    let look = |fill: Color32, ground: Color32, outline: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: ground,
        bg_stroke: Stroke::new(1.0, outline),
        corner_radius: RADIUS,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(tokens.panel, tokens.panel, tokens.separator, tokens.text),
        inactive: look(tokens.pressed, tokens.raised, tokens.separator, tokens.text),
        hovered: look(tokens.pressed, tokens.hover, tokens.outline, tokens.text_strong),
        active: look(tokens.pressed, tokens.pressed, tokens.accent, tokens.text_strong),
        open: look(tokens.pressed, tokens.hover, tokens.outline, tokens.text_strong),
    }
}
