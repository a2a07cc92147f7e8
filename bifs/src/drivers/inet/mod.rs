//! Sockets as ports: the protocol between `prim_inet` and its drivers.
//!
//! Requests come as operations of `port_control`, a magic number added to them; a reply is a list of bytes that begins
//! with a code. What takes time is answered by a message later. Invariant: a request that a driver does not know is
//! answered with an error, never dropped.

mod address;
mod common;
mod interfaces;
mod messages;
mod options;
mod packets;
mod services;
mod socket;
mod statistics;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::io;

use girder_vm::Atom;
use girder_vm::port::DriverPort;

/// Added to every operation.
const MAGIC: u32 = 0x03f1_a300;
/// First byte of the reply: an error, its name follows.
const ERROR: u8 = 0;
/// First byte of the reply: done, what was asked for follows.
const OK: u8 = 1;

macro_rules! operations {
    ($($name:ident = $number:literal;)*) => {
        /// The operations, with OTP's numbers.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        enum Operation { $($name = $number),* }

        const OPERATIONS: &[Operation] = &[$(Operation::$name),*];
    };
}

operations! {
    Open = 1; Close = 2; Connect = 3; Peer = 4; Name = 5; Bind = 6; SetOptions = 7; GetOptions = 8; GetStatistics = 11;
    GetHostName = 12; OpenDescriptor = 13; GetDescriptor = 14; GetType = 15; GetStatus = 16; GetServiceByName = 17;
    GetServiceByPort = 18; SetName = 19; SetPeer = 20; GetInterfaces = 21; GetInterface = 22; SetInterface = 23;
    Subscribe = 24; GetAddresses = 25; Accept = 26; Listen = 27; IgnoreDescriptor = 28; GetNames = 29; GetPeers = 30;
    Receive = 42; Unreceive = 43; Shutdown = 44; SendFile = 45; ReceivePacket = 60;
}

/// Why a request is refused: the name of an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Refused(&'static str);

/// The request is unknown, or the socket is not open.
const BAD_PORT: Refused = Refused("exbadport");
/// The socket is open already.
const BAD_SEQUENCE: Refused = Refused("exbadseq");
const EINVAL: Refused = Refused("einval");
const NOT_CONNECTED: Refused = Refused("enotconn");

impl Refused {
    fn atom(self) -> Atom {
        Atom::new(self.0).unwrap_or(girder_vm::am::EINVAL)
    }
}

impl From<io::Error> for Refused {
    fn from(e: io::Error) -> Refused {
        Refused(girder_vm::sys::errno::name_of(&e))
    }
}

/// What is answered to a request.
type Answer = Result<Vec<u8>, Refused>;

/// What a kind of socket does.
trait Protocol: Send {
    /// Does what is asked; gives what follows the code in the reply.
    fn request(&mut self, port: &mut DriverPort, operation: Operation, data: &[u8]) -> Answer;
}

/// `port_control` of any kind of socket.
fn control(p: &mut impl Protocol, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
    let known = OPERATIONS.iter().find(|o| MAGIC + **o as u32 == command);
    let done = known.ok_or(BAD_PORT).and_then(|o| p.request(port, *o, data));
    Some(match done {
        Ok(mut reply) => {
            reply.insert(0, OK);
            reply
        }
        Err(Refused(name)) => [&[ERROR], name.as_bytes()].concat(),
    })
}

fn i32_at(data: &[u8], at: usize) -> Result<i32, Refused> {
    let bytes = data.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(EINVAL)?;
    Ok(i32::from_be_bytes(bytes))
}

/// A time in milliseconds; none for ever.
fn timeout_at(data: &[u8], at: usize) -> Result<Option<u64>, Refused> {
    Ok(match i32_at(data, at)? {
        -1 => None,
        ms => Some(u64::from(ms as u32)),
    })
}
