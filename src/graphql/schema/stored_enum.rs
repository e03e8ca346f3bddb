//! Stored words of GraphQL enums: their names in the schema.

use async_graphql::Result;
use async_graphql::resolver_utils::EnumType;

use crate::graphql::error;

/// Parses the stored word of an enum value.
pub(crate) fn from_word<T: EnumType>(word: &str) -> Result<T> {
    let found = T::items().iter().find(|item| item.name == word).map(|item| item.value);
    found.ok_or_else(|| error::inconsistent_data("a stored word is unknown"))
}
