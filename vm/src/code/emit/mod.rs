//! From checked generic code to instructions: operands resolved, sequences fused, labels bound.
//!
//! `translate` walks the functions once. Each generic instruction is handled by one function of this folder's files,
//! which may look ahead and take following instructions with it (see [`Emitter::peek`]); an instruction that is the
//! target of a label is never taken, since every `label` is an instruction of its own and ends a sequence.

mod bits;
mod calls;
mod data;
mod general;
mod out;

use std::collections::HashMap;
use std::sync::Mutex;

use girder_loader::{CheckedModule, Opcode, Operand};

use super::coverage::Coverage;
use super::module::{FunctionInfo, LoadedModule};
use super::records::Field;
use super::registry::LoadFailure;
use super::{Export, FunEntry, Mfa};
use crate::atom::Atom;
use crate::bits::construct::Template;
use crate::heap::Detached;
use crate::heap::literal::LiteralArea;
use crate::interp::instr;
use crate::term::{RawTerm, SMALL_MAX, SMALL_MIN};
use out::{A, Out};

/// A translated module, not yet reachable.
pub(super) struct Emitted {
    pub(super) module: LoadedModule,
    /// The functions that hold the bodies of the module's funs.
    pub(super) bodies: Vec<Atom>,
    /// Native record definitions: name, whether exported, fields.
    pub(super) records: Vec<(Atom, bool, Vec<Field>)>,
}

/// Whether the VM has instructions for a generic opcode: what `girder opcodes --coverage` asks.
pub fn implements(op: Opcode) -> bool {
    general::implements(op)
}

pub(super) struct Emitter<'m> {
    m: &'m CheckedModule,
    out: Out,
    atoms: Vec<Atom>,
    literals: Vec<RawTerm>,
    big_ints: Vec<RawTerm>,
    wide_ints: HashMap<i64, RawTerm>,
    lambdas: Vec<&'static FunEntry>,
    strings: Box<[u8]>,
    #[allow(clippy::vec_box, reason = "instructions hold their addresses")]
    templates: Vec<Box<Template<u64>>>,
    lines: Vec<(u32, Option<(u32, u32)>)>,
    functions: Vec<FunctionInfo>,
    coverage: Coverage,
    /// The label of the function's entry is bound.
    entered: bool,
    /// Index of the generic instruction being handled.
    at: usize,
}

/// Translates a module.
pub(super) fn translate(m: &CheckedModule) -> Result<Emitted, LoadFailure> {
    let module_name = m.name().to_string();
    let mut atoms = Vec::with_capacity(m.atoms.len());
    for a in &m.atoms {
        atoms.push(Atom::new(a).map_err(|error| LoadFailure::Atom { module: module_name.clone(), error })?);
    }
    let name = atoms[m.name as usize];
    let mut detached = Vec::with_capacity(m.literals.len());
    for (index, bytes) in m.literals.iter().enumerate() {
        let d = crate::etf::decode_literal(bytes)
            .map_err(|_| LoadFailure::Literal { module: module_name.clone(), index })?;
        detached.push(d);
    }
    let literal_count = detached.len();
    for b in &m.big_ints {
        let limbs: Vec<u64> =
            b.magnitude.chunks(8).map(|c| c.iter().rev().fold(0u64, |acc, &byte| acc << 8 | u64::from(byte))).collect();
        detached.push(Detached::build(|builder| builder.big_limbs(b.negative, &limbs)));
    }
    let mut wide: Vec<i64> = m
        .operands
        .iter()
        .filter_map(|o| match o {
            Operand::Int(i) if !(SMALL_MIN..=SMALL_MAX).contains(i) => Some(*i),
            _ => None,
        })
        .collect();
    wide.sort_unstable();
    wide.dedup();
    for &i in &wide {
        detached.push(Detached::build(|builder| builder.int(i)));
    }
    let (area, mut terms) = LiteralArea::from_terms(&detached);
    drop(detached);
    let wide_ints = wide.iter().copied().zip(terms.split_off(literal_count + m.big_ints.len())).collect();
    let big_ints = terms.split_off(literal_count);
    let lambdas = m
        .lambdas
        .iter()
        .map(|l| {
            let arity = (l.arity - l.num_free) as u8;
            FunEntry::intern(name, m.md5, l.index, l.old_uniq, arity, l.num_free)
        })
        .collect();
    let mut e = Emitter {
        m,
        out: Out::new(m.label_count as usize),
        atoms,
        literals: terms,
        big_ints,
        wide_ints,
        lambdas,
        strings: m.strings.clone().into_boxed_slice(),
        templates: Vec::new(),
        lines: Vec::new(),
        functions: Vec::new(),
        coverage: Coverage::new(&m.lines, m.function_count),
        entered: false,
        at: 0,
    };
    while e.at < m.code.len() {
        if m.traps_before(e.at) {
            // A call before this does not return, says the compiler; if it does, it ends in an exception.
            e.emit(instr::IF_END, &[]);
        }
        let op = &m.code[e.at];
        e.at += 1;
        if let Err(why) = e.generic(op.opcode, m.args(op)) {
            crate::signal::purge::retire(area);
            return Err(why);
        }
    }
    let records: Vec<_> = m
        .records
        .iter()
        .map(|r| {
            let field = |f: &girder_loader::module::RecordField| Field {
                name: e.atoms[f.name as usize],
                default: f.default.and_then(|o| e.constant(o)),
            };
            (e.atoms[r.name as usize], r.exported, r.fields.iter().map(field).collect::<Vec<_>>())
        })
        .collect();
    let Emitter { out, lines, mut functions, strings, templates, lambdas, atoms, coverage, .. } = e;
    let (code, labels) = out.finish();
    for f in &m.exports {
        let entry = labels[f.label as usize];
        if let Some(info) = functions.iter_mut().find(|i| i.entry == entry) {
            info.exported = true;
        }
    }
    let bodies = m.lambdas.iter().map(|l| atoms[l.function as usize]).collect();
    let lambdas = m.lambdas.iter().zip(lambdas).map(|(l, e)| (e, labels[l.label as usize])).collect();
    let own_file = format!("{module_name}.erl").into_boxed_str();
    let module = LoadedModule {
        name,
        md5: m.md5,
        functions,
        attributes: m.attributes.clone(),
        compile_info: m.compile_info.clone(),
        coverage,
        has_debug_info: m.debug_info.is_some(),
        on_load: m.on_load.map(|l| labels[l as usize]),
        code,
        lines,
        files: std::iter::once(own_file).chain(m.lines.files.iter().cloned()).collect(),
        literals: Mutex::new(Some(area)),
        lambdas,
        strings,
        templates,
    };
    Ok(Emitted { module, bodies, records })
}

