//! Construction and matching against a model that works on lists of bits.

use super::construct::*;
use super::matching::*;
use super::*;
use crate::atom::am;
use crate::heap::{Builder, Detached};
use crate::native::Raise;
use crate::term::bits::{copy_view, model};
use crate::term::{BitsView, Term};

fn with<R>(f: impl for<'s> FnOnce(&Builder<'s>) -> R) -> R {
    let mut out = None;
    drop(Detached::build(|b| {
        out = Some(f(b));
        Term::NIL
    }));
    out.expect("the builder ran")
}

fn segment<'s>(kind: SegmentKind, src: Term<'s>, bits: usize, flags: u32) -> Segment<Term<'s>> {
    Segment { kind, number: 1, unit: 1, flags, src, size: SegmentSize::Fixed(bits) }
}

fn whole<'s>(kind: SegmentKind, src: Term<'s>) -> Segment<Term<'s>> {
    Segment { kind, number: 1, unit: 1, flags: 0, src, size: SegmentSize::All }
}

fn build<'s>(b: &Builder<'s>, segments: Vec<Segment<Term<'s>>>) -> Term<'s> {
    let template = Template::new(segments).expect("sizes are small");
    create_bin(b, &template, |t| t).ok().expect("segments are good").term
}

fn bits_of(t: Term<'_>) -> Vec<bool> {
    let v = t.as_bits().expect("a bitstring");
    let bytes = copy_view(v);
    (0..v.bits).map(|i| model::get(&bytes, i)).collect()
}

/// The bits of the low `bits` bits of `v` (sign-extended) in a byte order.
fn model_integer(v: i128, bits: usize, little: bool) -> Vec<bool> {
    let big: Vec<bool> = (0..bits).rev().map(|i| v >> i.min(127) & 1 == 1).collect();
    if !little {
        return big;
    }
    let odd = bits % 8;
    let mut out = Vec::new();
    for chunk in big[odd..].chunks(8).rev() {
        out.extend(chunk);
    }
    out.extend(&big[..odd]);
    out
}

#[test]
fn integers_and_bitstrings_are_built_and_matched_back() {
    let mut rng = model::Rng::new(21);
    for _ in 0..3000 {
        with(|b| {
            let mut segments = Vec::new();
            let mut want = Vec::new();
            let mut fields = Vec::new();
            for _ in 0..1 + rng.below(8) {
                if rng.below(5) == 0 {
                    let bytes = rng.bytes(12);
                    let (from, len) = (rng.below(20), rng.below(70));
                    let of = b.binary(&bytes);
                    let part = b.sub_bits(of, from, len).expect("inside");
                    want.extend(bits_of(part));
                    segments.push(whole(SegmentKind::Binary, part));
                    fields.push((part, len, 0));
                } else {
                    let most = if rng.below(3) == 0 { 128 } else { 64 };
                    let bits = rng.below(most + 1);
                    let flags = [0, BSF_LITTLE, BSF_SIGNED, BSF_LITTLE | BSF_SIGNED][rng.below(4)];
                    let shift = rng.below(127);
                    let v = (i128::from(rng.next()) << 64 | i128::from(rng.next())) >> shift;
                    want.extend(model_integer(v, bits, flags & BSF_LITTLE != 0));
                    let t = b.int128(v);
                    segments.push(segment(SegmentKind::Integer, t, bits, flags));
                    let keep = if bits == 0 { 0 } else { v << (128 - bits) };
                    let read = match (bits, flags & BSF_SIGNED) {
                        (0, _) => Some(0),
                        (_, 0) => i128::try_from((keep as u128) >> (128 - bits)).ok(),
                        _ => Some(keep >> (128 - bits)),
                    };
                    if let Some(read) = read {
                        fields.push((b.int128(read), bits, 100 + flags));
                    } else {
                        fields.push((Term::NIL, bits, 0));
                    }
                }
            }
            let t = build(b, segments);
            assert_eq!(bits_of(t), want);
            let ctx = start_match(b, t).expect("a bitstring");
            for (value, bits, how) in fields {
                if how >= 100 {
                    let got = ctx.get_integer(b, bits, how - 100).expect("bits remain");
                    let same = got.as_i64() == value.as_i64()
                        && got.as_big().map(|v| (v.negative, v.limbs.to_vec()))
                            == value.as_big().map(|v| (v.negative, v.limbs.to_vec()));
                    assert!(same, "{bits} bits, flags {}", how - 100);
                } else if value.is_nil() {
                    assert!(ctx.skip(bits));
                } else {
                    assert_eq!(bits_of(ctx.get_binary(b, bits).expect("bits remain")), bits_of(value));
                }
            }
            assert!(ctx.ensure_exactly(0) && !ctx.skip(1));
        });
    }
}

