//! `bs_create_bin`: building a bitstring from segments in one instruction.
//!
//! A [`Template`] is the instruction's static part, made at load time; the operands' values come from a closure over
//! the machine's registers. Two passes: the first finds the size and what is wrong with sizes, the second writes. What
//! a size was found from is read again unchanged by the second pass (nothing runs in between), so writes stay inside.

mod append;
mod old;
mod put;

pub use append::init_writable;
pub use old::{Building, add, append, init, private_append, utf8_size, utf16_size};
pub(crate) use put::Writer;

use crate::atom::{Atom, am};
use crate::heap::{BinaryHandle, Builder, MAX_HEAP_BINARY};
use crate::native::Raise;
use crate::term::bits::{Endian, mask, to_little_order};
use crate::term::{Header, RawTerm, Subtag, Term};

/// Bits whose copying costs one reduction.
const BITS_PER_REDUCTION: usize = 8 * 1024;
/// No bitstring is larger; keeps sums of two sizes from overflowing.
const MAX_BITS: usize = 1 << 58;

/// What a segment makes bits of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentKind {
    /// The first segment, a bitstring that may be extended in place.
    Append,
    /// As [`SegmentKind::Append`], of a bitstring that nothing else refers to.
    PrivateAppend,
    /// A bitstring.
    Binary,
    /// A float.
    Float,
    /// An integer.
    Integer,
    /// Literal bytes.
    String(Box<[u8]>),
    /// A character in UTF-8.
    Utf8,
    /// A character in UTF-16.
    Utf16,
    /// A character in UTF-32.
    Utf32,
}

/// A segment's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentSize<O> {
    /// In bits, known at load time.
    Fixed(usize),
    /// An operand, in units.
    Operand(O),
    /// The whole value (`all`), or given by the value itself (UTF, literal bytes).
    All,
}

/// One segment; `O` is what the interpreter calls an operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment<O> {
    /// Its kind.
    pub kind: SegmentKind,
    /// Its number in the source, for error messages.
    pub number: u32,
    /// Bits of one unit of its size.
    pub unit: usize,
    /// `BSF_*`.
    pub flags: u32,
    /// Its value; not used for [`SegmentKind::String`].
    pub src: O,
    /// Its size.
    pub size: SegmentSize<O>,
}

impl<O> Segment<O> {
    /// A segment's size operand that is the literal `n`: in bits if it is a size, `None` if it must fail at run time.
    pub fn fixed_size(n: i64, unit: usize) -> Option<SegmentSize<O>> {
        let bits = usize::try_from(n).ok()?.checked_mul(unit)?;
        (bits < MAX_BITS).then_some(SegmentSize::Fixed(bits))
    }
    fn type_name(&self) -> Atom {
        match self.kind {
            SegmentKind::Append | SegmentKind::PrivateAppend | SegmentKind::Binary => am::BINARY,
            SegmentKind::Float => am::FLOAT,
            SegmentKind::Integer => am::INTEGER,
            SegmentKind::String(_) => am::STRING,
            SegmentKind::Utf8 => am::UTF8,
            SegmentKind::Utf16 => am::UTF16,
            SegmentKind::Utf32 => am::UTF32,
        }
    }
}

/// The static part of a `bs_create_bin`.
#[derive(Clone, Debug)]
pub struct Template<O> {
    segments: Box<[Segment<O>]>,
    /// What is laid down, in order; an append is not part of it.
    runs: Box<[Run<O>]>,
    /// Sum of the sizes known at load time.
    fixed_bits: usize,
    /// Segments whose size or type must be looked at before anything is built.
    sized_by_value: Box<[usize]>,
    /// Unit of the append that it begins with.
    append: Option<Append>,
    /// Words that what comes after has reserved with it.
    reserved: usize,
}

#[derive(Clone, Copy, Debug)]
struct Append {
    unit: usize,
    private: bool,
}

/// What is laid down at once.
#[derive(Clone, Debug)]
enum Run<O> {
    /// Integers and literal bytes of at most 64 bits together, from segment `first` on.
    Word { first: usize, fields: Box<[Field<O>]>, bits: usize },
    /// This segment.
    One(usize),
}

/// A part of a [`Run::Word`].
#[derive(Clone, Copy, Debug)]
enum Field<O> {
    Integer { src: O, bits: usize, little: bool },
    Literal { value: u64, bits: usize },
}

