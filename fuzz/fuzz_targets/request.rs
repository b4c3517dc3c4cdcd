//! Whole requests to the compatible wire.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(request);
