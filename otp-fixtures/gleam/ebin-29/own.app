{application, own, [
    {vsn, "1.0.0"},
    {applications, []},
    {description, ""},
    {modules, [bits,
               counter,
               failing,
               limits,
               listing,
               numeric,
               own,
               procs,
               rate_limiter,
               shapes,
               sup,
               tcp_echo]},
    {registered, []}
]}.
