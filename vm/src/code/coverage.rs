//! Coverage of modules: which functions or lines were executed, perhaps how often.
//!
//! The mode in force when a module is loaded decides which instructions it gets: one at each function's entry, or one at
//! each executable line that the compiler has marked; each has a cell of its own, also where several stand for one line.
//! Invariant: cells live as long as the module's instructions, which hold their addresses.

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

/// Cells that are made at a time, since how many there are is known at the end.
const BLOCK: usize = 64;

/// An executable line of a module.
#[derive(Debug)]
struct Line {
    /// Word offset of its instruction.
    offset: u32,
    /// The line itself.
    line: u32,
    /// What the compiler calls it.
    cover_id: u64,
}

/// The cells of a module.
#[derive(Debug)]
pub struct Coverage {
    mode: Mode,
    /// One for each function or executable line, in the order of the code, in blocks of [`BLOCK`].
    cells: Vec<Box<[AtomicU64]>>,
    lines: Vec<Line>,
}

impl Coverage {
    /// For a module that is being translated.
    pub(super) fn new(lines: &LineTable, functions: u32) -> Coverage {
        let mode = Mode::of_module(lines);
        let functions = if mode.watches_functions() { functions as usize } else { 0 };
        let cells = (0..functions.div_ceil(BLOCK)).map(|_| block()).collect();
        Coverage { mode, cells, lines: Vec::new() }
    }
    /// What is watched in this module.
    pub fn mode(&self) -> Mode {
        self.mode
    }
    /// The address of the cell of the `nth` function, if functions are watched.
    pub(super) fn function_cell(&self, nth: usize) -> Option<u64> {
        self.cell(nth).filter(|_| self.mode.watches_functions()).map(address)
    }
    /// The address of the cell of a line whose instruction stands at `offset`.
    pub(super) fn line_cell(&mut self, line: u32, cover_id: u64, offset: u32) -> Option<u64> {
        if !self.mode.watches_lines() {
            return None;
        }
        let nth = self.lines.len();
        if nth == self.cells.len() * BLOCK {
            self.cells.push(block());
        }
        self.lines.push(Line { offset, line, cover_id });
        self.cell(nth).map(address)
    }
    fn cell(&self, nth: usize) -> Option<&AtomicU64> {
        self.cells.get(nth / BLOCK)?.get(nth % BLOCK)
    }
    /// How often the `nth` function was called, or 1 if it was at all. A function of which lines are watched, those
    /// between the word offsets of `code`, was called if one of them was executed.
    pub fn function(&self, nth: usize, code: std::ops::Range<u32>) -> u64 {
        if self.mode.watches_functions() {
            return self.value(nth);
        }
        let executed = |(nth, l): (usize, &Line)| code.contains(&l.offset) && self.value(nth) != 0;
        u64::from(self.lines.iter().enumerate().any(executed))
    }
    /// Each executable line in the order of the code: the line, the compiler's number for it, and how often it was
    /// executed, or 1 if it was at all.
    pub fn lines(&self) -> Vec<(u32, u64, u64)> {
        self.lines.iter().enumerate().map(|(nth, l)| (l.line, l.cover_id, self.value(nth))).collect()
    }
    fn value(&self, nth: usize) -> u64 {
        self.cell(nth).map_or(0, |c| c.load(Ordering::Relaxed))
    }
    /// Forgets what was executed.
    pub fn reset(&self) {
        self.cells.iter().flatten().for_each(|c| c.store(0, Ordering::Relaxed));
    }
}

fn block() -> Box<[AtomicU64]> {
    (0..BLOCK).map(|_| AtomicU64::new(0)).collect()
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
        assert_eq!(c.mode(), Mode::LineCounters);
        assert_eq!(c.function_cell(0), None);
    }

    #[test]
    fn each_executable_line_has_a_cell() {
        let mut c = Coverage::new(&table(FORCED_COUNTERS), 2);
        let mut cells: Vec<_> = [(2, 10), (1, 20), (2, 30)].map(|(line, at)| c.line_cell(line, 7, at)).into();
        c.cells[0][2].store(5, Ordering::Relaxed);
        assert_eq!(c.lines(), [(2, 7, 0), (1, 7, 0), (2, 7, 5)]);
        assert_eq!([c.function(0, 0..15), c.function(1, 15..25), c.function(2, 25..40)], [0, 0, 1]);
        cells.extend((0..2 * BLOCK as u32).map(|n| c.line_cell(3, 8, 40 + n)));
        assert!(cells.iter().all(Option::is_some));
        cells.sort();
        cells.dedup();
        assert_eq!(cells.len(), 2 * BLOCK + 3);
        c.reset();
        assert_eq!(c.function(2, 25..40), 0);
    }
}
