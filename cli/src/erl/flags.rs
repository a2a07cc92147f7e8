//! The emulator's own flags, `-P 1000 -S 2:1 ...` up to the first `--`: which there are, and which values they take.
//!
//! Invariant: a flag that OTP accepts is accepted, and one that it refuses is refused with its message, whether or not
//! the flag means anything to this VM. What does is in [`Flags`].

use girder_bifs::signals::OnBreak;

use super::exec::Word;

/// What the flags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Most processes.
    pub processes: Option<u32>,
    /// Most ports.
    pub ports: Option<u32>,
    /// Schedulers, and how many are online.
    pub schedulers: Option<(u32, u32)>,
    /// Dirty CPU schedulers online.
    pub dirty_cpu_online: Option<u32>,
    /// Module that takes the boot arguments.
    pub init: Option<String>,
    /// Code points that `io` takes for printable reach beyond Latin-1.
    pub printable_unicode: bool,
    /// Names of files: UTF-8, Latin-1, or what the locale says.
    pub names: Option<Names>,
    /// Heap sizes that processes start with, in words.
    pub heap: Heap,
    /// How warnings are logged: `warning`, `info` or `error`.
    pub warnings: Option<&'static str>,
    /// What Ctrl-C does.
    pub on_break: OnBreak,
    /// No crash dump for errors of the VM.
    pub no_crash_dump: bool,
    /// Prints the version instead of running.
    pub version: bool,
}

/// Encoding of names of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// UTF-8.
    Utf8,
    /// Latin-1.
    Latin1,
}

/// See [`Flags::heap`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// Minimum.
    pub min: Option<usize>,
    /// Minimum of the virtual binary heap.
    pub min_binary: Option<usize>,
    /// Maximum.
    pub max: Option<usize>,
    /// Processes that outgrow it are killed.
    pub max_kill: Option<bool>,
    /// And logged.
    pub max_log: Option<bool>,
    /// Messages lie outside of the heap.
    pub off_heap_messages: Option<bool>,
}

/// What a value may be, and what is said of one that may not.
enum Value {
    /// Anything.
    Any,
    /// A number (of which the leading digits count) from, to.
    Number(i64, i64),
    /// A number that begins with a digit, not below this.
    Digits(i64),
    /// A number, or this word.
    NumberOr(&'static str, i64, i64),
    /// One of these.
    One(&'static [&'static str]),
}

const BOOL: &[&str] = &["true", "false"];
const BUSY_WAIT: &[&str] = &["none", "very_short", "short", "medium", "long", "very_long"];
const THRESHOLD: &[&str] = &["very_low", "low", "medium", "high", "very_high"];
const BIND: &[&str] = &["u", "ns", "ts", "ps", "s", "nnts", "nnps", "tnnps", "db"];
const MOST_PROCESSES: i64 = (1 << 27) - 1;
const MOST_SCHEDULERS: i64 = 1024;

