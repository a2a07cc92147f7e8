//! Making ports.

use std::collections::VecDeque;
use std::sync::Arc;

use super::few::Few;
use super::turn::Running;
use super::{Core, Driver, DriverPort, Limits, LineBuffer, Port, Table};
use crate::atom::am;
use crate::heap::Detached;
use crate::process::State;
use crate::process::relations::Link;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::inbox::Inbox;
use crate::term::RawTerm;
use crate::trace::{Flags, ports};

/// How a port is to be, whatever its driver.
#[derive(Clone, Default)]
pub struct Settings {
    /// What `port_info(Port, name)` tells.
    pub name: Vec<u8>,
    /// Data comes as binaries.
    pub binary: bool,
    /// The end of input is a message and does not close the port.
    pub soft_eof: bool,
    /// Data comes in lines of at most this many bytes.
    pub line: Option<usize>,
    /// Noted for `port_info` alone.
    pub parallelism: bool,
    /// When the port is busy.
    pub limits: Limits,
}

/// Whether there is room for another port.
pub fn room() -> bool {
    Table::get().count() < Table::get().limit()
}

/// Makes a port that belongs to `connected` and is linked to it if `link` (the caller has the other side of the link);
/// `start` makes its driver. `None` if there are too many ports.
pub fn open<E>(
    connected: RawTerm,
    link: bool,
    settings: Settings,
    start: impl FnOnce(&mut DriverPort) -> Result<Box<dyn Driver>, E>,
) -> Option<Result<RawTerm, E>> {
    let guard = crossbeam_epoch::pin();
    let port = Table::get().insert(|id| Port::new(id, connected, settings), &guard)?;
    let mut running = Running::opened(port);
    let core = running.core();
    Some(match start(&mut core.io) {
        Ok(driver) => {
            port.soft_busy.store(driver.soft_busy(), Ordering::Relaxed);
            core.driver = Some(driver);
            if link {
                core.links.insert(connected.bits(), Link::default());
            }
            ports::opened(port, connected, &String::from_utf8_lossy(&core.io.name));
            core.io.traced = port.trace_flags();
            core.settle(port);
            Ok(port.id)
        }
        Err(e) => {
            core.gone = true;
            Err(e)
        }
    })
}

impl Port {
    fn new(id: RawTerm, connected: RawTerm, s: Settings) -> Port {
        let busy = Arc::default();
        let io = DriverPort {
            id,
            name: s.name,
            connected,
            binary: s.binary,
            soft_eof: s.soft_eof,
            parallelism: s.parallelism,
            line: s.line.map(LineBuffer::new),
            limits: s.limits,
            bytes_in: 0,
            bytes_out: 0,
            os_pid: None,
            busy: Arc::clone(&busy),
            ending: None,
            caller: connected,
            monitors: Few::default(),
            again: false,
            control_binary: false,
            traced: Flags::NONE,
        };
        let core = Core {
            io,
            driver: None,
            links: Few::default(),
            watchers: Few::default(),
            left: VecDeque::new(),
            closing: None,
            gone: false,
            told_active: false,
        };
        Port {
            id,
            state: State::opened(),
            inbox: Inbox::default(),
            name: AtomicU32::new(0),
            trace: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            ready: AtomicU32::new(0),
            busy,
            soft_busy: AtomicBool::new(false),
            data: Mutex::new(Some(Detached::immediate(RawTerm::atom(am::UNDEFINED)))),
            core: Mutex::new(core),
        }
    }
}
