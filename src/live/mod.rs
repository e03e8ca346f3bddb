//! From the event log to subscribers (to come).
