// gen_server callback module: a counter under a name that can be reset now and
// then.
pub type Pid

pub type Dyn

pub type Name {
  One
  Two
}

pub type Local {
  Local(Name)
}

pub type Module {
  RateLimiter
}

pub type Request {
  Increment
  GetCount
}

pub type Command {
  ResetEvery(Int)
}

pub type Info {
  Reset
}

pub type Reply {
  Reply(Int, State)
  Noreply(State)
}

pub type State {
  State(count: Int, every: Int)
}

@external(erlang, "gen_server", "start_link")
fn gs_start(n: Local, m: Module, arg: Int, opts: List(Nil)) -> Result(Pid, Dyn)

@external(erlang, "gen_server", "call")
fn call(n: Name, msg: Request) -> Int

@external(erlang, "gen_server", "cast")
fn cast(n: Name, msg: Command) -> Dyn

@external(erlang, "erlang", "self")
fn self() -> Pid

@external(erlang, "erlang", "send_after")
fn send_after(ms: Int, to: Pid, msg: Info) -> Dyn

pub fn start_link(name: Name) -> Result(Pid, Dyn) {
  gs_start(Local(name), RateLimiter, 0, [])
}

pub fn increment(name: Name) -> Int {
  call(name, Increment)
}

pub fn get_count(name: Name) -> Int {
  call(name, GetCount)
}

pub fn reset_every(name: Name, ms: Int) -> Dyn {
  cast(name, ResetEvery(ms))
}

pub fn init(count: Int) -> Result(State, Nil) {
  Ok(State(count, 0))
}

pub fn handle_call(msg: Request, _from: Dyn, state: State) -> Reply {
  case msg {
    Increment -> Reply(state.count + 1, State(..state, count: state.count + 1))
    GetCount -> Reply(state.count, state)
  }
}

pub fn handle_cast(msg: Command, state: State) -> Reply {
  let ResetEvery(ms) = msg
  send_after(ms, self(), Reset)
  Noreply(State(..state, every: ms))
}

pub fn handle_info(_msg: Info, state: State) -> Reply {
  send_after(state.every, self(), Reset)
  Noreply(State(..state, count: 0))
}
