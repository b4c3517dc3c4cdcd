//! Bodies of requests, and the fields in them.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(body);
