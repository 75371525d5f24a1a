//! Indentation while one types: what Enter, Tab, Shift+Tab and a closing bracket make of a text.
//!
//! Promises: pure; a text that is indented and then outdented is what it was; ranges are bytes at
//! the borders of characters.
//! Does not know: keys, fields, JavaScript beyond its brackets.

use std::ops::Range;

/// The indentation of a text that shows none.
const USUAL_UNIT: &str = "  ";
/// The spaces that a step of indentation has at most.
const SPACES: &str = "        ";

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// What is replaced.
    pub(super) range: Range<usize>,
    /// By what.
    pub(super) with: String,
    /// What is chosen after it.
    pub(super) chosen: Range<usize>,
}

impl Change {
    /// One after which the cursor stands behind so many bytes of what was put in.
    fn typed(range: Range<usize>, with: String, cursor: usize) -> Self {
        let at = range.start + cursor;
        Self { range, with, chosen: at..at }
    }
}

/// What stands in a range, or nothing where it is none of the text.
fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Where the line of a place begins.
fn line_start(text: &str, at: usize) -> usize {
    part(text, 0..at).rfind('\n').map_or(0, |before| before + 1)
}

/// The spaces and tabs a text begins with.
fn leading(text: &str) -> &str {
    part(text, 0..text.len() - text.trim_start_matches([' ', '\t']).len())
}

/// One step of indentation, as the text has it: a tab, or the least difference from one line to the
/// next.
fn unit(text: &str) -> &'static str {
    let indents = text.lines().filter(|line| !line.trim().is_empty()).map(leading);
    let mut step = None;
    let mut before = 0;
    for indent in indents {
        if indent.starts_with('\t') && step.is_none() {
            return "\t";
        }
        let spaces = indent.len();
        // A line that begins with one space more goes on with a comment.
        let found = Some(spaces.abs_diff(before)).filter(|step| 2 <= *step);
        step = found.into_iter().chain(step).min();
        before = spaces;
    }
    step.and_then(|step| SPACES.get(..step)).unwrap_or(USUAL_UNIT)
}

/// A line break: the next line begins like this one, a step deeper behind an opening bracket. The
/// closing bracket that stands right behind it gets a line of its own.
pub(super) fn line_break(text: &str, chosen: Range<usize>) -> Change {
    let line = part(text, line_start(text, chosen.start)..chosen.start);
    let indent = leading(line);
    let opening = line.trim_end().chars().next_back().filter(|last| "{([".contains(*last));
    let rest = part(text, chosen.end..text.len());
    let (blank, next) = (leading(rest), rest.trim_start_matches([' ', '\t']).chars().next());
    let is_closed = matches!(
        (opening, next),
        (Some('{'), Some('}')) | (Some('('), Some(')')) | (Some('['), Some(']'))
    );
    let mut with = format!("\n{indent}");
    if opening.is_some() {
        with.push_str(unit(text));
    }
    let cursor = with.len();
    if is_closed {
        with.push('\n');
        with.push_str(indent);
        return Change::typed(chosen.start..chosen.end + blank.len(), with, cursor);
    }
    Change::typed(chosen, with, cursor)
}

/// A closing bracket, a step back where nothing but indentation stands before it.
pub(super) fn closing_bracket(text: &str, chosen: Range<usize>, bracket: &str) -> Option<Change> {
    let start = line_start(text, chosen.start);
    let before = part(text, start..chosen.start);
    if before.is_empty() || leading(before) != before {
        return None;
    }
    let with = format!("{}{bracket}", outdented(before, unit(text)));
    let cursor = with.len();
    Some(Change::typed(start..chosen.end, with, cursor))
}

/// A line without one step of its indentation.
fn outdented<'a>(line: &'a str, unit: &str) -> &'a str {
    if let Some(rest) = line.strip_prefix('\t') {
        return rest;
    }
    let spaces = leading(line).bytes().take(unit.len()).take_while(|byte| *byte == b' ').count();
    part(line, spaces..line.len())
}

/// The lines that are chosen, as a range; one that is chosen up to its beginning alone is not among
/// them.
fn lines_of(text: &str, chosen: &Range<usize>) -> Range<usize> {
    let start = line_start(text, chosen.start);
    let is_edge = chosen.start < chosen.end && line_start(text, chosen.end) == chosen.end;
    let last = if is_edge { chosen.end - 1 } else { chosen.end };
    let end = part(text, last..text.len()).find('\n').map_or(text.len(), |behind| last + behind);
    start..end
}

/// Tab: the chosen lines a step deeper; where no line end is chosen, space up to the next step.
pub(super) fn indent(text: &str, chosen: Range<usize>) -> Change {
    let unit = unit(text);
    if !part(text, chosen.clone()).contains('\n') {
        let column = part(text, line_start(text, chosen.start)..chosen.start).chars().count();
        let with = match unit {
            "\t" => unit.to_owned(),
            spaces => " ".repeat(spaces.len() - column % spaces.len()),
        };
        let cursor = with.len();
        return Change::typed(chosen, with, cursor);
    }
    each_line(text, &chosen, |line| {
        if line.trim().is_empty() { line.to_owned() } else { format!("{unit}{line}") }
    })
}

/// Shift+Tab: the chosen lines, or that of the cursor, a step back.
pub(super) fn outdent(text: &str, chosen: Range<usize>) -> Change {
    let unit = unit(text);
    each_line(text, &chosen, |line| outdented(line, unit).to_owned())
}

