//! The socket over which a running VM is asked to record, and how it is: both ends.
//!
//! Every VM listens on `/tmp/girder-UID/PID`. One request is one line, and so is its answer, which begins with `ok` or
//! `error`. Invariants: the directory is its owner's alone, and nobody listens or connects where it is not; a
//! recording that a connection has asked for ends with it; nothing of this can stop the VM from starting or running.

use std::fs::{self, DirBuilder};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use girder_vm::heap::gc;
use girder_vm::heap::mem::{self, Category};
use girder_vm::port::poll::{self, Mode, Target};
use girder_vm::process::glance::{self, Glance};
use girder_vm::recording::{self, What};
use girder_vm::sched;
use rustix::process::geteuid;
use serde_json::{Value, json};

/// Stack of the threads that answer.
const STACK: usize = 128 << 10;
/// How long nobody is accepted after that has failed.
const PAUSE: Duration = Duration::from_millis(100);

fn directory(uid: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/girder-{uid}"))
}

/// Whether a directory is one, belongs to `uid`, and is nobody else's to look into.
fn is_private(dir: &Path, uid: u32) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode() & 0o077 == 0)
}

struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

/// Where this VM listens.
static SOCKET: OnceLock<Socket> = OnceLock::new();

/// Begins to listen; a VM that cannot goes without.
pub fn listen() {
    let uid = geteuid().as_raw();
    let dir = directory(uid);
    // It may be there already.
    let _ = DirBuilder::new().mode(0o700).create(&dir);
    if !is_private(&dir, uid) {
        return;
    }
    remove_stale(&dir);
    let path = dir.join(std::process::id().to_string());
    // One of a process that had this number before.
    let _ = fs::remove_file(&path);
    let Ok(listener) = UnixListener::bind(&path) else { return };
    if listener.set_nonblocking(true).is_ok() {
        await_connection(SOCKET.get_or_init(|| Socket { path, listener }));
    }
}

/// Who connects is answered by a thread that is there for it; until then the poll thread waits, so that being ready for
/// connections costs nothing.
fn await_connection(socket: &'static Socket) {
    let accept = move || {
        let named = thread::Builder::new().name("attached".into()).stack_size(STACK);
        // Without a thread nobody is accepted any more.
        let _ = named.spawn(move || serve(socket));
    };
    poll::select(socket.listener.as_fd(), Mode::Read, Target::Call(Box::new(accept)));
}

/// Answers who has connected.
fn serve(socket: &'static Socket) {
    let connection = socket.listener.accept();
    if connection.is_err() {
        // Without descriptors, say, or where nothing can be waited for: whoever connects can wait a moment.
        thread::sleep(PAUSE);
    }
    await_connection(socket);
    if let Ok((connection, _)) = connection {
        answer(&connection);
    }
}

/// The VM ends.
pub fn leave() {
    if let Some(socket) = SOCKET.get() {
        // Whoever cleans up has been here before.
        let _ = fs::remove_file(&socket.path);
    }
}

