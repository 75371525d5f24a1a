//! What stands where nothing is yet: what this place is for and what to do next.
//!
//! Promises: centred, quiet, the first action leads; where there is little room it scrolls.
//! Does not know: what its actions do.

use egui::{Align, Layout, RichText, ScrollArea, Ui, UiBuilder, vec2};

use super::IconButton;
use crate::gui::theme::{GRID, GUTTER, ROW_HEIGHT, Tokens, heading, icon, medium};

/// The widest a line of explanation gets, in points.
const TEXT_WIDTH: f32 = 380.0;

/// What stands where nothing is yet.
#[derive(Debug)]
#[must_use = "an empty state is shown in a ui"]
pub struct EmptyState<'a> {
    /// The icon above.
    icon: &'a str,
    /// What is missing, in a few words.
    title: &'a str,
    /// Why, and what to do next, in a sentence or two.
    text: &'a str,
    /// Icons and names of the actions, the first leads.
    actions: Vec<(&'a str, &'a str)>,
}

impl<'a> EmptyState<'a> {
    /// An icon, what is missing, and what to do next.
    pub fn new(icon: &'a str, title: &'a str, text: &'a str) -> Self {
        Self { icon, title, text, actions: Vec::new() }
    }

    /// With a button for the next step.
    pub fn action(mut self, icon: &'a str, name: &'a str) -> Self {
        self.actions.push((icon, name));
        self
    }

    /// Shows it in the middle of what is left of the ui; the number of the action that was clicked,
    /// from 0.
    pub fn show(self, ui: &mut Ui) -> Option<usize> {
        let Self { icon: icon_text, title, text, actions } = self;
        let tokens = Tokens::of(ui);
        let space = ui.available_rect_before_wrap();
        let width = TEXT_WIDTH.min(space.width());
        let mut job = egui::text::LayoutJob::simple(
            text.to_owned(),
            crate::gui::theme::body(),
            tokens.text_secondary,
            width,
        );
        job.halign = Align::Center;
        let galley = ui.painter().layout_job(job);
        let content_height =
            32.0 + ROW_HEIGHT + galley.size().y + actions.len() as f32 * 32.0 + 24.0;
        let top = (space.height() - content_height).max(0.0) * 0.42;
        let rect = egui::Rect::from_center_size(space.center(), vec2(width, space.height()))
            .with_min_y(space.top() + top);
        let layout = Layout::top_down(Align::Center);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
        let low = space.height() < content_height;
        let content = |ui: &mut Ui| {
            if !low {
                let big = egui::FontId::new(28.0, icon().family);
                ui.label(RichText::new(icon_text).font(big).color(tokens.text_secondary));
                ui.add_space(GRID);
            }
            ui.label(RichText::new(title).font(heading()).color(tokens.text_strong));
            ui.add(egui::Label::new(galley).selectable(false));
            ui.add_space(GUTTER);
            let mut clicked = None;
            for (index, (icon, name)) in actions.into_iter().enumerate() {
                let pressed = if index == 0 {
                    primary_button(ui, icon, name)
                } else {
                    ui.add(IconButton::new(icon, name).text(name)).clicked()
                };
                if pressed {
                    clicked = Some(index);
                }
            }
            clicked
        };
        let clicked = if low {
            let area = ScrollArea::vertical().id_salt(title).auto_shrink(false);
            area.show(&mut child, content).inner
        } else {
            content(&mut child)
        };
        ui.advance_cursor_after_rect(child.min_rect());
        clicked
    }
}

/// The button that leads.
fn primary_button(ui: &mut Ui, icon: &str, name: &str) -> bool {
    let tokens = Tokens::of(ui);
    let text = RichText::new(format!("{icon}  {name}")).font(medium()).color(tokens.accent);
    let button = egui::Button::new(text).fill(tokens.selection).min_size(vec2(0.0, 28.0));
    let response = ui.add(button);
    let enabled = ui.is_enabled();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, name));
    response.clicked()
}