impl<O: Copy> Field<O> {
    fn of(s: &Segment<O>) -> Option<Field<O>> {
        match (&s.kind, s.size) {
            (SegmentKind::Integer, SegmentSize::Fixed(bits)) if bits <= 64 => {
                Some(Field::Integer { src: s.src, bits, little: super::endian(s.flags) == Endian::Little })
            }
            (SegmentKind::String(bytes), _) if bytes.len() <= 8 => Some(Field::Literal {
                value: bytes.iter().fold(0, |v, &b| v << 8 | u64::from(b)),
                bits: bytes.len() * 8,
            }),
            _ => None,
        }
    }
    fn bits(&self) -> usize {
        match *self {
            Field::Integer { bits, .. } | Field::Literal { bits, .. } => bits,
        }
    }
}

/// Joins neighbours that fit a word.
fn runs_of<O: Copy>(segments: &[Segment<O>], skip: usize) -> Vec<Run<O>> {
    let mut runs = Vec::new();
    let mut first = skip;
    while first < segments.len() {
        let (mut fields, mut bits) = (Vec::new(), 0);
        while let Some(f) = segments.get(first + fields.len()).and_then(Field::of).filter(|f| bits + f.bits() <= 64) {
            bits += f.bits();
            fields.push(f);
        }
        let n = fields.len().max(1);
        runs.push(if fields.is_empty() { Run::One(first) } else { Run::Word { first, fields: fields.into(), bits } });
        first += n;
    }
    runs
}

impl<O: Copy> Template<O> {
    /// A template; `None` if the sizes alone exceed all limits, or an append is not the first segment.
    pub fn new(segments: Vec<Segment<O>>) -> Option<Template<O>> {
        let mut fixed_bits = 0usize;
        let mut sized_by_value = Vec::new();
        let mut append = None;
        for (i, s) in segments.iter().enumerate() {
            match (&s.kind, &s.size) {
                (SegmentKind::Append | SegmentKind::PrivateAppend, _) => {
                    if i > 0 {
                        return None;
                    }
                    append = Some(Append { unit: s.unit, private: s.kind == SegmentKind::PrivateAppend });
                }
                (SegmentKind::String(bytes), _) => fixed_bits = fixed_bits.checked_add(bytes.len() * 8)?,
                (SegmentKind::Utf8 | SegmentKind::Utf16 | SegmentKind::Utf32, _) => sized_by_value.push(i),
                (_, SegmentSize::Fixed(bits)) => fixed_bits = fixed_bits.checked_add(*bits)?,
                _ => sized_by_value.push(i),
            }
        }
        let runs = runs_of(&segments, usize::from(append.is_some())).into();
        let sized_by_value = sized_by_value.into();
        (fixed_bits < MAX_BITS).then(|| Template {
            segments: segments.into(),
            runs,
            fixed_bits,
            sized_by_value,
            append,
            reserved: 0,
        })
    }
    /// The same, with so many words more for what comes after.
    pub fn reserving(self, words: usize) -> Template<O> {
        Template { reserved: words, ..self }
    }
    /// Its segments.
    pub fn segments(&self) -> &[Segment<O>] {
        &self.segments
    }
    /// Words to make free before: what the result needs on the heap at most, and what is reserved for later.
    pub fn heap_words(&self) -> usize {
        self.reserved + self.result_words()
    }
    /// Words that are to be free afterwards.
    pub fn reserved(&self) -> usize {
        self.reserved
    }
    fn result_words(&self) -> usize {
        if !self.sized_by_value.is_empty() || self.fixed_bits > MAX_HEAP_BINARY * 8 {
            MAX_HEAP_BINARY / 8 + 2
        } else {
            (self.fixed_bits.div_ceil(64) + 2).max(crate::heap::REFC_WORDS)
        }
    }
}

/// A finished bitstring.
#[derive(Clone, Copy)]
pub struct Built<'s> {
    /// The term.
    pub term: Term<'s>,
    /// Reductions to charge for what was copied.
    pub reductions: usize,
}

/// Why a bitstring could not be built.
#[derive(Clone, Copy)]
pub struct BsFail<'s> {
    /// [`Raise::Badarg`] or [`Raise::SystemLimit`].
    pub raise: Raise,
    /// The segment's number.
    pub number: u32,
    /// The segment's type.
    pub segment_type: Atom,
    /// What is wrong: `type`, `size`, `unit`, `short`, `no_float`, `invalid`.
    pub error: Atom,
    /// The value that is wrong.
    pub value: Term<'s>,
}

