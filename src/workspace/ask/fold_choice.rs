//! Which fold makes states of events: a built-in one or a script, named on the command line or in
//! `foldback.toml`.
//!
//! Promises: a script is read and understood before anything is asked of a cluster; what is wrong
//! with it is said with file, line and column.
//! Does not know: which events the fold is given.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::fold::{self, Fold, JavaScriptFold, Program};
use crate::kafka::read_small_text;
use crate::workspace::{Config, EntityConfig, Failure, FoldConfig};

/// The fold where nothing names one.
const DEFAULT_FOLD: &str = "merge";

/// How the names of scripts end.
const SCRIPT_ENDINGS: [&str; 3] = [".js", ".mjs", ".cjs"];

/// Reads a script.
///
/// # Errors
/// `Usage` when it cannot be read, and what is wrong with it.
pub fn program_in(file: &Path) -> Result<Program, Failure> {
    program_called(&file.display().to_string(), file)
}

/// Reads a script that messages call by this name.
fn program_called(name: &str, file: &Path) -> Result<Program, Failure> {
    let source = read_small_text(file).map_err(|error| Failure::usage_error(&error))?;
    Program::read(name, &source).map_err(|fault| Failure::usage_error(&fault))
}

/// The built-in fold of this name, or that of the script with this path.
///
/// # Errors
/// `Usage` when there is none, or with what is wrong with the script.
pub fn fold_named(name: &str, config: Option<&Config>) -> Result<Arc<dyn Fold>, Failure> {
    if let Some(fold) = fold::builtin(name) {
        return Ok(fold);
    }
    if !is_script(name) {
        let known = fold::BUILTIN_NAMES.join(", ");
        return Err(Failure::usage(format!("unknown fold `{name}`"))
            .with_hint(format!("there is: {known}, or a script such as order.js")));
    }
    Ok(script_fold(program_in(Path::new(name))?, config))
}

/// The fold that `foldback.toml` names for the first of these topics that has one, else `merge`.
///
/// # Errors
/// `Usage` with what is wrong with the script that it names.
pub fn default_fold(
    topics: &[Arc<str>],
    config: Option<&Config>,
) -> Result<Arc<dyn Fold>, Failure> {
    let choice = config.and_then(|config| {
        let fold = |topic: &Arc<str>| config.entity_of_topic(topic)?.fold.as_ref();
        topics.iter().find_map(fold).map(|fold| (config, fold))
    });
    match choice {
        Some((config, fold)) => fold_of(fold, config),
        None => fold_named(DEFAULT_FOLD, config),
    }
}

/// A fold that `foldback.toml` names.
///
/// # Errors
/// `Usage` with what is wrong with the script that it names.
pub(super) fn fold_of(fold: &FoldConfig, config: &Config) -> Result<Arc<dyn Fold>, Failure> {
    match fold {
        FoldConfig::Builtin(name) => fold_named(name, Some(config)),
        FoldConfig::Code(file) => {
            // As it stands in the file, which is what a reader knows it by.
            let name = file.strip_prefix(config.folder()).unwrap_or(file);
            let program = program_called(&name.display().to_string(), file)?;
            Ok(script_fold(program, Some(config)))
        }
    }
}

/// Whether a name is that of a script.
pub(in crate::workspace) fn is_script(name: &str) -> bool {
    SCRIPT_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The category of each topic's streams, where `foldback.toml` puts it into another than its own.
pub(in crate::workspace) fn categories(config: Option<&Config>) -> HashMap<Arc<str>, Arc<str>> {
    let of_entity = |entity: &EntityConfig| -> Vec<(Arc<str>, Arc<str>)> {
        let category = |topic: &String| (topic.as_str().into(), entity.name.as_str().into());
        entity.topics.iter().map(category).collect()
    };
    let entities = config.map(Config::entities).unwrap_or_default();
    entities.iter().flat_map(of_entity).collect()
}

/// The fold of a script, the streams of each topic being of the category that `foldback.toml` puts
/// it into.
fn script_fold(program: Program, config: Option<&Config>) -> Arc<dyn Fold> {
    Arc::new(JavaScriptFold::new(program, categories(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Permissions;

    #[test]
    fn what_is_no_fold_is_refused_with_what_there_is() {
        let failure = fold_named("sum", None).unwrap_err();
        assert_eq!(failure.problem.what, "unknown fold `sum`");
        assert!(failure.problem.hint.is_some_and(|hint| hint.contains("merge, last, debezium")));
        let missing = fold_named("no-such-file.js", None).unwrap_err();
        assert!(missing.problem.what.contains("no-such-file.js"), "{missing:?}");
    }

    #[test]
    fn a_script_of_the_workspace_is_called_as_it_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
        write(
            "foldback.toml",
            "[entity.order]\ntopics = [\"orders\"]\n[entity.order.fold]\ncode = \"order.js\"\n",
        );
        write("order.js", "fromCategory('order').when({ $any: (s, e) => e.category })");
        let path = folder.path().join("foldback.toml");
        let config = Config::load(&path, Permissions::default()).unwrap();
        let fold = default_fold(&["payments".into(), "orders".into()], Some(&config)).unwrap();
        assert_eq!(fold.name(), "order.js");
        let none = default_fold(&["payments".into()], Some(&config)).unwrap();
        assert_eq!(none.name(), "merge");
        write("order.js", "fromAll().when({\n  A: (s, e) => { s. }\n})");
        let failure = default_fold(&["orders".into()], Some(&config)).unwrap_err();
        assert!(failure.problem.what.starts_with("order.js:2:"), "{}", failure.problem.what);
        assert!(failure.problem.what.contains("SyntaxError"), "{}", failure.problem.what);
    }
}
