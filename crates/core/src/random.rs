//! Randomness as a port, so that tests can seed it.

/// A source of bytes that nobody can predict.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system refuses randomness, which it does only before it has finished
    /// booting. Going on without would hand out guessable ids.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one source of randomness"
    )]
    #[expect(
        clippy::expect_used,
        reason = "nothing safe can be done without randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
