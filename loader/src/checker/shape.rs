//! How functions, labels and tables fit together.

use std::collections::HashSet;

use super::{Context, Function, UNDEFINED, func_info, function_name};
use crate::error::{LoadError, LoadErrorKind, Table};
use crate::module::{ExportEntry, Module, Op, Operand};
use crate::ops::Opcode;

const MAX_ARITY: u32 = 255;

/// Finds the functions and the place of every label.
pub(super) fn functions(module: &Module, file: &str) -> Result<(Vec<Function>, Vec<u32>), LoadError> {
    let error = |op: &Op, kind| LoadError::new(file, Some(crate::chunk_id::CODE), op.offset.into(), kind);
    let head = |op: &Op, problem| error(op, LoadErrorKind::BadFunctionHead { problem });
    let mut labels = vec![UNDEFINED; module.label_count.max(1) as usize];
    let mut functions: Vec<Function> = Vec::new();
    // Where the labels and lines begin that directly precede this instruction.
    let mut prefix = 0;
    for (index, op) in module.code.iter().enumerate() {
        match op.opcode {
            Opcode::Label => define(module, &mut labels, index, op).map_err(|kind| error(op, kind))?,
            Opcode::Line => {}
            Opcode::FuncInfo => {
                let Some((owner, name, arity)) = func_info(module, op) else {
                    return Err(head(op, "func_info needs two atoms and an arity"));
                };
                if owner != module.name {
                    return Err(head(op, "func_info names another module"));
                }
                if arity > MAX_ARITY {
                    return Err(error(op, LoadErrorKind::BadArity { arity }));
                }
                let entry = module.code.get(index + 1).filter(|next| next.opcode == Opcode::Label);
                let Some(Operand::Unsigned(entry_label)) = entry.and_then(|next| module.args(next).first()) else {
                    return Err(head(op, "func_info must be followed by the entry label"));
                };
                if let Some(previous) = functions.last_mut() {
                    previous.end = prefix as u32;
                } else if prefix != 0 {
                    return Err(head(&module.code[0], "instructions before the first function"));
                }
                let entry_label = u32::try_from(*entry_label).unwrap_or(u32::MAX);
                functions.push(Function {
                    name,
                    arity,
                    entry_label,
                    start: prefix as u32,
                    func_info: index as u32,
                    entry: index as u32 + 1,
                    end: 0,
                });
                prefix = index + 1;
            }
            Opcode::IntCodeEnd => match functions.last_mut() {
                Some(previous) => previous.end = index as u32,
                None if index != 0 => return Err(head(op, "instructions before the first function")),
                None => {}
            },
            _ => prefix = index + 1,
        }
    }
    if functions.len() as u64 != u64::from(module.function_count) {
        let (expected, found) = (module.function_count, functions.len() as u32);
        let kind = LoadErrorKind::FunctionCount { expected, found };
        return Err(LoadError::new(file, Some(crate::chunk_id::CODE), 12, kind));
    }
    Ok((functions, labels))
}

fn define(module: &Module, labels: &mut [u32], index: usize, op: &Op) -> Result<(), LoadErrorKind> {
    let Some(&Operand::Unsigned(label)) = module.args(op).first() else {
        return Err(LoadErrorKind::BadFunctionHead { problem: "a label needs a number" });
    };
    let len = labels.len() as u64;
    let slot = usize::try_from(label).ok().filter(|&label| label != 0).and_then(|label| labels.get_mut(label));
    let Some(slot) = slot else {
        return Err(LoadErrorKind::IndexOutOfRange { table: Table::Label, index: label, len, function: "-".into() });
    };
    if *slot != UNDEFINED {
        return Err(LoadErrorKind::DuplicateLabel { label: label as u32 });
    }
    *slot = index as u32;
    Ok(())
}

/// Export, local and lambda tables name entries of functions; `on_load` stands in one without arguments.
pub(super) fn tables(context: &Context<'_>) -> Result<(), LoadError> {
    let module = context.module;
    if let Some(op) = module.code.iter().find(|op| op.opcode == Opcode::OnLoad) {
        let function = module.on_load.and_then(|label| function_with_entry(context, label));
        if function.is_none_or(|function| function.arity != 0) {
            let problem = "on_load must stand at the entry of a function without arguments";
            return Err(context.error(op, LoadErrorKind::BadFunctionHead { problem }));
        }
    }
    let mut seen = HashSet::with_capacity(module.exports.len() + module.locals.len());
    let lists = [(Table::Export, &module.exports), (Table::Local, &module.locals)];
    for (table, entries) in lists {
        for (index, entry) in entries.iter().enumerate() {
            entry_point(context, table, index, *entry)?;
            if !seen.insert((entry.function, entry.arity)) {
                let function = function_name(module, entry.function, entry.arity);
                return Err(table_error(context, table, index, LoadErrorKind::DuplicateFunction { function }));
            }
        }
    }
    for (index, lambda) in module.lambdas.iter().enumerate() {
        let entry = ExportEntry { function: lambda.function, arity: lambda.arity, label: lambda.label };
        entry_point(context, Table::Lambda, index, entry)?;
    }
    Ok(())
}

fn entry_point(context: &Context<'_>, table: Table, index: usize, entry: ExportEntry) -> Result<(), LoadError> {
    let function = function_with_entry(context, entry.label);
    if function.is_some_and(|function| function.name == entry.function && function.arity == entry.arity) {
        return Ok(());
    }
    let function = function_name(context.module, entry.function, entry.arity);
    let kind = LoadErrorKind::BadEntry { table, index: index as u32, label: entry.label, function };
    Err(table_error(context, table, index, kind))
}

/// The function whose entry is this label.
pub(super) fn function_with_entry<'c>(context: &Context<'c>, label: u32) -> Option<&'c Function> {
    let op = *context.labels.get(label as usize)?;
    let index = context.functions.binary_search_by_key(&op, |function| function.entry).ok()?;
    context.functions.get(index)
}

fn table_error(context: &Context<'_>, table: Table, index: usize, kind: LoadErrorKind) -> LoadError {
    let (chunk, row) = match table {
        Table::Local => (crate::chunk_id::LOCALS, 12),
        Table::Lambda => (crate::chunk_id::LAMBDAS, 24),
        _ => (crate::chunk_id::EXPORTS, 12),
    };
    LoadError::new(context.file, Some(chunk), 4 + index as u64 * row, kind)
}
