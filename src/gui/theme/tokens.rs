//! The colours of both themes. The only file with raw colours.
//!
//! Promises: text stands out at least 4.5:1 from every ground it may stand on, marks at least 3:1
//! (the tests prove it); amber belongs to the time cursor alone.
//! Does not know: where a colour is used.

use egui::Color32;

/// How many hues event types share.
pub const EVENT_HUES: usize = 12;

/// The colours of one theme, named by what they are for.
#[derive(Debug)]
pub struct Tokens {
    /// The ground of data: tables, lanes, trees, text fields.
    pub canvas: Color32,
    /// The ground of everything else.
    pub panel: Color32,
    /// The ground of what lies above: menus, tooltips, chips, dialogs.
    pub raised: Color32,
    /// The ground of what the pointer is on.
    pub hover: Color32,
    /// The ground of what is pressed.
    pub pressed: Color32,
    /// The ground of what is selected.
    pub selection: Color32,
    /// Thin lines between areas. Decoration: what it separates is told apart by space too.
    pub separator: Color32,
    /// Lines that matter: outlines of controls, ticks of a ruler, the guides of a tree.
    pub outline: Color32,
    /// Text.
    pub text: Color32,
    /// Text that leads: titles, the value that is looked at.
    pub text_strong: Color32,
    /// Text that explains: labels, units, times of other days.
    pub text_secondary: Color32,
    /// Selection and focus.
    pub accent: Color32,
    /// The time cursor T, and nothing else.
    pub cursor: Color32,
    /// What was added, beside a `+`.
    pub added: Color32,
    /// What was removed, beside a `−`.
    pub removed: Color32,
    /// What was changed, beside a `~`.
    pub changed: Color32,
    /// The ground of a line that was added.
    pub added_ground: Color32,
    /// The ground of a line that was removed.
    pub removed_ground: Color32,
    /// The ground of a line that was changed.
    pub changed_ground: Color32,
    /// Something needs an eye.
    pub warning: Color32,
    /// Something failed.
    pub error: Color32,
    /// How much happened when: bars and density.
    pub density: Color32,
    /// The stripes over what cannot be known.
    pub hatch: Color32,
    /// Behind what lies above.
    pub shadow: Color32,
    /// What dims the window behind a dialog.
    pub dim: Color32,
    /// Words of a language in code.
    pub code_keyword: Color32,
    /// Texts in code.
    pub code_text: Color32,
    /// Numbers in code.
    pub code_number: Color32,
    /// The hues of event types.
    pub events: [Color32; EVENT_HUES],
}

impl Tokens {
    /// The colours of this part of the window.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::of_theme(ui.visuals().dark_mode)
    }

    /// The colours of the dark or the light theme.
    pub fn of_theme(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// The hue of this number, such as [`LaneMark::hue`](crate::workspace::LaneMark).
    pub fn event(&self, hue: u8) -> Color32 {
        self.events[usize::from(hue) % EVENT_HUES]
    }
}

/// An opaque colour from `0xRRGGBB`.
#[expect(clippy::disallowed_methods, reason = "this is the file of raw colours")]
const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Black, this opaque.
#[expect(clippy::disallowed_methods, reason = "this is the file of raw colours")]
const fn black(alpha: u8) -> Color32 {
    Color32::from_black_alpha(alpha)
}

/// Near-black blue-grey.
static DARK: Tokens = Tokens {
    canvas: rgb(0x0E_1116),
    panel: rgb(0x13_171D),
    raised: rgb(0x1B_2028),
    hover: rgb(0x22_2832),
    pressed: rgb(0x2A_313D),
    selection: rgb(0x16_3A3A),
    separator: rgb(0x25_2B35),
    outline: rgb(0x66_7180),
    text: rgb(0xD7_DCE3),
    text_strong: rgb(0xF4_F6F9),
    text_secondary: rgb(0xA3_ADBA),
    accent: rgb(0x4F_D1BE),
    cursor: rgb(0xFF_B224),
    added: rgb(0x5C_CB94),
    removed: rgb(0xFF_8F8C),
    changed: rgb(0x7D_B8FF),
    added_ground: rgb(0x12_2A20),
    removed_ground: rgb(0x33_1B1E),
    changed_ground: rgb(0x16_2638),
    warning: rgb(0xF5_9A6C),
    error: rgb(0xFF_8F8C),
    density: rgb(0x6B_7A8F),
    hatch: rgb(0x4C_5766),
    shadow: black(110),
    dim: black(120),
    code_keyword: rgb(0xC5_B6FA),
    code_text: rgb(0xDF_C49A),
    code_number: rgb(0x9C_C9F5),
    events: [
        rgb(0x7C_C7F2),
        rgb(0xF0_788C),
        rgb(0x58_B56C),
        rgb(0xB7_A8F5),
        rgb(0xD3_E07A),
        rgb(0x4B_8FE0),
        rgb(0x5F_73D9),
        rgb(0xF7_BFD8),
        rgb(0xA9_EBC9),
        rgb(0xA8_6AC9),
        rgb(0xB0_7A52),
        rgb(0xD2_D7DE),
    ],
};

