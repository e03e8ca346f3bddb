//! Why the server closes a WebSocket: the codes of the protocol, and of RFC 6455's registry. `docs/errors.md` tells clients of each.

/// Makes the codes from their numbers, so that the list of all of them cannot lack one.
macro_rules! closes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $reason:literal;)+) => {
        /// Why a WebSocket closes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Close {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Close {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code of the close frame.
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The words beside it, for people.
            pub(super) const fn reason(self) -> &'static str {
                match self {
                    $(Self::$name => $reason,)+
                }
            }
        }
    };
}

closes! {
    /// The server is about to end (the registry's service restart). Clients connect again.
    Restart = 1012, "Service restart";
    /// The database does not answer (the registry's try again later).
    Later = 1013, "Try again later";
    /// What was sent cannot be read, or is too large.
    Malformed = 4400, "Invalid message received";
    /// An operation came before `connection_init`.
    Unauthorized = 4401, "Unauthorized";
    /// The token is not good, or no longer.
    Forbidden = 4403, "Forbidden";
    /// Another subprotocol, or none, was asked for.
    WrongProtocol = 4406, "Subprotocol not acceptable";
    /// No `connection_init` came in time.
    NoInit = 4408, "Connection initialisation timeout";
    /// The id of an operation that is under way was used again.
    IdInUse = 4409, "Subscriber already exists";
    /// `connection_init` came twice.
    ManyInits = 4429, "Too many initialisation requests";
    /// The person has too many sockets open.
    ManySockets = 4430, "Too many connections";
}
