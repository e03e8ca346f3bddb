//! The commands on the pages exist, with their flags.

use super::{pages, root};
use crate::harness::{Folders, output};

/// The words of a line as a shell reads them, up to another command or a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            '#' | '|' | ';' if !quoted => break,
            _ => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_is_the_programs() {
    let empty = tempfile::tempdir().expect("a folder");
    let mut count = 0;
    for page in pages() {
        let inside = page.text.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned);
        let fenced: Vec<String> =
            page.blocks().into_iter().filter(|block| block.language == "sh").map(|b| b.text).collect();
        let fenced = fenced.iter().flat_map(|text| text.lines()).map(str::to_owned);
        for line in inside.chain(fenced) {
            let rest = line.strip_prefix("disposisi ").or(line.strip_prefix("cargo run -- "));
            let Some(rest) = rest.filter(|_| !line.contains('<')) else { continue };
            count += 1;
            // Positional arguments, then the flags known for the command.
            let mut asked = Vec::new();
            let mut flags = Vec::new();
            let mut value = false;
            for word in words(rest) {
                if word.starts_with("--") {
                    value = !word.contains('=');
                    flags.push(word);
                } else if !std::mem::take(&mut value) {
                    asked.push(word);
                }
            }
            asked.push("--help".to_owned());
            let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            let told = output(&empty.path().join("data"), &Folders::shipped(), &asked, "");
            let help = String::from_utf8_lossy(&told.stdout);
            assert!(told.status.success(), "{}: {line}", page.path);
            for flag in flags {
                let flag = flag.split('=').next().expect("a flag");
                assert!(help.contains(flag), "{}: {line}: {flag}", page.path);
            }
        }
    }
    assert!(count > 20, "{count} commands");
}

#[test]
fn every_named_test_and_bench_exists() {
    for page in pages() {
        for (flag, folder) in [("--test ", "tests"), ("--bench ", "benches")] {
            for rest in page.text.split(flag).skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                let file = root().join(folder).join(format!("{name}.rs"));
                assert!(
                    file.exists() || root().join(folder).join(&name).join("main.rs").exists(),
                    "{}: {name}",
                    page.path
                );
            }
        }
    }
}
