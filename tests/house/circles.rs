//! The rule against circles: a file that needs another is not needed by it, not even through
//! others.
//!
//! Promises: a name is followed through imports, re-exports and globs to the file that defines it,
//! so that a facade neither hides nor makes a circle. A file and those in its own folder may know
//! each other.
//! Does not know: method calls, macros, and code for tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{SourceFile, Violation, sources};

/// The names from the root of the crate to a module.
type ModulePath = Vec<String>;

/// How often an import may lead to another one before it is given up.
const IMPORTS_AT_MOST: usize = 16;

/// A name that a file needs.
struct Need {
    /// The module that it is needed in.
    module: ModulePath,
    /// The path as it is written.
    path: Vec<String>,
    /// The line, from 1.
    line: usize,
}

/// A module: a file, or a part of one.
#[derive(Default)]
struct Module {
    /// The number of the file.
    file: usize,
    /// What it defines itself.
    items: BTreeSet<String>,
    /// What it imports: the name it has here, and the path.
    imports: BTreeMap<String, Vec<String>>,
    /// The paths that all names are imported of.
    globs: Vec<Vec<String>>,
}

/// What a path leads to.
enum Found {
    /// A module.
    Module(ModulePath),
    /// Something that this file defines.
    Item(usize),
}

/// All modules of a crate, and what they need.
#[derive(Default)]
struct Modules {
    /// The modules by their paths.
    modules: BTreeMap<ModulePath, Module>,
    /// What is needed, with the number of the file.
    needs: Vec<(usize, Need)>,
}

impl Modules {
    /// The modules of these files.
    fn of(files: &[SourceFile]) -> Self {
        let mut found = Self::default();
        for (number, file) in files.iter().enumerate() {
            if let Some(path) = module_path(&file.path) {
                Reader { file, number, found: &mut found }.read(path);
            }
        }
        found
    }

    /// What a path leads to, seen from a module; nothing where it leads out of the crate.
    fn resolve(&self, from: &[String], path: &[String], imports_left: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let imports_left = imports_left.checked_sub(1)?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (from.to_vec(), rest),
            "super" => (from.split_last()?.1.to_vec(), rest),
            _ => (from.to_vec(), path),
        };
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                at.pop()?;
                rest = after;
                continue;
            }
            let module = self.modules.get(&at)?;
            let child: ModulePath = at.iter().chain([name]).cloned().collect();
            let is_module = self.modules.contains_key(&child);
            let import = module.imports.get(name).filter(|import| {
                // `use a::a` next to `mod a`: the longer path goes through the module.
                !(is_module && (!after.is_empty() || import.first() == Some(name)))
            });
            let is_last = after.is_empty();
            if module.items.contains(name) && (is_last || !is_module) {
                return Some(Found::Item(module.file));
            }
            let next = match import {
                Some(import) => self.resolve(&at, import, imports_left),
                None if is_module => Some(Found::Module(child)),
                None => module.globs.iter().find_map(|glob| {
                    let inside: Vec<String> = glob.iter().chain([name]).cloned().collect();
                    self.resolve(&at, &inside, imports_left)
                }),
            };
            match next? {
                Found::Module(path) => at = path,
                item @ Found::Item(_) => return Some(item),
            }
            rest = after;
        }
        Some(Found::Module(at))
    }

    /// Which file needs which, and the first line that does. Files and their own folders are left
    /// out.
    fn arrows(&self) -> BTreeMap<(usize, usize), usize> {
        let mut arrows = BTreeMap::new();
        let homes: BTreeMap<usize, &ModulePath> =
            self.modules.iter().rev().map(|(path, module)| (module.file, path)).collect();
        for (file, need) in &self.needs {
            let Some(Found::Item(used)) = self.resolve(&need.module, &need.path, IMPORTS_AT_MOST)
            else {
                continue;
            };
            let (own, other) = (homes[file], homes[&used]);
            let is_parent = |parent: &ModulePath, child: &ModulePath| {
                child.split_last().is_some_and(|(_, folder)| folder == parent)
            };
            if own != other && !is_parent(own, other) && !is_parent(other, own) {
                arrows.entry((*file, used)).or_insert(need.line);
            }
        }
        arrows
    }
}

/// The module that a file is; nothing for one that is no part of the library.
fn module_path(path: &str) -> Option<ModulePath> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let names = inside.split('/').filter(|name| !["mod", "lib"].contains(name));
    (inside != "main").then(|| names.map(str::to_owned).collect())
}

/// Reads the modules of a file.
struct Reader<'a> {
    /// The file.
    file: &'a SourceFile,
    /// Its number.
    number: usize,
    /// Where what is found goes.
    found: &'a mut Modules,
}

