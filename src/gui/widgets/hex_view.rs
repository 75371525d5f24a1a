//! Bytes as hexadecimal lines with their text beside them.
//!
//! Promises: only visible lines are drawn; every byte is shown as it is.
//! Does not know: what the bytes mean.

use std::fmt::Write as _;

use egui::{Id, Role, Sense, Ui, WidgetInfo, pos2};

use super::copy_menu;
use super::virtual_rows::VirtualRows;
use crate::gui::theme::{GUTTER, Tokens, mono};

/// Bytes in a line where it is wide enough, and where it is not.
const LINE_BYTES: [usize; 2] = [16, 8];
/// The width that a line of sixteen bytes needs, in points.
const WIDE: f32 = 600.0;

/// Shows bytes in all the space that is left.
pub fn hex_view(ui: &mut Ui, id: Id, bytes: &[u8]) {
    let [wide, narrow] = LINE_BYTES;
    let line_bytes = if ui.available_width() < WIDE { narrow } else { wide };
    let count = bytes.len().div_ceil(line_bytes);
    let tokens = Tokens::of(ui);
    let rows = VirtualRows { id, name: "Bytes", count, chosen: None };
    let outcome = rows.show(ui, |ui, row, rect| {
        let start = row * line_bytes;
        let line = &bytes[start..bytes.len().min(start + line_bytes)];
        let (hex, text) = hex_line(line, line_bytes);
        let mut left = rect.left() + GUTTER;
        for (text, color) in [
            (format!("{start:08x}"), tokens.text_secondary),
            (hex, tokens.text),
            (text, tokens.text_secondary),
        ] {
            let galley = ui.painter().layout_no_wrap(text, mono(), color);
            let width = galley.size().x;
            ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, color);
            left += width + GUTTER * 2.0;
        }
        let response = ui.interact(rect, id.with(row), Sense::CLICK);
        response.widget_info(|| {
            WidgetInfo::labeled(Role::ListItem, true, format!("bytes from {start}"))
        });
        response.context_menu(|ui| {
            copy_menu(ui, |menu| {
                menu.text("Line", "", || Some(hex_line(line, line_bytes).0));
                menu.text("All bytes as hex", "", || Some(hex_text(bytes)));
            });
        });
    });
    drop(outcome);
}

/// Bytes in hexadecimal, without anything between.
fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// A line of so many bytes in hexadecimal, in two halves, and as text: a dot for what is not
/// printable ASCII.
fn hex_line(bytes: &[u8], line_bytes: usize) -> (String, String) {
    let mut hex = String::with_capacity(line_bytes * 3 + 1);
    for index in 0..line_bytes {
        if index > 0 {
            hex.push_str(if index == line_bytes / 2 { "  " } else { " " });
        }
        match bytes.get(index) {
            Some(byte) => write!(hex, "{byte:02x}").expect("writing to a string cannot fail"),
            None => hex.push_str("  "),
        }
    }
    let printable = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '·' };
    (hex, bytes.iter().map(printable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_every_byte_and_its_text() {
        let (hex, text) = hex_line(b"\x00{\"a\":1}\xff", 16);
        assert!(hex.starts_with("00 7b 22 61 22 3a 31 7d  ff   "), "{hex}");
        assert_eq!(text, "·{\"a\":1}·");
        assert_eq!(hex.len(), 16 * 3);
    }
}
