//! What browsers send as `Accept-Language`.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(language);
