//! `girder profile` and `girder top`: what they say of programs whose doings are known, in files, in a browser and on a
//! terminal, of programs that run already, and of bad input.

use girder_tests::{
    child::{self, End, Output, Scratch},
    fixture::{erlang_beams, root},
    girder, skip,
    terminal::{self, Terminal},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(120);
/// On a busy machine a thread is sometimes stopped between two readings of a clock.
const ATTEMPTS: usize = 5;

/// Runs a function of the fixture `profiled` under the profiler.
fn profile(out: &Path, options: &[&str], schedulers: &str, function: &str) -> Output {
    let mut command = Command::new(girder::binary());
    command.arg("profile").args(options).arg("--out").arg(out).args(["--", "run", "--schedulers", schedulers, "-pa"]);
    command.arg(erlang_beams(25)).args(["profiled", function]);
    child::run(&mut command, LIMIT)
}

/// A function's figures: the lines that it prints, by their first word.
fn figures(output: &Output) -> HashMap<String, Vec<f64>> {
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    let line = |l: &str| {
        let mut words = l.split_whitespace();
        Some((words.next()?.to_owned(), words.filter_map(|w| w.parse().ok()).collect()))
    };
    output.stdout_text().lines().filter_map(line).collect()
}

fn events(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("trace.json")).expect("trace.json");
    let mut all: Value = serde_json::from_str(&text).expect("JSON");
    let Value::Array(all) = all["traceEvents"].take() else { panic!("no list of events") };
    all
}

/// The pieces of a category whose name begins so, in order of time.
fn pieces<'a>(events: &'a [Value], category: &str, name: &str) -> Vec<&'a Value> {
    let is = |e: &&Value| e["cat"] == category && e["name"].as_str().is_some_and(|n| n.starts_with(name));
    let mut all: Vec<&Value> = events.iter().filter(is).collect();
    all.sort_by(|a, b| number(a, "ts").total_cmp(&number(b, "ts")));
    all
}

fn number(e: &Value, key: &str) -> f64 {
    e[key].as_f64().unwrap_or(0.0)
}

/// Microseconds that a turn was waited for.
fn waited(e: &Value) -> f64 {
    e["args"]["waited_us"].as_f64().unwrap_or(0.0)
}

fn within_5_percent(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.05 * a.max(b)
}

/// Tries some times until `check` finds nothing wrong.
fn eventually(mut check: impl FnMut() -> Result<(), String>) {
    let mut wrong = Vec::new();
    for _ in 0..ATTEMPTS {
        match check() {
            Ok(()) => return,
            Err(why) => wrong.push(why),
        }
    }
    panic!("{wrong:#?}");
}

#[test]
fn turns_and_pauses_agree_with_the_programs_own_clock() {
    eventually(|| {
        let out = Scratch::new("profile");
        let said = figures(&profile(out.path(), &[], "2", "timeline"));
        let events = events(out.path());
        let busy: f64 = pieces(&events, "process", "profiled_busy ").iter().map(|t| number(t, "dur") + waited(t)).sum();
        let collector = pieces(&events, "process", "profiled_collector ");
        let pid = &collector.first().ok_or("no collector")?["args"]["pid"];
        let collections = pieces(&events, "gc", "GC major");
        let last = collections.iter().rfind(|c| c["args"]["pid"] == *pid).ok_or("no collection")?;
        let (said_busy, said_gc) = (said["busy"][0] / 1000.0, said["gc"][0] / 1000.0);
        if !within_5_percent(busy, said_busy) {
            return Err(format!("busy for {busy} us, by its own clock {said_busy}"));
        }
        if !within_5_percent(number(last, "dur"), said_gc) {
            return Err(format!("collection of {} us, by its own clock {said_gc}", number(last, "dur")));
        }
        assert!(number(&last["args"], "words_before") >= 6_000_000.0, "{last}");
        Ok(())
    });
}

