%% Native records (OTP 29), for golden files of the disassembler. See README.md beside it.
-module(native_records).
-export([make/2, update/2, get/1, test/1, other/1]).
-export_record([vec]).
-record #vec{x = 0, y}.
-record #hidden{a = <<"text">>}.

make(X, Y) -> #vec{x = X, y = Y}.
update(R, Y) -> R#vec{y = Y}.
get(#vec{x = X, y = Y} = R) -> {X, Y, R#vec.x}.
test(R) when is_record(R, vec) -> vec;
test(R) when is_record(R) -> any;
test(#hidden{}) -> hidden.
other(R) -> R#lib:thing.field.
