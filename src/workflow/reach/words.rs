//! Refusals of the state machine as messages for SOP authors.

use crate::workflow::Refusal;

/// Formats the reasons against an outcome, for the author of the file.
pub(super) fn in_words(why: &[Refusal]) -> String {
    let words = why.iter().map(|refusal| match refusal {
        Refusal::CameOtherwise(arrow) => format!("the step is not reached by `{}:{}`", arrow.step, arrow.outcome),
        Refusal::EndedOtherwise(arrow) => {
            format!("the latest visit of step `{}` did not end in `{}`", arrow.step, arrow.outcome)
        }
        Refusal::NotRefused(record) => format!("the document `{record}` is not refused"),
        Refusal::NotSigned(record) => format!("the document `{record}` is not signed"),
        Refusal::Missing { record, .. } => format!("the record `{record}` is not there"),
        Refusal::AssetNotReady => "the asset is not at the stage that its `effect` or `asset` needs".to_owned(),
        Refusal::FirstStep(_) => "the first step ends by submitting, which takes its first outcome".to_owned(),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Returns the correction for the first of the reasons.
pub(super) fn how_to_mend(why: &[Refusal]) -> String {
    match why.first() {
        Some(Refusal::CameOtherwise(arrow)) => {
            format!("lead `{}:{}` to this step, or mend `came_by`", arrow.step, arrow.outcome)
        }
        Some(Refusal::EndedOtherwise(arrow)) => {
            format!("let `{}:{}` come before this step, or mend `last`", arrow.step, arrow.outcome)
        }
        Some(Refusal::NotRefused(record) | Refusal::NotSigned(record)) => {
            format!("give this step or one before it `signs = \"{record}\"`, or mend the condition")
        }
        Some(Refusal::Missing { record, .. }) => {
            format!("let every way to this step bring or produce `{record}`, or do not require it here")
        }
        Some(Refusal::AssetNotReady) => {
            "reserve before promoting, provision before verifying, verify or provision before delivering, on every way here; \
             let the first `reserve` or `provision` take the asset's attributes"
                .to_owned()
        }
        _ => "take the outcome out".to_owned(),
    }
}
