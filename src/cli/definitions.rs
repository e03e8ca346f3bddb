//! The files of procedures and policies, compared with the database. `check` and the start of a server report the same
//! faults.

use crate::policy::{self, KnownVersion, Policy, PolicyFile, PolicyText};
use crate::procedure::{self, Fault, Located, Procedure, Severity, Shelf};
use crate::service::{Catalog, StoredProcedures};
use crate::workflow::reach;

use super::Settings;

/// The files, and all their faults.
pub(super) struct DefinitionFiles {
    pub(super) shelf: Shelf,
    pub(super) policy: Policy,
    /// Text of the policies, if all files are readable.
    pub(super) text: Option<PolicyText>,
    /// Catalog of a server, if the files have no error.
    pub(super) catalog: Option<Catalog>,
    faults: Vec<Fault>,
}

impl DefinitionFiles {
    /// Refuses files with errors. Returns the warnings.
    pub(super) fn validate(&self) -> Result<&[Fault], String> {
        let errors = self.faults.iter().filter(|fault| fault.severity == Severity::Error).count();
        if errors == 0 { Ok(&self.faults) } else { Err(format!("{}\n{errors} to mend", format_faults(&self.faults))) }
    }
}

/// Formats faults, one per line.
pub(super) fn format_faults(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads and checks the files, alone and against the database.
pub(super) async fn read(settings: &Settings, stored: Option<&StoredProcedures>) -> DefinitionFiles {
    let (shelf, mut faults) = procedure::scan_folder(&settings.procedures);
    let (model, files, found) = policy_files(settings);
    faults.extend(found);
    let text = PolicyText::from_files(model.as_deref(), &files);
    let (policy, found) = policy::load(model.as_deref(), &files).await;
    faults.extend(found);
    faults.extend(shelf.procedures.iter().flat_map(|located| check_procedure(located, &shelf)));
    let kept = stored.map(|stored| stored.kept.as_slice());
    faults.extend(policy::check(&policy, &shelf, kept));
    if let Some(stored) = stored {
        faults.extend(stored.faults.iter().cloned());
        faults.extend(compare_with_stored(&shelf, &stored.kept));
    }
    faults.sort_by(|a, b| (&a.file, a.line, b.severity).cmp(&(&b.file, b.line, a.severity)));
    let mut files = DefinitionFiles { shelf, policy, text, catalog: None, faults };
    if files.validate().is_ok() {
        match build_catalog(&files.shelf, kept.unwrap_or_default()) {
            Ok(catalog) => files.catalog = Some(catalog),
            Err(fault) => files.faults.push(*fault),
        }
    }
    files
}

/// Returns the text of the policy files, if all are readable.
pub(super) fn policy_text(settings: &Settings) -> Result<PolicyText, Vec<Fault>> {
    let (model, files, faults) = policy_files(settings);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(faults);
    }
    PolicyText::from_files(model.as_deref(), &files).ok_or(faults)
}

/// Returns the model, the policy files, and the faults in reading them.
fn policy_files(settings: &Settings) -> (Option<String>, Vec<PolicyFile>, Vec<Fault>) {
    let (mut faults, mut files) = (Vec::new(), Vec::new());
    let shown = "policies";
    let read = |faults: &mut Vec<Fault>, name: &str, shown: &str| {
        procedure::read_text(&settings.policies.join(name), shown).map_err(|fault| faults.push(fault)).ok()
    };
    for entry in procedure::entries(&settings.policies, shown, "csv", &mut faults) {
        let file = format!("{shown}/{}", entry.name);
        if entry.is_folder {
            procedure::report_nested(&entry.path, &file, "csv", "policies/", &mut faults);
        } else {
            let text = read(&mut faults, &entry.name, &file);
            files.push(PolicyFile { file, text });
        }
    }
    let model = read(&mut faults, "model.conf", policy::MODEL_FILE);
    (model, files, faults)
}

