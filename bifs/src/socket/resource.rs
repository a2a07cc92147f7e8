//! [`Socket`]: a socket with who owns it and who waits for it.
//!
//! Invariants: reading and writing have a lock each, taken in this order and before that of the socket's life; the
//! descriptor is there, for both, until the socket is closed, which takes all locks; `CLOSING` and `CLOSED` are set for
//! both together. Who owns a socket or waits for it is a follower: a process that has the socket among its resources
//! and so tells of its end. No lock is held while a process is made a follower from outside.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use girder_vm::heap::message::Message;
use girder_vm::heap::{Builder, Detached};
use girder_vm::port::poll::{self, Mode, Target};
use girder_vm::process::relations::{RefNumbers, Resource};
use girder_vm::process::unique;
use girder_vm::signal::Signal;
use girder_vm::sys::{fd, socket};
use girder_vm::{Atom, Ctx, Profile, RawTerm, Term, am, signal};

use super::globals;
use super::queue::{Left, Queue, Requestor};

/// What a direction has become, as bits; `socket:info/1` shows their names.
pub(super) mod state {
    pub(in super::super) const BOUND: u32 = 1;
    pub(in super::super) const LISTENING: u32 = 2;
    pub(in super::super) const ACCEPTING: u32 = 4;
    pub(in super::super) const CONNECTING: u32 = 8;
    pub(in super::super) const CONNECTED: u32 = 16;
    pub(in super::super) const SELECTED: u32 = 32;
    pub(in super::super) const CLOSING: u32 = 64;
    pub(in super::super) const CLOSED: u32 = 128;
    /// Neither `CLOSING` nor `CLOSED`.
    pub(in super::super) const fn open(state: u32) -> bool {
        state & (CLOSING | CLOSED) == 0
    }
}

/// What was done in one direction.
#[derive(Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) bytes: u64,
    pub(super) fails: u64,
    pub(super) packets: u64,
    pub(super) largest: u64,
    /// Bytes of the packet that is under way.
    pub(super) so_far: u64,
    pub(super) tries: u64,
    pub(super) waits: u64,
}

impl Counts {
    /// A packet, or its last part, went through.
    pub(super) fn packet(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
        self.part(bytes);
        self.so_far = 0;
    }
    /// Messages went through, which are not compared with what else did.
    pub(super) fn messages(&mut self, number: usize, bytes: usize) {
        self.packets += number as u64;
        self.bytes += bytes as u64;
    }
    /// A message came. Only 29 compares it with what else came.
    pub(super) fn message(&mut self, bytes: usize) {
        if Profile::get().release >= 28 { self.packet(bytes) } else { self.messages(1, bytes) }
    }
    /// A part of a packet went through.
    pub(super) fn part(&mut self, bytes: usize) {
        self.so_far += bytes as u64;
        self.largest = self.largest.max(self.so_far);
    }
}

/// What was done to take connections.
#[derive(Default, Clone, Copy)]
pub(super) struct Accepts {
    pub(super) successes: u64,
    pub(super) fails: u64,
    pub(super) tries: u64,
    pub(super) waits: u64,
}

/// What was done to send files.
#[derive(Default, Clone, Copy)]
pub(super) struct Files {
    pub(super) calls: u64,
    pub(super) bytes: u64,
    pub(super) fails: u64,
    pub(super) largest: u64,
    pub(super) packets: u64,
    pub(super) largest_packet: u64,
    pub(super) tries: u64,
    pub(super) waits: u64,
    /// Bytes of the file that is under way.
    pub(super) so_far: u64,
}

/// Options that a listening socket's connections inherit.
#[derive(Clone, Copy)]
pub(super) struct Buffers {
    /// Bytes that a read without a length has room for.
    pub(super) size: usize,
    /// So many full ones make an answer.
    pub(super) number: u32,
    /// Bytes of control data.
    pub(super) control: usize,
    /// The next read begins when one has ended (29).
    pub(super) select_read: bool,
}

/// Input, and connections that come in.
pub(super) struct Reading {
    fd: Option<Arc<OwnedFd>>,
    pub(super) state: u32,
    pub(super) readers: Queue,
    pub(super) acceptors: Queue,
    pub(super) counts: Counts,
    pub(super) accepts: Accepts,
    pub(super) buffers: Buffers,
    /// Full buffers since the last answer.
    pub(super) full: u32,
    /// In 27: what came of less than was asked for, until the rest comes.
    pub(super) kept: Vec<u8>,
}

