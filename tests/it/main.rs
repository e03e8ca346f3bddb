//! From outside: the real binary on a free port, spoken to over HTTP as a client would.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod accounts;
mod api_keys;
mod branches;
mod churn;
mod clients;
mod cloud;
mod commands;
mod crash;
mod data_center;
mod database;
mod demo;
mod disk;
mod documentation;
mod faults;
mod following;
mod fuzz;
mod harness;
mod house;
mod lists;
mod manners;
mod matrix;
mod million;
mod people;
mod policy_live;
mod printed;
mod races;
mod readers;
mod rotation;
mod schema;
mod secrets;
mod sight;
mod socket;
mod space;
mod statements;
mod story;
mod strangers;
mod stream;
mod subdomain;
mod tamper;
mod tokens;
mod totp;
mod versions;
