//! What the rules need from the world.

pub mod delivery;
pub mod report;
pub mod store;
