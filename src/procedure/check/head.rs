//! Checks of the printed form's head.

use super::ProcedureCheck;

/// The reserved word for an office's requests in policy lines.
const REQUESTS: &str = "requests";

impl ProcedureCheck<'_> {
    pub(super) fn head(&mut self) {
        let procedure = &self.located.procedure;
        if procedure.key == REQUESTS {
            let message =
                "policy lines mean all requests of the office by `requests`, so no procedure can have this key";
            let mend = "give it a key that says which requests, like `permohonan-mail`, and name the file after it";
            self.fault(&["key"], message, mend);
        }
        self.refuse_blank(&["number"], &procedure.number, "number");
        self.refuse_blank(&["title"], &procedure.title, "title");
        self.refuse_blank(&["approved_by"], &procedure.approved_by, "name of who approved it");
    }
}
