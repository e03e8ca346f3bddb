//! Subscriptions: following the event log, with fan-out of shared answers.

pub(in crate::graphql) mod follow;
pub(in crate::graphql) mod shared_answers;
