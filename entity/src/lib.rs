//! disposisi's tables as sea-orm entities.
