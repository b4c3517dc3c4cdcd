//! What an SMPP server sends.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(smpp);
