//! From outside: the real binary on a free port, spoken to over HTTP as a client would.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod cloud;
mod data_center;
mod harness;
mod schema;
mod subdomain;
