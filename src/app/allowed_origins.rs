//! [`AllowedOrigins`]: the other origins whose pages may connect (`server.allowed_origins`). Changes on reload.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// The origins that may connect in addition to the hub's own.
#[derive(Debug, Default)]
pub struct AllowedOrigins(ArcSwap<Vec<String>>);

impl AllowedOrigins {
    /// Allows the origins in `allowed`, each in the canonical form of the settings, or `*` for any.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self(ArcSwap::from_pointee(allowed))
    }

    /// Replaces the allowed origins. Established connections are not affected.
    pub fn set(&self, allowed: Vec<String>) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether the canonical `origin` is listed.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        let allowed = self.0.load();
        allowed
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin)
    }

    /// The listed origins.
    #[must_use]
    pub fn list(&self) -> Arc<Vec<String>> {
        self.0.load_full()
    }
}
