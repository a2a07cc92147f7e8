//! Natives that send signals: messages, links, exits, suspension, group leaders.

use girder_vm::native::Raise;
use girder_vm::process::relations::Reference;
use girder_vm::process::table;
use girder_vm::signal::{self, ReplyTo, SendFlags, Sent, Signal, SuspendReply, links};
use girder_vm::{Ctx, Kind, Profile, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "!"/2 => send_2, Bif;
        "send"/2 => send_2, Bif;
        "send"/3 => send_3, Bif;
        "link"/1 => link_1, Bif;
        "link"/2 => link_2, Bif, R29;
        "unlink"/1 => unlink_1, Bif;
        "exit"/1 => exit_1, Bif;
        "exit"/2 => exit_2, Bif;
        "exit"/3 => exit_3, Bif, R29;
        "exit_signal"/2 => exit_2, Bif;
        "exit_signal"/3 => exit_3, Bif, R29;
        "resume_process"/1 => resume_process_1, Bif;
        "group_leader"/0 => group_leader_0, Bif;
    }
    "erts_internal" {
        "suspend_process"/2 => suspend_process_2, Bif;
        "group_leader"/2 => group_leader_2, Bif;
        "group_leader"/3 => group_leader_3, Bif;
        "is_process_alive"/2 => is_process_alive_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn send_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    signal::send(ctx, args[0], args[1])
}

fn send_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let badopt = || ctx.badarg_because(Term::atom(am::BADOPT));
    let (mut flags, mut connect) = (SendFlags::default(), true);
    for opt in args[2].to_vec().ok_or_else(badopt)? {
        match opt.as_atom() {
            Some(am::NOCONNECT) => connect = false,
            Some(am::NOSUSPEND) => flags.nosuspend = true,
            Some(am::PRIORITY) if Profile::get().release >= 29 => flags.priority = true,
            _ => return Err(badopt()),
        }
    }
    let sent = signal::send_to(ctx, args[0], args[1], flags)?;
    Ok(Term::atom(match sent {
        Sent::NoConnection if !connect => am::NOCONNECT,
        Sent::Busy => am::NOSUSPEND,
        _ => am::OK,
    }))
}

fn link_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match args[0].kind() {
        Kind::Pid(_) | Kind::Port(_) => links::link(ctx, args[0])?,
        Kind::ExternalPid(n, _) if n.is_former_self() => links::not_there(ctx, args[0], am::NOPROC)?,
        Kind::ExternalPid(..) => links::link_remote(ctx, args[0])?,
        _ => return Err(Raise::Badarg),
    }
    Ok(Term::TRUE)
}

/// Options of `link/2`, `exit/3`: only `priority`, which makes an exit message a priority message.
pub(crate) fn priority_option(list: Term<'_>) -> Option<bool> {
    list.to_vec()?.iter().try_fold(false, |_, o| o.is(am::PRIORITY).then_some(true))
}

fn link_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let Some(priority) = priority_option(args[1]) else { return Err(ctx.badarg_because(Term::atom(am::BADOPT))) };
    let done = link_1(ctx, &args[..1])?;
    if args[0].is_local_pid() || args[0].is_local_port() {
        links::set_priority(ctx, args[0], priority);
    }
    Ok(done)
}

fn unlink_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match args[0].kind() {
        Kind::Pid(_) | Kind::Port(_) => links::unlink(ctx, args[0]),
        Kind::ExternalPid(..) => {}
        _ => return Err(Raise::Badarg),
    }
    Ok(Term::TRUE)
}

fn exit_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Err(ctx.exit(args[0]))
}

fn exit<'s>(ctx: &Ctx<'s>, to: Term<'s>, reason: Term<'s>, priority: bool) -> Answer<'s> {
    match to.kind() {
        Kind::Pid(_) | Kind::Port(_) => links::exit(ctx, to, reason, priority)?,
        Kind::ExternalPid(..) | Kind::ExternalPort(..) => {}
        Kind::Ref(_) if Profile::get().release >= 29 => links::exit(ctx, to, reason, priority)?,
        _ => return Err(Raise::Badarg),
    }
    Ok(Term::TRUE)
}

fn exit_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    exit(ctx, args[0], args[1], false)
}

