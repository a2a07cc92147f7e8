//! How often each instruction runs behind each other one: what decides which sequences to fuse. Only in builds with the
//! feature `count-pairs`, for one scheduler at a time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::instr::VARIANTS;

const N: usize = VARIANTS.len();
static COUNTS: [AtomicU64; N * N] = [const { AtomicU64::new(0) }; N * N];
static LAST: AtomicUsize = AtomicUsize::new(0);

#[inline(always)]
pub(super) fn count(opcode: usize) {
    let last = LAST.swap(opcode, Ordering::Relaxed);
    COUNTS[last * N + opcode].fetch_add(1, Ordering::Relaxed);
}

/// Has the table written to `pairs.txt` when the program exits, however it does.
pub(crate) fn begin() {
    extern "C" fn write() {
        if let Err(why) = std::fs::write("pairs.txt", report(100)) {
            tracing::error!("pairs.txt: {why}");
        }
    }
    // SAFETY: the function refers to statics only.
    unsafe { libc::atexit(write) };
}

/// The `n` most frequent instructions and pairs, in lines of text: share in per cent of all that ran, and names.
fn report(n: usize) -> String {
    let mut pairs: Vec<(u64, String)> = Vec::new();
    let mut single = vec![0; N];
    for (i, c) in COUNTS.iter().enumerate() {
        let c = c.load(Ordering::Relaxed);
        single[i % N] += c;
        if c > 0 {
            pairs.push((c, format!("{} {}", VARIANTS[i / N].name, VARIANTS[i % N].name)));
        }
    }
    let total: u64 = single.iter().sum();
    let single: Vec<_> = single.into_iter().enumerate().map(|(i, c)| (c, VARIANTS[i].name.to_owned())).collect();
    let top = |mut rows: Vec<(u64, String)>| {
        rows.sort_by(|a, b| b.cmp(a));
        let line = |(c, name): (u64, String)| format!("{:6.2} {name}\n", c as f64 * 100.0 / total.max(1) as f64);
        rows.into_iter().take(n).map(line).collect::<String>()
    };
    format!("{total} instructions\n{}\n{}", top(single), top(pairs))
}
