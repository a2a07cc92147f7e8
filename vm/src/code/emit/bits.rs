//! The bit syntax.

use girder_loader::{Opcode, Operand};

use super::calls::heap_words;
use super::out::A;
use super::{Emitter, LoadFailure, label, unsigned};
use crate::bits::construct::{Segment, SegmentKind, SegmentSize, Template};
use crate::bits::matching::EXTRACT_WORDS;
use crate::bits::{BSF_LITTLE, BSF_NATIVE, BSF_SIGNED};
use crate::interp::command;
use crate::interp::instr as i;
use crate::interp::old_segment;
use crate::term::RawTerm;

/// What a command has room for; a larger size is one that no bitstring has either.
const MOST_BITS: u64 = (1 << 48) - 1;

impl<'m> Emitter<'m> {
    /// What is too large is a size that no bitstring has, as the largest number is.
    fn number(&self, o: Operand) -> u32 {
        u32::try_from(unsigned(o)).unwrap_or(u32::MAX)
    }

    /// An address in the module's string table that has `bytes` bytes behind it.
    fn string(&self, offset: Operand, bytes: usize) -> Option<u64> {
        let at = unsigned(offset) as usize;
        let end = at.checked_add(bytes)?;
        let slice = self.strings.get(at..end)?;
        Some(slice.as_ptr().expose_provenance() as u64)
    }

    /// Flags: a number, or a literal list of atoms.
    fn flags(&self, o: Operand) -> u32 {
        match o {
            Operand::Unsigned(_) | Operand::Int(_) => self.number(o),
            _ => {
                let Some(t) = self.constant(o) else { return 0 };
                // SAFETY: a literal of this module, which lives as long as the emitter.
                let list = unsafe { t.brand() };
                list.list_iter()
                    .map(|a| match a.as_atom().map(crate::Atom::name) {
                        Some("little") => BSF_LITTLE,
                        Some("signed") => BSF_SIGNED,
                        Some("native") => BSF_NATIVE,
                        _ => 0,
                    })
                    .fold(0, |a, b| a | b)
            }
        }
    }

