//! Reports of fixtures as JUnit XML, which continuous integration systems read.
//!
//! Promises: well-formed XML 1.0 whatever names and values hold; what XML cannot hold is written as its code point.
//! Does not know: how fixtures are run.
//!
//! There is no standard of the format; this keeps to what the readers of Jenkins, GitLab and GitHub's actions have in common:
//! `testsuites` with one `testsuite`, a `testcase` each with `classname`, `name`, `file` and `time`, `failure` with a
//! message, and the differences as its text.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::runner::{Difference, FixtureReport};
use crate::model::{Change, ChangeKind, Value};

/// The reports of the fixtures in a folder as JUnit XML.
pub fn junit(folder: &Path, reports: &[FixtureReport]) -> String {
    let failures = reports.iter().filter(|report| !report.passed()).count();
    let took: Duration = reports.iter().map(|report| report.took).sum();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{}\"",
        reports.len(),
        seconds(took)
    );
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let folder = escaped(&folder.display().to_string());
    let head = format!(
        "<testsuites name=\"foldback test\" {counts}>\n  <testsuite name=\"{folder}\" {counts}>\n"
    );
    xml.push_str(&head);
    for report in reports {
        xml.push_str(&case(report));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// A fixture.
fn case(report: &FixtureReport) -> String {
    let file = escaped(&report.file.display().to_string());
    let mut xml = format!(
        "    <testcase classname=\"{file}\" name=\"{}\" file=\"{file}\" time=\"{}\"",
        escaped(&report.name),
        seconds(report.took)
    );
    if report.passed() {
        xml.push_str("/>\n");
        return xml;
    }
    let lines: Vec<String> = report.differences.iter().flat_map(Difference::lines).collect();
    let message = escaped(lines.first().map_or("", String::as_str));
    let text = escaped(&lines.join("\n"));
    let failure = format!(
        ">\n      <failure message=\"{message}\" type=\"difference\">{text}</failure>\n    </testcase>\n"
    );
    xml.push_str(&failure);
    xml
}

/// Seconds with milliseconds.
fn seconds(took: Duration) -> String {
    format!("{}.{:03}", took.as_secs(), took.subsec_millis())
}

/// Text that can stand in an attribute or an element. Line breaks and tabs are written so that no reader of an
/// attribute makes blanks of them.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            // XML 1.0, production 2: these characters cannot stand in a document, not even as references.
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                write!(escaped, "\\u{{{:x}}}", u32::from(character))
                    .expect("writing to a string never fails");
            }
            other => escaped.push(other),
        }
    }
    escaped
}

impl Difference {
    /// What differs, in lines: a heading, then each change.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::State { row, changes } => {
                let heading = format!("state of {row} is not what is expected");
                std::iter::once(heading).chain(changes.iter().map(line)).collect()
            }
            Self::Invariant { invariant, expected, counterexample } => {
                let word = |holds: bool| if holds { "pass" } else { "fail" };
                let heading = format!(
                    "{invariant} ({}) is expected to {} but does {}",
                    invariant.demand(),
                    word(*expected),
                    word(!*expected)
                );
                let shown = counterexample.as_ref().map(|found| format!("  {}", found.words()));
                std::iter::once(heading).chain(shown).collect()
            }
            Self::NothingExpected => {
                vec!["nothing is expected: `foldback test --update` writes what comes".to_owned()]
            }
        }
    }
}

/// A change from what is expected to what is there, in a line.
fn line(change: &Change) -> String {
    let json = |value: &Option<Value>| value.as_ref().map(Value::to_json).unwrap_or_default();
    let path = if change.path.as_str().is_empty() { "(whole)" } else { change.path.as_str() };
    match change.kind {
        ChangeKind::Add => format!("  + {path}  {}", json(&change.to)),
        ChangeKind::Remove => format!("  - {path}  {}", json(&change.from)),
        ChangeKind::Replace => {
            format!("  ~ {path}  {} → {}", json(&change.from), json(&change.to))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::JsonPointer;
    use crate::sandbox::Invariant;

    /// A report with these differences.
    fn report(name: &str, differences: Vec<Difference>) -> FixtureReport {
        FixtureReport {
            file: PathBuf::from("tests/a&b.fixture.json"),
            name: name.to_owned(),
            differences,
            updated: false,
            took: Duration::from_millis(1_007),
        }
    }

    #[test]
    fn a_report_is_what_continuous_integration_reads() {
        let path = JsonPointer::parse("/total").unwrap();
        let change = Change::replace(path, Value::from(1_u64), Value::from("<2>"));
        let reports = [
            report("passes", Vec::new()),
            report(
                "fails",
                vec![
                    Difference::State { row: "order-7".to_owned(), changes: vec![change] },
                    Difference::Invariant {
                        invariant: Invariant::I1,
                        expected: false,
                        counterexample: None,
                    },
                ],
            ),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="foldback test" tests="2" failures="1" errors="0" skipped="0" time="2.014">
  <testsuite name="tests" tests="2" failures="1" errors="0" skipped="0" time="2.014">
    <testcase classname="tests/a&amp;b.fixture.json" name="passes" file="tests/a&amp;b.fixture.json" time="1.007"/>
    <testcase classname="tests/a&amp;b.fixture.json" name="fails" file="tests/a&amp;b.fixture.json" time="1.007">
      <failure message="state of order-7 is not what is expected" type="difference">state of order-7 is not what is expected&#10;  ~ /total  1 → &quot;&lt;2&gt;&quot;&#10;I1 (the final state is the fold of the canonical log) is expected to fail but does pass</failure>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(junit(Path::new("tests"), &reports), expected);
    }

    #[test]
    fn nothing_that_xml_cannot_hold_gets_into_it() {
        assert_eq!(
            escaped("a\0\x1b[0m\u{ffff}<&>\"'\r\n\t"),
            "a\\u{0}\\u{1b}[0m\\u{ffff}&lt;&amp;&gt;&quot;&apos;&#13;&#10;&#9;"
        );
        assert_eq!(escaped("grün 😀"), "grün 😀");
    }
}
