//! disposisi's schema migrations.
