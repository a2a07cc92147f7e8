//! Bytes to terms: the loader's decoder over a builder of heap terms.

use girder_loader::etf::{Decoder, EtfCause, EtfError, FunParts, RecordParts, TermBuilder};

use super::local_hash;
use crate::arith;
use crate::atom::{Atom, AtomError};
use crate::code::{Export, FunEntry, Mfa};
use crate::heap::{Builder, Detached};
use crate::node::{self, Node, PidParts};
use crate::process::relations::Reference;
use crate::term::{RawTerm, Term, map};

/// Why bytes are no term.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not the external format of a term.
    #[error("byte {0}: not an external term")]
    Malformed(usize),
    /// A term that cannot be, or that the `safe` option keeps out.
    #[error("a term that is not allowed")]
    Refused,
    /// The atom table is full.
    #[error("the atom table is full")]
    AtomTableFull,
}

/// A decoded term.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'s> {
    /// The term.
    pub term: Term<'s>,
    /// How many bytes of the input it took.
    pub used: usize,
}

/// Decodes the term at the start of `bytes` (version byte included). With `safe` no atom and no external fun is made
/// that does not exist.
pub fn decode<'s>(b: &Builder<'s>, bytes: &[u8], safe: bool) -> Result<Decoded<'s>, DecodeError> {
    decode_with(bytes, &mut HeapBuilder { b, safe, new_atom: Atom::from_program, cache: &[] })
}

/// As [`decode`]; references to a connection's atom cache stand for the atoms of `cache`.
pub fn decode_with_cache<'s>(b: &Builder<'s>, bytes: &[u8], cache: &[Term<'s>]) -> Result<Decoded<'s>, DecodeError> {
    decode_with(bytes, &mut HeapBuilder { b, safe: false, new_atom: Atom::from_program, cache })
}

fn decode_with<'s>(bytes: &[u8], builder: &mut HeapBuilder<'_, 's>) -> Result<Decoded<'s>, DecodeError> {
    let mut decoder = Decoder::new();
    let term = decoder.run_to_end(bytes, builder).map_err(error)?;
    Ok(Decoded { term, used: decoder.used() })
}

/// Decodes a literal of a module, as a term of its own.
pub fn decode_literal(bytes: &[u8]) -> Result<Detached, DecodeError> {
    let mut failed = None;
    let term = Detached::build(|b| {
        match decode_with(bytes, &mut HeapBuilder { b, safe: false, new_atom: Atom::new, cache: &[] }) {
            Ok(d) => d.term,
            Err(e) => {
                failed = Some(e);
                Term::NIL
            }
        }
    });
    failed.map_or(Ok(term), Err)
}

fn error(e: EtfError<DecodeError>) -> DecodeError {
    match e.cause {
        EtfCause::Format(_) => DecodeError::Malformed(e.offset),
        EtfCause::Builder(e) => e,
    }
}

struct HeapBuilder<'b, 's> {
    b: &'b Builder<'s>,
    safe: bool,
    /// How atoms are made that do not exist.
    new_atom: fn(&str) -> Result<Atom, AtomError>,
    /// What references to a connection's atom cache stand for.
    cache: &'b [Term<'s>],
}

type Built<'s> = Result<Term<'s>, DecodeError>;

/// Most free variables of a fun.
const MAX_FREE: u32 = 255;
/// Bits of the first number of this node's references.
const LOCAL_REF_BITS: u32 = 18;