    pub(super) fn bits(&mut self, op: Opcode, args: &[Operand]) -> Result<(), LoadFailure> {
        use Opcode::*;
        match (op, args) {
            (BsStartMatch3, &[f, s, live, d]) => self.start_match(label(f), s, live, d),
            (BsStartMatch4, &[f, live, s, d]) => {
                // `no_fail` and `resume` are atoms: the source is known to fit.
                self.start_match(label(f), s, live, d);
            }
            (BsGetPosition, &[c, d, _]) => {
                let args = [self.reg(c), self.src(d)];
                self.emit(i::BS_GET_POS, &args);
            }
            (BsSetPosition, &[c, pos]) => {
                let args = [self.reg(c), self.src(pos)];
                self.emit(i::BS_SET_POS, &args);
            }
            (BsGetTail, &[c, d, live]) => {
                let args = [self.reg(c), self.src(d), A::U(self.number(live))];
                self.emit(i::BS_GET_TAIL, &args);
            }
            (BsGetInteger2, &[f, c, live, size, unit, flags, d]) => {
                let (c, d, fail, live) = (self.reg(c), self.src(d), A::L(label(f)), A::U(self.number(live)));
                let flags = A::U(self.flags(flags));
                match self.fixed_bits(size, unit) {
                    Some(bits) => self.emit(i::BS_GET_INT_FIXED, &[c, d, fail, live, A::U(bits), flags]),
                    None => {
                        let args = [c, self.src(size), d, fail, live, A::U(self.number(unit)), flags];
                        self.emit(i::BS_GET_INT, &args);
                    }
                }
            }
            (BsGetFloat2, &[f, c, live, size, unit, flags, d]) => {
                let args = [
                    self.reg(c),
                    self.src(size),
                    self.src(d),
                    A::L(label(f)),
                    A::U(self.number(live)),
                    A::U(self.number(unit)),
                    A::U(self.flags(flags)),
                ];
                self.emit(i::BS_GET_FLOAT, &args);
            }
            (BsGetBinary2, &[f, c, live, size, unit, _, d]) => {
                let args = [
                    self.reg(c),
                    self.src(size),
                    self.src(d),
                    A::L(label(f)),
                    A::U(self.number(live)),
                    A::U(self.number(unit)),
                ];
                self.emit(i::BS_GET_BIN, &args);
            }
            (BsSkipBits2, &[f, c, size, unit, _]) => {
                let args = [self.reg(c), self.src(size), A::L(label(f)), A::U(self.number(unit))];
                self.emit(i::BS_SKIP, &args);
            }
            (BsTestTail2, &[f, c, bits]) => {
                let args = [self.reg(c), A::L(label(f)), A::W(unsigned(bits))];
                self.emit(i::BS_TEST_TAIL, &args);
            }
            (BsTestUnit, &[f, c, unit]) => {
                let args = [self.reg(c), A::L(label(f)), A::U(self.number(unit))];
                self.emit(i::BS_TEST_UNIT, &args);
            }
            (BsMatchString, &[f, c, bits, offset]) => {
                let n = self.number(bits);
                let Some(at) = self.string(offset, (n as usize).div_ceil(8)) else {
                    return Err(self.failure("a string outside of the string table".into()));
                };
                let args = [self.reg(c), A::L(label(f)), A::U(n), A::W(at)];
                self.emit(i::BS_MATCH_STRING, &args);
            }
            (BsGetUtf8 | BsGetUtf16 | BsGetUtf32, &[f, c, _, flags, d]) => {
                let width = width(op);
                let args = [self.reg(c), self.src(d), A::L(label(f)), A::U(width), A::U(self.flags(flags))];
                self.emit(i::BS_GET_UTF, &args);
            }
            (BsSkipUtf8 | BsSkipUtf16 | BsSkipUtf32, &[f, c, _, flags]) => {
                let args = [self.reg(c), A::L(label(f)), A::U(width(op)), A::U(self.flags(flags))];
                self.emit(i::BS_SKIP_UTF, &args);
            }
            (BsMatch, &[f, c, list]) => {
                let list = self.list(list);
                return self.match_commands(f, c, list);
            }
            (BsCreateBin, &[f, need, live, _, d, list]) => {
                let list = self.list(list);
                return self.create_bin(f, need, live, d, list);
            }
            (BsInitWritable, _) => self.emit(i::BS_INIT_WRITABLE, &[]),
            (BsInit2 | BsInitBits, &[f, size, need, live, _, d]) => {
                let unit = if op == BsInit2 { 8 } else { 1 };
                let args = [
                    self.size(size),
                    self.src(d),
                    A::L(label(f)),
                    A::U(self.number(live)),
                    A::U(unit),
                    A::U(heap_words(need)),
                ];
                self.emit(i::BS_OLD_INIT, &args);
            }
            (BsAppend, &[f, size, need, live, unit, src, _, d]) => {
                let args = [
                    self.src(src),
                    self.size(size),
                    self.src(d),
                    A::L(label(f)),
                    A::U(self.number(live)),
                    A::U(self.number(unit)),
                    A::U(heap_words(need)),
                ];
                self.emit(i::BS_OLD_APPEND, &args);
            }
            (BsPrivateAppend, &[f, size, unit, src, _, d]) => {
                let args = [self.src(src), self.size(size), self.src(d), A::L(label(f)), A::U(self.number(unit))];
                self.emit(i::BS_OLD_PRIVATE, &args);
            }
            (BsAdd, &[f, sum, size, unit, d]) => {
                let args = [self.src(sum), self.src(size), self.src(d), A::L(label(f)), A::U(self.number(unit))];
                self.emit(i::BS_OLD_ADD, &args);
            }
            (BsPutInteger | BsPutFloat | BsPutBinary, &[f, size, unit, flags, v]) => {
                let kind = match op {
                    BsPutInteger => old_segment::INTEGER,
                    BsPutFloat => old_segment::FLOAT,
                    _ => old_segment::BINARY,
                };
                let args = [
                    self.src(v),
                    self.size(size),
                    A::L(label(f)),
                    A::U(kind),
                    A::U(self.number(unit)),
                    A::U(self.flags(flags)),
                ];
                self.emit(i::BS_OLD_PUT, &args);
            }
            (BsPutUtf8 | BsPutUtf16 | BsPutUtf32, &[f, flags, v]) => {
                let kind = match op {
                    BsPutUtf8 => old_segment::UTF8,
                    BsPutUtf16 => old_segment::UTF16,
                    _ => old_segment::UTF32,
                };
                let nil = A::K(RawTerm::NIL.bits());
                let args = [self.src(v), nil, A::L(label(f)), A::U(kind), A::U(0), A::U(self.flags(flags))];
                self.emit(i::BS_OLD_PUT, &args);
            }
            (BsPutString, &[len, offset]) => {
                let n = self.number(len);
                let Some(at) = self.string(offset, n as usize) else {
                    return Err(self.failure("a string outside of the string table".into()));
                };
                self.emit(i::BS_OLD_STRING, &[A::U(n), A::W(at)]);
            }
            (BsUtf8Size | BsUtf16Size, &[_, v, d]) => {
                let width = if op == BsUtf8Size { 8 } else { 16 };
                let args = [self.src(v), self.src(d), A::U(width)];
                self.emit(i::BS_OLD_UTF_SIZE, &args);
            }
            _ => return Err(self.failure(format!("instruction {}", op.name()))),
        }
        Ok(())
    }

