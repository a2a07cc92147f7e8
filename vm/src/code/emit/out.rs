//! The instruction stream being written: lanes, labels and fix-ups.
//!
//! Invariant: when finished, every label that an instruction refers to is bound to an instruction's start.

use crate::interp::instr::{Family, K, VARIANTS};

/// An operand to encode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum A {
    /// X register, read or written.
    X(u16),
    /// Y register, read or written.
    Y(u16),
    /// Constant term.
    K(u64),
    /// Label; 0: none (offset 0).
    L(u32),
    /// 16-bit number.
    H(u16),
    /// 32-bit number.
    U(u32),
    /// Word.
    W(u64),
}

impl A {
    pub(super) fn is_reg(self) -> bool {
        matches!(self, A::X(_) | A::Y(_))
    }
}

fn fits(a: A, k: K) -> bool {
    matches!(
        (a, k),
        (A::X(_), K::SrcX | K::DstX)
            | (A::Y(_), K::SrcY | K::DstY)
            | (A::K(_), K::SrcConst)
            | (A::L(_), K::Label)
            | (A::H(_), K::Half)
            | (A::U(_), K::Word32)
            | (A::W(_), K::Word64)
    )
}

struct Fixup {
    /// 32-bit half to set, counted from the stream's start.
    half: usize,
    /// Start of the instruction that the offset counts from.
    start: usize,
    label: u32,
}

pub(super) struct Out {
    words: Vec<u64>,
    labels: Vec<u32>,
    fixups: Vec<Fixup>,
    start: usize,
}

const UNBOUND: u32 = u32::MAX;

impl Out {
    pub(super) fn new(labels: usize) -> Out {
        Out { words: Vec::new(), labels: vec![UNBOUND; labels.max(1)], fixups: Vec::new(), start: 0 }
    }
    pub(super) fn here(&self) -> u32 {
        self.words.len() as u32
    }
    pub(super) fn bind(&mut self, label: u32) {
        self.labels[label as usize] = self.here();
    }
    /// Writes an instruction without its trailing table.
    pub(super) fn emit(&mut self, family: Family, args: &[A]) {
        assert_eq!(family.operands.len(), args.len(), "wrong number of operands");
        let mut number = 0;
        for (a, kinds) in args.iter().zip(family.operands) {
            let i = kinds
                .iter()
                .position(|k| fits(*a, *k))
                .unwrap_or_else(|| panic!("{}: no kind for {a:?}", VARIANTS[family.base as usize].name));
            number = number * kinds.len() + i;
        }
        let number = family.base as usize + number;
        let v = &VARIANTS[number];
        let start = self.words.len();
        self.start = start;
        self.words.resize(start + v.size, 0);
        self.words[start] = number as u64;
        for (a, lane) in args.iter().zip(v.lanes) {
            let (word, shift) = (start + lane / 4, lane % 4 * 16);
            match *a {
                A::X(n) | A::Y(n) => self.words[word] |= (u64::from(n) * 8) << shift,
                A::H(n) => self.words[word] |= u64::from(n) << shift,
                A::U(n) => self.words[word] |= u64::from(n) << shift,
                A::K(w) | A::W(w) => self.words[word] = w,
                A::L(0) => {}
                A::L(label) => self.fixups.push(Fixup { half: word * 2 + shift / 32, start, label }),
            }
        }
    }
    /// Appends a word of the last instruction's trailing table.
    pub(super) fn trail(&mut self, w: u64) {
        self.words.push(w);
    }
    /// Appends code offsets, two a word.
    pub(super) fn trail_labels(&mut self, labels: &[u32]) {
        for pair in labels.chunks(2) {
            let word = self.words.len();
            self.words.push(0);
            for (i, &label) in pair.iter().enumerate() {
                self.fixups.push(Fixup { half: word * 2 + i, start: self.start, label });
            }
        }
    }
    /// Binds all references. The result: the code, and the offset of each label.
    pub(super) fn finish(mut self) -> (Box<[u64]>, Vec<u32>) {
        for f in &self.fixups {
            let to = self.labels[f.label as usize];
            assert_ne!(to, UNBOUND, "the checker made sure that every label is defined");
            let offset = (i64::from(to) - f.start as i64) as i32;
            let shift = f.half % 2 * 32;
            let w = &mut self.words[f.half / 2];
            *w = *w & !(0xFFFF_FFFF << shift) | u64::from(offset as u32) << shift;
        }
        (self.words.into_boxed_slice(), self.labels)
    }
}
