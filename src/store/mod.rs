//! sea-orm: reading and writing, and the event log. Holds no decision: what a caller sees comes in as [`Viewing`], what may
//! be written comes in as a proof.

mod api_keys;
mod assets;
mod change;
mod condition;
mod cover;
mod database;
mod error;
mod events;
mod idempotency;
mod key_ids;
mod listen;
mod lock;
mod log;
mod office;
mod page;
mod people;
mod place;
mod policies;
mod procedures;
mod registered;
mod requests;
mod sessions;
mod signing_keys;
mod totp;
mod verify;
mod view;

pub use api_keys::{add_api_key, api_key_by_hash, api_keys_of, forget_api_keys, note_api_key, revoke_api_key};
pub use assets::{
    AssetFilter, Held, asset_by_id, assets_of, assets_page, credentials_of, document_by_id, documents_of,
    forget_revealed, hold_units, release_units, save_asset, save_credential, signatures_of,
};
pub use change::{Append, Audience, Change, NewRequest, Saved, new_id};
pub use condition::{
    About, Condition, Submits, Submitters, about_requests, is_closed, requests_that, returned_in_secret,
};
pub use database::{Mac, Store, Transaction, by_ids, open_to_read};
pub use error::StoreError;
pub use events::{
    EventFilter, LogPlace, NumberedEvent, Sight, Stretch, events_by_ids, events_from, events_of, events_seen,
    is_in_log, log_end,
};
pub use idempotency::{Remembered, forget_old_keys, recall, remember};
pub use key_ids::{KeyIds, key_ids};
pub use lock::{end_rights, keep_rights, lock_office, lock_request};
pub use log::{commit, is_pending, sequence_pending};
pub use office::{OfficeAppend, OfficeChange, begin_records, givers, office_chain};
pub use page::{Page, PageKey, Paging};
pub use people::{
    Person, Standing, agencies, agencies_in, agencies_waiting, agency_people, caller, grant, grant_by_id,
    grants_in_force, held_in, holds_elsewhere, is_held_without_end, is_username_taken, office_grants, office_people,
    person_by_id, person_grants, save_new_person, save_person, set_language,
};
pub use place::{Limits, Place, Postgres, Tls};
pub use policies::{NewPolicy, Over, Recorded, StoredPolicy, active_hash};
pub use procedures::{StoredVersion, keep_version, next_number, stored_versions, versions_in_use};
pub use registered::{RegisteredDocument, forget_registered, keep_registered, registered_document};
pub use requests::{
    DispositionFilter, Order, OrderField, RequestFilter, disposition_by_id, dispositions_of, dispositions_page,
    inbox_page, performed, reads_of, requests_page, see_request, see_request_by_number, see_requests, submissions_of,
    visits_of,
};
pub use sessions::{
    Ending, begin_session, end_sessions, forget_sessions, lock_person, prolong_session, refresh_token, sessions_of,
    set_password, use_refresh_token,
};
pub use signing_keys::{PublishedKey, Rotation, published_key, rotate_signing_key};
pub use totp::{add_recovery_codes, begin_totp, end_totp, take_step, totp_of, use_recovery_code};
pub use verify::{Defect, Follows, verify};
pub use view::{AssetRow, SeenRequest, Sees, Turn, Viewing, ViewingScope, Waiting};