#[test]
fn migrations_are_those_that_processes_see() {
    eventually(|| {
        let out = Scratch::new("profile");
        let said = figures(&profile(out.path(), &[], "2", "moves"))["moves"][0];
        let events = events(out.path());
        let moves = |n: usize| {
            let turns = pieces(&events, "process", &format!("profiled_mover_{n} "));
            turns.windows(2).filter(|w| w[0]["tid"] != w[1]["tid"]).count()
        };
        let seen: usize = (1..=5).map(moves).sum();
        let steals = pieces(&events, "sched", "steal").len();
        if seen == 0 || steals == 0 {
            return Err(format!("{seen} moves, {steals} steals, of five processes on two schedulers"));
        }
        // The schedulers count, recorded or not.
        let file = fs::read(out.path().join("events.girder")).expect("the recording");
        let fact = |name: &str| {
            let text = String::from_utf8_lossy(&file);
            let (_, behind) = text.split_once(&format!("{name}=")).expect("a fact");
            behind.lines().next().and_then(|n| n.parse::<usize>().ok()).expect("a number")
        };
        let counted = fact("steals_after") - fact("steals_before");
        if steals.abs_diff(counted) > counted / 20 {
            return Err(format!("{steals} steals, by the schedulers' own count {counted}"));
        }
        // A process that ends right behind a move may not see it.
        if !within_5_percent(seen as f64, said) && (seen as f64 - said).abs() > 1.0 {
            return Err(format!("{seen} moves, by the processes' own count {said}"));
        }
        Ok(())
    });
}

/// What functions of the fixture `profiled` have of all stacks' weights, in `collapsed.txt`.
fn weights(out: &Path, functions: &[&str]) -> Vec<f64> {
    let text = fs::read_to_string(out.join("collapsed.txt")).expect("collapsed.txt");
    let lines: Vec<(&str, f64)> =
        text.lines().filter_map(|l| l.rsplit_once(' ')).filter_map(|(s, n)| Some((s, n.parse().ok()?))).collect();
    let of = |name: &str| lines.iter().filter(|(s, _)| s.contains(name)).map(|(_, n)| n).sum();
    functions.iter().map(|f| of(&format!("profiled:{f}/1"))).collect()
}

#[test]
fn stacks_by_time_show_natives_and_by_reductions_do_not() {
    eventually(|| {
        let out = Scratch::new("profile");
        let said = figures(&profile(out.path(), &["--flame", "time"], "1", "shares"))["shares"].clone();
        let seen = weights(out.path(), &["in_native", "in_loop"]);
        let share = |v: &[f64]| v[0] / (v[0] + v[1]);
        // Some hundreds of stacks.
        if (share(&seen) - share(&said)).abs() > 0.1 {
            return Err(format!("{seen:?} ns, by its own clock {said:?}"));
        }
        let svg = fs::read_to_string(out.path().join("flame.svg")).expect("flame.svg");
        assert!(svg.contains("Erlang stacks by time") && svg.contains("profiled:in_native/1"), "{svg}");
        profile(out.path(), &[], "1", "shares");
        let by_reductions = share(&weights(out.path(), &["in_native", "in_loop"]));
        if share(&seen) < 0.6 || by_reductions > 0.4 {
            return Err(format!("{} of the time, {by_reductions} of the reductions", share(&seen)));
        }
        Ok(())
    });
}

#[test]
fn what_one_process_makes_spreads_as_the_processes_see() {
    eventually(|| {
        let out = Scratch::new("profile");
        let figures = figures(&profile(out.path(), &[], "2", "spread"));
        let (said, first) = (figures["moves"][0], figures["first"][0] as usize);
        let events = events(out.path());
        let moves = |n: usize| {
            let turns = pieces(&events, "process", &format!("profiled_mover_{n} "));
            turns.windows(2).filter(|w| w[0]["tid"] != w[1]["tid"]).count()
        };
        let seen: usize = (first..first + 40).map(moves).sum();
        let steals = pieces(&events, "sched", "steal").len();
        if seen < 10 || steals == 0 {
            return Err(format!("{seen} moves, {steals} steals, of forty processes that one has made"));
        }
        // Where a process is in its first and last turn it may not see.
        if (seen as f64 - said).abs() > 0.05 * said + 2.0 {
            return Err(format!("{seen} moves, by the processes' own count {said}"));
        }
        Ok(())
    });
}

#[test]
fn latencies_agree_with_the_programs_own_clock() {
    eventually(|| {
        let out = Scratch::new("profile");
        let said = figures(&profile(out.path(), &[], "1", "latency"));
        let events = events(out.path());
        let late = pieces(&events, "process", "profiled_late ");
        let &[sum, n] = &said["latency"][..] else { return Err(format!("{said:?}")) };
        // The first turn follows the birth. What ends it comes right behind the last message.
        if late.len() != n as usize + 1 {
            return Err(format!("{} turns for {n} messages", late.len()));
        }
        let seen: f64 = late[1..].iter().map(|t| waited(t)).sum();
        if within_5_percent(seen, sum / 1000.0) { Ok(()) } else { Err(format!("{seen} us, by its own clock {sum} ns")) }
    });
}

