//! Features of a database server: several instances, lost connections, deadlocks, TLS. Run by `tests/run postgres`.

mod acts;
mod conflicts;
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
