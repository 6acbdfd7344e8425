//! Where the access token is kept between calls and processes.

use async_trait::async_trait;
use mapping_core::Result;
use secrecy::SecretString;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// An access token with its times and the requests that were made for tokens. `Debug` shows no secret.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TokenRecord {
    /// A fingerprint of the accounts server, the client and the refresh token it belongs to.
    pub owner: String,
    /// The access token; `None` before the first.
    pub access_token: Option<SecretString>,
    /// From when on it is to be replaced, in Unix seconds.
    pub due_at: u64,
    /// When it ends, in Unix seconds.
    pub expires_at: u64,
    /// When tokens were asked for lately, in Unix seconds; refused requests count.
    pub requests: Vec<u64>,
}

impl TokenRecord {
    /// A record without a token.
    pub fn new(owner: String) -> Self {
        TokenRecord { owner, ..TokenRecord::default() }
    }
}

impl fmt::Debug for TokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRecord")
            .field("owner", &self.owner)
            .field("access_token", &self.access_token.as_ref().map(|_| "…"))
            .field("due_at", &self.due_at)
            .field("expires_at", &self.expires_at)
            .field("requests", &self.requests.len())
            .finish()
    }
}

/// A store that is locked; dropping it lets others in.
pub struct Lease(#[allow(dead_code)] Box<dyn Send + Sync>);

impl Lease {
    /// A lease that ends when `held` is dropped.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Lease(Box::new(held))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

/// Keeps one access token for all who share it: the workers of a process, or several processes.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// What is kept.
    ///
    /// # Errors
    /// When it can't be read, or when others could read it.
    async fn load(&self) -> Result<Option<TokenRecord>>;
    /// Replaces what is kept, wholly or not at all.
    ///
    /// # Errors
    /// When it can't be written.
    async fn save(&self, record: &TokenRecord) -> Result<()>;
    /// Locks the store against all who share it; `None` while somebody else has it.
    ///
    /// # Errors
    /// When it can't be locked at all.
    async fn try_lock(&self) -> Result<Option<Lease>>;
}

/// A token that ends with the process.
#[derive(Default)]
pub struct MemoryTokens {
    record: Mutex<Option<TokenRecord>>,
    locked: Arc<AtomicBool>,
}

impl MemoryTokens {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

struct Unlock(Arc<AtomicBool>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl TokenStore for MemoryTokens {
    async fn load(&self) -> Result<Option<TokenRecord>> {
        Ok(self.record.lock().unwrap_or_else(|e| e.into_inner()).clone())
    }
    async fn save(&self, record: &TokenRecord) -> Result<()> {
        *self.record.lock().unwrap_or_else(|e| e.into_inner()) = Some(record.clone());
        Ok(())
    }
    async fn try_lock(&self) -> Result<Option<Lease>> {
        let free = self.locked.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        Ok(free.then(|| Lease::new(Unlock(self.locked.clone()))))
    }
}

impl fmt::Debug for MemoryTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryTokens")
    }
}
