//! Terms to bytes, with an explicit stack of unfinished terms.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use girder_loader::etf::tag;

use super::{Options, local_hash};
use crate::atom::Atom;
use crate::heap::MAX_HEAP_BINARY;
use crate::node::{self, Node, PidParts};
use crate::profile::Profile;
use crate::term::map::{self, MapIter, MapKind};
use crate::term::{BigView, BitsView, FunView, Kind, Term, cmp};

/// Part of an encoding.
pub enum Piece<'s> {
    /// Bytes of the encoding's own.
    Bytes(Vec<u8>),
    /// The whole bytes of this off-heap binary.
    Binary(Term<'s>),
}

/// Where an encoding goes.
trait Sink<'s> {
    fn bytes(&mut self, bytes: &[u8]);
    /// Bytes so far.
    fn len(&self) -> usize;
    /// Overwrites four bytes written before.
    fn patch(&mut self, at: usize, value: u32);
    /// The whole bytes of a bitstring; `term` is the bitstring itself.
    fn binary(&mut self, _term: Term<'s>, whole: BitsView<'s>) {
        match whole.as_bytes() {
            Some(bytes) => self.bytes(bytes),
            None => self.bytes(&whole.to_bytes().unwrap_or_default()),
        }
    }
}

impl<'s> Sink<'s> for Vec<u8> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn patch(&mut self, at: usize, value: u32) {
        self[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

/// Counts.
struct Size(usize);

impl<'s> Sink<'s> for Size {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
    fn len(&self) -> usize {
        self.0
    }
    fn patch(&mut self, _: usize, _: u32) {}
    fn binary(&mut self, _: Term<'s>, whole: BitsView<'s>) {
        self.0 += whole.bits / 8;
    }
}

/// Leaves off-heap binaries out, to be shared.
#[derive(Default)]
struct Pieces<'s> {
    buffer: Vec<u8>,
    /// Where in the buffer each binary belongs.
    shared: Vec<(usize, Term<'s>)>,
    shared_bytes: usize,
}

impl<'s> Sink<'s> for Pieces<'s> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }
    fn len(&self) -> usize {
        self.buffer.len() + self.shared_bytes
    }
    fn patch(&mut self, at: usize, value: u32) {
        let left_out: usize = self
            .shared
            .iter()
            .scan(0, |sum, (pos, t)| {
                let before = *pos + *sum;
                *sum += t.as_bits().map_or(0, |b| b.bits / 8);
                Some((before, *sum))
            })
            .take_while(|&(before, _)| before <= at)
            .last()
            .map_or(0, |(_, sum)| sum);
        self.buffer.patch(at - left_out, value);
    }
    fn binary(&mut self, term: Term<'s>, whole: BitsView<'s>) {
        match whole.as_bytes() {
            Some(bytes) if bytes.len() > MAX_HEAP_BINARY && term.off_heap_binary().is_some() => {
                self.shared.push((self.buffer.len(), term));
                self.shared_bytes += bytes.len();
            }
            Some(bytes) => self.buffer.extend_from_slice(bytes),
            None => self.buffer.extend_from_slice(&whole.to_bytes().unwrap_or_default()),
        }
    }
}

/// Bytes that `term_to_binary` would answer without compression.
pub fn external_size(t: Term<'_>, options: &Options) -> usize {
    let mut size = Size(1);
    write(&mut size, t, options);
    size.0
}

/// The encoding, with its version byte.
pub fn encode(t: Term<'_>, options: &Options) -> Vec<u8> {
    let mut out = vec![tag::VERSION_MAGIC];
    if options.local {
        out.extend_from_slice(&[tag::LOCAL_EXT; 9]);
        write(&mut out, t, options);
        let hash = local_hash(&out[10..]);
        out[2..10].copy_from_slice(&hash.to_be_bytes());
        return out;
    }
    write(&mut out, t, options);
    match options.compression {
        0 => out,
        level => compress(&out[1..], level).unwrap_or(out),
    }
}

/// The encoding in pieces, so that large binaries are shared and not copied.
pub fn encode_pieces<'s>(t: Term<'s>, options: &Options) -> Vec<Piece<'s>> {
    if options.local || options.compression > 0 {
        return vec![Piece::Bytes(encode(t, options))];
    }
    let mut out = Pieces { buffer: vec![tag::VERSION_MAGIC], ..Pieces::default() };
    write(&mut out, t, options);
    let mut pieces = Vec::with_capacity(2 * out.shared.len() + 1);
    let mut from = 0;
    for (at, binary) in out.shared {
        if at > from {
            pieces.push(Piece::Bytes(out.buffer[from..at].to_vec()));
        }
        pieces.push(Piece::Binary(binary));
        from = at;
    }
    if from < out.buffer.len() {
        pieces.push(Piece::Bytes(out.buffer.split_off(from)));
    }
    pieces
}

