//! phonekey delivery.
