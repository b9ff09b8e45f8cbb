//! Ed25519 keys as PEM: PKCS#8 for the private one, SPKI for the public one, as `openssl genpkey` writes them.

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// A key that cannot be made, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the system gives no random numbers: {0}")]
    NoRandom(String),
    #[error("not an ed25519 private key: expected a pem 'PRIVATE KEY' (pkcs#8)")]
    NotPrivate,
    #[error("this is a private key: expected the public one, pem 'PUBLIC KEY'")]
    PrivateGiven,
    #[error("not an ed25519 public key: expected a pem 'PUBLIC KEY' (spki)")]
    NotPublic,
    #[error("the key cannot be written as pem: {0}")]
    NotWritable(String),
}

/// Makes a key from the system's randomness.
pub fn generate() -> Result<SigningKey, KeyError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| KeyError::NoRandom(e.to_string()))?;
    Ok(SigningKey::from_bytes(&seed))
}

/// PEM text of a private key.
pub fn private_pem(key: &SigningKey) -> Result<String, KeyError> {
    key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|e| KeyError::NotWritable(e.to_string()))
}

/// PEM text of a public key.
pub fn public_pem(key: &VerifyingKey) -> Result<String, KeyError> {
    key.to_public_key_pem(LineEnding::LF).map_err(|e| KeyError::NotWritable(e.to_string()))
}

/// Reads a private key.
pub fn load_private(pem: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyError::NotPrivate)
}

/// Reads a public key.
pub fn load_public(pem: &str) -> Result<VerifyingKey, KeyError> {
    if pem.contains("PRIVATE KEY") {
        return Err(KeyError::PrivateGiven);
    }
    VerifyingKey::from_public_key_pem(pem.trim()).map_err(|_| KeyError::NotPublic)
}

/// First 16 hexadecimal digits of the SHA-256 of the 32 key bytes: enough to tell keys apart in messages.
#[must_use]
pub fn fingerprint(key: &VerifyingKey) -> String {
    super::sums::hex(&Sha256::digest(key.as_bytes()))[..16].to_owned()
}
