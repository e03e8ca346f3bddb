//! CORS: the origins allowed to read responses, by default none.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use reqwest::Url;
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::rate_limit;
use super::request_id::REQUEST_ID;

/// Response headers that pages may read, in addition to the safelisted ones.
const EXPOSED_HEADERS: [HeaderName; 6] =
    [REQUEST_ID, header::ETAG, header::RETRY_AFTER, header::ALLOW, rate_limit::RATELIMIT, rate_limit::RATELIMIT_POLICY];

/// Lifetime of a preflight response. Browsers cap it at two hours.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3600);

/// Origins allowed to read responses.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(Vec<HeaderValue>);

impl AllowedOrigins {
    /// Parses origins, each exactly as a browser sends it: scheme, host, and port unless it is the scheme's default.
    /// The error is the first invalid name.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let parse = |name: &String| {
            let url = Url::parse(name).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            // An asterisk is valid in a host name, but surely meant as a wildcard.
            let is_exact = !name.contains('*') && url.is_some_and(|url| url.origin().ascii_serialization() == *name);
            HeaderValue::try_from(name).ok().filter(|_| is_exact).ok_or_else(|| name.clone())
        };
        names.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The CORS layer; none without allowed origins.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        // Any request header is harmless. Authentication never uses cookies, so there are no credentials that a browser
        // would add by itself.
        Some(
            CorsLayer::new()
                .allow_origin(self.0.clone())
                .allow_methods([Method::GET, Method::HEAD, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(EXPOSED_HEADERS)
                .max_age(PREFLIGHT_MAX_AGE),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_exactly_as_a_browser_sends_it() {
        for (name, is_one) in [
            ("https://app.example", true),
            ("http://localhost:5173", true),
            ("https://app.example/", false),
            ("https://app.example:443", false),
            ("https://App.example", false),
            ("https://app.example/page", false),
            ("https://*.example", false),
            ("app.example", false),
            ("file:///page", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(AllowedOrigins::parse(&[name.to_owned()]).is_ok(), is_one, "{name}");
        }
    }
}
