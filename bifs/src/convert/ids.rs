//! Pids, ports, references and funs from and to text.

use girder_vm::node::{PidParts, local_pid_data};
use girder_vm::process::relations::Reference;
use girder_vm::term::print::{Limits, write_term};
use girder_vm::{Ctx, Raise, RawTerm, Term};

use super::list_bytes;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "pid_to_list"/1 => pid_to_list_1, Bif;
        "port_to_list"/1 => port_to_list_1, Bif;
        "ref_to_list"/1 => ref_to_list_1, Bif;
        "fun_to_list"/1 => fun_to_list_1, Bif;
        "list_to_pid"/1 => list_to_pid_1, Bif;
        "list_to_port"/1 => list_to_port_1, Bif;
        "list_to_ref"/1 => list_to_ref_1, Bif;
    }
}

/// First limit that the lowest word of a reference stays below.
const MAX_REFERENCE: u32 = 1 << 18;
/// Bits of a local port's number.
const PORT_BITS: u32 = 60;

fn shown<'s>(ctx: &Ctx<'s>, t: Term<'s>, right: bool) -> Result<Term<'s>, Raise> {
    if !right {
        return Err(Raise::Badarg);
    }
    let mut text = String::new();
    write_term(&mut text, t, Limits::default()).map_err(|_| Raise::Badarg)?;
    Ok(ctx.string(&text))
}

fn pid_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    shown(ctx, a[0], a[0].is_pid())
}

fn port_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    shown(ctx, a[0], a[0].is_port())
}

fn ref_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    shown(ctx, a[0], a[0].is_ref())
}

fn fun_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    shown(ctx, a[0], a[0].is_function())
}

/// The numbers between `prefix` and `>`, with points between them; the first one, the node's, must be this node's 0.
fn numbers(t: Term<'_>, prefix: &str) -> Result<Vec<u64>, Raise> {
    let bytes = list_bytes(t)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Raise::Badarg)?;
    let inside = text.strip_prefix(prefix).and_then(|t| t.strip_suffix('>')).ok_or(Raise::Badarg)?;
    let number = |s: &str| s.bytes().all(|c| c.is_ascii_digit()).then(|| s.parse::<u64>().ok()).flatten();
    let all: Option<Vec<u64>> = inside.split('.').map(number).collect();
    match all {
        Some(mut all) if all[0] == 0 => {
            all.remove(0);
            Ok(all)
        }
        _ => Err(Raise::Badarg),
    }
}

fn list_to_pid_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let [number, serial] = numbers(a[0], "<")?[..] else { return Err(Raise::Badarg) };
    let parts = u32::try_from(number).ok().zip(u32::try_from(serial).ok());
    let data = parts.and_then(|(number, serial)| local_pid_data(PidParts { number, serial }));
    data.and_then(|d| Term::immediate(RawTerm::pid(d))).ok_or(Raise::Badarg)
}

fn list_to_port_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let [number] = numbers(a[0], "#Port<")?[..] else { return Err(Raise::Badarg) };
    if number >> PORT_BITS != 0 {
        return Err(Raise::Badarg);
    }
    Term::immediate(RawTerm::port(number)).ok_or(Raise::Badarg)
}

fn list_to_ref_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let [high, middle, low] = numbers(a[0], "#Ref<")?[..] else { return Err(Raise::Badarg) };
    let word = |n: u64| u32::try_from(n).map_err(|_| Raise::Badarg);
    let n = [word(low)?, word(middle)?, word(high)?];
    if n[0] >= MAX_REFERENCE { Err(Raise::Badarg) } else { Ok(Reference::of_numbers(n).term(ctx)) }
}
