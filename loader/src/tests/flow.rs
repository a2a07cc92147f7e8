//! Code that is wrong on some path, and code that looks so but is not.

use super::asm::{Arg, Asm, a, alloc, f, fr, function, int, list, u, x, y};
use super::{name, refused};
use crate::module::Import;
use crate::ops::Opcode::{self, *};
use crate::{CheckedModule, load};

type Code = Vec<(Opcode, Vec<Arg>)>;

fn label(n: u64) -> (Opcode, Vec<Arg>) {
    (Label, vec![u(n)])
}

/// Imports of `module_of`: 0 is `erlang:error/1`, 1 is `erlang:setelement/3`, 2 is `erlang:length/1`,
/// 3 is `m:g/1`, 4 is `erlang:is_list/1`.
fn module_of(arity: u64, code: &Code) -> Vec<u8> {
    let mut asm = Asm::new();
    let imports = [
        ("erlang", "error", 1),
        ("erlang", "setelement", 3),
        ("erlang", "length", 1),
        ("m", "g", 1),
        ("erlang", "is_list", 1),
    ];
    for (module, function, arity) in imports {
        let import = Import { module: asm.atom(module), function: asm.atom(function), arity };
        asm.module.imports.push(import);
    }
    asm.function("f", arity);
    for (opcode, args) in code {
        asm.op(*opcode, args);
    }
    asm.file()
}

fn refuse(expected: &str, arity: u64, code: Code) {
    let kind = refused(&module_of(arity, &code));
    assert_eq!(name(&kind), expected, "{kind}");
}

fn accept(arity: u64, code: Code) -> CheckedModule {
    load(&module_of(arity, &code), "good").unwrap_or_else(|error| panic!("{error}"))
}

/// Index of the first instruction with this opcode.
fn find(module: &CheckedModule, opcode: Opcode) -> usize {
    module.code.iter().position(|op| op.opcode == opcode).expect("the instruction is there")
}

const CALL: (u64, u64) = (1, 3);

fn call() -> (Opcode, Vec<Arg>) {
    (CallExt, vec![u(CALL.0), u(CALL.1)])
}

#[test]
fn ends() {
    refuse("FallsThrough", 1, vec![]);
    refuse("FallsThrough", 1, vec![(Move, vec![x(0), x(1)])]);
    refuse("FallsThrough", 1, vec![(Jump, vec![f(11)]), (Return, vec![]), label(11)]);
    accept(1, vec![(CallExtOnly, vec![u(1), u(0)])]);
    // Only a compiler knows that a call does not return: a trap is asked for.
    let module = accept(1, vec![(Allocate, vec![u(0), u(1)]), call()]);
    assert!(module.traps_before(module.functions()[0].end as usize));
    // Nothing need follow a call of error/1, and the size of its frame may be wrong.
    let module = accept(1, vec![(Allocate, vec![u(0), u(1)]), (CallExtLast, vec![u(1), u(0), u(9)])]);
    assert!(!module.traps_before(module.functions()[0].end as usize));
}

#[test]
fn x_registers() {
    refuse("Uninitialised", 1, vec![(Move, vec![x(1), x(0)]), (Return, vec![])]);
    refuse("Uninitialised", 0, vec![(Return, vec![])]);
    refuse("Uninitialised", 1, vec![(TestHeap, vec![u(1), u(2)]), (Return, vec![])]);
    refuse("Uninitialised", 2, vec![(TestHeap, vec![u(1), u(1)]), (Move, vec![x(1), x(0)]), (Return, vec![])]);
    refuse(
        "Uninitialised",
        2,
        vec![
            (Allocate, vec![u(0), u(2)]),
            call(),
            (Move, vec![x(1), x(0)]),
            (Deallocate, vec![u(0)]),
            (Return, vec![]),
        ],
    );
    // Written on one way only.
    let one_way = |source| {
        vec![
            (IsAtom, vec![f(11), x(0)]),
            (Move, vec![a("a"), x(1)]),
            label(11),
            (Move, vec![x(source), x(0)]),
            (Return, vec![]),
        ]
    };
    refuse("Uninitialised", 1, one_way(1));
    accept(1, one_way(0));
    // The head of a function needs its arguments.
    refuse("Uninitialised", 1, vec![(Allocate, vec![u(0), u(0)]), (Deallocate, vec![u(0)]), (Jump, vec![f(1)])]);
    accept(1, vec![(IsAtom, vec![f(1), x(0)]), (Return, vec![])]);
}