/// Flags that take a value, glued to them or the next word; the first row whose name begins the word counts. `{}` in
/// the message is the value.
const ROWS: &[(&str, Value, &str)] = &[
    ("pc", Value::One(&["unicode", "latin1"]), "bad range of printable characters: {}"),
    ("hmbs", Value::Number(1, i32::MAX as i64), "bad heap size {}"),
    ("hms", Value::Number(1, i32::MAX as i64), "bad heap size {}"),
    ("hpds", Value::Number(1, i32::MAX as i64), "bad initial process dictionary size {}"),
    ("hmqd", Value::One(&["on_heap", "off_heap"]), "Invalid message_queue_data flag: {}"),
    ("hmaxk", Value::One(BOOL), "bad max heap kill {}"),
    ("hmaxel", Value::One(BOOL), "bad max heap error logger {}"),
    ("hmaxib", Value::One(BOOL), "bad max heap include shared binaries {}"),
    ("hmax", Value::Number(0, i64::MAX), "bad max heap size {}"),
    ("h", Value::Number(1, i32::MAX as i64), "bad heap size {}"),
    ("dcg", Value::Digits(0), "bad decentralized counter groups limit: {}"),
    ("e", Value::Number(0, i32::MAX as i64), "bad maximum number of ets tables {}"),
    ("i", Value::Any, ""),
    ("JDdump", Value::One(BOOL), "bad +JDdump flag {}"),
    ("JPperf", Value::One(&["true", "false", "dump", "map"]), "bad +JPperf support flag {}"),
    ("n", Value::One(&["s", "a", "d"]), "bad -n option {}"),
    ("P", Value::NumberOr("legacy", 1024, MOST_PROCESSES), "bad number of processes {}"),
    ("Q", Value::NumberOr("legacy", 1024, MOST_PROCESSES), "bad number of ports {}"),
    ("SDPcpu", Value::Any, "bad dirty CPU schedulers percentage specifier {}"),
    ("SDcpu", Value::Any, "bad amount of dirty CPU schedulers {}"),
    ("SDio", Value::Number(1, MOST_SCHEDULERS), "bad number of dirty I/O schedulers {}"),
    ("SP", Value::Any, "bad schedulers percentage specifier {}"),
    ("S", Value::Any, "bad amount of schedulers {}"),
    ("sbwtdcpu", Value::One(BUSY_WAIT), "bad dirty CPU scheduler busy wait threshold: {}"),
    ("sbwtdio", Value::One(BUSY_WAIT), "bad dirty IO scheduler busy wait threshold: {}"),
    ("sbwt", Value::One(BUSY_WAIT), "bad scheduler busy wait threshold: {}"),
    ("sbt", Value::One(BIND), "setting scheduler bind type '{}' failed: invalid type"),
    ("scl", Value::One(BOOL), "bad scheduler compact load value '{}'"),
    ("sct", Value::Any, ""),
    ("secio", Value::Any, ""),
    ("spp", Value::One(BOOL), "bad port parallelism scheduling hint {}"),
    ("stbt", Value::One(BIND), "setting scheduler bind type '{}' failed: invalid type"),
    ("sub", Value::One(BOOL), "bad scheduler utilization balancing  value '{}'"),
    (
        "swct",
        Value::One(&["very_eager", "eager", "medium", "lazy", "very_lazy"]),
        "scheduler wake cleanup threshold: {}",
    ),
    ("swtdcpu", Value::One(THRESHOLD), "dirty CPU scheduler wakeup threshold: {}"),
    ("swtdio", Value::One(THRESHOLD), "dirty IO scheduler wakeup threshold: {}"),
    ("swt", Value::One(THRESHOLD), "scheduler wakeup threshold: {}"),
    ("sws", Value::One(&["default", "legacy"]), "scheduler wakeup strategy: {}"),
    ("sssdcpu", Value::Number(20, 8192), "bad stack size for dirty CPU scheduler threads {}"),
    ("sssdio", Value::Number(20, 8192), "bad stack size for dirty IO scheduler threads {}"),
    ("sss", Value::Number(20, 8192), "bad stack size for scheduler threads {}"),
    ("sfwi", Value::Number(0, i64::MAX), "bad scheduler forced wakeup interval {}"),
    ("t", Value::Number(8192, i32::MAX as i64), "bad atom table size {}"),
    ("T", Value::Number(0, 9), "bad modified timing level {}"),
    ("R", Value::Any, "bad compatibility release number {}"),
    ("A", Value::Number(0, 1024), "bad number of async threads {}"),
    ("a", Value::Number(16, 8192), "bad stack size for async threads {}"),
    ("rg", Value::Digits(0), "bad reader groups limit: {}"),
    ("C", Value::One(&["no_time_warp", "single_time_warp", "multi_time_warp"]), "Invalid time warp mode: {}"),
    ("zdbbl", Value::Number(1, i32::MAX as i64 / 1024), "Invalid dbbl limit: {}"),
    ("zdntgc", Value::NumberOr("infinity", 0, 100_000_000), "Invalid delayed node table gc: {}"),
    (
        "zebwt",
        Value::One(&["none", "very_short", "short", "medium", "long", "very_long", "extremely_long"]),
        "Invalid ets busy wait threshold: {}",
    ),
    ("zosrl", Value::Number(1, MOST_PROCESSES), "Invalid outstanding requests limit {}"),
    ("zhft", Value::NumberOr("infinity", 0, i64::MAX), "Invalid halt flush timeout: {}"),
    ("IOt", Value::Digits(1), "bad I/O poll threads number: {}"),
    ("IOp", Value::Digits(1), "bad I/O pollset number: {}"),
    ("IOPt", Value::Digits(0), "bad I/O poll threads percentage number: {}"),
    ("IOPp", Value::Digits(0), "bad I/O pollset percentage number: {}"),
    ("IOs", Value::One(BOOL), "bad schedulers poll value: {}"),
    ("K", Value::Any, ""),
    ("W", Value::Any, "unrecognized warning_map option {}"),
];

