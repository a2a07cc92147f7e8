//! Copying bits between any two positions.
//!
//! Whole bytes at equal alignment are one `memcpy`; otherwise the destination is written a 64-bit word at a time, each
//! word gathered from the source with two shifts.

use super::super::BitsView;
use super::int::{get_u64, load_be, put_u64, store_be};

/// Copies `bits` bits from bit `from` of `src` to bit `to` of `dst`.
///
/// # Safety
/// The bytes that hold the source bits are readable, those that hold the destination bits are readable and writable,
/// and the two do not overlap.
#[inline]
pub(crate) unsafe fn copy_raw(src: *const u8, from: usize, dst: *mut u8, to: usize, bits: usize) {
    if (from | to | bits) & 7 == 0 {
        // SAFETY: the caller's contract, in whole bytes.
        unsafe { std::ptr::copy_nonoverlapping(src.add(from / 8), dst.add(to / 8), bits / 8) };
    } else {
        // SAFETY: the caller's contract.
        unsafe { copy_odd(src, from, dst, to, bits) }
    }
}

/// As [`copy_raw`], for the case that something is not on a byte boundary.
///
/// # Safety
/// As [`copy_raw`].
#[inline(never)]
unsafe fn copy_odd(src: *const u8, mut from: usize, dst: *mut u8, mut to: usize, mut bits: usize) {
    // SAFETY: the caller's contract; every step stays inside of the `bits` bits.
    unsafe {
        let head = ((8 - to % 8) % 8).min(bits);
        if head > 0 {
            put_u64(dst, to, head, get_u64(src, from, head));
            (from, to, bits) = (from + head, to + head, bits - head);
        }
        if from.is_multiple_of(8) {
            let bytes = bits / 8;
            std::ptr::copy_nonoverlapping(src.add(from / 8), dst.add(to / 8), bytes);
            (from, to, bits) = (from + bytes * 8, to + bytes * 8, bits % 8);
        } else {
            let shift = (from % 8) as u32;
            let mut out = dst.add(to / 8);
            let mut p = src.add(from / 8);
            let words = bits / 64;
            for _ in 0..words {
                // 64 bits at an odd position touch nine bytes.
                let w = u64::from_be_bytes(p.cast::<[u8; 8]>().read());
                let v = w << shift | u64::from(*p.add(8)) >> (8 - shift);
                out.cast::<[u8; 8]>().write(v.to_be_bytes());
                p = p.add(8);
                out = out.add(8);
            }
            (from, to, bits) = (from + words * 64, to + words * 64, bits % 64);
        }
        if bits > 0 {
            put_u64(dst, to, bits, get_u64(src, from, bits));
        }
    }
}

/// Copies at most 64 bytes without a call; longer runs go to `memcpy`.
///
/// # Safety
/// `n` bytes are readable at `src` and writable at `dst`, and the two do not overlap.
#[inline(always)]
pub(crate) unsafe fn copy_short(src: *const u8, dst: *mut u8, n: usize) {
    // The last piece may overlap the one before it.
    // SAFETY: the caller's contract; every piece lies in the first n bytes.
    unsafe {
        if n >= 16 {
            if n > 64 {
                return std::ptr::copy_nonoverlapping(src, dst, n);
            }
            let piece = |at: usize| dst.add(at).cast::<[u8; 16]>().write(src.add(at).cast::<[u8; 16]>().read());
            let mut at = 0;
            while at + 16 < n {
                piece(at);
                at += 16;
            }
            piece(n - 16);
        } else if n > 0 {
            if n > 8 {
                dst.cast::<[u8; 8]>().write(src.cast::<[u8; 8]>().read());
            }
            let last = n.min(8);
            store_be(dst.add(n - last), last, load_be(src.add(n - last), last));
        }
    }
}

/// Copies all bits of `from` to bit `at` of `to`.
///
/// # Panics
/// If they do not fit: callers have sized `to`.
#[inline]
pub fn copy_bits(from: BitsView<'_>, to: &mut [u8], at: usize) {
    assert!(from.bits <= to.len() * 8 && at <= to.len() * 8 - from.bits, "bits do not fit");
    // SAFETY: the view is readable; the destination range was checked above and is borrowed mutably.
    unsafe { copy_raw(from.base(), from.start, to.as_mut_ptr(), at, from.bits) }
}

/// The view's bits as bytes, the last one padded with zero bits.
pub fn copy_view(from: BitsView<'_>) -> Vec<u8> {
    let mut out = vec![0; from.byte_len()];
    copy_bits(from, &mut out, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::super::model;
    use super::*;

    #[test]
    fn short_copies_of_every_length() {
        let src = model::Rng::new(2).bytes(100);
        for n in 0..=90 {
            let mut dst = vec![0; 100];
            // SAFETY: both have a hundred bytes.
            unsafe { copy_short(src.as_ptr(), dst.as_mut_ptr(), n) };
            assert!(dst[..n] == src[..n] && dst[n..].iter().all(|&b| b == 0), "{n}");
        }
    }

    #[test]
    fn copies_agree_with_a_bit_by_bit_model() {
        let mut rng = model::Rng::new(7);
        for _ in 0..20_000 {
            let src = rng.bytes(60);
            let mut dst = rng.bytes(60);
            let most = if rng.below(4) == 0 { 400 } else { 90 };
            let bits = rng.below(most);
            let (from, to) = (rng.below(480 - bits + 1), rng.below(480 - bits + 1));
            let mut want = dst.clone();
            for i in 0..bits {
                model::set(&mut want, to + i, model::get(&src, from + i));
            }
            let view = BitsView::of_bytes(&src).slice(from, bits).expect("inside");
            copy_bits(view, &mut dst, to);
            assert_eq!(dst, want, "{bits} bits from {from} to {to}");
        }
    }
}
