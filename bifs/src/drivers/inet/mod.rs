//! Sockets as ports: the protocol between `prim_inet` and its drivers.
//!
//! Requests come as operations of `port_control`, a magic number added to them; a reply is a list of bytes that begins
//! with a code. Invariant: a request that a driver does not know is answered with the error `einval`, never dropped.

mod address;
mod options;
pub(crate) mod udp;

use girder_vm::port::DriverPort;
use rustix::io::Errno;

/// Added to every operation.
const MAGIC: u32 = 0x03f1_a300;
/// First byte of the reply: an error, its name follows.
const ERROR: u8 = 0;
/// First byte of the reply: done, what was asked for follows.
const OK: u8 = 1;

/// The operations that are known here, with OTP's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operation {
    Open = 1,
    Name = 5,
    Bind = 6,
    SetOptions = 7,
    GetOptions = 8,
    GetHostName = 12,
    GetType = 15,
    Subscribe = 24,
}

const OPERATIONS: [Operation; 8] = [
    Operation::Open,
    Operation::Name,
    Operation::Bind,
    Operation::SetOptions,
    Operation::GetOptions,
    Operation::GetHostName,
    Operation::GetType,
    Operation::Subscribe,
];

/// Why a request is refused: the name of an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Refused(&'static str);

/// The request is unknown, or the socket is not open.
const BAD_PORT: Refused = Refused("exbadport");

impl From<Errno> for Refused {
    fn from(e: Errno) -> Refused {
        Refused(girder_vm::sys::errno::name(e.raw_os_error()))
    }
}

/// What a kind of socket does.
trait Protocol: Send {
    /// Does what is asked; gives what follows the code in the reply.
    fn request(&mut self, port: &mut DriverPort, operation: Operation, data: &[u8]) -> Result<Vec<u8>, Refused>;
}

/// `port_control` of any kind of socket.
fn control(p: &mut impl Protocol, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
    let known = OPERATIONS.into_iter().find(|o| MAGIC + *o as u32 == command);
    let done = known.ok_or(BAD_PORT).and_then(|o| p.request(port, o, data));
    Some(match done {
        Ok(reply) => [&[OK], reply.as_slice()].concat(),
        Err(Refused(name)) => [&[ERROR], name.as_bytes()].concat(),
    })
}

fn i32_at(data: &[u8], at: usize) -> Result<i32, Errno> {
    let bytes = data.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(Errno::INVAL)?;
    Ok(i32::from_be_bytes(bytes))
}

/// The name of this host, up to the first dot or not: as the system has it.
fn host_name() -> Vec<u8> {
    rustix::system::uname().nodename().to_bytes().to_vec()
}

/// What `subscribe` answers: there is no output that waits.
fn subscribe(data: &[u8]) -> Result<Vec<u8>, Errno> {
    /// `subs_empty_out_q`.
    const EMPTY_OUT_Q: u8 = 1;
    match data.iter().all(|&d| d == EMPTY_OUT_Q) {
        true => Ok(data.iter().flat_map(|&d| [d, 0, 0, 0, 0]).collect()),
        false => Err(Errno::INVAL),
    }
}
