//! How many values a body in JSON holds, told before it is read into memory piece by piece.

/// How many values there are at most: each begins a text, a list or an object, or comes after a comma.
pub(super) fn values(body: &[u8]) -> usize {
    let mut count = 1;
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' | b'{' => count += 1,
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn what_stands_in_texts_does_not_count() {
        for (body, expected) in [
            ("", 1),
            ("null", 1),
            (r#"{ "query": "{ a, b, c }" }"#, 2),
            (r#"{ "query": "\"[[[[", "variables": { "ids": ["a", "b"] } }"#, 6),
            (r#"["\\", 1, "unended,,,,"#, 4),
        ] {
            assert_eq!(values(body.as_bytes()), expected, "{body}");
        }
    }
}