/// Output, and what else changes under its lock.
pub(super) struct Writing {
    fd: Option<Arc<OwnedFd>>,
    pub(super) state: u32,
    pub(super) writers: Queue,
    pub(super) connector: Option<Requestor>,
    pub(super) counts: Counts,
    /// Bytes of control data.
    pub(super) control: usize,
    /// A file that is being sent.
    pub(super) file: Option<OwnedFd>,
    /// Since the first file.
    pub(super) files: Option<Box<Files>>,
    pub(super) debug: bool,
    pub(super) wrap: bool,
    pub(super) registered: bool,
    pub(super) meta: Option<Detached>,
}

/// Who has to do with the socket's end.
#[derive(Default)]
pub(super) struct Life {
    pub(super) owner: Option<RawTerm>,
    pub(super) closer: Option<RawTerm>,
    /// Processes that have it among their resources.
    followers: BTreeSet<u64>,
}

/// The descriptor that a socket was made of.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) number: i32,
    /// It is a duplicate, so it is closed.
    pub(super) duplicate: bool,
}

/// See the module's head.
pub(super) struct Socket {
    numbers: RefNumbers,
    pub(super) domain: i32,
    pub(super) kind: i32,
    pub(super) protocol: i32,
    pub(super) origin: Option<Origin>,
    reading: Mutex<Reading>,
    writing: Mutex<Writing>,
    life: Mutex<Life>,
}

/// Tells a socket that a process has ended.
struct Follower {
    socket: Weak<Socket>,
    pid: RawTerm,
}

