//! Signals between processes that no scheduler runs: the tests take the schedulers' part.

use super::*;
use crate::atom::{Atom, am};
use crate::process::exit;
use crate::process::relations::{Alias, AliasMode, Link, Monitor};
use crate::process::table::Table;
use crate::sched::Scheduler;
use crate::term::Term;

/// A process in the table; the test owns it.
fn process(guard: &crossbeam_epoch::Guard) -> &Process {
    let p = Table::get().insert(Process::for_test, guard).expect("room in the table");
    assert!(p.state().start().is_some());
    p
}

fn atom(a: Atom) -> Detached {
    Detached::immediate(RawTerm::atom(a))
}

fn exit_signal(from: &Process, reason: Atom, kind: ExitKind) -> Signal {
    Signal::Exit { from: from.pid(), reason: atom(reason), kind }
}

fn link(a: &Process, b: &Process) {
    for (x, y) in [(a, b), (b, a)] {
        x.owner().relations.borrow_mut().links.insert(y.pid().bits(), Link::default());
    }
}

/// The messages of a process, printed.
fn messages(p: &Process) -> Vec<String> {
    fetch(p);
    let mut all = Vec::new();
    while let Some(m) = p.owner().mailbox.queue.pop() {
        m.with_term(|t| all.push(format!("{t:?}")));
    }
    all
}

/// Runs the exit of a process to its end.
fn finish(p: &Process) {
    let s = Scheduler::new(0);
    while !exit::step(&s, p) {
        p.owner().fcalls.set(100);
    }
}

fn reason(p: &Process) -> Option<String> {
    let exit = p.owner().exit.take();
    let reason = exit.as_ref().map(|e| e.reason.with(|t| format!("{t:?}")));
    p.owner().exit.set(exit);
    reason
}

#[test]
fn exit_signals_follow_the_rules() {
    // kind, reason, trapping, linked -> what becomes of the receiver: its exit reason, or nothing.
    let rows = [
        (ExitKind::Sent, am::KILL, true, false, Some("killed")),
        (ExitKind::Sent, am::KILL, false, false, Some("killed")),
        (ExitKind::Sent, am::NORMAL, false, false, None),
        (ExitKind::ToSelf, am::NORMAL, false, false, Some("normal")),
        (ExitKind::Sent, am::ERROR, false, false, Some("error")),
        (ExitKind::Sent, am::ERROR, true, false, None),
        (ExitKind::Linked, am::KILL, false, true, Some("kill")),
        (ExitKind::Linked, am::ERROR, false, false, None),
        (ExitKind::Linked, am::NORMAL, false, true, None),
    ];
    for (kind, why, trapping, linked, want) in rows {
        let g = crossbeam_epoch::pin();
        let (a, b) = (process(&g), process(&g));
        b.owner().flags.trap_exit.set(trapping);
        if linked {
            link(a, b);
        }
        signal(b.pid(), exit_signal(a, why, kind));
        fetch(b);
        assert_eq!(reason(b).as_deref(), want, "{kind:?} {} {trapping} {linked}", why.name());
        let trapped = trapping && want.is_none();
        assert_eq!(b.owner().mailbox.len(), usize::from(trapped));
        assert!(!b.owner().relations.borrow().is_linked(a.pid()));
    }
}

#[test]
fn an_exit_reaches_links_and_monitors() {
    let g = crossbeam_epoch::pin();
    let (a, b, c) = (process(&g), process(&g), process(&g));
    link(a, b);
    b.owner().flags.trap_exit.set(true);
    let r = Reference::fresh();
    signal(a.pid(), Signal::Monitor { from: c.pid(), numbers: r.numbers, name: None });
    let m = Monitor { watched: Watched::Pid(a.pid()), alias_pid: None, tag: None, priority: false };
    c.owner().relations.borrow_mut().monitors.insert(r.numbers, m);
    fetch(a);
    exit::begin(a, atom(am::ERROR));
    exit::begin(a, atom(am::KILLED));
    finish(a);
    assert!(Table::get().find(a.pid(), &g).is_none());
    let got = messages(b);
    assert!(got.len() == 1 && got[0].starts_with("{'EXIT',<0.") && got[0].ends_with(",error}"), "{got:?}");
    let got = messages(c);
    assert!(got.len() == 1 && got[0].starts_with("{'DOWN',#Ref<0.") && got[0].ends_with(",error}"), "{got:?}");
    assert!(c.owner().relations.borrow().monitors.is_empty());
}

