// Two rate limiters under a one_for_one supervisor: one is killed and comes back
// with nothing counted, its sibling keeps its state and is reset periodically.
import rate_limiter.{type Dyn, type Module, type Name, type Pid, One, RateLimiter, Two}

@external(erlang, "io", "put_chars")
fn put(s: String) -> Nil

@external(erlang, "erlang", "integer_to_binary")
fn int(i: Int) -> String

pub type Sup {
  Limits
}

pub type Strategy {
  OneForOne
}

pub type Restart {
  Permanent
}

pub type Kind {
  Worker
}

pub type Fun {
  StartLink
}

type ChildSpec =
  #(Name, #(Module, Fun, List(Name)), Restart, Int, Kind, List(Module))

@external(erlang, "supervisor", "start_link")
fn sup_start(m: Sup, arg: List(Name)) -> Result(Pid, Dyn)

@external(erlang, "erlang", "whereis")
fn whereis(n: Name) -> Pid

@external(erlang, "erlang", "is_pid")
fn is_pid(p: Pid) -> Bool

pub type Reason {
  Kill
}

@external(erlang, "erlang", "exit")
fn exit2(p: Pid, reason: Reason) -> Bool

@external(erlang, "timer", "sleep")
fn sleep(ms: Int) -> Nil

@external(erlang, "logger", "set_primary_config")
fn set_level(k: LogKey, v: LogLevel) -> Dyn

pub type LogKey {
  Level
}

pub type LogLevel {
  None
}

pub fn init(names: List(Name)) -> Result(#(#(Strategy, Int, Int), List(ChildSpec)), Nil) {
  Ok(#(#(OneForOne, 5, 10), specs(names)))
}

fn specs(names: List(Name)) -> List(ChildSpec) {
  case names {
    [] -> []
    [name, ..rest] -> [
      #(name, #(RateLimiter, StartLink, [name]), Permanent, 1000, Worker, [RateLimiter]),
      ..specs(rest)
    ]
  }
}

fn until(holds: fn() -> Bool, tries: Int) -> String {
  case holds(), tries {
    True, _ -> "ok"
    False, 0 -> "never"
    False, _ -> {
      sleep(5)
      until(holds, tries - 1)
    }
  }
}

fn times(n: Int, f: fn() -> Int) -> Nil {
  case n {
    0 -> Nil
    _ -> {
      f()
      times(n - 1, f)
    }
  }
}

fn counts() -> String {
  int(rate_limiter.get_count(One)) <> " " <> int(rate_limiter.get_count(Two)) <> "\n"
}

pub fn main() -> Nil {
  set_level(Level, None)
  let assert Ok(_) = sup_start(Limits, [One, Two])
  times(5, fn() { rate_limiter.increment(One) })
  times(3, fn() { rate_limiter.increment(Two) })
  put("counts " <> counts())
  let old = whereis(One)
  exit2(old, Kill)
  put("back " <> until(fn() { is_pid(whereis(One)) && whereis(One) != old }, 500) <> "\n")
  put("counts " <> counts())
  rate_limiter.reset_every(Two, 10)
  put("reset " <> until(fn() { rate_limiter.get_count(Two) == 0 }, 500) <> "\n")
  rate_limiter.increment(Two)
  put("reset " <> until(fn() { rate_limiter.get_count(Two) == 0 }, 500) <> "\n")
}
