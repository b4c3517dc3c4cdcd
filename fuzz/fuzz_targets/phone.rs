//! Numbers as people type them.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(phone);