/// What C's `atoi` makes of a text: leading blanks, a sign, digits; else 0.
fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(d) => (-1, d),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    match digits[..end].parse::<i64>() {
        Ok(n) => sign * n,
        Err(_) if end == 0 => 0,
        Err(_) => sign * i64::MAX,
    }
}

/// Whether the text begins with digits.
fn is_number(text: &str) -> bool {
    text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit())
}

fn fits(value: &Value, text: &str) -> bool {
    match *value {
        Value::Any => true,
        Value::Number(from, to) => (from..=to).contains(&number(text)),
        Value::Digits(from) => is_number(text) && number(text) >= from,
        Value::NumberOr(word, from, to) => text == word || (from..=to).contains(&number(text)),
        Value::One(words) => words.contains(&text),
    }
}

/// `N`, `N:M` or `:M`.
fn pair(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (first, second) = text.split_once(':').unwrap_or((text, ""));
    let part = |t: &str| if t.is_empty() { Some(None) } else { is_number(t).then(|| Some(number(t))) };
    let both = (part(first)?, part(second)?);
    (both != (None, None)).then_some(both)
}

/// Total and online, from a pair in which numbers below one count from what there would be.
fn amount(text: &str, (total, online): (i64, i64), what: &str) -> Result<(u32, u32), String> {
    let (t, o) = pair(text).ok_or_else(|| format!("bad amount of {what} {text}"))?;
    let wanted = t.map_or(total, |t| if t > 0 { t } else { total + t });
    let up = match (t, o) {
        (_, Some(o)) if o > 0 => o,
        (_, Some(o)) => online + o,
        (Some(t), None) if t > 0 => t.min(online),
        (_, None) => online.min(wanted),
    };
    if !(1..=MOST_SCHEDULERS).contains(&wanted) {
        return Err(format!("bad amount of {what} {}", t.unwrap_or(wanted)));
    }
    if up < 1 || wanted < up {
        return Err(format!("bad amount of {what} online {up} (total amount of {what} {wanted})"));
    }
    // Both are at most MOST_SCHEDULERS.
    Ok((wanted.unsigned_abs() as u32, up.unsigned_abs() as u32))
}

struct Parser<'a> {
    flags: Flags,
    release: u32,
    /// Cores.
    cores: i64,
    /// The emulator's name, for messages.
    program: &'a str,
    words: std::slice::Iter<'a, Word>,
    percent: (i64, i64),
}

