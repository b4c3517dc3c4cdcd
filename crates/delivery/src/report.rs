//! Where providers send their reports, and what becomes of those.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use phonekey_core::{delivery::ProviderName, secret::MasterSecret};

/// The secret parts of the paths that providers send their reports to: one for each, derived from
/// the master secret, so that a provider which signs nothing is known by its path at least.
#[derive(Debug)]
pub struct ReportTokens(MasterSecret);

impl ReportTokens {
    /// Those of this master secret.
    #[must_use]
    pub fn new(master: &MasterSecret) -> Self {
        Self(master.clone())
    }

    /// The path for a provider's reports, such as `/delivery/reports/kavenegar/Zm9v…`.
    #[must_use]
    pub fn path(&self, provider: &ProviderName) -> String {
        format!("/delivery/reports/{provider}/{}", self.token(provider))
    }

    /// Whether this is the secret part of a provider's path, in constant time.
    #[must_use]
    pub fn is_token(&self, provider: &ProviderName, token: &str) -> bool {
        let known = self.token(provider);
        subtle::ConstantTimeEq::ct_eq(known.as_bytes(), token.as_bytes()).into()
    }

    fn token(&self, provider: &ProviderName) -> String {
        URL_SAFE_NO_PAD.encode(self.0.report_token(provider.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use phonekey_core::secret::Secret;

    use super::*;

    #[test]
    fn each_provider_has_a_path_of_its_own() {
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();
        let tokens = ReportTokens::new(&master);
        let (twilio, vonage) = (ProviderName::new("twilio"), ProviderName::new("vonage"));
        let token = tokens.path(&twilio).rsplit('/').next().unwrap().to_owned();

        assert_eq!(token.len(), 22);
        assert!(tokens.is_token(&twilio, &token));
        assert!(!tokens.is_token(&vonage, &token));
        assert!(!tokens.is_token(&twilio, ""));
        assert_ne!(tokens.path(&twilio), tokens.path(&vonage));
    }
}
