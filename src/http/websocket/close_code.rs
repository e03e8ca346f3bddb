//! WebSocket close codes of the protocol and of RFC 6455's registry. `docs/errors.md` describes each for clients.

/// Declares the close codes, and the list of all of them.
macro_rules! closes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $reason:literal;)+) => {
        /// Close code of a WebSocket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum CloseCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl CloseCode {
            /// All close codes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Number of the close frame.
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// Reason text of the close frame.
            pub(super) const fn reason(self) -> &'static str {
                match self {
                    $(Self::$name => $reason,)+
                }
            }
        }
    };
}

closes! {
    /// The server shuts down (service restart). Clients reconnect.
    Restart = 1012, "Service restart";
    /// The database is unavailable (try again later).
    Later = 1013, "Try again later";
    /// A message is malformed or too large.
    Malformed = 4400, "Invalid message received";
    /// An operation came before `connection_init`.
    Unauthorized = 4401, "Unauthorized";
    /// The token is invalid or expired.
    Forbidden = 4403, "Forbidden";
    /// The requested subprotocol is unsupported or missing.
    WrongProtocol = 4406, "Subprotocol not acceptable";
    /// `connection_init` timed out.
    NoInit = 4408, "Connection initialisation timeout";
    /// The id of a running operation was used again.
    IdInUse = 4409, "Subscriber already exists";
    /// `connection_init` came twice.
    ManyInits = 4429, "Too many initialisation requests";
    /// The person has too many open sockets.
    ManySockets = 4430, "Too many connections";
}
