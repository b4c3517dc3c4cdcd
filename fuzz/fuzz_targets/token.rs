//! Refresh and access tokens, and the claims in them.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(token);
