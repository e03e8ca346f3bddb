//! Files to the model, with faults that name file, line and mend.

use std::path::Path;

use super::{Fault, Office, Procedure};

/// A procedure with the text that it was read from.
#[derive(Debug, Clone)]
pub struct Located {
    /// The file, as a person would name it.
    pub file: String,
    /// The text.
    pub text: String,
    /// The procedure.
    pub procedure: Procedure,
}

/// All offices and procedures of a folder.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The offices, by key.
    pub offices: Vec<Office>,
    /// The procedures, by office and key.
    pub procedures: Vec<Located>,
}

/// The line of a byte of a text, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, Vec<Fault>> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let mend = "docs/procedures.md lists every key of this file and what it holds";
        vec![Fault::error(file, line, error.message(), mend)]
    })
}

/// Reads a procedure of an office from a file's text.
pub fn read_procedure(file: &str, office: &str, text: &str) -> Result<Located, Vec<Fault>> {
    let mut procedure: Procedure = parse(file, text)?;
    office.clone_into(&mut procedure.office);
    Ok(Located { file: file.to_owned(), text: text.to_owned(), procedure })
}

/// Reads an office from a file's text.
pub fn read_office(file: &str, key: &str, text: &str) -> Result<Office, Vec<Fault>> {
    let mut office: Office = parse(file, text)?;
    key.clone_into(&mut office.key);
    for needed in ["{office}", "{procedure}", "{year}", "{number}"] {
        if !office.number_format.contains(needed) {
            let message = format!("number_format lacks {needed}");
            return Err(vec![Fault::error(file, 1, message, "numbers are unique only with all four parts")]);
        }
    }
    Ok(office)
}

/// Reads every office of a folder with its procedures; all faults at once.
pub fn read_folder(folder: &Path) -> Result<Shelf, Vec<Fault>> {
    let mut shelf = Shelf::default();
    let mut faults = Vec::new();
    let unreadable = |path: &Path, error: std::io::Error| {
        Fault::error(&path.display().to_string(), 1, error.to_string(), "make the folder and its files readable")
    };
    for office in sorted(folder).map_err(|error| vec![unreadable(folder, error)])? {
        if !office.is_dir() {
            continue;
        }
        let key = stem(&office);
        let files = sorted(&office).map_err(|error| vec![unreadable(&office, error)])?;
        for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
            let file = format!("procedures/{key}/{}.toml", stem(path));
            let text = match std::fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) => {
                    faults.push(unreadable(path, error));
                    continue;
                }
            };
            if stem(path) == "office" {
                match read_office(&file, &key, &text) {
                    Ok(office) => shelf.offices.push(office),
                    Err(found) => faults.extend(found),
                }
                continue;
            }
            match read_procedure(&file, &key, &text) {
                Ok(located) if located.procedure.key != stem(path) => {
                    let message = format!("the key `{}` is not the file's name", located.procedure.key);
                    faults.push(Fault::error(&file, 1, message, "name the file <key>.toml"));
                }
                Ok(located) => shelf.procedures.push(located),
                Err(found) => faults.extend(found),
            }
        }
        if !shelf.offices.iter().any(|office| office.key == key) && faults.is_empty() {
            let file = format!("procedures/{key}/office.toml");
            faults.push(Fault::error(&file, 1, "the office has no office.toml", "write one; see docs/procedures.md"));
        }
    }
    if faults.is_empty() { Ok(shelf) } else { Err(faults) }
}

fn sorted(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
