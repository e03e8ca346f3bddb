//! The grammar of documents (GraphQL, September 2025, section 2), where the parser differs from it. A text is prepared and measured in
//! one linear pass before the recursive parser, which could overflow the stack: ignored characters and descriptions become blanks of
//! the same length, so that offsets stay. The parser skips some words that it does not expect, without an error: afterwards the tokens
//! of its tree are counted against those of the text.

use apollo_compiler::ast::{Argument, Definition, DirectiveList, Document, Selection, Type, Value};
use apollo_compiler::{Name, Node};

use crate::graphql::operation::limits::DocumentSize;

/// A measured text, ready for the parser.
#[derive(Debug)]
pub(super) struct PreparedText {
    /// The text without comments, commas, byte order marks, and descriptions of executable definitions.
    pub(super) text: String,
    pub(super) size: DocumentSize,
    /// The text has descriptions of executable definitions.
    pub(super) has_descriptions: bool,
}

/// Prepares and measures a text.
pub(super) fn prepare(text: &str) -> PreparedText {
    let bytes = text.as_bytes();
    let mut blanked: Vec<u8> = bytes.to_vec();
    let (mut tokens, mut longest_name) = (0, 0);
    let mut brackets = Brackets::default();
    let mut strings = Strings::default();
    let mut has_descriptions = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b',' | b'#' => {
                let end = if *byte == b',' { at + 1 } else { line_end(bytes, at) };
                blank(&mut blanked, at, end);
                at = end;
                continue;
            }
            0xef if bytes[at..].starts_with("\u{feff}".as_bytes()) => {
                blank(&mut blanked, at, at + 3);
                at += 3;
                continue;
            }
            b'"' => {
                // The parser reports an unterminated string.
                let length = strings.at(text, at).unwrap_or(1);
                if length > 1 && brackets.describes(next_token(bytes, at + length)) {
                    blank(&mut blanked, at, at + length);
                    has_descriptions = true;
                    at += length;
                    continue;
                }
                length
            }
            b'.' if bytes[at..].starts_with(b"...") => 3,
            b'-' | b'0'..=b'9' => number_length(bytes, at),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => name_length(bytes, at),
            // Refused by the parser.
            0x80.. => text[at..].chars().next().map_or(1, char::len_utf8),
            _ => 1,
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            longest_name = longest_name.max(length);
        }
        brackets.take(*byte);
        tokens += 1;
        at += length;
    }
    let text = String::from_utf8(blanked).unwrap_or_else(|_| text.to_owned());
    PreparedText { text, size: DocumentSize { tokens, nesting: brackets.deepest, longest_name }, has_descriptions }
}

/// Blanks a part of a text. Line ends stay.
fn blank(bytes: &mut [u8], from: usize, to: usize) {
    let part = bytes.get_mut(from..to).unwrap_or_default();
    part.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
}

/// Open brackets and the last token.
#[derive(Default)]
struct Brackets {
    open: Vec<u8>,
    deepest: usize,
    last: u8,
}

impl Brackets {
    fn take(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' | b'(' => self.open.push(byte),
            b'}' | b']' | b')' => drop(self.open.pop()),
            _ => {}
        }
        self.deepest = self.deepest.max(self.open.len());
        self.last = byte;
    }

    /// Returns true for a string that is a description (September 2025): before a definition with a keyword, or before the definition
    /// of a variable.
    fn describes(&self, next: &[u8]) -> bool {
        match self.open.as_slice() {
            [] => {
                matches!(self.last, 0 | b'}')
                    && ["query", "mutation", "subscription", "fragment"].iter().any(|word| word.as_bytes() == next)
            }
            // After `=` comes a default.
            [b'('] => self.last != b'=' && next == b"$",
            _ => false,
        }
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
    /// Returns the length in bytes of the string at an offset, with its quotes; none for an unterminated one.
    fn at(&mut self, document: &str, at: usize) -> Option<usize> {
        let text = &document[at..];
        if let Some(block) = text.strip_prefix("\"\"\"") {
            if self.no_block {
                return None;
            }
            let mut from = 0;
            while let Some(found) = block[from..].find("\"\"\"") {
                let end = from + found;
                if !block[..end].ends_with('\\') {
                    return Some(3 + end + 3);
                }
                from = end + 3;
            }
            self.no_block = true;
            return None;
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

fn name_length(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count().max(1)
}

fn number_length(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    let digits = |end: &mut usize| {
        while bytes.get(*end).is_some_and(u8::is_ascii_digit) {
            *end += 1;
        }
    };
    digits(&mut end);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        digits(&mut end);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end += 1 + sign;
            digits(&mut end);
        }
    }
    end - at
}

/// Returns the next name or character.
fn next_token(bytes: &[u8], mut at: usize) -> &[u8] {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => at += 1,
            Some(b'#') => at = line_end(bytes, at),
            Some(_) => return bytes.get(at..at + name_length(bytes, at)).unwrap_or_default(),
            None => return &[],
        }
    }
}

