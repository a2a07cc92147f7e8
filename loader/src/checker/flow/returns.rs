//! Which functions can return to their caller.
//!
//! Compilers know of functions that never do (endless loops, functions that always raise) and put
//! nothing behind a call of one. So the checker must know them too, or it would follow a path that
//! does not exist into whatever comes next. A function can return if it holds a `return`, a tail
//! call out of the module, or a tail call of a function that can return; whether those are reached
//! is not asked, which errs on the safe side.

use super::control::never_returns;
use crate::checker::Context;
use crate::module::{Module, Op, Operand};
use crate::ops::Opcode;

/// For each function whether it can return.
pub(super) fn can_return(context: &Context<'_>) -> Vec<bool> {
    let module = context.module;
    let mut returns = vec![false; context.functions.len()];
    // For each function the functions that tail-call it.
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); returns.len()];
    let mut found = Vec::new();
    for (index, function) in context.functions.iter().enumerate() {
        for op in &module.code[function.ops()] {
            match op.opcode {
                Opcode::CallOnly | Opcode::CallLast => match local_callee(context, op) {
                    Some(callee) => callers[callee].push(index),
                    None => found.push(index),
                },
                Opcode::CallExtOnly | Opcode::CallExtLast if raises(module, op) => {}
                Opcode::Return | Opcode::ApplyLast | Opcode::CallExtOnly | Opcode::CallExtLast => found.push(index),
                _ => {}
            }
        }
    }
    while let Some(index) = found.pop() {
        if !std::mem::replace(&mut returns[index], true) {
            found.append(&mut callers[index]);
        }
    }
    returns
}

/// The function that a local call goes to.
pub(super) fn local_callee(context: &Context<'_>, op: &Op) -> Option<usize> {
    let label = context.module.args(op).get(1)?.as_label()?;
    let entry = *context.labels.get(label as usize)?;
    context.functions.binary_search_by_key(&entry, |function| function.entry).ok()
}

fn raises(module: &Module, op: &Op) -> bool {
    let import = match module.args(op).get(1) {
        Some(&Operand::Unsigned(index)) => usize::try_from(index).ok().and_then(|index| module.imports.get(index)),
        _ => None,
    };
    import.is_some_and(|import| never_returns(module.atom(import.module), module.atom(import.function), import.arity))
}
