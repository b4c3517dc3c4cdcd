//! The inputs that every target begins with, kept with the code: each must hold.

use std::{collections::BTreeSet, fs, path::Path};

use super::TARGETS;

fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let name = entry.unwrap().file_name();
            let name = name.to_string_lossy();
            name.trim_end_matches(".rs").to_owned()
        })
        .collect()
}

#[test]
fn every_target_has_its_program_and_its_seeds() {
    let targets = TARGETS.map(|(name, _)| name.to_owned());
    let targets = BTreeSet::from(targets);

    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("seeds"), targets);
}

#[test]
fn every_seed_holds() {
    for (target, holds) in TARGETS {
        let folder = format!("seeds/{target}");
        let seeds = names(&folder);
        assert!(!seeds.is_empty(), "{target}");
        for seed in seeds {
            println!("{target}/{seed}");
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(&folder)
                .join(seed);
            holds(&fs::read(path).unwrap());
        }
    }
}