impl Reader<'_> {
    /// Reads all of the file.
    fn read(&mut self, path: ModulePath) {
        // The modules that are open, with how many brackets were open before each.
        let mut open: Vec<(ModulePath, usize)> = vec![(path, 0)];
        let mut depth = 0;
        let mut index = 0;
        self.module(&open);
        while index < self.file.tokens.len() {
            let is_module_level = open.last().is_some_and(|(_, outside)| *outside == depth);
            match self.file.token(index) {
                "#" if self.is_for_tests(index) => {
                    index = self.end_of_item(index + 7);
                    continue;
                }
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if open.last().is_some_and(|(_, outside)| *outside > depth) {
                        open.pop();
                    }
                }
                "mod" if is_module_level && self.file.token(index + 2) == "{" => {
                    let (parent, _) = open.last().expect("the file itself is open");
                    let name = self.file.token(index + 1).to_owned();
                    let path = parent.iter().cloned().chain([name]).collect();
                    depth += 1;
                    open.push((path, depth));
                    self.module(&open);
                    index += 2;
                }
                "use" if self.file.token(index + 1) != "<" => {
                    index = self.read_use(index, &open, is_module_level);
                }
                "struct" | "enum" | "union" | "trait" | "fn" | "type" | "const" | "static"
                    if is_module_level =>
                {
                    let name = self.file.token(index + 1).to_owned();
                    self.module(&open).items.insert(name);
                }
                _ => index = self.read_path(index, &open),
            }
            index += 1;
        }
    }

    /// The innermost open module.
    fn module(&mut self, open: &[(ModulePath, usize)]) -> &mut Module {
        let (path, _) = open.last().expect("the file itself is open");
        let file = self.number;
        let new = || Module { file, ..Module::default() };
        self.found.modules.entry(path.clone()).or_insert_with(new)
    }

    /// Whether `#[cfg(test)]` stands here.
    fn is_for_tests(&self, index: usize) -> bool {
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        attribute.iter().zip(index..).all(|(piece, at)| self.file.token(at) == *piece)
    }

    /// The index after the item that starts here.
    fn end_of_item(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut is_use = false;
        for index in start..self.file.tokens.len() {
            match self.file.token(index) {
                "use" => is_use = true,
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && !is_use && self.file.token(index) == "}" {
                        return index + 1;
                    }
                }
                ";" if depth == 0 => return index + 1,
                _ => {}
            }
        }
        self.file.tokens.len()
    }

    /// Reads an import, whose last index it gives. A re-export needs nothing: it gives a name to
    /// others.
    fn read_use(&mut self, start: usize, open: &[(ModulePath, usize)], keep: bool) -> usize {
        let mut paths = Vec::new();
        let end = self.read_tree(start + 1, &[], &mut paths);
        let is_public = ["pub", ")"].contains(&self.file.token(start.wrapping_sub(1)));
        let line = self.file.tokens[start].line;
        for (path, name) in paths {
            if keep {
                let module = self.module(open);
                match &name {
                    Some(name) => drop(module.imports.insert(name.clone(), path.clone())),
                    None => module.globs.push(path.clone()),
                }
            }
            if !is_public && name.is_some() {
                self.need(open, path, line);
            }
        }
        end
    }

    /// Reads a tree of imports: the paths with the names they get here, none for all names. Gives
    /// the index after it.
    fn read_tree(
        &self,
        start: usize,
        before: &[String],
        paths: &mut Vec<(Vec<String>, Option<String>)>,
    ) -> usize {
        let mut path = before.to_vec();
        let mut index = start;
        loop {
            match self.file.token(index) {
                ":" => index += 1,
                "{" => {
                    index += 1;
                    while !["}", ""].contains(&self.file.token(index)) {
                        index = self.read_tree(index, &path, paths);
                        index += usize::from(self.file.token(index) == ",");
                    }
                    return index + 1;
                }
                "*" => {
                    paths.push((path, None));
                    return index + 1;
                }
                "as" => {
                    paths.push((path, Some(self.file.token(index + 1).to_owned())));
                    return index + 2;
                }
                "," | "}" | ";" | "" => {
                    if path.last().is_some_and(|name| name == "self") && path.len() > 1 {
                        path.pop();
                    }
                    let name = path.last().cloned();
                    paths.push((path, name));
                    return index;
                }
                name => {
                    path.push(name.to_owned());
                    index += 1;
                }
            }
        }
    }

    /// Reads a path of at least two names, if one starts here; gives its last index.
    fn read_path(&mut self, start: usize, open: &[(ModulePath, usize)]) -> usize {
        let is_name = |at: usize| {
            self.file.token(at).starts_with(|first: char| first.is_alphabetic() || first == '_')
        };
        let is_joined = |at: usize| self.file.token(at) == ":" && self.file.token(at + 1) == ":";
        let is_inside = start >= 2 && is_joined(start - 2);
        if !is_name(start) || is_inside || !is_joined(start + 1) {
            return start;
        }
        let mut path = vec![self.file.token(start).to_owned()];
        let mut index = start;
        while is_joined(index + 1) && is_name(index + 3) {
            index += 3;
            path.push(self.file.token(index).to_owned());
        }
        self.need(open, path, self.file.tokens[start].line);
        index
    }

    /// Notes that the innermost open module needs this.
    fn need(&mut self, open: &[(ModulePath, usize)], path: Vec<String>, line: usize) {
        let (module, _) = open.last().expect("the file itself is open");
        self.found.needs.push((self.number, Need { module: module.clone(), path, line }));
    }
}