/// Checks a procedure by itself: its parts first, then its reachable states for dead ends.
fn check_procedure(located: &Located, shelf: &Shelf) -> Vec<Fault> {
    let Some(office) = shelf.office(&located.procedure.office) else { return Vec::new() };
    let faults = procedure::check(located, office);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return faults;
    }
    let stuck = reach::faults(&located.procedure).into_iter().map(|fault| {
        let mut path = Vec::new();
        path.extend(fault.step.iter().flat_map(|step| ["steps", step.as_str()]));
        path.extend(fault.outcome.iter().flat_map(|outcome| ["outcomes", outcome.as_str()]));
        Fault::error(&located.file, located.line(&path), fault.message, fault.mend)
    });
    faults.into_iter().chain(stuck).collect()
}

/// Compares the files with the stored versions.
fn compare_with_stored(shelf: &Shelf, kept: &[KnownVersion]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for located in &shelf.procedures {
        let versions = || kept.iter().map(|kept| &kept.located.procedure);
        faults.extend(changed_version(located, versions()));
        faults.extend(code_taken(located, versions()));
    }
    for KnownVersion { located, .. } in kept {
        let procedure = &located.procedure;
        let fault = match shelf.office(&procedure.office) {
            // The file was checked already.
            Some(_) if shelf.procedures.iter().any(|file| file.procedure.is_same_version(procedure)) => continue,
            Some(office) => {
                faults.extend(procedure::check_forms(located, office));
                continue;
            }
            None if shelf.lacks_office(&procedure.office) => continue,
            None => missing_office(procedure),
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
}

/// The fault of an office in the database without a file.
fn missing_office(procedure: &Procedure) -> Fault {
    let file = format!("procedures/{}/office.toml", procedure.office);
    let message = format!("the database holds procedures of `{}`, and no file describes this office", procedure.office);
    Fault::error(&file, 1, message, "put the office's file back, or say where it is with `--procedures`")
}

/// The fault of a stored version with different content: running requests are pinned to it.
fn changed_version<'a>(located: &Located, mut kept: impl Iterator<Item = &'a Procedure>) -> Option<Fault> {
    let procedure = &located.procedure;
    let kept = kept.find(|kept| kept.is_same_version(procedure))?;
    (kept != procedure).then(|| {
        let message = format!("version {} was stored with another content", procedure.version);
        let mend = "give the changed SOP the next `version`; requests that run keep the one they began with";
        Fault::error(&located.file, located.line(&["version"]), message, mend)
    })
}

/// The fault of a code used in the numbers of another procedure's requests. Numbers are counted per procedure, so they
/// would be issued twice.
fn code_taken<'a>(located: &Located, mut kept: impl Iterator<Item = &'a Procedure>) -> Option<Fault> {
    let procedure = &located.procedure;
    let other =
        kept.find(|kept| kept.office == procedure.office && kept.code == procedure.code && kept.key != procedure.key)?;
    let message =
        format!("the code `{}` stands in the numbers of `{}`, which the database holds", other.code, other.key);
    let mend = format!("give this one a code of its own, or keep the key `{}`", other.key);
    Some(Fault::error(&located.file, located.line(&["code"]), message, mend))
}

/// Builds the catalog: the offices, the versions of the files, and older stored versions. A stored version older than
/// its file stays on offer until the file's start date; any other serves its running requests only.
fn build_catalog(shelf: &Shelf, kept: &[KnownVersion]) -> Result<Catalog, Box<Fault>> {
    let mut catalog = Catalog::default();
    for office in &shelf.offices {
        catalog.add_office(office.clone());
    }
    let mut add = |located: &Located, on_offer: bool| {
        let added = catalog.add_procedure(located.procedure.clone(), on_offer);
        added.map_err(|error| Box::new(Fault::error(&located.file, 1, error, "correct the schemas of this file")))
    };
    for KnownVersion { located, .. } in kept {
        let procedure = &located.procedure;
        let of_file =
            |file: &&Located| (&file.procedure.office, &file.procedure.key) == (&procedure.office, &procedure.key);
        let file = shelf.procedures.iter().find(of_file).map(|file| file.procedure.version);
        if file != Some(procedure.version) {
            add(located, file.is_some_and(|file| file > procedure.version))?;
        }
    }
    for located in &shelf.procedures {
        add(located, true)?;
    }
    Ok(catalog)
}
