//! What processes, and the threads that work for drivers, ask of a port.

use std::any::Any;

use super::info::{self, Item};
use super::poll::Mode;
use super::{Core, DriverPort, Output, Port};
use crate::atom::{Atom, am};
use crate::heap::{Builder, Detached};
use crate::process::exit::ExitKind;
use crate::process::relations::Link;
use crate::process::{report, table};
use crate::signal::{self, ReplyTo, Signal};
use crate::term::{RawTerm, Term};
use crate::trace::{Flags, ports};

/// What is asked.
pub enum Op {
    /// Output; with the owner that a message claims to come from, if it was sent as one.
    Command {
        /// The pid in the message.
        owner: Option<RawTerm>,
        /// The bytes.
        data: Output,
    },
    /// Closes the port.
    Close {
        /// The pid in the message.
        owner: Option<RawTerm>,
    },
    /// Gives the port another owner.
    Connect {
        /// The pid in the message.
        owner: Option<RawTerm>,
        /// The new owner; anything that is no local pid is refused.
        to: RawTerm,
    },
    /// `port_control`.
    Control(u32, Vec<u8>),
    /// `port_call`.
    Call(u32, Detached),
    /// `port_info`; nothing: all that `port_info/1` tells.
    Info(Option<Item>),
    /// Output that is none.
    BadOutput {
        /// It was sent as a message.
        sent: bool,
    },
    /// A message that ports do not know.
    BadMessage,
    /// A descriptor is ready.
    Ready(Mode),
    /// Something for the driver.
    Notice(Box<dyn Any + Send>),
    /// The time of the driver's timer of this number is over.
    Timeout(u32),
}

/// A request on its way.
pub struct Request {
    /// Who asks.
    pub caller: RawTerm,
    /// Who gets the answer.
    pub reply: Option<ReplyTo>,
    /// What is asked.
    pub op: Op,
}

impl From<Request> for Signal {
    fn from(r: Request) -> Signal {
        Signal::Port(Box::new(r))
    }
}

/// An answer.
pub enum Reply {
    /// An atom.
    Atom(Atom),
    /// Bytes, as a binary or a list.
    Bytes(Vec<u8>, bool),
    /// Any term.
    Term(Detached),
}

impl Reply {
    /// As a term.
    pub fn term<'s>(self, b: &Builder<'s>) -> Term<'s> {
        match self {
            Reply::Atom(a) => Term::atom(a),
            Reply::Bytes(bytes, true) => b.binary(&bytes),
            Reply::Bytes(bytes, false) => b.byte_list(&bytes),
            Reply::Term(d) => b.adopt(d),
        }
    }
}

impl Op {
    /// Comes from inside, and reaches a port that is closed but has output to write, too.
    pub(super) fn is_internal(&self) -> bool {
        matches!(self, Op::Ready(_) | Op::Notice(_) | Op::Timeout(_))
    }
    /// The answer of a port that is gone.
    fn dropped(&self) -> Reply {
        Reply::Atom(if matches!(self, Op::Info(_)) { am::UNDEFINED } else { am::BADARG })
    }
}

impl Request {
    /// Of nobody who waits for an answer.
    pub fn note(op: Op) -> Request {
        Request { caller: RawTerm::NIL, reply: None, op }
    }
    /// The port is gone.
    pub(crate) fn answer_dead(self) {
        let reply = self.op.dropped();
        self.answer(reply);
    }
    fn answer(&self, reply: Reply) {
        if let Some(to) = self.reply {
            to.reply(|b| reply.term(b));
        }
    }
}

