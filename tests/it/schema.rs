//! The published schema is what the code serves.

#[test]
fn the_published_schema_is_the_codes() {
    let published = include_str!("../../schema.graphql");
    let served = disposisi::graphql::sdl();
    assert!(published.trim() == served.trim(), "write it anew: cargo run -- schema > schema.graphql");
}

#[test]
fn every_element_is_described() {
    let mut described = true;
    let mut undescribed = Vec::new();
    let mut in_text = false;
    for line in disposisi::graphql::sdl().lines().map(str::trim) {
        if line == "\"\"\"" {
            in_text = !in_text;
            described = !in_text;
            continue;
        }
        // The schema block at the end names the roots, which are described where they stand.
        let defines = line.contains(':') && !in_text && !line.starts_with(')') && !line.starts_with("query:");
        let defines = defines && !line.starts_with("mutation:") && !line.starts_with("subscription:");
        if defines && !described {
            undescribed.push(line.to_owned());
        }
        described = line.starts_with("\"\"\"");
    }
    assert!(undescribed.is_empty(), "{undescribed:#?}");
}
