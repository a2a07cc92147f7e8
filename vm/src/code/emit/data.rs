//! Lists, tuples, maps, floats, funs and multi-way branches.

use girder_loader::{Opcode, Operand};

use super::out::A;
use super::{Emitter, label, unsigned};
use crate::heap::FUN_WORDS;
use crate::interp::instr as i;
use crate::term::{Header, RawTerm, Subtag, Term, cmp};

/// X registers behind the last one that programs have: scratch for constants where an instruction wants a register.
const SCRATCH: u16 = crate::sched::X_REGISTERS as u16 + 8;

fn tuple_header(n: u64) -> u64 {
    RawTerm::header(Header::new(Subtag::Tuple, n as usize)).bits()
}

/// Bytes from a tuple's header to an element, counted from 0. No tuple has an element as far away as the largest number.
fn element_offset(index: Operand) -> u32 {
    unsigned(index)
        .checked_add(1)
        .and_then(|n| n.checked_mul(8))
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(u32::MAX)
}

/// What a selection looks at: a register, or an element of a tuple (tuple, offset, destination) that it reads first.
enum Selected {
    Register(A),
    Element([A; 3]),
}

/// The least of the values and the targets from it on, where the values are small integers close together.
fn jump_table(pairs: &[(u64, u32)], fail: u32) -> Option<(i64, Vec<u32>)> {
    let values: Vec<i64> = pairs
        .iter()
        .map(|p| RawTerm::from_bits(p.0))
        .filter(|v| v.is_immediate())
        .map(|v| v.as_small())
        .collect::<Option<_>>()?;
    if values.len() <= 3 {
        return None;
    }
    let (min, max) = (*values.iter().min()?, *values.iter().max()?);
    let span = max.wrapping_sub(min) as u64;
    if span >= 4 * values.len() as u64 + 16 {
        return None;
    }
    let mut targets = vec![fail; span as usize + 1];
    // The first of equal values wins.
    for (v, (_, l)) in pairs.iter().map(|p| (RawTerm::from_bits(p.0), p)).rev() {
        if let Some(v) = v.as_small() {
            targets[(v - min) as usize] = *l;
        }
    }
    Some((min, targets))
}

