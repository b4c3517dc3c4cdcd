//! The example file and the reference page.