/// The compressed form, unless it is no smaller.
fn compress(plain: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut out = vec![tag::VERSION_MAGIC, tag::COMPRESSED];
    out.extend_from_slice(&u32::try_from(plain.len()).ok()?.to_be_bytes());
    let mut z = ZlibEncoder::new(out, Compression::new(level));
    z.write_all(plain).ok()?;
    let out = z.finish().ok()?;
    (out.len() <= plain.len() + 1).then_some(out)
}

/// A term that is not written to its end.
enum Frame<'s> {
    /// Terms one after the other.
    Slice(std::slice::Iter<'s, Term<'s>>),
    /// The rest of a list, then its tail.
    List(Term<'s>),
    /// Pairs of a map, and the value whose key has been written.
    Map(MapIter<'s>, Option<Term<'s>>),
    /// Pairs of a map in an order of their own.
    Pairs(std::vec::IntoIter<(Term<'s>, Term<'s>)>, Option<Term<'s>>),
    /// The end of a fun whose size word is at this place.
    FunSize(usize),
}

impl<'s> Frame<'s> {
    /// The next term to write, `None` when this one is done.
    fn next(&mut self) -> Option<Term<'s>> {
        match self {
            Frame::Slice(terms) => terms.next().copied(),
            Frame::List(rest) => match rest.as_cons() {
                Some((head, tail)) => {
                    *rest = tail;
                    Some(head)
                }
                // The tail is written in place of this frame.
                None => None,
            },
            Frame::Map(pairs, value) => next_of_pair(pairs, value),
            Frame::Pairs(pairs, value) => next_of_pair(pairs, value),
            Frame::FunSize(_) => None,
        }
    }
}

fn next_of_pair<'s>(
    pairs: &mut impl Iterator<Item = (Term<'s>, Term<'s>)>,
    value: &mut Option<Term<'s>>,
) -> Option<Term<'s>> {
    if let Some(v) = value.take() {
        return Some(v);
    }
    let (k, v) = pairs.next()?;
    *value = Some(v);
    Some(k)
}

fn write<'s>(out: &mut impl Sink<'s>, t: Term<'s>, options: &Options) {
    let mut frames = Vec::new();
    one(out, t, options, &mut frames);
    while let Some(frame) = frames.last_mut() {
        match frame.next() {
            Some(t) => one(out, t, options, &mut frames),
            None => match frames.pop() {
                Some(Frame::List(tail)) => one(out, tail, options, &mut frames),
                Some(Frame::FunSize(at)) => {
                    let size = out.len() - at;
                    out.patch(at, size as u32);
                }
                _ => {}
            },
        }
    }
}

