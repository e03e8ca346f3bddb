//! Stored words of GraphQL enums: their names in the schema.

use async_graphql::Result;
use async_graphql::resolver_utils::EnumType;

use crate::graphql::error;

/// Parses the stored word of an enum value.
pub(crate) fn from_word<T: EnumType>(word: &str) -> Result<T> {
    let found = T::items().iter().find(|item| item.name == word).map(|item| item.value);
    found.ok_or_else(|| error::damaged("a stored word is unknown"))
}

/// Returns the stored word of an enum value.
pub(crate) fn to_word<T: EnumType>(value: T) -> String {
    T::items().iter().find(|item| item.value == value).map(|item| item.name.to_owned()).unwrap_or_default()
}

/// Returns the stored words of values, without duplicates.
pub(crate) fn words<T: EnumType>(values: Vec<T>) -> Vec<String> {
    let words: std::collections::BTreeSet<String> = values.into_iter().map(to_word).collect();
    words.into_iter().collect()
}
