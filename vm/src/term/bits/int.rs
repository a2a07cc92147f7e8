//! Integers at any bit position: up to 64 bits in a register, longer ones as little-endian 64-bit limbs.
//!
//! A little-endian field whose size is no multiple of eight has its whole bytes first, least significant one first, and
//! the odd most significant bits after them. [`from_little_order`] turns what a big-endian read of such a field gives
//! into its value.

use super::super::BitsView;

/// Byte order of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endian {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// The low `bits` bits set; `bits <= 64`.
#[inline(always)]
pub(crate) const fn mask(bits: usize) -> u64 {
    if bits == 0 { 0 } else { u64::MAX >> (64 - bits) }
}

/// The `n` bytes at `p` as a big-endian number; `1 <= n <= 8`.
///
/// # Safety
/// `n` bytes at `p` are readable.
#[inline(always)]
pub(crate) unsafe fn load_be(p: *const u8, n: usize) -> u64 {
    // Overlapping loads: the parts agree where they overlap, so that they can be or-ed.
    // SAFETY: the caller's contract; no load goes past byte n.
    unsafe {
        if n >= 8 {
            u64::from_be_bytes(p.cast::<[u8; 8]>().read())
        } else if n >= 4 {
            let hi = u64::from(u32::from_be_bytes(p.cast::<[u8; 4]>().read()));
            let lo = u64::from(u32::from_be_bytes(p.add(n - 4).cast::<[u8; 4]>().read()));
            hi << (8 * (n - 4)) | lo
        } else if n >= 2 {
            let hi = u64::from(u16::from_be_bytes(p.cast::<[u8; 2]>().read()));
            let lo = u64::from(u16::from_be_bytes(p.add(n - 2).cast::<[u8; 2]>().read()));
            hi << (8 * (n - 2)) | lo
        } else {
            u64::from(*p)
        }
    }
}

/// Stores the low `n` bytes of `v` big-endian at `p`; `1 <= n <= 8`.
///
/// # Safety
/// `n` bytes at `p` are writable.
#[inline(always)]
pub(crate) unsafe fn store_be(p: *mut u8, n: usize, v: u64) {
    // SAFETY: the caller's contract; overlapping stores agree where they overlap.
    unsafe {
        if n >= 8 {
            p.cast::<[u8; 8]>().write(v.to_be_bytes());
        } else if n >= 4 {
            p.cast::<[u8; 4]>().write(((v >> (8 * (n - 4))) as u32).to_be_bytes());
            p.add(n - 4).cast::<[u8; 4]>().write((v as u32).to_be_bytes());
        } else if n >= 2 {
            p.cast::<[u8; 2]>().write(((v >> (8 * (n - 2))) as u16).to_be_bytes());
            p.add(n - 2).cast::<[u8; 2]>().write((v as u16).to_be_bytes());
        } else {
            *p = v as u8;
        }
    }
}

/// The `bits <= 64` bits at bit `pos` of `base`, big-endian, unsigned.
///
/// # Safety
/// The bytes that hold these bits are readable.
#[inline(always)]
pub(crate) unsafe fn get_u64(base: *const u8, pos: usize, bits: usize) -> u64 {
    debug_assert!(bits <= 64);
    let off = pos % 8;
    let bytes = (off + bits).div_ceil(8);
    if bytes == 0 {
        return 0;
    }
    // SAFETY: `bytes` bytes from there on hold the bits asked for.
    unsafe {
        let p = base.add(pos / 8);
        if bytes <= 8 {
            load_be(p, bytes) >> (bytes * 8 - off - bits) & mask(bits)
        } else {
            // Nine bytes: off > 0 and off + bits > 64.
            let spill = off + bits - 64;
            (load_be(p, 8) << spill | u64::from(*p.add(8)) >> (8 - spill)) & mask(bits)
        }
    }
}

