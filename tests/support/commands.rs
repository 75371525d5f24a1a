//! The commands of the program, as its own parser knows them, and questions of each with every
//! option it has.
//!
//! Promises: a command or an option without an example makes the test fail that asks for them, with
//! the place where the example belongs.
//! Does not know: what they answer.

use clap::{Command, CommandFactory as _};
use foldback::cli::Arguments;

/// What every question of a command has: the words of the command, and the names of arguments.
const ALWAYS: &[(&str, &[&str])] = &[
    ("topics", &[]),
    ("scan", &["topics"]),
    ("index", &["topics"]),
    ("cache", &[]),
    ("entities", &["topics"]),
    ("types", &["topics"]),
    ("mapping", &["topics"]),
    ("history", &["topics", "entity"]),
    ("state", &["topics", "entity"]),
    ("diff", &["topics", "entity", "from", "to"]),
    ("blame", &["topics", "entity"]),
    ("save history", &["topics", "entity", "out", "force"]),
    ("save states", &["topics", "entity", "out", "force"]),
    ("save state", &["topics", "entity", "out", "force"]),
    ("save diff", &["topics", "entity", "from", "to", "out", "force"]),
    ("save records", &["topics", "out", "force"]),
    ("project", &["file", "topics"]),
    ("compare", &["a", "b", "topics"]),
    ("sandbox", &["projection", "topics", "fault", "consumer"]),
    ("test", &["path"]),
    ("groups", &[]),
    ("diagnose", &["topics", "store", "query", "all"]),
    ("doctor", &[]),
    ("bench scan", &["topics"]),
    ("bench index", &["topic"]),
    ("bench lookup", &["topic", "lookups"]),
    ("bench histogram", &["topic", "times"]),
    ("bench topics", &["times"]),
    ("bench fold", &["events", "cuts"]),
    ("bench frames", &["events", "lanes", "frames"]),
];

/// How an argument is written: the words of its command, or `-` for every other one that has it;
/// its name; and the words. They ask for the topic `orders` and the key `order-1`.
const WRITTEN: &[(&str, &str, &[&str])] = &[
    ("-", "a", &["sum.js"]),
    ("-", "all", &["--all"]),
    ("project", "at", &["--at", "2026-01-01T00:00:00.020Z"]),
    ("compare", "at", &["--at", "2026-01-01T00:00:00.020Z"]),
    ("-", "at", &["--at", "v2"]),
    ("-", "b", &["sum.js"]),
    ("-", "cache_dir", &["--cache-dir", "elsewhere"]),
    ("-", "cache_size", &["--cache-size", "1"]),
    ("-", "clear", &["--clear"]),
    ("-", "clock", &["--clock", "event"]),
    ("-", "consumer", &["--consumer", "all"]),
    ("-", "contains", &["--contains", "order"]),
    ("-", "count", &["--count"]),
    ("-", "cuts", &["--cuts", "5"]),
    ("-", "dead_letters", &["--dead-letters", "orders"]),
    ("-", "decide_anew", &["--decide-anew"]),
    ("-", "entities", &["--entity", "order-1"]),
    ("-", "entity", &["order-1"]),
    ("-", "events", &["--events", "50"]),
    ("-", "exact_numbers", &["--exact-numbers"]),
    ("-", "fault", &["--fault", "F1,F2"]),
    ("-", "fields", &["--field", "/n=n"]),
    ("-", "file", &["sum.js"]),
    ("-", "filter", &["--where", "value.n > 3"]),
    ("-", "fold", &["--fold", "last"]),
    ("-", "follow", &["--follow", "--limit", "2"]),
    ("-", "force", &["--force"]),
    ("-", "format", &["--format", "csv"]),
    ("-", "frames", &["--frames", "2"]),
    ("diff", "from", &["--from", "v1"]),
    ("save diff", "from", &["--from", "v1"]),
    ("-", "from", &["--from", "2026-01-01T00:00:00.005Z"]),
    ("-", "generated", &["--generated", "200"]),
    ("diagnose", "group", &["--group", "somebody"]),
    ("-", "group", &["somebody"]),
    ("-", "id", &["--id", "{entity}"]),
    ("-", "ignore", &["--ignore", "n"]),
    ("-", "index", &["--index", "rows"]),
    ("-", "isolation", &["--isolation", "uncommitted"]),
    ("-", "json", &["--json"]),
    ("-", "junit", &["--junit", "report.xml"]),
    ("diagnose", "key", &["--key", "row:{entity}"]),
    ("-", "key", &["--key", "order-1"]),
    ("-", "key_base64", &["--key-base64", "b3JkZXItMQ=="]),
    ("-", "key_contains", &["--key-contains", "order"]),
    ("-", "lanes", &["--lanes", "2"]),
    ("-", "limit", &["--limit", "2"]),
    ("-", "log", &["--log"]),
    ("-", "lookups", &["--lookups", "2"]),
    ("-", "most_per_second", &["--most-per-second", "1000000"]),
    ("-", "newest_first", &["--newest-first"]),
    ("-", "no_cache", &["--no-cache"]),
    ("-", "order", &["--order", "event"]),
    ("-", "order_b", &["--order-b", "seed:2"]),
    ("-", "out", &["--out", "answer.jsonl"]),
    ("-", "partitions", &["--partition", "0", "--partition", "1", "--partition", "2"]),
    ("-", "path", &["--path", "/n"]),
    ("test", "path", &["fixtures"]),
    ("-", "projection", &["sum.js"]),
    ("-", "query", &["--query", "select 1 as n where $1 = 'order-1'"]),
    ("-", "read_model", &["rows"]),
    ("-", "repair", &["--repair"]),
    ("-", "require_complete", &["--require-complete"]),
    ("-", "runs", &["--runs", "2"]),
    ("-", "sample", &["--sample", "2"]),
    ("-", "save", &["--save", "saved"]),
    ("-", "schedule", &["--schedule", "schedule.json"]),
    ("-", "seed", &["--seed", "2"]),
    ("-", "store", &["--store", "sqlite:rows.db"]),
    ("-", "stay_open", &["--stay-open"]),
    ("diff", "to", &["--to", "end"]),
    ("save diff", "to", &["--to", "end"]),
    ("-", "times", &["--times", "2"]),
    ("-", "to", &["--to", "0:3"]),
    ("-", "top", &["--top", "2"]),
    ("topics", "topic", &["orders"]),
    ("bench topics", "generated", &["--generated", "3"]),
    ("bench frames", "topic", &["--topic"]),
    ("-", "topic", &["--topic", "orders"]),
    ("-", "topics", &["--topic", "orders"]),
    ("-", "types", &["--types"]),
    ("-", "unordered", &["--unordered"]),
    ("-", "update", &["--update"]),
    ("-", "verify", &["--verify"]),
    ("-", "was", &["--was", "sum.js"]),
    ("-", "without_values", &["--without-values"]),
    ("-", "workers", &["--workers", "2"]),
];

