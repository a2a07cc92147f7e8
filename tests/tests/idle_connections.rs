//! Many connections at rest, held by one VM: each is answered, and they take no more memory than on the installed `erl`.

use girder_tests::{fixture::erlang_beams, girder, reference, server::Server, skip};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

/// Descriptors that a process has beside its connections, at most.
const OTHERS: usize = 200;

/// How much larger Girder may be: what is measured moves by this much from run to run.
const LEEWAY: f64 = 1.03;

/// The soft limit of descriptors, which the servers inherit.
fn descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// KiB of memory that a process has.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that runs");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("its memory");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// Sends each connection's number over it, all before the first answer is read.
fn ping(held: &[TcpStream]) {
    let number = |n: usize| (n as u64).to_be_bytes();
    held.iter().enumerate().for_each(|(n, mut s)| s.write_all(&number(n)).expect("an open connection"));
    for (n, mut s) in held.iter().enumerate() {
        let mut back = [0; 8];
        s.read_exact(&mut back).expect("an answer");
        assert_eq!(back, number(n), "connection {n}");
    }
}

/// KiB that a server has with so many connections at rest.
fn with(count: usize, program: &Path, words: &[&str]) -> u64 {
    let mut command = Command::new(program);
    command.args(words).args(["-noshell", "-pa"]).arg(erlang_beams(25)).args(["-s", "net_idle", "serve"]);
    let mut server = Server::start(&mut command);
    let held: Vec<TcpStream> = (0..count).map(|_| server.connect()).collect();
    ping(&held);
    thread::sleep(Duration::from_secs(3));
    let memory = resident(server.id());
    ping(&held);
    assert!(server.runs());
    memory
}

fn check(count: usize) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    if descriptors() < count + OTHERS {
        return skip(&format!("{count} connections need more open files than `ulimit -n` says"));
    }
    let girder = with(count, girder::binary(), &["erl"]);
    let erl = with(count, Path::new("erl"), &[]);
    println!("{count} connections: girder {girder} KiB, erl {erl} KiB");
    assert!(girder as f64 <= erl as f64 * LEEWAY, "{girder} KiB, erl {erl} KiB");
}

#[test]
fn a_few() {
    check(500);
}

#[test]
#[ignore = "takes a minute and 18,200 descriptors"]
fn at_full_size() {
    check(18_000);
}