#[test]
fn frames() {
    refuse("OutsideFrame", 1, vec![(Move, vec![x(0), y(0)]), (Return, vec![])]);
    refuse("OutsideFrame", 1, vec![(Allocate, vec![u(1), u(1)]), (Move, vec![y(1), x(0)]), (Return, vec![])]);
    refuse("Uninitialised", 1, vec![(Allocate, vec![u(1), u(1)]), (Move, vec![y(0), x(0)]), (Return, vec![])]);
    refuse("Uninitialised", 1, vec![(Allocate, vec![u(1), u(1)]), (TestHeap, vec![u(1), u(1)])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(1), u(1)]), (Allocate, vec![u(1), u(1)])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(1), u(1)]), (Return, vec![])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(1), u(1)]), (Deallocate, vec![u(2)]), (Return, vec![])]);
    refuse("BadFrame", 1, vec![(Deallocate, vec![u(0)]), (Return, vec![])]);
    refuse("BadFrame", 1, vec![call(), (Return, vec![])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(0), u(1)]), (CallExtOnly, vec![u(1), u(3)])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(0), u(1)]), (CallExtLast, vec![u(1), u(3), u(1)])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(2), u(1)]), (Trim, vec![u(1), u(2)])]);
    refuse("BadFrame", 1, vec![(Allocate, vec![u(0), u(1)]), (Jump, vec![f(1)])]);
    // A frame on one way, none on the other.
    refuse(
        "FrameMismatch",
        1,
        vec![(IsAtom, vec![f(11), x(0)]), (Allocate, vec![u(1), u(1)]), label(11), (Return, vec![])],
    );
    // That is allowed where only an exception follows.
    accept(
        1,
        vec![
            (IsAtom, vec![f(11), x(0)]),
            (Allocate, vec![u(1), u(1)]),
            (InitYregs, vec![list(&[y(0)])]),
            label(11),
            (Badmatch, vec![x(0)]),
        ],
    );
    // Trimming shifts registers down.
    accept(
        1,
        vec![
            (Allocate, vec![u(2), u(1)]),
            (Move, vec![x(0), y(1)]),
            (Trim, vec![u(1), u(1)]),
            (Move, vec![y(0), x(0)]),
            (Deallocate, vec![u(1)]),
            (Return, vec![]),
        ],
    );
}

#[test]
fn frames_that_an_exception_may_see_unwritten_are_cleared() {
    let code = |write_first: bool| {
        let mut code = vec![(Allocate, vec![u(1), u(1)]), (Bif1, vec![f(0), u(2), x(0), x(1)])];
        code.insert(if write_first { 1 } else { 2 }, (Move, vec![x(0), y(0)]));
        code.extend([(Move, vec![y(0), x(0)]), (Deallocate, vec![u(1)]), (Return, vec![])]);
        code
    };
    for write_first in [true, false] {
        let module = accept(1, code(write_first));
        assert_eq!(module.clears_frame(find(&module, Allocate)), !write_first);
    }
}

#[test]
fn results_of_bifs_that_are_known_to_succeed_are_cleared() {
    let code = |read: u16| {
        vec![(Bif1, vec![f(11), u(2), x(0), x(1)]), label(11), (Move, vec![x(read), x(0)]), (Return, vec![])]
    };
    let module = accept(1, code(1));
    assert!(module.clears_result(find(&module, Bif1)));
    // What was there before must stay there.
    let module = accept(2, code(1));
    assert!(!module.clears_result(find(&module, Bif1)));
    let module = accept(1, code(0));
    assert!(!module.clears_result(find(&module, Bif1)));
    refuse("Uninitialised", 1, code(2));
}