/// Arguments that name the cluster or what may be used to name it, and those that end a command
/// before it asks.
const ELSEWHERE: [&str; 8] =
    ["brokers", "connection", "config", "properties", "workspace", "allow_env", "help", "version"];

/// Commands that are no questions: one writes, to a cluster of its own; one opens the window.
const NO_QUESTIONS: [&str; 2] = ["demo", "open"];

/// A command of the program, or a group of them.
pub(crate) struct Known {
    /// Its words, one after another; none for the program itself.
    pub(crate) words: Vec<String>,
    /// What the parser knows of it.
    command: Command,
}

/// Every command and every group of commands, the program itself first.
pub(crate) fn every_command() -> Vec<Known> {
    let mut program = Arguments::command();
    program.build();
    let mut found = vec![Known { words: Vec::new(), command: program }];
    let mut next = 0;
    while let Some(Known { words, command }) = found.get(next) {
        let own = command.get_subcommands().filter(|below| below.get_name() != "help");
        let below = own.map(|below| Known {
            words: [&words[..], &[below.get_name().to_owned()]].concat(),
            command: below.clone(),
        });
        let below: Vec<Known> = below.collect();
        found.extend(below);
        next += 1;
    }
    found
}

/// Questions of every command that reads: as short as can be, with each of its options alone, and
/// with as many at once as go together.
pub(crate) fn every_question() -> Vec<Vec<String>> {
    let all = every_command();
    let reads = |known: &&Known| {
        !known.command.has_subcommands()
            && known.words.first().is_some_and(|word| !NO_QUESTIONS.contains(&word.as_str()))
    };
    all.iter().filter(reads).flat_map(Known::questions).collect()
}

impl Known {
    /// The questions of this command.
    fn questions(&self) -> Vec<Vec<String>> {
        let name = self.words.join(" ");
        let always = ALWAYS.iter().find(|(known, _)| *known == name);
        let (_, always) = always.unwrap_or_else(|| {
            panic!("`foldback {name}` has no questions in tests/support/commands.rs")
        });
        let arguments = self.command.get_arguments().map(|it| it.get_id().as_str());
        let mut options: Vec<&str> =
            arguments.filter(|id| !ELSEWHERE.contains(id) && !always.contains(id)).collect();
        let mut questions = vec![always.to_vec()];
        questions.extend(options.iter().map(|option| self.with(always.to_vec(), option)));
        for _ in 0..2 {
            questions.push(options.iter().fold(always.to_vec(), |asked, option| {
                let more = self.with(asked.clone(), option);
                if more.len() > asked.len() { more } else { asked }
            }));
            options.reverse();
        }
        questions.sort_unstable();
        questions.dedup();
        let line = |ids: Vec<&str>| {
            let words = ids.iter().flat_map(|id| written(&name, id)).map(|word| (*word).to_owned());
            self.words.iter().cloned().chain(words).collect()
        };
        questions.into_iter().map(line).collect()
    }

    /// The arguments with one more, which takes the place of what does not go together with it.
    fn with<'c>(&'c self, mut asked: Vec<&'c str>, option: &'c str) -> Vec<&'c str> {
        asked.retain(|other| !self.clash(other, option));
        asked.push(option);
        asked
    }

    /// Whether two arguments exclude each other, or are written with the same word.
    fn clash(&self, one: &str, other: &str) -> bool {
        let name = self.words.join(" ");
        let excludes = |one: &str, other: &str| {
            let of = self.command.get_arguments().find(|it| it.get_id() == one);
            let excluded = of.map(|it| self.command.get_arg_conflicts_with(it));
            excluded.into_iter().flatten().any(|it| it.get_id() == other)
        };
        let same = |word: &&&str| word.starts_with('-') && written(&name, other).contains(word);
        excludes(one, other)
            || excludes(other, one)
            || written(&name, one).iter().any(|word| same(&word))
    }
}

/// How an argument of a command is written.
fn written(command: &str, id: &str) -> &'static [&'static str] {
    let of = |command: &str| WRITTEN.iter().find(|(of, known, _)| (*of, *known) == (command, id));
    let found = of(command).or_else(|| of("-"));
    let place = "tests/support/commands.rs";
    found.unwrap_or_else(|| panic!("`{id}` of `foldback {command}` is not written in {place}")).2
}
