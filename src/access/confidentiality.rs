//! Confidentiality of letters (sifat), a condition of visibility.

use serde::Serialize;

/// The confidentiality of a letter (sifat).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Confidentiality {
    /// Biasa.
    Ordinary,
    /// Terbatas.
    Restricted,
    /// Rahasia.
    Secret,
    /// Sangat rahasia.
    TopSecret,
}

impl Confidentiality {
    /// The levels hidden from the office and the agency at large.
    pub const CLOSED: [Self; 2] = [Self::Secret, Self::TopSecret];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ordinary => "ORDINARY",
            Self::Restricted => "RESTRICTED",
            Self::Secret => "SECRET",
            Self::TopSecret => "TOP_SECRET",
        }
    }

    /// Returns true if hidden from the office and the agency at large.
    pub fn is_closed(self) -> bool {
        Self::CLOSED.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::Confidentiality;

    #[test]
    fn words_in_json_are_the_words_of_the_column() {
        use Confidentiality::{Ordinary, Restricted, Secret, TopSecret};
        for level in [Ordinary, Restricted, Secret, TopSecret] {
            assert_eq!(serde_json::to_value(level).unwrap(), level.word());
        }
    }
}