#[test]
fn nothing_comes_from_bifs_that_never_fail() {
    let code = |bif: u64| {
        vec![
            (Allocate, vec![u(1), u(1)]),
            (Bif1, vec![f(11), u(bif), x(0), y(0)]),
            label(11),
            (Move, vec![y(0), x(0)]),
            (Deallocate, vec![u(1)]),
            (Return, vec![]),
        ]
    };
    accept(1, code(4));
    refuse("Uninitialised", 1, code(2));
}

#[test]
fn what_is_behind_raw_raise_may_be_reached() {
    let code = |behind: Code| {
        let mut code = vec![(Allocate, vec![u(0), u(3)]), (RawRaise, vec![])];
        code.extend(behind);
        code
    };
    // It is followed if it can be, with nothing but x0; if not, only a compiler knows the class.
    let trapped = |module: CheckedModule| module.traps_before(find(&module, RawRaise) + 1);
    let end = || [(Deallocate, vec![u(0)]), (Return, vec![])];
    assert!(!trapped(accept(3, code(end().into()))));
    assert!(trapped(accept(3, code(vec![]))));
    let reads: Code = std::iter::once((Move, vec![x(1), x(0)])).chain(end()).collect();
    assert!(trapped(accept(3, code(reads))));
}

#[test]
fn heap() {
    refuse("HeapNotReserved", 1, vec![(PutList, vec![x(0), x(0), x(0)]), (Return, vec![])]);
    refuse(
        "HeapNotReserved",
        1,
        vec![
            (TestHeap, vec![u(3), u(1)]),
            (PutList, vec![x(0), x(0), x(0)]),
            (PutList, vec![x(0), x(0), x(0)]),
            (Return, vec![]),
        ],
    );
    refuse("HeapNotReserved", 1, vec![(TestHeap, vec![u(2), u(1)]), (PutTuple2, vec![x(0), list(&[x(0), x(0)])])]);
    refuse(
        "HeapNotReserved",
        1,
        vec![(TestHeap, vec![u(9), u(1)]), (Fconv, vec![x(0), fr(0)]), (Fmove, vec![fr(0), x(0)]), (Return, vec![])],
    );
    accept(
        1,
        vec![
            (TestHeap, vec![alloc(2, 1, 0), u(1)]),
            (Fconv, vec![x(0), fr(0)]),
            (Fmove, vec![fr(0), x(0)]),
            (PutList, vec![x(0), x(0), x(0)]),
            (Return, vec![]),
        ],
    );
    // A collection in between takes the reserve away; joining ways leaves the smaller one.
    refuse(
        "HeapNotReserved",
        1,
        vec![
            (TestHeap, vec![u(2), u(1)]),
            (GcBif1, vec![f(0), u(1), u(2), x(0), x(0)]),
            (PutList, vec![x(0), x(0), x(0)]),
        ],
    );
    refuse(
        "HeapNotReserved",
        1,
        vec![
            (IsAtom, vec![f(11), x(0)]),
            (TestHeap, vec![u(2), u(1)]),
            label(11),
            (PutList, vec![x(0), x(0), x(0)]),
            (Return, vec![]),
        ],
    );
    refuse("Uninitialised", 1, vec![(TestHeap, vec![alloc(0, 1, 0), u(1)]), (Fmove, vec![fr(0), x(0)])]);
}

