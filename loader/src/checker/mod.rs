//! The checker: what stands between bytes and unchecked execution.
//!
//! It refuses code whose operands have the wrong kind or are out of range (`operands`), code whose
//! functions, labels and tables do not fit together (`shape`), and code that uses registers, frame
//! or heap in a way that is not safe on some path (`flow`). Only it can make a [`CheckedModule`],
//! and what that promises is listed there.

mod flow;
mod operands;
mod shape;

use std::ops::{Deref, Range};

use crate::error::{LoadError, LoadErrorKind};
use crate::module::{AtomIx, Module, Op, Operand};
use crate::ops::Opcode;
use flow::Findings;

pub use operands::{MAX_FLOAT_REGS, MAX_FRAME, MAX_X_REGS};

/// Whether a function raises whatever its arguments are (`erlang:error/1` and its like).
///
/// Nothing need stand behind a call of one, and `call_ext_last` and `call_ext_only` of one may name
/// a frame that is not there: they must leave the frame alone.
pub fn never_returns(module: &str, function: &str, arity: u32) -> bool {
    flow::never_returns(module, function, arity)
}

/// A function of a checked module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: AtomIx,
    /// Its number of arguments.
    pub arity: u32,
    /// The label of its entry.
    pub entry_label: u32,
    /// Index of its first instruction: the labels and line in front of `func_info`.
    pub start: u32,
    /// Index of its `func_info` instruction.
    pub func_info: u32,
    /// Index of its entry label, which directly follows `func_info`.
    pub entry: u32,
    /// One more than the index of its last instruction.
    pub end: u32,
}

impl Function {
    /// The indexes of its instructions.
    pub fn ops(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A module whose code may be executed without looking at its operands again.
///
/// It promises, besides what [`Module`]'s parts say:
///
/// * every opcode is loadable, every operand has the kind that [`crate::ops`] names, and every
///   index into a table of the module is in range;
/// * every label is defined once; jumps stay in their function, calls and table entries go to
///   entries of functions, with the arity of that function;
/// * functions follow each other, each beginning with labels, lines and a `func_info` whose next
///   instruction is the entry label; control never runs past a function's end;
/// * on every path: a register that is read holds a term; a Y register is inside the frame and no
///   catch tag is read, overwritten or dropped; calls, returns and frame sizes fit; at every place
///   where a collection or an exception can happen all Y registers hold something and the X
///   registers of the live count hold terms; instructions that build terms find the heap words,
///   floats and funs that were reserved; `try_case` and `catch_end` are where exceptions arrive,
///   with their tag innermost; `bs_put_*` come while a binary is under construction;
///   `set_tuple_element` hits a tuple that `setelement/3` has just made.
///
/// Not promised: types of terms. See [`CheckedModule::proven`].
#[derive(Debug)]
pub struct CheckedModule {
    module: Module,
    functions: Vec<Function>,
    /// For each label the index of its `label` instruction.
    labels: Vec<u32>,
    findings: Findings,
}

/// The entry of a label that no instruction defines.
const UNDEFINED: u32 = u32::MAX;

impl Deref for CheckedModule {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.module
    }
}

impl CheckedModule {
    /// All functions in the order of the code.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The index of the instruction that defines a label.
    pub fn label_op(&self, label: u32) -> Option<usize> {
        self.labels.get(label as usize).copied().filter(|&op| op != UNDEFINED).map(|op| op as usize)
    }

