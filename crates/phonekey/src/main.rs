//! phonekey.

fn main() {}
