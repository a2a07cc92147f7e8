//! What the VM's memory is used for, in the shape in which `erlang:memory/0,1` wants to be told: sizes by allocator, and
//! areas beside them. Also the text about all processes.
//!
//! Invariant: each byte that is counted is told once as an allocator's, and all that belongs to processes as
//! `eheap_alloc`'s, so that OTP's sums are right: total is the sum of allocators, system what is no process's.

use std::fmt::Write;

use girder_vm::code;
use girder_vm::heap::mem::{Category, used};
use girder_vm::heap::message::Message;
use girder_vm::process::{Process, Table, dump, table};
use girder_vm::{Atom, Ctx, Raise, Term};

/// Allocators that `erlang:memory` asks for, with the bytes in use of each.
fn sizes() -> [(&'static str, usize); 7] {
    let processes = Table::get().count() * size_of::<Process>();
    [
        ("eheap_alloc", used(Category::Heap) + used(Category::Fragment) + processes),
        ("ets_alloc", used(Category::Ets)),
        ("binary_alloc", used(Category::Binary)),
        ("literal_alloc", used(Category::Literal)),
        ("ll_alloc", used(Category::Code)),
        ("sl_alloc", Atom::memory().0),
        ("std_alloc", used(Category::System)),
    ]
}

fn atom<'s>(name: &str) -> Result<Term<'s>, Raise> {
    Atom::new(name).map(Term::atom).map_err(|_| Raise::SystemLimit)
}

/// Whether `erlang:memory` knows an allocator of this name.
pub fn is_allocator(name: &str) -> bool {
    sizes().iter().any(|(known, _)| *known == name)
}

/// Names of the allocators.
pub fn allocators<'s>(ctx: &Ctx<'s>) -> Result<Term<'s>, Raise> {
    let names: Result<Vec<_>, _> = sizes().iter().map(|(name, _)| atom(name)).collect();
    Ok(ctx.list(&names?))
}

/// Memory by what it is for, beside the allocators' names.
pub fn areas<'s>(ctx: &Ctx<'s>) -> Result<Term<'s>, Raise> {
    let (taken, in_use) = Atom::memory();
    let size = |n: usize| ctx.uint(n as u64);
    Ok(ctx.list(&[
        ctx.tuple(&[atom("atom_space")?, size(taken), size(in_use)]),
        ctx.tuple(&[atom("loaded_code")?, size(used(Category::Code))]),
    ]))
}

/// `{Reference, 0, Sizes}` to the caller, of the allocators that it names; `false` for one that the VM does not have.
pub fn send_sizes<'s>(ctx: &Ctx<'s>, reference: Term<'s>, types: Term<'s>) -> Result<Term<'s>, Raise> {
    let wanted = types.to_vec().ok_or(Raise::Badarg)?;
    let mut all = Vec::new();
    for (name, bytes) in sizes() {
        let name = atom(name)?;
        if wanted.iter().any(|w| w.same(name)) {
            let size = ctx.list(&[ctx.tuple(&[atom("size")?, ctx.uint(bytes as u64)])]);
            let blocks = ctx.tuple(&[atom("blocks")?, ctx.list(&[ctx.tuple(&[name, size])])]);
            let carriers = ctx.tuple(&[atom("mbcs")?, ctx.list(&[blocks])]);
            all.push(ctx.tuple(&[name, Term::small(0), ctx.list(&[carriers])]));
        }
    }
    let others = wanted.iter().filter(|w| w.as_atom().is_some_and(|name| !is_allocator(name.name())));
    all.extend(others.map(|&name| ctx.tuple(&[name, Term::FALSE])));
    let answer = ctx.tuple(&[reference, Term::small(0), ctx.list(&all)]);
    girder_vm::signal::to_pid(ctx.self_pid().raw(), Message::copy_of(answer));
    Ok(Term::TRUE)
}

/// `loaded`: bytes of code, all and of each module.
pub fn modules<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    ctx.charge(code::loaded_modules().len());
    ctx.binary(modules_text().as_bytes())
}

/// As [`modules`], as text.
pub(crate) fn modules_text() -> String {
    let mut names = code::loaded_modules();
    names.sort();
    let mut out = format!("Current code: {}\nOld code: 0\n", used(Category::Code));
    for m in names.into_iter().filter_map(code::module) {
        // Writing to a string cannot fail.
        let _ = write!(out, "=mod:{}\nCurrent size: {}\n", m.name.name(), m.bytes());
    }
    out
}

/// `procs`: a paragraph for each process, of what can be told without stopping it.
pub fn processes<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let pids = Table::get().pids();
    ctx.charge(pids.len());
    let mut out = String::new();
    for pid in pids {
        table::with(pid, |p| dump::heading(&mut out, p));
    }
    ctx.binary(out.as_bytes())
}
