//! phonekey web.
