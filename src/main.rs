//! The `disposisi` command.

fn main() {}