/// Writes the low `bits <= 64` bits of `v` big-endian to bit `pos` of `base`.
///
/// # Safety
/// The bytes that hold these bits are readable and writable.
#[inline(always)]
pub(crate) unsafe fn put_u64(base: *mut u8, pos: usize, bits: usize, v: u64) {
    debug_assert!(bits <= 64);
    let off = pos % 8;
    let bytes = (off + bits).div_ceil(8);
    if bytes == 0 {
        return;
    }
    // SAFETY: `bytes` bytes from there on hold the bits to write.
    unsafe {
        let p = base.add(pos / 8);
        if (off | bits).is_multiple_of(8) {
            store_be(p, bytes, v);
        } else if bytes <= 8 {
            let below = bytes * 8 - off - bits;
            let m = mask(bits) << below;
            let old = load_be(p, bytes);
            store_be(p, bytes, old & !m | v << below & m);
        } else {
            let spill = off + bits - 64;
            let m = mask(64 - off);
            store_be(p, 8, load_be(p, 8) & !m | v >> spill & m);
            let last = p.add(8);
            *last = *last & (0xff >> spill) | ((v << (8 - spill)) as u8);
        }
    }
}

/// The value of a little-endian field of `bits <= 64` bits from its big-endian reading.
#[inline(always)]
pub(crate) fn from_little_order(v: u64, bits: usize) -> u64 {
    if bits == 0 {
        return 0;
    }
    let swapped = (v << (64 - bits)).swap_bytes();
    let odd = bits % 8;
    if odd == 0 {
        swapped
    } else {
        let whole = bits - odd;
        // The odd bits stand at the top of their byte, just above the whole bytes.
        swapped & mask(whole) | swapped >> whole >> (8 - odd) << whole
    }
}

/// The opposite of [`from_little_order`]: what to write big-endian so that a little-endian field holds `v`.
#[inline(always)]
pub(crate) fn to_little_order(v: u64, bits: usize) -> u64 {
    if bits == 0 {
        return 0;
    }
    let odd = bits % 8;
    if odd == 0 {
        v.swap_bytes() >> (64 - bits)
    } else {
        let whole = bits - odd;
        let v = v & mask(bits);
        let spread = v & mask(whole) | v >> whole << (8 - odd) << whole;
        spread.swap_bytes() >> (64 - bits)
    }
}

/// The signed value of the low `bits` bits.
#[inline(always)]
pub(crate) fn sign_extend(v: u64, bits: usize) -> i64 {
    if bits == 0 {
        return 0;
    }
    ((v << (64 - bits)) as i64) >> (64 - bits)
}

/// The unsigned value of a view of at most 64 bits, `None` for a longer one.
pub fn read_u64(v: BitsView<'_>, endian: Endian) -> Option<u64> {
    if v.bits > 64 {
        return None;
    }
    // SAFETY: the view is readable.
    let x = unsafe { get_u64(v.base(), v.start, v.bits) };
    Some(if endian == Endian::Big { x } else { from_little_order(x, v.bits) })
}

/// The unsigned value of a view of any size as little-endian limbs, `ceil(bits / 64)` of them.
pub fn read_limbs(v: BitsView<'_>, endian: Endian) -> Vec<u64> {
    let mut limbs = Vec::with_capacity(v.bits.div_ceil(64));
    let mut done = 0;
    while done < v.bits {
        let n = (v.bits - done).min(64);
        // SAFETY: the view is readable, and the part lies inside of it.
        limbs.push(unsafe {
            match endian {
                Endian::Big => get_u64(v.base(), v.start + v.bits - done - n, n),
                Endian::Little => from_little_order(get_u64(v.base(), v.start + done, n), n),
            }
        });
        done += n;
    }
    limbs
}

