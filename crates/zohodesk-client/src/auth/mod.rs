//! OAuth: one access token for all workers and processes, asked for as seldom as can be.

mod answer;
mod file;
mod grant;
mod store;

pub use file::FileTokens;
pub use grant::{Granted, grant};
pub use store::{Lease, MemoryTokens, TokenRecord, TokenStore};

use crate::endpoint::base_url;
use async_trait::async_trait;
use connector_http::{Answered, Clock, Credentials, Exchange, Jitter, Request};
use http::header::{AUTHORIZATION, HeaderValue};
use mapping_core::{Error, ErrorKind, Result, Retry};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

/// Most access tokens that are asked for in [`WINDOW`]. Zoho refuses more with "Access Denied".
pub const MOST_REQUESTS: usize = 10;
/// The time over which requests for access tokens are counted.
pub const WINDOW: Duration = Duration::from_secs(600);
/// How long before its end an access token is replaced: at 55 of its 60 minutes.
const AHEAD: u64 = 300;
/// How long another worker's or process's request for a token is waited for.
const LONGEST_LEASE: Duration = Duration::from_secs(90);
const LEASE_PAUSE: Duration = Duration::from_millis(50);

/// What a portal's application is known by at Zoho's accounts server. `Debug` shows no secret.
#[derive(Clone)]
pub struct Keys {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretString,
    /// The refresh token: it doesn't expire, but the oldest of more than twenty dies silently.
    pub refresh_token: SecretString,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Access tokens by a refresh token, through a store that workers and processes share.
///
/// A token is replaced at 55 of its 60 minutes, or when Desk refuses it with 401 `INVALID_OAUTH`. Whoever finds a newer one
/// in the store takes that. No more than [`MOST_REQUESTS`] are asked for in [`WINDOW`], over all who share the store.
pub struct OAuth {
    accounts: Url,
    keys: Keys,
    exchange: Arc<dyn Exchange>,
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    jitter: Jitter,
    owner: String,
    /// The token that is in use and from when on it is to be replaced, in Unix seconds.
    in_use: Mutex<Option<(SecretString, u64)>>,
}

impl OAuth {
    /// Asks the accounts server at `accounts` through `exchange`, which must repeat nothing by itself.
    ///
    /// # Errors
    /// `Config` for an accounts server that isn't `https://host` (plain http only for this machine itself).
    pub fn new(
        accounts: &str,
        keys: Keys,
        exchange: Arc<dyn Exchange>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        jitter: Jitter,
    ) -> Result<Self> {
        let accounts = base_url(accounts, "Zoho's accounts server")?;
        let owner = owner(&accounts, &keys);
        Ok(OAuth { accounts, keys, exchange, store, clock, jitter, owner, in_use: Mutex::new(None) })
    }

