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
#[path = "../it/branches.rs"]
mod branches;
#[path = "../it/churn.rs"]
mod churn;
#[path = "../it/cloud.rs"]
mod cloud;
#[path = "../it/crash.rs"]
mod crash;
#[path = "../it/data_center.rs"]
mod data_center;
#[path = "../it/documents.rs"]
mod documents;
#[path = "../it/doors.rs"]
mod doors;
#[path = "../it/dry.rs"]
mod dry;
#[path = "../it/explain.rs"]
mod explain;
#[path = "../it/faults.rs"]
mod faults;
#[path = "../it/following.rs"]
mod following;
#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "some of it is for SQLite's file")]
mod harness;
#[path = "../it/lists.rs"]
mod lists;
#[path = "../it/manners.rs"]
mod manners;
#[path = "../it/matrix.rs"]
mod matrix;
#[path = "../it/office_record.rs"]
mod office_record;
#[path = "../it/people.rs"]
mod people;
#[path = "../it/provider.rs"]
mod provider;
#[path = "../it/races.rs"]
mod races;
#[path = "../it/readers.rs"]
mod readers;
#[path = "../it/rotation.rs"]
mod rotation;
#[path = "../it/secrets.rs"]
mod secrets;
#[path = "../it/sight.rs"]
mod sight;
#[path = "../it/socket.rs"]
mod socket;
#[path = "../it/space.rs"]
mod space;
#[path = "../it/statements.rs"]
mod statements;
#[path = "../it/story.rs"]
mod story;
#[path = "../it/strangers.rs"]
mod strangers;
#[path = "../it/stream.rs"]
mod stream;
#[path = "../it/subdomain.rs"]
mod subdomain;
#[path = "../it/tamper.rs"]
mod tamper;
#[path = "../it/tokens.rs"]
mod tokens;
#[path = "../it/totp.rs"]
mod totp;
#[path = "../it/versions.rs"]
mod versions;