#[test]
fn floats() {
    with(|b| {
        for f in [0.0, -0.0, 1.5, -2.25, 65504.0, 6.103515625e-5] {
            for bits in [16, 32, 64] {
                for flags in [0, BSF_LITTLE] {
                    let lead = segment(SegmentKind::Integer, Term::small(1), 3, 0);
                    let t = build(b, vec![lead, segment(SegmentKind::Float, b.float(f), bits, flags)]);
                    let ctx = start_match(b, t).expect("a bitstring");
                    assert!(ctx.skip(3));
                    let got = ctx.get_float(b, bits, flags).and_then(Term::as_float).expect("a float");
                    assert_eq!(got.to_bits(), f.to_bits());
                }
            }
        }
        // What is too large for the field becomes infinite, and infinities do not match.
        let t = build(b, vec![segment(SegmentKind::Float, b.float(1e300), 32, 0)]);
        assert_eq!(t.as_bits().and_then(|v| v.as_bytes()), Some(&[127, 128, 0, 0][..]));
        let ctx = start_match(b, t).expect("a bitstring");
        assert!(ctx.get_float(b, 32, 0).is_none() && ctx.get_float(b, 24, 0).is_none());
        assert_eq!(ctx.remaining(), 32);
    });
}

#[test]
fn characters() {
    with(|b| {
        for c in [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x1_0000, 0x10_ffff] {
            for lead in [0, 5] {
                for flags in [0, BSF_LITTLE] {
                    let t = Term::small(c);
                    let utf = |kind| Segment { size: SegmentSize::All, ..segment(kind, t, 0, flags) };
                    let bin = build(
                        b,
                        vec![
                            segment(SegmentKind::Integer, Term::small(0), lead, 0),
                            utf(SegmentKind::Utf8),
                            utf(SegmentKind::Utf16),
                            utf(SegmentKind::Utf32),
                        ],
                    );
                    let ctx = start_match(b, bin).expect("a bitstring");
                    assert!(ctx.skip(lead));
                    let c = c as u32;
                    assert_eq!(ctx.get_utf8(), Some(c));
                    assert_eq!(ctx.get_utf16(flags), Some(c));
                    assert_eq!(ctx.get_utf32(flags), Some(c));
                    assert_eq!(ctx.remaining(), 0);
                    if lead == 0 && flags == 0 {
                        let text = char::from_u32(c).expect("a character").to_string();
                        assert!(
                            bin.as_bits().and_then(|v| v.as_bytes()).is_some_and(|v| v.starts_with(text.as_bytes()))
                        );
                    }
                }
            }
        }
        let bad: [&[u8]; 10] = [
            &[0x80],
            &[0xc0, 0x80],
            &[0xc1, 0xbf],
            &[0xe0, 0x9f, 0xbf],
            &[0xed, 0xa0, 0x80],
            &[0xf0, 0x8f, 0xbf, 0xbf],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0xe2, 0x82],
            &[0xff],
            &[],
        ];
        for bytes in bad {
            let ctx = start_match(b, b.binary(bytes)).expect("a binary");
            assert_eq!(ctx.get_utf8(), None, "{bytes:x?}");
            assert_eq!(ctx.pos(), 0);
        }
        for bytes in [&[0xd8, 0x00][..], &[0xd8, 0, 0xd8, 0], &[0xdc, 0, 0xd8, 0], &[1]] {
            let ctx = start_match(b, b.binary(bytes)).expect("a binary");
            assert_eq!(ctx.get_utf16(0), None, "{bytes:x?}");
        }
    });
}

