//! Opens the window.
//!
//! Promises: returns when the window is closed; says why when no window can be opened.
//! Does not know: what is in it.

use super::{App, Layout};
use crate::gui::theme;
use crate::partition_log::private_files;
use crate::workspace::WorkspacePort;

/// How large the window is at its first start, in points.
const FIRST_SIZE: [f32; 2] = [1280.0, 800.0];
/// How small it may become, in points.
const SMALLEST_SIZE: [f32; 2] = [640.0, 400.0];

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the window")]
pub struct RunError {
    /// What the system said.
    #[source]
    cause: eframe::Error,
}

impl RunError {
    /// What a user can do about it.
    pub fn hint(&self) -> &'static str {
        "the window needs a display and OpenGL 2.1 or newer; on a machine without them, use the command line \
         (`foldback --help`) or a virtual display with Mesa"
    }
}

/// The name under which the system knows the window and what it keeps.
const APP: &str = "foldback";

/// How the window starts.
#[derive(Debug)]
pub struct WindowOptions {
    /// The way to the workspace.
    pub port: WorkspacePort,
    /// The words on the window's frame.
    pub title: String,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display, or it cannot draw.
pub fn run(options: WindowOptions) -> Result<(), RunError> {
    let WindowOptions { port, title } = options;
    // The layout is kept with names of topics and entities in it.
    if let Some(folder) = eframe::storage_dir(APP)
        && let Err(error) = private_files::create_folder(&folder)
    {
        tracing::warn!(%error, "the folder of the layout cannot be made private");
    }
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_app_id(APP)
            .with_inner_size(FIRST_SIZE)
            .with_min_inner_size(SMALLEST_SIZE),
        renderer: renderer(),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        APP,
        native,
        Box::new(move |creation| {
            theme::apply(&creation.egui_ctx);
            let title = egui::ViewportCommand::Title(title);
            creation.egui_ctx.send_viewport_cmd(title);
            let layout = creation.storage.map(Layout::load).unwrap_or_default();
            Ok(Box::new(App::new(port, layout)))
        }),
    )
    .map_err(|cause| RunError { cause })
}

/// The renderer this program was built with; the small one when it has both.
fn renderer() -> eframe::Renderer {
    #[cfg(feature = "glow")]
    {
        eframe::Renderer::Glow
    }
    #[cfg(not(feature = "glow"))]
    {
        eframe::Renderer::Wgpu
    }
}
