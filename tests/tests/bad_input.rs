//! What comes from outside and is broken: the message and the status are those of the installed `erl`, `escript`.
//!
//! Each case is a shell script in a folder with damaged files; `$ERL` and `$ESCRIPT` stand for the programs.

use girder_tests::{
    child::{self, Output, Scratch},
    girder, reference, skip,
};
use std::{fs, path::Path, process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(60);

/// Modules whose code refuses to be loaded, and such that can not be.
const SOURCES: [(&str, &str); 3] = [
    ("refuses", "-module(refuses).\n-export([main/0]).\n-on_load(f/0).\nf() -> {no, 7}.\nmain() -> ok.\n"),
    ("crashes", "-module(crashes).\n-export([main/0]).\n-on_load(f/0).\nf() -> error(on_purpose).\nmain() -> ok.\n"),
    ("whole", "-module(whole).\n-export([start/0]).\nstart() -> ok.\n"),
];

const SCRIPTS: [(&str, &str); 9] = [
    ("undefined", "main(_) -> no_such_function().\n"),
    ("syntax", "main(_) -> foo bar.\n"),
    ("error", "main(_) -> error(boom).\n"),
    ("exit", "main(_) -> exit(3).\n"),
    ("throw", "main(_) -> throw(x).\n"),
    ("no_main", "foo(_) -> ok.\n"),
    ("archive", "PK\x03\x04junk"),
    ("flag", "%%! -boot no_such_boot\nmain(_) -> ok.\n"),
    ("deep", "main(_) -> f(3), ok.\nf(0) -> 1 / list_to_integer(\"0\");\nf(N) -> 1 + f(N - 1).\n"),
];

/// A folder with all of them.
fn folder() -> Scratch {
    let folder = Scratch::new("bad-input");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a scratch file");
    for (name, text) in SOURCES {
        write(&format!("{name}.erl"), text.as_bytes());
    }
    let sources: Vec<_> = SOURCES.iter().map(|(name, _)| folder.path().join(format!("{name}.erl"))).collect();
    reference::compile(&sources, folder.path()).expect("the modules compile");
    let whole = fs::read(folder.path().join("whole.beam")).expect("a module");
    write("cut.beam", &whole[..whole.len() / 2]);
    write("other_name.beam", &whole);
    write("junk.beam", b"junk");
    write("empty.beam", b"");
    write("bad.boot", b"no boot script");
    write("bad.config", b"[{kernel, ");
    write("bad.app", b"{application, bad");
    for (name, text) in SCRIPTS {
        write(name, format!("#!/usr/bin/env escript\n{text}").as_bytes());
    }
    write("nothing", b"");
    write("no_first_line", b"main(_) -> ok.");
    folder
}

fn run(dir: &Path, script: &str, erl: &str, escript: &str) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(dir).args(["-c", script]).env("ERL", erl).env("ESCRIPT", escript);
    child::run(&mut command, LIMIT)
}

/// Runs the scripts with both; all that is printed and the status are equal, but for the times of reports.
fn same(scripts: &[&str]) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let girder = girder::binary().display();
    let (erl, escript) = (format!("{girder} erl"), format!("{girder} escript"));
    let shown = |o: &Output| {
        let reports = |text: String| {
            let lines = text.lines().map(|line| line.split("REPORT====").next().unwrap_or_default().to_owned());
            lines.collect::<Vec<_>>().join("\n")
        };
        format!("{:?}\n{}\n{}", o.end, reports(o.stdout_text()), reports(o.stderr_text()))
    };
    for script in scripts {
        let (one, other) = (folder(), folder());
        let expected = run(one.path(), script, "erl", "escript");
        let got = run(other.path(), script, &erl, &escript);
        assert_eq!(shown(&got), shown(&expected), "{script}");
    }
}

#[test]
fn a_module_that_refuses_to_be_loaded() {
    const QUIET: &str = "logger:set_primary_config(level, none)";
    let load = format!(
        "$ERL -noshell -eval '{QUIET}, io:format(\"~p~n\", [[{{code:load_file(M), element(1, catch M:main()), code:is_loaded(M)}} || M <- [refuses, crashes]]]), halt().'"
    );
    same(&[&load, "$ERL -noshell -s refuses main", "$ERL -noshell -s crashes main"]);
}

#[test]
fn files_that_are_no_modules() {
    let load = "$ERL -noshell -kernel logger_level emergency -eval 'io:format(\"~p~n\", [[code:load_file(M) || M <- [whole, cut, empty, nowhere]]]), halt().' ";
    let binary = "$ERL -noshell -kernel logger_level emergency -eval 'io:format(\"~p~n\", [[code:load_binary(whole, \"x\", B) || B <- [<<>>, <<\"FOR1\">>, element(2, file:read_file(\"cut.beam\"))]]]), halt().' ";
    same(&[
        load,
        binary,
        "$ERL -noshell -kernel logger_level emergency -s junk",
        "$ERL -noshell -kernel logger_level emergency -s cut",
    ]);
}