impl Core {
    /// Does what is asked and sends the answer.
    pub(super) fn serve(&mut self, port: &Port, r: Request) {
        let Request { caller, reply, op } = r;
        let answer = self.perform(port, caller, op);
        Request { caller, reply, op: Op::BadMessage }.answer(answer);
    }
    /// Does what is asked.
    pub(super) fn perform(&mut self, port: &Port, caller: RawTerm, op: Op) -> Reply {
        let internal = op.is_internal();
        if self.gone || (self.closing.is_some() && !internal) {
            return op.dropped();
        }
        let done = |ok| Reply::Atom(if ok { am::TRUE } else { am::BADARG });
        self.io.caller = caller;
        let Some(driver) = self.driver.as_mut() else { return op.dropped() };
        if port.trace_flags().any(Flags::RECEIVE) {
            ports::asked(port, caller, &op, driver.is_vectored());
        }
        let answer = match op {
            Op::Command { owner, data } => {
                if disowned(&self.io, owner) {
                    return done(false);
                }
                info::count_output(data.len());
                self.io.bytes_out += data.len() as u64;
                driver.output_pieces(&mut self.io, data);
                done(true)
            }
            Op::Close { owner } => {
                if disowned(&self.io, owner) {
                    return done(false);
                }
                let reason = Detached::immediate(RawTerm::atom(am::NORMAL));
                done(self.close(port, owner.unwrap_or(caller), reason, owner.is_some(), false))
            }
            Op::Connect { owner, to } => done(self.connect(owner, to)),
            Op::Control(command, data) => match driver.control(&mut self.io, command, &data) {
                Some(bytes) => {
                    if port.trace_flags().any(Flags::SEND) {
                        ports::controlled(port, caller, &bytes);
                    }
                    Reply::Bytes(bytes, self.io.control_binary)
                }
                None => done(false),
            },
            Op::Call(command, data) => match driver.call(&mut self.io, command, &data) {
                Some(t) => Reply::Term(t),
                None => done(false),
            },
            Op::Info(item) => Reply::Term(Detached::build(|b| match item {
                Some(i) => self.info(port, b, i),
                None => self.all_info(port, b),
            })),
            Op::BadOutput { sent } => {
                let name = String::from_utf8_lossy(&self.io.name).into_owned();
                table::with(caller, |p| {
                    report::error(p, "Bad value on output port '~s'~n", |b| b.list(&[b.string(&name)]));
                });
                if sent {
                    bad_signal(&self.io);
                }
                done(false)
            }
            Op::BadMessage => {
                bad_signal(&self.io);
                done(false)
            }
            Op::Ready(Mode::Read) => {
                driver.ready_input(&mut self.io);
                done(true)
            }
            Op::Ready(Mode::Write) => {
                driver.ready_output(&mut self.io);
                done(true)
            }
            Op::Notice(what) => {
                driver.notice(&mut self.io, what);
                done(true)
            }
            Op::Timeout(number) => {
                driver.timeout(&mut self.io, number);
                done(true)
            }
        };
        self.settle(port);
        answer
    }
    fn connect(&mut self, owner: Option<RawTerm>, to: RawTerm) -> bool {
        if let Some(owner) = owner {
            if !to.is_local_pid() || owner != self.io.connected {
                bad_signal(&self.io);
                return false;
            }
            self.io.connected = to;
            self.io.send(owner, |_| Term::atom(am::CONNECTED));
            return true;
        }
        if !to.is_local_pid() || table::with(to, |p| p.state().get().exiting()) != Some(false) {
            return false;
        }
        let linked = self.links.get(&to.bits()).is_some_and(|l| l.unlink == 0);
        if !linked {
            self.links.insert(to.bits(), Link::default());
            signal::signal(to, Signal::Link { from: self.io.id });
        }
        self.io.connected = to;
        // A caller is told by the answer, and tracers that it is told as an owner who sends is.
        self.io.show(self.io.caller, |_| Term::atom(am::CONNECTED));
        true
    }
}

/// A message of somebody who is not the owner: the owner hears of it.
fn disowned(io: &DriverPort, owner: Option<RawTerm>) -> bool {
    let wrong = owner.is_some_and(|o| o != io.connected);
    if wrong {
        bad_signal(io);
    }
    wrong
}

fn bad_signal(io: &DriverPort) {
    let reason = Detached::immediate(RawTerm::atom(am::BADSIG));
    signal::signal(io.connected, Signal::Exit { from: io.id, reason, kind: ExitKind::Sent });
}