/// Changes every chosen line at its beginning. What was chosen stays so.
fn each_line(text: &str, chosen: &Range<usize>, change: impl Fn(&str) -> String) -> Change {
    let range = lines_of(text, chosen);
    let lines: Vec<(&str, String)> =
        part(text, range.clone()).split('\n').map(|line| (line, change(line))).collect();
    // Where a place goes: with its line's text, and never before its line.
    let moved = |at: usize| {
        let (mut old, mut new) = (range.start, range.start);
        for (before, after) in &lines {
            if at <= old + before.len() {
                let from_end = old + before.len() - at;
                return if at == old && before.len() <= after.len() {
                    new
                } else {
                    new + after.len().saturating_sub(from_end)
                };
            }
            old += before.len() + 1;
            new += after.len() + 1;
        }
        new + at - old
    };
    let chosen = moved(chosen.start)..moved(chosen.end);
    let with = lines.iter().map(|(_, after)| after.as_str()).collect::<Vec<_>>().join("\n");
    Change { range, with, chosen }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text with `|` at both ends of what is chosen, or one where the cursor is.
    fn read(marked: &str) -> (String, Range<usize>) {
        let mut places = marked.match_indices('|').map(|(at, _)| at);
        let start = places.next().unwrap();
        let end = places.next().map_or(start, |end| end - 1);
        (marked.replace('|', ""), start..end)
    }

    /// The text after a change, marked in the same way.
    fn written(text: &str, change: &Change) -> String {
        let mut text = text.to_owned();
        text.replace_range(change.range.clone(), &change.with);
        if change.chosen.start < change.chosen.end {
            text.insert(change.chosen.end, '|');
        }
        text.insert(change.chosen.start, '|');
        text
    }

    /// What a change makes of a marked text.
    fn after(marked: &str, change: impl Fn(&str, Range<usize>) -> Change) -> String {
        let (text, chosen) = read(marked);
        written(&text, &change(&text, chosen))
    }

    #[test]
    fn a_line_break_keeps_the_indentation_and_goes_deeper_behind_an_opening_bracket() {
        let cases = [
            ("a|", "a\n|"),
            ("  a|b", "  a\n  |b"),
            ("f({|", "f({\n  |"),
            ("\tif (a) { |", "\tif (a) { \n\t\t|"),
            ("    x = [|", "    x = [\n        |"),
            ("a {\n  b(|)\n}", "a {\n  b(\n    |\n  )\n}"),
            ("  a {| }", "  a {\n    |\n  }"),
            ("  (|}", "  (\n    |}"),
            ("  |a", "  \n  |a"),
            ("  a |bcd| e", "  a \n  | e"),
            ("|  a", "\n|  a"),
            ("ü{|", "ü{\n  |"),
        ];
        for (before, expected) in cases {
            assert_eq!(after(before, line_break), expected, "{before:?}");
        }
    }

    #[test]
    fn a_closing_bracket_goes_back_where_it_comes_first_in_its_line() {
        let close = |marked: &str| {
            let (text, chosen) = read(marked);
            closing_bracket(&text, chosen, "}").map(|change| written(&text, &change))
        };
        assert_eq!(close("a {\n  b {\n    |\n").as_deref(), Some("a {\n  b {\n  }|\n"));
        assert_eq!(close("a {\n\t|").as_deref(), Some("a {\n}|"));
        assert_eq!(close("a {\n    x\n   |").as_deref(), Some("a {\n    x\n}|"));
        assert_eq!(close("a { b |"), None, "it stands behind something");
        assert_eq!(close("a {\n|"), None, "there is nothing to take back");
    }

    #[test]
    fn tab_indents_the_chosen_lines_or_goes_to_the_next_step() {
        let cases = [
            ("|a", "  |a"),
            ("  a|", "  a |"),
            ("  a|bc|d", "  a |d"),
            ("\ta\n|b", "\ta\n\t|b"),
            ("a\n|b\nc|\nd", "a\n|  b\n  c|\nd"),
            ("a\n|b\n|c", "a\n|  b\n|c"),
            ("a|\n\nb|", "  a|\n\n  b|"),
            ("    a\n|b\nc|", "    a\n|    b\n    c|"),
        ];
        for (before, expected) in cases {
            assert_eq!(after(before, indent), expected, "{before:?}");
        }
    }

    #[test]
    fn shift_tab_takes_a_step_back() {
        let cases = [
            ("  a|", "a|"),
            ("    a\n  b|c", "    a\nb|c"),
            ("  |a\n    b\n c|\nd", "|a\n  b\nc|\nd"),
            ("\ta\n\t\t|b", "\ta\n\t|b"),
            ("| a", "|a"),
            ("a|b", "a|b"),
            ("  x\n |  a", "  x\n| a"),
        ];
        for (before, expected) in cases {
            assert_eq!(after(before, outdent), expected, "{before:?}");
        }
    }

    #[test]
    fn what_was_indented_is_outdented_to_what_it_was() {
        for before in ["|a {\n  b\n\n\tc\n}|", "x\n|  y\n    z|\n", "|ü\n  ö|"] {
            let deeper = after(before, indent);
            assert_eq!(after(&deeper, outdent), before, "{deeper:?}");
        }
    }
}
