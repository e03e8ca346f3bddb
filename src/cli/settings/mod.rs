//! Settings. `declarations` lists each with its default, bounds and help text; `layers` reads flags, environment and file.

pub(super) mod database;
mod declarations;
pub(super) mod identity_provider;
mod layers;
mod validation;
mod values;

use std::path::{Path, PathBuf};

pub use declarations::{Flags, ServeFlags, Settings};
pub use values::{DatabaseTls, DatabaseUrl, LogFormat};

impl Flags {
    /// The data folder, if set by a flag.
    pub(super) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Returns true if a flag sets the log filter.
    pub(super) fn sets_log(&self) -> bool {
        self.log.is_some()
    }
}

impl Settings {
    /// Folder of the keys.
    pub(super) fn keys_folder(&self) -> PathBuf {
        if self.keys.as_os_str().is_empty() { self.data.join("keys") } else { self.keys.clone() }
    }
}
