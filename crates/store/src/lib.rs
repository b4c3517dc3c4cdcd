//! phonekey stores.
