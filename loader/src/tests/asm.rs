//! A small assembler: modules written as instructions, for files that no compiler would write.

use crate::encode;
use crate::module::{ExportEntry, Import, Lambda, LineItem, ListRef, Module, Op, Operand};
use crate::ops::Opcode;

/// An operand, lists included.
#[derive(Clone)]
pub(super) enum Arg {
    One(Operand),
    List(Vec<Arg>),
    /// An atom by its text.
    Named(&'static str),
}

pub(super) fn x(n: u16) -> Arg {
    Arg::One(Operand::X(n))
}

pub(super) fn y(n: u16) -> Arg {
    Arg::One(Operand::Y(n))
}

pub(super) fn fr(n: u16) -> Arg {
    Arg::One(Operand::FloatReg(n))
}

pub(super) fn u(n: u64) -> Arg {
    Arg::One(Operand::Unsigned(n))
}

pub(super) fn int(n: i64) -> Arg {
    Arg::One(Operand::Int(n))
}

pub(super) fn f(label: u32) -> Arg {
    Arg::One(Operand::Label(label))
}

pub(super) fn lit(n: u32) -> Arg {
    Arg::One(Operand::Literal(n))
}

pub(super) fn alloc(words: u32, floats: u16, funs: u16) -> Arg {
    Arg::One(Operand::Alloc { words, floats, funs })
}

pub(super) fn a(text: &'static str) -> Arg {
    Arg::Named(text)
}

pub(super) fn list(elements: &[Arg]) -> Arg {
    Arg::List(elements.to_vec())
}

pub(super) const NIL: Arg = Arg::One(Operand::Nil);

/// A module under construction. Label 1 is the head and label 2 the entry of the first function,
/// 3 and 4 those of the second, and so on for `function`; code uses labels from 11 on.
pub(super) struct Asm {
    pub(super) module: Module,
}

impl Asm {
    pub(super) fn new() -> Asm {
        let mut asm = Asm { module: Module { label_count: 100, max_opcode: 191, ..Module::default() } };
        asm.atom("m");
        asm.module.strings = b"0123456789".to_vec();
        // 0: {a,b} with two elements, 1: a map, 2: a float.
        asm.module.literals = vec![
            [131, 104, 2, 97, 1, 97, 2].into(),
            [131, 116, 0, 0, 0, 0].into(),
            [131, 70, 63, 240, 0, 0, 0, 0, 0, 0].into(),
        ];
        asm.module.lines.present = true;
        asm.module.lines.items = vec![LineItem { file: 0, line: 7 }];
        asm
    }

    pub(super) fn atom(&mut self, text: &str) -> u32 {
        if let Some(index) = self.module.atoms.iter().position(|atom| &**atom == text) {
            return index as u32;
        }
        self.module.atoms.push(text.into());
        self.module.atoms.len() as u32 - 1
    }

    /// The index of an import.
    pub(super) fn import(&mut self, module: &str, function: &str, arity: u32) -> Arg {
        let import = Import { module: self.atom(module), function: self.atom(function), arity };
        self.module.imports.push(import);
        u(self.module.imports.len() as u64 - 1)
    }

    /// A row of the lambda table for a function of the module.
    pub(super) fn lambda(&mut self, name: &str, arity: u32, label: u32, num_free: u32) -> Arg {
        let index = self.module.lambdas.len() as u32;
        let function = self.atom(name);
        self.module.lambdas.push(Lambda { function, arity, label, index, num_free, old_uniq: 0 });
        u(index.into())
    }

    /// The head of the next function, which is exported.
    pub(super) fn function(&mut self, name: &'static str, arity: u64) -> &mut Asm {
        let head = 2 * self.module.function_count + 1;
        self.module.function_count += 1;
        let function = self.atom(name);
        self.module.exports.push(ExportEntry { function, arity: arity as u32, label: head + 1 });
        self.op(Opcode::Label, &[u(head.into())]);
        self.op(Opcode::FuncInfo, &[a("m"), a(name), u(arity)]);
        self.op(Opcode::Label, &[u(u64::from(head) + 1)])
    }

    fn operand(&mut self, arg: &Arg) -> Operand {
        match arg {
            Arg::One(operand) => *operand,
            Arg::Named(text) => Operand::Atom(self.atom(text)),
            Arg::List(elements) => {
                let elements: Vec<Operand> = elements.iter().map(|element| self.operand(element)).collect();
                let list = ListRef { start: self.module.operands.len() as u32, len: elements.len() as u32 };
                self.push(elements);
                Operand::List(list)
            }
        }
    }

    fn push(&mut self, operands: Vec<Operand>) {
        self.module.operands.extend(operands);
        self.module.operand_types.resize(self.module.operands.len(), 0);
    }

    pub(super) fn op(&mut self, opcode: Opcode, args: &[Arg]) -> &mut Asm {
        assert_eq!(args.len(), opcode.arity(), "{}", opcode.name());
        let start = self.module.operands.len();
        // As the decoder places them: elements of lists behind the operands.
        self.push(vec![Operand::Nil; args.len()]);
        for (index, arg) in args.iter().enumerate() {
            self.module.operands[start + index] = self.operand(arg);
        }
        self.module.code.push(Op::new(opcode, 0, start as u32));
        self
    }

    pub(super) fn label(&mut self, label: u32) -> &mut Asm {
        self.op(Opcode::Label, &[u(label.into())])
    }

    /// The file, ended with `int_code_end`.
    pub(super) fn file(&mut self) -> Vec<u8> {
        self.op(Opcode::IntCodeEnd, &[]);
        encode::file(&self.module)
    }
}

/// A module with one function, `f/Arity`, of these instructions.
pub(super) fn function(arity: u64, code: &[(Opcode, Vec<Arg>)]) -> Vec<u8> {
    let mut asm = Asm::new();
    asm.function("f", arity);
    for (opcode, args) in code {
        asm.op(*opcode, args);
    }
    asm.file()
}
