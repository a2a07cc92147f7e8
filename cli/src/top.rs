//! `girder top`: a running VM in the terminal: how busy its schedulers are, what its processes use.
//!
//! Every second the VM is asked how it is (`attach.rs`); rates are differences of two answers. Invariant: the terminal is
//! as it was when this ends, also by an error.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use girder_profile::summary::count;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph, Row, Table};
use serde_json::Value;

use crate::attach::Attached;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// For an answer, in which no key is looked at.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which VM.
#[derive(clap::Args)]
pub struct Options {
    /// The process of the operating system.
    #[arg(value_name = "PID")]
    pid: u32,
    /// Print once, as text, what would be shown.
    #[arg(long)]
    once: bool,
}

/// What processes are sorted by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Reductions,
    Memory,
    Queue,
}

/// A line of the table.
struct Process {
    pid: String,
    what: String,
    state: String,
    /// Since the look before; none if it is new, or runs.
    reductions: Option<u64>,
    words: u64,
    queue: u64,
}

/// What is shown.
struct View {
    processes: Vec<Process>,
    count: u64,
    /// Part of the time with something to do, and entries in the queues.
    schedulers: Vec<(f64, u64)>,
    /// Per second.
    reductions: f64,
    switches: f64,
    collections: f64,
    steals: f64,
    memory: Vec<(String, u64)>,
}

fn at(v: &Value, i: usize) -> u64 {
    v[i].as_u64().unwrap_or(0)
}

fn list<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    v[key].as_array().map_or(&[], Vec::as_slice)
}

impl View {
    /// What two answers, so far apart, say.
    fn of(before: &Value, now: &Value, apart: Duration) -> View {
        let old: HashMap<u64, u64> =
            list(before, "processes").iter().filter_map(|p| Some((p[0].as_u64()?, p[4].as_u64()?))).collect();
        let process = |p: &Value| {
            let since = |r: u64| old.get(&at(p, 0)).map_or(r, |o| r.saturating_sub(*o));
            let text = |i: usize| p[i].as_str().unwrap_or_default().to_owned();
            Process {
                pid: text(1),
                what: text(2),
                state: text(3),
                reductions: p[4].as_u64().map(since),
                words: at(p, 5),
                queue: at(p, 6),
            }
        };
        let rate = |key: &str| {
            let of = |v: &Value| v[key].as_u64().unwrap_or(0);
            of(now).saturating_sub(of(before)) as f64 / apart.as_secs_f64()
        };
        let scheduler = |(b, n): (&Value, &Value)| {
            let part = at(n, 0).saturating_sub(at(b, 0)) as f64 / at(n, 1).saturating_sub(at(b, 1)).max(1) as f64;
            (part.min(1.0), at(n, 2))
        };
        let memory = |m: &Value| Some((m[0].as_str()?.to_owned(), at(m, 1)));
        View {
            processes: list(now, "processes").iter().map(process).collect(),
            count: now["count"].as_u64().unwrap_or(0),
            schedulers: list(before, "schedulers").iter().zip(list(now, "schedulers")).map(scheduler).collect(),
            reductions: rate("reductions"),
            switches: rate("switches"),
            collections: rate("collections"),
            steals: rate("steals"),
            memory: list(now, "memory").iter().filter_map(memory).collect(),
        }
    }
    fn sort(&mut self, by: Order) {
        // Who runs has no figures here: it is busy.
        self.processes.sort_by_key(|p| match by {
            Order::Reductions => Reverse(p.reductions.unwrap_or(u64::MAX)),
            Order::Memory => Reverse(p.words),
            Order::Queue => Reverse(p.queue),
        });
    }
    fn totals(&self) -> String {
        let memory: Vec<String> = self.memory.iter().map(|(name, n)| format!("{name} {} MB", n >> 20)).collect();
        format!(
            "{} processes, {} reductions/s, {} turns/s, {} collections/s, {} steals/s\n{}",
            count(self.count),
            count(self.reductions as u64),
            count(self.switches as u64),
            count(self.collections as u64),
            count(self.steals as u64),
            memory.join(", ")
        )
    }
}

impl Process {
    fn cells(&self) -> [String; 6] {
        let n = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), count);
        [
            self.pid.clone(),
            self.what.clone(),
            self.state.clone(),
            n(self.reductions),
            count(self.words * 8 / 1024),
            count(self.queue),
        ]
    }
}

const HEAD: [&str; 6] = ["pid", "name or first call", "state", "reductions", "memory KB", "queue"];

fn look(vm: &mut Attached) -> Result<Value, String> {
    serde_json::from_str(&vm.ask("glance")?).map_err(|e| e.to_string())
}

/// Shows the VM until a key ends it.
pub fn run(options: &Options) -> ExitCode {
    let vm = Attached::to(options.pid).and_then(|vm| vm.with_patience(PATIENCE));
    let done = vm.and_then(|vm| if options.once { once(vm) } else { watch(vm, options.pid) });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("girder: top: {why}");
            ExitCode::FAILURE
        }
    }
}

