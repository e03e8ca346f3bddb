//! Subscriptions: following the log of events, and the answers that followers share.

pub(in crate::graphql) mod follow;
pub(in crate::graphql) mod shared_answers;