impl Resource for Follower {
    fn owner_exited(self: Arc<Self>) {
        if let Some(s) = self.socket.upgrade() {
            s.down(self.pid);
        }
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reading {
    /// The descriptor, while the socket is open; not to be kept longer than the lock.
    pub(super) fn fd(&self) -> Option<Arc<OwnedFd>> {
        if state::open(self.state) { self.fd.clone() } else { None }
    }
}

impl Writing {
    /// The descriptor, while the socket is open; not to be kept longer than the lock.
    pub(super) fn fd(&self) -> Option<Arc<OwnedFd>> {
        if state::open(self.state) { self.fd.clone() } else { None }
    }
}

/// What is left to do for a socket that is closed, without its locks.
pub(super) struct Remains {
    fd: Option<OwnedFd>,
    followers: BTreeSet<u64>,
}

impl Remains {
    /// The descriptor, if it is the socket's own to close. The processes that followed the socket do not any more; of
    /// them `own` is not asked by a signal.
    pub(super) fn settle(self, numbers: RefNumbers, own: RawTerm) -> Option<OwnedFd> {
        for pid in self.followers {
            if pid != own.bits() {
                signal::signal(RawTerm::from_bits(pid), Signal::Disown { numbers });
            }
        }
        self.fd
    }
}

impl Socket {
    /// A new one, which nobody owns yet.
    pub(super) fn new(
        fd: OwnedFd,
        (domain, kind, protocol): (i32, i32, i32),
        origin: Option<Origin>,
        buffers: Buffers,
    ) -> Arc<Socket> {
        let fd = Arc::new(fd);
        Arc::new(Socket {
            numbers: unique::magic_reference(),
            domain,
            kind,
            protocol,
            origin,
            reading: Mutex::new(Reading {
                fd: Some(fd.clone()),
                state: 0,
                readers: Queue::default(),
                acceptors: Queue::default(),
                counts: Counts::default(),
                accepts: Accepts::default(),
                buffers,
                full: 0,
                kept: Vec::new(),
            }),
            writing: Mutex::new(Writing {
                fd: Some(fd),
                state: 0,
                writers: Queue::default(),
                connector: None,
                counts: Counts::default(),
                control: CONTROL,
                file: None,
                files: None,
                debug: false,
                wrap: false,
                registered: false,
                meta: None,
            }),
            life: Mutex::default(),
        })
    }
    /// It carries packets that are no messages.
    pub(super) fn is_stream(&self) -> bool {
        self.kind == socket::SOCK_STREAM
    }
    pub(super) fn reading(&self) -> MutexGuard<'_, Reading> {
        lock(&self.reading)
    }
    pub(super) fn writing(&self) -> MutexGuard<'_, Writing> {
        lock(&self.writing)
    }
    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }
    /// The reference that programs have.
    pub(super) fn reference<'s>(self: &Arc<Self>, b: &Builder<'s>) -> Term<'s> {
        b.magic_reference(self.numbers, Box::new(self.clone()))
    }
    /// What it is known by among the resources of a process.
    pub(super) fn numbers(&self) -> RefNumbers {
        self.numbers
    }

    // ---- Messages

    /// `{'$socket', {'$socket', Socket}, Tag, Info}`.
    fn message(self: &Arc<Self>, tag: Atom, info: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) -> Message {
        Message::build(|b| {
            let socket = b.tuple(&[am::SOCKET_TAG.into(), self.reference(b)]);
            b.tuple(&[am::SOCKET_TAG.into(), socket, tag.into(), info(b)])
        })
    }
    pub(super) fn abort(self: &Arc<Self>, who: Requestor, reason: Atom) {
        signal::to_pid(who.pid, self.message(am::ABORT, |b| b.tuple(&[who.handle.term(b), reason.into()])));
    }
    /// Tells the process that keeps the register: `{'$socket', What, {'$socket', Socket}}`.
    pub(super) fn tell_registry(self: &Arc<Self>, what: Atom) {
        if let Some(pid) = globals::registry() {
            let m = Message::build(|b| {
                let socket = b.tuple(&[am::SOCKET_TAG.into(), self.reference(b)]);
                b.tuple(&[am::SOCKET_TAG.into(), what.into(), socket])
            });
            signal::to_pid(pid, m);
        }
    }

    // ---- Waiting

    /// Has a process told when the descriptor is ready: `{'$socket', Socket, select, Handle}`.
    pub(super) fn select(self: &Arc<Self>, fd: BorrowedFd<'_>, mode: Mode, who: Requestor) {
        let socket = self.clone();
        let tell = move || signal::to_pid(who.pid, socket.message(am::SELECT, |b| who.handle.term(b)));
        poll::select(fd, mode, Target::Call(Box::new(tell)));
    }
    /// The next one of a queue has its turn.
    pub(super) fn advance(self: &Arc<Self>, fd: BorrowedFd<'_>, mode: Mode, queue: &mut Queue) {
        if let Some(who) = queue.advance() {
            self.select(fd, mode, who);
        }
    }
    /// All that wait are told that it is in vain.
    pub(super) fn fail_waiting(self: &Arc<Self>, queue: &mut Queue, reason: Atom) {
        queue.current = None;
        for who in queue.take_waiting() {
            self.abort(who, reason);
        }
    }
    /// The running process is told of by its resources when it ends.
    pub(super) fn follow(self: &Arc<Self>, ctx: &Ctx<'_>) {
        let pid = ctx.self_pid().raw();
        if self.life().followers.insert(pid.bits()) {
            ctx.own(self.numbers, Arc::new(Follower { socket: Arc::downgrade(self), pid }));
        }
    }
    /// As [`Socket::follow`], for another process. No lock of the socket may be held.
    pub(super) fn have_follow(self: &Arc<Self>, pid: RawTerm) {
        if self.life().followers.insert(pid.bits()) {
            let resource = Arc::new(Follower { socket: Arc::downgrade(self), pid });
            signal::signal(pid, Signal::Own { numbers: self.numbers, resource });
        }
    }
    /// The running process has no more to do with it.
    pub(super) fn unfollow(&self, ctx: &Ctx<'_>) {
        if self.life().followers.remove(&ctx.self_pid().raw().bits()) {
            ctx.disown(self.numbers);
        }
    }
    /// The running process owns it, and the register knows it if it shall.
    pub(super) fn begin(self: &Arc<Self>, ctx: &Ctx<'_>, registered: bool) {
        self.life().owner = Some(ctx.self_pid().raw());
        self.follow(ctx);
        if registered {
            self.tell_registry(am::ADD);
        }
    }

    // ---- The end

    /// Ends all waiting because the socket closes.
    pub(super) fn stop(self: &Arc<Self>, r: &mut Reading, w: &mut Writing) {
        let Some(fd) = r.fd.clone() else { return };
        r.state |= state::CLOSING;
        w.state |= state::CLOSING;
        // Who has been told already looks itself and sees that the socket is closed.
        let unread = poll::cancel(fd.as_fd(), Mode::Read);
        let unwritten = poll::cancel(fd.as_fd(), Mode::Write);
        poll::forget(fd.as_fd());
        for (queue, untold) in [(&mut w.writers, unwritten), (&mut r.readers, unread), (&mut r.acceptors, unread)] {
            if let Some(who) = queue.current.filter(|_| untold) {
                self.abort(who, am::CLOSED);
            }
            self.fail_waiting(queue, am::CLOSED);
        }
        if let Some(who) = w.connector.take().filter(|_| unwritten) {
            self.abort(who, am::CLOSED);
        }
    }
    /// Takes the descriptor away.
    pub(super) fn take(self: &Arc<Self>, r: &mut Reading, w: &mut Writing, life: &mut Life) -> Remains {
        r.state |= state::CLOSED;
        w.state |= state::CLOSED;
        (life.owner, life.closer) = (None, None);
        w.meta = None;
        let fd = w.fd.take().and(r.fd.take()).and_then(Arc::into_inner);
        globals::gone(self.domain, self.kind, self.protocol);
        if w.registered {
            self.tell_registry(am::DEL);
        }
        Remains { fd: self.own(fd), followers: std::mem::take(&mut life.followers) }
    }
    /// Lets a descriptor live on that is somebody else's.
    fn own(&self, fd: Option<OwnedFd>) -> Option<OwnedFd> {
        match (fd, self.origin) {
            (Some(fd), Some(Origin { duplicate: false, .. })) => {
                // The number stays open, as the program that named it wants it.
                let _ = fd.into_raw_fd();
                None
            }
            (fd, _) => fd,
        }
    }
    /// A process has ended that owned the socket, closed it, or waited for it.
    fn down(self: &Arc<Self>, pid: RawTerm) {
        let (mut r, mut w) = (self.reading(), self.writing());
        let mut life = self.life();
        life.followers.remove(&pid.bits());
        let is_closer = life.closer == Some(pid);
        if is_closer || (life.owner == Some(pid) && state::open(r.state)) {
            if w.file.is_some() {
                self.tell_registry(am::SENDFILE_DEFERRED_CLOSE);
            }
            if !is_closer {
                self.stop(&mut r, &mut w);
            }
            let remains = self.take(&mut r, &mut w, &mut life);
            drop((life, w, r));
            if let Some(fd) = remains.settle(self.numbers, pid) {
                close_aside(fd);
            }
            return;
        }
        if life.owner == Some(pid) {
            life.owner = None;
        }
        drop(life);
        let Some(fd) = r.fd() else { return };
        if w.connector.is_some_and(|c| c.pid == pid) {
            w.connector = None;
            w.state &= !state::CONNECTING;
            poll::cancel(fd.as_fd(), Mode::Write);
        }
        if w.writers.leave(pid, None) == Left::Current {
            poll::cancel(fd.as_fd(), Mode::Write);
            self.advance(fd.as_fd(), Mode::Write, &mut w.writers);
        }
        if r.readers.leave(pid, None) == Left::Current {
            poll::cancel(fd.as_fd(), Mode::Read);
            self.advance(fd.as_fd(), Mode::Read, &mut r.readers);
        }
        if r.acceptors.leave(pid, None) == Left::Current {
            poll::cancel(fd.as_fd(), Mode::Read);
            self.advance(fd.as_fd(), Mode::Read, &mut r.acceptors);
            if r.acceptors.current.is_none() {
                r.state &= !state::ACCEPTING;
            }
        }
    }
}