impl<'m> Emitter<'m> {
    /// The next generic instruction after the one being handled, if nothing jumps to it.
    fn peek(&self) -> Option<(Opcode, &'m [Operand])> {
        self.peek_nth(0)
    }
    fn peek_nth(&self, n: usize) -> Option<(Opcode, &'m [Operand])> {
        let op = self.m.code.get(self.at + n)?;
        Some((op.opcode, self.m.args(op)))
    }
    /// Takes the next generic instruction: it was fused into the one being handled.
    fn take(&mut self) {
        self.at += 1;
    }
    /// Whether the checker proved the access of the instruction being handled.
    fn proven(&self) -> bool {
        self.m.proven(self.at - 1)
    }
    fn proven_nth(&self, n: usize) -> bool {
        self.m.proven(self.at + n)
    }
    /// A constant operand's term.
    fn constant(&self, o: Operand) -> Option<RawTerm> {
        Some(match o {
            Operand::Atom(i) => RawTerm::atom(self.atoms[i as usize]),
            Operand::Nil => RawTerm::NIL,
            Operand::Int(i) => match self.wide_ints.get(&i) {
                Some(t) => *t,
                None => RawTerm::small(i),
            },
            Operand::BigInt(i) => self.big_ints[i as usize],
            Operand::Literal(i) => self.literals[i as usize],
            Operand::Char(c) => RawTerm::small(i64::from(c)),
            Operand::Unsigned(u) => RawTerm::small(u as i64),
            _ => return None,
        })
    }
    /// A source operand.
    fn src(&self, o: Operand) -> A {
        match o {
            Operand::X(n) => A::X(n),
            Operand::Y(n) => A::Y(n),
            _ => A::K(self.constant(o).expect("the checker admits registers and constants as sources").bits()),
        }
    }
    /// An operand of a trailing table, see `Machine::any`.
    fn any(&self, o: Operand) -> u64 {
        match o {
            Operand::X(n) => u64::from(n) << 6,
            Operand::Y(n) => u64::from(n) << 6 | 4,
            _ => self.constant(o).expect("the checker admits registers and constants as sources").bits(),
        }
    }
    fn import(&self, index: Operand) -> &'static Export {
        let i = unsigned(index) as usize;
        let import = &self.m.imports[i];
        Export::intern(Mfa {
            module: self.atoms[import.module as usize],
            function: self.atoms[import.function as usize],
            arity: import.arity as u8,
        })
    }
    fn emit(&mut self, family: instr::Family, args: &[A]) {
        self.out.emit(family, args);
    }
    fn failure(&self, what: String) -> LoadFailure {
        let function =
            self.m.function_of(self.at - 1).map_or_else(String::new, |(f, a)| format!(" in {}/{a}", self.m.atom(f)));
        LoadFailure::Unsupported { module: self.m.name().to_string(), what: what + &function }
    }
}

fn unsigned(o: Operand) -> u64 {
    match o {
        Operand::Unsigned(u) => u,
        Operand::Int(i) => i as u64,
        _ => 0,
    }
}

fn label(o: Operand) -> u32 {
    o.as_label().unwrap_or(0)
}
