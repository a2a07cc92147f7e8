//! No function without a case: what `ets`, `re`, `persistent_term`, `atomics` and `counters` export, and every function of
//! match specifications, is named in some fixture.

use girder_tests::{child, fixture, reference, skip};
use std::{fs, process::Command, time::Duration};

/// Modules whose exports are looked for, each with those that only the module itself, or a native's continuation, calls.
const MODULES: [(&str, &[&str]); 5] = [
    ("ets", &["internal_delete_all", "internal_request_all", "internal_select_delete"]),
    ("re", &["grun", "ucompile", "urun"]),
    ("persistent_term", &[]),
    ("atomics", &[]),
    ("counters", &[]),
];

/// Guards, and what a body may call, in tables and in traces.
const MATCH_SPECIFICATIONS: &str = "is_atom is_float is_integer is_list is_number is_pid is_port is_reference is_tuple is_map is_map_key \
    is_binary is_bitstring is_boolean is_function is_record is_seq_trace and or not xor andalso orelse abs element hd length map_get \
    map_size max min node float round floor ceil size bit_size byte_size tuple_size tl trunc binary_part + - * div rem / band bor bxor \
    bnot bsl bsr > >= < =< =:= == =/= /= self get_tcw set_seq_token get_seq_token message return_trace exception_trace process_dump \
    enable_trace disable_trace trace caller caller_line current_stacktrace display set_tcw silent const $_ $$";

/// The text of all Erlang fixtures.
fn fixtures() -> String {
    let folder = fixture::root().join("otp-fixtures/erlang");
    let sources = fs::read_dir(folder).expect("the fixtures").flatten().map(|e| e.path());
    let sources = sources.filter(|path| path.extension().is_some_and(|x| x == "erl" || x == "hrl"));
    sources.map(|path| fs::read_to_string(path).expect("a source")).collect()
}

/// Whether `name` stands in `text` as a word of its own.
fn has_word(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '@';
    let symbol = !name.starts_with(part);
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        if symbol {
            // An operator, or a variable, is quoted.
            return before == Some('\'') && after == Some('\'');
        }
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn every_exported_function() {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let text = fixtures();
    for (module, inner) in MODULES {
        let ask = format!(
            "[io:format(\"~s~n\", [F]) || F <- lists:usort([F || {{F, _}} <- {module}:module_info(exports)]), F =/= module_info], halt()."
        );
        let output = child::run(Command::new("erl").args(["-noshell", "-eval", &ask]), Duration::from_secs(60));
        let exports = output.stdout_text();
        assert!(exports.lines().count() > 3, "{module}: {}", output.stderr_text());
        let called = |f: &str| has_word(&text, &format!("{module}:{f}")) || has_word(&text, &format!("{module}, {f}"));
        let missing: Vec<_> = exports.lines().filter(|f| !inner.contains(f) && !called(f)).collect();
        assert!(missing.is_empty(), "no case calls these of {module}: {missing:?}");
    }
}

#[test]
fn every_function_of_match_specifications() {
    let text = fixtures();
    let missing: Vec<_> = MATCH_SPECIFICATIONS.split_whitespace().filter(|name| !has_word(&text, name)).collect();
    assert!(missing.is_empty(), "no case has these: {missing:?}");
}
