//! Lists and reads source files of a folder; reports misplaced and misnamed ones.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::text::line_of_bytes;
use crate::procedure::Fault;

/// A larger file is no SOP and no policy. In bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The depth of the search for misplaced files.
const MAX_DEPTH: usize = 8;

/// A readable entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// A folder, not a file.
    pub is_folder: bool,
}

/// Lists the subfolders of a folder and its files of an extension (`toml`), in a stable order. Reports entries that
/// only look like such files; ignores editors' leftovers.
pub fn entries(folder: &Path, shown: &str, extension: &str, faults: &mut Vec<Fault>) -> Vec<Entry> {
    let read = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut found = match read {
        Ok(found) => found,
        Err(error) => {
            let message = format!("the folder cannot be read: {error}");
            let mend = match shown.contains('/') {
                true => READ_MEND.to_owned(),
                false => format!("say where it is with `--{shown}`, and let the server read it"),
            };
            faults.push(Fault::error(shown, 1, message, mend));
            return Vec::new();
        }
    };
    found.sort_by_key(fs::DirEntry::file_name);
    let mut entries = Vec::new();
    for entry in found {
        match classify(&entry.file_name(), &entry.path(), extension) {
            Classified::Source(entry) => entries.push(entry),
            Classified::Ignored => {}
            Classified::Refused(message, mend) => {
                let file = format!("{shown}/{}", entry.file_name().to_string_lossy());
                faults.push(Fault::error(&file, 1, message, mend));
            }
        }
    }
    entries
}

/// The treatment of an entry.
enum Classified {
    Source(Entry),
    /// Not meant to be read.
    Ignored,
    /// Not read, though it may be meant to be: why, and the fix.
    Refused(String, String),
}

fn classify(name: &OsStr, path: &Path, extension: &str) -> Classified {
    let refused = |message: &str, mend: String| Classified::Refused(message.to_owned(), mend);
    if is_left_by_editors(&name.to_string_lossy()) {
        return Classified::Ignored;
    }
    let Some(name) = name.to_str() else {
        return refused(
            "the name is not UTF-8, so this is not read",
            "rename it with letters, digits and `-`".to_owned(),
        );
    };
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return refused("the link leads nowhere", "let it lead to what was meant, or remove it".to_owned());
        }
        Err(error) => return Classified::Refused(format!("this cannot be read: {error}"), READ_MEND.to_owned()),
    };
    let looks_like_one = extension_of(name).is_some_and(|its| its.eq_ignore_ascii_case(extension));
    let entry = |is_folder| Classified::Source(Entry { name: name.to_owned(), path: path.to_owned(), is_folder });
    if !looks_like_one {
        return if about.is_dir() { entry(true) } else { Classified::Ignored };
    }
    if !about.is_file() {
        return refused("this is no file of text", "put a regular file there, or remove it".to_owned());
    }
    if extension_of(name) != Some(extension) {
        let stem = name.len() - extension.len();
        let mend = format!("rename it `{}{extension}`", name.get(..stem).unwrap_or_default());
        return Classified::Refused(
            format!("the name does not end with `.{extension}`, so the file is not read"),
            mend,
        );
    }
    entry(false)
}

/// Backup, lock and hidden files.
fn is_left_by_editors(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~')
}

fn extension_of(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// Reports files of an extension anywhere below a folder without sources. Links are not followed: they could be
/// circular.
pub fn report_nested(folder: &Path, shown: &str, extension: &str, home: &str, faults: &mut Vec<Fault>) {
    report_below(folder, shown, extension, home, faults, MAX_DEPTH);
}

fn report_below(folder: &Path, shown: &str, extension: &str, home: &str, faults: &mut Vec<Fault>, depth: usize) {
    let Ok(found) = fs::read_dir(folder) else { return };
    let mut found: Vec<fs::DirEntry> = found.filter_map(Result::ok).collect();
    found.sort_by_key(fs::DirEntry::file_name);
    for entry in found {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_left_by_editors(&name) {
            continue;
        }
        let shown = format!("{shown}/{name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                report_below(&entry.path(), &shown, extension, home, faults, depth - 1);
            }
        } else if extension_of(&name).is_some_and(|its| its.eq_ignore_ascii_case(extension)) {
            let message = "the file stands too deep, so it is not read";
            faults.push(Fault::error(&shown, 1, message, format!("move it to `{home}`, or remove it")));
        }
    }
}

/// Fix of an unreadable file.
const READ_MEND: &str = "let it be there, and let the server read it";

/// The text of a file. Nothing but a regular file is opened: a pipe would never end.
pub fn read_text(path: &Path, shown: &str) -> Result<String, Fault> {
    let unreadable = |error: io::Error| Fault::error(shown, 1, format!("the file cannot be read: {error}"), READ_MEND);
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Fault::error(shown, 1, "this is no file of text", "put a regular file there, or remove it"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = "the file is larger than 1 MiB";
        return Err(Fault::error(shown, 1, message, "see whether it is the file that was meant, or divide it"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = line_of_bytes(error.as_bytes(), error.utf8_error().valid_up_to());
        Fault::error(shown, line, "the line holds what is not UTF-8", "save the file as UTF-8 text")
    })
}
