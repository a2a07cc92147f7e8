//! Files whose operands have the wrong kind or are out of range.

use super::asm::{Arg, Asm, NIL, a, alloc, f, fr, function, int, list, lit, u, x, y};
use super::{name, refused};
use crate::ops::Opcode::{self, *};

/// Code that must not load, and the name of the error.
type Case = (&'static str, Opcode, Vec<Arg>);

#[test]
fn single_instructions() {
    let cases: Vec<Case> = vec![
        // Kinds.
        ("WrongOperand", Move, vec![u(1), x(0)]),
        ("WrongOperand", Move, vec![x(0), a("f")]),
        ("WrongOperand", Jump, vec![x(0)]),
        ("WrongOperand", Jump, vec![f(0)]),
        ("WrongOperand", Bif0, vec![a("f"), x(0)]),
        ("WrongOperand", Init, vec![x(0)]),
        ("WrongOperand", Fadd, vec![f(0), x(0), fr(0), fr(0)]),
        ("WrongOperand", Fmove, vec![u(0), fr(0)]),
        ("WrongOperand", Fmove, vec![x(0), int(1)]),
        ("WrongOperand", IsTaggedTuple, vec![f(1), x(0), u(1), NIL]),
        ("WrongOperand", PutTuple2, vec![x(0), NIL]),
        ("WrongOperand", BsStartMatch4, vec![a("maybe"), u(1), x(0), x(0)]),
        ("WrongOperand", CallFun2, vec![a("perhaps"), u(0), x(0)]),
        ("WrongOperand", CallFun2, vec![x(0), u(0), x(0)]),
        ("WrongOperand", Badmatch, vec![fr(0)]),
        ("WrongOperand", Badmatch, vec![alloc(1, 0, 0)]),
        ("WrongOperand", InitYregs, vec![list(&[x(0)])]),
        ("WrongOperand", SelectVal, vec![x(0), f(1), list(&[x(0), f(1)])]),
        ("WrongOperand", BsInit2, vec![f(0), f(1), u(0), u(0), u(0), x(0)]),
        ("WrongOperand", TestHeap, vec![x(0), u(1)]),
        ("WrongOperand", BsMatch, vec![f(1), x(0), list(&[u(1)])]),
        // Ranges.
        ("WrongOperand", CallFun, vec![u(256)]),
        ("WrongOperand", TestHeap, vec![u(1 << 30), u(1)]),
        ("WrongOperand", TestHeap, vec![u(1), u(1024)]),
        ("WrongOperand", Allocate, vec![u(1024), u(1)]),
        ("WrongOperand", BsTestUnit, vec![f(1), x(0), u(257)]),
        ("RegisterOutOfRange", Move, vec![x(1023), x(0)]),
        ("RegisterOutOfRange", Move, vec![x(0), x(60000)]),
        ("RegisterOutOfRange", Move, vec![x(0), y(1023)]),
        ("RegisterOutOfRange", Fmove, vec![x(0), fr(1023)]),
        ("IndexOutOfRange", Badmatch, vec![lit(3)]),
        ("IndexOutOfRange", Line, vec![u(2)]),
        ("IndexOutOfRange", Bif0, vec![u(0), x(0)]),
        ("IndexOutOfRange", MakeFun3, vec![u(0), x(0), list(&[])]),
        ("IndexOutOfRange", CallFun2, vec![u(0), u(0), x(0)]),
        ("IndexOutOfRange", BsPutString, vec![u(5), u(6)]),
        ("IndexOutOfRange", BsPutString, vec![u(u64::MAX), u(1)]),
        ("IndexOutOfRange", BsMatchString, vec![f(1), x(0), u(9), u(9)]),
        // Lists.
        ("BadList", SelectVal, vec![x(0), f(1), list(&[a("f")])]),
        ("BadList", SelectTupleArity, vec![x(0), f(1), list(&[u(2)])]),
        ("BadList", GetMapElements, vec![f(1), x(0), list(&[])]),
        ("BadList", UpdateRecord, vec![a("copy"), u(2), x(0), x(0), list(&[])]),
        ("BadList", UpdateRecord, vec![a("copy"), u(2), x(0), x(0), list(&[u(3), x(0)])]),
        ("BadList", UpdateRecord, vec![a("copy"), u(2), x(0), x(0), list(&[u(2), x(0), u(1), x(0)])]),
        ("BadList", BsCreateBin, vec![f(0), u(0), u(1), u(8), x(0), list(&[a("integer"), u(1)])]),
        ("BadSegment", BsCreateBin, vec![f(0), u(0), u(1), u(8), x(0), segment("other", x(0), int(1))]),
        ("BadSegment", BsCreateBin, vec![f(0), u(0), u(1), u(8), x(0), segment("string", u(0), int(-1))]),
        ("IndexOutOfRange", BsCreateBin, vec![f(0), u(0), u(1), u(8), x(0), segment("string", u(9), int(2))]),
        ("BadMatchCommand", BsMatch, vec![f(1), x(0), list(&[a("jump"), u(1)])]),
        ("BadMatchCommand", BsMatch, vec![f(1), x(0), list(&[a("skip")])]),
        ("BadMatchCommand", BsMatch, vec![f(1), x(0), list(&[a("=:="), NIL, u(65), u(1)])]),
        // Instructions of long ago.
        ("ObsoleteOpcode", MPlus, vec![f(0), x(0), x(0), x(0)]),
        ("ObsoleteOpcode", PutTuple, vec![u(1), x(0)]),
        ("ObsoleteOpcode", BsContextToBinary, vec![x(0)]),
    ];
    for (expected, opcode, args) in cases {
        let kind = refused(&function(1, &[(opcode, args), (Return, vec![])]));
        assert_eq!(name(&kind), expected, "{}: {kind}", opcode.name());
    }
}

fn segment(kind: &'static str, value: Arg, size: Arg) -> Arg {
    list(&[a(kind), u(1), u(8), NIL, value, size])
}

#[test]
fn wide_numbers_survive() {
    let mut asm = Asm::new();
    asm.module.big_ints = vec![
        crate::module::BigIntOperand { negative: true, magnitude: [0, 0, 0, 0, 0, 0, 0, 0, 1].into() },
        crate::module::BigIntOperand { negative: false, magnitude: [0, 0, 0, 0, 0, 0, 0, 0x80].into() },
        crate::module::BigIntOperand { negative: false, magnitude: [7; 40].into() },
    ];
    asm.function("f", 1);
    let big = |index| Arg::One(crate::Operand::BigInt(index));
    for arg in [big(0), big(1), big(2), int(i64::MIN), int(-1), int(-2048), int(127), int(128), int(2047), int(2048)] {
        asm.op(Move, &[arg, x(0)]);
    }
    asm.op(BsMatch, &[f(1), x(0), list(&[a("=:="), NIL, u(64), u(u64::MAX)])]);
    asm.op(Return, &[]);
    let module = crate::load(&asm.file(), "a").expect("the module is good");
    assert_eq!(module.big_ints, asm.module.big_ints);
    assert_eq!(module.operands, asm.module.operands);
}