    /// A size that is a register or a plain number.
    fn size(&self, o: Operand) -> A {
        self.src(o)
    }

    fn start_match(&mut self, fail: u32, s: Operand, live: Operand, d: Operand) {
        let args = [self.src(s), self.src(d), A::L(fail), A::U(self.number(live))];
        self.emit(i::BS_START, &args);
    }

    fn fixed_bits(&self, size: Operand, unit: Operand) -> Option<u32> {
        let n = self.constant(size)?.as_small()?;
        u32::try_from(n.checked_mul(unsigned(unit) as i64)?).ok()
    }

    fn match_commands(&mut self, f: Operand, c: Operand, list: &[Operand]) -> Result<(), LoadFailure> {
        let mut words: Vec<u64> = Vec::new();
        let mut need = 0u32;
        let mut live = None;
        let mut rest = list;
        while let [Operand::Atom(name), args @ ..] = rest {
            let name = self.m.atom(*name);
            let size_of = |size: Operand| unsigned(size).min(MOST_BITS);
            let bits = |size: Operand, unit: Operand| unsigned(size).saturating_mul(unsigned(unit)).min(MOST_BITS);
            let taken = match (name, args) {
                ("ensure_at_least", &[size, unit, ..]) => {
                    words.extend([command::ENSURE_AT_LEAST | size_of(size) << 16, unsigned(unit)]);
                    2
                }
                ("ensure_exactly", &[size, ..]) => {
                    words.push(command::ENSURE_EXACTLY | size_of(size) << 16);
                    1
                }
                ("skip", &[size, ..]) => {
                    words.push(command::SKIP | size_of(size) << 16);
                    1
                }
                ("integer", &[l, flags, size, unit, d, ..]) => {
                    let n = bits(size, unit);
                    live.get_or_insert(l);
                    need += if n >= 60 { n as u32 / 64 + 3 } else { 0 };
                    words.extend([command::INTEGER | u64::from(self.flags(flags)) << 8 | n << 16, self.any(d)]);
                    5
                }
                ("binary", &[l, _, size, unit, d, ..]) => {
                    live.get_or_insert(l);
                    need += EXTRACT_WORDS as u32;
                    words.extend([command::BINARY | bits(size, unit) << 16, self.any(d)]);
                    5
                }
                ("get_tail", &[l, _, d, ..]) => {
                    live.get_or_insert(l);
                    need += EXTRACT_WORDS as u32;
                    words.extend([command::TAIL, self.any(d)]);
                    3
                }
                ("=:=", &[_, size, value, ..]) => {
                    let n = size_of(size);
                    let Some(v) = self.constant(value).and_then(|t| {
                        // SAFETY: a small or a literal of this module.
                        unsafe { t.brand() }.as_u64()
                    }) else {
                        return Err(self.failure("a bs_match value of more than 64 bits".into()));
                    };
                    words.extend([command::EQUAL | n << 16, v]);
                    3
                }
                _ => return Err(self.failure(format!("bs_match command {name}"))),
            };
            rest = &args[taken..];
        }
        let live = A::U(live.map_or(0, |l| self.number(l)));
        let args = [self.reg(c), A::L(label(f)), live, A::U(need), A::U(words.len() as u32)];
        self.emit(i::BS_MATCH, &args);
        for w in words {
            self.out.trail(w);
        }
        Ok(())
    }

