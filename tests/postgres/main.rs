//! From outside, on PostgreSQL: the tests of `tests/it` that are not about SQLite's file, and those that only a server of
//! databases can have.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod acts;
mod cluster;
mod conflicts;
mod database;
mod empty;
mod instance;
mod keys;
mod many;
mod policies;
mod registered;
mod revoked;
mod silent;
mod tls;
mod together;

#[path = "../it/accounts.rs"]
mod accounts;
#[path = "../it/api_keys.rs"]
mod api_keys;
#[path = "../it/bad_input.rs"]
mod bad_input;
#[path = "../it/branches.rs"]
mod branches;
#[path = "../it/closed_actions.rs"]
mod closed_actions;
#[path = "../it/cloud.rs"]
mod cloud;
#[path = "../it/crash.rs"]
mod crash;
#[path = "../it/data_center.rs"]
mod data_center;
#[path = "../it/documents.rs"]
mod documents;
#[path = "../it/dry_run.rs"]
mod dry_run;
#[path = "../it/event_visibility.rs"]
mod event_visibility;
#[path = "../it/explain.rs"]
mod explain;
#[path = "../it/faults.rs"]
mod faults;
#[path = "../it/field_visibility.rs"]
mod field_visibility;
#[path = "../it/following.rs"]
mod following;
#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "some of it is for SQLite's file")]
mod harness;
#[path = "../it/leaks.rs"]
mod leaks;
#[path = "../it/lists.rs"]
mod lists;
#[path = "../it/matrix.rs"]
mod matrix;
#[path = "../it/office_record.rs"]
mod office_record;
#[path = "../it/people.rs"]
mod people;
#[path = "../it/policy_space.rs"]
mod policy_space;
#[path = "../it/provider.rs"]
mod provider;
#[path = "../it/races.rs"]
mod races;
#[path = "../it/rotation.rs"]
mod rotation;
#[path = "../it/secrets.rs"]
mod secrets;
#[path = "../it/socket.rs"]
mod socket;
#[path = "../it/statements.rs"]
mod statements;
#[path = "../it/story.rs"]
mod story;
#[path = "../it/stream.rs"]
mod stream;
#[path = "../it/subdomain.rs"]
mod subdomain;
#[path = "../it/tamper.rs"]
mod tamper;
#[path = "../it/time.rs"]
mod time;
#[path = "../it/tokens.rs"]
mod tokens;
#[path = "../it/totp.rs"]
mod totp;
#[path = "../it/unauthorized.rs"]
mod unauthorized;
#[path = "../it/versions.rs"]
mod versions;
