//! Every generic opcode, and what it becomes.

use girder_loader::{CheckedModule, OpStatus, Opcode, Operand};

use super::out::A;
use super::{Emitter, FunctionInfo, LoadFailure, label, unsigned};
use crate::am;
use crate::code::{Export, Mfa};
use crate::interp::instr as i;
use crate::interp::instr::Family;
use crate::profile::Profile;
use crate::term::RawTerm;

/// Whether `generic` below handles an opcode: all that some release's compiler still emitted in 25 or later.
pub(super) fn implements(op: Opcode) -> bool {
    [25, 27, 29].iter().any(|r| op.status(*r) == OpStatus::Current)
}

/// Whether a place fits into what OTP keeps of one: of others it tells neither file nor line.
fn is_shown(&(file, line): &(u32, u32)) -> bool {
    file < 255 && line < (1 << 24) - 1
}

impl<'m> Emitter<'m> {
    pub(super) fn list(&self, o: Operand) -> &'m [Operand] {
        let m: &'m CheckedModule = self.m;
        match o {
            Operand::List(l) => m.list(l),
            _ => &[],
        }
    }

    /// Binds a label. One that stands where a function is entered gets a place of its own: only calls go to the entry.
    fn label(&mut self, l: u32) {
        let here = self.out.here();
        if self.functions.last().is_some_and(|f| f.entry == here) && std::mem::replace(&mut self.entered, true) {
            self.emit(i::NOP, &[]);
        }
        self.out.bind(l);
    }

    pub(super) fn line(&mut self, index: Operand) {
        let at = self.out.here();
        let line = self.m.lines.item(unsigned(index) as u32).map(|l| (l.file, l.line)).filter(is_shown);
        match self.lines.last_mut() {
            Some(last) if last.0 == at => last.1 = line,
            _ => self.lines.push((at, line)),
        }
    }

    /// Counts in a coverage cell.
    fn cover(&mut self, cell: u64) {
        let family = if self.coverage.mode().counts() { i::COVER_COUNT } else { i::COVER };
        self.emit(family, &[A::W(cell)]);
    }

    fn executable_line(&mut self, index: Operand, cover_id: u64) {
        self.line(index);
        let number = unsigned(index) as u32;
        let Some(item) = self.m.lines.item(number) else { return };
        if let Some(cell) = self.coverage.line_cell(item.line, cover_id, self.out.here()) {
            self.cover(cell);
        }
    }

    fn test1(&mut self, family: Family, args: &[Operand]) {
        let args = [self.src(args[1]), A::L(label(args[0]))];
        self.emit(family, &args);
    }

    fn test2(&mut self, family: Family, args: &[Operand]) {
        let args = [self.src(args[1]), self.src(args[2]), A::L(label(args[0]))];
        self.emit(family, &args);
    }

    /// A comparison, with the return behind it where there is one.
    fn order_test(&mut self, family: Family, returning: Family, args: &[Operand]) {
        let value = match (self.peek(), self.peek_nth(1)) {
            (Some((Opcode::Return, _)), _) => Some((Operand::X(0), 1)),
            (Some((Opcode::Move, &[s, Operand::X(0)])), Some((Opcode::Return, _))) => Some((s, 2)),
            _ => None,
        };
        if let Some((s, ops)) = value {
            let sources = [args[1], args[2], s].map(|o| self.src(o));
            if !sources.iter().any(|a| matches!(a, A::Y(_))) {
                (0..ops).for_each(|_| self.take());
                let [a, b, s] = sources;
                return self.emit(returning, &[a, b, s, A::L(label(args[0]))]);
            }
        }
        self.test2(family, args);
    }

    fn one(&mut self, family: Family, o: Operand) {
        let a = self.src(o);
        self.emit(family, &[a]);
    }

    pub(super) fn generic(&mut self, op: Opcode, args: &[Operand]) -> Result<(), LoadFailure> {
        use Opcode::*;
        match (op, args) {
            (Label, &[l]) => self.label(unsigned(l) as u32),
            (FuncInfo, &[_, function, arity]) => {
                let start = self.out.here();
                let name = match function {
                    Operand::Atom(a) => self.atoms[a as usize],
                    _ => am::UNDEFINED,
                };
                let arity = unsigned(arity);
                let module = u64::from(self.atoms[self.m.name as usize].index());
                self.emit(i::FUNC_INFO, &[A::W(module), A::W(u64::from(name.index())), A::W(arity)]);
                let entry = self.out.here();
                self.entered = false;
                self.functions.push(FunctionInfo { start, entry, name, arity: arity as u8, exported: false });
                if let Some(cell) = self.coverage.function_cell(self.functions.len() - 1)
                    && let Some((Label, &[l])) = self.peek()
                {
                    self.take();
                    self.out.bind(unsigned(l) as u32);
                    self.cover(cell);
                    return Ok(());
                }
                // A native takes the place of its stub function for calls from within the module, too.
                let mfa = Mfa { module: self.atoms[self.m.name as usize], function: name, arity: arity as u8 };
                if let Some((Label, &[l])) = self.peek()
                    && let Some(e) = Export::existing(mfa).filter(|e| e.native().is_some())
                {
                    self.take();
                    self.out.bind(unsigned(l) as u32);
                    self.emit(i::CALL_EXT_ONLY, &[A::W(std::ptr::from_ref(e).expose_provenance() as u64)]);
                }
            }
            (IntCodeEnd, _) => self.emit(i::INT_CODE_END, &[]),
            (Line, &[index]) => self.line(index),
            (ExecutableLine, &[index, cover_id]) => self.executable_line(index, unsigned(cover_id)),
            (DebugLine, &[_, index, ..]) => self.line(index),
            (NifStart | OnLoad, _) => {}
            (RecvMark | RecvSet, _) => {}
            (Fclearerror | Fcheckerror, _) => {}

            (Call, &[_, l]) => self.emit(i::CALL, &[A::L(label(l))]),
            (CallOnly, &[_, l]) => self.emit(i::CALL_ONLY, &[A::L(label(l))]),
            (CallLast, &[_, l, n]) => {
                self.emit(i::CALL_LAST, &[A::H((unsigned(n) * 8) as u16), A::L(label(l))]);
            }
            (CallExt, &[_, import]) => self.call_ext(import),
            (CallExtOnly, &[_, import]) => self.call_ext_only(import),
            (CallExtLast, &[_, import, n]) => self.call_ext_last(import, n),
            (Apply, &[n]) => self.emit(i::APPLY, &[A::U(unsigned(n) as u32)]),
            (ApplyLast, &[n, d]) => {
                self.emit(i::APPLY_LAST, &[A::U(unsigned(n) as u32), A::H((unsigned(d) * 8) as u16)]);
            }
            (CallFun, &[n]) => self.call_fun(A::X(unsigned(n) as u16), unsigned(n) as u32),
            (CallFun2, &[_, n, fun]) => {
                let fun = self.src(fun);
                self.call_fun(fun, unsigned(n) as u32);
            }
            (Return, _) => self.emit(i::RET, &[]),
            (Jump, &[l]) => self.emit(i::JUMP, &[A::L(label(l))]),
            (Allocate | AllocateZero | AllocateHeap | AllocateHeapZero | TestHeap | Trim, _) => self.frame(op, args),
            (Deallocate, &[n]) => self.deallocate(n),
            (Init, &[y]) => self.init_list(&[y]),
            (InitYregs, &[list]) => {
                let list = self.list(list);
                self.init_list(list);
            }
            (Move, &[s, d]) => self.mov(s, d),
            (Swap, &[a, b]) => {
                let args = [self.src(a), self.src(b)];
                self.emit(i::SWAP, &args);
            }

            (IsNonemptyList, &[f, s]) => self.is_nonempty_list(f, s),
            (IsTuple, &[f, s]) => self.is_tuple(f, s),
            (TestArity, &[f, s, n]) => self.test_arity(f, s, n),
            (IsTaggedTuple, &[f, s, n, tag]) => self.is_tagged_tuple(f, s, n, tag),
            (IsEqExact | IsNeExact, &[f, a, b]) => self.equal(op, f, a, b),
            (IsLt, _) => self.order_test(i::IS_LT, i::IS_LT_RET, args),
            (IsGe, _) => self.order_test(i::IS_GE, i::IS_GE_RET, args),
            (IsEq, _) => self.test2(i::IS_EQ, args),
            (IsNe, _) => self.test2(i::IS_NE, args),
            (IsFunction2, _) => self.test2(i::IS_FUNCTION2, args),
            (IsInteger, _) => self.test1(i::IS_INTEGER, args),
            (IsFloat, _) => self.test1(i::IS_FLOAT, args),
            (IsNumber, _) => self.test1(i::IS_NUMBER, args),
            (IsAtom, _) => self.test1(i::IS_ATOM, args),
            (IsBoolean, _) => self.test1(i::IS_BOOLEAN, args),
            (IsPid, _) => self.test1(i::IS_PID, args),
            (IsReference, _) => self.test1(i::IS_REFERENCE, args),
            (IsPort, _) => self.test1(i::IS_PORT, args),
            (IsNil, _) => self.test1(i::IS_NIL, args),
            (IsBinary, _) => self.test1(i::IS_BINARY, args),
            (IsBitstr, _) => self.test1(i::IS_BITSTR, args),
            (IsList, _) => self.test1(i::IS_LIST, args),
            (IsMap, _) => self.test1(i::IS_MAP, args),
            (IsFunction, _) => self.test1(i::IS_FUNCTION, args),
            (SelectVal, &[s, f, list]) => {
                let list = self.list(list);
                self.select_val(s, f, list);
            }
            (SelectTupleArity, &[s, f, list]) => {
                let list = self.list(list);
                self.select_arity(s, f, list);
            }

            (GetList, &[s, h, t]) => self.get_list(s, h, t),
            (GetHd | GetTl, &[s, d]) => self.get_hd_tl(op, s, d),
            (GetTupleElement, &[s, n, d]) => self.get_tuple_element(s, n, d),
            (SetTupleElement, &[v, s, n]) => self.set_tuple_element(v, s, n),
            (PutList, &[h, t, d]) => {
                let args = [self.src(h), self.src(t), self.src(d)];
                self.emit(i::PUT_LIST, &args);
            }
            (PutTuple2, &[d, list]) => {
                let list = self.list(list);
                self.put_tuple(d, list);
            }
            (UpdateRecord, &[_, size, s, d, list]) => {
                let list = self.list(list);
                self.update_record(size, s, d, list);
            }

            (Bif0, &[import, d]) => {
                let e = self.import(import);
                let d = self.src(d);
                if e.mfa.module == am::ERLANG && e.mfa.function == am::SELF {
                    self.emit(i::BIF_SELF, &[d]);
                } else {
                    self.emit(i::GUARD0, &[d, export_word(e)]);
                }
            }
            (Bif1 | Bif2 | Bif3, &[f, import, ref sources @ .., d]) => {
                if self.m.clears_result(self.at - 1) {
                    let args = [self.src(Operand::Nil), self.src(d)];
                    self.emit(i::MOV, &args);
                }
                self.bif(f, None, import, sources, d);
            }
            (GcBif1 | GcBif2 | GcBif3, &[f, live, import, ref sources @ .., d]) => {
                self.bif(f, Some(unsigned(live) as u32), import, sources, d);
            }

            (Fmove, &[s, d]) => self.fmove(s, d),
            (Fconv, &[s, Operand::FloatReg(d)]) => match s {
                Operand::FloatReg(a) => self.emit(i::FCOPY, &[A::H(a), A::H(d)]),
                _ => {
                    let s = self.src(s);
                    self.emit(i::FCONV, &[s, A::H(d)]);
                }
            },
            (Fadd | Fsub | Fmul | Fdiv, &[_, Operand::FloatReg(a), Operand::FloatReg(b), Operand::FloatReg(d)]) => {
                let family = match op {
                    Fadd => i::FADD,
                    Fsub => i::FSUB,
                    Fmul => i::FMUL,
                    _ => i::FDIV,
                };
                self.emit(family, &[A::H(a), A::H(b), A::H(d)]);
            }
            (Fnegate, &[_, Operand::FloatReg(a), Operand::FloatReg(d)]) => {
                let family = if Profile::get().negation_loses_zero_sign() { i::FNEG_FROM_ZERO } else { i::FNEG };
                self.emit(family, &[A::H(a), A::H(d)]);
            }

            (MakeFun3, &[index, d, list]) => {
                let env = self.list(list);
                self.make_fun(index, d, env);
            }
            (MakeFun2, &[index]) => self.make_fun2(index),
            (GetMapElements, &[f, s, list]) => {
                let list = self.list(list);
                self.get_map_elements(f, s, list);
            }
            (HasMapFields, &[f, s, list]) => {
                let list = self.list(list);
                self.has_map_fields(f, s, list);
            }
            (PutMapAssoc | PutMapExact, &[.., list]) => {
                let list = self.list(list);
                self.put_map(op, args, list);
            }

            (Catch | Try, &[y, l]) => {
                let y = self.src(y);
                self.emit(i::CATCH, &[y, A::L(label(l))]);
            }
            (CatchEnd, &[y]) => self.one(i::CATCH_END, y),
            (TryEnd, &[y]) => self.one(i::TRY_END, y),
            (TryCase, &[y]) => self.one(i::TRY_CASE, y),
            (TryCaseEnd, &[s]) => self.one(i::TRY_CASE_END, s),
            (Badmatch, &[s]) => self.one(i::BADMATCH, s),
            (CaseEnd, &[s]) => self.one(i::CASE_END, s),
            (Badrecord, &[s]) => self.one(i::BADRECORD, s),
            (IfEnd, _) => self.emit(i::IF_END, &[]),
            (Raise, &[trace, value]) => {
                let args = [self.src(trace), self.src(value)];
                self.emit(i::RAISE, &args);
            }
            (RawRaise, _) => self.emit(i::RAW_RAISE, &[]),
            (BuildStacktrace, _) => self.emit(i::BUILD_STACKTRACE, &[]),

            (Send, _) => self.emit(i::SEND, &[]),
            (LoopRec, &[f, d]) => {
                let d = self.src(d);
                self.emit(i::LOOP_REC, &[d, A::L(label(f))]);
            }
            (LoopRecEnd, &[f]) => self.emit(i::LOOP_REC_END, &[A::L(label(f))]),
            (RemoveMessage, _) => self.emit(i::REMOVE_MESSAGE, &[]),
            (Wait, &[f]) => self.emit(i::WAIT, &[A::L(label(f))]),
            (WaitTimeout, &[f, time]) => {
                let time = self.src(time);
                self.emit(i::WAIT_TIMEOUT, &[time, A::L(label(f))]);
            }
            (Timeout, _) => self.emit(i::TIMEOUT, &[]),
            (RecvMarkerReserve, &[d]) => self.one(i::MARKER_RESERVE, d),
            (RecvMarkerBind, &[marker, reference]) => {
                let args = [self.src(marker), self.src(reference)];
                self.emit(i::MARKER_BIND, &args);
            }
            (RecvMarkerClear, &[r]) => self.one(i::MARKER_CLEAR, r),
            (RecvMarkerUse, &[r]) => self.one(i::MARKER_USE, r),

            (
                IsAnyNativeRecord | IsNativeRecord | GetRecordElements | PutRecord | IsRecordAccessible
                | GetRecordField,
                _,
            ) => self.native_record(op, args),
            _ => return self.bits(op, args),
        }
        Ok(())
    }

    fn init_list(&mut self, list: &[Operand]) {
        let registers: Vec<u16> =
            list.iter().filter_map(|o| if let Operand::Y(n) = o { Some(*n) } else { None }).collect();
        self.init_y(&registers);
    }

    fn native_record(&mut self, op: Opcode, args: &[Operand]) {
        let own = A::W(crate::term::RawTerm::atom(self.atoms[self.m.name as usize]).bits());
        match (op, args) {
            (Opcode::IsAnyNativeRecord, _) => self.test1(i::IS_ANY_RECORD, args),
            (Opcode::IsNativeRecord, &[f, s, module, name]) => {
                let args = [self.src(s), self.src(module), self.src(name), A::L(label(f))];
                self.emit(i::IS_RECORD, &args);
            }
            (Opcode::IsRecordAccessible, &[f, s, scope]) => {
                let args = [self.src(s), self.src(scope), A::L(label(f)), own];
                self.emit(i::RECORD_ACCESSIBLE, &args);
            }
            (Opcode::GetRecordElements, &[f, s, list]) => {
                let list = self.list(list);
                let s = self.reg(s);
                self.emit(i::GET_RECORD_ELEMS, &[s, A::L(label(f)), A::U(list.len() as u32 / 2)]);
                for o in list {
                    let w = self.any(*o);
                    self.out.trail(w);
                }
            }
            (Opcode::GetRecordField, &[f, s, id, field, d]) => {
                let field = self.any(field);
                let args = [self.src(s), self.src(id), A::W(field), self.src(d), A::L(label(f)), own];
                self.emit(i::GET_RECORD_FIELD, &args);
            }
            (Opcode::PutRecord, &[f, id, s, d, live, list]) => {
                let list = self.list(list);
                let args = [
                    self.src(id),
                    self.src(s),
                    self.src(d),
                    A::L(label(f)),
                    A::U(unsigned(live) as u32),
                    A::U(list.len() as u32),
                    own,
                ];
                self.emit(i::PUT_RECORD, &args);
                for o in list {
                    let w = self.any(*o);
                    self.out.trail(w);
                }
            }
            _ => {}
        }
    }

    /// A guard BIF or operator: in line where there is an instruction, else through its native.
    fn bif(&mut self, f: Operand, live: Option<u32>, import: Operand, sources: &[Operand], d: Operand) {
        let e = self.import(import);
        let fail = A::L(label(f));
        let w = export_word(e);
        let dst = self.src(d);
        let s: Vec<A> = sources.iter().map(|o| self.src(*o)).collect();
        if e.mfa.module == am::ERLANG {
            if let &[a, b] = s.as_slice() {
                let family = match e.mfa.function {
                    am::PLUS => Some(i::ADD),
                    am::MINUS => Some(i::SUB),
                    am::TIMES => Some(i::MUL),
                    am::DIV => Some(i::INT_DIV),
                    am::REM => Some(i::INT_REM),
                    am::BAND => Some(i::BAND),
                    am::BOR => Some(i::BOR),
                    am::BXOR => Some(i::BXOR),
                    am::BSL => Some(i::BSL),
                    am::BSR => Some(i::BSR),
                    _ => None,
                };
                if let (Some(family), Some(live)) = (family, live) {
                    return self.emit(family, &[a, b, dst, fail, A::U(live)]);
                }
                match e.mfa.function {
                    am::ELEMENT if b.is_reg() => return self.emit(i::BIF_ELEMENT, &[a, b, dst, fail, w]),
                    am::MAP_GET if b.is_reg() => return self.emit(i::BIF_MAP_GET, &[a, b, dst, fail, w]),
                    am::IS_MAP_KEY if b.is_reg() => return self.emit(i::BIF_IS_MAP_KEY, &[a, b, dst, fail, w]),
                    am::EQ_EXACT => return self.emit(i::BIF_EQ_EXACT, &[a, b, dst]),
                    am::NE_EXACT => return self.emit(i::BIF_NE_EXACT, &[a, b, dst]),
                    _ => {}
                }
            }
            if let (&[a], am::PLUS, Some(live)) = (s.as_slice(), e.mfa.function, live) {
                // +X is X + 0, for -0.0 too.
                return self.emit(i::ADD, &[a, A::K(RawTerm::small(0).0), dst, fail, A::U(live)]);
            }
            if let &[a] = s.as_slice()
                && a.is_reg()
            {
                let family = match e.mfa.function {
                    am::HD => Some(i::BIF_HD),
                    am::TL => Some(i::BIF_TL),
                    am::TUPLE_SIZE => Some(i::BIF_TUPLE_SIZE),
                    am::MAP_SIZE => Some(i::BIF_MAP_SIZE),
                    am::BIT_SIZE => Some(i::BIF_BIT_SIZE),
                    am::BYTE_SIZE => Some(i::BIF_BYTE_SIZE),
                    am::NOT => Some(i::BIF_NOT),
                    _ => None,
                };
                if let Some(family) = family {
                    return self.emit(family, &[a, dst, fail, w]);
                }
            }
        }
        let live = A::U(live.unwrap_or(crate::interp::NO_COLLECT));
        match *s.as_slice() {
            [a] => self.emit(i::GUARD1, &[a, dst, fail, live, w]),
            [a, b] => self.emit(i::GUARD2, &[a, b, dst, fail, live, w]),
            [a, b, c] => self.emit(i::GUARD3, &[a, b, c, dst, fail, live, w]),
            _ => self.emit(i::GUARD0, &[dst, w]),
        }
    }
}

fn export_word(e: &'static crate::code::Export) -> A {
    A::W(std::ptr::from_ref(e).expose_provenance() as u64)
}
