//! The graph of source files, read from their paths (`use`, `crate::`, `super::`), and its circles.
//!
//! A plain reading of tokens, not a compiler's: a file depends on the defining file of each item in its paths and imports. A
//! path through a module's re-exports (`pub use`) leads to the defining file, and a re-export is no dependency of the
//! re-exporting file; a module named alone (`use super::lines`) is no dependency until an item of it is named (`lines::read`).
//! Method calls and glob imports of anything but re-exports are not seen, nor is `mod x;`, since every parent names its
//! children.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path as written, or the absolute path of a module.
type Segments = Vec<String>;

/// A source file with its imported names.
struct Module {
    file: String,
    /// The absolute path of each imported name.
    imports: BTreeMap<String, Segments>,
    /// The re-exports (`pub use`).
    handed_on: BTreeSet<String>,
    /// The paths of its glob imports.
    globs: Vec<Segments>,
    /// Every path written in it.
    paths: Vec<Segments>,
}

/// The circles among the files: sets of mutually dependent files.
pub(super) fn circles(files: &[(PathBuf, String)]) -> Vec<BTreeSet<String>> {
    let mut modules: BTreeMap<Segments, Module> = BTreeMap::new();
    let names: BTreeSet<Segments> = files.iter().map(|(path, _)| module_path(path)).collect();
    for (path, text) in files {
        let here = module_path(path);
        let mut module = Module {
            file: path.display().to_string(),
            imports: BTreeMap::new(),
            handed_on: BTreeSet::new(),
            globs: Vec::new(),
            paths: Vec::new(),
        };
        read(text.parse().expect("Rust"), &here, &names, &mut module);
        modules.insert(here, module);
    }
    let mut edges: BTreeMap<&Segments, BTreeSet<&Segments>> = BTreeMap::new();
    for (here, module) in &modules {
        let own = |(name, _): &(&String, &Segments)| !module.handed_on.contains(*name);
        let imported = module.imports.iter().filter(own).map(|(_, path)| path);
        let written = module.paths.iter().filter_map(|path| absolute(path, here, &names, Some(&module.imports)));
        let all = imported.cloned().chain(written).collect::<BTreeSet<_>>();
        let to = all.iter().filter_map(|path| defining(path, &modules, 0)).filter(|to| *to != here);
        edges.insert(here, to.collect());
    }
    let reach: BTreeMap<&Segments, BTreeSet<&Segments>> =
        edges.keys().map(|from| (*from, reached(from, &edges))).collect();
    let mut circles = BTreeSet::new();
    for (from, to) in &reach {
        let circle: BTreeSet<String> = to
            .iter()
            .filter(|other| reach.get(*other).is_some_and(|back| back.contains(from)))
            .filter_map(|other| modules.get(*other).map(|module| module.file.clone()))
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The files reachable from a file along dependencies.
fn reached<'a>(from: &'a Segments, edges: &BTreeMap<&'a Segments, BTreeSet<&'a Segments>>) -> BTreeSet<&'a Segments> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        open.extend(edges.get(next).into_iter().flatten().filter(|to| found.insert(**to)));
    }
    found
}

