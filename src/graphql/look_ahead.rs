//! Look-ahead: what an operation selects below a field, before it is resolved. The names of the fields stand in one table, which a test
//! holds against the schema.

use async_graphql::{Context, Lookahead, SelectionField};

/// A field for look-ahead: its name, and the types that have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldName {
    name: &'static str,
    #[cfg(test)]
    types: &'static [&'static str],
}

/// Makes a constant of each line, and the table of all of them for the test.
macro_rules! fields {
    ($($constant:ident = $($ty:ident)|+ . $field:ident;)+) => {
        $(
            pub(super) const $constant: FieldName = FieldName {
                name: stringify!($field),
                #[cfg(test)]
                types: &[$(stringify!($ty)),+],
            };
        )+

        #[cfg(test)]
        const TABLE: &[FieldName] = &[$($constant),+];
    };
}

fields! {
    EVENT_CURSOR = Viewer | Request . eventCursor;

    NODES = RequestConnection | DispositionConnection | AssetConnection | InboxConnection | RequestEventConnection . nodes;
    EDGES = RequestConnection | DispositionConnection | AssetConnection | InboxConnection | RequestEventConnection . edges;
    NODE = RequestEdge | DispositionEdge | AssetEdge | InboxEdge | RequestEventEdge . node;
    TOTAL_COUNT = RequestConnection | DispositionConnection | AssetConnection | InboxConnection . totalCount;
    PAYLOAD_REQUEST = SubmitRequestPayload | ResubmitRequestPayload | ExecuteStepPayload | WithdrawRequestPayload . request;
    INBOX_ACTIONS = InboxEdge . actions;

    AVAILABLE_ACTIONS = Request . availableActions;
    CLOSED_ACTIONS = Request . closedActions;
    SUBMISSIONS = Request . submissions;
    LETTER = Request . letter;
    CONTACT = Request . contact;
    DETAILS = Request . details;
    VISITS = Request . visits;
    CURRENT_VISIT = Request . currentVisit;
    DOCUMENTS = Request . documents;
    ASSETS = Request . assets;
    DISPOSITIONS = Request . dispositions;
    EVENTS = Request . events;
    SUBMITTED_BY = Request . submittedBy;
    AGENCY = Request | Asset . agency;

    AWAITED = ClosedAction . awaited;
    AWAITED_PEOPLE = Awaited . people;
    SUBMISSION_BY = Submission . by;
    PERFORMED_BY = StepVisit . performedBy;
    ADDED_BY = Document . addedBy;
    SIGNATURES = Document . signatures;
    SIGNATURE_BY = Signature . by;
    DISPOSITION_FROM = Disposition . from;
    DISPOSITION_READS = Disposition . reads;
    DISPOSITION_REQUEST = Disposition . request;
    READ_BY = DispositionRead . by;
    ASSET_REQUEST = Asset . request;
    CREDENTIAL = Asset . credential;
    RECIPIENT = Credential . recipient;
    EVENT_ACTOR = RequestEvent . actor;
    ACTOR_USER = Actor . user;
    ACTOR_ON_BEHALF_OF = Actor . onBehalfOf;
}

impl FieldName {
    /// Returns the name.
    pub(super) const fn name(self) -> &'static str {
        self.name
    }
}

/// The selections at one or more places in the operation that resolve the same things.
pub(super) struct Selections<'a>(Vec<Lookahead<'a>>);

impl<'a> Selections<'a> {
    /// Returns the selection on the field that is being resolved.
    pub(super) fn of_field(context: &'a Context<'a>) -> Self {
        Self(vec![context.look_ahead()])
    }

    /// Returns the selections on the entries of a connection, through `nodes` and through `edges`.
    pub(super) fn entries(&self) -> Self {
        let Self(nodes) = self.field(NODES);
        let Self(edges) = self.field(EDGES).field(NODE);
        Self(nodes.into_iter().chain(edges).collect())
    }

    /// Returns the selections on a field below.
    pub(super) fn field(&self, field: FieldName) -> Self {
        Self(self.0.iter().map(|look| look.field(field.name)).collect())
    }

    /// Returns true if any of the fields is selected.
    pub(super) fn has(&self, fields: &[FieldName]) -> bool {
        self.0.iter().any(|look| fields.iter().any(|field| look.field(field.name).exists()))
    }

    /// Returns true if the person behind any of these actors is selected.
    pub(super) fn has_person(&self, actors: &[FieldName]) -> bool {
        actors.iter().any(|actor| self.field(*actor).has(&[ACTOR_USER, ACTOR_ON_BEHALF_OF]))
    }

    /// Returns each selection of the field by itself, with its own arguments.
    pub(super) fn each(&self) -> Vec<(SelectionField<'a>, Self)> {
        let fields = self.0.iter().flat_map(Lookahead::selection_fields);
        fields.map(|field| (field, Self(vec![Lookahead::from(field)]))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::api_schema::target_schema;

    #[test]
    fn every_field_of_the_table_is_in_the_schema() {
        let schema = target_schema();
        for field in TABLE {
            for of in field.types {
                let is_known = schema.fields().any(|(known, name)| known == of && name == field.name);
                assert!(is_known, "the schema has no {of}.{}", field.name);
            }
        }
    }
}
