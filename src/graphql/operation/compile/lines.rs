//! Lines and columns of a document's text.

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

/// Lines and columns of a text, by offset in bytes. Columns count characters.
#[derive(Debug)]
pub(super) struct Lines {
    /// Offsets of the beginnings of lines.
    starts: Vec<usize>,
    /// Characters of several bytes: offset, and the number of surplus bytes up to and including the character.
    wide: Vec<(usize, usize)>,
}

impl Lines {
    /// Indexes a text in one pass.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self { starts: vec![0], wide: Vec::new() };
        let bytes = text.as_bytes();
        let mut surplus = 0;
        for (at, character) in text.char_indices() {
            match character {
                '\n' => lines.starts.push(at + 1),
                '\r' if bytes.get(at + 1) != Some(&b'\n') => lines.starts.push(at + 1),
                _ if character.len_utf8() > 1 => {
                    surplus += character.len_utf8() - 1;
                    lines.wide.push((at, surplus));
                }
                _ => {}
            }
        }
        lines
    }

    /// Returns the place of a node; the beginning of the text for a node without one.
    pub(super) fn at(&self, span: Option<SourceSpan>) -> Pos {
        span.map_or_else(Pos::default, |span| self.pos(span.offset()))
    }

    /// Returns the place of an offset.
    pub(super) fn pos(&self, offset: usize) -> Pos {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or_default();
        let surplus = |offset: usize| {
            let before = self.wide.partition_point(|(at, _)| *at < offset);
            before.checked_sub(1).and_then(|last| self.wide.get(last)).map_or(0, |(_, surplus)| *surplus)
        };
        Pos { line, column: offset - start - (surplus(offset) - surplus(start)) + 1 }
    }
}
