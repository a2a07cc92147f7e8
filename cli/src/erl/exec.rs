//! From the words after `erl` to the emulator's command line, as OTP's `erlexec` makes it.
//!
//! Invariant: the result is `[emulator flags] -- -root R -bindir B -progname P -- [-home H] -- [the rest]`; emulator flags
//! are the words with a `+`, written with a `-`, each before its value.

use std::fs;

/// A word of a command line; not always text.
pub type Word = Vec<u8>;

/// The installation that is to run, and what it is called.
pub struct Place {
    /// The OTP tree.
    pub root: Word,
    /// Where its helper programs are.
    pub bindir: Word,
    /// What the user started.
    pub progname: Word,
    /// OTP release.
    pub release: u32,
    /// Directory of launchers that come before the helper programs, see `shim.rs`.
    pub shim: Option<Word>,
}

/// What is to be done.
#[derive(Debug)]
pub enum Plan {
    /// Run the emulator.
    Run(Run),
    /// Print this, and end well.
    Print(Word),
    /// Become this program, found on the PATH.
    Become(Vec<Word>, Vec<(Word, Word)>),
}

/// An emulator's start.
#[derive(Debug, Default)]
pub struct Run {
    /// The command line without the program's name.
    pub words: Vec<Word>,
    /// Variables that are set for the emulator.
    pub variables: Vec<(Word, Word)>,
    /// In the background, without a terminal.
    pub detached: bool,
    /// The node is to be distributed: the port mapper is started first (by this program if one is named).
    pub port_mapper: Option<Option<Word>>,
}

/// Why a command line is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A flag lacks its value.
    #[error("Missing argument(s) for '{0}'.\n{USAGE}")]
    Missing(String),
    /// Not any more.
    #[error("Argument '{0}' not supported.{1}\n{USAGE}")]
    Unsupported(&'static str, &'static str),
    /// Neither true nor false.
    #[error("Expected boolean argument for '{0}'.\n{USAGE}")]
    NoBoolean(&'static str),
    /// A file of arguments cannot be read: its name, and why.
    #[error("Failed to open arguments file \"{0}\"{at}: {1}\n{USAGE}", at = here())]
    File(String, String),
    /// Anything else.
    #[error("erlexec: {0}")]
    Other(String),
}

const USAGE: &str = "Usage: erl [-version] [-sname NAME | -name NAME] [-noshell] [-noinput] [-env VAR VALUE] \
[-args_file FILENAME] [+FLAG [VALUE]]... [args ...]";

/// Emulator flags whose value is the next word unless it is glued to the flag.
const WITH_VALUE: &[&str] = &[
    "a", "A", "C", "e", "i", "n", "P", "Q", "t", "T", "R", "W", "K", "IOt", "IOp", "IOPt", "IOPp", "IOs", "S", "SP",
    "SDcpu", "SDPcpu", "SDio", "pc", "rg", "hms", "hmbs", "hpds", "hmax", "hmaxk", "hmaxel", "hmqd", "h", "sbt",
    "sbwtdcpu", "sbwtdio", "sbwt", "scl", "sct", "secio", "sfwi", "stbt", "swct", "swtdcpu", "swtdio", "swt", "sws",
    "sss", "sssdcpu", "sssdio", "spp", "sub", "zdbbl", "zdntgc", "zebwt", "zosrl", "zhft",
];

/// Letters of allocators, and their switches.
const ALLOCATORS: &[u8] = b"BDEFHILRSTZu";
const ALLOCATOR_SWITCHES: &[&str] = &[
    "as", "asbcst", "atags", "acul", "acnl", "acfml", "acful", "cp", "e", "t", "lmbcs", "mbcgs", "mbsd", "mmbcs",
    "mmmbc", "mmsbc", "msbclt", "ramv", "rmbcmt", "rsbcmt", "rsbcst", "sbct", "smbcs",
];
const OTHER_ALLOCATOR_SWITCHES: &[&str] = &[
    "ea", "ummc", "uycs", "usac", "im", "is", "lpm", "Mamcbf", "Mrmcbf", "Mmcs", "Mscs", "Mscrfsd", "Msco", "Mscrpm",
    "Ye", "Ym", "Ytp", "Ytt", "Iscs", "Xscs", "dai",
];

/// Whether the emulator flag (without its `+`) takes the next word as its value.
pub fn takes_value(flag: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(flag) else { return false };
    if let Some(switch) = name.strip_prefix('M') {
        let of_allocator = switch.bytes().next().is_some_and(|b| ALLOCATORS.contains(&b))
            && ALLOCATOR_SWITCHES.contains(&switch.get(1..).unwrap_or_default());
        return of_allocator || OTHER_ALLOCATOR_SWITCHES.contains(&switch);
    }
    name.starts_with('J') || WITH_VALUE.contains(&name)
}