    /// The function that holds an instruction; `None` for the final `int_code_end`.
    pub fn function_at(&self, op_index: usize) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.start as usize <= op_index);
        self.functions[..after].last().filter(|function| op_index < function.end as usize)
    }

    /// Name and arity of the function that holds an instruction.
    pub fn function_of(&self, op_index: usize) -> Option<(AtomIx, u32)> {
        self.function_at(op_index).map(|function| (function.name, function.arity))
    }

    /// The function whose entry is this label.
    pub fn function_with_entry(&self, label: u32) -> Option<&Function> {
        let function = self.function_at(self.label_op(label)?)?;
        (function.entry_label == label).then_some(function)
    }

    /// Whether the code's own tests and constructions prove what this instruction takes for granted
    /// about its subject, so that it need not be tested again:
    ///
    /// * `get_list`, `get_hd`, `get_tl`: a cons cell; `get_tuple_element`, `set_tuple_element`: a
    ///   tuple with that element; `test_arity`, `select_tuple_arity`: a tuple; `update_record`: a
    ///   tuple of that size;
    /// * `put_map_assoc`, `put_map_exact`, `get_map_elements`, `has_map_fields`: a map;
    /// * `fmove` from a term: a float; `call_fun2`: a fun of that arity; record instructions: a
    ///   native record;
    /// * `bs_match`, `bs_get_*`, `bs_skip_*`, `bs_test_*`, `bs_set_position` and `bs_start_match4`
    ///   with `resume`: a match context (positions and sizes are never proven).
    ///
    /// False for all other instructions.
    #[inline]
    pub fn proven(&self, op_index: usize) -> bool {
        flow::bit(&self.findings.proven, op_index)
    }

    /// Whether this instruction, one that makes a frame, must fill it with nil because an exception
    /// can happen before the code has written all its slots.
    #[inline]
    pub fn clears_frame(&self, op_index: usize) -> bool {
        flow::bit(&self.findings.clears_frame, op_index)
    }

    /// Whether a trap must stand in front of this instruction (the first of the next function, where
    /// it is behind the end of one): a call or BIF before it does not return, says the compiler, and if
    /// it does after all, control must not go on here. Jumps and exceptions to it pass behind the trap.
    #[inline]
    pub fn traps_before(&self, op_index: usize) -> bool {
        flow::bit(&self.findings.traps_before, op_index)
    }

    /// Whether nil must be in this instruction's destination, an X register, before it is done: a BIF that does not fail,
    /// says the compiler, and if it does after all, its result is looked at nevertheless.
    #[inline]
    pub fn clears_result(&self, op_index: usize) -> bool {
        flow::bit(&self.findings.clears_result, op_index)
    }

    /// Gives up the promises.
    pub fn into_module(self) -> Module {
        self.module
    }
}

/// Checks a module.
pub(crate) fn check(module: Module, file: &str) -> Result<CheckedModule, LoadError> {
    let (functions, labels) = shape::functions(&module, file)?;
    let mut context = Context { module: &module, file, functions: &functions, labels: &labels, current: 0 };
    operands::check(&mut context)?;
    shape::tables(&context)?;
    let findings = flow::check(&mut context)?;
    Ok(CheckedModule { module, functions, labels, findings })
}

/// What all checks look at.
struct Context<'m> {
    module: &'m Module,
    file: &'m str,
    functions: &'m [Function],
    labels: &'m [u32],
    /// The function being checked.
    current: usize,
}

impl Context<'_> {
    /// An error at an instruction of the current function.
    fn error(&self, op: &Op, kind: LoadErrorKind) -> LoadError {
        LoadError::new(self.file, Some(crate::chunk_id::CODE), op.offset.into(), kind)
    }

    /// The current function as text.
    fn function_name(&self) -> Box<str> {
        match self.functions.get(self.current) {
            Some(function) => function_name(self.module, function.name, function.arity),
            None => "-".into(),
        }
    }
}

fn function_name(module: &Module, name: AtomIx, arity: u32) -> Box<str> {
    format!("{}/{arity}", crate::etf::quote_atom(module.atom(name))).into()
}

/// Name and arity of a `func_info` instruction.
fn func_info(module: &Module, op: &Op) -> Option<(AtomIx, AtomIx, u32)> {
    match (op.opcode, module.args(op)) {
        (Opcode::FuncInfo, &[Operand::Atom(module), Operand::Atom(name), Operand::Unsigned(arity)]) => {
            Some((module, name, u32::try_from(arity).ok()?))
        }
        _ => None,
    }
}
