//! Links of the pages.

use std::path::{Component, Path};

use super::{Page, page, pages, root};

/// The link targets of a page, each with its line.
fn links(page: &Page) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in page.prose() {
        for rest in line.split("](").skip(1) {
            let (target, _) = rest.split_once(')').unwrap_or_else(|| panic!("{}:{number}", page.path));
            found.push((number, target.to_owned()));
        }
    }
    found
}

/// The anchors of a page, made from its headings.
fn anchors(page: &Page) -> Vec<String> {
    let headings = page.prose().filter(|(_, line)| line.starts_with('#'));
    let anchor = |(_, line): (usize, &str)| -> String {
        let text = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

/// A path without the steps up in it.
fn plain(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

#[test]
fn every_link_has_a_target() {
    let pages = pages();
    let mut count = 0;
    for page in &pages {
        for (line, link) in links(page) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').map_or((&*link, None), |(file, anchor)| (file, Some(anchor)));
            let folder = Path::new(&page.path).parent().expect("a folder");
            let to = if file.is_empty() { page.path.clone() } else { plain(&folder.join(file)) };
            assert!(root().join(&to).exists(), "{}:{line}: there is no {to}", page.path);
            if let Some(anchor) = anchor {
                let there = pages.iter().find(|page| page.path == to).map(anchors).unwrap_or_default();
                assert!(there.iter().any(|found| found == anchor), "{}:{line}: no #{anchor} in {there:?}", page.path);
            }
        }
    }
    assert!(count > 50, "{count} links");
}

#[test]
fn the_book_lists_every_page_once() {
    let summary = page("docs/SUMMARY.md");
    let mut listed: Vec<String> = links(&summary).into_iter().map(|(_, link)| format!("docs/{link}")).collect();
    for page in pages().iter().filter(|page| listed.contains(&page.path)) {
        for (line, link) in links(page) {
            // A page outside the book has no link target in it.
            assert!(!link.starts_with("../"), "{}:{line}: {link} is outside of the book", page.path);
        }
    }
    listed.sort();
    let mut there: Vec<String> = pages().into_iter().map(|page| page.path).collect();
    there.retain(|path| path.starts_with("docs/") && *path != summary.path);
    assert_eq!(listed, there);
}
