//! Size and nesting of a document, counted in one linear pass before the recursive parser, which could overflow the stack.

/// Maximum nesting of brackets of any kind. Selections have a tighter limit, checked after parsing.
pub(in crate::graphql) const MAX_NESTING: usize = 64;

/// Counted size of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DocumentSize {
    /// Number of names, numbers, strings and punctuators, without comments, blanks and commas.
    pub(super) tokens: usize,
    /// Maximum nesting of brackets.
    pub(super) nesting: usize,
    /// Length of the longest name or number.
    pub(super) longest_name: usize,
}

impl DocumentSize {
    /// Measures a document. Strings and comments follow the grammar (GraphQL, October 2021, section 2.1); an unterminated string is
    /// scanned as plain tokens, as the parser would.
    pub(super) fn measure(document: &str) -> Self {
        let bytes = document.as_bytes();
        let mut size = Self::default();
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
                // Continuation byte of a UTF-8 character already counted.
                0x80..=0xbf => {
                    at += 1;
                    continue;
                }
                b'{' | b'[' | b'(' => {
                    depth += 1;
                    size.nesting = size.nesting.max(depth);
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
                    size.longest_name = size.longest_name.max(length);
                    length
                }
                _ => 1,
            };
            size.tokens += 1;
            at += taken;
        }
        size
    }
}

/// Returns the offset of the end of the line.
fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(bytes.len(), |length| from + length)
}

/// Scanner for the ends of strings. Remembers unterminated ones, so that the total time stays linear.
#[derive(Default)]
struct Strings {
    /// No later block string is terminated.
    no_block: bool,
    /// No string before this offset is terminated on its line.
    none_before: usize,
}

impl Strings {
    /// Returns the length in bytes of the string at an offset.
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
    fn nesting_ignores_strings_and_comments() {
        let deep = "[".repeat(MAX_NESTING + 1);
        for (document, expected) in [
            (deep.clone(), true),
            ("[".repeat(MAX_NESTING), false),
            ("[]".repeat(10_000), false),
            ("{a(b:".repeat(MAX_NESTING), true),
            (format!("\"{deep}\""), false),
            (format!("\"\\\"{deep}\""), false),
            (format!("\"\"\"\n{deep} \\\"\"\" {deep}\"\"\""), false),
            (format!("# {deep}\n"), false),
            // Brackets after an apparent string.
            (format!("\"\"\" x\" {deep}"), true),
            (format!("\"x\n{deep}"), true),
            (format!("\"\" {deep}"), true),
            (format!("# x\r{deep}"), true),
            (format!("{}\")\"", "[".repeat(MAX_NESTING)) + "[", true),
            ("é“”".to_owned(), false),
        ] {
            let nesting = DocumentSize::measure(&document).nesting;
            assert_eq!(nesting > MAX_NESTING, expected, "{}", document.chars().take(40).collect::<String>());
        }
    }

    #[test]
    fn tokens_follow_the_grammar() {
        for (document, expected) in [
            ("", 0),
            ("# a comment, no token\n , ", 0),
            ("query Q($a: [ID!]) { x: y(a: $a) @skip(if: true) }", 29),
            ("{ ...f }", 4),
            ("{ a(b: \"one, \\\" string\", c: \"\"\"one \\\"\"\" block\"\"\") }", 11),
            ("é“”", 3),
            // Unterminated strings are scanned as other tokens.
            (r#""\"\"\""#, 7),
        ] {
            assert_eq!(DocumentSize::measure(document).tokens, expected, "{document}");
        }
    }
}
