//! A number's standing, as the databases keep it.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(standing);
