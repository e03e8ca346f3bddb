//! How long a document is and how deep it nests, told before the parser: it follows brackets by recursion, and the stack ends
//! somewhere. One pass, whatever is sent.

/// The deepest that brackets of any kind may nest, which the parser takes. Selections are limited more tightly, once they can be told
/// apart.
pub(in crate::graphql) const DEEPEST: usize = 64;

/// What a document's text comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Names, numbers, strings and punctuators; no comment, space or comma.
    pub(super) tokens: usize,
    /// The deepest that brackets nest.
    pub(super) nesting: usize,
    /// The longest name or number.
    pub(super) longest_name: usize,
}

impl Extent {
    /// Strings and comments are read as the grammar reads them (GraphQL, October 2021, section 2.1); what is no string although
    /// it begins like one is read as brackets, as the parser would.
    pub(super) fn of(document: &str) -> Self {
        let bytes = document.as_bytes();
        let mut extent = Self::default();
        let mut strings = Strings::default();
        let (mut at, mut depth) = (0, 0_usize);
        while let Some(byte) = bytes.get(at) {
            let taken = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                    at += 1;
                    continue;
                }
                b'#' => {
                    at = line_end(bytes, at);
                    continue;
                }
                // The rest of a character that was counted.
                0x80..=0xbf => {
                    at += 1;
                    continue;
                }
                b'{' | b'[' | b'(' => {
                    depth += 1;
                    extent.nesting = extent.nesting.max(depth);
                    1
                }
                b'}' | b']' | b')' => {
                    depth = depth.saturating_sub(1);
                    1
                }
                b'"' => strings.at(document, at).unwrap_or(1),
                b'.' if bytes[at..].starts_with(b"...") => 3,
                b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let rest = bytes[at..].iter();
                    let length = rest.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                    extent.longest_name = extent.longest_name.max(length);
                    length
                }
                _ => 1,
            };
            extent.tokens += 1;
            at += taken;
        }
        extent
    }
}

/// Where the line ends that this place is in.
fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(bytes.len(), |length| from + length)
}

/// Finds where strings end. What has no end is looked for once: who opens a thousand pays for one.
#[derive(Default)]
struct Strings {
    /// No block string that begins from here on has an end.
    no_block: bool,
    /// No string that begins before this place has an end on its line.
    none_before: usize,
}

impl Strings {
    /// The length in bytes of the string that stands there.
    fn at(&mut self, document: &str, at: usize) -> Option<usize> {
        let text = &document[at..];
        if let Some(block) = text.strip_prefix("\"\"\"").filter(|_| !self.no_block) {
            let mut from = 0;
            while let Some(found) = block[from..].find("\"\"\"") {
                let end = from + found;
                if !block[..end].ends_with('\\') {
                    return Some(3 + end + 3);
                }
                from = end + 3;
            }
            self.no_block = true;
        }
        if at < self.none_before {
            return None;
        }
        let mut escaped = false;
        for (length, byte) in text.bytes().enumerate().skip(1) {
            match byte {
                b'\n' | b'\r' => {
                    self.none_before = at + length;
                    return None;
                }
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Some(length + 1),
                _ => {}
            }
        }
        self.none_before = document.len();
        None
    }
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
            let nesting = Extent::of(&document).nesting;
            assert_eq!(nesting > DEEPEST, expected, "{}", document.chars().take(40).collect::<String>());
        }
    }

    #[test]
    fn tokens_are_counted_as_the_grammar_parts_them() {
        for (document, expected) in [
            ("", 0),
            ("# a comment, no token\n , ", 0),
            ("query Q($a: [ID!]) { x: y(a: $a) @skip(if: true) }", 29),
            ("{ ...f }", 4),
            ("{ a(b: \"one, \\\" string\", c: \"\"\"one \\\"\"\" block\"\"\") }", 11),
            ("é“”", 3),
            // What has no end is read on as something else, once.
            (r#""\"\"\""#, 7),
        ] {
            assert_eq!(Extent::of(document).tokens, expected, "{document}");
        }
    }
}
