//! Validation of a submission: letter, contact and form.

use chrono::NaiveDate;

use crate::procedure::canonical;
use crate::service::validation::InputErrors;
use crate::service::{ProcedureEntry, ServiceResult, SubmittedContact, SubmittedLetter, UserError, UserErrorCode};

/// A submission after validation.
pub(super) struct ValidatedSubmission {
    pub(super) letter: SubmittedLetter,
    pub(super) contact: String,
    pub(super) details: String,
}

/// Validates a submission, and collects every error.
pub(super) fn validate_submission(
    entry: &ProcedureEntry,
    letter: &SubmittedLetter,
    contact: &SubmittedContact,
    details: &serde_json::Value,
    today: NaiveDate,
) -> ServiceResult<ValidatedSubmission> {
    let mut errors = InputErrors::default();
    let details = canonical(details.clone());
    let letter = SubmittedLetter {
        number: errors.line(&["letter", "number"], &letter.number),
        subject: errors.line(&["letter", "subject"], &letter.subject),
        srikandi_reference: errors
            .optional_line(&["letter", "srikandiReference"], letter.srikandi_reference.as_deref()),
        ..letter.clone()
    };
    errors.day(&["letter", "date"], letter.date, today);
    let contact = SubmittedContact {
        name: errors.line(&["contact", "name"], &contact.name),
        nip: errors.optional_line(&["contact", "nip"], contact.nip.as_deref()),
        position: errors.optional_line(&["contact", "position"], contact.position.as_deref()),
        phone: errors.line(&["contact", "phone"], &contact.phone),
        email: errors.line(&["contact", "email"], &contact.email),
    };
    if let Some(nip) = &contact.nip {
        errors.nip(&["contact", "nip"], nip);
    }
    let phone_char = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')');
    if contact.phone.chars().filter(char::is_ascii_digit).count() < 6 || !contact.phone.chars().all(phone_char) {
        errors.invalid(
            &["contact", "phone"],
            "A phone number has at least six digits, and beside them only + - ( ) and spaces.",
        );
    }
    if !contact.email.is_empty() && !jsonschema_email(&contact.email) {
        errors.invalid(&["contact", "email"], "This is not an e-mail address.");
    }
    errors.texts(UserErrorCode::InvalidDetails, &mut vec!["details".to_owned()], &details);
    for fault in entry.details.validate(&details) {
        let path: Vec<String> = std::iter::once("details".to_owned()).chain(fault.path).collect();
        errors.0.push(UserError { code: UserErrorCode::InvalidDetails, message: fault.message, path });
    }
    errors.into_result()?;
    Ok(ValidatedSubmission { letter, contact: serde_json::to_string(&contact)?, details: details.to_string() })
}

/// Whether a text is an e-mail address by JSON Schema's format `email` (RFC 5321).
fn jsonschema_email(text: &str) -> bool {
    let schema = serde_json::json!({ "type": "string", "format": "email" });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    validator.is_ok_and(|validator| validator.is_valid(&serde_json::Value::from(text)))
}
