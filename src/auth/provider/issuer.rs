//! The issuer of an identity provider's tokens: its name, and the address of its discovery document.

use http::Uri;
use http::uri::Scheme;

/// The issuer of tokens, by its `iss` claim.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub(super) name: String,
    /// The address of its discovery document.
    pub(super) location: Uri,
}

impl Issuer {
    /// Parses an issuer's name, a URL. The error says what is wrong with it.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.contains(['?', '#']) {
            return Err("must have no query and no fragment".to_owned());
        }
        let location = location(&format!("{}/.well-known/openid-configuration", name.trim_end_matches('/')))?;
        Ok(Self { name: name.to_owned(), location })
    }
}

/// Parses an allowed address: HTTPS, or this machine itself. The error says what is wrong with it.
pub(super) fn location(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("is no URL ({error}); it begins with https://"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    let is_safe = uri.scheme() == Some(&Scheme::HTTPS) || uri.scheme() == Some(&Scheme::HTTP) && is_loopback;
    if !is_safe {
        return Err("must begin with https://, or with http:// where it is this machine itself".to_owned());
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("must name nobody before its host".to_owned());
    }
    Ok(uri)
}
