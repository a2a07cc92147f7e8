//! Half-precision floats, which the machine's own types lack.

/// The value of a half-precision float.
pub fn f16_to_f64(h: u16) -> f64 {
    let sign = u64::from(h >> 15) << 63;
    let exp = u64::from(h >> 10 & 0x1f);
    let frac = u64::from(h & 0x3ff);
    let magnitude = match (exp, frac) {
        (0, f) => (f as f64) * f64::from_bits((1023 - 24) << 52),
        (0x1f, f) => f64::from_bits(0x7ff << 52 | f << 42),
        (e, f) => f64::from_bits((e + 1023 - 15) << 52 | f << 42),
    };
    f64::from_bits(magnitude.to_bits() | sign)
}

/// The nearest half-precision float, ties to even; too large values become infinite.
pub fn f64_to_f16(f: f64) -> u16 {
    let bits = f.to_bits();
    let sign = (bits >> 48 & 0x8000) as u16;
    let exp = (bits >> 52 & 0x7ff) as i64;
    let frac = bits & ((1 << 52) - 1);
    if exp == 0x7ff {
        return sign | 0x7c00 | if frac != 0 { 0x200 } else { 0 };
    }
    let e = exp - 1023 + 15;
    if e >= 31 {
        return sign | 0x7c00;
    }
    // How many low bits of the 53-bit significand do not fit; below the normal range one more for each binade.
    let (drop, base) = if e >= 1 { (42, (e as u64 - 1) << 10) } else { (43 - e, 0) };
    if drop > 54 {
        return sign;
    }
    let significand = frac | 1 << 52;
    let kept = significand >> drop;
    let rest = significand & ((1 << drop) - 1);
    let half = 1u64 << (drop - 1);
    let round = u64::from(rest > half || (rest == half && kept & 1 == 1));
    // A carry out of the significand goes into the exponent, up to infinity, as it should.
    sign | (base + kept + round) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_round_trips() {
        for h in 0..=u16::MAX {
            let f = f16_to_f64(h);
            if !f.is_nan() {
                assert_eq!(f64_to_f16(f), h, "{h:#x} {f}");
            }
        }
    }

    #[test]
    fn rounding_is_to_nearest_even() {
        for h in 0..0x7bffu16 {
            let (a, b) = (f16_to_f64(h), f16_to_f64(h + 1));
            let middle = (a + b) / 2.0;
            assert_eq!(f64_to_f16(middle), if h & 1 == 0 { h } else { h + 1 }, "{h:#x}");
            assert_eq!(f64_to_f16(f64::from_bits(middle.to_bits() - 1)), h);
            assert_eq!(f64_to_f16(f64::from_bits(middle.to_bits() + 1)), h + 1);
        }
        for (f, h) in
            [(65504.0, 0x7bff), (65519.9, 0x7bff), (65520.0, 0x7c00), (1e300, 0x7c00), (5e-324, 0), (-0.0, 0x8000)]
        {
            assert_eq!(f64_to_f16(f), h, "{f}");
        }
    }
}
