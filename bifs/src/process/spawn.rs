//! The spawn family. `spawn/1`, `spawn_monitor/3` and their like are Erlang code over these.

use girder_vm::atom::Atom;
use girder_vm::heap::message::Message;
use girder_vm::native::Raise;
use girder_vm::process::limits;
use girder_vm::process::spawn::{self, MonitorOptions, SpawnOptions};
use girder_vm::{Ctx, Term, am};

use super::flag;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "spawn"/3 => spawn_3, Bif;
        "spawn_link"/3 => spawn_link_3, Bif;
        "spawn_opt"/4 => spawn_opt_4, Bif;
        "spawn_request_abandon"/1 => spawn_request_abandon_1, Bif;
    }
    "erts_internal" {
        "spawn_request"/4 => spawn_request_4, Bif;
        "dist_spawn_request"/4 => dist_spawn_request_4, Bif;
        "spawn_system_process"/3 => spawn_system_process_3, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Module, function and a proper list of arguments.
fn mfa<'s>(args: &[Term<'s>]) -> Option<(Atom, Atom, Term<'s>)> {
    let proper = {
        let mut it = args[2].list_iter();
        it.by_ref().for_each(drop);
        it.tail().is_nil()
    };
    Some((args[0].as_atom()?, args[1].as_atom()?, proper.then_some(args[2])?))
}

fn pid<'s>(s: &spawn::Spawned) -> Term<'s> {
    // Local pids are held in the word itself.
    Term::immediate(s.pid).unwrap_or(Term::NIL)
}

fn spawn_with<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], opts: &SpawnOptions<'s>) -> Answer<'s> {
    let (m, f, a) = mfa(args).ok_or(Raise::Badarg)?;
    let s = spawn::spawn(ctx, m, f, a, opts)?;
    Ok(match s.monitor {
        Some(r) => ctx.tuple(&[pid(&s), r.term(ctx)]),
        None => pid(&s),
    })
}

fn spawn_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    spawn_with(ctx, args, &SpawnOptions::default())
}

fn spawn_link_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    spawn_with(ctx, args, &SpawnOptions { link: true, ..SpawnOptions::default() })
}

fn spawn_opt_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match Options::read(args[3]) {
        Some(o) if o.fine && o.is_plain() => spawn_with(ctx, args, &o.spawn),
        _ => Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    }
}

/// What `spawn_opt` and `spawn_request` understand.
struct Options<'s> {
    spawn: SpawnOptions<'s>,
    /// `reply`: whether success and failure are told.
    reply: Option<(bool, bool)>,
    reply_tag: Option<Term<'s>>,
    /// An option is given that makes `min_bin_vheap_size` count; OTP ignores that one alone.
    sized: bool,
    /// No option is wrong.
    fine: bool,
}

impl<'s> Options<'s> {
    fn is_plain(&self) -> bool {
        self.reply.is_none() && self.reply_tag.is_none()
    }
    /// Reads all options, also behind a wrong one; `None` for what is no proper list.
    fn read(list: Term<'s>) -> Option<Options<'s>> {
        let spawn = SpawnOptions::default();
        let mut o = Options { spawn, reply: None, reply_tag: None, sized: false, fine: true };
        let mut it = list.list_iter();
        for opt in it.by_ref() {
            o.fine &= o.option(opt).is_some();
        }
        if !it.tail().is_nil() {
            return None;
        }
        let max = o.spawn.max_heap.map_or(0, |m| m.size);
        if max != 0 && max < o.spawn.min_heap_size.max(girder_vm::heap::MIN_HEAP_WORDS) {
            o.fine = false;
        }
        if !o.sized {
            o.spawn.min_bin_vheap_size = None;
        }
        Some(o)
    }
    fn option(&mut self, opt: Term<'s>) -> Option<()> {
        let s = &mut self.spawn;
        if opt.is(am::LINK) {
            (s.link, s.priority_link) = (true, false);
            return Some(());
        }
        if opt.is(am::MONITOR) {
            s.monitor = Some(MonitorOptions { tag: None, alias: None, priority: false });
            return Some(());
        }
        let [key, value] = opt.as_tuple_of::<2>()?;
        let key = key.as_atom()?;
        self.sized |=
            matches!(key, am::PRIORITY | am::MIN_HEAP_SIZE | am::MAX_HEAP_SIZE | am::FULLSWEEP_AFTER | am::SCHEDULER);
        match key {
            am::PRIORITY => s.priority = flag::priority(value)?,
            am::MESSAGE_QUEUE_DATA => s.off_heap_messages = flag::message_queue_data(value)?,
            am::MIN_HEAP_SIZE => s.min_heap_size = small_count(value)?,
            am::LINK if girder_vm::Profile::get().release >= 29 => {
                (s.link, s.priority_link) = (true, super::signal::priority_option(value)?);
            }
            am::MIN_BIN_VHEAP_SIZE => s.min_bin_vheap_size = Some(small_count(value)?),
            am::MAX_HEAP_SIZE => s.max_heap = Some(flag::max_heap(value, limits::DEFAULTS.max_heap())?),
            am::FULLSWEEP_AFTER => s.fullsweep_after = Some(limits::fullsweep_after(small_count(value)?)),
            am::SCHEDULER => {
                if small_count(value)? > girder_vm::sched::count() {
                    return None;
                }
            }
            am::ASYNC_DIST if girder_vm::Profile::get().release >= 27 => s.async_dist = value.as_bool()?,
            am::MONITOR => s.monitor = Some(crate::monitor::options(value)?),
            am::REPLY => {
                self.reply = Some(match value.as_atom()? {
                    am::YES => (true, true),
                    am::NO => (false, false),
                    am::ERROR_ONLY => (false, true),
                    am::SUCCESS_ONLY => (true, false),
                    _ => return None,
                });
            }
            am::REPLY_TAG => self.reply_tag = Some(value),
            _ => return None,
        }
        Some(())
    }
}

fn small_count(t: Term<'_>) -> Option<usize> {
    usize::try_from(t.as_small()?).ok()
}

/// `{ReplyTag, Reference, ok | error, Result}` for the caller, a message that comes before all signals of the child.
fn reply<'s>(tag: Term<'s>, reference: Term<'s>, kind: Atom, result: Term<'s>) -> Message {
    Message::build(|b| b.tuple(&[b.copy(tag), b.copy(reference), Term::atom(kind), b.copy(result)]))
}