    /// A token that isn't `refused`: the stored one, or a new one.
    async fn token(&self, refused: Option<&SecretString>) -> Result<SecretString> {
        let _lease = self.lease().await?;
        let now = self.clock.unix().as_secs();
        let stored = self.store.load().await?.filter(|record| record.owner == self.owner);
        let mut record = stored.unwrap_or_else(|| TokenRecord::new(self.owner.clone()));
        let usable = |record: &TokenRecord, until: u64| {
            let other =
                |token: &&SecretString| refused.is_none_or(|r| r.expose_secret() != token.expose_secret());
            record.access_token.as_ref().filter(other).filter(|_| now < until).cloned()
        };
        if let Some(token) = usable(&record, record.due_at) {
            return Ok(self.taken(token, record.due_at));
        }
        let asked = match self.counted(&mut record, now).await {
            Ok(()) => self.ask().await,
            Err(bound) => Err(bound),
        };
        match asked {
            Ok(new) => {
                record.due_at = now + new.expires_in - AHEAD.min(new.expires_in / 10);
                record.expires_at = now + new.expires_in;
                record.access_token = Some(new.access_token.clone());
                self.store.save(&record).await?;
                tracing::debug!(due_in_seconds = record.due_at - now, "a new access token");
                Ok(self.taken(new.access_token, record.due_at))
            }
            // One that is due but not over still works.
            Err(error) if error.kind() != ErrorKind::Unauthorized => match usable(&record, record.expires_at)
            {
                Some(token) => Ok(self.taken(token, record.due_at)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn taken(&self, token: SecretString, due_at: u64) -> SecretString {
        *self.in_use.lock().unwrap_or_else(|e| e.into_inner()) = Some((token.clone(), due_at));
        token
    }

    /// Waits until nobody else asks for a token.
    async fn lease(&self) -> Result<Lease> {
        let came = self.clock.elapsed();
        loop {
            if let Some(lease) = self.store.try_lock().await? {
                return Ok(lease);
            }
            if self.clock.elapsed().saturating_sub(came) > LONGEST_LEASE {
                let message = "another process has held the store of access tokens for too long";
                return Err(Error::not_sent(ErrorKind::Unavailable, message).with_retry(Retry::Later));
            }
            self.clock.sleep(LEASE_PAUSE + self.jitter.up_to(LEASE_PAUSE)).await;
        }
    }

    /// Counts a request, on record before it is sent; refuses one too many.
    async fn counted(&self, record: &mut TokenRecord, now: u64) -> Result<()> {
        record.requests.retain(|at| *at <= now && now - at < WINDOW.as_secs());
        if record.requests.len() >= MOST_REQUESTS {
            let oldest = record.requests.iter().min().copied().unwrap_or(now);
            let wait = Duration::from_secs((oldest + WINDOW.as_secs()).saturating_sub(now));
            let message = "access tokens were asked for 10 times within 10 minutes, and Zoho allows no more; \
                           do other programs use the same refresh token?";
            return Err(Error::not_sent(ErrorKind::Throttled, message)
                .with_retry(Retry::After(wait))
                .with("wait_s", wait.as_secs()));
        }
        record.requests.push(now);
        self.store.save(record).await
    }

    async fn ask(&self) -> Result<answer::Access> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.keys.client_id),
            ("client_secret", self.keys.client_secret.expose_secret()),
            ("refresh_token", self.keys.refresh_token.expose_secret()),
        ];
        let request = answer::request(&self.accounts, "oauth.refresh", &form)?;
        let answer = self
            .exchange
            .exchange(&request)
            .await
            .map_err(|e| e.with_outcome(mapping_core::Outcome::NotSent))?;
        answer::access(&answer)
    }
}

/// A fingerprint of what a token was asked for with, so that a store that was used for something else isn't taken for ours.
fn owner(accounts: &Url, keys: &Keys) -> String {
    let mut hasher = DefaultHasher::new();
    (accounts.as_str(), &keys.client_id, keys.refresh_token.expose_secret()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[async_trait]
impl Credentials for OAuth {
    async fn login(&self) -> Result<SecretString> {
        self.token(None).await
    }
    async fn login_again(&self, refused: &SecretString) -> Result<SecretString> {
        self.token(Some(refused)).await
    }
    fn due(&self, secret: &SecretString) -> bool {
        let in_use = self.in_use.lock().unwrap_or_else(|e| e.into_inner());
        let now = self.clock.unix().as_secs();
        in_use
            .as_ref()
            .is_some_and(|(token, due)| now >= *due && token.expose_secret() == secret.expose_secret())
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        let mut value = HeaderValue::from_str(&format!("Zoho-oauthtoken {}", secret.expose_secret()))
            .map_err(|_| Error::not_sent(ErrorKind::Config, "the access token can't be put into a header"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
    fn expired(&self, answer: &Answered<'_>) -> bool {
        crate::error::token_refused(answer)
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("accounts", &self.accounts.as_str()).field("keys", &self.keys).finish()
    }
}
