//! The functions of the `math` module that Rust's own library lacks or computes another way than C's.

macro_rules! libm {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        // SAFETY: pure functions of every C library's math part, with these very signatures.
        unsafe extern "C" {
            $($(#[$doc])* pub safe fn $name(x: f64) -> f64;)*
        }
    };
}

libm! {
    /// Inverse hyperbolic cosine.
    acosh;
    /// Inverse hyperbolic sine.
    asinh;
    /// Inverse hyperbolic tangent.
    atanh;
    /// Error function.
    erf;
    /// Complementary error function.
    erfc;
}