/// Removes what VMs have left that did not come to an orderly end.
fn remove_stale(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_dead = |pid: u32| !Path::new(&format!("/proc/{pid}")).exists();
        if entry.file_name().to_str().and_then(|n| n.parse().ok()).is_some_and(is_dead) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Answers one connection's requests until it ends.
fn answer(connection: &UnixStream) {
    let mut recording = false;
    let mut lines = BufReader::new(connection).lines();
    while let Some(Ok(line)) = lines.next() {
        let done = match line.split_once(' ') {
            Some(("record", what)) => start(what).map(|()| {
                recording = true;
                String::new()
            }),
            None if line == "stop" && recording => {
                recording = false;
                stop().map(|()| String::new())
            }
            None if line == "glance" => Ok(glance().to_string()),
            _ => Err("unknown request".to_owned()),
        };
        let text = done.map_or_else(|e| format!("error {e}\n"), |answer| format!("ok {answer}\n"));
        let mut out = connection;
        if out.write_all(text.as_bytes()).is_err() {
            break;
        }
    }
    if recording {
        // Nobody is left to be told.
        let _ = stop();
    }
}

/// `WHAT LIMIT PATH`.
fn start(request: &str) -> Result<(), String> {
    let mut words = request.splitn(3, ' ');
    let (Some(what), Some(limit), Some(path)) = (words.next(), words.next(), words.next()) else {
        return Err("unknown request".to_owned());
    };
    let what: What = crate::profile::what(what)?;
    let limit = limit.parse().map_err(|_| "unknown request".to_owned())?;
    let options = recording::Options { path: path.into(), what, limit, duration: None };
    recording::start(options).map_err(|e| format!("{path}: {e}"))
}

fn stop() -> Result<(), String> {
    match recording::stop() {
        Some(outcome) => outcome.error.map_or(Ok(()), Err),
        None => Err("nothing is recorded".to_owned()),
    }
}

/// How the VM is at this moment: what `girder top` makes its figures of.
fn glance() -> Value {
    let process = |p: &Glance| match &p.used {
        Some(u) => json!([p.id, p.pid, p.what, p.state, u.reductions, u.words, u.queue]),
        None => json!([p.id, p.pid, p.what, p.state]),
    };
    let processes: Vec<Value> = glance::all().iter().map(process).collect();
    let schedulers: Vec<Value> = sched::wall_times()
        .into_iter()
        .zip(sched::queue_lengths())
        .map(|(w, queued)| json!([w.active, w.total, queued]))
        .collect();
    let totals = sched::totals();
    let memory = [
        ("heaps", Category::Heap),
        ("messages", Category::Fragment),
        ("binaries", Category::Binary),
        ("ets", Category::Ets),
        ("code", Category::Code),
        ("literals", Category::Literal),
        ("system", Category::System),
    ];
    json!({
        "count": processes.len(),
        "processes": processes,
        "schedulers": schedulers,
        "reductions": totals.reductions,
        "switches": totals.switches,
        "steals": totals.steals,
        "collections": gc::statistics().0,
        "memory": memory.map(|(name, c)| json!([name, mem::used(c)])),
    })
}

/// A connection to a running VM.
pub struct Attached(BufReader<UnixStream>);

impl Attached {
    /// Connects to the VM of this process.
    pub fn to(pid: u32) -> Result<Attached, String> {
        let Ok(process) = fs::metadata(format!("/proc/{pid}")) else { return Err(format!("no process {pid}")) };
        let uid = process.uid();
        if uid != geteuid().as_raw() {
            return Err(format!("process {pid} belongs to somebody else"));
        }
        let dir = directory(uid);
        let foreign = || format!("process {pid} is no girder VM that listens");
        if !is_private(&dir, uid) {
            return Err(foreign());
        }
        match UnixStream::connect(dir.join(pid.to_string())) {
            Ok(s) => Ok(Attached(BufReader::new(s))),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Err(foreign()),
            Err(e) => Err(format!("process {pid}: {e}")),
        }
    }
    /// Waits so long for an answer and no longer: a VM that is stopped gives none.
    pub fn with_patience(self, limit: Duration) -> Result<Attached, String> {
        self.0.get_ref().set_read_timeout(Some(limit)).map_err(|e| e.to_string())?;
        Ok(self)
    }
    /// Asks something and waits for the answer.
    pub fn ask(&mut self, request: &str) -> Result<String, String> {
        let gone = |e: io::Error| match e.kind() {
            io::ErrorKind::WouldBlock => "the VM does not answer".to_owned(),
            _ => "the VM is gone".to_owned(),
        };
        self.0.get_mut().write_all(format!("{request}\n").as_bytes()).map_err(gone)?;
        let mut line = String::new();
        self.0.read_line(&mut line).map_err(gone)?;
        match line.strip_suffix('\n').and_then(|l| l.split_once(' ')) {
            Some(("ok", answer)) => Ok(answer.to_owned()),
            Some(("error", why)) => Err(why.to_owned()),
            _ => Err("the VM is gone".to_owned()),
        }
    }
}
