//! Coverage of modules: which functions or lines were executed, perhaps how often.
//!
//! The mode in force when a module is loaded decides which instructions it gets: one at each function's entry, or one at
//! each executable line that the compiler has marked; each has a cell of its own. Invariant: cells live as long as the
//! module's instructions, which hold their addresses.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use girder_loader::module::LineTable;

/// What is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Mode {
    /// Nothing.
    None,
    /// Which functions were called.
    Function,
    /// How often functions were called.
    FunctionCounters,
    /// Which lines were executed.
    Line,
    /// How often lines were executed.
    LineCounters,
}

const MODES: [Mode; 5] = [Mode::None, Mode::Function, Mode::FunctionCounters, Mode::Line, Mode::LineCounters];

static MODE: AtomicU8 = AtomicU8::new(Mode::None as u8);

/// Flags of a line table.
const HAS_EXECUTABLE_LINES: u32 = 1;
const FORCED_COUNTERS: u32 = 2;

impl Mode {
    /// The mode of modules that are loaded from now on.
    pub fn get() -> Mode {
        MODES[usize::from(MODE.load(Ordering::Relaxed))]
    }
    /// Sets it; the answer is what it was.
    pub fn set(self) -> Mode {
        MODES[usize::from(MODE.swap(self as u8, Ordering::Relaxed))]
    }
    /// The mode of a module with these lines that is loaded now.
    fn of_module(lines: &LineTable) -> Mode {
        let executable = lines.flags & HAS_EXECUTABLE_LINES != 0;
        match Mode::get() {
            _ if lines.flags & FORCED_COUNTERS != 0 => Mode::LineCounters,
            Mode::Line | Mode::LineCounters if !executable => Mode::None,
            mode => mode,
        }
    }
    /// Whether functions are watched.
    pub fn watches_functions(self) -> bool {
        matches!(self, Mode::Function | Mode::FunctionCounters)
    }
    /// Whether lines are watched.
    pub fn watches_lines(self) -> bool {
        matches!(self, Mode::Line | Mode::LineCounters)
    }
    /// Whether it is counted how often.
    pub fn counts(self) -> bool {
        matches!(self, Mode::FunctionCounters | Mode::LineCounters)
    }
}

/// An executable line of a module.
#[derive(Debug)]
struct Line {
    /// Word offset of its instruction.
    offset: u32,
    /// Index in the line table: the same line has one cell, wherever it is executed.
    index: u32,
    /// The line itself.
    line: u32,
    /// What the compiler calls it.
    cover_id: u64,
}

/// The cells of a module.
#[derive(Debug)]
pub struct Coverage {
    mode: Mode,
    /// One for each function in the order of the code, or for each item of the line table.
    cells: Box<[AtomicU64]>,
    lines: Vec<Line>,
}

impl Coverage {
    /// For a module that is being translated.
    pub(super) fn new(lines: &LineTable, functions: u32) -> Coverage {
        let mode = Mode::of_module(lines);
        let cells = match mode {
            Mode::None => 0,
            Mode::Function | Mode::FunctionCounters => functions as usize,
            Mode::Line | Mode::LineCounters => lines.items.len(),
        };
        Coverage { mode, cells: (0..cells).map(|_| AtomicU64::new(0)).collect(), lines: Vec::new() }
    }
    /// What is watched in this module.
    pub fn mode(&self) -> Mode {
        self.mode
    }
    /// The address of the cell of the `nth` function, if functions are watched.
    pub(super) fn function_cell(&self, nth: usize) -> Option<u64> {
        self.cells.get(nth).filter(|_| self.mode.watches_functions()).map(address)
    }
    /// The address of the cell of a line (by its index in the line table, from 0), whose instruction stands at `offset`.
    pub(super) fn line_cell(&mut self, index: u32, line: u32, cover_id: u64, offset: u32) -> Option<u64> {
        let cell = self.cells.get(index as usize).filter(|_| self.mode.watches_lines()).map(address)?;
        self.lines.push(Line { offset, index, line, cover_id });
        Some(cell)
    }
    /// How often the `nth` function was called, or 1 if it was at all. A function of which lines are watched, those
    /// between the word offsets of `code`, was called if one of them was executed.
    pub fn function(&self, nth: usize, code: std::ops::Range<u32>) -> u64 {
        if self.mode.watches_functions() {
            return self.cells.get(nth).map_or(0, |c| c.load(Ordering::Relaxed));
        }
        u64::from(self.lines.iter().any(|l| code.contains(&l.offset) && self.value(l.index) != 0))
    }
    /// Each executable line in the order of the line table: the line, the compiler's number for it, and how often it was
    /// executed, or 1 if it was at all.
    pub fn lines(&self) -> Vec<(u32, u64, u64)> {
        let mut all: Vec<&Line> = self.lines.iter().collect();
        all.sort_by_key(|l| l.index);
        all.dedup_by_key(|l| l.index);
        all.into_iter().map(|l| (l.line, l.cover_id, self.value(l.index))).collect()
    }
    fn value(&self, index: u32) -> u64 {
        self.cells.get(index as usize).map_or(0, |c| c.load(Ordering::Relaxed))
    }
    /// Forgets what was executed.
    pub fn reset(&self) {
        self.cells.iter().for_each(|c| c.store(0, Ordering::Relaxed));
    }
}

fn address(cell: &AtomicU64) -> u64 {
    std::ptr::from_ref(cell).expose_provenance() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use girder_loader::module::LineItem;

    fn table(flags: u32) -> LineTable {
        let items = (1..4).map(|line| LineItem { file: 0, line }).collect();
        LineTable { present: true, flags, items, ..LineTable::default() }
    }

    #[test]
    fn the_compiler_can_force_counters() {
        let c = Coverage::new(&table(HAS_EXECUTABLE_LINES | FORCED_COUNTERS), 2);
        assert_eq!((c.mode(), c.cells.len()), (Mode::LineCounters, 3));
        assert_eq!(c.function_cell(0), None);
    }

    #[test]
    fn a_line_has_one_cell() {
        let mut c = Coverage::new(&table(FORCED_COUNTERS), 2);
        let cells: Vec<_> = [(1, 10), (0, 20), (1, 30)].map(|(i, at)| c.line_cell(i, i + 1, 7, at)).into();
        assert!(cells[0] == cells[2] && cells[0] != cells[1] && c.line_cell(3, 4, 7, 40).is_none());
        c.cells[1].store(5, Ordering::Relaxed);
        assert_eq!(c.lines(), [(1, 7, 0), (2, 7, 5)]);
        assert_eq!([c.function(0, 0..15), c.function(1, 15..25), c.function(2, 25..40)], [1, 0, 1]);
        c.reset();
        assert_eq!(c.function(0, 0..15), 0);
    }
}