fn exit_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match priority_option(args[2]) {
        Some(priority) => exit(ctx, args[0], args[1], priority),
        None => Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    }
}

fn group_leader_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.group_leader())
}

/// `false`: the caller sends a request and waits for the answer.
fn group_leader_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_pid() {
        return Ok(Term::atom(am::BADARG));
    }
    if args[1].same(ctx.self_pid()) {
        ctx.set_group_leader(args[0]);
        return Ok(Term::TRUE);
    }
    Ok(match args[1].kind() {
        Kind::Pid(_) if table::with(args[1].raw(), |_| ()).is_some() => Term::FALSE,
        Kind::ExternalPid(..) => Term::TRUE,
        _ => Term::atom(am::BADARG),
    })
}

fn group_leader_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let reference = Reference::of(args[2]).ok_or(Raise::Badarg)?;
    if !args[0].is_pid() || !args[1].is_local_pid() {
        return Err(Raise::Badarg);
    }
    let leader = girder_vm::term::copy::detach(args[0]);
    let to = ReplyTo { pid: ctx.self_pid().raw(), reference };
    signal::request(ctx, args[1].raw(), Signal::GroupLeader { leader, to: Some(to) });
    Ok(Term::atom(am::OK))
}

fn is_process_alive_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let reference = Reference::of(args[1]).ok_or(Raise::Badarg)?;
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    let to = ReplyTo { pid: ctx.self_pid().raw(), reference };
    signal::request(ctx, args[0].raw(), Signal::IsAlive { to });
    Ok(Term::atom(am::OK))
}

/// `badarg` and `badopt` are results, which Erlang code turns into errors; so is a reference, whose answer it awaits.
fn suspend_process_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (badarg, badopt) = (Term::atom(am::BADARG), Term::atom(am::BADOPT));
    if !args[0].is_local_pid() || args[0].same(ctx.self_pid()) {
        return Ok(badarg);
    }
    let (mut unless_suspending, mut asynchronous, mut tag) = (false, false, None);
    let Some(opts) = args[1].to_vec() else { return Ok(badopt) };
    for opt in opts {
        match (opt.as_atom(), opt.as_tuple_of::<2>()) {
            (Some(am::UNLESS_SUSPENDING), _) => unless_suspending = true,
            (Some(am::ASYNCHRONOUS), _) => asynchronous = true,
            (_, Some([key, t])) if key.is(am::ASYNCHRONOUS) => {
                asynchronous = true;
                tag = Some(t);
            }
            _ => return Ok(badopt),
        }
    }
    let pid = args[0].raw();
    if table::with(pid, |p| p.state().get().exiting()) != Some(false) {
        if let Some(t) = tag {
            suspend_reply(ctx, t, None).never_sent();
        }
        return Ok(if asynchronous { Term::TRUE } else { badarg });
    }
    let (suspend, result) = {
        let mut r = ctx.owner().relations.borrow_mut();
        let n = r.suspended.entry(pid.bits()).or_insert(0);
        let already = *n > 0;
        if !(already && unless_suspending) {
            *n += 1;
        }
        (!already, !(already && unless_suspending))
    };
    let send = |reply| signal::signal(pid, Signal::Suspend { from: ctx.self_pid().raw(), suspend, reply });
    if asynchronous {
        if suspend || tag.is_some() {
            send(tag.map(|t| suspend_reply(ctx, t, None)));
        }
        return Ok(Term::bool(result));
    }
    let reference = Reference::fresh().term(ctx);
    send(Some(suspend_reply(ctx, reference, Some(result))));
    Ok(reference)
}

fn suspend_reply<'s>(ctx: &Ctx<'s>, tag: Term<'s>, result: Option<bool>) -> SuspendReply {
    SuspendReply { pid: ctx.self_pid().raw(), tag: girder_vm::term::copy::detach(tag), result }
}

fn resume_process_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let pid = args[0].raw();
    let mut r = ctx.owner().relations.borrow_mut();
    let n = r.suspended.get_mut(&pid.bits()).ok_or(Raise::Badarg)?;
    *n -= 1;
    if *n == 0 {
        r.suspended.remove(&pid.bits());
        drop(r);
        signal::signal(pid, Signal::Resume { from: ctx.self_pid().raw() });
    }
    Ok(Term::TRUE)
}
