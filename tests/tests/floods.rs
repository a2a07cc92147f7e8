//! More processes, messages and links than is good, on one scheduler and on several.

use girder_tests::{child::End, fixture::erlang_beams, girder::command};
use std::time::Duration;

const EXPECTED: &str = r#"flood with a selective receive: {{message_queue_len,200000},responsive}
flood of a sleeping process: {killed,responsive}
chain of links that falls: {{fall,fall},responsive}
star of links that falls: {{star,[star]},responsive}
process table full: {{system_limit,system_limit,system_limit,
                                   {error,system_limit}},
                     responsive} {error,"~s~n",["Too many processes\n"]}
and after: true
memory is given back: yes
"#;

#[test]
fn others_stay_responsive_and_memory_comes_back() {
    let beams = erlang_beams(25);
    let beams = beams.to_str().expect("a path in UTF-8");
    for schedulers in ["1", "4"] {
        let words = ["run", "--schedulers", schedulers, "--processes", "32768", "-pa", beams, "floods", "all", "2"];
        let output = command(&words, Duration::from_secs(120));
        assert_eq!(output.stdout_text(), EXPECTED, "{schedulers} schedulers: {}", output.stderr_text());
        assert_eq!(output.end, End::Status(0));
    }
}
