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

/// Does the steps on both; the screens must be equal but for the line about the emulator.
fn same(name: &str, steps: &[Step<'_>]) {
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
    let shell = |who: &str, erl: &str| {
        let home = Scratch::new("home");
        let command = format!("cd {0} && HOME={0} {erl}", home.path().display());
        let t = Terminal::start(&format!("{name}-{who}"), &command);
        t.await_line("1>");
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
        screen[screen.find("Eshell").unwrap_or(0)..].to_owned()
    };
    let expected = shell("erl", "erl");
    let got = shell("girder", &format!("{}/erl", shim.path().display()));
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
}

#[test]
fn quitting() {
    same("quit", &[Keys(&["q().", "Enter"], END)]);
}