/// Warm white.
static LIGHT: Tokens = Tokens {
    canvas: rgb(0xFD_FCFA),
    panel: rgb(0xF7_F5F1),
    raised: rgb(0xFF_FFFF),
    hover: rgb(0xEE_EBE5),
    pressed: rgb(0xE5_E1D9),
    selection: rgb(0xD5_ECE8),
    separator: rgb(0xE2_DED6),
    outline: rgb(0x85_8A91),
    text: rgb(0x24_272C),
    text_strong: rgb(0x0F_1114),
    text_secondary: rgb(0x57_5E68),
    accent: rgb(0x0A_6B62),
    cursor: rgb(0xC2_7400),
    added: rgb(0x17_693A),
    removed: rgb(0xB3_203C),
    changed: rgb(0x1A_5DAB),
    added_ground: rgb(0xE4_F4E8),
    removed_ground: rgb(0xFB_E7E8),
    changed_ground: rgb(0xE6_EFFA),
    warning: rgb(0x9A_3A12),
    error: rgb(0xB3_203C),
    density: rgb(0x7B_8594),
    hatch: rgb(0xBA_B4A9),
    shadow: black(40),
    dim: black(60),
    code_keyword: rgb(0x5B_3FA8),
    code_text: rgb(0x6E_4413),
    code_number: rgb(0x17_4E9E),
    events: [
        rgb(0x2B_8CC4),
        rgb(0xC8_405C),
        rgb(0x2E_8B4A),
        rgb(0x7C_68D0),
        rgb(0x7F_8A1A),
        rgb(0x17_4E9E),
        rgb(0x2E_3791),
        rgb(0x7A_1650),
        rgb(0x0F_4F44),
        rgb(0x6A_2286),
        rgb(0x5E_3617),
        rgb(0x86_8C95),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: Color32) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    /// How much two colours stand out from each other (WCAG 2.2), from 1 to 21.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_every_ground() {
        for tokens in [&DARK, &LIGHT] {
            let grounds = [
                tokens.canvas,
                tokens.panel,
                tokens.raised,
                tokens.hover,
                tokens.pressed,
                tokens.selection,
                tokens.added_ground,
                tokens.removed_ground,
                tokens.changed_ground,
            ];
            let texts = [
                tokens.text,
                tokens.text_strong,
                tokens.text_secondary,
                tokens.accent,
                tokens.added,
                tokens.removed,
                tokens.changed,
                tokens.warning,
                tokens.error,
                tokens.code_keyword,
                tokens.code_text,
                tokens.code_number,
            ];
            for (text, ground) in texts.iter().flat_map(|text| grounds.map(|ground| (text, ground)))
            {
                let contrast = contrast(*text, ground);
                assert!(contrast >= 4.5, "{text:?} on {ground:?} is only {contrast:.2}:1");
            }
        }
    }

    #[test]
    fn marks_stand_out_from_the_grounds_of_data() {
        for tokens in [&DARK, &LIGHT] {
            let marks =
                tokens.events.iter().chain([&tokens.cursor, &tokens.density, &tokens.outline]);
            for mark in marks {
                for ground in [tokens.canvas, tokens.panel, tokens.raised] {
                    let contrast = contrast(*mark, ground);
                    assert!(contrast >= 3.0, "{mark:?} on {ground:?} is only {contrast:.2}:1");
                }
            }
        }
    }

    /// Types whose hue differs by six share a shape, so their lightness has to tell them apart for
    /// every eye.
    #[test]
    fn hues_that_share_a_shape_differ_in_lightness() {
        for tokens in [&DARK, &LIGHT] {
            for hue in 0..EVENT_HUES / 2 {
                let (one, other) = (tokens.events[hue], tokens.events[hue + EVENT_HUES / 2]);
                let contrast = contrast(one, other);
                assert!(contrast >= 1.4, "{one:?} and {other:?} are only {contrast:.2}:1 apart");
            }
        }
    }

    #[test]
    fn nothing_but_the_cursor_is_amber() {
        for tokens in [&DARK, &LIGHT] {
            let others =
                tokens.events.iter().chain([&tokens.warning, &tokens.error, &tokens.accent]);
            for other in others {
                let [r, g, b, _] = tokens.cursor.to_array();
                let [or, og, ob, _] = other.to_array();
                let apart = r.abs_diff(or).max(g.abs_diff(og)).max(b.abs_diff(ob));
                assert!(apart >= 40, "{other:?} is too close to the cursor");
            }
        }
    }
}
