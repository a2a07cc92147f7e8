//! Prints the random program of a seed: `cargo run -p girder-tests --example random_program SEED`.

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    print!("{}", girder_tests::programs::source(seed));
}
