//! The line `sasl.jaas.config` of Java clients: a login module and its options.
//!
//! `MODULE FLAG OPTION=VALUE … ;` with values bare or in quotes, as Kafka's `JaasConfig` reads
//! them. Exactly one module, as Kafka demands for this property.
//!
//! Promises: an error never shows a value.
//! Does not know: which options a module has.

use std::iter::Peekable;
use std::str::Chars;

use super::error::Wrong;

/// A login module with its options in order.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LoginModule {
    /// The full class name.
    pub(crate) class: String,
    /// The options.
    options: Vec<(String, String)>,
}

impl LoginModule {
    /// Reads the line.
    pub(crate) fn parse(line: &str) -> Result<Self, Wrong> {
        let wrong = |text: &str| Wrong::Jaas(text.to_owned());
        let tokens = tokens(line)?;
        let mut tokens = tokens.into_iter();
        let Some(Token::Word(class)) = tokens.next() else {
            return Err(wrong("expected the class name of a login module"));
        };
        match tokens.next() {
            Some(Token::Word(flag)) if is_control_flag(&flag) => {}
            _ => return Err(wrong("expected `required` after the class name")),
        }
        let mut options = Vec::new();
        loop {
            match tokens.next() {
                Some(Token::End) => break,
                Some(Token::Word(name)) => match (tokens.next(), tokens.next()) {
                    (Some(Token::Equals), Some(Token::Word(value))) => options.push((name, value)),
                    _ => return Err(Wrong::Jaas(format!("expected `{name}=VALUE`"))),
                },
                Some(Token::Equals) => return Err(wrong("expected an option's name before `=`")),
                None => return Err(wrong("expected `;` at the end")),
            }
        }
        match tokens.next() {
            None => Ok(Self { class, options }),
            Some(_) => Err(wrong("expected one login module, got more")),
        }
    }

    /// The class name without its package.
    pub(crate) fn short_name(&self) -> &str {
        self.class.rsplit_once('.').map_or(&self.class, |(_, name)| name)
    }

    /// An option's value.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// An option that this module cannot do without.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Wrong> {
        self.option(name)
            .ok_or_else(|| Wrong::Jaas(format!("{} needs `{name}`", self.short_name())))
    }

    /// The options whose names start so, without that start, in order.
    pub(crate) fn options_after(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.options
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

/// Whether this is one of the four control flags; Kafka takes each as `required`.
fn is_control_flag(word: &str) -> bool {
    ["required", "requisite", "sufficient", "optional"]
        .iter()
        .any(|flag| word.eq_ignore_ascii_case(flag))
}

/// A piece of the line.
#[derive(Clone, PartialEq, Eq)]
enum Token {
    /// A name or a value, without its quotes.
    Word(String),
    /// `=`.
    Equals,
    /// `;`.
    End,
}

/// Cuts the line into pieces, as Java's `StreamTokenizer` does in Kafka's `JaasConfig`.
fn tokens(line: &str) -> Result<Vec<Token>, Wrong> {
    let mut tokens = Vec::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            c if c <= ' ' => {}
            '=' => tokens.push(Token::Equals),
            ';' => tokens.push(Token::End),
            '/' => skip_comment(&mut characters)?,
            '"' | '\'' => {
                let word = quoted(&mut characters, character)
                    .ok_or_else(|| Wrong::Jaas("a quote is not closed".to_owned()))?;
                tokens.push(Token::Word(word));
            }
            first if is_of_word(first) && !first.is_ascii_digit() => {
                let mut word = String::from(first);
                while let Some(next) = characters.next_if(|c| is_of_word(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            _ => {
                let words = "a value that does not begin with a letter, or has more than letters, digits and . _ - $ in it, \
                             needs quotes";
                return Err(Wrong::Jaas(words.to_owned()));
            }
        }
    }
    Ok(tokens)
}

/// Whether a word may hold this character without quotes.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-$".contains(c) || c >= '\u{a0}'
}

/// Skips a comment after its first slash: to `*/` after `/*`, else to the end of the line.
fn skip_comment(characters: &mut Peekable<Chars<'_>>) -> Result<(), Wrong> {
    if characters.next_if_eq(&'*').is_none() {
        while characters.next_if(|c| *c != '\n' && *c != '\r').is_some() {}
        return Ok(());
    }
    let mut before = ' ';
    for character in characters {
        if (before, character) == ('*', '/') {
            return Ok(());
        }
        before = character;
    }
    Err(Wrong::Jaas("a comment is not closed".to_owned()))
}

/// The text up to the closing quote, with the escapes of Java's `StreamTokenizer`; `None` when it
/// is not closed.
fn quoted(characters: &mut Peekable<Chars<'_>>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match characters.next()? {
            end if end == quote => return Some(text),
            '\\' => text.push(match characters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                first @ '0'..='7' => octal(characters, first),
                same => same,
            }),
            other => text.push(other),
        }
    }
}

/// The character of an octal escape: up to three digits, no more than 377.
fn octal(characters: &mut Peekable<Chars<'_>>, first: char) -> char {
    let mut number = first.to_digit(8).unwrap_or_default();
    for _ in 0..if first <= '3' { 2 } else { 1 } {
        let Some(digit) = characters.next_if(|c| c.is_digit(8)) else { break };
        number = number * 8 + digit.to_digit(8).unwrap_or_default();
    }
    char::from_u32(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_bare_and_quoted() {
        let line = r#"org.apache.kafka.common.security.scram.ScramLoginModule required
            username="al ice" password='p;=\'"\\w' tokenauth=false;"#;
        let module = LoginModule::parse(line).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(module.short_name(), "ScramLoginModule");
        assert_eq!(module.option("username"), Some("al ice"));
        assert_eq!(module.option("password"), Some("p;='\"\\w"));
        assert_eq!(module.option("tokenauth"), Some("false"));
        assert_eq!(module.option("nothing"), None);
    }

    #[test]
    fn comments_octal_escapes_and_bare_words_are_those_of_java() {
        let line = r#"// login
            a.PlainLoginModule /* of the team */ required username=al$ice_1
            password="\101\60\4007\'" / the rest is a comment ; x
            ;"#;
        let module = LoginModule::parse(line).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(module.option("username"), Some("al$ice_1"));
        assert_eq!(module.option("password"), Some("A0 07'"));
        for value in ["1234", "a!b", "p@ss", "[x]"] {
            let line = format!("a.PlainLoginModule required password={value};");
            let wrong = LoginModule::parse(&line).err().map(|wrong| wrong.to_string());
            let words = wrong.unwrap_or_default();
            assert!(words.contains("needs quotes") && !words.contains(value), "{value}: {words}");
        }
    }

    #[test]
    fn a_line_that_is_no_login_module_is_refused_without_its_secret() {
        let cases = [
            ("", "expected the class name of a login module"),
            ("a.PlainLoginModule username=\"secret\";", "expected `required` after the class name"),
            ("a.PlainLoginModule required password=\"secret\"", "expected `;` at the end"),
            ("a.PlainLoginModule required password=\"secret;", "a quote is not closed"),
            ("a.PlainLoginModule required password;", "expected `password=VALUE`"),
            ("a.PlainLoginModule required =secret;", "expected an option's name before `=`"),
            ("a.A required; b.B required;", "expected one login module, got more"),
        ];
        for (line, expected) in cases {
            let Err(wrong) = LoginModule::parse(line) else {
                panic!("`{line}` is no login module")
            };
            assert_eq!(wrong.to_string(), format!("`sasl.jaas.config`: {expected}"), "{line}");
        }
    }
}