/// The other node that a pid, port or reference belongs to; `Ok(None)`: this node.
fn foreign(node: Term<'_>, creation: u32) -> Result<Option<&'static Node>, DecodeError> {
    let name = node.as_atom().ok_or(DecodeError::Refused)?;
    let ours = name == Node::this_name() && creation == Node::this_creation();
    Ok((!ours).then(|| Node::intern(name, creation)))
}

impl<'s> TermBuilder for HeapBuilder<'_, 's> {
    type Term = Term<'s>;
    type Error = DecodeError;

    fn small_int(&mut self, value: i64) -> Built<'s> {
        Ok(self.b.int(value))
    }
    fn big_int(&mut self, negative: bool, le_bytes: &[u8]) -> Built<'s> {
        let limbs: Vec<u64> = le_bytes
            .chunks(8)
            .map(|c| {
                let mut limb = [0; 8];
                limb[..c.len()].copy_from_slice(c);
                u64::from_le_bytes(limb)
            })
            .collect();
        if limbs.iter().rposition(|&l| l != 0).is_some_and(|last| last >= arith::max_limbs()) {
            return Err(DecodeError::Refused);
        }
        Ok(self.b.big_limbs(negative, &limbs))
    }
    fn float(&mut self, value: f64) -> Built<'s> {
        Ok(self.b.float(value))
    }
    fn atom(&mut self, text: &str) -> Built<'s> {
        if self.safe {
            return Atom::existing(text).map(Term::atom).ok_or(DecodeError::Refused);
        }
        (self.new_atom)(text).map(Term::atom).map_err(|e| match e {
            AtomError::TooLong => DecodeError::Refused,
            AtomError::TableFull => DecodeError::AtomTableFull,
        })
    }
    fn nil(&mut self) -> Built<'s> {
        Ok(Term::NIL)
    }
    fn list(&mut self, elements: &[Term<'s>], tail: Term<'s>) -> Built<'s> {
        Ok(self.b.list_with_tail(elements, tail))
    }
    fn byte_list(&mut self, bytes: &[u8]) -> Built<'s> {
        Ok(self.b.byte_list(bytes))
    }
    fn tuple(&mut self, elements: &[Term<'s>]) -> Built<'s> {
        Ok(self.b.tuple(elements))
    }
    fn map(&mut self, flat: &[Term<'s>]) -> Built<'s> {
        let pairs: Vec<_> = flat.as_chunks().0.iter().map(|&[k, v]| (k, v)).collect();
        let m = map::from_pairs(self.b, &pairs);
        // Equal keys make a malformed term.
        if map::size(m) == pairs.len() { Ok(m) } else { Err(DecodeError::Refused) }
    }
    fn binary(&mut self, bytes: &[u8]) -> Built<'s> {
        Ok(self.b.binary(bytes))
    }
    fn bitstring(&mut self, bytes: &[u8], last_bits: u8) -> Built<'s> {
        let Some((last, whole)) = bytes.split_last() else { return Ok(self.b.binary(&[])) };
        let mask = !(0xffu8.checked_shr(last_bits.into()).unwrap_or(0));
        Ok(self.b.bits_with(whole.len() * 8 + usize::from(last_bits), |out| {
            out[..whole.len()].copy_from_slice(whole);
            out[whole.len()] = last & mask;
        }))
    }
    fn pid(&mut self, node: Term<'s>, id: u32, serial: u32, creation: u32) -> Built<'s> {
        match foreign(node, creation)? {
            Some(n) => Ok(self.b.external_pid(n, node::external_pid_data(PidParts { number: id, serial }))),
            None => {
                let data = node::local_pid_data(PidParts { number: id, serial }).ok_or(DecodeError::Refused)?;
                Term::immediate(RawTerm::pid(data)).ok_or(DecodeError::Refused)
            }
        }
    }
    fn port(&mut self, node: Term<'s>, id: u64, creation: u32) -> Built<'s> {
        match foreign(node, creation)? {
            Some(n) => Ok(self.b.external_port(n, id)),
            None if id >> 60 != 0 => Err(DecodeError::Refused),
            None => Term::immediate(RawTerm::port(id)).ok_or(DecodeError::Refused),
        }
    }
    fn reference(&mut self, node: Term<'s>, creation: u32, ids: &[u32]) -> Built<'s> {
        let mut n = [0; 3];
        let known = ids.len().min(3);
        n[..known].copy_from_slice(&ids[..known]);
        match foreign(node, creation)? {
            Some(node) => Ok(self.b.external_ref(node, n)),
            None if n[0] >> LOCAL_REF_BITS != 0 || ids.len() > n.len() => Err(DecodeError::Refused),
            None => Ok(match self.b.written_magic_reference(n) {
                Some(magic) => magic,
                None => Reference::of_numbers(n).term(self.b),
            }),
        }
    }
    fn fun(&mut self, p: FunParts<'_, Term<'s>>) -> Built<'s> {
        let module = p.module.as_atom().ok_or(DecodeError::Refused)?;
        let num_free = u32::try_from(p.free.len()).ok().filter(|&n| n <= MAX_FREE).ok_or(DecodeError::Refused)?;
        let old_uniq = u32::try_from(p.old_uniq).map_err(|_| DecodeError::Refused)?;
        // Entries are never freed: what is refused makes none.
        if !p.pid.is_pid() {
            return Err(DecodeError::Refused);
        }
        let entry = FunEntry::intern(module, p.uniq, p.index, old_uniq, p.arity, num_free);
        Ok(self.b.fun(entry, p.pid, p.free))
    }
    fn export(&mut self, module: Term<'s>, function: Term<'s>, arity: u8) -> Built<'s> {
        let (Some(module), Some(function)) = (module.as_atom(), function.as_atom()) else {
            return Err(DecodeError::Refused);
        };
        let mfa = Mfa { module, function, arity };
        match self.safe {
            true => Export::existing(mfa).map(|e| self.b.export_fun(e)).ok_or(DecodeError::Refused),
            false => Ok(self.b.export_fun(Export::intern(mfa))),
        }
    }
    fn native_record(&mut self, p: RecordParts<'_, Term<'s>>) -> Built<'s> {
        let fields = self.b.list(p.fields);
        let definition = self.b.tuple(&[p.module, p.name, Term::bool(p.exported), fields]);
        Ok(self.b.record(definition, p.values))
    }
    fn atom_cache_ref(&mut self, index: u8) -> Option<Built<'s>> {
        self.cache.get(usize::from(index)).filter(|t| t.is_atom()).map(|&t| Ok(t))
    }
    fn accepts_local(&mut self, hash: u64, rest: &[u8]) -> bool {
        local_hash(rest) == hash
    }
}