#[test]
fn catching() {
    let tagged = |mut code: Code| {
        let mut all = vec![(Allocate, vec![u(2), u(1)]), (InitYregs, vec![list(&[y(0), y(1)])])];
        all.append(&mut code);
        all
    };
    let handler = || vec![label(11), (TryCase, vec![y(0)]), (Deallocate, vec![u(2)]), (Return, vec![])];
    let end = || vec![(TryEnd, vec![y(0)]), (Deallocate, vec![u(2)]), (Return, vec![])];
    let with = |middle: Code| {
        let mut code = tagged(vec![(Try, vec![y(0), f(11)])]);
        code.extend(middle);
        code.extend(end());
        code.extend(handler());
        code
    };
    accept(1, with(vec![call()]));
    refuse("BadRegisterContents", 1, with(vec![(Move, vec![y(0), x(0)])]));
    refuse("BadRegisterContents", 1, with(vec![(Move, vec![x(0), y(0)])]));
    refuse("BadRegisterContents", 1, with(vec![(InitYregs, vec![list(&[y(0)])])]));
    refuse("BadCatch", 1, with(vec![(Trim, vec![u(1), u(1)])]));
    refuse("BadCatch", 1, with(vec![(CatchEnd, vec![y(0)])]));
    refuse("BadCatch", 1, with(vec![(TryEnd, vec![y(1)])]));
    refuse("BadCatch", 1, with(vec![(Deallocate, vec![u(2)]), (Return, vec![])]));
    // Jumping to the handler, running into it, or no handler at the label.
    refuse("BadCatch", 1, with(vec![(IsAtom, vec![f(11), x(0)])]));
    let mut code = tagged(vec![(Try, vec![y(0), f(11)])]);
    code.extend(handler());
    refuse("BadCatch", 1, code);
    refuse("BadCatch", 1, tagged(vec![(Try, vec![y(0), f(12)]), label(12), (Return, vec![])]));
    // The inner tag must stand in the lower register.
    refuse("BadCatch", 1, with(vec![(Try, vec![y(1), f(11)])]));
    // X registers do not survive the exception.
    let mut code = with(vec![call()]);
    let at = code.len() - 2;
    code.insert(at, (Move, vec![x(3), x(0)]));
    refuse("Uninitialised", 1, code);
    // catch_end is reached both ways and needs x0 on the plain one.
    let catch = |x0: u16| {
        tagged(vec![
            (Catch, vec![y(0), f(11)]),
            call(),
            (Move, vec![x(0), y(1)]),
            (TestHeap, vec![u(1), u(u64::from(x0))]),
            label(11),
            (CatchEnd, vec![y(0)]),
            (Deallocate, vec![u(2)]),
            (Return, vec![]),
        ])
    };
    accept(1, catch(1));
    refuse("Uninitialised", 1, catch(0));
    // A call that the compiler knows not to return may stand right in front of a handler.
    let mut code = tagged(vec![(Try, vec![y(0), f(11)]), call()]);
    code.extend(handler());
    let module = accept(1, code);
    assert!(module.traps_before(module.label_op(11).expect("the label is there")));
    // So may an operation that always fails, but not one that fails to a label.
    let with = |fail: Arg| {
        let mut code = tagged(vec![(Try, vec![y(0), f(11)]), (GcBif1, vec![fail, u(0), u(2), int(1), x(0)])]);
        code.extend(handler());
        code
    };
    let module = accept(1, with(f(0)));
    assert!(module.traps_before(module.label_op(11).expect("the label is there")));
    refuse("BadCatch", 1, with(f(11)));
    // Or jump there.
    let jump = |before: Code| {
        let mut code = tagged(vec![(Try, vec![y(0), f(11)])]);
        code.extend(before);
        code.push((Jump, vec![f(11)]));
        code.extend(handler());
        code
    };
    accept(1, jump(vec![call()]));
    refuse("BadCatch", 1, jump(vec![]));
}

