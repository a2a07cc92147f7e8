//! Calls, returns, moves and frames, with the moves that lead into calls.

use girder_loader::{Opcode, Operand};

use super::out::A;
use super::{Emitter, label, unsigned};
use crate::am;
use crate::code::Export;
use crate::heap::FUN_WORDS;
use crate::interp::instr as i;

fn bytes(o: Operand) -> u16 {
    (unsigned(o) * 8) as u16
}

/// The instruction for a tail call of `erlang:apply/2,3`, which traces show as failing in the caller.
fn apply_last(e: &Export) -> Option<i::Family> {
    match (e.mfa.module, e.mfa.function, e.mfa.arity) {
        (am::ERLANG, am::APPLY, 2) => Some(i::APPLY_FUN2_LAST),
        (am::ERLANG, am::APPLY, 3) => Some(i::APPLY_MFA3_LAST),
        _ => None,
    }
}

/// The operand of a call of a function by its name.
fn address_of(e: &'static Export) -> u64 {
    std::ptr::from_ref(e.named_in_code()).expose_provenance() as u64
}

impl Emitter<'_> {
    pub(super) fn mov(&mut self, s: Operand, d: Operand) {
        if s == d {
            return;
        }
        if d == Operand::X(0) && self.mov_then_call(s) {
            return;
        }
        // This move and those behind it that can be done at the same time.
        let mut group = vec![(s, d)];
        while group.len() < 3
            && let Some((Opcode::Move, &[s, d])) = self.peek_nth(group.len() - 1)
            && s != d
            && group.iter().all(|&(_, earlier)| s != earlier && d != earlier)
        {
            group.push((s, d));
        }
        if self.movs_then_call_only(&group) {
            return;
        }
        // The last one may itself be part of a move into a call: leave it to that.
        let in_registers = |o: Operand| matches!(o, Operand::X(_) | Operand::Y(_));
        let registers = group.iter().take_while(|&&(s, d)| in_registers(s) && in_registers(d)).count();
        group.truncate(registers.max(1));
        if group.len() > 1 && group[group.len() - 1].1 == Operand::X(0) && self.call_after(group.len() - 1) {
            group.pop();
        }
        let args: Vec<A> = group.iter().flat_map(|&(s, d)| [self.src(s), self.src(d)]).collect();
        (1..group.len()).for_each(|_| self.take());
        self.emit([i::MOV, i::MOV2, i::MOV3][group.len() - 1], &args);
    }

    /// One or two moves into X registers and the tail call behind them in one instruction.
    fn movs_then_call_only(&mut self, group: &[(Operand, Operand)]) -> bool {
        let lines = usize::from(matches!(self.peek_nth(group.len() - 1), Some((Opcode::Line, _))));
        let Some((Opcode::CallOnly, &[_, l])) = self.peek_nth(group.len() - 1 + lines) else { return false };
        let into_x = group.iter().all(|(_, d)| matches!(d, Operand::X(_)));
        let from_registers = group.iter().all(|(s, _)| matches!(s, Operand::X(_) | Operand::Y(_)));
        let family = match group.len() {
            1 if into_x => i::MOVX_CALL_ONLY,
            2 if into_x && from_registers => i::MOV2_CALL_ONLY,
            _ => return false,
        };
        let moves = group.iter().flat_map(|&(s, d)| [self.src(s), self.src(d)]);
        let args: Vec<A> = moves.chain([A::L(label(l))]).collect();
        (1..group.len()).for_each(|_| self.take());
        self.take_with_line(lines);
        self.emit(family, &args);
        true
    }

    fn call_after(&self, n: usize) -> bool {
        let n = if let Some((Opcode::Line, _)) = self.peek_nth(n) { n + 1 } else { n };
        matches!(
            self.peek_nth(n),
            Some((Opcode::Call | Opcode::CallOnly | Opcode::CallLast | Opcode::Return | Opcode::Deallocate, _))
        )
    }

    /// `move S x0` and the call or return behind it in one instruction.
    fn mov_then_call(&mut self, s: Operand) -> bool {
        let lines = usize::from(matches!(self.peek(), Some((Opcode::Line, _))));
        let Some((op, args)) = self.peek_nth(lines) else { return false };
        let src = self.src(s);
        match (op, args) {
            (Opcode::Call, &[_, l]) => {
                self.take_with_line(lines);
                self.emit(i::MOV_CALL, &[src, A::L(label(l))]);
            }
            (Opcode::CallOnly, &[_, l]) => {
                self.take_with_line(lines);
                self.emit(i::MOV_CALL_ONLY, &[src, A::L(label(l))]);
            }
            (Opcode::CallLast, &[_, l, n]) => {
                self.take_with_line(lines);
                self.emit(i::MOV_CALL_LAST, &[src, A::H(bytes(n)), A::L(label(l))]);
            }
            (Opcode::Return, _) if lines == 0 => {
                self.take();
                self.emit(i::MOV_RET, &[src]);
            }
            (Opcode::Deallocate, &[n]) if lines == 0 && matches!(self.peek_nth(1), Some((Opcode::Return, _))) => {
                self.take();
                self.take();
                self.emit(i::MOV_DEALLOC_RET, &[src, A::H(bytes(n))]);
            }
            _ => return false,
        }
        true
    }

    /// Takes a fused instruction and the `line` before it, which then belongs to the fused instruction.
    fn take_with_line(&mut self, lines: usize) {
        if lines == 1 {
            if let Some((_, args)) = self.peek() {
                self.line(args[0]);
            }
            self.take();
        }
        self.take();
    }

    pub(super) fn deallocate(&mut self, n: Operand) {
        if let Some((Opcode::Return, _)) = self.peek() {
            self.take();
            return self.emit(i::DEALLOC_RET, &[A::H(bytes(n))]);
        }
        self.emit(i::DEALLOCATE, &[A::H(bytes(n))]);
    }

    fn native_call(&mut self, e: &'static Export) -> bool {
        let Some(f) = e.native() else { return false };
        let address = std::ptr::from_ref(e).expose_provenance() as u64;
        self.emit(i::CALL_NATIVE, &[A::H(u16::from(e.mfa.arity)), A::W(address), A::W(f as usize as u64)]);
        true
    }

    pub(super) fn call_ext(&mut self, import: Operand) {
        let e = self.import(import);
        if !self.native_call(e) {
            self.emit(i::CALL_EXT, &[A::W(address_of(e))]);
        }
    }

    /// A tail call of a function that only raises may name a frame that is not there: it keeps the frame.
    fn raising_tail_call(&mut self, import: Operand) -> bool {
        let import_row = &self.m.imports[unsigned(import) as usize];
        let (module, function) = (self.m.atom(import_row.module), self.m.atom(import_row.function));
        let raises = girder_loader::checker::never_returns(module, function, import_row.arity);
        let e = self.import(import);
        raises && self.native_call(e)
    }

    pub(super) fn call_ext_only(&mut self, import: Operand) {
        if self.raising_tail_call(import) {
            return self.emit(i::IF_END, &[]);
        }
        let e = self.import(import);
        if self.native_call(e) {
            return self.emit(i::RET, &[]);
        }
        if let Some(family) = apply_last(e) {
            return self.emit(family, &[A::H(0)]);
        }
        self.emit(i::CALL_EXT_ONLY, &[A::W(address_of(e))]);
    }

    pub(super) fn call_ext_last(&mut self, import: Operand, n: Operand) {
        if self.raising_tail_call(import) {
            return self.emit(i::IF_END, &[]);
        }
        let e = self.import(import);
        if self.native_call(e) {
            return self.emit(i::DEALLOC_RET, &[A::H(bytes(n))]);
        }
        if let Some(family) = apply_last(e) {
            return self.emit(family, &[A::H(bytes(n))]);
        }
        self.emit(i::CALL_EXT_LAST, &[A::H(bytes(n)), A::W(address_of(e))]);
    }

    pub(super) fn call_fun(&mut self, fun: A, arity: u32) {
        if let (Some((Opcode::Deallocate, &[n])), Some((Opcode::Return, _))) = (self.peek(), self.peek_nth(1)) {
            self.take();
            self.take();
            return self.emit(i::CALL_FUN_LAST, &[fun, A::H(bytes(n)), A::U(arity)]);
        }
        self.emit(i::CALL_FUN, &[fun, A::U(arity)]);
    }

    pub(super) fn frame(&mut self, op: Opcode, args: &[Operand]) {
        match (op, args) {
            (Opcode::Allocate, &[n, live]) if !self.m.clears_frame(self.at - 1) => {
                let frame = [A::H(bytes(n)), A::H(unsigned(live) as u16)];
                match self.first_of_frame() {
                    Some([s, d]) => self.emit(i::ALLOCATE_MOV, &[frame[0], frame[1], s, d]),
                    None => self.emit(i::ALLOCATE, &frame),
                }
            }
            (Opcode::Allocate | Opcode::AllocateZero, &[n, live]) => {
                self.emit(i::ALLOCATE, &[A::H(bytes(n)), A::H(unsigned(live) as u16)]);
            }
            (Opcode::AllocateHeap | Opcode::AllocateHeapZero, &[n, need, live]) => {
                let need = heap_words(need);
                self.emit(i::ALLOCATE_HEAP, &[A::H(bytes(n)), A::H(unsigned(live) as u16), A::U(need)]);
            }
            (Opcode::TestHeap, &[need, live]) => self.test_heap(heap_words(need), unsigned(live) as u32),
            (Opcode::Trim, &[n, _]) => {
                let lines = usize::from(matches!(self.peek(), Some((Opcode::Line, _))));
                if let Some((Opcode::Call, &[_, l])) = self.peek_nth(lines) {
                    self.take_with_line(lines);
                    return self.emit(i::TRIM_CALL, &[A::H(bytes(n)), A::L(label(l))]);
                }
                self.emit(i::TRIM, &[A::H(bytes(n))]);
            }
            _ => {}
        }
        let zero = matches!(op, Opcode::AllocateZero | Opcode::AllocateHeapZero);
        let frame = zero || matches!(op, Opcode::Allocate | Opcode::AllocateHeap);
        if zero || frame && self.m.clears_frame(self.at - 1) {
            let all: Vec<u16> = (0..unsigned(args[0]) as u16).collect();
            self.init_y(&all);
        }
    }

    /// Source and destination of what sets one register of a new frame, if that comes next.
    fn first_of_frame(&mut self) -> Option<[A; 2]> {
        let [s, d] = match self.peek()? {
            (Opcode::Move, &[s, d @ Operand::Y(_)]) => [self.src(s), self.src(d)],
            (Opcode::InitYregs, &[list]) => match self.list(list) {
                &[d @ Operand::Y(_)] => [A::K(crate::term::RawTerm::NIL.bits()), self.src(d)],
                _ => return None,
            },
            _ => return None,
        };
        (!matches!(s, A::Y(_))).then(|| {
            self.take();
            [s, d]
        })
    }

    /// A space test, and the first object that it makes room for where that has an instruction of the two.
    fn test_heap(&mut self, need: u32, live: u32) {
        let room = [A::U(need), A::U(live)];
        match self.peek() {
            Some((Opcode::PutList, &[h, t, d])) => {
                self.take();
                let args = [self.src(h), self.src(t), self.src(d), room[0], room[1]];
                if let (Operand::X(_), Some((Opcode::Deallocate, &[n])), Some((Opcode::Return, _))) =
                    (d, self.peek(), self.peek_nth(1))
                {
                    self.take();
                    self.take();
                    let [h, t, d, need, live] = args;
                    return self.emit(i::PUT_LIST_HEAP_RET, &[h, t, d, need, live, A::H(bytes(n))]);
                }
                self.emit(i::PUT_LIST_HEAP, &args);
            }
            Some((Opcode::Fmove, &[Operand::FloatReg(f), d @ (Operand::X(_) | Operand::Y(_))])) => {
                self.take();
                let args = [A::H(f), self.src(d), room[0], room[1]];
                self.emit(i::FSTORE_HEAP, &args);
            }
            _ => self.emit(i::TEST_HEAP, &room),
        }
    }

    pub(super) fn init_y(&mut self, registers: &[u16]) {
        match registers {
            [] => {}
            [y] => self.emit(i::MOV, &[A::K(crate::term::RawTerm::NIL.bits()), A::Y(*y)]),
            _ => {
                self.emit(i::INIT_Y, &[A::U(registers.len() as u32)]);
                for y in registers {
                    self.out.trail(u64::from(*y) * 8);
                }
            }
        }
    }
}

/// Words that an allocation list asks for, in this VM's object sizes (a fun's environment is among the words).
pub(super) fn heap_words(o: Operand) -> u32 {
    match o {
        Operand::Alloc { words, floats, funs } => words + u32::from(floats) * 2 + u32::from(funs) * FUN_WORDS,
        _ => unsigned(o) as u32,
    }
}