/// Bytes of control data if nobody says otherwise.
pub(super) const CONTROL: usize = 1024;

impl Buffers {
    /// What a new socket has.
    pub(super) const DEFAULT: Buffers = Buffers { size: 8192, number: 0, control: CONTROL, select_read: false };
}

/// Closes where nobody can wait: what may take time goes to a thread of its own.
fn close_aside(fd: OwnedFd) {
    if socket::lingers(fd.as_fd()) {
        let number = fd.as_raw_fd();
        // Nobody is left to be told of an error. Without a thread the descriptor goes with the closure, here.
        let _ = std::thread::Builder::new().name(format!("close {number}")).spawn(move || fd::close(fd));
    } else {
        drop(fd);
    }
}

impl Drop for Socket {
    /// Nobody refers to it: it was closed before, or nobody can close it any more.
    fn drop(&mut self) {
        let r = self.reading.get_mut().unwrap_or_else(PoisonError::into_inner);
        let w = self.writing.get_mut().unwrap_or_else(PoisonError::into_inner);
        let fd = w.fd.take().and(r.fd.take()).and_then(Arc::into_inner);
        if let Some(fd) = fd {
            poll::forget(fd.as_fd());
            globals::gone(self.domain, self.kind, self.protocol);
            if let Some(fd) = self.own(Some(fd)) {
                close_aside(fd);
            }
        }
    }
}