/// The page as the browser has it after its scripts have run.
fn browse(page: &Path, screenshot: Option<&Path>) -> Option<String> {
    if !["/usr/bin/chromium", "/usr/bin/chromium-browser"].iter().any(|p| Path::new(p).exists()) {
        skip("no chromium is installed");
        return None;
    }
    let home = Scratch::new("chromium");
    let browser = |what: &str| {
        let mut command = Command::new("chromium");
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,2200"]);
        command.args(["--virtual-time-budget=5000", what]).env("HOME", home.path());
        command.arg(format!("--user-data-dir={}", home.path().display())).arg(page);
        child::run(&mut command, LIMIT)
    };
    if let Some(file) = screenshot {
        let output = browser(&format!("--screenshot={}", file.display()));
        assert!(fs::metadata(file).is_ok_and(|m| m.len() > 10_000), "{}", output.stderr_text());
    }
    Some(browser("--dump-dom").stdout_text())
}

#[test]
fn a_browser_shows_the_events_of_a_known_program() {
    let out = Scratch::new("profile");
    figures(&profile(out.path(), &["--what", "all"], "2", "timeline"));
    let kept = root().join("target/profile");
    fs::create_dir_all(&kept).expect("a folder");
    let Some(dom) = browse(&out.path().join("report.html"), Some(&kept.join("report.png"))) else { return };
    for text in ["scheduler 1", "scheduler 2", "GC major profiled_collector", "turn profiled_", "Messages", "p99"] {
        assert!(dom.contains(text), "no {text} in {dom}");
    }
    // The blocked one has used next to nothing: the viewer of the trace finds its turns.
    let trace = fs::read_to_string(out.path().join("trace.json")).expect("trace.json");
    let page = out.path().join("trace.html");
    let script = "const of = n => T.traceEvents.filter(e => e.ph === 'X' && e.name.startsWith(n + ' ')).length;\
        const names = ['profiled_busy', 'profiled_blocked', 'profiled_collector', 'profiled_mover_1'];\
        document.body.textContent = names.map(n => n + (of(n) > 0 ? ' is there' : ' is missing')).join(', ');";
    let html = format!("<body><script>const T = {};{script}</script>", trace.replace("</", "<\\/"));
    fs::write(&page, html).expect("a scratch file");
    let dom = browse(&page, None).expect("a browser");
    assert_eq!(dom.matches(" is there").count(), 4, "{}", dom.lines().last().unwrap_or_default());
}

#[test]
fn a_vm_that_dies_leaves_what_was_recorded() {
    let out = Scratch::new("profile");
    let output = profile(out.path(), &[], "1", "die");
    assert_eq!(output.end, End::Status(128 + 9), "{}", output.stderr_text());
    let text = output.stderr_text();
    assert!(text.contains("ended by signal 9") && text.contains("breaks off"), "{text}");
    assert!(!pieces(&events(out.path()), "process", "profiled_doomed ").is_empty());
}

#[test]
fn bad_input_is_one_line() {
    let scratch = Scratch::new("profile");
    let file = scratch.path().join("file");
    fs::write(&file, "text").expect("a scratch file");
    let below = file.join("below");
    let (file, below) = (file.to_str().expect("UTF-8"), below.to_str().expect("UTF-8"));
    for (words, expected) in [
        (&["profile", "--out", below, "--", "run", "lists"][..], "Not a directory"),
        (&["profile", "--out", file, "--", "run", "lists"], "exists"),
        (&["profile"], "what is to be run?"),
        (&["profile", "--", "disasm", "x"], "what is to be run?"),
        (&["profile", "--from", "/nowhere"], "No such file"),
    ] {
        let output = girder::command(words, LIMIT);
        let text = output.stderr_text();
        assert_eq!(output.end, End::Status(1), "{words:?}: {text}");
        assert!(text.lines().count() == 1 && text.contains(expected), "{words:?}: {text}");
    }
}

#[test]
fn a_full_disk_does_not_disturb_the_program() {
    let out = Scratch::new("profile");
    let beams = erlang_beams(25);
    let (girder, out, beams) = (girder::binary().display(), out.path().display(), beams.display());
    // Beyond the limit writing fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {girder} profile --out {out} -- run --schedulers 2 -pa {beams} profiled timeline"
    );
    let output = child::run(Command::new("bash").args(["-c", &script]), LIMIT);
    let text = output.stderr_text();
    assert!(text.contains("the recording ends here, the program goes on"), "{text}");
    assert_eq!(output.stdout_text().lines().count(), 3, "{}", output.stdout_text());
}

