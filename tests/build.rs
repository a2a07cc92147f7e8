//! Writes one test for each fixture module, so that a runner shows, filters and times them one by one.
//!
//! A fixture is a module with a recorded output: `otp-fixtures/erlang/expected-25/NAME.out`. The test targets
//! include the list as calls of a macro of theirs: `fixture!(NAME);`.

use std::{env, fs, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    let out = env::var("OUT_DIR").expect("set by cargo");
    let root = Path::new(&manifest).parent().expect("the workspace");
    write(&root.join("otp-fixtures/erlang/expected-25"), &Path::new(&out).join("erlang_fixtures.rs"));
    write(&root.join("otp-fixtures/gleam/expected"), &Path::new(&out).join("gleam_fixtures.rs"));
}

fn write(expected: &Path, list: &Path) {
    println!("cargo::rerun-if-changed={}", expected.display());
    let mut names: Vec<String> = fs::read_dir(expected)
        .expect("the folder of expected outputs is part of the repository")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".out").map(str::to_owned))
        .collect();
    names.sort();
    let calls: String = names.iter().map(|name| format!("fixture!({name});\n")).collect();
    fs::write(list, calls).expect("OUT_DIR can be written to");
}
