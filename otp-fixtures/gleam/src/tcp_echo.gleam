// A TCP server that sends back what it gets, on gen_tcp through externals: a process for each connection. Prints its port
// and runs until it is stopped.
pub type Socket

pub type Pid

pub type Reason

pub type Done

pub type Setting {
  Binary
  Active(Bool)
  Nodelay(Bool)
  Reuseaddr(Bool)
  Backlog(Int)
  Ip(#(Int, Int, Int, Int))
}

pub type Permission {
  Go
}

pub type Envelope {
  Msg(Permission)
}

@external(erlang, "io", "put_chars")
fn put(s: String) -> Nil

@external(erlang, "erlang", "integer_to_binary")
fn int(i: Int) -> String

@external(erlang, "erlang", "spawn")
fn spawn(f: fn() -> a) -> Pid

@external(erlang, "erlang", "send")
fn tell(to: Pid, message: Envelope) -> Envelope

@external(erlang, "own_ffi", "recv")
fn permission() -> Permission

@external(erlang, "gen_tcp", "listen")
fn listen(port: Int, settings: List(Setting)) -> Result(Socket, Reason)

@external(erlang, "inet", "port")
fn port(socket: Socket) -> Result(Int, Reason)

@external(erlang, "gen_tcp", "accept")
fn accept(listener: Socket) -> Result(Socket, Reason)

@external(erlang, "gen_tcp", "controlling_process")
fn give(socket: Socket, to: Pid) -> Done

@external(erlang, "gen_tcp", "recv")
fn receive(socket: Socket, length: Int) -> Result(BitArray, Reason)

@external(erlang, "gen_tcp", "send")
fn send(socket: Socket, bytes: BitArray) -> Done

@external(erlang, "gen_tcp", "close")
fn close(socket: Socket) -> Done

pub fn main() -> Nil {
  let assert Ok(listener) =
    listen(0, [
      Binary,
      Active(False),
      Nodelay(True),
      Reuseaddr(True),
      Backlog(256),
      Ip(#(127, 0, 0, 1)),
    ])
  let assert Ok(number) = port(listener)
  put("port " <> int(number) <> "\n")
  connections(listener)
}

fn connections(listener: Socket) -> Nil {
  let assert Ok(socket) = accept(listener)
  let server =
    spawn(fn() {
      let Go = permission()
      echo_back(socket)
    })
  give(socket, server)
  tell(server, Msg(Go))
  connections(listener)
}

// A send that fails shows in the next receive.
fn echo_back(socket: Socket) -> Done {
  case receive(socket, 0) {
    Ok(bytes) -> {
      send(socket, bytes)
      echo_back(socket)
    }
    Error(_) -> close(socket)
  }
}