impl<'s> BsFail<'s> {
    /// The `cause` that `erl_erts_errors:format_bs_fail/2` understands: `{Number, Type, Error, Value}`.
    #[cold]
    pub fn cause(&self, b: &Builder<'s>) -> Term<'s> {
        b.tuple(&[Term::small(self.number as i32), Term::atom(self.segment_type), Term::atom(self.error), self.value])
    }
}

/// What is wrong with one value, before it is known of which segment.
type Wrong<'s> = (Raise, Atom, Term<'s>);

#[cold]
fn fail<'s, O>(s: &Segment<O>, (raise, error, value): Wrong<'s>) -> BsFail<'s> {
    BsFail { raise, number: s.number, segment_type: s.type_name(), error, value }
}

/// `bs_create_bin`.
#[inline]
pub fn create_bin<'s, O: Copy>(
    b: &Builder<'s>,
    template: &Template<O>,
    value: impl Fn(O) -> Term<'s>,
) -> Result<Built<'s>, BsFail<'s>> {
    let mut bits = template.fixed_bits;
    for &i in &template.sized_by_value {
        let s = &template.segments[i];
        bits = bits.saturating_add(size_by_value(s, &value).map_err(|w| fail(s, w))?);
    }
    if let Some(append) = template.append {
        let src = value(template.segments[0].src);
        if let Some(view) = append::InPlace::new(src, bits, append.unit) {
            let reductions = fill(view.writer(), template, &value)?;
            return Ok(Built { reductions, term: view.finish(b, append.private) });
        }
        return append_elsewhere(b, template, append, bits, src, &value);
    }
    if bits <= MAX_HEAP_BINARY * 8 {
        let (term, w) = heap_target(b, bits);
        let reductions = fill(w, template, &value)?;
        return Ok(Built { term, reductions });
    }
    create_off_heap(b, template, bits, &value)
}

/// Appends to what cannot be extended in place.
#[inline(never)]
fn append_elsewhere<'s, O: Copy>(
    b: &Builder<'s>,
    template: &Template<O>,
    append: Append,
    bits: usize,
    src: Term<'s>,
    value: &impl Fn(O) -> Term<'s>,
) -> Result<Built<'s>, BsFail<'s>> {
    let plan = append::Plan::new(src, bits, append.unit).map_err(|w| fail(&template.segments[0], w))?;
    let reductions = fill(plan.writer(), template, value)?;
    Ok(Built { reductions: reductions + plan.copied() / BITS_PER_REDUCTION, term: plan.finish(b) })
}

#[inline(never)]
fn create_off_heap<'s, O: Copy>(
    b: &Builder<'s>,
    template: &Template<O>,
    bits: usize,
    value: &impl Fn(O) -> Term<'s>,
) -> Result<Built<'s>, BsFail<'s>> {
    if let Some(s) = template.segments.last().filter(|_| bits >= MAX_BITS) {
        return Err(fail(s, (Raise::SystemLimit, am::SIZE, Term::NIL)));
    }
    let handle = BinaryHandle::build(bits.div_ceil(8), |_| {});
    let reductions = fill(Writer::new(handle.data(), 0, bits), template, value)?;
    Ok(Built { term: b.refc_bits_owned(handle, 0, bits), reductions })
}

/// A zeroed `HeapBits` to write into; the result is valid whatever is written.
#[inline]
fn heap_target<'s>(b: &Builder<'s>, bits: usize) -> (Term<'s>, Writer) {
    let words = bits.div_ceil(64);
    let p = b.arena.alloc(2 + words);
    // SAFETY: alloc gave 2 + words words.
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::HeapBits, 1 + words));
        *p.add(1) = RawTerm::from_bits(bits as u64);
        for i in 0..words {
            *p.add(2 + i) = RawTerm::from_bits(0);
        }
    }
    (Term::from_raw(RawTerm::from_boxed(p)), Writer::new(p.wrapping_add(2).cast(), 0, bits))
}

