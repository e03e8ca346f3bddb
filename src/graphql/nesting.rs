//! How deep a document nests, told before the parser: it follows brackets by recursion, and the stack ends somewhere.

/// The deepest that brackets of any kind may nest. Selections are limited more tightly, once they can be told apart.
pub(super) const DEEPEST: usize = 128;

/// Whether brackets nest deeper than [`DEEPEST`]. Strings and comments are read as the grammar reads them (GraphQL, October
/// 2021, section 2.1); what is no string although it begins like one is read as brackets, as the parser would.
pub(super) fn is_too_deep(document: &str) -> bool {
    let mut rest = document;
    let mut depth = 0_usize;
    while let Some(next) = rest.chars().next() {
        let mut taken = next.len_utf8();
        match next {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            '#' => taken = rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => taken = string(rest).unwrap_or(taken),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
        rest = &rest[taken..];
    }
    false
}

/// The length in bytes of the string that stands here.
fn string(text: &str) -> Option<usize> {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let mut from = 0;
        while let Some(found) = block[from..].find("\"\"\"") {
            let at = from + found;
            if !block[..at].ends_with('\\') {
                return Some(3 + at + 3);
            }
            from = at + 3;
        }
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_and_what_strings_and_comments_hold_does_not() {
        let deep = "[".repeat(DEEPEST + 1);
        for (document, expected) in [
            (deep.clone(), true),
            ("[".repeat(DEEPEST), false),
            ("[]".repeat(10_000), false),
            ("{a(b:".repeat(DEEPEST), true),
            (format!("\"{deep}\""), false),
            (format!("\"\\\"{deep}\""), false),
            (format!("\"\"\"\n{deep} \\\"\"\" {deep}\"\"\""), false),
            (format!("# {deep}\n"), false),
            // What hides behind something that only looks like a string is found.
            (format!("\"\"\" x\" {deep}"), true),
            (format!("\"x\n{deep}"), true),
            (format!("\"\" {deep}"), true),
            (format!("# x\r{deep}"), true),
            (format!("{}\")\"", "[".repeat(DEEPEST)) + "[", true),
            ("é“”".to_owned(), false),
        ] {
            assert_eq!(is_too_deep(&document), expected, "{}", document.chars().take(40).collect::<String>());
        }
    }
}
