//! API key scopes.

/// A scope of an API key, within its owner's permissions. Scopes are additive; `Read` includes `ReadStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyScope {
    /// The list of requests and their status.
    ReadStatus,
    /// All reads of its owner.
    Read,
    /// The acts on requests and assets.
    Act,
}

/// A set of scopes, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyScopes(u8);

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReadStatus, Self::Read, Self::Act];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadStatus => "READ_STATUS",
            Self::Read => "READ",
            Self::Act => "ACT",
        }
    }
}

impl KeyScopes {
    /// Returns true if the set contains or includes the scope.
    pub fn allow(self, scope: KeyScope) -> bool {
        let has = |scope: KeyScope| self.0 & (1 << scope as u8) != 0;
        has(scope) || (scope == KeyScope::ReadStatus && has(KeyScope::Read))
    }

    /// The chosen scopes.
    pub fn chosen(self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.into_iter().filter(move |scope| self.0 & (1 << *scope as u8) != 0)
    }

    /// The stored words, separated by spaces.
    pub fn words(self) -> String {
        self.chosen().map(KeyScope::word).collect::<Vec<_>>().join(" ")
    }

    /// Parses stored words; unknown words are ignored.
    pub fn from_words(words: &str) -> Self {
        let scope = |word: &str| KeyScope::ALL.into_iter().find(|scope| scope.word() == word);
        words.split_whitespace().filter_map(scope).collect()
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<T: IntoIterator<Item = KeyScope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | (1 << scope as u8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_add_up_and_outlive_being_stored() {
        for chosen in [vec![], vec![KeyScope::ReadStatus], vec![KeyScope::Read, KeyScope::Act], KeyScope::ALL.to_vec()]
        {
            let scopes: KeyScopes = chosen.iter().copied().collect();
            assert_eq!(KeyScopes::from_words(&scopes.words()), scopes);
            assert_eq!(scopes.chosen().collect::<Vec<_>>(), chosen);
            for scope in KeyScope::ALL {
                let held = scope == KeyScope::ReadStatus && chosen.contains(&KeyScope::Read);
                assert_eq!(scopes.allow(scope), chosen.contains(&scope) || held, "{chosen:?} {scope:?}");
            }
        }
        assert_eq!(KeyScopes::from_words("EVERYTHING"), KeyScopes::default());
    }
}
