//! A world for tests: a clock that is set, randomness that repeats, a store in memory and a
//! dispatcher that remembers.

mod clock;
mod dispatcher;
mod memory;
mod random;
pub mod values;

pub use clock::ManualClock;
pub use dispatcher::RecordingDispatcher;
pub use memory::MemoryStore;
pub use random::SeededRandom;
