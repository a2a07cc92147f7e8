//! Network servers on Girder, with clients that are no BEAM: what they answer to right and wrong input.

use girder_tests::{
    child::{self, End, Scratch},
    fixture::{erlang_beams, gleam_beams, otp_tree},
    girder, reference,
    server::{Server, echoed},
    skip,
};
use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(60);

/// The Erlang fixture `module` on a booted system, in `dir`. `None`: there is no OTP tree to boot.
fn erlang(module: &str, dir: &Path) -> Option<Server> {
    if reference::release() != Some(25) {
        skip("no erl of OTP 25 is installed");
        return None;
    }
    let mut command = Command::new(girder::binary());
    command.args(["erl", "-noshell", "-pa"]).arg(erlang_beams(25)).args(["-s", module, "serve"]);
    Some(Server::start(command.current_dir(dir)))
}

/// Bytes that show where they come from.
fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 + seed * 17 + n / 251) as u8).collect()
}

fn gleam_echo(release: u32) {
    let Some(tree) = otp_tree(release) else {
        return skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}"));
    };
    let mut command = Command::new(girder::binary());
    command.args(["erl", "-pa"]).arg(gleam_beams(release));
    command.args(["-eval", "own@@main:run(tcp_echo)", "-noshell"]).env("GIRDER_OTP_ROOT", tree);
    let mut server = Server::start(&mut command);
    thread::scope(|scope| {
        for client in 0..20 {
            let server = &server;
            scope.spawn(move || {
                let mut stream = server.connect();
                let (bytes, sizes) = (pattern(client, 1 + client * 40_000), [1, 10_000, 7, 100 + client, 65_536]);
                assert!(echoed(&stream, &bytes, &sizes) == bytes, "client {client}");
                stream.shutdown(Shutdown::Write).expect("an open connection");
                assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
            });
        }
    });
    // One that leaves without reading what it has asked for.
    server.connect().write_all(&pattern(0, 100_000)).expect("an open connection");
    assert_eq!(echoed(&server.connect(), b"still here", &[3]), b"still here");
    assert!(server.runs());
}

#[test]
fn gleam_echo_27() {
    gleam_echo(27);
}

#[test]
fn gleam_echo_29() {
    gleam_echo(29);
}

/// A client of a WebSocket server that sees every frame.
struct WebSocket(TcpStream);

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const LAST: u8 = 0x80;

impl WebSocket {
    fn open(server: &Server) -> WebSocket {
        let mut stream = server.connect();
        // The key and its answer are the example of RFC 6455.
        let request = "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("an open connection");
        let head = head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
        WebSocket(stream)
    }

    /// A frame as clients send it, with a mask.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![first];
        match payload.len() {
            n @ ..126 => frame.push(0x80 | n as u8),
            n @ ..65536 => frame.extend([&[0x80 | 126][..], &(n as u16).to_be_bytes()].concat()),
            n => frame.extend([&[0x80 | 127][..], &(n as u64).to_be_bytes()].concat()),
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        self.raw(&WebSocket::frame(first, payload));
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("an open connection");
    }

    /// The next frame: its first byte and its payload.
    fn next(&mut self) -> (u8, Vec<u8>) {
        let [first, len] = self.take();
        let len = match len {
            126 => u64::from(u16::from_be_bytes(self.take())),
            127 => u64::from_be_bytes(self.take()),
            n => n.into(),
        };
        let mut payload = vec![0; usize::try_from(len).expect("a length without a mask")];
        self.0.read_exact(&mut payload).expect("a payload");
        (first, payload)
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).expect("a frame");
        bytes
    }

    /// The server closes with this code, and the connection ends.
    fn closed(mut self, code: u16, why: &str) {
        assert_eq!(self.next(), (LAST | CLOSE, code.to_be_bytes().to_vec()), "{why}");
        assert_eq!(self.0.read(&mut [0]).expect("the end"), 0, "{why}");
    }
}

/// The head of an answer, up to the empty line.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a whole head");
        head.extend(byte);
    }
    String::from_utf8(head).expect("text")
}

