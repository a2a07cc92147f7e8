//! Timers that send messages.

use girder_vm::heap::message::Message;
use girder_vm::native::Raise;
use girder_vm::process::relations::Reference;
use girder_vm::timer::clock;
use girder_vm::timer::message::{self, Target};
use girder_vm::{Ctx, Kind, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "send_after"/3 => send_after_3, Bif;
        "send_after"/4 => send_after_4, Bif;
        "start_timer"/3 => start_timer_3, Bif;
        "start_timer"/4 => start_timer_4, Bif;
        "cancel_timer"/1 => cancel_timer_1, Bif;
        "cancel_timer"/2 => cancel_timer_2, Bif;
        "read_timer"/1 => read_timer_1, Bif;
        "read_timer"/2 => read_timer_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

const MS: i64 = 1_000_000;

/// Options of timers, each allowed only where the caller names it.
struct Options {
    asynchronous: bool,
    info: bool,
    abs: bool,
}

fn options(list: Term<'_>, allowed: &[girder_vm::Atom]) -> Option<Options> {
    let mut o = Options { asynchronous: false, info: true, abs: false };
    for opt in list.to_vec()? {
        let [key, value] = opt.as_tuple_of::<2>()?;
        let (key, value) = (key.as_atom().filter(|k| allowed.contains(k))?, value.as_bool()?);
        match key {
            am::ASYNC => o.asynchronous = value,
            am::INFO => o.info = value,
            _ => o.abs = value,
        }
    }
    Some(o)
}

/// Monotonic time at which a timer is due.
fn due(time: Term<'_>, abs: bool) -> Option<i64> {
    let ms = time.as_i64()?;
    if abs {
        // What lies before the VM's start or beyond its clock cannot be reached.
        return ms.checked_mul(MS).filter(|&ns| ns >= clock::START);
    }
    if ms < 0 {
        return None;
    }
    ms.checked_mul(MS)?.checked_add(clock::monotonic_ns())
}

fn start<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], abs: bool, wrap: bool) -> Answer<'s> {
    let Some(due) = due(args[0], abs) else { return Err(ctx.badarg_because(Term::atom(am::TIME))) };
    let target = match args[1].kind() {
        Kind::Pid(_) => Target::Pid(args[1].raw()),
        Kind::Atom(name) => Target::Name(name),
        _ => return Err(Raise::Badarg),
    };
    let r = Reference::fresh();
    let m = match wrap {
        true => Message::build(|b| b.tuple(&[Term::atom(am::TIMEOUT), r.term(b), b.copy(args[2])])),
        false => Message::copy_of(args[2]),
    };
    message::start(r, target, due, m);
    Ok(r.term(ctx))
}

fn start_with_options<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], wrap: bool) -> Answer<'s> {
    match options(args[3], &[am::ABS]) {
        Some(o) => start(ctx, args, o.abs, wrap),
        None => Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    }
}

fn send_after_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, args, false, false)
}

fn send_after_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start_with_options(ctx, args, false)
}

fn start_timer_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, args, false, true)
}

fn start_timer_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start_with_options(ctx, args, true)
}

/// Cancels or reads; the answer is the result, or comes as a message if that is wanted.
fn access<'s>(ctx: &Ctx<'s>, t: Term<'s>, cancel: bool, o: &Options) -> Answer<'s> {
    t.as_ref().ok_or(Raise::Badarg)?;
    let left =
        Reference::of(t).and_then(|r| if cancel { message::cancel(r.numbers) } else { message::read(r.numbers) });
    let answer = left.map_or(Term::FALSE, |ms| ctx.uint(ms));
    if !o.asynchronous {
        return Ok(if o.info { answer } else { Term::atom(am::OK) });
    }
    if o.info {
        let kind = if cancel { am::CANCEL_TIMER } else { am::READ_TIMER };
        let m = Message::copy_of(ctx.tuple(&[Term::atom(kind), t, answer]));
        girder_vm::signal::to_pid(ctx.self_pid().raw(), m);
    }
    Ok(Term::atom(am::OK))
}

const PLAIN: Options = Options { asynchronous: false, info: true, abs: false };

fn cancel_timer_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    access(ctx, args[0], true, &PLAIN)
}

fn cancel_timer_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let o = options(args[1], &[am::ASYNC, am::INFO]).ok_or(Raise::Badarg)?;
    access(ctx, args[0], true, &o)
}

fn read_timer_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    access(ctx, args[0], false, &PLAIN)
}

fn read_timer_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let o = options(args[1], &[am::ASYNC]).ok_or(Raise::Badarg)?;
    access(ctx, args[0], false, &o)
}
