//! Name of the operator, for the audit log.

/// Returns the name of the system user that runs this program.
pub(super) fn operator_name() -> String {
    whoami::username().unwrap_or_else(|_| "unknown".to_owned())
}