/// The words of a variable such as `ERL_FLAGS`, or of a file: separated by blanks, with quotes and backslashes as a
/// shell has them. With `comments`, the rest of a line behind `#` counts for nothing.
pub fn split(text: &[u8], comments: bool) -> Vec<Word> {
    let (mut words, mut word, mut open) = (Vec::new(), Word::new(), false);
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(b) = bytes.next() {
        match (quote, b) {
            (Some(q), b) if b == q => quote = None,
            (Some(b'"') | None, b'\\') => {
                open = true;
                word.extend(bytes.next());
            }
            (Some(_), b) => word.push(b),
            (None, b'"' | b'\'') => {
                open = true;
                quote = Some(b);
            }
            (None, b'#') if comments && !open => {
                bytes.by_ref().find(|&b| b == b'\n');
            }
            (None, b) if b.is_ascii_whitespace() => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            (None, b) => {
                open = true;
                word.push(b);
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

/// Where the launcher runs, if that can be told.
fn here() -> String {
    std::env::current_dir().map_or_else(|_| String::new(), |dir| format!(" at \"{}\"", dir.display()))
}

/// What the operating system says, without Rust's number behind it.
fn os_text(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Words in the order they count, and those behind `-extra`, which come last of all.
#[derive(Default)]
struct Gathered {
    words: Vec<Word>,
    extra: Vec<Word>,
}

impl Gathered {
    fn take(&mut self, words: Vec<Word>) -> Result<(), Refused> {
        let mut words = words.into_iter();
        while let Some(w) = words.next() {
            match &w[..] {
                b"-extra" => self.extra.extend(words.by_ref()),
                b"-args_file" => {
                    let file = words.next().ok_or_else(|| Refused::Missing("-args_file".to_owned()))?;
                    let name = String::from_utf8_lossy(&file).into_owned();
                    let text = fs::read(&name).map_err(|e| Refused::File(name, os_text(&e)))?;
                    self.take(split(&text, true))?;
                }
                _ => self.words.push(w),
            }
        }
        Ok(())
    }
}

/// Takes `-S` and what follows it out of the command line: all of it is for the function that is named there, so it comes
/// last and nothing in it is a flag. Only the command line itself has that (from OTP 26 on).
fn take_start(words: &mut Vec<Word>, release: u32) -> Vec<Word> {
    let own_end = words.iter().position(|w| w == b"-extra").unwrap_or(words.len());
    let Some(at) = words[..own_end].iter().position(|w| w == b"-S").filter(|_| release >= 26) else {
        return Vec::new();
    };
    let rest = words.split_off(at);
    words.push(b"--".to_vec());
    // OTP's init takes the backslash away again.
    let escaped = rest.into_iter().map(|w| if w == b"--" { b"\\--".to_vec() } else { w });
    std::iter::once(b"-noshell".to_vec()).chain(escaped).collect()
}

/// The command line's words with those of the environment.
fn gather(words: Vec<Word>, release: u32, variable: &dyn Fn(&str) -> Option<Word>) -> Result<Vec<Word>, Refused> {
    let from = |name: &str| variable(name).map(|v| split(&v, false)).filter(|v| !v.is_empty());
    let before = [format!("ERL_OTP{release}_FLAGS"), "ERL_AFLAGS".to_owned()].map(|name| from(&name));
    let after = ["ERL_FLAGS", "ERL_ZFLAGS"].map(from);
    let alone = before.iter().chain(&after).all(Option::is_none);
    let own_end = words.iter().position(|w| w == b"-extra").unwrap_or(words.len());
    let has_file = words[..own_end].iter().any(|w| w == b"-args_file");
    if alone && !has_file && release < 27 {
        return Ok(words);
    }
    let mut all = Gathered::default();
    let end = || b"--".to_vec();
    for part in before.into_iter().flatten() {
        all.take(part)?;
        all.words.push(end());
    }
    if !words.is_empty() {
        all.take(words)?;
        all.words.push(end());
    }
    for part in after.into_iter().flatten() {
        all.take(part)?;
        all.words.push(end());
    }
    if !all.extra.is_empty() {
        all.words.push(b"-extra".to_vec());
        all.words.append(&mut all.extra);
    }
    Ok(all.words)
}

/// `PATH` with the launchers and the helper programs in front, and not further behind as well.
fn path(place: &Place, old: Option<Word>) -> Word {
    let rest = path_of_helpers(place, old);
    let Some(shim) = &place.shim else { return rest };
    let others: Vec<&[u8]> = rest.split(|&b| b == b':').filter(|d| d != shim).collect();
    [&shim[..], b":", &others.join(&b':')].concat()
}

fn path_of_helpers(place: &Place, old: Option<Word>) -> Word {
    let root_bin = [&place.root[..], b"/bin"].concat();
    match old {
        None => [&place.bindir[..], b":", &root_bin, b":"].concat(),
        Some(old) if !contains(&old, &place.root) => [&place.bindir[..], b":", &root_bin, b":", &old].concat(),
        Some(old) => {
            let others: Vec<&[u8]> = old.split(|&b| b == b':').filter(|d| *d != place.bindir).collect();
            [&place.bindir[..], b":", &others.join(&b':')].concat()
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|w| w == part)
}

struct Builder {
    emulator: Vec<Word>,
    rest: Vec<Word>,
    run: Run,
    halt_afterwards: bool,
    no_port_mapper: bool,
    own_protocol: bool,
    distributed: bool,
    start_port_mapper: bool,
    port_mapper: Option<Word>,
    print: bool,
}

impl Builder {
    fn rest(&mut self, words: &[&str]) {
        self.rest.extend(words.iter().map(|w| w.as_bytes().to_vec()));
    }
}

/// The value behind word `i`, which must be there and not end the flags.
fn value(words: &[Word], i: usize) -> Result<Word, Refused> {
    let missing = || Refused::Missing(String::from_utf8_lossy(&words[i]).into_owned());
    words.get(i + 1).filter(|v| &v[..] != b"--").cloned().ok_or_else(missing)
}

/// What to do about these words after `erl`.
pub fn plan(mut words: Vec<Word>, place: &Place, variable: &dyn Fn(&str) -> Option<Word>) -> Result<Plan, Refused> {
    let start = take_start(&mut words, place.release);
    let words = gather(words, place.release, variable)?;
    let mut b = Builder {
        emulator: Vec::new(),
        rest: Vec::new(),
        run: Run::default(),
        halt_afterwards: false,
        no_port_mapper: false,
        own_protocol: false,
        distributed: false,
        start_port_mapper: true,
        port_mapper: None,
        print: false,
    };
    b.run.variables.push((b"PATH".to_vec(), path(place, variable("PATH"))));
    if let Some(home) = variable("HOME") {
        b.rest.extend([b"-home".to_vec(), home]);
    }
    if let Some(port) = variable("ERL_EPMD_PORT") {
        b.rest.extend([b"-epmd_port".to_vec(), port]);
    }
    b.rest(&["--"]);
    let mut i = 0;
    while i < words.len() {
        match words[i].first() {
            Some(b'-') if &words[i][..] == b"-extra" => {
                b.rest.extend_from_slice(&words[i..]);
                break;
            }
            Some(b'-') => {
                if let Some(plan) = minus(&mut b, &words, &mut i)? {
                    return Ok(plan);
                }
            }
            Some(b'+') => plus(&mut b, &words, &mut i)?,
            _ => b.rest.push(words[i].clone()),
        }
        i += 1;
    }
    b.rest.extend(start);
    finish(b, place)
}

/// Passes word `i` on with its value, which it gives.
fn with_value(b: &mut Builder, words: &[Word], i: &mut usize) -> Result<Word, Refused> {
    let v = value(words, *i)?;
    b.rest.extend_from_slice(&words[*i..*i + 2]);
    *i += 1;
    Ok(v)
}

/// A word that begins with `-`.
fn minus(b: &mut Builder, words: &[Word], i: &mut usize) -> Result<Option<Plan>, Refused> {
    let word = String::from_utf8_lossy(&words[*i]).into_owned();
    match &word[..] {
        "-compile" => {
            b.rest(&["-noshell", "-noinput", "-s", "c", "lc_batch"]);
            b.emulator.push(b"-B".to_vec());
        }
        "-make" => {
            b.rest(&["-noshell", "-noinput", "-s", "make", "all_or_nothing"]);
            b.emulator.push(b"-B".to_vec());
            b.halt_afterwards = true;
            *i = words.len();
        }
        "-man" => {
            let mut command = words[*i..].to_vec();
            command[0] = b"man".to_vec();
            return Ok(Some(Plan::Become(command, vec![(b"MANSECT".to_vec(), b"3erl:1:5:7".to_vec())])));
        }
        "-configfd" => {
            if value(words, *i)? == b"0" {
                b.rest(&["-noshell", "-noinput"]);
            }
            b.rest(&["-configfd"]);
        }
        "-detached" => {
            b.run.detached = true;
            b.rest(&["-noshell", "-noinput"]);
        }
        "-noinput" => b.rest(&["-noshell", "-noinput"]),
        "-emu_args_exit" => b.print = true,
        "-emu_args" => {}
        "-emu_name_exit" => return Ok(Some(Plan::Print(b"beam.smp\n".to_vec()))),
        "-env" => {
            let name = value(words, *i)?;
            let missing = || Refused::Missing("-env".to_owned());
            let v = words.get(*i + 2).filter(|v| &v[..] != b"--").cloned().ok_or_else(missing)?;
            b.run.variables.push((name, v));
            *i += 2;
        }
        "-epmd" => {
            b.port_mapper = Some(value(words, *i)?);
            *i += 1;
        }
        "-emu_type" | "-emu_flavor" => {
            let v = with_value(b, words, i)?;
            let known: &[&[u8]] = if word == "-emu_type" { &[b"opt"] } else { &[b"smp"] };
            if !known.contains(&&v[..]) {
                let why = "Invalid emulator type or flavor. Available combinations are: \n  -emu_flavor smp\n";
                return Err(Refused::Other(why.to_owned()));
            }
        }
        "-smp" if words.get(*i + 1).is_some_and(|v| v == b"disable") => {
            return Err(Refused::Unsupported("-smp disable", " Use \"+S 1\" instead."));
        }
        "-smpdisable" => return Err(Refused::Unsupported("-smp disable", " Use \"+S 1\" instead.")),
        "-name" | "-sname" => {
            with_value(b, words, i)?;
            b.distributed = true;
        }
        "-proto_dist" => {
            with_value(b, words, i)?;
            b.own_protocol = true;
        }
        "-no_epmd" => {
            b.rest(&["-no_epmd"]);
            (b.no_port_mapper, b.start_port_mapper) = (true, false);
        }
        "-start_epmd" => {
            let wanted = with_value(b, words, i)?;
            b.start_port_mapper = match &wanted[..] {
                b"true" => true,
                b"false" => false,
                _ => return Err(Refused::NoBoolean("-start_epmd")),
            };
        }
        "-version" => b.emulator.push(b"-V".to_vec()),
        _ => b.rest.push(words[*i].clone()),
    }
    Ok(None)
}

/// A word that begins with `+`.
fn plus(b: &mut Builder, words: &[Word], i: &mut usize) -> Result<(), Refused> {
    let word = &words[*i];
    let flag = [b"-", &word[1..]].concat();
    let next = words.get(*i + 1).map(|w| &w[..]);
    let takes_next = match &word[1..] {
        b"B" => matches!(next, Some(b"i" | b"c" | b"d")),
        b"c" => matches!(next, Some(b"true" | b"false")),
        [b'S', b'D', kind @ ..] if ![&b"cpu"[..], b"Pcpu", b"io"].iter().any(|k| kind.starts_with(k)) => {
            return Err(Refused::Missing(String::from_utf8_lossy(word).into_owned()));
        }
        [b'B', kind, ..] if !b"icd".contains(kind) => {
            return Err(Refused::Missing(String::from_utf8_lossy(&flag).into_owned()));
        }
        other => takes_value(other),
    };
    b.emulator.push(flag);
    if takes_next {
        b.emulator.push(value(words, *i)?);
        *i += 1;
    }
    Ok(())
}

fn finish(mut b: Builder, place: &Place) -> Result<Plan, Refused> {
    if b.no_port_mapper && !b.own_protocol {
        let why = "Missing -proto_dist option, expected when using -no_epmd.";
        return Err(Refused::Other(why.to_owned()));
    }
    if b.halt_afterwards {
        b.rest(&["-s", "erlang", "halt"]);
    }
    if b.distributed && b.start_port_mapper {
        b.run.port_mapper = Some(b.port_mapper);
    }
    let mut all = b.emulator;
    let fixed: [&[u8]; 8] =
        [b"--", b"-root", &place.root, b"-bindir", &place.bindir, b"-progname", &place.progname, b"--"];
    all.extend(fixed.map(<[u8]>::to_vec));
    all.extend(b.rest);
    if b.print {
        return Ok(Plan::Print(all.iter().flat_map(|w| [&w[..], b"\n"].concat()).collect()));
    }
    b.run.words = all;
    Ok(Plan::Run(b.run))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        line.split_whitespace().map(|w| w.as_bytes().to_vec()).collect()
    }

    fn shown(release: u32, line: &str, env: &[(&str, &str)]) -> String {
        let place =
            Place { root: b"/r".to_vec(), bindir: b"/r/b".to_vec(), progname: b"erl".to_vec(), release, shim: None };
        let variable = |name: &str| env.iter().find(|(k, _)| *k == name).map(|(_, v)| v.as_bytes().to_vec());
        match plan(words(line), &place, &variable) {
            Ok(Plan::Run(run)) => {
                let all = run.words.iter().map(|w| String::from_utf8_lossy(w).into_owned());
                all.collect::<Vec<_>>().join(" ").replace("-- -root /r -bindir /r/b -progname erl --", "|")
            }
            Ok(other) => format!("{other:?}"),
            Err(e) => e.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// What the real program prints for `-emu_args_exit`.
    #[test]
    fn command_lines_of_the_emulator() {
        let flags = [("ERL_FLAGS", "-foo 'a b' x\\ y"), ("ERL_AFLAGS", "+S 1 -q"), ("HOME", "/root")];
        let home = &flags[2..];
        for (release, line, env, expected) in [
            (25, "-bar -extra 1 2", &flags[..], "-S 1 | -home /root -- -q -- -bar -- -foo a b x y -- -extra 1 2"),
            (
                25,
                "-bar +K true +sbt u +Bd +P 5000 -extra 1 2",
                home,
                "-K true -sbt u -Bd -P 5000 | -home /root -- -bar -extra 1 2",
            ),
            (29, "-noshell -eval 1", home, "| -home /root -- -noshell -eval 1 --"),
            (25, "", &[], "| --"),
            (25, "+B +Bc +B i +c +c true +hms 5 +hms5 x", &[], "-B -Bc -B i -c -c true -hms 5 -hms5 | -- x"),
            (
                25,
                "-noinput -version -make x",
                &[],
                "-V -B | -- -noshell -noinput -noshell -noinput -s make all_or_nothing -s erlang halt",
            ),
            (25, "+MBas gf +Mea min +MBmmbcs512", &[], "-MBas gf -Mea min -MBmmbcs512 | --"),
            (
                27,
                "-noshell -S io format ~p -- +A 1 -extra",
                home,
                "| -home /root -- -noshell -- -- -noshell -S io format ~p \\-- +A 1 -extra",
            ),
            (
                27,
                "-S a",
                &[("ERL_ZFLAGS", "-S c"), ("ERL_AFLAGS", "+S 1 -S b")],
                "-S 1 | -- -S b -- -- -- -S c -- -noshell -S a",
            ),
            (25, "-S a -- b", &[], "| -- -S a -- b"),
            (25, "-name", &[], "Missing argument(s) for '-name'."),
            (25, "+P", &[], "Missing argument(s) for '+P'."),
            (25, "+P --", &[], "Missing argument(s) for '+P'."),
            (25, "+SDfoo 1", &[], "Missing argument(s) for '+SDfoo'."),
            (25, "-smp disable", &[], "Argument '-smp disable' not supported. Use \"+S 1\" instead."),
            (25, "-no_epmd", &[], "erlexec: Missing -proto_dist option, expected when using -no_epmd."),
            (25, "-emu_name_exit", &[], "Print([98, 101, 97, 109, 46, 115, 109, 112, 10])"),
        ] {
            assert_eq!(shown(release, line, env), expected, "{line}");
        }
    }

    #[test]
    fn words_of_variables() {
        for (text, expected) in [
            ("a b", &["a", "b"][..]),
            (" a\\ b  'c d'\"e\\\"f\" ", &["a b", "c de\"f"]),
            ("'' \"\"", &["", ""]),
            ("", &[]),
            ("a # b\nc", &["a", "c"]),
        ] {
            assert_eq!(
                split(text.as_bytes(), true),
                expected.iter().map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>()
            );
        }
        assert_eq!(split(b"a #b", false).len(), 2);
    }

    #[test]
    fn path_has_the_helpers_in_front() {
        let place = |shim: Option<&str>| {
            let shim = shim.map(|s| s.as_bytes().to_vec());
            Place { root: b"/r".to_vec(), bindir: b"/r/b".to_vec(), progname: b"erl".to_vec(), release: 25, shim }
        };
        for (shim, old, expected) in [
            (None, None, "/r/b:/r/bin:"),
            (None, Some("/usr/bin"), "/r/b:/r/bin:/usr/bin"),
            (None, Some("/r/b:/r/bin:/usr/bin:/r/b"), "/r/b:/r/bin:/usr/bin"),
            (Some("/s"), Some("/s:/usr/bin"), "/s:/r/b:/r/bin:/usr/bin"),
        ] {
            assert_eq!(path(&place(shim), old.map(|o| o.as_bytes().to_vec())), expected.as_bytes());
        }
    }
}
