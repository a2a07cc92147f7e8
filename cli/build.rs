//! Tells the binary whether it is built for a sanitizer, which brings its own allocator; has it linked with packed
//! relocations, which are a hundredth of the size of plain ones and are all read at each start.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(girder_sanitizer)");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if std::env::var("CARGO_CFG_SANITIZE").is_ok_and(|s| !s.is_empty()) {
        println!("cargo:rustc-cfg=girder_sanitizer");
    }
}
