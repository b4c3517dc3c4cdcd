//! phonekey.
fn main() {}
