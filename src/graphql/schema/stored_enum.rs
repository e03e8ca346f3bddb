//! The words by which GraphQL enums are stored: their names in the schema.

use async_graphql::Result;
use async_graphql::resolver_utils::EnumType;

use crate::graphql::error;

/// The enum value of a stored word.
pub(crate) fn from_word<T: EnumType>(word: &str) -> Result<T> {
    let found = T::items().iter().find(|item| item.name == word).map(|item| item.value);
    found.ok_or_else(|| error::damaged("a stored word is unknown"))
}

/// The word that stores an enum value.
pub(crate) fn to_word<T: EnumType>(value: T) -> String {
    T::items().iter().find(|item| item.value == value).map(|item| item.name.to_owned()).unwrap_or_default()
}

/// The words that store values, each once.
pub(crate) fn words<T: EnumType>(values: Vec<T>) -> Vec<String> {
    let words: std::collections::BTreeSet<String> = values.into_iter().map(to_word).collect();
    words.into_iter().collect()
}
