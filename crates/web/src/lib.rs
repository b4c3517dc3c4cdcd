//! phonekey web.

pub mod pages;
