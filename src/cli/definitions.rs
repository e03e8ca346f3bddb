//! The files of procedures and policies beside what the database holds of them: read, and everything wrong with them. What
//! `check` tells and what stops a server are the same.

use crate::policy::{self, KnownVersion, Policy, PolicyFile, PolicyText};
use crate::procedure::{self, Fault, Located, Procedure, Severity, Shelf};
use crate::service::{Catalog, StoredProcedures};
use crate::workflow::reach;

use super::Settings;

/// What was read, and every fault in it.
pub(super) struct Files {
    pub(super) shelf: Shelf,
    pub(super) policy: Policy,
    /// The policies' text; only where all of it could be read.
    pub(super) text: Option<PolicyText>,
    /// What a server runs; only where there is no error.
    pub(super) catalog: Option<Catalog>,
    faults: Vec<Fault>,
}

impl Files {
    /// Refuses what no server may run by; the warnings otherwise, as they should be told.
    pub(super) fn judge(&self) -> Result<&[Fault], String> {
        let errors = self.faults.iter().filter(|fault| fault.severity == Severity::Error).count();
        if errors == 0 { Ok(&self.faults) } else { Err(format!("{}\n{errors} to mend", list(&self.faults))) }
    }
}

/// The faults, one under the other.
pub(super) fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads the files, and holds them against each other and against what the database holds, where there is one.
pub(super) async fn read(settings: &Settings, stored: Option<&StoredProcedures>) -> Files {
    let (shelf, mut faults) = procedure::scan_folder(&settings.procedures);
    let (model, files, found) = policy_files(settings);
    faults.extend(found);
    let text = PolicyText::from_files(model.as_deref(), &files);
    let (policy, found) = policy::load(model.as_deref(), &files).await;
    faults.extend(found);
    faults.extend(shelf.procedures.iter().flat_map(|located| check(located, &shelf)));
    let kept = stored.map(|stored| stored.kept.as_slice());
    faults.extend(policy::check(&policy, &shelf, kept));
    if let Some(stored) = stored {
        faults.extend(stored.faults.iter().cloned());
        faults.extend(against(&shelf, &stored.kept));
    }
    faults.sort_by(|a, b| (&a.file, a.line, b.severity).cmp(&(&b.file, b.line, a.severity)));
    let mut files = Files { shelf, policy, text, catalog: None, faults };
    if files.judge().is_ok() {
        match catalog(&files.shelf, kept.unwrap_or_default()) {
            Ok(catalog) => files.catalog = Some(catalog),
            Err(fault) => files.faults.push(*fault),
        }
    }
    files
}

/// The text of the policies' files, all of which must be there to be read.
pub(super) fn policy_text(settings: &Settings) -> Result<PolicyText, Vec<Fault>> {
    let (model, files, faults) = policy_files(settings);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(faults);
    }
    PolicyText::from_files(model.as_deref(), &files).ok_or(faults)
}

/// The policies' files, the model first, and what is wrong with them as files.
fn policy_files(settings: &Settings) -> (Option<String>, Vec<PolicyFile>, Vec<Fault>) {
    let (mut faults, mut files) = (Vec::new(), Vec::new());
    let shown = "policies";
    let take = |faults: &mut Vec<Fault>, name: &str, shown: &str| {
        procedure::read_text(&settings.policies.join(name), shown).map_err(|fault| faults.push(fault)).ok()
    };
    for entry in procedure::entries(&settings.policies, shown, "csv", &mut faults) {
        let file = format!("{shown}/{}", entry.name);
        if entry.is_folder {
            procedure::report_nested(&entry.path, &file, "csv", "policies/", &mut faults);
        } else {
            let text = take(&mut faults, &entry.name, &file);
            files.push(PolicyFile { file, text });
        }
    }
    let model = take(&mut faults, "model.conf", policy::MODEL_FILE);
    (model, files, faults)
}

/// Everything wrong with a procedure by itself: its parts first; then, when these hold together, whatever state of it a
/// request could be stuck in.
fn check(located: &Located, shelf: &Shelf) -> Vec<Fault> {
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

/// What the files and the stored versions say against each other.
fn against(shelf: &Shelf, kept: &[KnownVersion]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for located in &shelf.procedures {
        let versions = || kept.iter().map(|kept| &kept.located.procedure);
        faults.extend(changed(located, versions()));
        faults.extend(code_taken(located, versions()));
    }
    for KnownVersion { located, .. } in kept {
        let procedure = &located.procedure;
        let fault = match shelf.office(&procedure.office) {
            // A file's version is checked as the file's.
            Some(_) if shelf.procedures.iter().any(|file| file.procedure.is_same_version(procedure)) => continue,
            Some(office) => {
                faults.extend(procedure::check_forms(located, office));
                continue;
            }
            None if shelf.lacks_office(&procedure.office) => continue,
            None => no_office(procedure),
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
}

/// An office that the database knows and no file describes.
fn no_office(procedure: &Procedure) -> Fault {
    let file = format!("procedures/{}/office.toml", procedure.office);
    let message = format!("the database holds procedures of `{}`, and no file describes this office", procedure.office);
    Fault::error(&file, 1, message, "put the office's file back, or say where it is with `--procedures`")
}

/// A file's version that was stored with another content: running requests are pinned to what was stored.
fn changed<'a>(located: &Located, mut kept: impl Iterator<Item = &'a Procedure>) -> Option<Fault> {
    let procedure = &located.procedure;
    let kept = kept.find(|kept| kept.is_same_version(procedure))?;
    (kept != procedure).then(|| {
        let message = format!("version {} was stored with another content", procedure.version);
        let mend = "give the changed SOP the next `version`; requests that run keep the one they began with";
        Fault::error(&located.file, located.line(&["version"]), message, mend)
    })
}

/// A code that stands in the numbers of another procedure's requests: numbers are counted for each procedure, so that these
/// would be given again.
fn code_taken<'a>(located: &Located, mut kept: impl Iterator<Item = &'a Procedure>) -> Option<Fault> {
    let procedure = &located.procedure;
    let other =
        kept.find(|kept| kept.office == procedure.office && kept.code == procedure.code && kept.key != procedure.key)?;
    let message =
        format!("the code `{}` stands in the numbers of `{}`, which the database holds", other.code, other.key);
    let mend = format!("give this one a code of its own, or keep the key `{}`", other.key);
    Some(Fault::error(&located.file, located.line(&["code"]), message, mend))
}

/// The offices, the files' versions, and the stored ones that no file has any more. Of these, what is older than its file
/// stays on offer until the file's time has come; what is newer, or without a file, is there for what runs by it.
fn catalog(shelf: &Shelf, kept: &[KnownVersion]) -> Result<Catalog, Box<Fault>> {
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