fn once(mut vm: Attached) -> Result<(), String> {
    let (before, begin) = (look(&mut vm)?, Instant::now());
    std::thread::sleep(PERIOD / 4);
    let mut view = View::of(&before, &look(&mut vm)?, begin.elapsed());
    view.sort(Order::Reductions);
    println!("{}", view.totals());
    for (i, (busy, queue)) in view.schedulers.iter().enumerate() {
        println!("scheduler {}: {:.0} % busy, queue {queue}", i + 1, busy * 100.0);
    }
    println!("{}", HEAD.join("\t"));
    view.processes.iter().take(20).for_each(|p| println!("{}", p.cells().join("\t")));
    Ok(())
}

fn watch(mut vm: Attached, pid: u32) -> Result<(), String> {
    let mut before = look(&mut vm)?;
    let mut since = Instant::now();
    let mut terminal = ratatui::try_init().map_err(|e| e.to_string())?;
    let (mut order, mut view) = (Order::Reductions, View::of(&before, &before, PERIOD));
    let done = loop {
        if since.elapsed() >= PERIOD {
            let now = match look(&mut vm) {
                Ok(now) => now,
                Err(why) => break Err(why),
            };
            view = View::of(&before, &now, since.elapsed());
            (before, since) = (now, Instant::now());
        }
        view.sort(order);
        if let Err(e) = terminal.draw(|frame| draw(frame, &view, order, pid)) {
            break Err(e.to_string());
        }
        let key = match event::poll(PERIOD.saturating_sub(since.elapsed())) {
            Ok(true) => event::read(),
            Ok(false) => continue,
            Err(e) => break Err(e.to_string()),
        };
        match key {
            Ok(Event::Key(k)) => match k.code {
                KeyCode::Char('q') | KeyCode::Esc => break Ok(()),
                KeyCode::Char('c') if k.modifiers.contains(KeyModifiers::CONTROL) => break Ok(()),
                KeyCode::Char('r') => order = Order::Reductions,
                KeyCode::Char('m') => order = Order::Memory,
                KeyCode::Char('l') => order = Order::Queue,
                _ => {}
            },
            Ok(_) => {}
            Err(e) => break Err(e.to_string()),
        }
    };
    ratatui::restore();
    done
}

fn draw(frame: &mut Frame<'_>, view: &View, order: Order, pid: u32) {
    let schedulers = u16::try_from(view.schedulers.len()).unwrap_or(u16::MAX).min(frame.area().height / 2);
    let parts = [Constraint::Length(3), Constraint::Length(schedulers), Constraint::Min(3)];
    let [head, bars, table] = Layout::vertical(parts).areas(frame.area());
    let mut lines = vec![Line::from(vec![
        Span::from(format!("girder {pid}  ")).bold(),
        Span::from("sort: r reductions, m memory, l queue length; q quits").dim(),
    ])];
    let totals = view.totals();
    lines.extend(totals.lines().map(Line::from));
    frame.render_widget(Paragraph::new(lines), head);
    let rows = Layout::vertical(vec![Constraint::Length(1); schedulers.into()]).split(bars);
    for ((i, (busy, queue)), area) in view.schedulers.iter().enumerate().zip(rows.iter()) {
        let label = format!("scheduler {}  {:.0} %  queue {queue}", i + 1, busy * 100.0);
        let gauge = Gauge::default().ratio(busy.clamp(0.0, 1.0)).label(label).gauge_style(Color::Blue);
        frame.render_widget(gauge, *area);
    }
    let sorted = match order {
        Order::Reductions => 3,
        Order::Memory => 4,
        Order::Queue => 5,
    };
    let name = |(i, name): (usize, &&'static str)| {
        Span::styled(*name, if i == sorted { Style::new().bold().underlined() } else { Style::new().dim() })
    };
    let widths = [12, 44, 10, 16, 14, 10].map(Constraint::Length);
    let rows = view.processes.iter().take(table.height.into()).map(|p| Row::new(p.cells()));
    let header = Row::new(HEAD.iter().enumerate().map(name));
    frame.render_widget(Table::new(rows, widths).header(header), table);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rates_are_differences() {
        let look = |reductions: u64, own: u64, active: u64| {
            json!({
                "count": 2, "schedulers": [[active, 1000 + 2 * active, 3]], "reductions": reductions, "memory": [["heaps", 9]],
                "processes": [[3, "<0.0.0>", "init", "Waiting", own, 10, 0], [19, "<0.1.0>", "x", "Running", null, null, null]],
            })
        };
        let mut v = View::of(&look(100, 7, 0), &look(300, 10, 1000), Duration::from_secs(2));
        assert_eq!((v.reductions, v.schedulers[0]), (100.0, (0.5, 3)));
        v.sort(Order::Reductions);
        assert_eq!(v.processes.iter().map(|p| p.reductions).collect::<Vec<_>>(), [None, Some(3)]);
    }
}
