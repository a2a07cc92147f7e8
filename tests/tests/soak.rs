//! A server under full load for a while: every reply comes once and is right, connections that are cut in between leave
//! nothing behind, and memory does not grow.

use girder_tests::{fixture::erlang_beams, girder, reference, server::Server, skip};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

const CLIENTS: u64 = 8;
/// Connections of a client.
const EACH: usize = 8;
/// Most bytes of a message.
const LARGEST: u64 = 20_000;

/// A splitmix64 generator.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// A number that nothing else carries, and as many bytes behind it as the number says.
fn message(number: u64) -> Vec<u8> {
    let len = (number.wrapping_mul(0x9E37_79B9) >> 7) % LARGEST;
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend((0..len).map(|n| (n ^ number) as u8));
    bytes
}

/// Keeps its connections busy until the time is over; counts the replies.
fn client(server: &Server, seed: u64, until: Instant, replies: &AtomicU64) {
    let mut random = Random(seed);
    let mut connections: Vec<TcpStream> = (0..EACH).map(|_| server.connect()).collect();
    let mut number = seed << 40;
    while Instant::now() < until {
        let first = number;
        for mut stream in &connections {
            stream.write_all(&message(number)).expect("an open connection");
            number += 1;
        }
        let cut = random.below(200) as usize;
        for (n, (sent, stream)) in (first..number).zip(&mut connections).enumerate() {
            // One in a while goes without having read what it is owed.
            if n == cut {
                *stream = server.connect();
                continue;
            }
            let wanted = message(sent);
            let mut got = vec![0; wanted.len()];
            stream.read_exact(&mut got).expect("a reply");
            assert!(got == wanted, "reply to message {sent}");
            replies.fetch_add(1, Ordering::Relaxed);
        }
    }
    for mut stream in connections {
        stream.shutdown(std::net::Shutdown::Write).expect("an open connection");
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0, "a reply too many");
    }
}

/// KiB of memory and number of descriptors.
fn size(pid: u32) -> (u64, usize) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that runs");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("its memory");
    let memory = line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
    (memory, fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count())
}

fn soak(time: Duration) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let mut command = Command::new(girder::binary());
    command.args(["erl", "-noshell", "-pa"]).arg(erlang_beams(25)).args(["-s", "net_idle", "serve"]);
    let mut server = Server::start(&mut command);
    let (_, descriptors) = size(server.id());
    let replies = AtomicU64::new(0);
    let load = |seeds: std::ops::Range<u64>, time: Duration| {
        let until = Instant::now() + time;
        thread::scope(|scope| {
            for seed in seeds {
                let (server, replies) = (&server, &replies);
                scope.spawn(move || client(server, seed, until, replies));
            }
        });
    };
    // What a load needs at all shows in the first tenth.
    load(0..CLIENTS, time / 10);
    let (early, _) = size(server.id());
    load(CLIENTS..2 * CLIENTS, time * 9 / 10);
    let (late, _) = size(server.id());
    println!("{} replies, {early} KiB early, {late} KiB at the end", replies.load(Ordering::Relaxed));
    assert!(late <= early + early / 10 + 2048, "{early} KiB have become {late}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while size(server.id()).1 > descriptors {
        assert!(Instant::now() < deadline, "descriptors are left over");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(server.runs() && replies.into_inner() > 1000);
}

#[test]
fn a_few_seconds() {
    soak(Duration::from_secs(5));
}

#[test]
#[ignore = "takes ten minutes"]
fn at_full_size() {
    soak(Duration::from_secs(600));
}
