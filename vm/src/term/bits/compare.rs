//! Order and equality of bitstrings: bit by bit from the left, a proper prefix is smaller.

use std::cmp::Ordering;

use super::super::BitsView;
use super::int::get_u64;

/// Erlang's order of bitstrings.
pub fn compare(a: BitsView<'_>, b: BitsView<'_>) -> Ordering {
    if let (Some(x), Some(y)) = (a.as_bytes(), b.as_bytes()) {
        return x.cmp(y);
    }
    let common = a.bits.min(b.bits);
    first_difference(a, b, common).unwrap_or_else(|| a.bits.cmp(&b.bits))
}

/// Whether both hold the same bits.
pub fn equal(a: BitsView<'_>, b: BitsView<'_>) -> bool {
    if a.bits != b.bits {
        return false;
    }
    match (a.as_bytes(), b.as_bytes()) {
        (Some(x), Some(y)) => x == y,
        _ => first_difference(a, b, a.bits).is_none(),
    }
}

/// How the first `bits` bits compare, `None` if they are equal.
fn first_difference(a: BitsView<'_>, b: BitsView<'_>, bits: usize) -> Option<Ordering> {
    let mut at = 0;
    while at < bits {
        let n = (bits - at).min(64);
        // SAFETY: both views are readable up to `bits` bits.
        let (x, y) = unsafe { (get_u64(a.base(), a.start + at, n), get_u64(b.base(), b.start + at, n)) };
        if x != y {
            return Some(x.cmp(&y));
        }
        at += n;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::model;
    use super::*;

    #[test]
    fn order_agrees_with_the_model() {
        let mut rng = model::Rng::new(11);
        for _ in 0..20_000 {
            let a = rng.bytes(24);
            let (abits, astart) = (rng.below(100), rng.below(80));
            let mut b = vec![0; 24];
            let bstart = rng.below(80);
            let bbits = if rng.below(2) == 0 { abits } else { rng.below(100) };
            for i in 0..bbits.min(abits) {
                model::set(&mut b, bstart + i, model::get(&a, astart + i));
            }
            if rng.below(2) == 0 && bbits > 0 {
                let i = bstart + rng.below(bbits);
                let v = model::get(&b, i);
                model::set(&mut b, i, !v);
            }
            let va = BitsView::of_bytes(&a).slice(astart, abits).expect("inside");
            let vb = BitsView::of_bytes(&b).slice(bstart, bbits).expect("inside");
            let la: Vec<bool> = (0..abits).map(|i| model::get(&a, astart + i)).collect();
            let lb: Vec<bool> = (0..bbits).map(|i| model::get(&b, bstart + i)).collect();
            assert_eq!(compare(va, vb), la.cmp(&lb));
            assert_eq!(equal(va, vb), la == lb);
        }
    }
}