/// Writes a term, or its head and pushes a frame for the rest.
fn one<'s>(out: &mut impl Sink<'s>, t: Term<'s>, options: &Options, frames: &mut Vec<Frame<'s>>) {
    match t.kind() {
        Kind::Nil => out.bytes(&[tag::NIL_EXT]),
        Kind::Atom(a) => atom(out, a, options),
        Kind::Small(i) => integer(out, i),
        Kind::Big(b) => big(out, b),
        Kind::Float(f) if options.binary_floats => {
            out.bytes(&[tag::NEW_FLOAT_EXT]);
            out.bytes(&f.to_be_bytes());
        }
        Kind::Float(f) => float_text(out, f),
        Kind::Cons(..) => match string_length(t) {
            Some(n) => {
                out.bytes(&[tag::STRING_EXT, (n >> 8) as u8, n as u8]);
                let bytes: Vec<u8> = t.list_iter().filter_map(|e| e.as_small()).map(|i| i as u8).collect();
                out.bytes(&bytes);
            }
            None => {
                count(out, tag::LIST_EXT, t.list_iter().count());
                frames.push(Frame::List(t));
            }
        },
        Kind::Tuple(elements) => {
            match u8::try_from(elements.len()) {
                Ok(n) => out.bytes(&[tag::SMALL_TUPLE_EXT, n]),
                Err(_) => count(out, tag::LARGE_TUPLE_EXT, elements.len()),
            }
            frames.push(Frame::Slice(elements.iter()));
        }
        Kind::Map => map_head(out, t, options, frames),
        Kind::Bits(v) => bits(out, t, v),
        Kind::Fun(f) => fun(out, f, options, frames),
        Kind::Export(e) => {
            out.bytes(&[tag::EXPORT_EXT]);
            atom(out, e.mfa.module, options);
            atom(out, e.mfa.function, options);
            out.bytes(&[tag::SMALL_INTEGER_EXT, e.mfa.arity]);
        }
        Kind::Ref(r) => {
            if let Some(state) = t.as_magic() {
                state.note_written(r.numbers);
            }
            out.bytes(&[tag::NEWER_REFERENCE_EXT, 0, r.numbers.len() as u8]);
            let creation = node(out, r.node, options);
            out.bytes(&creation.to_be_bytes());
            for n in r.numbers {
                out.bytes(&n.to_be_bytes());
            }
        }
        Kind::Pid(data) => pid(out, None, data, options),
        Kind::ExternalPid(n, data) => pid(out, Some(n), data, options),
        Kind::Port(data) => port(out, None, data, options),
        Kind::ExternalPort(n, data) => port(out, Some(n), data, options),
        Kind::Record(r) => {
            let Some([module, name, exported, fields]) = r.definition.as_tuple_of() else { return };
            count(out, tag::NATIVE_RECORD_EXT, r.values.len());
            out.bytes(&[u8::from(exported.as_bool() == Some(true))]);
            for t in [module, name].into_iter().chain(fields.list_iter()) {
                one(out, t, options, frames);
            }
            frames.push(Frame::Slice(r.values.iter()));
        }
    }
}

/// A tag and a 32-bit count.
fn count<'s>(out: &mut impl Sink<'s>, tag: u8, n: usize) {
    out.bytes(&[tag]);
    out.bytes(&(n as u32).to_be_bytes());
}

fn atom<'s>(out: &mut impl Sink<'s>, a: Atom, options: &Options) {
    let name = a.name();
    if !options.utf8_atoms && name.chars().all(|c| u32::from(c) < 256) {
        let latin1: Vec<u8> = name.chars().map(|c| c as u8).collect();
        out.bytes(&[tag::ATOM_EXT, (latin1.len() >> 8) as u8, latin1.len() as u8]);
        return out.bytes(&latin1);
    }
    match u8::try_from(name.len()) {
        Ok(n) => out.bytes(&[tag::SMALL_ATOM_UTF8_EXT, n]),
        Err(_) => out.bytes(&[tag::ATOM_UTF8_EXT, (name.len() >> 8) as u8, name.len() as u8]),
    }
    out.bytes(name.as_bytes());
}

fn integer<'s>(out: &mut impl Sink<'s>, i: i64) {
    if let Ok(byte) = u8::try_from(i) {
        out.bytes(&[tag::SMALL_INTEGER_EXT, byte]);
    } else if let Ok(word) = i32::try_from(i) {
        out.bytes(&[tag::INTEGER_EXT]);
        out.bytes(&word.to_be_bytes());
    } else {
        big(out, BigView { negative: i < 0, limbs: &[i.unsigned_abs()] });
    }
}

fn big<'s>(out: &mut impl Sink<'s>, b: BigView<'_>) {
    let mut bytes: Vec<u8> = b.limbs.iter().flat_map(|l| l.to_le_bytes()).collect();
    bytes.truncate(bytes.len() - bytes.iter().rev().take_while(|&&b| b == 0).count());
    match u8::try_from(bytes.len()) {
        Ok(n) => out.bytes(&[tag::SMALL_BIG_EXT, n]),
        Err(_) => count(out, tag::LARGE_BIG_EXT, bytes.len()),
    }
    out.bytes(&[u8::from(b.negative)]);
    out.bytes(&bytes);
}