#[test]
fn what_meets_a_dead_process_is_answered() {
    let g = crossbeam_epoch::pin();
    let (a, b) = (process(&g), process(&g));
    exit::begin(b, atom(am::NORMAL));
    a.owner().flags.trap_exit.set(true);
    a.owner().relations.borrow_mut().links.insert(b.pid().bits(), Link::default());
    // In the inbox before the exit closes it, and after.
    signal(b.pid(), Signal::Link { from: a.pid() });
    finish(b);
    assert!(messages(a)[0].ends_with(",noproc}"));
    let r = Reference::fresh();
    let m = Monitor { watched: Watched::Pid(b.pid()), alias_pid: None, tag: Some(atom(am::TAG)), priority: false };
    a.owner().relations.borrow_mut().monitors.insert(r.numbers, m);
    signal(b.pid(), Signal::Monitor { from: a.pid(), numbers: r.numbers, name: None });
    assert!(messages(a)[0].starts_with("{tag,"));
    signal(b.pid(), Signal::IsAlive { to: ReplyTo { pid: a.pid(), reference: r } });
    assert!(messages(a)[0].ends_with(",false}"));
    to_pid(b.pid(), Message::copy_of(Term::small(1)));
}

#[test]
fn an_unlink_hides_exits_until_it_is_acknowledged() {
    let g = crossbeam_epoch::pin();
    let (a, b) = (process(&g), process(&g));
    link(a, b);
    a.owner().relations.borrow_mut().links.insert(b.pid().bits(), Link { unlink: 7, priority: false });
    signal(b.pid(), Signal::Unlink { from: a.pid(), id: 7 });
    signal(a.pid(), exit_signal(b, am::ERROR, ExitKind::Linked));
    fetch(a);
    assert_eq!(reason(a), None);
    fetch(b);
    assert!(b.owner().relations.borrow().links.is_empty());
    fetch(a);
    assert!(a.owner().relations.borrow().links.is_empty());
    // A link made meanwhile is not undone by the old acknowledgement.
    link(a, b);
    signal(a.pid(), Signal::UnlinkAck { from: b.pid(), id: 7 });
    fetch(a);
    assert!(a.owner().relations.borrow().is_linked(b.pid()));
}

#[test]
fn aliases_let_messages_through_as_long_as_they_are_in_force() {
    let g = crossbeam_epoch::pin();
    let p = process(&g);
    for (mode, priority, want) in [
        (AliasMode::ExplicitUnalias, false, vec!["0", "1", "2"]),
        (AliasMode::Reply, false, vec!["0", "1"]),
        (AliasMode::ExplicitUnalias, true, vec!["1", "2", "0"]),
    ] {
        let r = Reference::fresh_alias(p.pid());
        p.owner().relations.borrow_mut().aliases.insert(r.numbers, Alias { mode, priority });
        to_pid(p.pid(), Message::copy_of(Term::small(0)));
        for i in 1..3 {
            let m = Message::copy_of(Term::small(i)).with_signal(Signal::PriorityAlias(r.numbers));
            to_pid(p.pid(), m);
        }
        assert_eq!(messages(p), want);
        p.owner().relations.borrow_mut().aliases.clear();
        to_pid(p.pid(), Message::copy_of(Term::small(3)).with_signal(Signal::Alias(r.numbers)));
        assert!(messages(p).is_empty());
    }
}

#[test]
fn a_process_is_suspended_until_its_last_suspender_resumes_it() {
    let g = crossbeam_epoch::pin();
    let (a, b, p) = (process(&g), process(&g), process(&g));
    for s in [a, b] {
        signal(p.pid(), Signal::Suspend { from: s.pid(), suspend: true, reply: None });
        s.owner().relations.borrow_mut().suspended.insert(p.pid().bits(), 1);
    }
    fetch(p);
    assert!(p.state().get().suspended());
    signal(p.pid(), Signal::Resume { from: a.pid() });
    fetch(p);
    assert!(p.state().get().suspended());
    exit::begin(b, atom(am::NORMAL));
    finish(b);
    fetch(p);
    assert!(!p.state().get().suspended(), "the end of a suspender resumes");
    exit::begin(p, atom(am::NORMAL));
    finish(p);
    fetch(a);
    assert_eq!(a.owner().relations.borrow().suspended.len(), 1, "a had resumed it, so it is told nothing");
}

#[test]
fn many_links_fall_in_steps() {
    let g = crossbeam_epoch::pin();
    let p = process(&g);
    let others: Vec<&Process> = (0..500).map(|_| process(&g)).collect();
    others.iter().for_each(|o| link(p, o));
    exit::begin(p, atom(am::ERROR));
    p.owner().fcalls.set(100);
    assert!(!exit::step(&Scheduler::new(0), p), "the reductions do not last for all");
    finish(p);
    for o in others {
        fetch(o);
        assert_eq!(reason(o).as_deref(), Some("error"));
    }
}
