//! What an API key opens.

/// Something that an API key may open, as far as its owner may: they add up, and none holds another but that who reads all reads
/// how requests stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyScope {
    /// Which requests there are, and how they stand.
    ReadStatus,
    /// Everything that its owner may read.
    Read,
    /// The acts on requests and assets.
    Act,
}

/// Some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyScopes(u8);

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReadStatus, Self::Read, Self::Act];

    /// The word that stores and shows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadStatus => "READ_STATUS",
            Self::Read => "READ",
            Self::Act => "ACT",
        }
    }
}

impl KeyScopes {
    /// Whether it is one of them, or held in one.
    pub fn allow(self, scope: KeyScope) -> bool {
        let has = |scope: KeyScope| self.0 & (1 << scope as u8) != 0;
        has(scope) || (scope == KeyScope::ReadStatus && has(KeyScope::Read))
    }

    /// Those that were chosen.
    pub fn chosen(self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.into_iter().filter(move |scope| self.0 & (1 << *scope as u8) != 0)
    }

    /// Their words, by which they are stored.
    pub fn words(self) -> String {
        self.chosen().map(KeyScope::word).collect::<Vec<_>>().join(" ")
    }

    /// Those of such words; a word that is none opens nothing.
    pub fn from_words(words: &str) -> Self {
        let of = |word: &str| KeyScope::ALL.into_iter().find(|scope| scope.word() == word);
        words.split_whitespace().filter_map(of).collect()
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