/// 31 bytes of text, as C's `%.20e` writes it, padded with zeros.
fn float_text<'s>(out: &mut impl Sink<'s>, f: f64) {
    let text = format!("{f:.20e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
    let mut text = format!("{mantissa}e{sign}{digits:0>2}").into_bytes();
    text.resize(31, 0);
    out.bytes(&[tag::FLOAT_EXT]);
    out.bytes(&text);
}

/// Length of a proper list of bytes that a string can hold.
fn string_length(t: Term<'_>) -> Option<usize> {
    let mut list = t.list_iter();
    let mut n = 0;
    for e in &mut list {
        e.as_small().filter(|i| (0..256).contains(i))?;
        n += 1;
        if n > usize::from(u16::MAX) {
            return None;
        }
    }
    list.tail().is_nil().then_some(n)
}

fn map_head<'s>(out: &mut impl Sink<'s>, t: Term<'s>, options: &Options, frames: &mut Vec<Frame<'s>>) {
    count(out, tag::MAP_EXT, map::size(t));
    let backwards = map::kind(t) == Some(MapKind::Hamt) && Profile::get().large_maps_list_backwards();
    frames.push(if options.deterministic {
        let mut pairs: Vec<_> = map::iter(t).collect();
        pairs.sort_by(|x, y| cmp::compare_exact(x.0, y.0));
        Frame::Pairs(pairs.into_iter(), None)
    } else if backwards {
        let mut pairs: Vec<_> = map::iter(t).collect();
        pairs.reverse();
        Frame::Pairs(pairs.into_iter(), None)
    } else {
        Frame::Map(map::iter(t), None)
    });
}

fn bits<'s>(out: &mut impl Sink<'s>, t: Term<'s>, v: BitsView<'s>) {
    let (whole, rest) = (v.bits / 8, v.bits % 8);
    let body = v.slice(0, whole * 8).unwrap_or(v);
    if rest == 0 {
        count(out, tag::BINARY_EXT, whole);
        return out.binary(t, body);
    }
    count(out, tag::BIT_BINARY_EXT, whole + 1);
    out.bytes(&[rest as u8]);
    out.binary(t, body);
    let mut last = [0];
    if let Some(tail) = v.slice(whole * 8, rest) {
        crate::term::bits::copy_bits(tail, &mut last, 0);
    }
    out.bytes(&last);
}

fn fun<'s>(out: &mut impl Sink<'s>, f: FunView<'s>, options: &Options, frames: &mut Vec<Frame<'s>>) {
    out.bytes(&[tag::NEW_FUN_EXT]);
    let size_at = out.len();
    out.bytes(&[0; 4]);
    out.bytes(&[f.entry.arity]);
    out.bytes(&f.entry.uniq);
    out.bytes(&f.entry.index.to_be_bytes());
    out.bytes(&(f.env.len() as u32).to_be_bytes());
    atom(out, f.entry.module, options);
    integer(out, f.entry.index.into());
    integer(out, f.entry.old_uniq.into());
    match f.creator.kind() {
        _ if Profile::get().funs_belong_to_init() => pid(out, None, 0, options),
        Kind::ExternalPid(n, data) => pid(out, Some(n), data, options),
        _ => pid(out, None, f.creator.id_data(), options),
    }
    frames.push(Frame::FunSize(size_at));
    frames.push(Frame::Slice(f.env.iter()));
}

/// Writes the node's name and answers its creation.
fn node<'s>(out: &mut impl Sink<'s>, node: Option<&'static Node>, options: &Options) -> u32 {
    let (name, creation) = node.map_or((Node::this_name(), Node::this_creation()), |n| (n.name, n.creation));
    atom(out, name, options);
    creation
}

fn pid<'s>(out: &mut impl Sink<'s>, of: Option<&'static Node>, data: u64, options: &Options) {
    let PidParts { number, serial } = match of {
        None => node::local_pid_parts(data),
        Some(_) => node::external_pid_parts(data),
    };
    out.bytes(&[tag::NEW_PID_EXT]);
    let creation = node(out, of, options);
    for word in [number, serial, creation] {
        out.bytes(&word.to_be_bytes());
    }
}

/// Highest port number that fits the older, shorter form.
const MAX_V3_PORT: u64 = (1 << 28) - 1;

fn port<'s>(out: &mut impl Sink<'s>, of: Option<&'static Node>, number: u64, options: &Options) {
    let long = options.long_ports || number > MAX_V3_PORT;
    out.bytes(&[if long { tag::V4_PORT_EXT } else { tag::NEW_PORT_EXT }]);
    let creation = node(out, of, options);
    match long {
        true => out.bytes(&number.to_be_bytes()),
        false => out.bytes(&(number as u32).to_be_bytes()),
    }
    out.bytes(&creation.to_be_bytes());
}
