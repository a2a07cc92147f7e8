# A counter that is reset now and then, under a supervisor that brings it back when it is killed, while its sibling keeps
# what it knows.
defmodule RateLimiter do
  use GenServer

  def start_link(name), do: GenServer.start_link(__MODULE__, :ok, name: name)
  def increment(name), do: GenServer.call(name, :increment)
  def get_count(name), do: GenServer.call(name, :get_count)
  def reset_every(name, ms), do: GenServer.cast(name, {:reset_every, ms})

  @impl true
  def init(:ok), do: {:ok, %{count: 0, every: nil}}

  @impl true
  def handle_call(:increment, _from, s), do: {:reply, s.count + 1, %{s | count: s.count + 1}}
  def handle_call(:get_count, _from, s), do: {:reply, s.count, s}

  @impl true
  def handle_cast({:reset_every, ms}, s) do
    Process.send_after(self(), :reset, ms)
    {:noreply, %{s | every: ms}}
  end

  @impl true
  def handle_info(:reset, s) do
    Process.send_after(self(), :reset, s.every)
    {:noreply, %{s | count: 0}}
  end
end

defmodule Wait do
  def until(f, n \\ 500)
  def until(_, 0), do: :never
  def until(f, n) do
    if f.(), do: :ok, else: (Process.sleep(5); until(f, n - 1))
  end
end

Logger.configure(level: :none)
children = for name <- [:one, :two], do: Supervisor.child_spec({RateLimiter, name}, id: name)
{:ok, sup} = Supervisor.start_link(children, strategy: :one_for_one)
for _ <- 1..5, do: RateLimiter.increment(:one)
for _ <- 1..3, do: RateLimiter.increment(:two)
IO.inspect({RateLimiter.get_count(:one), RateLimiter.get_count(:two)})
old = Process.whereis(:one)
Process.exit(old, :kill)
IO.inspect(Wait.until(fn -> pid = Process.whereis(:one); is_pid(pid) and pid != old end))
IO.inspect({RateLimiter.get_count(:one), RateLimiter.get_count(:two)})
RateLimiter.reset_every(:two, 10)
IO.inspect(Wait.until(fn -> RateLimiter.get_count(:two) == 0 end))
IO.inspect(Supervisor.count_children(sup))
