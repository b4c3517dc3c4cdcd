//! TLS to the server, by the same stack as everywhere else: rustls over aws-lc-rs.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};
use rustls_platform_verifier::Verifier;
use thiserror::Error;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How sure we want to be of whom we talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Not at all: this keeps out listeners, not impostors (libpq's `prefer` and `require`).
    Anyone,
    /// The name and a certificate that the operating system trusts (libpq's `verify-full`).
    Platform,
    /// The name and a certificate by an authority of this PEM file.
    Authorities(PathBuf),
}

/// A TLS connector that trusts as told.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Anyone => Arc::new(TrustAnyone(Arc::clone(&provider))),
        Trust::Platform => Arc::new(Verifier::new(Arc::clone(&provider))?),
        Trust::Authorities(path) => {
            let unusable = |reason: String| TlsError::Authorities {
                path: path.clone(),
                reason,
            };
            let roots = read_authorities(path).map_err(|error| unusable(error.to_string()))?;
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
                .build()
                .map_err(|error| unusable(error.to_string()))?
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn read_authorities(path: &PathBuf) -> Result<RootCertStore, pem::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        // What is no authority's certificate is left out; an empty store is refused by the builder.
        roots.add_parsable_certificates([certificate?]);
    }
    Ok(roots)
}

/// Why no TLS connector can be made.
#[derive(Debug, Error)]
pub(super) enum TlsError {
    /// The file of `sslrootcert` is of no use.
    #[error("sslrootcert={}: {reason}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// rustls refuses, for instance since the operating system knows no authority.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// Takes any certificate, but only from the holder of its key.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
