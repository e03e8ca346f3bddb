//! Actions of policy lines, with their names in the policy files.

use std::fmt;

/// An action allowed to a role by a policy line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// End a step. Object: `<procedure>/<step>`.
    Execute,
    /// Sign or refuse the document of a step. Object: `<procedure>/<step>`.
    Sign,
    /// Be the recipient of a step's delivery. Object: `<procedure>/<step>`.
    Receive,
    /// Take a request back. Object: `<procedure>`.
    Withdraw,
    /// Read one's own credential. Object: `<procedure>`.
    Reveal,
    /// Replace a credential. Object: `<procedure>`.
    Reissue,
    /// Take a delivered asset out of service. Object: `<procedure>`.
    Revoke,
    /// See requests. Object: `requests`.
    See(Scope),
    /// Read a field with a permission of its own. Object: `field:<field>`.
    Read,
    /// Add people or agencies and put them out of service. Object: `people`, `agencies`.
    Manage,
    /// Grant a role, and revoke it. Object: `role:<role>`.
    Grant,
    /// See the events of the office itself: grants, people, policies. Object: `office`.
    SeeEvents,
    /// Explain permissions: the reasons for an allowed or denied action. Object: `office`.
    Explain,
}

/// Who may see a request: the requests of an office visible to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// My own, those with a credential for me, and my agency's orphaned ones.
    Own,
    /// My agency's, but for SECRET and TOP_SECRET ones.
    Agency,
    /// Requests with a visit to a step of my role.
    Reached,
    /// The office's, but for SECRET and TOP_SECRET ones.
    Office,
    /// The office's.
    All,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 17] = [
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
        Self::Read,
        Self::Manage,
        Self::Grant,
        Self::SeeEvents,
        Self::Explain,
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
            Self::Read => "read",
            Self::Manage => "manage",
            Self::Grant => "grant",
            Self::SeeEvents => "see-events",
            Self::Explain => "explain",
        }
    }

    /// Returns the action of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A field with a read permission of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// A person's civil servant number (NIP).
    Nip,
    /// A person's telephone number.
    Phone,
    /// A person's e-mail address.
    Email,
    /// A performer's or signer's note, internal to the office.
    Note,
    /// An asset's addresses, as its SOP names them.
    Address,
}

impl Field {
    /// Every field, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Nip, Self::Phone, Self::Email, Self::Note, Self::Address];

    /// The word in the policy files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nip => "nip",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Note => "note",
            Self::Address => "address",
        }
    }

    /// Returns the field of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word() == word)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A condition of a policy line (separation of duties, definitive capacity): the last column of the policy files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// The person has not ended this step of the request, in any pass. Written `other-than:<step>`.
    OtherThan(String),
    /// By a definitive grant only, not as an acting official (Plt., Plh.). Written `definitive`.
    Definitive,
}

/// The prefix of [`Condition::OtherThan`], before the step's key.
const OTHER_THAN: &str = "other-than:";

impl Condition {
    /// How conditions are written, for people.
    pub const FORMS: &str = "`other-than:<step>`, `definitive`, or several joined by `&`";

    /// Parses a condition; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(OTHER_THAN) {
            Some(step) if !step.is_empty() => Some(Self::OtherThan(step.to_owned())),
            None if text == "definitive" => Some(Self::Definitive),
            _ => None,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherThan(step) => write!(f, "{OTHER_THAN}{step}"),
            Self::Definitive => f.write_str("definitive"),
        }
    }
}
