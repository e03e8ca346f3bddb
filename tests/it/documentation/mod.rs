//! The documentation is true: its links have targets, its commands are the program's, its snippets run as described.

mod commands;
mod links;
mod names;
mod permissions;
mod snippets;

use std::path::{Path, PathBuf};

/// A file of the documentation.
struct Page {
    /// Its path, from the root of the repository.
    path: String,
    text: String,
}

/// A fenced block: a language, then words for these tests.
struct Block<'a> {
    line: usize,
    language: &'a str,
    words: Vec<&'a str>,
    text: String,
    /// Nothing stands between it and the block before.
    follows: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page for people: those of the book, and those beside the code.
fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["", "docs", "examples", "examples/typescript", "explorer"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
        paths.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| Page {
        path: path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned(),
        text: std::fs::read_to_string(&path).expect("a page"),
    };
    paths.into_iter().map(read).collect()
}

fn page(path: &str) -> Page {
    pages().into_iter().find(|page| page.path == path).unwrap_or_else(|| panic!("no page {path}"))
}

impl Page {
    /// Its fenced blocks, in order.
    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let (mut open, mut quiet) = (false, false);
        for (number, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), open) {
                (Some(info), false) => {
                    let mut words = info.split_whitespace();
                    let language = words.next().unwrap_or_default();
                    let text = String::new();
                    blocks.push(Block { line: number + 1, language, words: words.collect(), text, follows: quiet });
                    open = true;
                }
                (Some(_), true) => (open, quiet) = (false, true),
                (None, true) => {
                    let block = blocks.last_mut().expect("one that is open");
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, false) => quiet = quiet && line.trim().is_empty(),
            }
        }
        assert!(!open, "{}: a block does not end", self.path);
        blocks
    }

    /// Its lines outside of blocks.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut open = false;
        self.text.lines().enumerate().filter_map(move |(number, line)| {
            let fence = line.starts_with("```");
            open ^= fence;
            (!fence && !open && !line.starts_with("    ")).then_some((number + 1, line))
        })
    }
}
