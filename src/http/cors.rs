//! CORS: the origins allowed to read responses, by default none.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use reqwest::Url;
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::rate_limit;
use super::request_id::REQUEST_ID;

/// What a page may read of an answer's head, beside what it always may.
const EXPOSED: [HeaderName; 6] =
    [REQUEST_ID, header::ETAG, header::RETRY_AFTER, header::ALLOW, rate_limit::STANDING, rate_limit::POLICY];

/// How long a browser need not ask again. None remembers it for longer than two hours.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The origins whose pages may read what is answered.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Those of these names, each exactly as a browser sends it: scheme, host, and the port where it is not the scheme's own. The
    /// error is the first name that is none.
    pub fn read(names: &[String]) -> Result<Self, String> {
        let read = |name: &String| {
            let url = Url::parse(name).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            // An asterisk is fit for a host's name, and whoever writes it means something else.
            let is_exact = !name.contains('*') && url.is_some_and(|url| url.origin().ascii_serialization() == *name);
            HeaderValue::try_from(name).ok().filter(|_| is_exact).ok_or_else(|| name.clone())
        };
        names.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// What tells browsers so; none where no page of another origin may.
    pub(super) fn layer(self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        // Clients send headers of their own, and none does harm. Nothing is let in by a cookie, so there are no credentials that
        // a browser would add by itself: a page has a token, or is nobody.
        Some(
            CorsLayer::new()
                .allow_origin(self.0)
                .allow_methods([Method::GET, Method::HEAD, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(EXPOSED)
                .max_age(REMEMBERED),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_named_exactly_as_a_browser_sends_it() {
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
            assert_eq!(Origins::read(&[name.to_owned()]).is_ok(), is_one, "{name}");
        }
    }
}
