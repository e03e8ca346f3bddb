//! Size of a JSON body: upper bounds counted in one pass, before parsing.

/// Counted size of a JSON body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BodySize {
    /// Upper bound of the number of values: one, plus one for each comma, list and object.
    pub(super) values: usize,
    /// Length of the longest string in bytes, an escape sequence counted as one.
    pub(super) longest_text: usize,
}

impl BodySize {
    pub(super) fn measure(body: &[u8]) -> Self {
        let mut size = Self { values: 1, longest_text: 0 };
        let mut bytes = body.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b',' | b'[' | b'{' => size.values += 1,
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
                    size.longest_text = size.longest_text.max(length);
                }
                _ => {}
            }
        }
        size
    }
}

#[cfg(test)]
mod tests {
    use super::BodySize;

    #[test]
    fn strings_hold_no_values_and_escapes_count_once() {
        for (body, values, longest_text) in [
            ("", 1, 0),
            ("null", 1, 0),
            (r#"{ "query": "{ a, b, c }" }"#, 2, 11),
            (r#"{ "query": "\"[[[[", "variables": { "ids": ["a", "b"] } }"#, 6, 9),
            (r#"["\\\\\n", 1, "unended,,,,"#, 4, 11),
        ] {
            assert_eq!(BodySize::measure(body.as_bytes()), BodySize { values, longest_text }, "{body}");
        }
    }
}