#[test]
fn files_that_say_how_to_start() {
    same(&[
        "$ERL -noshell -config bad -eval 'halt().'",
        "$ERL -noshell -config nowhere -eval 'halt().'",
        "$ERL -noshell -boot nowhere",
        "$ERL -noshell -eval 'io:format(\"~p~n\", [[application:load(bad), application:load(nowhere), application:ensure_all_started(nowhere)]]), halt().'",
        "$ERL -noshell -args_file nowhere -eval 'halt().' 2>&1 | head -1 | sed s,$PWD,HERE,",
        "$ERL -noshell -pa nowhere -eval 'halt().'",
        "$ERL -noshell -mode klingon -eval 'io:put_chars(\"up\"), halt().'",
    ]);
}

/// A tree without its libraries.
#[test]
fn a_tree_that_is_not_whole() {
    let tree = "T=$PWD/tree; mkdir -p $T/lib; R=$(erl -noshell -eval 'io:put_chars(code:root_dir()), halt().'); for x in $R/*; do [ $(basename $x) = lib ] || ln -s $x $T/; done; ";
    let without = "for x in $R/lib/*; do case $x in */MISSING-*) ;; *) ln -s $x $T/lib/ ;; esac; done; ";
    let start = "[ \"$ERL\" = erl ] && ERL=$(echo $R/erts-*/bin)/erlexec; export BINDIR=$(echo $R/erts-*/bin) ROOTDIR=$T EMU=beam PROGNAME=erl GIRDER_OTP_ROOT=$T; timeout 20 $ERL -noshell -eval 'halt(5).' 2>&1 | head -1 | tr -d '[](){}' | tr ',' '\\n' | sort";
    let script = |missing: &str| format!("{tree}{}{start}", without.replace("MISSING", missing));
    same(&[&script("kernel")]);
}

/// Without stdlib it cannot be told which release a tree is of.
#[test]
fn a_folder_that_is_no_tree() {
    let folder = Scratch::new("no-tree");
    let mut command = Command::new(girder::binary());
    command.args(["erl", "-noshell", "-eval", "halt()."]).env("GIRDER_OTP_ROOT", folder.path());
    let output = child::run(&mut command, LIMIT);
    assert_eq!((output.end, output.stdout_text()), (child::End::Status(1), String::new()));
    let errors = output.stderr_text();
    assert!(errors.lines().count() == 1 && errors.contains("is no OTP tree"), "{errors}");
}

#[test]
fn scripts() {
    let mut all: Vec<String> = SCRIPTS.iter().map(|(name, _)| format!("$ESCRIPT {name} a")).collect();
    all.extend(["$ESCRIPT nothing", "$ESCRIPT no_first_line", "$ESCRIPT whole.beam"].map(str::to_owned));
    same(&all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_disk_that_is_full() {
    same(&[
        "$ERL -noshell -eval 'io:format(\"hi~n\"), halt().' >/dev/full",
        "$ERL -noshell -eval 'R = (catch io:format(\"hi~n\")), timer:sleep(100), io:format(standard_error, \"~p~n\", [R]), halt().' >/dev/full",
        "$ERL -noshell -eval 'io:format(\"hi~n\"), init:stop().' >/dev/full",
        "$ERL -noshell -eval '{ok, F} = file:open(\"/dev/full\", [write]), io:format(\"~p~n\", [[file:write_file(\"/dev/full\", \"x\"), file:write(F, \"x\"), file:close(F), file:copy(\"whole.erl\", \"/dev/full\")]]), halt().'",
        "$ERL -noshell -eval '{ok, F} = file:open(\"/dev/full\", [write, delayed_write]), io:format(\"~p~n\", [[file:write(F, \"x\"), file:sync(F), file:close(F)]]), halt().'",
    ]);
}

#[test]
fn a_closed_output() {
    same(&[
        "$ERL -noshell -eval 'io:format(\"hi~n\"), halt(3).' >&-",
        "$ERL -noshell -eval 'io:format(\"hi~n\"), halt(3).' 2>&-",
        "{ $ERL -noshell -eval 'io:format(\"hi~n\"), timer:sleep(100), halt(3).'; echo $? >status; } | true; sleep 1; cat status",
    ]);
}

#[test]
fn the_end_of_input() {
    same(&[
        "$ERL </dev/null",
        "echo '1+2.' | $ERL",
        "echo 'halt(4).' | $ERL",
        "printf 'X = 1.\\nX + 1' | $ERL",
        "$ERL -noshell -eval 'io:format(\"~p~n\", [[io:get_line(\"\"), io:get_chars(\"\", 3), io:read(\"\")]]), halt().' </dev/null",
        "$ERL -noshell -eval 'io:format(\"~p~n\", [io:get_line(\"\")]), halt().' <&-",
        "printf 'no end of line' | $ERL -noshell -eval 'io:format(\"~p~n\", [[io:get_line(\"\"), io:get_line(\"\")]]), halt().'",
    ]);
}
