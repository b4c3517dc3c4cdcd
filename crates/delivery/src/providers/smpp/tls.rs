//! TLS to the server, by the same stack as everywhere else: rustls over aws-lc-rs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};
use rustls_platform_verifier::Verifier;
use thiserror::Error;

/// What a server's certificate must be: for its name, and by an authority that the operating system
/// trusts, or by one of those in a PEM file.
pub(super) fn config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, TlsProblem> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = match authorities {
        None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(provider)?))
            .with_no_client_auth(),
        Some(path) => builder
            .with_root_certificates(read(path)?)
            .with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<RootCertStore, TlsProblem> {
    let unreadable = |source| TlsProblem::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        // What is no authority's certificate is left out.
        roots.add_parsable_certificates([certificate.map_err(unreadable)?]);
    }
    if roots.is_empty() {
        return Err(TlsProblem::NoAuthority(path.to_owned()));
    }
    Ok(roots)
}

/// Why TLS cannot be spoken.
#[derive(Debug, Error)]
pub enum TlsProblem {
    /// The file with the authorities cannot be read.
    #[error("{} cannot be read as certificates in PEM", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// The file with the authorities has none.
    #[error("{} has no certificate of an authority", .0.display())]
    NoAuthority(PathBuf),
    /// rustls refuses, most likely since the operating system knows no authority.
    #[error("TLS cannot start; install the system's CA certificates (ca-certificates)")]
    Rustls(#[from] rustls::Error),
}