#[test]
fn appending_reuses_the_binary_until_it_is_full() {
    with(|b| {
        let mut acc = init_writable(b, Term::small(0));
        let mut want = Vec::new();
        let mut moves = 0;
        let mut views = Vec::new();
        for i in 0..5000 {
            let before = acc.off_heap_binary().map(std::ptr::from_ref);
            let add = segment(SegmentKind::Integer, Term::small(i), 12, 0);
            acc = build(b, vec![whole(SegmentKind::Append, acc), add]);
            want.extend(model_integer(i128::from(i), 12, false));
            moves += usize::from(before != acc.off_heap_binary().map(std::ptr::from_ref));
            if i % 1000 == 7 {
                views.push((acc, want.len()));
            }
        }
        assert!(moves < 10, "{moves}");
        assert!(bits_of(acc) == want);
        for (view, len) in views {
            assert!(bits_of(view) == want[..len]);
            // An old view has lost the right to write: appending to it leaves the others alone.
            let other =
                build(b, vec![whole(SegmentKind::Append, view), segment(SegmentKind::Integer, Term::small(0), 8, 0)]);
            assert_eq!(bits_of(other).len(), len + 8);
        }
        assert!(bits_of(acc) == want);
        // A second owner of the binary forbids writing in place.
        let shared = crate::heap::BinaryHandle::of(acc.off_heap_binary().expect("off-heap"));
        let next = build(b, vec![whole(SegmentKind::Append, acc), segment(SegmentKind::Integer, Term::small(1), 8, 0)]);
        assert!(next.off_heap_binary().map(std::ptr::from_ref) != acc.off_heap_binary().map(std::ptr::from_ref));
        drop(shared);
    });
}

#[test]
fn private_append_extends_the_same_view() {
    with(|b| {
        let mut acc = init_writable(b, Term::small(300));
        for i in 0..200 {
            let add = segment(SegmentKind::Integer, Term::small(i), 8, 0);
            let next = build(b, vec![whole(SegmentKind::PrivateAppend, acc), add]);
            assert!(i == 0 || next.same(acc) || next.off_heap_binary().is_some());
            acc = next;
        }
        let want: Vec<u8> = (0..200).collect();
        assert_eq!(acc.as_bits().and_then(|v| v.as_bytes()), Some(&want[..]));
    });
}

