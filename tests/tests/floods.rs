//! More processes, messages and links than is good, and natives with a lot to do, on one scheduler and on several.

use girder_tests::{child::End, fixture::erlang_beams, girder::command};
use std::time::Duration;

const EXPECTED: &str = r#"flood with a selective receive: {{message_queue_len,200000},responsive}
flood of a sleeping process: {killed,responsive}
messages are asked for: {{200000,{number,1,<<"some text">>},200000},
                         responsive}
chain of links that falls: {{fall,fall},responsive}
star of links that falls: {{star,[star]},responsive}
process table full: {{system_limit,system_limit,system_limit,
                                   {error,system_limit}},
                     responsive} {error,"~s~n",["Too many processes\n"]}
and after: true
memory is given back: yes
"#;

/// `size`: hundreds of thousands of messages, tens of thousands of processes.
fn check(schedulers: &str, processes: &str, size: &str) {
    let beams = erlang_beams(25);
    let beams = beams.to_str().expect("a path in UTF-8");
    let words = ["run", "--schedulers", schedulers, "--processes", processes, "-pa", beams, "floods", "all", size];
    let output = command(&words, Duration::from_secs(300));
    let messages = size.parse::<usize>().expect("a number") * 100_000;
    let expected = EXPECTED.replace("200000", &messages.to_string());
    // Long lines are broken where the number makes them so.
    let words = |s: &str| s.split_whitespace().collect::<String>();
    assert_eq!(words(&output.stdout_text()), words(&expected), "{schedulers} schedulers: {}", output.stderr_text());
    assert_eq!(output.end, End::Status(0));
}

#[test]
fn others_stay_responsive_and_memory_comes_back() {
    ["1", "4"].into_iter().for_each(|schedulers| check(schedulers, "32768", "2"));
}

/// Ten million messages to a process, a chain of a million links, two million processes.
#[test]
#[ignore = "takes a minute and 6 GB"]
fn at_full_size() {
    check("2", "2097152", "100");
}

#[test]
fn natives_with_a_lot_to_do_let_others_go_on() {
    let beams = erlang_beams(25);
    let beams = beams.to_str().expect("a path in UTF-8");
    let words = ["run", "--schedulers", "1", "-pa", beams, "long_natives", "all", "500"];
    let output = command(&words, Duration::from_secs(120));
    let text = output.stdout_text();
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    assert!(text.lines().count() > 40 && text.lines().all(|l| l.ends_with(": others go on")), "{text}");
}
