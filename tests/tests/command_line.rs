//! `girder` on the command line: wrong words, missing modules and broken files end in one clear line and a status,
//! never in a panic or a signal.

use girder_tests::{
    child::{self, End, Output, Scratch},
    fixture, girder,
};
use std::{fs, path::Path, process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(120);

fn call(arguments: &[&str]) -> Output {
    let output = girder::command(arguments, LIMIT);
    let errors = output.stderr_text();
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    assert!(matches!(output.end, End::Status(_)), "{arguments:?}: {:?}\n{errors}", output.end);
    output
}

/// A good module of ours.
fn module() -> Vec<u8> {
    fs::read(fixture::erlang_beams(25).join("funs.beam")).expect("a fixture")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Writes a file and has `girder` load it: `check` counts it, `disasm` and `run` refuse it.
fn broken(bytes: &[u8], expected: &[&str]) {
    let scratch = Scratch::new("broken");
    let path = scratch.path().join("funs.beam");
    fs::write(&path, bytes).expect("a scratch file");
    let checked = call(&["check", text(scratch.path())]);
    assert_eq!(checked.end, End::Status(1), "{}", checked.stdout_text());
    let shown = call(&["disasm", text(&path)]);
    assert_eq!(shown.end, End::Status(1));
    assert_eq!(shown.stderr_text().lines().count(), 1, "{}", shown.stderr_text());
    for report in [checked.stdout_text(), shown.stderr_text()] {
        assert!(report.contains("funs.beam"), "no file name: {report}");
        for part in expected {
            assert!(report.contains(part), "no `{part}`: {report}");
        }
    }
}

#[test]
fn truncated_module() {
    let good = module();
    for length in [good.len() - 1, good.len() / 2, 100] {
        broken(&good[..length], &["byte"]);
    }
}

#[test]
fn headless_module() {
    for bytes in [&b"FOR1"[..], b"FOR1\0\0\0\x04BEAM", b"", b"# no module at all\n"] {
        broken(bytes, &[]);
    }
}

#[test]
fn corrupt_chunk_size() {
    let mut bytes = module();
    let at = bytes.windows(4).position(|name| name == b"Code").expect("a code chunk");
    bytes[at + 4] = 0x7f;
    broken(&bytes, &["byte"]);
}

#[test]
fn unknown_opcode() {
    let mut bytes = module();
    let at = bytes.windows(4).position(|name| name == b"Code").expect("a code chunk");
    // Name, size and a header of 5 words; then the first opcode.
    bytes[at + 28] = 250;
    broken(&bytes, &["250"]);
}

/// Thousands of damaged files in one call: each loads or is refused.
#[test]
fn damaged_files_never_crash() {
    let scratch = Scratch::new("damaged");
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for name in ["funs", "bits_match", "maps_core", "receives", "literals"] {
        let good = fs::read(fixture::erlang_beams(25).join(format!("{name}.beam"))).expect("a fixture");
        for number in 0..200 {
            let mut bytes = good.clone();
            for _ in 0..1 + next(8) {
                let at = next(bytes.len());
                bytes[at] = match next(4) {
                    0 => 0,
                    1 => 0xff,
                    2 => bytes[at] ^ (1 << next(8)),
                    _ => next(256) as u8,
                };
            }
            fs::write(scratch.path().join(format!("{name}{number}.beam")), bytes).expect("a scratch file");
        }
    }
    let checked = call(&["check", text(scratch.path())]);
    assert!(checked.stdout_text().contains("1000 files"), "{}", checked.stdout_text());
}

#[test]
fn every_fixture_loads() {
    for release in [25, 27, 29] {
        let checked = call(&["check", text(&fixture::erlang_beams(release))]);
        assert_eq!(checked.end, End::Status(0), "{}", checked.stdout_text());
    }
    for release in [27, 29] {
        let checked = call(&["check", text(&fixture::gleam_beams(release))]);
        assert_eq!(checked.end, End::Status(0), "{}", checked.stdout_text());
    }
}

#[test]
fn missing_file() {
    let shown = call(&["disasm", "no/such/file.beam"]);
    assert_eq!(shown.end, End::Status(1));
    assert!(shown.stderr_text().contains("no/such/file.beam"), "{}", shown.stderr_text());
}

#[test]
fn wrong_words_are_a_usage_error() {
    for words in [&["no-such-command"][..], &["disasm"], &["opcodes", "--no-such-option"], &[]] {
        let output = call(words);
        assert_eq!(output.end, End::Status(2), "{words:?}");
        assert!(output.stderr_text().contains("Usage"), "{words:?}: {}", output.stderr_text());
    }
}

/// `girder run` of a module and function in a folder; standard output is empty, the status 1.
fn run_fails(folder: &Path, words: &[&str], expected: &[&str]) -> Output {
    let mut all = vec!["run", "-pa", text(folder)];
    all.extend(words);
    let output = call(&all);
    assert_eq!(output.end, End::Status(1), "{words:?}: {}", output.stderr_text());
    assert_eq!(output.stdout_text(), "", "{words:?}");
    for part in expected {
        assert!(output.stderr_text().contains(part), "{words:?}, no `{part}`: {}", output.stderr_text());
    }
    output
}

#[test]
fn run_missing_module() {
    run_fails(&fixture::erlang_beams(25), &["no_such_module"], &["undef", "no_such_module"]);
}

#[test]
fn run_missing_function() {
    run_fails(&fixture::erlang_beams(25), &["prog_args", "no_such_function"], &["undef", "no_such_function"]);
}

#[test]
fn run_truncated_module() {
    let scratch = Scratch::new("run");
    let good = module();
    fs::write(scratch.path().join("funs.beam"), &good[..good.len() / 2]).expect("a scratch file");
    let output = run_fails(scratch.path(), &["funs"], &["funs.beam", "byte"]);
    assert_eq!(output.stderr_text().lines().count(), 1, "{}", output.stderr_text());
}

#[test]
fn run_file() {
    let path = fixture::erlang_beams(25).join("prog_args.beam");
    let output = call(&["run", text(&path), "one", "two"]);
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    assert!(output.stdout_text().starts_with("2 arguments\n"), "{}", output.stdout_text());
}

#[test]
fn run_truncated_file() {
    let scratch = Scratch::new("run");
    let path = scratch.path().join("funs.beam");
    fs::write(&path, &module()[..500]).expect("a scratch file");
    let output = call(&["run", text(&path)]);
    assert_eq!(output.end, End::Status(1));
    assert_eq!(output.stderr_text().lines().count(), 1, "{}", output.stderr_text());
    assert!(output.stderr_text().contains("byte"), "{}", output.stderr_text());
}

#[test]
fn run_uncaught_error_is_reported() {
    let output = call(&["run", "-pa", text(&fixture::erlang_beams(25)), "prog_error"]);
    assert_eq!(output.end, End::Status(1));
    assert_eq!(output.stdout_text(), "before the error\n");
    assert!(output.stderr_text().contains("on_purpose"), "{}", output.stderr_text());
}

#[test]
fn run_without_an_otp_tree() {
    let scratch = Scratch::new("otp");
    let beams = fixture::erlang_beams(25);
    let output = call(&["run", "--otp", text(scratch.path()), "-pa", text(&beams), "prog_error"]);
    assert_eq!(output.end, End::Status(1));
    assert_eq!(output.stderr_text().lines().count(), 1, "{}", output.stderr_text());
    assert!(output.stderr_text().contains(text(scratch.path())), "{}", output.stderr_text());
}

#[test]
fn run_out_of_atoms_stops_clearly() {
    let output = call(&["run", "-pa", text(&fixture::erlang_beams(25)), "prog_limits", "main", "atoms"]);
    assert_eq!(output.end, End::Status(1));
    assert!(output.stderr_text().contains("atom"), "{}", output.stderr_text());
}

#[test]
fn run_heap_limit_kills_the_process() {
    let output = call(&["run", "-pa", text(&fixture::erlang_beams(25)), "prog_limits", "main", "heap"]);
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    assert_eq!(output.stdout_text(), "limits: [heap]\nkilled\n");
}

#[test]
fn run_stops_on_interrupt() {
    for waiting in ["forever", "loop"] {
        let beams = fixture::erlang_beams(25);
        let words = ["run", "-pa", text(&beams), "prog_limits", "main", waiting];
        let output = child::run(
            Command::new("timeout").args(["--signal=INT", "--kill-after=20", "2"]).arg(girder::binary()).args(words),
            LIMIT,
        );
        // `timeout` answers 124 for a command that it stopped and 137 for one that it had to kill.
        assert_eq!(output.end, End::Status(124), "{waiting}: {}", output.stderr_text());
        assert!(output.stdout_text().starts_with("limits: "), "{}", output.stdout_text());
    }
}

#[test]
fn run_tells_why_a_module_is_not_loaded() {
    let scratch = Scratch::new("bad-callee");
    fs::write(scratch.path().join("case_runner.beam"), &module()[..200]).expect("a scratch file");
    let beams = fixture::erlang_beams(25);
    let output = call(&["run", "-pa", text(scratch.path()), "-pa", text(&beams), "funs"]);
    assert_eq!(output.end, End::Status(1));
    let errors = output.stderr_text();
    assert!(errors.contains("case_runner.beam") && errors.contains("undef"), "{errors}");
}

#[test]
fn log_levels() {
    let beams = fixture::erlang_beams(25);
    let run = |level: &str| {
        let mut command = Command::new(girder::binary());
        command.env("GIRDER_LOG", level).args(["run", "-pa", text(&beams), "prog_output"]);
        child::run(&mut command, LIMIT)
    };
    assert!(run("girder_vm::finder=debug").stderr_text().contains("prog_output.beam"));
    assert!(!run("off").stderr_text().contains("prog_output.beam"));
    let wrong = run("a=b=c");
    assert_eq!(wrong.end, End::Status(1));
    assert!(wrong.stderr_text().contains("GIRDER_LOG"), "{}", wrong.stderr_text());
}

#[test]
fn run_in_a_gleam_project() {
    let Some(tree) = fixture::otp_tree(27) else {
        return girder_tests::skip("no OTP 27: run otp-fixtures/fetch-otp 27");
    };
    let scratch = Scratch::new("gleam-project");
    let ebin = scratch.path().join("build/dev/erlang/shapes/ebin");
    let inside = scratch.path().join("src/deep");
    fs::create_dir_all(&ebin).and_then(|()| fs::create_dir_all(&inside)).expect("scratch folders");
    fs::write(scratch.path().join("gleam.toml"), "name = \"shapes\"\nversion = \"1.0.0\"\n").expect("a scratch file");
    for beam in fs::read_dir(fixture::gleam_beams(27)).expect("fixtures").flatten() {
        fs::copy(beam.path(), ebin.join(beam.file_name())).expect("a scratch file");
    }
    let mut command = Command::new(girder::binary());
    command.current_dir(&inside).args(["run", "--otp", text(&tree)]);
    let output = child::run(&mut command, LIMIT);
    let expected = fixture::gleam_expected("shapes");
    assert_eq!(output.end, expected.end, "{}", output.stderr_text());
    assert_eq!(output.stdout, expected.stdout);
}
