//! Which URLs may be called at all: https, and plain http only to loopback or to hosts allowed by name.

use std::net::IpAddr;

use http::Uri;
use mapping_core::{Error, ErrorKind, Result};

/// Refuses a URL that would carry data in the clear, or credentials in itself.
pub(crate) fn check(uri: &Uri, allow_plain_http: &[String]) -> Result<()> {
    let refuse = |message: &'static str| Error::not_sent(ErrorKind::Denied, message);
    let Some(authority) = uri.authority() else {
        return Err(Error::not_sent(ErrorKind::Invalid, "a request needs an absolute URL"));
    };
    if authority.as_str().contains('@') {
        return Err(refuse("a URL with a user name or a password in it is refused"));
    }
    let host = authority.host();
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(uri) || allow_plain_http.iter().any(|h| h.eq_ignore_ascii_case(host)) => {
            Ok(())
        }
        Some("http") => {
            Err(refuse("plain http is refused; use https or list the host in `allow_plain_http`")
                .with("host", host))
        }
        _ => Err(refuse("only http and https URLs can be called")),
    }
}

/// Whether the URL's host is this machine itself.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, hosts: &[&str]) -> bool {
        let hosts: Vec<_> = hosts.iter().map(|h| (*h).to_owned()).collect();
        check(&url.parse().unwrap(), &hosts).is_ok()
    }

    #[test]
    fn plain_http_goes_to_loopback_and_to_named_hosts_only() {
        assert!(allowed("https://api.example/x", &[]));
        assert!(
            allowed("http://127.0.0.1:8080/x", &[])
                && allowed("http://[::1]/", &[])
                && allowed("http://LocalHost/", &[])
        );
        assert!(!allowed("http://api.example/", &[]) && !allowed("http://127.0.0.1.example/", &[]));
        assert!(!allowed("http://localhost.example/", &["other"]) && !allowed("http://10.0.0.1/", &[]));
        assert!(
            allowed("http://Helpdesk.lan/", &["helpdesk.lan"])
                && !allowed("http://x.helpdesk.lan/", &["helpdesk.lan"])
        );
    }

    #[test]
    fn other_schemes_relative_urls_and_credentials_in_urls_are_refused() {
        assert!(!allowed("ftp://localhost/", &[]) && !allowed("/relative", &[]));
        assert!(
            !allowed("https://user:secret@api.example/", &[])
                && !allowed("http://localhost@evil.example/", &["localhost"])
        );
    }
}
