//! The bundled typefaces: Inter for text, `JetBrains` Mono for data, Phosphor for icons.
//!
//! Promises: figures in both typefaces are tabular; a character that one lacks is looked for in the
//! others.
//! Does not know: sizes of anything but the text styles.

use std::sync::Arc;

use egui::epaint::text::FontTweak;
use egui::{FontData, FontDefinitions, FontFamily, FontId};

/// The size of body text, in points.
pub const BODY_PT: f32 = 12.5;
/// The size of text that explains, in points.
pub const SECONDARY_PT: f32 = 11.0;
/// The size of titles, in points.
pub const TITLE_PT: f32 = 15.0;
/// The size of data: `JetBrains` Mono looks larger than Inter, so it is set smaller.
pub(super) const MONO_PT: f32 = 12.0;
/// The size of data that explains.
pub(super) const MONO_SMALL_PT: f32 = 10.5;
/// The size of icons, in points.
pub const ICON_PT: f32 = 16.0;

/// The name under which Inter Medium is found.
const MEDIUM: &str = "medium";
/// The name under which Inter `SemiBold` is found.
const SEMIBOLD: &str = "semibold";
/// The name under which the icons are found.
const ICONS: &str = "icons";

/// Inter Medium: what leads within text.
pub fn medium_family() -> FontFamily {
    FontFamily::Name(MEDIUM.into())
}

/// Inter `SemiBold`: titles.
pub fn semibold_family() -> FontFamily {
    FontFamily::Name(SEMIBOLD.into())
}

/// Body text.
pub fn body() -> FontId {
    FontId::new(BODY_PT, FontFamily::Proportional)
}

/// Body text that leads.
pub fn medium() -> FontId {
    FontId::new(BODY_PT, medium_family())
}

/// Labels, units, everything that explains.
pub fn secondary() -> FontId {
    FontId::new(SECONDARY_PT, FontFamily::Proportional)
}

/// Titles.
pub fn heading() -> FontId {
    FontId::new(TITLE_PT, semibold_family())
}

/// Data: keys, ids, values, offsets.
pub fn mono() -> FontId {
    FontId::new(MONO_PT, FontFamily::Monospace)
}

/// Data that explains.
pub fn mono_small() -> FontId {
    FontId::new(MONO_SMALL_PT, FontFamily::Monospace)
}

/// An icon of [`icons`](super::icons).
pub fn icon() -> FontId {
    FontId::new(ICON_PT, FontFamily::Name(ICONS.into()))
}

/// All fonts and the families they form.
pub(super) fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let mut add = |name: &str, bytes: &'static [u8], tweak: FontTweak| {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    };
    let plain = FontTweak::default;
    add("inter", include_bytes!("../../../assets/fonts/Inter-Regular.ttf"), plain());
    add("inter-medium", include_bytes!("../../../assets/fonts/Inter-Medium.ttf"), plain());
    add("inter-semibold", include_bytes!("../../../assets/fonts/Inter-SemiBold.ttf"), plain());
    add(
        "jetbrains-mono",
        include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"),
        plain(),
    );
    add("phosphor", include_bytes!("../../../assets/fonts/Phosphor.ttf"), plain());

    let mut family = |family: FontFamily, names: [&str; 3]| {
        fonts.families.insert(family, names.map(str::to_owned).to_vec());
    };
    family(FontFamily::Proportional, ["inter", "jetbrains-mono", "phosphor"]);
    family(medium_family(), ["inter-medium", "jetbrains-mono", "phosphor"]);
    family(semibold_family(), ["inter-semibold", "jetbrains-mono", "phosphor"]);
    family(FontFamily::Monospace, ["jetbrains-mono", "inter", "phosphor"]);
    family(FontFamily::Name(ICONS.into()), ["phosphor", "inter", "jetbrains-mono"]);
    fonts
}
