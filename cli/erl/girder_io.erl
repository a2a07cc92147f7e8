%% An I/O server: OTP's I/O protocol between processes on the one side and file descriptors on the other.
%%
%% Characters are collected by OTP's own io_lib. What has been read and is not wanted yet is kept as bytes in the
%% device's encoding, so that a change of the encoding applies to what comes next. Output is written when it is asked
%% for, also while a request for input waits; requests for input are served in the order they came.
-module(girder_io).
-export([server/1]).

%% in, out: file descriptors, `in` is `none` for a device that only writes
%% bytes: read and not used; ended: whether the end of the input was seen; reading: whether a read is under way
%% waiting: requests for input, a list in two halves; now: the one being served
-record(io, {in, out, release, encoding, binary = false,
             bytes = <<>>, ended = false, reading = false,
             waiting = {[], []}, now = none}).

%% A request for input being served: who asked, the requests that follow it in the same message, what is collected how.
-record(want, {from, as, more, function, extra, encoding, state = start}).

server(#{name := Name, in := In, out := Out, encoding := Encoding, release := Release}) ->
    process_flag(trap_exit, true),
    register(Name, self()),
    loop(#io{in = In, out = Out, encoding = Encoding, release = Release}).

loop(Io) ->
    receive
        {io_request, From, As, Request} when is_pid(From) ->
            loop(serve(Request, From, As, Io));
        {girder_sys, Fd, Data} when Fd =:= Io#io.in ->
            loop(next(arrived(Data, Io#io{reading = false})));
        {sync, From, Ref} ->
            From ! {Ref, synced},
            loop(Io);
        _ ->
            loop(Io)
    end.

arrived(Data, Io) when is_binary(Data) ->
    Io#io{bytes = <<(Io#io.bytes)/binary, Data/binary>>};
arrived(_EofOrError, Io) ->
    Io#io{ended = true}.

%%% Requests

serve({requests, Requests}, From, As, Io) when is_list(Requests) ->
    serve_all(Requests, ok, From, As, Io);
serve(Request, From, As, Io) ->
    serve_all([Request], ok, From, As, Io).

%% The requests of one message, up to the first that fails; the last answer is the answer.
serve_all([], Answer, From, As, Io) ->
    reply(From, As, Answer),
    Io;
serve_all([Request | More], _, From, As, Io) ->
    case input(Request) of
        {Function, Extra, Encoding, Prompt} when Io#io.in =/= none ->
            case prompt(Prompt, Io) of
                ok ->
                    Want = #want{from = From, as = As, more = More, function = Function, extra = Extra,
                                 encoding = Encoding},
                    {Front, Back} = Io#io.waiting,
                    next(Io#io{waiting = {Front, [Want | Back]}});
                error ->
                    reply(From, As, {error, name(Function, Extra)}),
                    Io
            end;
        no ->
            case output(Request, Io) of
                {ok, Answer, Io1} ->
                    serve_all(More, Answer, From, As, Io1);
                {error, Answer, Io1} ->
                    reply(From, As, Answer),
                    Io1
            end;
        _ ->
            reply(From, As, {error, enotsup}),
            Io
    end.

reply(From, As, Answer) ->
    From ! {io_reply, As, Answer}.

%% What a request for input collects, or `no`.
input({get_chars, Encoding, Prompt, N}) -> {collect_chars, N, Encoding, Prompt};
input({get_line, Encoding, Prompt}) -> {collect_line, [], Encoding, Prompt};
input({get_until, Encoding, Prompt, M, F, As}) -> {get_until, {M, F, As}, Encoding, Prompt};
input({get_chars, Prompt, N}) -> {collect_chars, N, latin1, Prompt};
input({get_line, Prompt}) -> {collect_line, [], latin1, Prompt};
input({get_until, Prompt, M, F, As}) -> {get_until, {M, F, As}, latin1, Prompt};
input(_) -> no.

output({put_chars, unicode, Chars}, Io) -> put_chars(Chars, unicode, Io);
output({put_chars, latin1, Chars}, Io) -> put_chars(Chars, latin1, Io);
output({put_chars, unicode, M, F, As}, Io) -> put_made(M, F, As, unicode, Io);
output({put_chars, latin1, M, F, As}, Io) -> put_made(M, F, As, latin1, Io);
output({put_chars, Chars}, Io) -> put_chars(Chars, latin1, Io);
output({put_chars, M, F, As}, Io) -> put_made(M, F, As, latin1, Io);
output(getopts, Io) -> {ok, options(Io), Io};
output({setopts, Options}, Io) when is_list(Options) -> set_options(Options, Io);
output({get_geometry, _}, Io) -> {error, {error, enotsup}, Io};
output({get_password, _}, Io) -> {error, {error, enotsup}, Io};
output(Request, Io) -> {error, {error, {request, Request}}, Io}.

put_made(M, F, As, Encoding, Io) ->
    try apply(M, F, As) of
        Chars -> put_chars(Chars, Encoding, Io)
    catch
        _:_ -> {error, {error, F}, Io}
    end.

put_chars(Chars, Encoding, Io) ->
    case encode(Chars, Encoding, Io#io.encoding) of
        error ->
            {error, {error, put_chars}, Io};
        Bytes ->
            case girder_sys:write(Io#io.out, Bytes) of
                ok -> {ok, ok, Io};
                {error, Reason} -> {error, {error, Reason}, Io}
            end
    end.

%% Characters that the device cannot show are shown by number.
encode(Bytes, Encoding, Encoding) when is_binary(Bytes) ->
    Bytes;
encode(Chars, From, To) ->
    try unicode:characters_to_binary(Chars, From, To) of
        Bytes when is_binary(Bytes) -> Bytes;
        _ when To =:= latin1 -> encode_numbered(Chars, From);
        _ -> error
    catch
        _:_ -> error
    end.

encode_numbered(Chars, From) ->
    case unicode:characters_to_list(Chars, From) of
        List when is_list(List) -> iolist_to_binary([numbered(C) || C <- List]);
        _ -> error
    end.

numbered(C) when C > 255 -> ["\\x{", integer_to_list(C, 16), $}];
numbered(C) -> C.

prompt('', _) ->
    ok;
prompt(Prompt, Io) ->
    case put_chars(io_lib:format_prompt(Prompt, Io#io.encoding), unicode, Io) of
        {ok, _, _} -> ok;
        _ -> error
    end.

%%% Options

options(#io{release = 25} = Io) ->
    [{binary, Io#io.binary}, {encoding, Io#io.encoding}];
options(Io) ->
    Out = girder_sys:is_tty(Io#io.out),
    In = Io#io.in =/= none andalso girder_sys:is_tty(Io#io.in),
    [{expand_fun, false}, {echo, false}, {binary, Io#io.binary}, {encoding, Io#io.encoding}, {log, none},
     {terminal, In andalso Out}, {stdout, Out}, {stderr, girder_sys:is_tty(2)}, {stdin, In}].

set_options(Options, Io) ->
    try {ok, ok, lists:foldl(fun set_option/2, Io, Options)}
    catch throw:enotsup -> {error, {error, enotsup}, Io}
    end.

set_option(binary, Io) -> Io#io{binary = true};
set_option(list, Io) -> Io#io{binary = false};
set_option({binary, Binary}, Io) when is_boolean(Binary) -> Io#io{binary = Binary};
set_option({list, List}, Io) when is_boolean(List) -> Io#io{binary = not List};
set_option(Encoding, Io) when is_atom(Encoding) -> set_option({encoding, Encoding}, Io);
set_option({encoding, latin1}, Io) -> Io#io{encoding = latin1};
set_option({encoding, Unicode}, Io) when Unicode =:= unicode; Unicode =:= utf8 -> Io#io{encoding = unicode};
%% What concerns a terminal is taken and has no effect.
set_option({Terminal, _}, #io{release = Release} = Io)
  when Release > 25, Terminal =:= echo orelse Terminal =:= expand_fun orelse Terminal =:= log
       orelse Terminal =:= line_history ->
    Io;
set_option(_, _) -> throw(enotsup).

%%% Input

%% Serves requests for input as far as the bytes go.
next(#io{now = none, waiting = {[], []}} = Io) ->
    Io;
next(#io{now = none, waiting = {[], Back}} = Io) ->
    next(Io#io{waiting = {lists:reverse(Back), []}});
next(#io{now = none, waiting = {[Want | Front], Back}} = Io) ->
    next(Io#io{now = Want, waiting = {Front, Back}});
next(#io{bytes = <<>>, ended = true, now = #want{state = start}} = Io) ->
    done(eof, Io#io{ended = false});
next(#io{now = Want} = Io) ->
    case take(Want, Io) of
        wait ->
            read(Io);
        {Data, Rest} ->
            feed(Data, Io#io{bytes = Rest})
    end.

read(#io{reading = true} = Io) ->
    Io;
read(Io) ->
    ok = girder_sys:read(Io#io.in, 65536),
    Io#io{reading = true}.

%% The next bytes for the request: a line, or for a number of characters all there is; `eof` behind the last.
take(_, #io{bytes = <<>>, ended = true}) ->
    {eof, <<>>};
take(_, #io{bytes = <<>>}) ->
    wait;
take(#want{function = collect_chars}, Io) ->
    whole_characters(Io);
take(_, #io{bytes = Bytes} = Io) ->
    case binary:match(Bytes, <<"\n">>) of
        {At, 1} ->
            <<Line:(At + 1)/binary, Rest/binary>> = Bytes,
            {Line, Rest};
        nomatch when Io#io.ended ->
            {Bytes, <<>>};
        nomatch ->
            wait
    end.

%% The last character's bytes may not have come yet.
whole_characters(#io{encoding = unicode, ended = false, bytes = Bytes}) ->
    case unicode:characters_to_binary(Bytes) of
        {incomplete, <<>>, _} -> wait;
        {incomplete, Whole, Rest} -> {Whole, Rest};
        _ -> {Bytes, <<>>}
    end;
whole_characters(Io) ->
    {Io#io.bytes, <<>>}.

feed(Data, #io{now = #want{function = F, extra = Extra, encoding = Encoding, state = State} = Want} = Io) ->
    try io_lib:F(State, cast(Data, Encoding, Io), Encoding, Extra) of
        {stop, Answer, eof} ->
            done(Answer, Io#io{ended = Data =/= eof});
        {stop, Answer, Rest} ->
            Bytes = encode(Rest, Encoding, Io#io.encoding),
            done(Answer, Io#io{bytes = <<Bytes/binary, (Io#io.bytes)/binary>>});
        State1 ->
            next(Io#io{now = Want#want{state = State1}})
    catch
        _:_ -> done({error, name(F, Extra)}, Io#io{bytes = <<>>})
    end.

done(Answer, #io{now = #want{from = From, as = As, more = More}} = Io0) ->
    Io = Io0#io{now = none},
    case Answer of
        {error, _} ->
            reply(From, As, Answer),
            next(Io);
        _ ->
            next(serve_all(More, Answer, From, As, Io))
    end.

%% Bytes of the device as the request wants them.
cast(eof, _, _) ->
    eof;
cast(Bytes, Encoding, #io{binary = Binary, encoding = From}) ->
    case Binary of
        true -> true = is_binary(To = unicode:characters_to_binary(Bytes, From, Encoding)), To;
        false ->
            List = unicode:characters_to_list(Bytes, From),
            true = is_list(List) andalso (Encoding =/= latin1 orelse lists:all(fun(C) -> C < 256 end, List)),
            List
    end.

%% A failed request is named by the function that collected for it.
name(get_until, {_, F, _}) -> F;
name(F, _) -> F.