#[test]
fn receive_loops() {
    let receive = |body: Code| {
        let mut code = vec![(Allocate, vec![u(1), u(1)]), (Move, vec![x(0), y(0)]), label(11)];
        code.push((LoopRec, vec![f(13), x(0)]));
        code.extend(body);
        code.extend([(RemoveMessage, vec![]), (Deallocate, vec![u(1)]), (Return, vec![])]);
        code.extend([label(12), (LoopRecEnd, vec![f(11)]), label(13), (Wait, vec![f(11)])]);
        code
    };
    accept(1, receive(vec![(IsEqExact, vec![f(12), x(0), y(0)])]));
    // X registers do not survive the wait.
    let mut code = receive(vec![]);
    code.insert(2, (Move, vec![y(0), x(1)]));
    let at = code.iter().position(|op| op.0 == RemoveMessage).expect("it is there");
    code.insert(at, (Move, vec![x(1), x(0)]));
    refuse("Uninitialised", 1, code);
    // Waiting for time alone, with the time in an X register.
    accept(
        1,
        vec![
            (Allocate, vec![u(0), u(1)]),
            label(11),
            (WaitTimeout, vec![f(11), x(0)]),
            (Timeout, vec![]),
            (Move, vec![a("ok"), x(0)]),
            (Deallocate, vec![u(0)]),
            (Return, vec![]),
        ],
    );
}

#[test]
fn loops_settle() {
    // On the second way round y0 is a list no more.
    let module = accept(
        1,
        vec![
            (IsNonemptyList, vec![f(1), x(0)]),
            label(11),
            (GetList, vec![x(0), x(1), x(0)]),
            (IsAtom, vec![f(11), x(1)]),
            (Return, vec![]),
        ],
    );
    assert!(!module.proven(find(&module, GetList)));
    // A jump back to code that was unreachable when the walk came past.
    accept(
        1,
        vec![
            (Jump, vec![f(12)]),
            label(11),
            (Move, vec![x(1), x(0)]),
            (Return, vec![]),
            label(12),
            (Move, vec![x(0), x(1)]),
            (Jump, vec![f(11)]),
        ],
    );
    refuse(
        "Uninitialised",
        1,
        vec![
            (Jump, vec![f(12)]),
            label(11),
            (Move, vec![x(1), x(0)]),
            (Return, vec![]),
            label(12),
            (Jump, vec![f(11)]),
        ],
    );
}

#[test]
fn building_binaries() {
    let init = (BsInit2, vec![f(0), u(1), u(0), u(1), u(0), x(1)]);
    let put = (BsPutInteger, vec![f(0), int(8), u(1), u(0), x(0)]);
    accept(1, vec![init.clone(), put.clone(), (Move, vec![x(1), x(0)]), (Return, vec![])]);
    refuse("Misplaced", 1, vec![put.clone(), (Return, vec![])]);
    refuse("Misplaced", 1, vec![init, (TestHeap, vec![u(1), u(1)]), put, (Return, vec![])]);
}

#[test]
fn updating_tuples_in_place() {
    let code = |between: Code| {
        let mut code = vec![
            (Allocate, vec![u(0), u(1)]),
            (IsTaggedTuple, vec![f(11), x(0), u(3), a("r")]),
            (Move, vec![x(0), x(1)]),
            (Move, vec![int(2), x(0)]),
            (Move, vec![a("a"), x(2)]),
            (CallExt, vec![u(3), u(1)]),
        ];
        code.extend(between);
        code.extend([(SetTupleElement, vec![a("b"), x(0), u(2)]), label(11), (Badmatch, vec![a("x")])]);
        code
    };
    let module = accept(1, code(vec![]));
    assert!(module.proven(find(&module, SetTupleElement)));
    refuse("Misplaced", 1, code(vec![(TestHeap, vec![u(1), u(1)])]));
    refuse("Misplaced", 1, vec![(SetTupleElement, vec![a("b"), x(0), u(2)]), (Return, vec![])]);
}