/// Returns the number of tokens of a tree.
pub(super) fn tokens_of(ast: &Document, text: &str) -> usize {
    let definitions = ast.definitions.iter().map(|definition| match definition {
        Definition::OperationDefinition(of) => {
            let is_short = of.location().is_some_and(|span| text.as_bytes().get(span.offset()) == Some(&b'{'));
            let variables = of.variables.iter().map(|variable| {
                let default = variable.default_value.as_ref().map_or(0, |value| 1 + in_value(value));
                3 + in_type(&variable.ty) + default + in_directives(&variable.directives)
            });
            usize::from(!is_short)
                + usize::from(of.name.is_some())
                + bracketed(variables)
                + in_directives(&of.directives)
                + in_set(&of.selection_set)
        }
        Definition::FragmentDefinition(of) => 4 + in_directives(&of.directives) + in_set(&of.selection_set),
        // Validation refuses it.
        _ => 0,
    });
    definitions.sum()
}

fn bracketed(items: impl ExactSizeIterator<Item = usize>) -> usize {
    if items.len() == 0 { 0 } else { 2 + items.sum::<usize>() }
}

fn in_set(set: &[Selection]) -> usize {
    bracketed(set.iter().map(|selection| match selection {
        Selection::Field(field) => {
            let alias = if field.alias.is_some() { 2 } else { 0 };
            alias + 1 + in_arguments(&field.arguments) + in_directives(&field.directives) + in_set(&field.selection_set)
        }
        Selection::FragmentSpread(spread) => 2 + in_directives(&spread.directives),
        Selection::InlineFragment(inline) => {
            let condition = if inline.type_condition.is_some() { 2 } else { 0 };
            1 + condition + in_directives(&inline.directives) + in_set(&inline.selection_set)
        }
    }))
}

fn in_directives(directives: &DirectiveList) -> usize {
    directives.iter().map(|directive| 2 + in_arguments(&directive.arguments)).sum()
}

fn in_arguments(arguments: &[Node<Argument>]) -> usize {
    bracketed(arguments.iter().map(|argument| 2 + in_value(&argument.value)))
}

fn in_type(ty: &Type) -> usize {
    match ty {
        Type::Named(_) => 1,
        Type::NonNullNamed(_) => 2,
        Type::List(item) => 2 + in_type(item),
        Type::NonNullList(item) => 3 + in_type(item),
    }
}

fn in_value(value: &Value) -> usize {
    match value {
        Value::Variable(_) => 2,
        Value::List(items) => 2 + items.iter().map(|item| in_value(item)).sum::<usize>(),
        Value::Object(fields) => {
            2 + fields.iter().map(|(_, value): &(Name, Node<Value>)| 2 + in_value(value)).sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_ignores_strings_and_comments() {
        let deep = "[".repeat(65);
        for (document, expected) in [
            (deep.clone(), true),
            ("[".repeat(64), false),
            ("[]".repeat(10_000), false),
            ("{a(b:".repeat(64), true),
            (format!("\"{deep}\""), false),
            (format!("\"\\\"{deep}\""), false),
            (format!("\"\"\"\n{deep} \\\"\"\" {deep}\"\"\""), false),
            (format!("# {deep}\n"), false),
            // Brackets after an apparent string.
            (format!("\"x\n{deep}"), true),
            (format!("\"\" {deep}"), true),
            (format!("# x\r{deep}"), true),
            (format!("{}\")\"", "[".repeat(64)) + "[", true),
            ("é“”".to_owned(), false),
        ] {
            let nesting = prepare(&document).size.nesting;
            assert_eq!(nesting > 64, expected, "{}", document.chars().take(40).collect::<String>());
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
            ("{ a(b: -1.5e+3) }", 8),
            ("é“”", 3),
            // Descriptions are no tokens here, defaults are.
            ("\"Reads.\" query Q(\"A key.\" $k: String = \"x\") { a }", 13),
        ] {
            assert_eq!(prepare(document).size.tokens, expected, "{document}");
        }
    }

    #[test]
    fn unterminated_strings_are_scanned_once() {
        let text = "\"\\".repeat(200_000);
        assert!(prepare(&text).size.tokens > 200_000);
        let text = "\"\"\"\\".repeat(100_000);
        assert!(prepare(&text).size.tokens > 100_000);
    }
}
