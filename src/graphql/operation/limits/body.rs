//! Size of a JSON body: upper bounds counted in one pass, before parsing.

/// Counted size of a JSON body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Upper bound of the number of values: one, plus one for each comma, list and object.
    pub(super) values: usize,
    /// Length of the longest string in bytes, an escape sequence counted as one.
    pub(super) longest_text: usize,
}

impl Content {
    pub(super) fn of(body: &[u8]) -> Self {
        let mut content = Self { values: 1, longest_text: 0 };
        let mut bytes = body.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b',' | b'[' | b'{' => content.values += 1,
                b'"' => {
                    let mut length = 0;
                    while let Some(byte) = bytes.next() {
                        match byte {
                            b'"' => break,
                            b'\\' => drop(bytes.next()),
                            _ => {}
                        }
                        length += 1;
                    }
                    content.longest_text = content.longest_text.max(length);
                }
                _ => {}
            }
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn what_stands_in_texts_is_no_value_and_what_is_escaped_counts_once() {
        for (body, values, longest_text) in [
            ("", 1, 0),
            ("null", 1, 0),
            (r#"{ "query": "{ a, b, c }" }"#, 2, 11),
            (r#"{ "query": "\"[[[[", "variables": { "ids": ["a", "b"] } }"#, 6, 9),
            (r#"["\\\\\n", 1, "unended,,,,"#, 4, 11),
        ] {
            assert_eq!(Content::of(body.as_bytes()), Content { values, longest_text }, "{body}");
        }
    }
}