#[test]
fn proofs() {
    // Each case: instructions in front, the access, whether it is proven.
    let cases: Vec<(Code, (Opcode, Vec<Arg>), bool)> = vec![
        (vec![(IsNonemptyList, vec![f(1), x(0)])], (GetHd, vec![x(0), x(1)]), true),
        (vec![(IsList, vec![f(1), x(0)])], (GetHd, vec![x(0), x(1)]), false),
        (vec![(IsList, vec![f(1), x(0)]), (IsNil, vec![f(11), x(0)]), label(11)], (GetTl, vec![x(0), x(1)]), false),
        (
            vec![(IsList, vec![f(1), x(0)]), (IsNil, vec![f(11), x(0)]), (Return, vec![]), label(11)],
            (GetTl, vec![x(0), x(1)]),
            true,
        ),
        (vec![(IsTuple, vec![f(1), x(0)])], (TestArity, vec![f(1), x(0), u(2)]), true),
        (vec![], (TestArity, vec![f(1), x(0), u(2)]), false),
        (vec![(IsTuple, vec![f(1), x(0)])], (GetTupleElement, vec![x(0), u(0), x(1)]), false),
        (
            vec![(IsTuple, vec![f(1), x(0)]), (TestArity, vec![f(1), x(0), u(2)])],
            (GetTupleElement, vec![x(0), u(1), x(1)]),
            true,
        ),
        (vec![(IsTaggedTuple, vec![f(1), x(0), u(2), a("a")])], (GetTupleElement, vec![x(0), u(2), x(1)]), false),
        // The fact belongs to the value, wherever it has been moved.
        (
            vec![(Move, vec![x(0), x(3)]), (IsTaggedTuple, vec![f(1), x(0), u(2), a("a")])],
            (GetTupleElement, vec![x(3), u(1), x(1)]),
            true,
        ),
        (
            vec![(IsTaggedTuple, vec![f(1), x(0), u(2), a("a")]), (Move, vec![a("b"), x(0)])],
            (GetTupleElement, vec![x(0), u(1), x(1)]),
            false,
        ),
        (vec![(Move, vec![super::asm::lit(1), x(0)])], (PutMapAssoc, map_args()), true),
        (vec![(IsMap, vec![f(1), x(0)])], (PutMapAssoc, map_args()), true),
        (vec![], (PutMapAssoc, map_args()), false),
        (vec![(IsFloat, vec![f(1), x(0)])], (Fmove, vec![x(0), fr(0)]), true),
        (vec![(IsInteger, vec![f(1), x(0)])], (Fmove, vec![x(0), fr(0)]), false),
        (vec![(BsStartMatch3, vec![f(1), x(0), u(1), x(0)])], (BsTestTail2, vec![f(1), x(0), u(8)]), true),
        (vec![], (BsTestTail2, vec![f(1), x(0), u(8)]), false),
        // The length of a proper list was computed, but it may be empty.
        (vec![(GcBif1, vec![f(0), u(1), u(2), x(0), x(1)])], (GetHd, vec![x(0), x(1)]), false),
    ];
    for (mut code, access, proven) in cases {
        let opcode = access.0;
        code.push(access);
        code.push((Return, vec![]));
        let module = accept(1, code);
        let index = module.code.iter().rposition(|op| op.opcode == opcode).expect("the access is there");
        assert_eq!(module.proven(index), proven, "{}", opcode.name());
    }
}

fn map_args() -> Vec<Arg> {
    vec![f(0), x(0), x(1), u(1), list(&[a("k"), a("v")])]
}

#[test]
fn lambdas_have_their_environment() {
    let build = |env: &[Arg]| {
        let mut asm = Asm::new();
        let lambda = asm.lambda("f", 1, 2, 1);
        asm.function("f", 1);
        asm.op(TestHeap, &[alloc(1, 0, 1), u(1)]);
        asm.op(MakeFun3, &[lambda, x(0), list(env)]).op(Return, &[]);
        asm.file()
    };
    load(&build(&[x(0)]), "good").expect("the environment is right");
    assert_eq!(name(&refused(&build(&[]))), "Misplaced");
}

#[test]
fn plain_function_of_the_assembler_loads() {
    load(&function(1, &[(Return, vec![])]), "good").expect("the module is good");
}