/// Bits of a segment whose size was not known at load time.
#[inline]
fn size_by_value<'s, O: Copy>(s: &Segment<O>, value: &impl Fn(O) -> Term<'s>) -> Result<usize, Wrong<'s>> {
    match s.kind {
        SegmentKind::Append | SegmentKind::PrivateAppend | SegmentKind::String(_) => Ok(0),
        // A value that is no character is found by the second pass.
        SegmentKind::Utf8 => Ok(put::utf8_bytes(value(s.src)) * 8),
        SegmentKind::Utf16 => Ok(put::utf16_bytes(value(s.src)) * 8),
        SegmentKind::Utf32 => match put::character(value(s.src)) {
            Some(_) => Ok(32),
            None => Err((Raise::Badarg, am::TYPE, value(s.src))),
        },
        SegmentKind::Binary | SegmentKind::Float | SegmentKind::Integer => match s.size {
            SegmentSize::Fixed(_) => Ok(0),
            SegmentSize::Operand(o) => operand_size(value(o), s.unit),
            SegmentSize::All => match value(s.src).as_bits() {
                Some(v) => Ok(v.bits),
                None => Err((Raise::Badarg, am::TYPE, value(s.src))),
            },
        },
    }
}

/// Bits of a size operand.
fn operand_size(size: Term<'_>, unit: usize) -> Result<usize, Wrong<'_>> {
    let too_large = (Raise::SystemLimit, am::SIZE, size);
    match (size.as_small(), size.as_big()) {
        (Some(n @ 0..), _) => match (n as usize).checked_mul(unit) {
            Some(bits) if bits < MAX_BITS => Ok(bits),
            _ => Err(too_large),
        },
        (_, Some(big)) if !big.negative => Err(too_large),
        _ => Err((Raise::Badarg, am::SIZE, size)),
    }
}

/// Lays everything down; gives the reductions to charge.
#[inline]
fn fill<'s, O: Copy>(
    mut w: Writer,
    template: &Template<O>,
    value: &impl Fn(O) -> Term<'s>,
) -> Result<usize, BsFail<'s>> {
    let mut copied = 0;
    for run in &template.runs {
        match run {
            Run::Word { first, fields, bits } => match word(fields, value) {
                Some(v) => w.put(v, *bits),
                None => {
                    for s in &template.segments[*first..first + fields.len()] {
                        let (pos, _) = lay_down(w, s, value).map_err(|w| fail(s, w))?;
                        w.move_to(pos);
                    }
                }
            },
            Run::One(i) => {
                let s = &template.segments[*i];
                let (pos, bits) = lay_down(w, s, value).map_err(|w| fail(s, w))?;
                w.move_to(pos);
                copied += bits;
            }
        }
    }
    Ok(copied / BITS_PER_REDUCTION)
}

/// The bits of a run's fields, if all values are small integers.
#[inline(always)]
fn word<'s, O: Copy>(fields: &[Field<O>], value: &impl Fn(O) -> Term<'s>) -> Option<u64> {
    let mut all = 0u64;
    for f in fields {
        let (v, bits) = match *f {
            Field::Literal { value, bits } => (value, bits),
            Field::Integer { src, bits, little } => {
                let v = value(src).as_small()? as u64;
                (if little { to_little_order(v, bits) } else { v & mask(bits) }, bits)
            }
        };
        // A field of 64 bits is alone.
        all = if bits == 64 { v } else { all << bits | v };
    }
    Some(all)
}

/// Lays one segment down; gives the position behind it, and how many bits were copied from a bitstring. (Giving the
/// whole writer back made its caller wait for the words just stored.)
#[inline(never)]
fn lay_down<'s, O: Copy>(
    mut w: Writer,
    s: &Segment<O>,
    value: &impl Fn(O) -> Term<'s>,
) -> Result<(usize, usize), Wrong<'s>> {
    let sized = |size: &SegmentSize<O>| match *size {
        SegmentSize::Fixed(bits) => bits,
        SegmentSize::Operand(o) => operand_size(value(o), s.unit).unwrap_or(0),
        SegmentSize::All => 0,
    };
    let mut copied = 0;
    match &s.kind {
        SegmentKind::Integer => w.put_integer(value(s.src), sized(&s.size), s.flags)?,
        SegmentKind::Binary => {
            let src = value(s.src);
            copied = match s.size {
                SegmentSize::All => w.put_binary_all(src, s.unit)?,
                ref size => w.put_binary(src, sized(size))?,
            };
        }
        SegmentKind::String(bytes) => w.put_string(bytes),
        SegmentKind::Utf8 => w.put_utf8(value(s.src))?,
        SegmentKind::Utf16 => w.put_utf16(value(s.src), s.flags)?,
        SegmentKind::Utf32 => w.put_utf32(value(s.src), s.flags)?,
        SegmentKind::Float => w.put_float(value(s.src), sized(&s.size), s.flags)?,
        SegmentKind::Append | SegmentKind::PrivateAppend => {}
    }
    Ok((w.pos(), copied))
}
