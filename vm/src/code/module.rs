//! A loaded module: its instructions and what is known about them.
//!
//! Invariant: `code` never moves or changes after publication, but for the first cell of a function; the offsets in
//! `functions` and `lines` ascend.

use std::sync::Mutex;

use super::coverage::Coverage;
use super::{FunEntry, Mfa};
use crate::atom::Atom;
use crate::bits::construct::Template;
use crate::heap::literal::LiteralArea;
use crate::heap::mem::{self, Category};
use crate::sync::lock;

/// A function of a loaded module.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// Word offset of its `func_info`.
    pub start: u32,
    /// Word offset of its entry.
    pub entry: u32,
    /// Name.
    pub name: Atom,
    /// Arity.
    pub arity: u8,
    /// Called from other modules by name.
    pub exported: bool,
}

/// See the module's head.
pub struct LoadedModule {
    /// Name.
    pub name: Atom,
    /// MD5 over the essential chunks, `module_info(md5)`.
    pub md5: [u8; 16],
    /// Functions, by offset.
    pub functions: Vec<FunctionInfo>,
    /// Attributes in external term format.
    pub attributes: Option<Box<[u8]>>,
    /// Compilation information in external term format.
    pub compile_info: Option<Box<[u8]>>,
    /// Entry of the `-on_load` function, as an offset.
    pub on_load: Option<u32>,
    /// What of it was executed, if that is watched.
    pub coverage: Coverage,
    /// Whether the compiler has told where variables are (29).
    pub has_debug_info: bool,
    pub(crate) code: Box<[u64]>,
    /// Word offset and line, ascending: the line holds from there on.
    pub(crate) lines: Vec<(u32, Option<(u32, u32)>)>,
    /// File names; 0 is the module's own.
    pub(crate) files: Vec<Box<str>>,
    /// The literals; retired with the module.
    pub(crate) literals: Mutex<Option<LiteralArea>>,
    /// Funs, and the offsets of their entries.
    pub(crate) lambdas: Vec<(&'static FunEntry, u32)>,
    /// String table, referred to by instructions.
    #[allow(dead_code, reason = "instructions hold its address")]
    pub(crate) strings: Box<[u8]>,
    /// Static parts of `bs_create_bin` instructions.
    #[allow(dead_code, reason = "instructions hold their addresses")]
    #[allow(clippy::vec_box, reason = "instructions hold their addresses")]
    pub(crate) templates: Vec<Box<Template<u64>>>,
}

/// Where an instruction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Function.
    pub mfa: Mfa,
    /// File and line, if known.
    pub line: Option<(Box<str>, u32)>,
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        mem::note(Category::Code, -(self.bytes() as isize));
        crate::trace::breakpoint::module_freed(self);
        // Processes may hold what they got from the code: they are made independent of it first.
        if let Some(area) = lock(&self.literals).take() {
            crate::signal::purge::retire(area);
        }
    }
}

impl LoadedModule {
    /// Bytes of code and what belongs to it; literals are counted elsewhere.
    pub fn bytes(&self) -> usize {
        let boxed = |b: &Option<Box<[u8]>>| b.as_ref().map_or(0, |b| b.len());
        size_of::<LoadedModule>()
            + size_of_val(&*self.code)
            + size_of_val(&*self.functions)
            + size_of_val(&*self.lines)
            + self.strings.len()
            + boxed(&self.attributes)
            + boxed(&self.compile_info)
    }
    /// First word.
    pub(crate) fn base(&self) -> usize {
        self.code.as_ptr().expose_provenance()
    }
    /// Address of a word.
    pub(crate) fn address(&self, offset: u32) -> *mut u64 {
        self.code.as_ptr().wrapping_add(offset as usize).cast_mut()
    }
    /// Whether an address is one of its instructions'.
    pub(crate) fn holds(&self, address: usize) -> bool {
        address.wrapping_sub(self.base()) < self.code_size()
    }
    /// Where it has the code of a fun.
    pub(super) fn lambda(&self, fun: &'static FunEntry) -> Option<*mut u64> {
        self.lambdas.iter().find(|(f, _)| std::ptr::eq(*f, fun)).map(|&(_, at)| self.address(at))
    }
    /// The function that holds a word.
    pub fn function_at(&self, offset: u32) -> Option<&FunctionInfo> {
        let after = self.functions.partition_point(|f| f.start <= offset);
        self.functions[..after].last()
    }
    /// Where a word is.
    pub(crate) fn locate(&self, offset: u32) -> Option<Location> {
        let f = self.function_at(offset)?;
        let after = self.lines.partition_point(|l| l.0 <= offset);
        let line = self.lines[..after].last().filter(|l| l.0 >= f.start).and_then(|l| l.1);
        let line = line.map(|(file, line)| (self.files[file as usize].clone(), line));
        Some(Location { mfa: Mfa { module: self.name, function: f.name, arity: f.arity }, line })
    }
    /// Bytes of instructions.
    pub fn code_size(&self) -> usize {
        self.code.len() * 8
    }
}
