//! Compresses the explorer's files: the program has them compressed only, as browsers take them.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let files = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("explorer/dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", files.display());
    for entry in fs::read_dir(&files)? {
        let file = entry?;
        println!("cargo::rerun-if-changed={}", file.path().display());
        let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
        compressed.write_all(&fs::read(file.path())?)?;
        fs::write(out.join(format!("{}.gz", file.file_name().to_string_lossy())), compressed.finish()?)?;
    }
    Ok(())
}
