//! The database (sea-orm): reads, writes, and the event log. Holds no decision: visibility comes in as [`Viewing`], permission
//! to write as a proof.

mod actor;
mod agencies;
mod api_keys;
mod assets;
mod callers;
mod credentials;
mod database;
mod documents;
mod event_log;
mod few_requests;
mod grants;
mod idempotency;
mod inbox;
mod key_ids;
mod people;
mod policies;
mod procedures;
mod registered_documents;
mod request_counts;
mod request_parts;
mod requests;
mod retention;
mod sessions;
mod signatures;
mod signing_keys;
mod totp;
mod units;
mod validity;
mod visibility;

pub use actor::performer;
pub(crate) use actor::with_actor;
pub use agencies::{agencies, agencies_in, agencies_waiting, agency_people};
pub use api_keys::{add_api_key, api_key_by_hash, api_keys_of, record_api_key_use, revoke_api_key};
pub use assets::{AssetFilter, asset_by_id, assets_of, assets_page, save_asset};
pub use callers::{PersonRights, caller, caller_rights};
pub use credentials::{CredentialState, credentials_of, save_credential};
pub use database::{
    ConnectionLimits, DatabaseLocation, Mac, Page, PageKey, Paging, Postgres, SortValue, Store, StoreError, Tls,
    Transaction, by_ids, lock_office, lock_request, lock_rights, lock_rights_shared, open_to_read,
};
pub use documents::{document_by_id, documents_of};
pub use event_log::{
    AppendedEvent, Defect, EventFilter, EventRange, EventVisibility, LogPosition, NewRequest, NumberedEvent,
    OfficeChange, ReplayCheck, RequestChange, SavedRequest, begin_records, commit, events_by_ids, events_from,
    events_of, grantors, is_in_log, is_pending, log_end, office_chain, sequence_pending, verify, visible_events,
};
pub use grants::{
    grant, grant_by_id, grants_in_force, holders_in, holds_elsewhere, is_held_without_end, office_grants, person_grants,
};
pub use idempotency::{IDEMPOTENCY_KEY_RETENTION, StoredResult, recall, remember};
pub use inbox::{inbox_page, inbox_requests};
pub use key_ids::{KeyIds, key_ids};
pub use people::{
    Person, is_username_taken, lock_person, office_people, person_by_id, save_new_person, save_person, set_language,
    set_password,
};
pub use policies::{NewPolicy, RecordedPolicy, Replaceable, StoredPolicy, active_hash};
pub use procedures::{StoredVersion, insert_version, next_number, stored_versions, versions_in_use};
pub use registered_documents::{RegisteredDocument, registered_document, save_registered_documents};
pub use request_counts::sum_up_counts;
pub use request_parts::{
    Assets, CurrentVisit, Dispositions, Documents, PartCache, PartRow, RequestPart, Submissions, Visits, part_rows,
    parts_of,
};
pub use requests::{
    DispositionFilter, Order, OrderField, RequestFilter, disposition_by_id, dispositions_page, performed, reads_of,
    requests_page, see_request, see_request_by_number, see_requests, visits_of,
};
pub use retention::RetainedRows;
pub use sessions::{
    SessionSelection, begin_session, end_sessions, extend_session, refresh_token, sessions_begun_since, sessions_of,
    use_refresh_token,
};
pub use signatures::signatures_of;
pub use signing_keys::{PublishedKey, Rotation, published_key, rotate_signing_key};
pub use totp::{
    add_recovery_codes, begin_totp, end_totp, has_recovery_codes, record_totp_step, totp_of, use_recovery_code,
};
pub use units::{UnitRange, hold_units, release_units};
pub use visibility::{
    AssetRow, RequestCondition, RequestFacts, RightsCheck, RoleStep, SeenRequest, Submits, Submitters, Turn, Viewing,
    ViewingScope, Visibility, Waiting, request_facts, returned_in_secret,
};
