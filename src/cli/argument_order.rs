//! Options before the command, moved behind it.
//!
//! An option for every command may stand on either side of the command. The parser looks at each
//! side by itself: left there, what stands on one side would neither contradict what stands on the
//! other nor be added to it, but be dropped without a word.
//!
//! Promises: the same words in another order; words that it does not know are left where they are,
//! for the parser to refuse.
//! Does not know: what the options mean.

use std::ffi::OsString;

use clap::Command;

/// These arguments, the first of which is the program's name, with the options before the command
/// behind it.
pub(super) fn options_behind_command(arguments: Vec<OsString>, root: &Command) -> Vec<OsString> {
    let Some((first, command)) = find_command(&arguments, root) else { return arguments };
    let mut last = first;
    let mut innermost = command;
    while let Some(inner) = subcommand(arguments.get(last + 1), innermost) {
        (last, innermost) = (last + 1, inner);
    }
    let (program, rest) = arguments.split_at(1);
    let (options, rest) = rest.split_at(first - 1);
    let (commands, rest) = rest.split_at(last + 1 - first);
    [program, commands, options, rest].concat()
}

/// Where the command stands; `None` where there is none, or something before it is not known.
fn find_command<'c>(arguments: &[OsString], root: &'c Command) -> Option<(usize, &'c Command)> {
    let mut at = 1;
    loop {
        let word = arguments.get(at)?.to_str()?;
        if !word.starts_with('-') {
            return Some((at, subcommand(arguments.get(at), root)?));
        }
        let takes_next = if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
            let option = root.get_arguments().find(|known| known.get_long() == Some(name))?;
            option.get_action().takes_values() && value.is_none()
        } else {
            let mut letters = word.chars().skip(1);
            let name = letters.next()?;
            let option = root.get_arguments().find(|known| known.get_short() == Some(name))?;
            option.get_action().takes_values() && letters.next().is_none()
        };
        at += 1 + usize::from(takes_next);
    }
}

/// The command that a word names.
fn subcommand<'c>(word: Option<&OsString>, command: &'c Command) -> Option<&'c Command> {
    command.find_subcommand(word?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;

    /// These words after the program's name, in the order that the parser is given.
    fn ordered(words: &str) -> String {
        let words = words.split(' ').map(OsString::from);
        let arguments = std::iter::once(OsString::from("foldback")).chain(words).collect();
        let ordered = options_behind_command(arguments, &Arguments::command());
        let words: Vec<&str> = ordered.iter().skip(1).map(|word| word.to_str().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn options_before_the_command_are_read_as_if_they_stood_behind_it() {
        for (given, expected) in [
            ("--config f topics --brokers b", "topics --config f --brokers b"),
            ("-X a=1 --json topics -X b=2", "topics -X a=1 --json -X b=2"),
            ("-Xa=1 --brokers=b topics t", "topics -Xa=1 --brokers=b t"),
            ("--brokers b bench scan --topic t", "bench scan --brokers b --topic t"),
            ("--brokers topics topics", "topics --brokers topics"),
        ] {
            assert_eq!(ordered(given), expected);
        }
    }

    #[test]
    fn what_is_not_known_stays_where_it_is() {
        for given in
            ["topics --json", "--json", "--nonsense topics", "-- topics", "nonsense --json"]
        {
            assert_eq!(ordered(given), given);
        }
    }
}
