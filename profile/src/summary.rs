//! What is said on the terminal: the figures that one looks at first.
//!
//! Invariant: a distribution without values says `none`; events that were lost and a recording that breaks off are said.

use std::fmt::Write;

use crate::analyse::{Process, Profile, Row, Times};
use crate::read::Recording;

/// Nanoseconds as people read them.
pub fn time(ns: u64) -> String {
    let n = ns as f64;
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} µs", n / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", n / 1e6),
        _ => format!("{:.2} s", n / 1e9),
    }
}

/// A number with commas.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn line(name: &str, t: &Times) -> String {
    if t.is_empty() {
        return format!("  {name:<14} none\n");
    }
    let [p50, p99, max] = [t.quantile(0.5), t.quantile(0.99), t.max()].map(time);
    format!("  {name:<14} p50 {p50}, p99 {p99}, max {max} ({})\n", count(t.len() as u64))
}

/// The summary, some lines.
pub fn text(r: &Recording, p: &Profile) -> String {
    let mut s = format!(
        "recorded {}: {} processes, {} turns\n",
        time(u64::try_from(p.duration).unwrap_or(0)),
        count(p.processes.len() as u64),
        count(p.turns.len() as u64)
    );
    let busy: Vec<String> = p
        .rows
        .iter()
        .filter(|row| matches!(row, Row::Scheduler(_)))
        .map(|row| format!("{} {:.0} %", row.name(), 100.0 * p.utilisation(*row)))
        .collect();
    // Writing into a string does not fail.
    let _ = writeln!(s, "  {:<14} {}", "busy", busy.join(", "));
    s += &line("wake to run", &p.latencies);
    s += &line("turns", &p.slices);
    s += &line("collections", &p.pauses);
    let majors = p.collections.iter().filter(|c| c.major).count();
    let steals: u64 = p.steals.values().sum();
    let _ = writeln!(
        s,
        "  {:<14} {} full sweeps, {} in collections; {} steals, {} migrations",
        "",
        count(majors as u64),
        time(p.pauses.sum()),
        count(steals),
        count(p.migrations)
    );
    let mut top = |name: &str, by: fn(&Process) -> u64, show: fn(u64) -> String| {
        for (i, (pid, x)) in p.top(3, by).into_iter().enumerate() {
            let _ = writeln!(s, "  {:<14} {:>12}  {}", if i == 0 { name } else { "" }, show(by(x)), p.title(r, pid));
        }
    };
    top("reductions", |x| x.reductions, count);
    top("longest wait", |x| x.longest_wait_ns, time);
    top("peak words", |x| x.peak_words, count);
    top("messages", |x| x.sent + x.received, count);
    if r.lost > 0 {
        let _ = writeln!(s, "  {} events were lost: figures are too small by these", count(r.lost));
    }
    if !r.complete {
        s += "  the recording breaks off: the VM, or the writing of the file, ended early\n";
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([12, 1_500, 2_340_000, 61_000_000_000].map(time), ["12 ns", "1.5 µs", "2.34 ms", "61.00 s"]);
    }
}
