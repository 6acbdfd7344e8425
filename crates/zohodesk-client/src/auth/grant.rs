//! From the code of a consent to a refresh token.

use super::answer;
use crate::endpoint::base_url;
use connector_http::Exchange;
use mapping_core::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;

/// What a consent gave. `Debug` shows no secret.
#[non_exhaustive]
pub struct Granted {
    /// The refresh token; keep it.
    pub refresh_token: SecretString,
    /// The scopes that were granted, when the answer names them.
    pub scopes: Vec<String>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// Exchanges a code for a refresh token. A code of a self client lives about three minutes and works once; one of the
/// browser's consent needs the redirect address that was used there, and gives a refresh token only with
/// `access_type=offline`.
///
/// `accounts` is the accounts server of the data centre, such as `https://accounts.zoho.eu`.
///
/// # Errors
/// `Unauthorized` for a code or a client that Zoho doesn't know (also when it says so with status 200), `Malformed` for an
/// answer without a refresh token.
pub async fn grant(
    accounts: &str,
    client_id: &str,
    client_secret: &SecretString,
    code: &SecretString,
    redirect_uri: Option<&str>,
    exchange: &dyn Exchange,
) -> Result<Granted> {
    let operation = "oauth.grant";
    let accounts = base_url(accounts, "Zoho's accounts server")?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose_secret()),
        ("code", code.expose_secret()),
    ];
    form.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    let request = answer::request(&accounts, operation, &form)?;
    let told = answer::told(&exchange.exchange(&request).await?, operation)?;
    let scopes = told.scope.unwrap_or_default();
    let scopes = scopes.split([' ', ',']).filter(|s| !s.is_empty()).map(str::to_owned).collect();
    match told.refresh_token {
        Some(refresh_token) => Ok(Granted { refresh_token, scopes }),
        None => {
            let message =
                "Zoho gave no refresh token; ask for the consent with access_type=offline and prompt=consent";
            Err(Error::rejected(ErrorKind::Malformed, message).with_operation(operation))
        }
    }
}