#[test]
fn errors_name_segment_cause_and_value() {
    with(|b| {
        let atom = Term::atom(am::OK);
        let operand = |kind, src, size| Segment { size: SegmentSize::Operand(size), ..segment(kind, src, 0, 0) };
        let (one, three) = (Term::small(1), b.bits(BitsView::of_bytes(&[0x80]).slice(0, 3).expect("inside")));
        let cases = [
            (segment(SegmentKind::Integer, atom, 8, 0), (Raise::Badarg, am::INTEGER, am::TYPE)),
            (operand(SegmentKind::Integer, one, Term::small(-1)), (Raise::Badarg, am::INTEGER, am::SIZE)),
            (operand(SegmentKind::Integer, one, atom), (Raise::Badarg, am::INTEGER, am::SIZE)),
            (operand(SegmentKind::Integer, one, b.int(1 << 58)), (Raise::SystemLimit, am::INTEGER, am::SIZE)),
            (operand(SegmentKind::Integer, one, b.int128(1 << 80)), (Raise::SystemLimit, am::INTEGER, am::SIZE)),
            (operand(SegmentKind::Integer, one, b.int128(-1 << 80)), (Raise::Badarg, am::INTEGER, am::SIZE)),
            (segment(SegmentKind::Float, atom, 64, 0), (Raise::Badarg, am::FLOAT, am::TYPE)),
            (segment(SegmentKind::Float, one, 13, 0), (Raise::Badarg, am::FLOAT, am::INVALID)),
            (segment(SegmentKind::Binary, three, 8, 0), (Raise::Badarg, am::BINARY, am::SHORT)),
            (segment(SegmentKind::Binary, atom, 8, 0), (Raise::Badarg, am::BINARY, am::TYPE)),
            (whole(SegmentKind::Binary, atom), (Raise::Badarg, am::BINARY, am::TYPE)),
            (Segment { unit: 8, ..whole(SegmentKind::Binary, three) }, (Raise::Badarg, am::BINARY, am::UNIT)),
            (Segment { unit: 8, ..whole(SegmentKind::Append, three) }, (Raise::Badarg, am::BINARY, am::UNIT)),
            (whole(SegmentKind::Append, atom), (Raise::Badarg, am::BINARY, am::TYPE)),
            (whole(SegmentKind::Utf8, Term::small(0xd800)), (Raise::Badarg, am::UTF8, am::TYPE)),
            (whole(SegmentKind::Utf16, Term::small(-1)), (Raise::Badarg, am::UTF16, am::TYPE)),
            (whole(SegmentKind::Utf32, Term::small(0x11_0000)), (Raise::Badarg, am::UTF32, am::TYPE)),
        ];
        for (s, want) in cases {
            let template = Template::new(vec![s.clone()]).expect("small");
            let e = create_bin(b, &template, |t| t).err().expect("fails");
            assert_eq!((e.raise, e.segment_type, e.error), want, "{:?} {:?}", s.kind, s.size);
        }
    });
}

#[test]
fn old_instructions_stop_at_the_end() {
    with(|b| {
        let (t, mut w) = init(b, Term::small(3), 8).expect("three bytes");
        assert_eq!(w.put_integer(Term::small(0x102), Term::small(16), 1, BSF_LITTLE), Ok(()));
        assert_eq!(w.put_string(b"xy"), Err(Raise::Badarg));
        assert_eq!(w.put_string(b"x"), Ok(()));
        assert_eq!(t.as_bits().and_then(|v| v.as_bytes()), Some(&[2, 1, b'x'][..]));
        assert_eq!(add(b, Term::small(8), Term::small(2), 8).ok().and_then(|t| t.as_i64()), Some(24));
        assert_eq!(add(b, Term::small(8), Term::small(-2), 8).err(), Some(Raise::Badarg));
        assert_eq!(add(b, b.int128(1 << 90), Term::small(2), 8).err(), Some(Raise::SystemLimit));
        let (built, mut w) = append(b, t, Term::small(8), 8).expect("appends");
        assert_eq!(w.put_utf8(Term::small(0x7f)), Ok(()));
        assert_eq!(built.term.as_bits().and_then(|v| v.as_bytes()), Some(&[2, 1, b'x', 0x7f][..]));
    });
}

#[test]
fn units_positions_and_tails() {
    with(|b| {
        let t = b.binary(b"hello, world");
        let ctx = start_match(b, t).expect("a binary");
        assert!(ctx.match_string(b"hello", 40) && !ctx.match_string(b"!", 8));
        let mark = ctx.position();
        assert!(ctx.match_string(&[b',', 0x20], 12));
        assert!(ctx.ensure_at_least(4, 8) && !ctx.ensure_at_least(3, 8) && !ctx.ensure_at_least(100, 1));
        assert!(!ctx.test_unit(8) && ctx.test_unit(4) && ctx.get_binary_all(b, 8).is_none());
        assert!(MatchCtx::of(ctx.term()).is_some() && MatchCtx::of(t).is_none() && start_match(b, Term::NIL).is_none());
        ctx.set_position(mark);
        assert_eq!(ctx.get_tail(b).as_bits().and_then(|v| v.as_bytes()), Some(&b", world"[..]));
        ctx.set_position(b.int(10_000));
        assert_eq!(ctx.remaining(), 7 * 8);
    });
}
