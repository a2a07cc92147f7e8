//! The decoder: an explicit stack of unfinished terms over a stack of finished ones.
//!
//! Invariants: `values` holds exactly the finished children of the frames, in order; a frame's
//! `left` never exceeds the number of input bytes left when it was made, so memory stays
//! proportional to the input; between two steps the state is complete, so `run` may return there.

use flate2::{Decompress, FlushDecompress, Status};

use super::{EtfCause, EtfError, EtfErrorKind, FunParts, MAX_ATOM_CHARACTERS, RecordParts, TermBuilder, tag};

/// What a call of [`Decoder::run`] achieved.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// The term.
    Done(T),
    /// The budget is used up; call again.
    Suspended,
}

/// Elements of a list are handed to the builder in parts of this size.
const LIST_PART: usize = 1024;
/// Decompressed bytes a step.
const INFLATE_STEP: usize = 8 * 1024;
/// Bytes of text or binary data that cost one unit of the budget.
const BYTES_PER_UNIT: usize = 64;
/// Bits of the first number of references in the older formats.
const OLD_REF_BITS: u32 = 18;

/// A term whose children are not all there yet.
#[derive(Debug)]
enum Frame<T> {
    Tuple {
        arity: usize,
        left: usize,
    },
    /// Elements and then the tail.
    List {
        length: usize,
        left: usize,
    },
    /// All there; being handed over from the back.
    Consing {
        left: usize,
        tail: T,
    },
    Map {
        pairs: usize,
        left: usize,
    },
    Fun {
        head: Box<FunHead<T>>,
        num_free: usize,
        left: usize,
    },
    /// Field names are already among the values.
    Record {
        exported: bool,
        module: T,
        name: T,
        fields: usize,
        left: usize,
    },
}

#[derive(Debug)]
struct FunHead<T> {
    arity: u8,
    uniq: [u8; 16],
    index: u32,
    module: T,
    old_index: i64,
    old_uniq: i64,
    pid: T,
    /// Offset just behind the fun.
    end: usize,
}

/// A compressed term while it is being inflated.
struct Inflating {
    stream: Decompress,
    size: usize,
}

/// Decodes one term; see the module head.
///
/// The input is handed to every call of [`Decoder::run`], so that a caller may keep it in memory
/// that moves between the calls; it must be the same bytes.
pub struct Decoder<T> {
    pos: usize,
    /// Where the term ends in the caller's input, if it is compressed.
    outer_end: Option<usize>,
    inflating: Option<Inflating>,
    inflated: Vec<u8>,
    frames: Vec<Frame<T>>,
    values: Vec<T>,
    started: bool,
    versioned: bool,
}

type Step<T, E> = Result<T, EtfError<E>>;

impl<T> Decoder<T> {
    /// For input that begins with the version byte.
    pub fn new() -> Decoder<T> {
        Decoder {
            pos: 0,
            outer_end: None,
            inflating: None,
            inflated: Vec::new(),
            frames: Vec::new(),
            values: Vec::new(),
            started: false,
            versioned: true,
        }
    }

    /// For input that begins with a tag, as inside a distribution message.
    pub fn unversioned() -> Decoder<T> {
        Decoder { versioned: false, ..Decoder::new() }
    }

    /// The number of input bytes that the term took. Meaningful once it is done.
    pub fn used(&self) -> usize {
        self.outer_end.unwrap_or(self.pos)
    }

    /// The finished parts of the unfinished term, for a collector that must see them.
    pub fn pending(&mut self) -> impl Iterator<Item = &mut T> {
        let in_frames = self.frames.iter_mut().flat_map(|frame| -> [Option<&mut T>; 2] {
            match frame {
                Frame::Consing { tail, .. } => [Some(tail), None],
                Frame::Fun { head, .. } => [Some(&mut head.module), Some(&mut head.pid)],
                Frame::Record { module, name, .. } => [Some(module), Some(name)],
                Frame::Tuple { .. } | Frame::List { .. } | Frame::Map { .. } => [None, None],
            }
        });
        self.values.iter_mut().chain(in_frames.flatten())
    }