/// The files that need each other, with the lines that make the circle.
fn circles(files: &[SourceFile]) -> Vec<Violation> {
    let arrows = Modules::of(files).arrows();
    let mut reached: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        reached.entry(*from).or_default().insert(*to);
    }
    let direct = reached.clone();
    let reach_from = |start: usize| {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![start];
        while let Some(next) = waiting.pop() {
            let new = direct.get(&next).into_iter().flatten().filter(|to| seen.insert(**to));
            waiting.extend(new.copied().collect::<Vec<_>>());
        }
        seen
    };
    let reach: BTreeMap<usize, BTreeSet<usize>> =
        direct.keys().map(|file| (*file, reach_from(*file))).collect();
    let is_back = |(from, to): &(usize, usize)| reach.get(to).is_some_and(|all| all.contains(from));
    let in_circles = arrows.iter().filter(|(arrow, _)| is_back(arrow));
    in_circles
        .map(|((from, to), line)| {
            files[*from].at(*line, &format!("needs {}, which needs it", files[*to].path))
        })
        .collect()
}

/// The circles of files of these texts.
fn circles_of(texts: &[(&str, &str)]) -> Vec<Violation> {
    let root = ("src/lib.rs", "mod a;");
    let texts = texts.iter().chain([&root]);
    let files: Vec<SourceFile> = texts.map(|(path, text)| SourceFile::new(path, text)).collect();
    circles(&files)
}

#[test]
fn no_files_need_each_other_but_a_file_and_its_own_folder() {
    let violations = circles(&sources());
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn a_circle_of_files_is_found() {
    let head = "mod b; mod c; mod d; pub use b::B; pub use c::*; pub struct A;";
    let direct = [
        ("src/a/mod.rs", head),
        ("src/a/b.rs", "\nuse super::c::C;\npub struct B;"),
        ("src/a/c.rs", "pub struct C(crate::a::b::B);"),
    ];
    assert_eq!(
        circles_of(&direct),
        [
            "src/a/b.rs:2: needs src/a/c.rs, which needs it",
            "src/a/c.rs:1: needs src/a/b.rs, which needs it"
        ]
    );
    let through_a_facade = [
        ("src/a/mod.rs", head),
        ("src/a/b.rs", "use crate::a::{self, A}; pub struct B; fn f() -> a::C {}"),
        ("src/a/c.rs", "use super::*; mod d { pub struct D(super::B); } pub struct C(d::D);"),
    ];
    assert_eq!(circles_of(&through_a_facade).len(), 2);
    let through_others = [
        ("src/a/mod.rs", head),
        ("src/a/b.rs", "use super::C as Other; pub struct B;"),
        ("src/a/c.rs", "use super::d::{D}; pub struct C;"),
        ("src/a/d.rs", "pub struct D; fn f() { let b = super::B; }"),
    ];
    assert_eq!(circles_of(&through_others).len(), 3);
}

#[test]
fn what_is_no_circle_passes() {
    let head = "mod b; mod c; pub use b::B; pub use c::{C, c}; pub struct A(B);";
    let parent_and_child = [
        ("src/a/mod.rs", head),
        ("src/a/b.rs", "use super::{A, c}; pub struct B; mod own; fn f() { c(own::f) }"),
        ("src/a/b/own.rs", "use crate::a::B; pub fn f(a: super::super::A) {}"),
        (
            "src/a/c.rs",
            "pub fn c() {} pub struct C;\n#[cfg(test)]\nmod tests { use super::super::B; }",
        ),
    ];
    assert_eq!(circles_of(&parent_and_child), Vec::<String>::new());
    let names_of_the_outside = [
        ("src/a/mod.rs", "mod b; mod c;"),
        ("src/a/b.rs", "use std::fmt; use super::c::C; fn f() -> fmt::Result {}"),
        ("src/a/c.rs", "pub use super::b::x; pub struct C; // super::b::B\n"),
    ];
    assert_eq!(circles_of(&names_of_the_outside), Vec::<String>::new());
}