    fn create_bin(
        &mut self,
        f: Operand,
        need: Operand,
        live: Operand,
        d: Operand,
        list: &[Operand],
    ) -> Result<(), LoadFailure> {
        let mut segments = Vec::with_capacity(list.len() / 6);
        for group in list.chunks_exact(6) {
            let &[kind, number, unit, flags, src, size] = group else { continue };
            let name = match kind {
                Operand::Atom(a) => self.m.atom(a),
                _ => "",
            };
            let unit = unsigned(unit) as usize;
            let fixed = self.constant(size).and_then(RawTerm::as_small);
            let takes_all = matches!(name, "append" | "private_append" | "binary");
            let mut segment_size = match size {
                Operand::X(_) | Operand::Y(_) => SegmentSize::Operand(self.any(size)),
                Operand::Atom(a) if takes_all && self.m.atom(a) == "all" => SegmentSize::All,
                _ => match fixed.and_then(|n| Segment::<u64>::fixed_size(n, unit)) {
                    Some(s) => s,
                    None => SegmentSize::Operand(self.any(size)),
                },
            };
            let kind = match name {
                "append" => SegmentKind::Append,
                "private_append" => SegmentKind::PrivateAppend,
                "binary" => SegmentKind::Binary,
                "float" => SegmentKind::Float,
                "integer" => SegmentKind::Integer,
                "utf8" => SegmentKind::Utf8,
                "utf16" => SegmentKind::Utf16,
                "utf32" => SegmentKind::Utf32,
                "string" => {
                    let bytes = fixed.unwrap_or(0) as usize;
                    let at = unsigned(src) as usize;
                    let Some(s) = self.m.strings.get(at..at.saturating_add(bytes)) else {
                        return Err(self.failure("a string outside of the string table".into()));
                    };
                    segment_size = SegmentSize::All;
                    SegmentKind::String(s.into())
                }
                _ => return Err(self.failure(format!("bs_create_bin segment {name}"))),
            };
            let is_string = matches!(kind, SegmentKind::String(_));
            segments.push(Segment {
                kind,
                number: self.number(number),
                unit,
                flags: self.flags(flags),
                src: if is_string { RawTerm::NIL.bits() } else { self.any(src) },
                size: segment_size,
            });
        }
        let Some(template) = Template::new(segments) else {
            return Err(self.failure("a bs_create_bin that is too large".into()));
        };
        let template = Box::new(template.reserving(heap_words(need) as usize));
        let at = std::ptr::from_ref(&*template).expose_provenance() as u64;
        self.templates.push(template);
        let args = [self.src(d), A::L(label(f)), A::U(self.number(live)), A::W(at)];
        self.emit(i::BS_CREATE, &args);
        Ok(())
    }
}

fn width(op: Opcode) -> u32 {
    match op {
        Opcode::BsGetUtf8 | Opcode::BsSkipUtf8 => 8,
        Opcode::BsGetUtf16 | Opcode::BsSkipUtf16 => 16,
        _ => 32,
    }
}