    /// Decodes until the term is complete or the budget is used up.
    ///
    /// A unit of the budget is about the work for a small term; what was used is subtracted.
    pub fn run<B>(&mut self, input: &[u8], builder: &mut B, budget: &mut u64) -> Step<Progress<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        if !self.started {
            self.start(input)?;
        }
        while self.inflating.is_some() {
            if *budget == 0 {
                return Ok(Progress::Suspended);
            }
            self.inflate(input, budget)?;
        }
        if self.outer_end.is_none() {
            return self.terms(input, builder, budget);
        }
        let inflated = std::mem::take(&mut self.inflated);
        let result = self.terms(&inflated, builder, budget);
        if matches!(result, Ok(Progress::Done(_))) && self.pos != inflated.len() {
            return Err(self.format(EtfErrorKind::TrailingBytes(inflated.len() - self.pos)));
        }
        self.inflated = inflated;
        result
    }

    /// Decodes a whole term without interruption.
    pub fn run_to_end<B>(&mut self, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        loop {
            if let Progress::Done(term) = self.run(input, builder, &mut u64::MAX.clone())? {
                return Ok(term);
            }
        }
    }

    fn format<E>(&self, kind: EtfErrorKind) -> EtfError<E> {
        EtfError { offset: self.pos, cause: EtfCause::Format(kind) }
    }

    /// Version byte and the header of a compressed term.
    fn start<E>(&mut self, input: &[u8]) -> Step<(), E> {
        self.started = true;
        if self.versioned {
            let version = self.u8(input)?;
            if version != tag::VERSION_MAGIC {
                self.pos = 0;
                return Err(self.format(EtfErrorKind::BadVersion(version)));
            }
        }
        if input.get(self.pos) == Some(&tag::COMPRESSED) {
            self.pos += 1;
            let size = self.u32(input)? as usize;
            self.inflating = Some(Inflating { stream: Decompress::new(true), size });
            self.outer_end = Some(self.pos);
        }
        Ok(())
    }

    fn inflate<E>(&mut self, input: &[u8], budget: &mut u64) -> Step<(), E> {
        let bad = EtfError { offset: self.pos, cause: EtfCause::Format(EtfErrorKind::BadCompression) };
        let Some(Inflating { stream, size }) = &mut self.inflating else {
            return Ok(());
        };
        let Some(rest) = input.get(self.pos..) else { return Err(bad) };
        let (in_before, out_before) = (stream.total_in(), stream.total_out());
        // One byte more than announced shows that there is more.
        let room = (*size + 1 - self.inflated.len()).min(INFLATE_STEP);
        self.inflated.reserve(room);
        let Ok(status) = stream.decompress_vec(rest, &mut self.inflated, FlushDecompress::None) else {
            return Err(bad);
        };
        let (read, wrote) = (stream.total_in() - in_before, stream.total_out() - out_before);
        self.pos += read as usize;
        *budget = budget.saturating_sub(1 + wrote / BYTES_PER_UNIT as u64);
        let ended = status == Status::StreamEnd;
        if self.inflated.len() > *size || (ended && self.inflated.len() != *size) || (!ended && read == 0 && wrote == 0)
        {
            return Err(bad);
        }
        if ended {
            self.outer_end = Some(self.pos);
            self.inflating = None;
            self.pos = 0;
        }
        Ok(())
    }

    /// The main loop: read a term, then close every frame that it completes.
    fn terms<B>(&mut self, input: &[u8], builder: &mut B, budget: &mut u64) -> Step<Progress<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        loop {
            if *budget == 0 {
                return Ok(Progress::Suspended);
            }
            *budget -= 1;
            let done = match self.frames.last_mut() {
                Some(Frame::Consing { .. }) => self.cons(input, builder)?,
                Some(frame) => match frame.take_child() {
                    true => self.read(input, builder, budget)?,
                    false => self.close(input, builder)?,
                },
                None => self.read(input, builder, budget)?,
            };
            if let Some(term) = done {
                if self.frames.is_empty() {
                    return Ok(Progress::Done(term));
                }
                self.values.push(term);
            }
        }
    }

    /// Hands the next part of a list to the builder; the list itself once no part is left.
    fn cons<B>(&mut self, _input: &[u8], builder: &mut B) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let Some(Frame::Consing { left, tail }) = self.frames.pop() else { return Ok(None) };
        let part = left.min(LIST_PART);
        let from = self.values.len() - part;
        let list = self.built(builder_list(builder, &self.values[from..], tail))?;
        self.values.truncate(from);
        if left == part {
            return Ok(Some(list));
        }
        self.frames.push(Frame::Consing { left: left - part, tail: list });
        Ok(None)
    }

    /// Builds the term of the top frame, whose children are all there.
    fn close<B>(&mut self, input: &[u8], builder: &mut B) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let Some(frame) = self.frames.pop() else { return Ok(None) };
        let (children, built) = match frame {
            Frame::List { length, .. } => {
                let Some(tail) = self.values.pop() else { return Ok(None) };
                self.frames.push(Frame::Consing { left: length, tail });
                return self.cons(input, builder);
            }
            Frame::Consing { .. } => return Ok(None),
            Frame::Tuple { arity, .. } => (arity, builder.tuple(self.top(arity))),
            Frame::Map { pairs, .. } => (2 * pairs, builder.map(self.top(2 * pairs))),
            Frame::Fun { head, num_free, .. } => {
                if head.end != self.pos {
                    return Err(self.format(EtfErrorKind::BadFunSize));
                }
                let FunHead { arity, uniq, index, module, old_index, old_uniq, pid, .. } = *head;
                let free = self.top(num_free);
                (num_free, builder.fun(FunParts { arity, uniq, index, module, old_index, old_uniq, pid, free }))
            }
            Frame::Record { exported, module, name, fields, .. } => {
                let (names, values) = self.top(2 * fields).split_at(fields);
                let parts = RecordParts { exported, module, name, fields: names, values };
                (2 * fields, builder.native_record(parts))
            }
        };
        let term = self.built(built)?;
        self.values.truncate(self.values.len() - children);
        Ok(Some(term))
    }

    fn top(&self, count: usize) -> &[T] {
        &self.values[self.values.len() - count..]
    }

    fn built<X, E>(&self, result: Result<X, E>) -> Step<X, E> {
        result.map_err(|error| EtfError { offset: self.pos, cause: EtfCause::Builder(error) })
    }

    /// Reads one term: whole if it has no children, else its head.
    fn read<B>(&mut self, input: &[u8], builder: &mut B, budget: &mut u64) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let tag = self.u8(input)?;
        let built = match tag {
            tag::SMALL_INTEGER_EXT => {
                let value = self.u8(input)?;
                builder.small_int(value.into())
            }
            tag::INTEGER_EXT => {
                let value = self.u32(input)? as i32;
                builder.small_int(value.into())
            }
            tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => return self.big(tag, input, builder, budget).map(Some),
            tag::NEW_FLOAT_EXT => {
                let value = f64::from_bits(self.u64(input)?);
                if !value.is_finite() {
                    return Err(self.format(EtfErrorKind::BadFloat));
                }
                builder.float(value)
            }
            tag::FLOAT_EXT => {
                let text = self.bytes(input, 31)?;
                match parse_float_ext(text) {
                    Some(value) => builder.float(value),
                    None => return Err(self.format(EtfErrorKind::BadFloat)),
                }
            }
            tag::NIL_EXT => builder.nil(),
            tag::STRING_EXT => {
                let length = self.u16(input)?.into();
                let bytes = self.bytes(input, length)?;
                charge(budget, length);
                if bytes.is_empty() { builder.nil() } else { builder.byte_list(bytes) }
            }
            tag::BINARY_EXT => {
                let length = self.u32(input)? as usize;
                let bytes = self.bytes(input, length)?;
                charge(budget, length);
                builder.binary(bytes)
            }
            tag::BIT_BINARY_EXT => {
                let length = self.u32(input)? as usize;
                let bits = self.u8(input)?;
                let bytes = self.bytes(input, length)?;
                charge(budget, length);
                if bits > 8 || (bits == 0) != bytes.is_empty() {
                    return Err(self.format(EtfErrorKind::BadBits));
                }
                if bits == 8 || bytes.is_empty() { builder.binary(bytes) } else { builder.bitstring(bytes, bits) }
            }
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
                let arity =
                    if tag == tag::SMALL_TUPLE_EXT { self.u8(input)?.into() } else { self.u32(input)? as usize };
                self.expect_children(input, arity)?;
                if arity > 0 {
                    self.frames.push(Frame::Tuple { arity, left: arity });
                    return Ok(None);
                }
                builder.tuple(&[])
            }
            tag::LIST_EXT => {
                let length = self.u32(input)? as usize;
                self.expect_children(input, length.saturating_add(1))?;
                self.frames.push(Frame::List { length, left: length + 1 });
                return Ok(None);
            }
            tag::MAP_EXT => {
                let pairs = self.u32(input)? as usize;
                self.expect_children(input, pairs.saturating_mul(2))?;
                if pairs > 0 {
                    self.frames.push(Frame::Map { pairs, left: 2 * pairs });
                    return Ok(None);
                }
                builder.map(&[])
            }
            tag::PID_EXT | tag::NEW_PID_EXT => return self.pid(tag, input, builder).map(Some),
            tag::PORT_EXT | tag::NEW_PORT_EXT | tag::V4_PORT_EXT => return self.port(tag, input, builder).map(Some),
            tag::REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::NEWER_REFERENCE_EXT => {
                return self.reference(tag, input, builder).map(Some);
            }
            tag::NEW_FUN_EXT => return self.fun(input, builder),
            tag::EXPORT_EXT => {
                let module = self.atom_term(input, builder)?;
                let function = self.atom_term(input, builder)?;
                let arity = self.small_or_int(input)?;
                let Ok(arity) = u8::try_from(arity) else {
                    return Err(self.format(EtfErrorKind::BadTag(tag)));
                };
                builder.export(module, function, arity)
            }
            tag::NATIVE_RECORD_EXT => return self.record(input, builder),
            tag::LOCAL_EXT => {
                let hash = self.u64(input)?;
                let rest = input.get(self.pos..).unwrap_or(&[]);
                if !builder.accepts_local(hash, rest) {
                    return Err(self.format(EtfErrorKind::BadTag(tag)));
                }
                return self.read_after_local(input, builder, budget);
            }
            _ => return self.atom(tag, input, builder).map(Some),
        };
        self.built(built).map(Some)
    }

    /// The term behind a `LOCAL_EXT` head, which must not be another one.
    fn read_after_local<B>(&mut self, input: &[u8], builder: &mut B, budget: &mut u64) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        if input.get(self.pos) == Some(&tag::LOCAL_EXT) {
            return Err(self.format(EtfErrorKind::BadTag(tag::LOCAL_EXT)));
        }
        self.read(input, builder, budget)
    }

    /// Every child takes a byte at least.
    fn expect_children<E>(&self, input: &[u8], children: usize) -> Step<(), E> {
        if children > input.len() - self.pos { Err(self.format(EtfErrorKind::Truncated)) } else { Ok(()) }
    }

    fn big<B>(&mut self, tag: u8, input: &[u8], builder: &mut B, budget: &mut u64) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let length = if tag == tag::SMALL_BIG_EXT { self.u8(input)?.into() } else { self.u32(input)? as usize };
        let negative = match self.u8(input)? {
            0 => false,
            1 => true,
            _ => return Err(self.format(EtfErrorKind::BadSign)),
        };
        let bytes = self.bytes(input, length)?;
        charge(budget, length);
        let significant = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let bytes = &bytes[..significant];
        let built = match small_from_magnitude(negative, bytes) {
            Some(value) => builder.small_int(value),
            None => builder.big_int(negative, bytes),
        };
        self.built(built)
    }

    /// A creation of the older formats, which have two bits for it.
    fn tiny_creation<E>(&mut self, input: &[u8]) -> Step<u32, E> {
        match self.u8(input)? {
            creation @ 0..4 => Ok(creation.into()),
            other => Err(self.format(EtfErrorKind::BadCreation(other))),
        }
    }

    fn pid<B>(&mut self, tag: u8, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let node = self.atom_term(input, builder)?;
        let id = self.u32(input)?;
        let serial = self.u32(input)?;
        let creation = if tag == tag::PID_EXT { self.tiny_creation(input)? } else { self.u32(input)? };
        self.built(builder.pid(node, id, serial, creation))
    }

    fn port<B>(&mut self, tag: u8, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let node = self.atom_term(input, builder)?;
        let id = if tag == tag::V4_PORT_EXT { self.u64(input)? } else { self.u32(input)?.into() };
        let creation = if tag == tag::PORT_EXT { self.tiny_creation(input)? } else { self.u32(input)? };
        self.built(builder.port(node, id, creation))
    }

    fn reference<B>(&mut self, tag: u8, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let count = if tag == tag::REFERENCE_EXT { 1 } else { self.u16(input)? };
        if !(1..=5).contains(&count) {
            return Err(self.format(EtfErrorKind::BadReference(count)));
        }
        let node = self.atom_term(input, builder)?;
        let mut ids = [0; 5];
        let creation;
        if tag == tag::REFERENCE_EXT {
            ids[0] = self.u32(input)?;
            creation = self.tiny_creation(input)?;
        } else {
            creation = if tag == tag::NEW_REFERENCE_EXT { self.tiny_creation(input)? } else { self.u32(input)? };
            for id in &mut ids[..usize::from(count)] {
                *id = self.u32(input)?;
            }
        }
        if tag != tag::NEWER_REFERENCE_EXT && ids[0] >> OLD_REF_BITS != 0 {
            return Err(self.format(EtfErrorKind::BadReferenceNumber(ids[0])));
        }
        self.built(builder.reference(node, creation, &ids[..usize::from(count)]))
    }

    fn fun<B>(&mut self, input: &[u8], builder: &mut B) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        // The size counts its own four bytes.
        let end = self.pos.saturating_add(self.u32(input)? as usize);
        let arity = self.u8(input)?;
        let mut uniq = [0; 16];
        uniq.copy_from_slice(self.bytes(input, 16)?);
        let index = self.u32(input)?;
        let num_free = self.u32(input)? as usize;
        let module = self.atom_term(input, builder)?;
        let old_index = self.small_or_int(input)?;
        let old_uniq = self.small_or_int(input)?;
        let pid = match self.u8(input)? {
            pid_tag @ (tag::PID_EXT | tag::NEW_PID_EXT) => self.pid(pid_tag, input, builder)?,
            other => return Err(self.format(EtfErrorKind::BadTag(other))),
        };
        self.expect_children(input, num_free)?;
        let head = Box::new(FunHead { arity, uniq, index, module, old_index, old_uniq, pid, end });
        self.frames.push(Frame::Fun { head, num_free, left: num_free });
        Ok(None)
    }

    fn record<B>(&mut self, input: &[u8], builder: &mut B) -> Step<Option<T>, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let fields = self.u32(input)? as usize;
        let exported = self.u8(input)? & 1 != 0;
        let module = self.atom_term(input, builder)?;
        let name = self.atom_term(input, builder)?;
        self.expect_children(input, fields.saturating_mul(2))?;
        for _ in 0..fields {
            let field = self.atom_term(input, builder)?;
            self.values.push(field);
        }
        self.frames.push(Frame::Record { exported, module, name, fields, left: fields });
        Ok(None)
    }

    /// An atom where only an atom may stand.
    fn atom_term<B>(&mut self, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let tag = self.u8(input)?;
        self.atom(tag, input, builder)
    }

    fn atom<B>(&mut self, tag: u8, input: &[u8], builder: &mut B) -> Step<T, B::Error>
    where
        B: TermBuilder<Term = T>,
    {
        let length = match tag {
            tag::ATOM_EXT | tag::ATOM_UTF8_EXT => self.u16(input)?.into(),
            tag::SMALL_ATOM_EXT | tag::SMALL_ATOM_UTF8_EXT => self.u8(input)?.into(),
            tag::ATOM_CACHE_REF => {
                let index = self.u8(input)?;
                return match builder.atom_cache_ref(index) {
                    Some(result) => self.built(result),
                    None => Err(self.format(EtfErrorKind::BadTag(tag))),
                };
            }
            _ => {
                self.pos -= 1;
                return Err(self.format(EtfErrorKind::BadTag(tag)));
            }
        };
        let bytes = self.bytes(input, length)?;
        if bytes.is_ascii() || matches!(tag, tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_UTF8_EXT) {
            let Ok(text) = str::from_utf8(bytes) else { return Err(self.format(EtfErrorKind::BadAtom)) };
            if length > MAX_ATOM_CHARACTERS && text.chars().count() > MAX_ATOM_CHARACTERS {
                return Err(self.format(EtfErrorKind::AtomTooLong));
            }
            return self.built(builder.atom(text));
        }
        if length > MAX_ATOM_CHARACTERS {
            return Err(self.format(EtfErrorKind::AtomTooLong));
        }
        let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        self.built(builder.atom(&text))
    }

    /// A 32-bit integer where only one may stand.
    fn small_or_int<E>(&mut self, input: &[u8]) -> Step<i64, E> {
        match self.u8(input)? {
            tag::SMALL_INTEGER_EXT => Ok(self.u8(input)?.into()),
            tag::INTEGER_EXT => Ok((self.u32(input)? as i32).into()),
            other => Err(self.format(EtfErrorKind::BadTag(other))),
        }
    }

    fn bytes<'a, E>(&mut self, input: &'a [u8], length: usize) -> Step<&'a [u8], E> {
        let end = self.pos.checked_add(length);
        match end.and_then(|end| input.get(self.pos..end)) {
            Some(bytes) => {
                self.pos += length;
                Ok(bytes)
            }
            None => Err(self.format(EtfErrorKind::Truncated)),
        }
    }

    fn array<const N: usize, E>(&mut self, input: &[u8]) -> Step<[u8; N], E> {
        match input.get(self.pos..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => {
                self.pos += N;
                Ok(*bytes)
            }
            None => Err(self.format(EtfErrorKind::Truncated)),
        }
    }

    fn u8<E>(&mut self, input: &[u8]) -> Step<u8, E> {
        self.array::<1, E>(input).map(|[byte]| byte)
    }

    fn u16<E>(&mut self, input: &[u8]) -> Step<u16, E> {
        self.array(input).map(u16::from_be_bytes)
    }

    fn u32<E>(&mut self, input: &[u8]) -> Step<u32, E> {
        self.array(input).map(u32::from_be_bytes)
    }

    fn u64<E>(&mut self, input: &[u8]) -> Step<u64, E> {
        self.array(input).map(u64::from_be_bytes)
    }
}

