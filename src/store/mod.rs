//! sea-orm: reading and writing, and the event log. Holds no decision: what a caller sees comes in as [`Viewing`], what may
//! be written comes in as a proof.

mod actor;
mod agencies;
mod api_keys;
mod assets;
mod callers;
mod credentials;
mod database;
mod documents;
mod event_log;
mod grants;
mod idempotency;
mod key_ids;
mod people;
mod policies;
mod procedures;
mod registered_documents;
mod requests;
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
pub use api_keys::{add_api_key, api_key_by_hash, api_keys_of, forget_api_keys, note_api_key, revoke_api_key};
pub use assets::{AssetFilter, asset_by_id, assets_of, assets_page, save_asset};
pub use callers::{PersonRights, caller};
pub use credentials::{CredentialState, credentials_of, forget_revealed, save_credential};
pub use database::{
    Limits, Mac, Page, PageKey, Paging, Place, Postgres, Store, StoreError, Tls, Transaction, by_ids, end_rights,
    keep_rights, lock_office, lock_request, new_id, open_to_read,
};
pub use documents::{document_by_id, documents_of};
pub use event_log::{
    AppendedEvent, Change, Defect, EventFilter, LogPlace, NewRequest, NumberedEvent, OfficeChange, Saved, Sight,
    Stretch, begin_records, commit, events_by_ids, events_from, events_of, events_seen, givers, is_in_log, is_pending,
    log_end, office_chain, sequence_pending, verify,
};
pub use grants::{
    grant, grant_by_id, grants_in_force, held_in, holds_elsewhere, is_held_without_end, office_grants, person_grants,
};
pub use idempotency::{Remembered, forget_old_keys, recall, remember};
pub use key_ids::{KeyIds, key_ids};
pub use people::{
    Person, is_username_taken, lock_person, office_people, person_by_id, save_new_person, save_person, set_language,
    set_password,
};
pub use policies::{NewPolicy, Over, Recorded, StoredPolicy, active_hash};
pub use procedures::{StoredVersion, keep_version, next_number, stored_versions, versions_in_use};
pub use registered_documents::{RegisteredDocument, forget_registered, keep_registered, registered_document};
pub use requests::{
    DispositionFilter, Order, OrderField, RequestFilter, disposition_by_id, dispositions_of, dispositions_page,
    inbox_page, performed, reads_of, requests_page, see_request, see_request_by_number, see_requests, submissions_of,
    visits_of,
};
pub use sessions::{
    Ending, begin_session, end_sessions, forget_sessions, prolong_session, refresh_token, sessions_of,
    use_refresh_token,
};
pub use signatures::signatures_of;
pub use signing_keys::{PublishedKey, Rotation, published_key, rotate_signing_key};
pub use totp::{add_recovery_codes, begin_totp, end_totp, take_step, totp_of, use_recovery_code};
pub use units::{Held, hold_units, release_units};
pub use visibility::{
    About, AssetRow, Condition, SeenRequest, Sees, Submits, Submitters, Turn, Viewing, ViewingScope, Waiting,
    about_requests, requests_that, returned_in_secret,
};
