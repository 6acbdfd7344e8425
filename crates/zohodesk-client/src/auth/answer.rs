//! What is asked of the accounts server, and what it answers. Its failures may come with status 200.

use bytes::Bytes;
use connector_http::{Body, Meta, Request, Response};
use http::header;
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// An access token's life when the answer doesn't say, in seconds.
const LIFE: u64 = 3_600;
/// Longest life that is believed.
const LONGEST_LIFE: u64 = 86_400;

/// A new access token.
pub(super) struct Access {
    pub(super) access_token: SecretString,
    /// In seconds.
    pub(super) expires_in: u64,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Told {
    pub(super) access_token: Option<SecretString>,
    pub(super) refresh_token: Option<SecretString>,
    #[serde(deserialize_with = "crate::wire::count")]
    expires_in: Option<u64>,
    pub(super) scope: Option<String>,
    error: Option<String>,
}

/// A POST to the accounts server. Its secrets are in the body: a URL would get into logs.
pub(super) fn request(accounts: &Url, operation: &'static str, form: &[(&str, &str)]) -> Result<Request> {
    let mut url = accounts.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(["oauth", "v2", "token"]),
        Err(()) => {
            return Err(Error::not_sent(ErrorKind::Config, "the accounts server's URL can't have a path"));
        }
    };
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let builder = http::Request::post(url.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Meta::create(operation).any_status().request(builder, Body::from(Bytes::from(body)))
}

/// Reads an answer by its body, whatever its status.
pub(super) fn told(answer: &Response, operation: &'static str) -> Result<Told> {
    let status = answer.status().as_u16();
    let failed = |kind, retry, text: &'static str| {
        Error::new(kind, Outcome::NotSent, text)
            .with_operation(operation)
            .with_status(status)
            .with_retry(retry)
    };
    let told: Told = match serde_json::from_slice(answer.body()) {
        Ok(told) => told,
        Err(_) if status == 429 || status >= 500 => {
            return Err(failed(ErrorKind::Unavailable, Retry::Later, "Zoho's accounts server has a problem"));
        }
        Err(_) => {
            let text = "Zoho's accounts server didn't answer with JSON; is its URL right?";
            return Err(failed(ErrorKind::Malformed, Retry::Never, text));
        }
    };
    let Some(error) = &told.error else {
        return match status {
            200..=299 => Ok(told),
            429 | 500.. => {
                Err(failed(ErrorKind::Unavailable, Retry::Later, "Zoho's accounts server has a problem"))
            }
            _ => Err(failed(
                ErrorKind::Unauthorized,
                Retry::Never,
                "Zoho's accounts server refused the request",
            )),
        };
    };
    let code: String = error.trim().to_ascii_lowercase().replace(' ', "_");
    let refused = match code.as_str() {
        "access_denied" => failed(
            ErrorKind::Throttled,
            Retry::After(Duration::from_secs(600)),
            "Zoho's accounts server denies access: too many requests for tokens; wait ten minutes",
        ),
        "invalid_client" | "invalid_client_secret" => failed(
            ErrorKind::Unauthorized,
            Retry::Never,
            "Zoho doesn't know the client id or its secret; do they belong to this data centre?",
        ),
        "invalid_code" | "invalid_grant" => failed(
            ErrorKind::Unauthorized,
            Retry::Never,
            "Zoho doesn't know the refresh token or the code: revoked, used up, pushed out by a newer one, or of \
             another data centre",
        ),
        "server_error" | "general_error" | "temporarily_unavailable" => {
            failed(ErrorKind::Unavailable, Retry::Later, "Zoho's accounts server has a problem")
        }
        _ => failed(ErrorKind::Unauthorized, Retry::Never, "Zoho's accounts server refused the request"),
    };
    let plain = code.len() <= 60 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    Err(if plain { refused.with_code(code) } else { refused })
}

/// The access token of an answer to a refresh.
pub(super) fn access(answer: &Response) -> Result<Access> {
    let operation = "oauth.refresh";
    let told = told(answer, operation)?;
    let expires_in = told.expires_in.filter(|s| (1..=LONGEST_LIFE).contains(s)).unwrap_or(LIFE);
    match told.access_token {
        Some(access_token) => Ok(Access { access_token, expires_in }),
        None => Err(Error::not_sent(ErrorKind::Malformed, "Zoho's accounts server answered without a token")
            .with_operation(operation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn answer(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn a_failure_is_told_by_the_body_whatever_the_status() {
        for status in [200, 400, 401] {
            for (code, kind) in [
                ("invalid_code", ErrorKind::Unauthorized),
                ("invalid_client", ErrorKind::Unauthorized),
                ("access_denied", ErrorKind::Throttled),
                ("Access Denied", ErrorKind::Throttled),
                ("never heard of <ada>", ErrorKind::Unauthorized),
            ] {
                let e = access(&answer(status, &format!("{{\"error\":\"{code}\"}}"))).err().unwrap();
                assert_eq!((e.kind(), e.outcome()), (kind, Outcome::NotSent), "{status} {code}");
                assert!(!format!("{e:?}").contains("ada"));
            }
        }
    }

    #[test]
    fn a_gateway_that_fails_may_be_asked_again_but_a_web_page_is_a_wrong_url() {
        let e = access(&answer(502, "<html>")).err().unwrap();
        assert_eq!((e.kind(), e.retry()), (ErrorKind::Unavailable, Retry::Later));
        let e = access(&answer(200, "<html>")).err().unwrap();
        assert_eq!((e.kind(), e.retry()), (ErrorKind::Malformed, Retry::Never));
        let e = access(&answer(200, "{}")).err().unwrap();
        assert_eq!(e.kind(), ErrorKind::Malformed);
    }

    #[test]
    fn a_life_that_can_t_be_is_taken_for_an_hour() {
        for (said, seconds) in
            [("3600", 3600), ("\"1800\"", 1800), ("0", 3600), ("99999999", 3600), ("null", 3600)]
        {
            let text = format!("{{\"access_token\":\"t\",\"expires_in\":{said}}}");
            let new = access(&answer(200, &text)).ok().unwrap();
            assert_eq!((new.access_token.expose_secret(), new.expires_in), ("t", seconds));
        }
    }
}