impl<T> Default for Decoder<T> {
    fn default() -> Self {
        Decoder::new()
    }
}

impl<T> Frame<T> {
    /// Counts one child off; false if they are all there.
    fn take_child(&mut self) -> bool {
        let left = match self {
            Frame::Tuple { left, .. }
            | Frame::List { left, .. }
            | Frame::Map { left, .. }
            | Frame::Fun { left, .. }
            | Frame::Record { left, .. } => left,
            Frame::Consing { .. } => return false,
        };
        if *left == 0 {
            return false;
        }
        *left -= 1;
        true
    }
}

/// A list of no elements (legal in the format) is its tail.
fn builder_list<B: TermBuilder>(builder: &mut B, elements: &[B::Term], tail: B::Term) -> Result<B::Term, B::Error> {
    if elements.is_empty() { Ok(tail) } else { builder.list(elements, tail) }
}

fn charge(budget: &mut u64, bytes: usize) {
    *budget = budget.saturating_sub((bytes / BYTES_PER_UNIT) as u64);
}

/// The integer of a sign and little-endian magnitude, if it fits 64 bits.
fn small_from_magnitude(negative: bool, bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let magnitude = u64::from_le_bytes(word);
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// The text form of a float: `sscanf`'s `%lf` in 31 bytes, padded with zeros.
fn parse_float_ext(text: &[u8]) -> Option<f64> {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    let text = str::from_utf8(&text[..end]).ok()?.trim_ascii();
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|value: &f64| plain && value.is_finite())
}