impl Emitter<'_> {
    /// A register operand; a constant is moved into a scratch register first.
    pub(super) fn reg(&mut self, o: Operand) -> A {
        let a = self.src(o);
        if a.is_reg() {
            return a;
        }
        self.emit(i::MOV, &[a, A::X(SCRATCH)]);
        A::X(SCRATCH)
    }

    pub(super) fn is_nonempty_list(&mut self, f: Operand, s: Operand) {
        let l = A::L(label(f));
        if matches!(s, Operand::X(_) | Operand::Y(_)) {
            let src = self.src(s);
            match self.peek() {
                Some((Opcode::GetList, &[s2, h, t])) if s2 == s => {
                    self.take();
                    let args = [src, self.src(h), self.src(t), l];
                    if let Some((Opcode::IsNil, &[g, t2])) = self.peek()
                        && t2 == t
                    {
                        self.take();
                        return self.emit(i::NONEMPTY_GET_ONLY, &[args[0], args[1], args[2], l, A::L(label(g))]);
                    }
                    return self.emit(i::NONEMPTY_GET, &args);
                }
                Some((Opcode::GetHd, &[s2, d])) if s2 == s => {
                    self.take();
                    let args = [src, self.src(d), l];
                    return self.emit(i::NONEMPTY_GET_HD, &args);
                }
                Some((Opcode::GetTl, &[s2, d])) if s2 == s => {
                    self.take();
                    let args = [src, self.src(d), l];
                    return self.emit(i::NONEMPTY_GET_TL, &args);
                }
                _ => {}
            }
        }
        let args = [self.src(s), l];
        self.emit(i::IS_NONEMPTY_LIST, &args);
    }

    pub(super) fn is_tuple(&mut self, f: Operand, s: Operand) {
        if let Some((Opcode::TestArity, &[f2, s2, n])) = self.peek()
            && f2 == f
            && s2 == s
        {
            self.take();
            let (fail, header) = (A::L(label(f)), A::W(tuple_header(unsigned(n))));
            if let Some([offset, d]) = self.element_of(s) {
                return self.emit(i::TUPLE_OF_GET, &[self.src(s), offset, d, fail, header]);
            }
            let s = self.reg(s);
            return self.emit(i::IS_TUPLE_OF, &[s, fail, header]);
        }
        // The selection looks whether it is a tuple, too.
        if let Some((Opcode::SelectTupleArity, &[s2, f2, ..])) = self.peek()
            && s2 == s
            && f2 == f
        {
            return;
        }
        let args = [self.src(s), A::L(label(f))];
        self.emit(i::IS_TUPLE, &args);
    }

    pub(super) fn test_arity(&mut self, f: Operand, s: Operand, n: Operand) {
        let s = self.reg(s);
        self.emit(i::TEST_ARITY, &[s, A::L(label(f)), A::W(tuple_header(unsigned(n)))]);
    }

    pub(super) fn is_tagged_tuple(&mut self, f: Operand, s: Operand, n: Operand, tag: Operand) {
        let (fail, header, tag) = (A::L(label(f)), A::W(tuple_header(unsigned(n))), A::W(self.any(tag)));
        if let Some([offset, d]) = self.element_of(s) {
            return self.emit(i::TAGGED_GET, &[self.src(s), offset, d, fail, header, tag]);
        }
        let s = self.reg(s);
        self.emit(i::IS_TAGGED_TUPLE, &[s, fail, header, tag]);
    }

    /// Offset and destination of the next instruction if it reads an element of the tuple in register `s`, which the
    /// instruction before it tests; that one does both.
    fn element_of(&mut self, s: Operand) -> Option<[A; 2]> {
        let (Opcode::GetTupleElement, &[s2, index, d]) = self.peek()? else { return None };
        let offset = A::H(u16::try_from(element_offset(index)).ok()?);
        let fused = s2 == s && matches!(s, Operand::X(_) | Operand::Y(_)) && self.proven_nth(0);
        // Two elements have an instruction of their own, and so has an element that is tested or selected on.
        let alone = !matches!(self.peek_nth(1), Some((Opcode::GetTupleElement, &[s3, ..])) if s3 == s)
            && !matches!(self.peek_nth(1), Some((Opcode::SelectVal, &[e, ..])) if e == d);
        if !(fused && alone) {
            return None;
        }
        self.take();
        Some([offset, self.src(d)])
    }

    pub(super) fn get_list(&mut self, s: Operand, h: Operand, t: Operand) {
        let family = if self.proven() { i::GET_LIST } else { i::GET_LIST_CHECKED };
        let args = [self.reg(s), self.src(h), self.src(t)];
        self.emit(family, &args);
    }

    pub(super) fn get_hd_tl(&mut self, op: Opcode, s: Operand, d: Operand) {
        let family = match (op, self.proven()) {
            (Opcode::GetHd, true) => i::GET_HD,
            (Opcode::GetHd, false) => i::GET_HD_CHECKED,
            (_, true) => i::GET_TL,
            (_, false) => i::GET_TL_CHECKED,
        };
        let args = [self.reg(s), self.src(d)];
        self.emit(family, &args);
    }

    pub(super) fn get_tuple_element(&mut self, s: Operand, index: Operand, d: Operand) {
        let far = element_offset(index);
        let Ok(offset) = u16::try_from(far) else {
            let args = [self.reg(s), A::U(far), self.src(d)];
            return self.emit(i::GET_ELEM_FAR, &args);
        };
        let offset = A::H(offset);
        let proven = self.proven();
        if proven
            && let Some((Opcode::GetTupleElement, &[s2, index2, d2])) = self.peek()
            && s2 == s
            && d != s
            && unsigned(index2) == unsigned(index) + 1
            && self.proven_nth(0)
        {
            self.take();
            let args = [self.reg(s), offset, self.src(d), self.src(d2)];
            return self.emit(i::GET_ELEM2, &args);
        }
        let args = [self.reg(s), offset, self.src(d)];
        if !proven {
            return self.emit(i::GET_ELEM_CHECKED, &args);
        }
        match self.peek() {
            Some((Opcode::SelectVal, &[s2, f, list])) if s2 == d => {
                self.take();
                let list = self.list(list);
                self.select_on(Selected::Element(args), f, list)
            }
            Some((Opcode::IsEqExact, &[f, s2, v])) if s2 == d => match self.src(v) {
                A::K(w) if RawTerm::from_bits(w).is_immediate() => {
                    self.take();
                    self.emit(i::GET_ELEM_EQ, &[args[0], args[1], args[2], A::L(label(f)), A::W(w)])
                }
                _ => self.emit(i::GET_ELEM, &args),
            },
            _ => self.emit(i::GET_ELEM, &args),
        }
    }

    pub(super) fn set_tuple_element(&mut self, v: Operand, s: Operand, index: Operand) {
        let args = [self.src(v), self.reg(s), A::U(element_offset(index))];
        self.emit(i::SET_ELEM, &args);
    }

    pub(super) fn put_tuple(&mut self, d: Operand, elements: &[Operand]) {
        if let &[a, b] = elements {
            let args = [self.src(a), self.src(b), self.src(d)];
            return self.emit(i::PUT_TUPLE2, &args);
        }
        let d = self.src(d);
        self.emit(i::PUT_TUPLE, &[d, A::U(elements.len() as u32)]);
        for e in elements {
            let w = self.any(*e);
            self.out.trail(w);
        }
    }

    pub(super) fn update_record(&mut self, size: Operand, s: Operand, d: Operand, updates: &[Operand]) {
        let args = [self.reg(s), self.src(d), A::U(unsigned(size) as u32), A::U(updates.len() as u32 / 2)];
        self.emit(i::UPDATE_RECORD, &args);
        for pair in updates.chunks_exact(2) {
            let v = self.any(pair[1]);
            self.out.trail(unsigned(pair[0]) * 8);
            self.out.trail(v);
        }
    }

    pub(super) fn equal(&mut self, op: Opcode, f: Operand, a: Operand, b: Operand) {
        let l = A::L(label(f));
        let (mut x, mut y) = (self.src(a), self.src(b));
        if !x.is_reg() && y.is_reg() {
            std::mem::swap(&mut x, &mut y);
        }
        match y {
            A::K(w) if x.is_reg() && RawTerm::from_bits(w).is_immediate() => {
                let family = if op == Opcode::IsEqExact { i::IS_EQ_IMM } else { i::IS_NE_IMM };
                self.emit(family, &[x, l, A::W(w)]);
            }
            _ => {
                let family = if op == Opcode::IsEqExact { i::IS_EQ_EXACT } else { i::IS_NE_EXACT };
                self.emit(family, &[x, y, l]);
            }
        }
    }

    pub(super) fn select_val(&mut self, s: Operand, f: Operand, list: &[Operand]) {
        let s = self.reg(s);
        self.select_on(Selected::Register(s), f, list);
    }

    fn select_on(&mut self, on: Selected, f: Operand, list: &[Operand]) {
        let fail = A::L(label(f));
        let mut pairs: Vec<(u64, u32)> = list.chunks_exact(2).map(|p| (self.any(p[0]), label(p[1]))).collect();
        let immediates = pairs.iter().filter(|p| RawTerm::from_bits(p.0).is_immediate()).count();
        let jump = jump_table(&pairs, label(f));
        let linear = jump.is_none() && immediates <= 8;
        let s = match on {
            Selected::Element([s, offset, d]) if linear && immediates == pairs.len() && immediates > 0 => {
                self.emit(i::GET_ELEM_SELECT, &[s, offset, d, fail, A::U(pairs.len() as u32)]);
                return self.select_trail(&pairs);
            }
            Selected::Element(args) => {
                self.emit(i::GET_ELEM, &args);
                args[2]
            }
            Selected::Register(s) => s,
        };
        // Values that are no immediates (bignums, floats) are compared one by one.
        pairs.retain(|&(v, l)| {
            let immediate = RawTerm::from_bits(v).is_immediate();
            if !immediate {
                self.out.emit(i::IS_NE_EXACT, &[s, A::K(v), A::L(l)]);
            }
            immediate
        });
        if pairs.is_empty() {
            return self.emit(i::JUMP, &[fail]);
        }
        if let Some((min, targets)) = jump {
            self.emit(i::SELECT_JUMP, &[s, fail, A::W(min as u64), A::U(targets.len() as u32)]);
            return self.out.trail_labels(&targets);
        }
        let family = if linear {
            i::SELECT_LINEAR
        } else {
            pairs.sort_by_key(|p| p.0);
            pairs.dedup_by_key(|p| p.0);
            i::SELECT_BINARY
        };
        self.select_table(family, s, fail, &pairs);
    }

    fn select_table(&mut self, family: i::Family, s: A, fail: A, pairs: &[(u64, u32)]) {
        self.emit(family, &[s, fail, A::U(pairs.len() as u32)]);
        self.select_trail(pairs);
    }

    fn select_trail(&mut self, pairs: &[(u64, u32)]) {
        for p in pairs {
            self.out.trail(p.0);
        }
        let labels: Vec<u32> = pairs.iter().map(|p| p.1).collect();
        self.out.trail_labels(&labels);
    }

    pub(super) fn select_arity(&mut self, s: Operand, f: Operand, list: &[Operand]) {
        let s = self.reg(s);
        let pairs: Vec<(u64, u32)> =
            list.chunks_exact(2).map(|p| (tuple_header(unsigned(p[0])), label(p[1]))).collect();
        self.select_table(i::SELECT_ARITY, s, A::L(label(f)), &pairs);
    }

    pub(super) fn get_map_elements(&mut self, f: Operand, s: Operand, list: &[Operand]) {
        let l = A::L(label(f));
        let s = self.reg(s);
        if let &[k, d] = list {
            let args = [s, self.src(k), self.src(d), l];
            return self.emit(i::MAP_GET1, &args);
        }
        self.emit(i::MAP_GET, &[s, l, A::U(list.len() as u32 / 2)]);
        for o in list {
            let w = self.any(*o);
            self.out.trail(w);
        }
    }

    pub(super) fn has_map_fields(&mut self, f: Operand, s: Operand, list: &[Operand]) {
        let s = self.reg(s);
        self.emit(i::MAP_HAS, &[s, A::L(label(f)), A::U(list.len() as u32)]);
        for o in list {
            let w = self.any(*o);
            self.out.trail(w);
        }
    }

    pub(super) fn put_map(&mut self, op: Opcode, args: &[Operand], list: &[Operand]) {
        let (s, d, live) = (self.src(args[1]), self.src(args[2]), A::U(unsigned(args[3]) as u32));
        let n = A::U(list.len() as u32);
        let mut pairs: Vec<[Operand; 2]> = list.as_chunks().0.to_vec();
        // Of keys that are missing the smallest one is told.
        let keys: Option<Vec<RawTerm>> = pairs.iter().map(|&[k, _]| self.constant(k)).collect();
        if let Some(keys) = keys.filter(|_| op == Opcode::PutMapExact) {
            let mut order: Vec<usize> = (0..keys.len()).collect();
            order.sort_by(|&a, &b| cmp::compare_exact(Term::from_raw(keys[a]), Term::from_raw(keys[b])));
            pairs = order.into_iter().map(|n| pairs[n]).collect();
        }
        if op == Opcode::PutMapAssoc {
            self.emit(i::MAP_PUT, &[s, d, live, n]);
        } else {
            self.emit(i::MAP_UPDATE, &[s, d, A::L(label(args[0])), live, n]);
        }
        for o in pairs.as_flattened() {
            let w = self.any(*o);
            self.out.trail(w);
        }
    }

    pub(super) fn fmove(&mut self, s: Operand, d: Operand) {
        match (s, d) {
            (Operand::FloatReg(a), Operand::FloatReg(b)) => self.emit(i::FCOPY, &[A::H(a), A::H(b)]),
            (Operand::FloatReg(a), _) => {
                let d = self.src(d);
                self.emit(i::FSTORE, &[A::H(a), d]);
            }
            (Operand::X(_), Operand::FloatReg(f)) if let Some((family, [a, b, d])) = self.float_op() => {
                self.take();
                let args = [self.src(s), A::H(f), a, b, d];
                self.emit(family, &args);
            }
            (_, Operand::FloatReg(b)) => {
                let family = if self.proven() { i::FLOAD } else { i::FLOAD_CHECKED };
                let s = self.src(s);
                self.emit(family, &[s, A::H(b)]);
            }
            _ => self.mov(s, d),
        }
    }

    /// The operation on float registers that comes next, in one instruction with a load before it.
    fn float_op(&self) -> Option<(i::Family, [A; 3])> {
        let (op, &[_, Operand::FloatReg(a), Operand::FloatReg(b), Operand::FloatReg(d)]) = self.peek()? else {
            return None;
        };
        let family = match op {
            Opcode::Fadd => i::FLOAD_FADD,
            Opcode::Fsub => i::FLOAD_FSUB,
            Opcode::Fmul => i::FLOAD_FMUL,
            Opcode::Fdiv => i::FLOAD_FDIV,
            _ => return None,
        };
        Some((family, [A::H(a), A::H(b), A::H(d)]))
    }

    pub(super) fn make_fun(&mut self, index: Operand, d: Operand, env: &[Operand]) {
        let entry = std::ptr::from_ref(self.lambdas[unsigned(index) as usize]).expose_provenance() as u64;
        let d = self.src(d);
        self.emit(i::MAKE_FUN, &[d, A::W(entry), A::U(env.len() as u32)]);
        for o in env {
            let w = self.any(*o);
            self.out.trail(w);
        }
    }

    /// `make_fun2`: the environment is in the first X registers, and the instruction makes its own room.
    pub(super) fn make_fun2(&mut self, index: Operand) {
        let n = self.lambdas[unsigned(index) as usize].num_free;
        self.emit(i::TEST_HEAP, &[A::U(FUN_WORDS + n), A::U(n)]);
        let env: Vec<Operand> = (0..n as u16).map(Operand::X).collect();
        self.make_fun(index, Operand::X(0), &env);
    }
}
