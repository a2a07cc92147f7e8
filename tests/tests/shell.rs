//! The interactive shell in a terminal: what is on the screen after the same keys, on Girder and on the installed `erl`.

use girder_tests::{child::Scratch, girder, reference, skip, terminal::Terminal};

/// One thing done to the terminal, and how the screen's last line ends when it has had its effect.
enum Step<'a> {
    Keys(&'a [&'a str], &'a str),
    Size(u32),
    /// A change that does not show: the terminal takes single keys again.
    Settle,
}
use Step::{Keys, Settle, Size};

/// What is there when the shell has ended.
const END: &str = "[status 0]";

/// A program that talks to its user, its first prompt, and where the part of the screen begins that both have alike.
struct Program {
    command: &'static str,
    prompt: &'static str,
    from: &'static str,
}

const ERL: Program = Program { command: "erl", prompt: "1>", from: "Eshell" };
const IEX: Program = Program { command: "iex", prompt: "iex(1)>", from: "Interactive Elixir" };

/// Does the steps in `erl` on both; the screens must be equal but for the line about the emulator.
fn same(name: &str, steps: &[Step<'_>]) {
    same_in(&ERL, name, steps);
}

/// As [`same`] in a program that is found on the PATH, with Girder's launchers first or not.
fn same_in(program: &Program, name: &str, steps: &[Step<'_>]) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    if !girder_tests::terminal::is_there() {
        return skip("no tmux is installed");
    }
    let shim = Scratch::new("shim");
    let installed =
        girder::command(&["install-shim", shim.path().to_str().expect("a name")], std::time::Duration::from_secs(60));
    assert_eq!(installed.end, girder_tests::child::End::Status(0), "{}", installed.stderr_text());
    let shell = |who: &str, path: &str| {
        let home = Scratch::new("home");
        let command = format!("cd {0} && HOME={0} PATH={path}\"$PATH\" {1}", home.path().display(), program.command);
        let t = Terminal::start(&format!("{name}-{who}"), &command);
        t.await_line(program.prompt);
        for step in steps {
            match step {
                Keys(keys, effect) => {
                    t.keys(keys);
                    if !effect.is_empty() {
                        t.await_line(effect);
                    }
                }
                Size(columns) => t.resize(*columns),
                Settle => std::thread::sleep(std::time::Duration::from_millis(500)),
            }
        }
        let screen = t.screen();
        screen[screen.find(program.from).unwrap_or(0)..].to_owned()
    };
    let expected = shell("erl", "");
    let got = shell("girder", &format!("{}:", shim.path().display()));
    assert_eq!(got, expected);
}

#[test]
fn lines_are_edited() {
    same(
        "edit",
        &[
            Keys(&["lists:su", "Tab"], "1> lists:su"),
            Keys(&["m([1,2,3]).", "Enter"], "2>"),
            Keys(&["Up"], "2> lists:sum([1,2,3])."),
            Keys(&["Enter"], "3>"),
            Keys(&["abc", "C-a", "x", "C-e", "y."], "3> xabcy."),
            Keys(&["Enter"], "4>"),
            Keys(&["1+", "2.", "BSpace", "BSpace", "3."], "4> 1+3."),
            Keys(&["Enter"], "5>"),
            Keys(&["[one, two", "C-w", "three", "C-a", "C-k"], "5>"),
            Keys(&["C-y", "]."], "5> [one, three]."),
            Keys(&["Enter"], "6>"),
        ],
    );
}

#[test]
fn values_and_errors() {
    same(
        "values",
        &[
            Keys(&["X = 1/0.", "Enter"], "2>"),
            Keys(&["f(), Y = [a, \"text\", <<1,2>>, #{k => 1.5}].", "Enter"], "3>"),
            Keys(&["\"žluťoučký\".", "Enter"], "4>"),
            Keys(&["io:format(\"~ts~n\", [\"žluťoučký\"]).", "Enter"], "5>"),
            Keys(&["io:get_line(\"name: \").", "Enter"], "name:"),
            Keys(&["somebody", "Enter"], "6>"),
            Keys(&["v(3), h().", "Enter"], "7>"),
        ],
    );
}

#[test]
fn jobs() {
    same(
        "jobs",
        &[
            Keys(&["io:put_chars(\"be\" \"gun\"), receive after 100000 -> ok end.", "Enter"], "begun"),
            Keys(&["C-g"], " -->"),
            Keys(&["h"], " --> h"),
            Keys(&["Enter"], " -->"),
            Keys(&["i"], " --> i"),
            Keys(&["Enter"], " -->"),
            Keys(&["c"], " --> c"),
            Keys(&["Enter"], "2>"),
            Keys(&["C-g"], " -->"),
            Keys(&["s"], " --> s"),
            Keys(&["Enter"], " -->"),
            Keys(&["j"], " --> j"),
            Keys(&["Enter"], " -->"),
            Keys(&["c"], " --> c"),
            Keys(&["Enter"], "1>"),
            Keys(&["1+1.", "Enter"], "2>"),
        ],
    );
}

#[test]
fn the_size_of_the_window() {
    same("size", &[Keys(&["io:columns().", "Enter"], "2>"), Size(70), Keys(&["io:columns().", "Enter"], "3>")]);
}

#[test]
fn the_break_menu() {
    let menu = "(d)istribution";
    same(
        "break",
        &[
            Keys(&["C-c"], menu),
            Keys(&["x", "Enter"], menu),
            Keys(&["v", "Enter"], "emulator version 13.1.5"),
            Settle,
            Keys(&["1+1.", "Enter"], "2>"),
            Keys(&["C-c"], menu),
            Keys(&["c", "Enter"], ""),
            Settle,
            Keys(&["2+2.", "Enter"], "3>"),
            Keys(&["C-c"], menu),
            Keys(&["a", "Enter"], END),
        ],
    );
    same("break-twice", &[Keys(&["C-c"], menu), Settle, Keys(&["C-c"], END)]);
}

#[test]
fn quitting() {
    same("quit", &[Keys(&["q().", "Enter"], END)]);
}

/// Steps in `iex`; no test where there is none.
fn same_in_iex(name: &str, steps: &[Step<'_>]) {
    let is_there = |dir: std::path::PathBuf| dir.join(IEX.command).is_file();
    if std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(is_there)) {
        same_in(&IEX, name, steps);
    } else {
        skip("no iex is installed");
    }
}

#[test]
fn iex_evaluates() {
    same_in_iex(
        "iex-values",
        &[
            Keys(&["1 + 2", "Enter"], "iex(2)>"),
            Keys(&["x = %{name: \"žluť\", list: [1, 2]}", "Enter"], "iex(3)>"),
            Keys(&["raise \"oops\""], "\"oops\""),
            Keys(&["Enter"], "iex(3)>"),
            Keys(&["1 / 0"], "1 / 0"),
            Keys(&["Enter"], "iex(3)>"),
            Keys(&["defmodule Twice do", "Enter"], "...(3)>"),
            Keys(&["def of(x), do: x * 2", "Enter"], "x * 2\n...(3)>"),
            Keys(&["end; Twice.of(v(1))", "Enter"], "iex(4)>"),
            Keys(&["IO.gets(\"name: \")", "Enter"], "name:"),
            Keys(&["somebody", "Enter"], "iex(5)>"),
            Settle,
            Keys(&["1 +", "Enter"], "...(5)>"),
            Keys(&["#iex:break", "Enter"], "iex(5)>"),
        ],
    );
}

#[test]
fn iex_edits_and_helps() {
    same_in_iex(
        "iex-help",
        &[
            Keys(&["Enum.ma", "Tab"], "iex(1)> Enum.ma"),
            Keys(&["p([1, 2], &(&1 + 1))", "Enter"], "iex(2)>"),
            Keys(&["x = %{list: [1], lot: 2}", "Enter"], "iex(3)>"),
            Keys(&["Up", "Up"], "&(&1 + 1))"),
            Keys(&["Enter"], "iex(4)>"),
            Keys(&["x.li", "Tab"], "iex(4)> x.list"),
            Keys(&["C-a", "y = ", "C-e", "Enter"], "iex(5)>"),
            Keys(&["h Enum.count/1", "Enter"], "iex(6)>"),
            Keys(&["i y", "Enter"], "iex(7)>"),
        ],
    );
}

#[test]
fn iex_is_left() {
    let menu = "(d)istribution";
    same_in_iex(
        "iex-break",
        &[
            Keys(&["C-c"], menu),
            Keys(&["c", "Enter"], ""),
            Settle,
            Keys(&["1 + 1", "Enter"], "iex(2)>"),
            Keys(&["C-c"], menu),
            Keys(&["a", "Enter"], END),
        ],
    );
    same_in_iex("iex-quit", &[Keys(&["C-\\"], END)]);
    same_in_iex("iex-halt", &[Keys(&["System.halt(3)", "Enter"], "[status 3]")]);
}
