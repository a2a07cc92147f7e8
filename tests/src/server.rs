//! Servers that tests talk to.
//!
//! A server prints `port N` when it listens. Invariant: it is killed and waited for when its [`Server`] is dropped, a test
//! that fails included.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::child::slowness;

/// How long a server may take to listen, and a client to get what it waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// A server that runs.
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(command: &mut Command) -> Server {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).env("ERL_CRASH_DUMP", "/dev/null");
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut server = Server { child, port: 0 };
        let (tell, told) = mpsc::channel();
        // Reads on until the server's end, so that it never waits for room.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(port) = line.strip_prefix("port ").and_then(|n| n.parse().ok()) {
                    tell.send(port).ok();
                }
            }
        });
        let limit = LIMIT.mul_f64(slowness());
        server.port = told.recv_timeout(limit).unwrap_or_else(|_| panic!("{command:?} does not listen"));
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it, whose reads and writes do not wait for ever.
    ///
    /// # Panics
    /// When it takes none.
    pub fn connect(&self) -> TcpStream {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let limit = LIMIT.mul_f64(slowness());
        let stream = TcpStream::connect_timeout(&address, limit).expect("a connection");
        stream.set_read_timeout(Some(limit)).expect("an option of a socket");
        stream.set_write_timeout(Some(limit)).expect("an option of a socket");
        stream.set_nodelay(true).expect("an option of a socket");
        stream
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Writes `bytes` in pieces of the sizes given, from a thread of its own, and reads as many back.
///
/// # Panics
/// When the connection breaks.
pub fn echoed(stream: &TcpStream, bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut back = vec![0; bytes.len()];
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut rest, mut stream) = (bytes, stream);
            for size in sizes.iter().cycle() {
                let (piece, behind) = rest.split_at((*size).min(rest.len()));
                stream.write_all(piece).expect("a connection that takes bytes");
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
        });
        let mut stream = stream;
        stream.read_exact(&mut back).expect("as many bytes as were sent");
    });
    back
}
