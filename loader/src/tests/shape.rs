//! Files whose functions, labels and tables do not fit together.

use super::asm::{Asm, a, f, u, x};
use super::{name, refused};
use crate::module::ExportEntry;
use crate::ops::Opcode;

#[test]
fn labels() {
    let mut asm = Asm::new();
    asm.function("f", 1).label(11).label(11).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "DuplicateLabel");
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::Jump, &[f(12)]);
    assert_eq!(name(&refused(&asm.file())), "UndefinedLabel");
    for label in [0, 100, 1 << 40] {
        let mut asm = Asm::new();
        asm.function("f", 1).op(Opcode::Label, &[u(label)]).op(Opcode::Return, &[]);
        assert_eq!(name(&refused(&asm.file())), "IndexOutOfRange");
    }
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::Jump, &[f(4000)]);
    assert_eq!(name(&refused(&asm.file())), "IndexOutOfRange");
}

#[test]
fn targets() {
    // A jump into the next function, a call into the middle of one, a call with another arity.
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::Jump, &[f(11)]);
    asm.function("g", 1).label(11).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadTarget");
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::CallOnly, &[u(1), f(11)]);
    asm.function("g", 1).label(11).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadTarget");
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::CallOnly, &[u(1), f(4)]);
    asm.function("g", 2).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadTarget");
    // An external call and a BIF whose number of arguments is not the import's.
    let mut asm = Asm::new();
    let import = asm.import("erlang", "self", 0);
    asm.function("f", 1).op(Opcode::CallExtOnly, &[u(1), import]);
    assert_eq!(name(&refused(&asm.file())), "Misplaced");
    let mut asm = Asm::new();
    let import = asm.import("erlang", "hd", 1);
    asm.function("f", 1).op(Opcode::Bif0, &[import, x(0)]).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "Misplaced");
}

#[test]
fn tables_name_entries() {
    let entry = |asm: &mut Asm| {
        let function = asm.atom("f");
        ExportEntry { function, arity: 1, label: 2 }
    };
    let mut asm = Asm::new();
    let local = entry(&mut asm);
    asm.function("f", 1).op(Opcode::Return, &[]);
    asm.module.locals.push(local);
    assert_eq!(name(&refused(&asm.file())), "DuplicateFunction");
    for wrong in [1, 3, 50] {
        let mut asm = Asm::new();
        asm.function("f", 1).op(Opcode::Return, &[]);
        asm.module.exports[0].label = wrong;
        assert_eq!(name(&refused(&asm.file())), "BadEntry");
    }
    let mut asm = Asm::new();
    asm.lambda("f", 2, 2, 1);
    asm.function("f", 1).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadEntry");
}

#[test]
fn function_heads() {
    let mut asm = Asm::new();
    asm.op(Opcode::Return, &[]).function("f", 1).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadFunctionHead");
    let mut asm = Asm::new();
    asm.op(Opcode::FuncInfo, &[a("m"), a("f"), u(1)]).op(Opcode::Return, &[]);
    asm.module.function_count = 1;
    assert_eq!(name(&refused(&asm.file())), "BadFunctionHead");
    let mut asm = Asm::new();
    asm.op(Opcode::FuncInfo, &[a("other"), a("f"), u(1)]).label(2).op(Opcode::Return, &[]);
    asm.module.function_count = 1;
    assert_eq!(name(&refused(&asm.file())), "BadFunctionHead");
    let mut asm = Asm::new();
    asm.op(Opcode::FuncInfo, &[a("m"), a("f"), u(256)]).label(2).op(Opcode::Return, &[]);
    asm.module.function_count = 1;
    assert_eq!(name(&refused(&asm.file())), "BadArity");
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::Return, &[]);
    asm.module.function_count = 2;
    assert_eq!(name(&refused(&asm.file())), "FunctionCount");
    // on_load behind something else than the entry, or in a function with arguments.
    let mut asm = Asm::new();
    asm.function("f", 1).op(Opcode::OnLoad, &[]).op(Opcode::Return, &[]);
    assert_eq!(name(&refused(&asm.file())), "BadFunctionHead");
}