#[test]
fn websocket_echo() {
    let dir = Scratch::new("ws");
    let Some(mut server) = erlang("ws_echo", dir.path()) else { return };
    thread::scope(|scope| {
        for client in 0..10 {
            let server = &server;
            scope.spawn(move || {
                let mut ws = WebSocket::open(server);
                for len in [0, 1, 125, 126, 127, 65535, 65536, 300_000 + client] {
                    let payload = pattern(client, len);
                    ws.send(LAST | BINARY, &payload);
                    assert!(ws.next() == (LAST | BINARY, payload), "{len} bytes");
                }
                let text = format!("žluťoučký kůň {client} 🐎");
                // A message in three frames, with a question between them, byte by byte.
                let (one, two) = text.as_bytes().split_at(7);
                let frames = [
                    WebSocket::frame(TEXT, one),
                    WebSocket::frame(LAST | PING, b"there?"),
                    WebSocket::frame(0, b""),
                    WebSocket::frame(LAST, two),
                ];
                frames.concat().iter().for_each(|byte| ws.raw(&[*byte]));
                assert_eq!(ws.next(), (LAST | PONG, b"there?".to_vec()));
                assert_eq!(ws.next(), (LAST | TEXT, text.into_bytes()));
                // Many messages at once.
                let many: Vec<u8> = (0..200u8).flat_map(|n| WebSocket::frame(LAST | BINARY, &[n])).collect();
                ws.raw(&many);
                (0..200).for_each(|n| assert_eq!(ws.next(), (LAST | BINARY, vec![n])));
                ws.send(LAST | PONG, b"nobody asked");
                ws.send(LAST | CLOSE, &[3, 232, b'b', b'y', b'e']);
                assert_eq!(ws.next(), (LAST | CLOSE, vec![3, 232, b'b', b'y', b'e']));
                assert_eq!(ws.0.read(&mut [0]).expect("the end"), 0);
            });
        }
    });
    let wrong: [(&str, Vec<u8>, u16); 10] = [
        ("no mask", vec![LAST | TEXT, 1, b'x'], 1002),
        ("reserved bits", WebSocket::frame(LAST | 0x40 | TEXT, b"x"), 1002),
        ("a kind that is not known", WebSocket::frame(LAST | 5, b"x"), 1002),
        ("a question in parts", WebSocket::frame(PING, b"x"), 1002),
        ("a question that is too long", WebSocket::frame(LAST | PING, &[0; 126]), 1002),
        ("a part of nothing", WebSocket::frame(LAST, b"x"), 1002),
        ("a message in another", [WebSocket::frame(TEXT, b"x"), WebSocket::frame(LAST | TEXT, b"y")].concat(), 1002),
        ("no UTF-8", WebSocket::frame(LAST | TEXT, &[0xc3, 0x28]), 1007),
        ("too large", WebSocket::frame(LAST | BINARY, &vec![0; 1_000_001]), 1009),
        ("a code that nobody may send", WebSocket::frame(LAST | CLOSE, &1006u16.to_be_bytes()), 1002),
    ];
    for (why, bytes, code) in wrong {
        let mut ws = WebSocket::open(&server);
        // It may close before it has read all.
        ws.0.write_all(&bytes).ok();
        ws.closed(code, why);
    }
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("an open connection");
    assert!(head(&mut stream).starts_with("HTTP/1.1 400 "));
    let mut ws = WebSocket::open(&server);
    ws.send(LAST | TEXT, b"after all that");
    assert_eq!(ws.next(), (LAST | TEXT, b"after all that".to_vec()));
    assert!(server.runs());
}

#[test]
fn httpd_serves_files_to_curl() {
    if child::run(Command::new("sh").args(["-c", "command -v curl"]), LIMIT).end != End::Status(0) {
        return skip("no curl is installed");
    }
    let dir = Scratch::new("httpd");
    let (data, page) = (pattern(1, 3_000_000), b"<p>h\xc3\xa9llo</p>\n".to_vec());
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).expect("a scratch file");
    write("data.bin", &data);
    write("index.html", &page);
    write("empty.txt", b"");
    let Some(mut server) = erlang("http_files", dir.path()) else { return };
    let base = format!("http://127.0.0.1:{}", server.port());
    let curl = |words: &[&str]| {
        let mut command = Command::new("curl");
        // Nobody's proxy and settings.
        command.args(["-q", "--noproxy", "*", "--silent", "--show-error", "--max-time", "50"]).args(words);
        let output = child::run(&mut command, LIMIT);
        assert_eq!(output.end, End::Status(0), "{words:?}: {}", output.stderr_text());
        output.stdout
    };
    let text = |words: &[&str]| String::from_utf8(curl(words)).expect("text");
    let at = |name: &str| format!("{base}/{name}");
    assert!(curl(&[&at("data.bin")]) == data, "a large file");
    assert_eq!(curl(&[&at("")]), page, "an index");
    let status = "%{http_code} %{content_type} %{size_download}";
    assert_eq!(text(&["-w", status, &at("empty.txt")]), "200 text/plain 0");
    assert_eq!(text(&["-o", "/dev/null", "-w", "%{http_code}", &at("nothing")]), "404");
    assert_eq!(text(&["-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", &at("../../etc/passwd")]), "404");
    let head = text(&["--head", &at("data.bin")]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-length: 3000000\r\n"), "{head}");
    assert_eq!(curl(&["--range", "1000-1999", &at("data.bin")]), &data[1000..2000], "a range");
    assert_eq!(text(&["--range", "5-9", "-o", "/dev/null", "-w", "%{http_code}", &at("data.bin")]), "206");
    // Two requests over one connection, and one that is closed after it.
    let twice =
        text(&["-w", "%{num_connects} ", "-o", "/dev/null", &at("data.bin"), "-o", "/dev/null", &at("empty.txt")]);
    assert_eq!(twice, "1 0 ");
    assert_eq!(curl(&["--http1.0", &at("")]), page);
    assert_eq!(text(&["--data-binary", "0123456789", &at("esi/http_files:size_of")]), "10");
    // A reader that takes its time, and many at once.
    assert!(curl(&["--limit-rate", "2M", &at("data.bin")]) == data, "a slow reader");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(curl(&[&at("data.bin")]) == data, "one of many"));
        }
    });
    assert!(server.runs());
}
