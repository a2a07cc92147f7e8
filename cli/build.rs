//! Tells the binary whether it is built for a sanitizer, which brings its own allocator.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(girder_sanitizer)");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_SANITIZE").is_ok_and(|s| !s.is_empty()) {
        println!("cargo:rustc-cfg=girder_sanitizer");
    }
}
