//! The end of a port.
//!
//! [`Core::close`] tells links and monitors and puts the port out of reach; the driver stops at once, or when its output
//! is written. Invariant: links and monitors are told once, before the owner's `closed` message, which comes when the
//! port has left the table.

use super::driver::Ending;
use super::poll::Readiness;
use super::{Core, Port};
use crate::atom::am;
use crate::heap::Detached;
use crate::process::exit::ExitKind;
use crate::process::registry;
use crate::signal::{self, Signal};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::term::RawTerm;
use crate::trace::ports::{self, Turn};
use crate::trace::{Flags, events};

impl Core {
    /// An exit signal of `from` reaches the port, or somebody closes it. `confirm`: the owner gets a `closed` message;
    /// `over_link`: `normal` ends only the port of its owner. `false` if nothing happens.
    pub(super) fn close(
        &mut self,
        port: &Port,
        from: RawTerm,
        reason: Detached,
        confirm: bool,
        over_link: bool,
    ) -> bool {
        let atom = reason.as_immediate().and_then(|t| t.as_atom());
        let permanent = self.driver.as_ref().is_some_and(|d| d.permanent());
        let harmless = atom == Some(am::NORMAL) && over_link && from != self.io.connected;
        if self.closing.is_some() || self.gone || permanent || harmless {
            return false;
        }
        ports::got_close(port, from);
        self.leave(port, reason, confirm);
        if let Some(d) = self.driver.as_mut() {
            let mut turn = Turn::of(port);
            if d.queued() > 0 {
                turn.comes_to(RawTerm::atom(am::FLUSH));
            }
            d.closing(&mut self.io);
            turn.end();
        }
        let at_once = atom == Some(am::KILL) || self.driver.as_ref().is_none_or(|d| d.queued() == 0);
        if at_once {
            self.stop();
        }
        true
    }
    /// The link between the port and its owner ends without a word.
    fn unlink_owner(&mut self) {
        let owner = self.io.connected;
        if self.links.remove(&owner.bits()).is_some_and(|l| l.unlink == 0) {
            // Nobody waits for the acknowledgement.
            signal::signal(owner, Signal::Unlink { from: self.io.id, id: 1 });
        }
    }
    /// Puts the port out of reach and tells those who are linked to it or watch it.
    fn leave(&mut self, port: &Port, reason: Detached, confirm: bool) {
        self.closing = Some(confirm);
        port.closed.store(true, Ordering::Release);
        let name = registry::release(port);
        if !port.trace_flags().is_empty() {
            ports::closed(port, &reason);
            if let Some(name) = name {
                events::named(port.id, am::UNREGISTER, name);
            }
        }
        port.busy.set(false);
        let killed = reason.as_immediate() == Some(RawTerm::atom(am::KILL));
        let reason = if killed { Detached::immediate(RawTerm::atom(am::KILLED)) } else { reason };
        for (partner, link) in std::mem::take(&mut self.links) {
            if link.unlink == 0 {
                let s = Signal::Exit { from: port.id, reason: reason.clone(), kind: ExitKind::Linked };
                signal::signal(RawTerm::from_bits(partner), s);
            }
        }
        for (numbers, watcher) in std::mem::take(&mut self.watchers) {
            signal::signal(watcher, Signal::Down { numbers, reason: reason.clone() });
        }
    }
    /// The driver gives up what it has.
    pub(super) fn stop(&mut self) {
        if let Some(mut d) = self.driver.take() {
            d.stop(&mut self.io);
        }
        self.io.demonitor_all();
        self.gone = true;
    }
    /// After each call of the driver: acts on what it has said, and ends a closed port that has nothing left to write.
    pub(super) fn settle(&mut self, port: &Port) {
        let ending = self.io.ending.take();
        if std::mem::take(&mut self.io.again) {
            port.ready.fetch_or(Readiness::AGAIN.0, Ordering::Relaxed);
            // This thread runs it: the end of the turn enqueues it.
            port.state.signal_came();
        }
        if matches!(ending, Some(Ending::Eof)) {
            self.io.flush_lines();
        }
        match ending {
            _ if self.gone => {}
            Some(_) if self.closing.is_some() => self.stop(),
            Some(Ending::Eof) if self.io.soft_eof => {
                self.io.send(self.io.connected, |_| am::EOF.into());
            }
            Some(ending) => {
                let reason = match ending {
                    Ending::Eof => Detached::immediate(RawTerm::atom(am::NORMAL)),
                    Ending::Failure(reason) => reason,
                    Ending::Told(reason) => {
                        self.unlink_owner();
                        reason
                    }
                };
                self.leave(port, reason, false);
                self.stop();
            }
            None => {
                let written = self.driver.as_ref().is_none_or(|d| d.queued() == 0);
                if self.closing.is_some() && written {
                    self.stop();
                }
            }
        }
    }
}

impl Port {
    /// The last step of a port that is gone: leaves the table, answers what is still in the inbox. Its thread does not
    /// touch it afterwards but through references that an epoch guard keeps alive.
    pub(super) fn retire(&self, mut core: crate::sync::MutexGuard<'_, Core>) {
        let left = std::mem::take(&mut core.left);
        let owner = core.closing.is_some_and(|confirm| confirm).then_some(core.io.connected);
        let mut waiting: Vec<_> = left.into_iter().collect();
        self.closed.store(true, Ordering::Release);
        waiting.extend(self.inbox.close());
        *lock(&self.data) = None;
        // What it wrote after it was closed may have made it busy once more, for one who had found it before.
        self.busy.set(false);
        self.state.free();
        super::Table::get().remove(self, &crossbeam_epoch::pin());
        if !self.trace_flags().is_empty() {
            ports::gone(self, owner);
        }
        core.io.traced = Flags::NONE;
        if let Some(owner) = owner {
            core.io.send(owner, |_| am::CLOSED.into());
        }
        drop(core);
        for m in waiting {
            signal::answer_dead(self.id, &m);
        }
    }
}