/// `store/database/lock.rs` as `["store", "database", "lock"]`.
fn module_path(path: &Path) -> Segments {
    let mut parts: Segments = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// Reads the imports and the paths of a stream of tokens.
fn read(tokens: TokenStream, here: &Segments, names: &BTreeSet<Segments>, module: &mut Module) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(ident) if ident == "use" => {
                let before = |by: usize| at.checked_sub(by).and_then(|at| tokens.get(at)).map(ToString::to_string);
                let is_public = (1..=2).any(|by| before(by).as_deref() == Some("pub"));
                at += 1;
                let mut leaves = Vec::new();
                at += tree(tokens.get(at..).unwrap_or_default(), &Vec::new(), &mut leaves);
                for (path, name) in leaves {
                    let Some(path) = absolute(&path, here, names, None) else { continue };
                    match name.as_str() {
                        "*" => module.globs.push(path),
                        name => {
                            if is_public {
                                module.handed_on.insert(name.to_owned());
                            }
                            module.imports.insert(name.to_owned(), path);
                        }
                    }
                }
            }
            TokenTree::Ident(ident) => {
                let mut path = vec![ident.to_string()];
                while is_colons(&tokens, at + 1)
                    && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
                {
                    path.push(next.to_string());
                    at += 3;
                }
                at += 1;
                if path.len() > 1 {
                    module.paths.push(path);
                }
            }
            TokenTree::Group(group) => {
                read(group.stream(), here, names, module);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// True at a `::`.
fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// Reads one tree of a `use`: each path with its name. Returns the number of its tokens.
fn tree(tokens: &[TokenTree], prefix: &Segments, leaves: &mut Vec<(Segments, String)>) -> usize {
    let mut path = prefix.clone();
    let mut name = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(ident) if ident == "as" => {
                name = tokens.get(at + 1).map(ToString::to_string);
                at += 1;
            }
            TokenTree::Ident(ident) => path.push(ident.to_string()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut from = 0;
                while from < inner.len() {
                    from += tree(inner.get(from..).unwrap_or_default(), &path, leaves) + 1;
                }
                return at + 1;
            }
            TokenTree::Punct(punct) if punct.as_char() == '*' => name = Some("*".to_owned()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
        at += 1;
    }
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(name) = name.or_else(|| path.last().cloned()) {
        leaves.push((path, name));
    }
    at
}

/// A path from the crate's root; none for a path out of the crate, or of a local name.
fn absolute(
    path: &Segments,
    here: &Segments,
    names: &BTreeSet<Segments>,
    imports: Option<&BTreeMap<String, Segments>>,
) -> Option<Segments> {
    let (first, rest) = path.split_first()?;
    let child = || [here.as_slice(), std::slice::from_ref(first)].concat();
    let mut start = match first.as_str() {
        "crate" => Vec::new(),
        "self" => here.clone(),
        "super" => here.split_last()?.1.to_vec(),
        name => match imports.and_then(|imports| imports.get(name)) {
            Some(imported) => imported.clone(),
            None if names.contains(&child()) => child(),
            None => return None,
        },
    };
    for segment in rest {
        match segment.as_str() {
            "super" => drop(start.pop()),
            name => start.push(name.to_owned()),
        }
    }
    Some(start)
}

/// The defining file of an absolute path's item, through re-exports; none for a module's path.
fn defining<'a>(path: &[String], modules: &'a BTreeMap<Segments, Module>, depth: usize) -> Option<&'a Segments> {
    let length =
        (0..=path.len()).rev().find(|length| path.get(..*length).is_some_and(|part| modules.contains_key(part)))?;
    let (home, rest) = path.split_at(length);
    let (file, module) = modules.get_key_value(home)?;
    let (item, beyond) = rest.split_first()?;
    if depth < 8 {
        if let Some(imported) = module.imports.get(item) {
            // An import from elsewhere: follow it, with the rest of the path.
            return defining(&[imported.as_slice(), beyond].concat(), modules, depth + 1);
        }
        let globbed = module.globs.iter().find_map(|glob| {
            let to = [glob.as_slice(), rest].concat();
            let source = modules.get(glob.as_slice())?;
            source.imports.contains_key(item).then(|| defining(&to, modules, depth + 1)).flatten()
        });
        if globbed.is_some() {
            return globbed;
        }
    }
    Some(file)
}

#[test]
fn a_circle_is_found_through_imports_paths_and_re_exports() {
    let source = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let files = [
        source("lib.rs", "pub mod a; pub mod b;"),
        source("a/mod.rs", "mod x; pub use x::{One, self as renamed};"),
        source("a/x.rs", "use crate::b; pub struct One; fn f() { b::run(say!(\"{}\", 1)) }"),
        source("b.rs", "pub fn run() { vec![crate::a::One] }"),
        source("c.rs", "use crate::{a::One, b::{self, run}};"),
    ];
    let expected: BTreeSet<String> = ["a/x.rs", "b.rs"].map(str::to_owned).into();
    assert_eq!(circles(&files), [expected]);
}