/// Writes the low `bits` bits of an integer, given as sign and magnitude, to bit `pos` of `base`, as two's complement.
///
/// # Safety
/// The bytes that hold these bits are readable and writable.
pub(crate) unsafe fn put_limbs(base: *mut u8, pos: usize, bits: usize, negative: bool, limbs: &[u64], endian: Endian) {
    let mut carry = negative;
    let mut done = 0;
    let mut i = 0;
    while done < bits {
        let n = (bits - done).min(64);
        let mut limb = limbs.get(i).copied().unwrap_or(0);
        if negative {
            (limb, carry) = (!limb).overflowing_add(u64::from(carry));
        }
        // SAFETY: the caller's contract; the part lies inside of the field.
        unsafe {
            match endian {
                Endian::Big => put_u64(base, pos + bits - done - n, n, limb),
                Endian::Little => put_u64(base, pos + done, n, to_little_order(limb, n)),
            }
        }
        done += n;
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::model;
    use super::*;

    #[test]
    fn words_at_every_position_and_size() {
        let mut rng = model::Rng::new(3);
        for pos in 0..24 {
            for bits in 0..=64 {
                let src = rng.bytes(12);
                let want = model::unsigned(&src, pos, bits);
                // SAFETY: 24 + 64 bits lie in twelve bytes.
                assert_eq!(unsafe { get_u64(src.as_ptr(), pos, bits) }, want, "{bits} at {pos}");
                let v = rng.next();
                let (mut got, mut want) = (src.clone(), src.clone());
                for i in 0..bits {
                    model::set(&mut want, pos + i, v >> (bits - 1 - i) & 1 == 1);
                }
                // SAFETY: as above.
                unsafe { put_u64(got.as_mut_ptr(), pos, bits, v) };
                assert_eq!(got, want, "{bits} at {pos}");
            }
        }
    }

    #[test]
    fn little_order_is_its_own_opposite() {
        let mut rng = model::Rng::new(5);
        for bits in 0..=64 {
            for _ in 0..20 {
                let v = rng.next() & mask(bits);
                assert_eq!(from_little_order(to_little_order(v, bits), bits), v, "{bits}");
            }
        }
        // <<16#abc:12/little>> is <<16#bc, 16#a:4>>.
        assert_eq!(to_little_order(0xabc, 12), 0xbca);
        assert_eq!(from_little_order(0xbca, 12), 0xabc);
    }

    #[test]
    fn limbs_of_any_size_round_trip() {
        let mut rng = model::Rng::new(9);
        for _ in 0..3000 {
            let bits = rng.below(300);
            let pos = rng.below(20);
            let limbs: Vec<u64> = (0..rng.below(6)).map(|_| rng.next()).collect();
            for endian in [Endian::Big, Endian::Little] {
                let mut buf = rng.bytes(48);
                // SAFETY: 20 + 300 bits lie in 48 bytes.
                unsafe { put_limbs(buf.as_mut_ptr(), pos, bits, false, &limbs, endian) };
                let view = BitsView::of_bytes(&buf).slice(pos, bits).expect("inside");
                let got = read_limbs(view, endian);
                for (i, l) in got.iter().enumerate() {
                    let n = (bits - i * 64).min(64);
                    assert_eq!(*l, limbs.get(i).copied().unwrap_or(0) & mask(n), "{bits} at {pos} {endian:?}");
                }
                // Minus x, read back unsigned, plus x is zero modulo 2^bits.
                // SAFETY: as above.
                unsafe { put_limbs(buf.as_mut_ptr(), pos, bits, true, &limbs, endian) };
                let view = BitsView::of_bytes(&buf).slice(pos, bits).expect("inside");
                let minus = read_limbs(view, endian);
                let mut carry = 0u128;
                for (i, l) in minus.iter().enumerate() {
                    let n = (bits - i * 64).min(64);
                    let sum = u128::from(*l) + u128::from(limbs.get(i).copied().unwrap_or(0)) + carry;
                    assert_eq!(sum as u64 & mask(n), 0);
                    carry = sum >> 64;
                }
            }
        }
    }
}