impl Parser<'_> {
    /// The value of a flag: the rest of its word, or the next word.
    fn value(&mut self, rest: &str) -> Result<String, String> {
        if !rest.is_empty() {
            return Ok(rest.to_owned());
        }
        let next = self.words.next().ok_or("too few arguments")?;
        Ok(String::from_utf8_lossy(next).into_owned())
    }

    fn flag(&mut self, word: &str) -> Result<(), String> {
        let f = &word[1..];
        match f.as_bytes().first() {
            Some(b'f') => return self.names(word),
            Some(b'B') => return self.on_break(&f[1..]),
            Some(b'c') => return self.time_correction(&f[1..]),
            Some(b'M') => return self.allocator(f),
            Some(b'L') => return Ok(()),
            Some(b'v') => {
                eprintln!("warning: -v (only in debug compiled code)");
                return Ok(());
            }
            Some(b'V') => {
                self.flags.version = true;
                return Ok(());
            }
            Some(b'H') => {
                eprintln!("The undocumented +H option has been removed (R10B-6).\n");
                return Ok(());
            }
            Some(b'd') if !f.starts_with("dcg") => {
                self.flags.no_crash_dump = true;
                return Ok(());
            }
            Some(b'r') if !f.starts_with("rg") => return Ok(()),
            _ if f == "ec" || f.starts_with("ssrct") => return Ok(()),
            _ => {}
        }
        if f.starts_with('J') && !f.starts_with("JDdump") && !f.starts_with("JPperf") {
            eprintln!("invalid JIT option {word}");
            return Ok(());
        }
        if f.starts_with("SD") && !["SDcpu", "SDPcpu", "SDio"].iter().any(|known| f.starts_with(known)) {
            return Err(format!("bad or missing dirty scheduler specifier: {word}"));
        }
        let Some((name, value, message)) = ROWS.iter().find(|(name, ..)| f.starts_with(name)) else {
            return Err(match f.as_bytes().first() {
                Some(b's') => format!("bad scheduling option {word}"),
                Some(b'z') => format!("bad -z option {word}"),
                _ => format!("{} unknown flag {word}", self.program),
            });
        };
        let text = self.value(&f[name.len()..])?;
        if !fits(value, &text) {
            return Err(message.replace("{}", &text));
        }
        self.set(name, &text).map_err(|own| own.unwrap_or_else(|| message.replace("{}", &text)))
    }

    /// Does what a flag says. An error may have a message of its own.
    fn set(&mut self, name: &str, text: &str) -> Result<(), Option<String>> {
        let n = number(text);
        let size = usize::try_from(n).unwrap_or(usize::MAX);
        let yes = text == "true";
        let h = &mut self.flags.heap;
        match name {
            "pc" => self.flags.printable_unicode = text == "unicode",
            "hmbs" => h.min_binary = Some(size),
            "hms" | "h" => h.min = Some(size),
            "hmqd" => h.off_heap_messages = Some(text == "off_heap"),
            "hmaxk" => h.max_kill = Some(yes),
            "hmaxel" => h.max_log = Some(yes),
            "hmax" => h.max = Some(size),
            "i" => self.flags.init = Some(text.to_owned()),
            "P" if text != "legacy" => self.flags.processes = u32::try_from(n).ok(),
            "Q" if text != "legacy" => self.flags.ports = u32::try_from(n).ok(),
            "S" => self.flags.schedulers = Some(amount(text, (self.cores, self.cores), "schedulers").map_err(Some)?),
            "SDcpu" => {
                let both = amount(text, (self.cores, self.cores), "dirty CPU schedulers").map_err(Some)?;
                self.flags.dirty_cpu_online = Some(both.1);
            }
            "SP" | "SDPcpu" => {
                let (total, online) = pair(text).ok_or(None)?;
                if total.unwrap_or(0) < 0 || online.unwrap_or(0) < 0 {
                    return Err(None);
                }
                let total = total.unwrap_or(100);
                if name == "SP" {
                    self.percent = (total, online.unwrap_or(total.min(100)));
                }
            }
            "R" if !(i64::from(self.release) - 2..=i64::from(self.release)).contains(&n) => return Err(None),
            "W" => {
                self.flags.warnings = Some(match text.as_bytes().first() {
                    Some(b'i') => "info",
                    Some(b'e') => "error",
                    Some(b'w') => "warning",
                    _ => return Err(None),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// `-fnu`, `-fnl`, `-fna`, each with what to do about wrong names.
    fn names(&mut self, word: &str) -> Result<(), String> {
        let Some(rest) = word.strip_prefix("-fn") else { return Err(format!("{} unknown flag {word}", self.program)) };
        let text = self.value(rest)?;
        let (kind, wrong) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
        self.flags.names = match kind {
            "u" => Some(Names::Utf8),
            "l" => Some(Names::Latin1),
            "a" => None,
            _ => {
                return Err(format!(
                    "bad filename encoding {text}, can be (l,u or a, optionally followed by w, i or e)"
                ));
            }
        };
        if kind != "l" && !["", "w", "i", "e"].contains(&wrong.get(..1).unwrap_or_default()) {
            return Err(format!("bad type of warnings for wrongly coded filename: {wrong}"));
        }
        Ok(())
    }

    fn on_break(&mut self, glued: &str) -> Result<(), String> {
        let mut kind = glued.bytes().next();
        if kind.is_none() {
            let next = self.words.as_slice().first().and_then(|w| w.first().copied());
            kind = next.filter(|b| b"icd".contains(b));
            if kind.is_some() {
                self.words.next();
            }
        }
        self.flags.on_break = match kind {
            Some(b'i') => OnBreak::Ignore,
            Some(b'c') => OnBreak::Shell,
            _ => OnBreak::End,
        };
        Ok(())
    }

    fn time_correction(&mut self, glued: &str) -> Result<(), String> {
        if glued.is_empty() {
            if self.words.as_slice().first().is_some_and(|w| w == b"true" || w == b"false") {
                self.words.next();
            }
        } else if !BOOL.contains(&glued) {
            return Err(format!("Invalid time correnction value: {glued}"));
        }
        Ok(())
    }

    /// Memory comes from one allocator, which has no switches: those of OTP's are skipped.
    fn allocator(&mut self, flag: &str) -> Result<(), String> {
        if super::exec::takes_value(flag.as_bytes()) {
            match self.words.next() {
                Some(v) if v != b"--" => {}
                _ => return Err(format!("bad \"{flag}\" value: ")),
            }
            return Ok(());
        }
        let known = (2..flag.len()).any(|n| super::exec::takes_value(&flag.as_bytes()[..n]));
        let allocator: String = flag.chars().take(2).collect();
        if known { Ok(()) } else { Err(format!("bad \"{allocator}\" parameter")) }
    }
}

/// Reads the flags up to the first `--`; gives what they say, and the boot arguments, which begin behind it. An error
/// is what to print before the usage.
pub fn parse<'a>(
    program: &'a str,
    words: &'a [Word],
    release: u32,
    cores: usize,
) -> Result<(Flags, &'a [Word]), String> {
    let mut p = Parser {
        flags: Flags::default(),
        release,
        cores: i64::try_from(cores).unwrap_or(1),
        program,
        words: words.iter(),
        percent: (100, 100),
    };
    while let Some(word) = p.words.next() {
        let word = String::from_utf8_lossy(word);
        if word == "--" {
            break;
        }
        if !word.starts_with('-') || word.len() < 2 {
            return Err(String::new());
        }
        p.flag(&word)?;
    }
    if p.percent != (100, 100) {
        let (total, online) = p.flags.schedulers.map_or((p.cores, p.cores), |(t, o)| (t.into(), o.into()));
        let part = |n: i64, percent: i64| (n * percent / 100).max(1);
        let (total, online) = (part(total, p.percent.0), part(online, p.percent.1));
        if total > MOST_SCHEDULERS {
            return Err(format!("bad schedulers percentage {} (total amount of schedulers {total})", p.percent.0));
        }
        if total < online {
            let percent = p.percent.1;
            return Err(format!(
                "bad schedulers online percentage {percent} (total amount of schedulers {total}, online {online})"
            ));
        }
        p.flags.schedulers = Some((total.unsigned_abs() as u32, online.unsigned_abs() as u32));
    }
    Ok((p.flags, p.words.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        line.split_whitespace().map(|w| w.as_bytes().to_vec()).collect()
    }
    fn flags(line: &str) -> Result<Flags, String> {
        parse("beam.smp", &words(line), 25, 4).map(|(f, _)| f)
    }

    #[test]
    fn boot_arguments_begin_behind_the_first_dashes() {
        let all = words("-P 5000 -- -root /r -- -home /h");
        let (flags, rest) = parse("beam.smp", &all, 25, 4).expect("in order");
        assert_eq!((flags.processes, rest.len()), (Some(5000), 5));
    }

    #[test]
    fn values() {
        let f = |line| flags(line).expect("in order");
        assert_eq!(f("-S 2:1").schedulers, Some((2, 1)));
        assert_eq!(f("-S2").schedulers, Some((2, 2)));
        assert_eq!(f("-S 8").schedulers, Some((8, 4)));
        assert_eq!(f("-S -1").schedulers, Some((3, 3)));
        assert_eq!(f("-S :2").schedulers, Some((4, 2)));
        assert_eq!(f("-SP 50").schedulers, Some((2, 2)));
        assert_eq!(f("-SP 100:25").schedulers, Some((4, 1)));
        assert_eq!(
            f("-hms 1000 -hmbs9 -hmax 5 -hmaxk false").heap,
            Heap { min: Some(1000), min_binary: Some(9), max: Some(5), max_kill: Some(false), ..Heap::default() }
        );
        assert_eq!(f("-Bi -B -B c").on_break, OnBreak::Shell);
        assert_eq!(f("-fnu").names, Some(Names::Utf8));
        assert_eq!(f("-fnli").names, Some(Names::Latin1));
        assert_eq!(
            f("-pc unicode -i my -W w"),
            Flags {
                printable_unicode: true,
                init: Some("my".to_owned()),
                warnings: Some("warning"),
                ..Flags::default()
            }
        );
        assert_eq!(f("-sbt u -sbwt none -A0 -K true -MBas gf -c -ec"), Flags::default());
    }

    #[test]
    fn what_is_refused_and_how() {
        for (line, message) in [
            ("-P 5", "bad number of processes 5"),
            ("-P x", "bad number of processes x"),
            ("-Q 9999999999", "bad number of ports 9999999999"),
            ("-sbt zz", "setting scheduler bind type 'zz' failed: invalid type"),
            ("-zz 1", "bad -z option -zz"),
            ("-szz 1", "bad scheduling option -szz"),
            ("-S x", "bad amount of schedulers x"),
            ("-S 2:3", "bad amount of schedulers online 3 (total amount of schedulers 2)"),
            ("-S 2000", "bad amount of schedulers 2000"),
            ("-SDfoo 1", "bad or missing dirty scheduler specifier: -SDfoo"),
            ("-t 1", "bad atom table size 1"),
            ("-R 5", "bad compatibility release number 5"),
            ("-A 5000", "bad number of async threads 5000"),
            ("-fnx", "bad filename encoding x, can be (l,u or a, optionally followed by w, i or e)"),
            ("-fnuq", "bad type of warnings for wrongly coded filename: q"),
            ("-pc klingon", "bad range of printable characters: klingon"),
            ("-dcg x", "bad decentralized counter groups limit: x"),
            ("-y", "beam.smp unknown flag -y"),
            ("-P", "too few arguments"),
            ("-MBxx 1", "bad \"MB\" parameter"),
            ("foo", ""),
        ] {
            assert_eq!(flags(line), Err(message.to_owned()), "{line}");
        }
    }
}