/// A program that runs until this is dropped.
struct Server(Child);

impl Server {
    fn start() -> Server {
        let mut command = Command::new(girder::binary());
        command.args(["run", "--schedulers", "2", "-pa"]).arg(erlang_beams(25)).args(["profiled", "serve"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("girder");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("text");
        assert_eq!(line, "serves 0\n");
        Server(child)
    }
    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it is ours");
        self.0.wait().expect("it is ours");
    }
}

#[test]
fn a_program_that_runs_already_is_recorded_as_often_as_one_likes() {
    let mut server = Server::start();
    for _ in 0..2 {
        let out = Scratch::new("profile");
        let dir = out.path().to_str().expect("UTF-8");
        let output = girder::command(&["profile", "--attach", &server.pid(), "--duration", "1", "--out", dir], LIMIT);
        assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
        let events = events(out.path());
        // It had its name before. It is busy for a millisecond in eleven, on a busy machine for less.
        let turns = pieces(&events, "process", "profiled_server ");
        let busy: f64 = turns.iter().map(|t| number(t, "dur") + waited(t)).sum();
        assert!((10_000.0..=1_000_000.0).contains(&busy), "busy for {busy} us in {} turns", turns.len());
        assert!(server.0.try_wait().expect("it is ours").is_none(), "the program has ended");
    }
}

#[test]
fn top_shows_who_runs() {
    let server = Server::start();
    let output = girder::command(&["top", "--once", &server.pid()], LIMIT);
    let text = output.stdout_text();
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    for word in ["profiled_server", "scheduler 2:", "reductions/s", "heaps"] {
        assert!(text.contains(word), "no {word} in {text}");
    }
    if !terminal::is_there() {
        return skip("no tmux is installed");
    }
    let t = Terminal::start("top", &format!("{} top {}", girder::binary().display(), server.pid()));
    t.await_part("profiled_server");
    assert!(t.screen().contains("scheduler 1"), "{}", t.screen());
    t.keys(&["m"]);
    t.resize(60);
    t.keys(&["q"]);
    t.await_line("[status 0]");
}

#[test]
fn top_bears_a_vm_that_does_not_answer_and_keeps_the_keys() {
    if !terminal::is_there() {
        return skip("no tmux is installed");
    }
    let server = Server::start();
    let signal = |name: &str| {
        let done = Command::new("sh").args(["-c", &format!("kill -{name} {}", server.pid())]).status();
        assert!(done.expect("sh").success(), "{name}");
    };
    let t = Terminal::start("top-size", &format!("{} top {}", girder::binary().display(), server.pid()));
    t.await_part("profiled_server");
    // While the VM does not answer, the terminal is not looked at: both are there afterwards, the size before the key.
    signal("STOP");
    thread::sleep(Duration::from_millis(1500));
    t.resize(60);
    thread::sleep(Duration::from_millis(200));
    t.keys(&["q"]);
    signal("CONT");
    t.await_line("[status 0]");
    // Nobody waits for a VM that never answers.
    signal("STOP");
    let output = girder::command(&["top", "--once", &server.pid()], LIMIT);
    assert_eq!(output.end, End::Status(1));
    assert_eq!(output.stderr_text(), "girder: top: the VM does not answer\n");
}

#[test]
fn who_cannot_be_looked_at_is_told_of_in_one_line() {
    let me = std::process::id().to_string();
    let mut gone = Command::new("true").spawn().expect("true");
    gone.wait().expect("it is ours");
    let gone = gone.id().to_string();
    let mut cases = vec![(me.as_str(), "is no girder VM that listens"), (&gone, "no process")];
    // Init is somebody else's, unless this is a privileged user.
    if fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) != 0) {
        cases.push(("1", "belongs to somebody else"));
    }
    for (pid, expected) in cases {
        for words in [&["top", "--once", pid][..], &["profile", "--attach", pid]] {
            let output = girder::command(words, LIMIT);
            let text = output.stderr_text();
            assert_eq!(output.end, End::Status(1), "{words:?}: {text}");
            assert!(text.lines().count() == 1 && text.contains(expected), "{words:?}: {text}");
        }
    }
}