fn spawn_request_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let Some((m, f, a)) = mfa(args) else { return Ok(Term::atom(am::BADARG)) };
    let Some(o) = Options::read(args[3]) else { return Ok(Term::atom(am::BADOPT)) };
    let mut error = (!o.fine).then_some(am::BADOPT);
    let (tell_success, tell_error) = o.reply.unwrap_or((true, true));
    let tag = o.reply_tag.unwrap_or(Term::atom(am::SPAWN_REPLY));
    let me = ctx.self_pid().raw();
    if error.is_none() {
        match spawn::spawn_requested(ctx, m, f, a, &o.spawn, tag) {
            Ok((r, start)) => {
                let r = r.term(ctx);
                if tell_success {
                    let answer = reply(tag, r, am::OK, Term::immediate(start.pid()).unwrap_or(Term::NIL));
                    start.go_with_answer(me, answer);
                } else {
                    start.go();
                }
                return Ok(r);
            }
            Err(_) => error = Some(am::SYSTEM_LIMIT),
        }
    }
    let r = girder_vm::process::relations::Reference::fresh().term(ctx);
    if let (Some(e), true) = (error, tell_error) {
        girder_vm::signal::to_pid(me, reply(tag, r, am::ERROR, Term::atom(e)));
    }
    Ok(r)
}

/// A process at another node: there is no connection. `spawn_request` gets the request's reference, `spawn_opt` a pair
/// of it and whether a monitor was asked for; both get the error as a message unless they do not want it.
fn dist_spawn_request_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let badarg = Ok(Term::atom(am::BADARG));
    let what = args[1].as_tuple_of::<3>().and_then(|parts| mfa(&parts));
    let request = args[3].is(am::SPAWN_REQUEST);
    let (Some(node), Some(_), Some(opts)) = (args[0].as_atom(), what, args[2].to_vec()) else { return badarg };
    if node == girder_vm::node::Node::this_name() {
        return badarg;
    }
    let (mut tell, mut tag, mut monitor, mut bad) = (true, Term::atom(am::SPAWN_REPLY), false, false);
    for opt in opts {
        monitor |= opt.is(am::MONITOR);
        // Other options are the other node's to judge.
        let Some([key, value]) = opt.as_tuple_of::<2>() else { continue };
        match key.as_atom() {
            Some(am::REPLY_TAG) => tag = value,
            Some(am::REPLY) => match value.as_atom() {
                Some(am::YES | am::ERROR_ONLY) => tell = true,
                Some(am::NO | am::SUCCESS_ONLY) => tell = false,
                _ => bad = true,
            },
            Some(am::MONITOR) => {
                bad |= crate::monitor::options(value).is_none();
                monitor = true;
                continue;
            }
            _ => continue,
        }
        if !request {
            return badarg;
        }
    }
    if bad && !request {
        return badarg;
    }
    let reference = girder_vm::process::relations::Reference::fresh().term(ctx);
    if tell {
        let error = Term::atom(if bad { am::BADOPT } else { am::NOCONNECTION });
        girder_vm::signal::to_pid(ctx.self_pid().raw(), reply(tag, reference, am::ERROR, error));
    }
    Ok(if request { reference } else { ctx.tuple(&[reference, Term::bool(monitor)]) })
}

fn spawn_request_abandon_1<'s>(_ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    // A request at this node is answered before it returns: there is none to abandon.
    args[0].as_ref().map(|_| Term::FALSE).ok_or(Raise::Badarg)
}

fn spawn_system_process_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    spawn_with(ctx, args, &SpawnOptions { system: true, ..SpawnOptions::default() })
}
