//! The words of the policy files' last column.

use std::fmt;

/// What a policy line lets a role do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// End a step. Object: `<procedure>/<step>`.
    Execute,
    /// Sign or refuse the document that a step has signed. Object: `<procedure>/<step>`.
    Sign,
    /// Be the recipient of what a step hands over. Object: `<procedure>/<step>`.
    Receive,
    /// Take a request back. Object: `<procedure>`.
    Withdraw,
    /// Read a credential that one is the recipient of. Object: `<procedure>`.
    Reveal,
    /// Replace a credential. Object: `<procedure>`.
    Reissue,
    /// Take a delivered asset out of service. Object: `<procedure>`.
    Revoke,
    /// See requests. Object: `requests`.
    See(Scope),
}

/// Which requests of an office a role sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Those I submitted, those whose credential I receive, and those of my agency that nobody holds any more.
    Own,
    /// My agency's.
    Agency,
    /// Those of which a step that my role executes or signs was visited.
    Reached,
    /// The office's, but for SECRET and TOP_SECRET ones.
    Office,
    /// The office's.
    All,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Execute,
        Self::Sign,
        Self::Receive,
        Self::Withdraw,
        Self::Reveal,
        Self::Reissue,
        Self::Revoke,
        Self::See(Scope::Own),
        Self::See(Scope::Agency),
        Self::See(Scope::Reached),
        Self::See(Scope::Office),
        Self::See(Scope::All),
    ];

    /// The word in the policy files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Sign => "sign",
            Self::Receive => "receive",
            Self::Withdraw => "withdraw",
            Self::Reveal => "reveal",
            Self::Reissue => "reissue",
            Self::Revoke => "revoke",
            Self::See(Scope::Own) => "see-own",
            Self::See(Scope::Agency) => "see-agency",
            Self::See(Scope::Reached) => "see-reached",
            Self::See(Scope::Office) => "see-office",
            Self::See(Scope::All) => "see-all",
        }
    }

    /// The action of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
