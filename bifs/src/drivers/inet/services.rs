//! Names of services, as the host's table of services has them.
//!
//! Invariant: the table is read anew for each question; a line that is none is passed over.

use super::{Answer, EINVAL, Refused};

const TABLE: &str = "/etc/services";

/// A length of one byte, and a string.
fn string<'a>(data: &mut &'a [u8]) -> Result<&'a [u8], Refused> {
    let n = data.split_off_first().ok_or(EINVAL)?;
    data.split_off(..usize::from(*n)).ok_or(EINVAL)
}

/// Service, port and protocol of a line, and other names of the service.
fn parse(line: &str) -> Option<(&str, u16, &str, impl Iterator<Item = &str>)> {
    let mut words = line.split('#').next()?.split_whitespace();
    let name = words.next()?;
    let (port, protocol) = words.next()?.split_once('/')?;
    Some((name, port.parse().ok()?, protocol, words))
}

fn table() -> String {
    std::fs::read(TABLE).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
}

/// `[L1, Name, L2, Protocol]`: the port.
pub(super) fn by_name(mut data: &[u8]) -> Answer {
    let (name, protocol) = (string(&mut data)?, string(&mut data)?);
    let is = |text: &str, wanted: &[u8]| text.as_bytes() == wanted;
    let found = table().lines().filter_map(parse).find_map(|(n, port, p, mut aliases)| {
        (is(p, protocol) && (is(n, name) || aliases.any(|a| is(a, name)))).then_some(port)
    });
    found.map(|port| port.to_be_bytes().to_vec()).ok_or(EINVAL)
}

/// `[P1, P0, L, Protocol]`: the name.
pub(super) fn by_port(data: &[u8]) -> Answer {
    let (port, mut rest) = data.split_first_chunk().ok_or(EINVAL)?;
    let (port, protocol) = (u16::from_be_bytes(*port), string(&mut rest)?);
    let text = table();
    let mut lines = text.lines().filter_map(parse);
    let found = lines.find(|(_, n, p, _)| *n == port && p.as_bytes() == protocol);
    found.map(|(name, ..)| name.as_bytes().to_vec()).ok_or(EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_table() {
        let (name, port, protocol, aliases) = parse("http 80/tcp www  # web").expect("a line");
        assert_eq!((name, port, protocol), ("http", 80, "tcp"));
        assert_eq!(aliases.collect::<Vec<_>>(), ["www"]);
        for none in ["", "# http 80/tcp", "http", "http 80", "http x/tcp", "http 70000/tcp"] {
            assert!(parse(none).is_none(), "{none}");
        }
        assert_eq!(by_name(&[4, b'h', b't']), Err(EINVAL));
        assert_eq!(by_port(&[0]), Err(EINVAL));
    }
}
